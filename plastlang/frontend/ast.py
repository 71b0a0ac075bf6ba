"""The syntax tree of a .plast file, as written: frozen, comparable, spans apart.

`parse(format(tree)) == tree` holds for every tree, so nothing of the spelling that carries meaning is lost;
comments are kept by the formatter through their place in the source, not in the tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from plastlang.diagnostics import Span


def _span() -> Span | None:
    return field(default=None, compare=False, repr=False)


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Number:
    """`20`, `1.5e-3`, `30 %`. `text` is the number as written; `unit` the unit name behind it, or ''."""

    text: str
    unit: str = ""
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Name:
    """`tau`."""

    name: str
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Attribute:
    """`post.v`, `pos.x`, `pre.pos.x`."""

    value: Expression
    name: str
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Before:
    """`x@before`."""

    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class UnaryOp:
    """op: '-', '+', 'not'."""

    op: str
    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class BinaryOp:
    """op: + - * / % ** and or."""

    op: str
    left: Expression
    right: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain `a < b <= c`: operands one more than ops (< <= > >= == !=)."""

    operands: tuple[Expression, ...]
    ops: tuple[str, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Conditional:
    """`then if condition else otherwise`."""

    condition: Expression
    then: Expression
    otherwise: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call; `name` is '' for a positional one."""

    name: str
    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class CallExpression:
    """`exp(x)`, `uniform(0, 1)`, `PairSTDP(tau_plus = 17 ms)`."""

    function: str
    arguments: tuple[Argument, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`sum(w) over synapses of post`. over: synapses (of: '', pre, post), pre, post, neurons."""

    call: CallExpression
    over: str
    of: str = ""
    span: Span | None = _span()


Expression: TypeAlias = (
    "Number | Name | Attribute | Before | UnaryOp | BinaryOp | Comparison | Conditional | CallExpression | Aggregate"
)

# ---------------------------------------------------------------- statements in blocks


@dataclass(frozen=True, slots=True)
class LetStatement:
    """`let e = x * post.psi`."""

    name: str
    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Assignment:
    """op: '=', '+=', '-=', '*=', '/='."""

    target: Expression
    op: str
    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class IfStatement:
    """elif is an IfStatement alone in `otherwise`."""

    condition: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class DeliverStatement:
    """`deliver w`, `deliver w after d at most 20 ms`."""

    value: Expression
    after: Expression | None = None
    longest: Expression | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class HoldStatement:
    """`hold v for t_ref` in a spike block."""

    name: str
    duration: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class PruneStatement:
    """`prune`, `prune with probability p` (in samples); `[let n =] prune where cond` (elsewhere)."""

    where: Expression | None = None
    probability: Expression | None = None
    bind: str = ""
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class GrowStatement:
    """In samples `grow [from spiked pre] [with probability p] [at most N per post] [at most N per pre] [: body]`;
    elsewhere `grow COUNT pairs uniformly [: body]` (count set)."""

    count: Expression | None = None
    spiked: bool = False
    probability: Expression | None = None
    max_per_post: Expression | None = None
    max_per_pre: Expression | None = None
    body: tuple[Statement, ...] = ()
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class PruneRankedStatement:
    """`prune COUNT synapses with smallest KEY [per post]`.

    order: smallest, largest, uniformly (key None). per: '', pre, post.
    """

    count: Expression
    order: str
    key: Expression | None
    per: str = ""
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class GrowRankedStatement:
    """`grow COUNT pairs with largest KEY [per post] [: body]`. order: smallest, largest. per: '', pre, post."""

    count: Expression
    order: str
    key: Expression
    per: str = ""
    body: tuple[Statement, ...] = ()
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class GrowMatchedStatement:
    """`grow by matching AXONAL per pre with DENDRITIC per post [with probability p] [: body]`."""

    axonal: Expression
    dendritic: Expression
    probability: Expression | None = None
    body: tuple[Statement, ...] = ()
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class SampleStatement:
    """`sample COUNT pairs:` (slots None) or `sample COUNT slots of SLOTS per post:`."""

    count: Expression
    slots: Expression | None
    body: tuple[Statement, ...]
    span: Span | None = _span()


Statement: TypeAlias = (
    "LetStatement | Assignment | IfStatement | DeliverStatement | HoldStatement | PruneStatement"
    " | GrowStatement | SampleStatement | PruneRankedStatement | GrowRankedStatement | GrowMatchedStatement"
)

# ---------------------------------------------------------------- members of neurons and rules


@dataclass(frozen=True, slots=True)
class ParameterItem:
    """One of `param a = 1 ms in [0 ms, 9 ms], b: nS = 2 nS`. Default None where none is written."""

    name: str
    unit: str
    default: Expression | None
    bounds: tuple[Expression, Expression] | None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class ParameterDeclaration:
    """`param a = 1 ms, b: nS`."""

    items: tuple[ParameterItem, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class VariableItem:
    """`x = 0`, `w: nS = 0.5 nS in [0 nS, w_max]`; unit '' where none is written (inferred from init)."""

    name: str
    unit: str
    init: Expression | None
    bounds: tuple[Expression, Expression] | None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class VariableDeclaration:
    """site: state (neurons), global, pre, post, synapse, pair. `required`: `require synapse w`.

    `shared`: `synapse shared w = ...`, one value for all networks of a batch.
    """

    site: str
    items: tuple[VariableItem, ...]
    required: bool = False
    shared: bool = False
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class EquationDeclaration:
    """`x' = -x / tau`."""

    name: str
    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class LetDeclaration:
    """`let i_syn = g * (e - v)`: a name for an expression, in equations and blocks of the component."""

    name: str
    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class InputDeclaration:
    """`input exc -> g_exc`."""

    port: str
    variable: str
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class MethodDeclaration:
    """`method rk4`: for the equations of the component that are not solved exactly."""

    name: str
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class UseDeclaration:
    """`use PairSTDP(a_plus = 0.02)`. `label`: what stands behind `as`, or ''."""

    call: CallExpression
    label: str = ""
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class SpikeDeclaration:
    """kind 'when' (value is the condition), 'rate' (`spike at rate r`), 'times' (`spike at times`; value None)."""

    kind: str
    value: Expression | None
    body: tuple[Statement, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class BlockDeclaration:
    """trigger: 'pre spike', 'post spike', 'each step', 'every' (period set), 'signal' (name, arguments set).

    `after`: the delay behind the spike, and `longest`: what is written behind `at most`; or None.
    """

    trigger: str
    body: tuple[Statement, ...]
    period: Expression | None = None
    signal: str = ""
    arguments: tuple[str, ...] = ()
    after: Expression | None = None
    longest: Expression | None = None
    span: Span | None = _span()


Member: TypeAlias = (
    "ParameterDeclaration | VariableDeclaration | EquationDeclaration | LetDeclaration | InputDeclaration"
    " | MethodDeclaration | SpikeDeclaration | BlockDeclaration | UseDeclaration"
)

# ---------------------------------------------------------------- networks


@dataclass(frozen=True, slots=True)
class TimestepDeclaration:
    """`dt 0.1 ms`."""

    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class GridExpression:
    """`grid(width, height)` or `grid(width, height, periodic)`."""

    width: Expression
    height: Expression
    periodic: bool
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class PopulationDeclaration:
    """`population NAME = Neuron(args) on grid(16, 16, periodic)` or `... size 100`: exactly one of grid, size."""

    name: str
    neuron: CallExpression
    grid: GridExpression | None
    size: Expression | None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class ConnectDeclaration:
    """kind: 'probability' (value set), 'all', 'one to one', 'none'."""

    kind: str
    value: Expression | None = None
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class DelayDeclaration:
    """`delay 0.1 ms`; without one the delay is one step."""

    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class InitDeclaration:
    """`w = uniform(0 nS, 1 nS)` in a projection: the start value of the initial synapses, or of pre/post state."""

    name: str
    value: Expression
    span: Span | None = _span()


ProjectionMember: TypeAlias = "ConnectDeclaration | DelayDeclaration | InitDeclaration"


@dataclass(frozen=True, slots=True)
class ProjectDeclaration:
    """`project ff = retina + lgn -> tectum.exc with PairSTDP() + MapRewiring(g = w):`; port '' without one."""

    name: str
    sources: tuple[str, ...]
    target: str
    port: str
    rules: tuple[CallExpression, ...]
    body: tuple[ProjectionMember, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class RecordDeclaration:
    """`record tectum spikes`, `record tectum v every 1 ms`, `record ff degree every 1 s`. What: spikes, degree,
    connectivity, or a variable."""

    owner: str
    what: str
    every: Expression | None
    span: Span | None = _span()


NetworkMember: TypeAlias = (
    "TimestepDeclaration | ParameterDeclaration | PopulationDeclaration | ProjectDeclaration | RecordDeclaration"
)

# ---------------------------------------------------------------- top level


@dataclass(frozen=True, slots=True)
class Import:
    """`import "file.plast"` (names ()), `import PairSTDP, LIF from "file.plast"`; `rules:NAME.plast` is the library."""

    path: str
    names: tuple[str, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class ConstDeclaration:
    """`const pi = 3.14`."""

    name: str
    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class FunctionDeclaration:
    """`fn gauss(d, s) = exp(-d ** 2 / (2 * s ** 2))`: pure, inlined."""

    name: str
    arguments: tuple[str, ...]
    value: Expression
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class Component:
    """`neuron NAME:` or `rule NAME:` (kind)."""

    kind: str
    name: str
    doc: str
    members: tuple[Member, ...]
    span: Span | None = _span()


@dataclass(frozen=True, slots=True)
class NetworkDeclaration:
    """`network NAME:` and its members."""

    name: str
    doc: str
    members: tuple[NetworkMember, ...]
    span: Span | None = _span()


Declaration: TypeAlias = "Import | ConstDeclaration | FunctionDeclaration | Component | NetworkDeclaration"


@dataclass(frozen=True, slots=True)
class Module:
    """A whole file."""

    doc: str
    declarations: tuple[Declaration, ...]
    span: Span | None = _span()
