"""What the checker gives: components with every name resolved, every literal converted, every type and unit known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plastlang.diagnostics import Diagnostic, Source, Span
from plastlang.frontend.ast import FunctionDeclaration, NetworkDeclaration
from plastlang.ir.nodes import Block, Connect, Const, Expr, Grid, Spiking
from plastlang.ir.types import Site, Type


@dataclass(frozen=True, slots=True)
class Dimension:
    """A physical dimension. `symbol` is a pint unit string in the coherent system ("nS", "mV / ms", "" for none);

    `variable` is the open part, which any unit may fill (`w` where `require synapse w` names no unit, `w ** 2`, ...),
    or ''.
    """

    symbol: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class CheckedParameter:
    """`default` in coherent units, or None where the user must give a value.

    `divides`: a variable whose equation divides by the parameter, which then cannot be 0; '' if there is none.
    `lasts`: what lasts as long as the parameter says, which then cannot be negative; '' if nothing does.
    """

    name: str
    default: float | None
    dimension: Dimension
    low: float | None = None
    high: float | None = None
    type: Type = Type.REAL
    span: Span | None = field(default=None, compare=False, repr=False)
    divides: str = ""
    lasts: str = ""


@dataclass(frozen=True, slots=True)
class CheckedVariable:
    """`init` None: required, or its value must be given. Bounds are not yet part of assignments.

    `shared`: all networks of a batch have one value of it. `rule`: the neuron or rule that declares it.
    """

    name: str
    site: Site
    type: Type
    dimension: Dimension
    init: Expr | None
    low: Expr | None = None
    high: Expr | None = None
    required: bool = False
    shared: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Equation:
    """d(name)/dt = value, in 1/ms. `value` reads variables by `Read`, parameters by `Param`."""

    name: str
    value: Expr
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Hold:
    """After a spike `name` keeps its value for `duration` (ms, constant)."""

    name: str
    duration: Expr


@dataclass(frozen=True, slots=True)
class CheckedInput:
    """`input PORT -> VARIABLE`."""

    port: str
    variable: str
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class NeuronRead:
    """A rule reads `pre.NAME` or `post.NAME` (`of`): the neuron at that end must have it, with this dimension."""

    of: str
    name: str
    dimension: Dimension
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CheckedComponent:
    """A neuron or a rule. In expressions, parameters and variables carry the names of the source;

    draws carry purposes 0, 1, 2, ... in the order of the text, renumbered when a program is linked.
    Assignments are as written (`+=` expanded, bounds not applied). The deliver dimension is what `deliver` gives
    (None where nothing is delivered).
    """

    kind: str  # "neuron" or "rule"
    name: str
    doc: str
    parameters: tuple[CheckedParameter, ...]
    variables: tuple[CheckedVariable, ...]
    equations: tuple[Equation, ...]
    inputs: tuple[CheckedInput, ...]
    spiking: Spiking | None
    holds: tuple[Hold, ...]
    blocks: tuple[Block, ...]
    method: str  # "", "exponential_euler", "rk4", "euler"
    deliver_dimension: Dimension | None = None
    draws: int = 0
    neuron_reads: tuple[NeuronRead, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CheckedConst:
    """`const NAME = ...`, evaluated."""

    name: str
    value: Const
    dimension: Dimension
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CheckedFunction:
    """`fn NAME(...) = ...` and the names that its body sees (those of the file that it stands in)."""

    declaration: FunctionDeclaration
    consts: Mapping[str, CheckedConst]
    functions: Mapping[str, CheckedFunction]


@dataclass(frozen=True, slots=True)
class CheckedModule:
    """A file whose components are all right.

    Mappings hold what is imported, too; `defined` are the names of the file itself.

    A network is a template until its parameters are known: `networks.check_network` makes the `CheckedNetwork`.
    `made_from` names the texts that all this was made from, and '' says that they are not known.
    """

    source: Source
    doc: str
    components: Mapping[str, CheckedComponent]
    networks: Mapping[str, NetworkDeclaration]
    consts: Mapping[str, CheckedConst]
    functions: Mapping[str, CheckedFunction]
    defined: tuple[str, ...]
    warnings: tuple[Diagnostic, ...] = ()
    made_from: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CheckedPopulation:
    """`parameters`: name -> value at NEURON or GLOBAL site (Const, or an expression of index and pos, without draws).

    `initial`: start values that replace the component's, at the variable's site.
    """

    name: str
    neuron: CheckedComponent
    size: int
    grid: Grid | None
    parameters: tuple[tuple[str, Expr], ...] = ()
    initial: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedProjection:
    """`rule` is the composed component: parameters are named `Rule.name`, required variables are resolved."""

    name: str
    sources: tuple[str, ...]
    target: str
    port: str
    rule: CheckedComponent
    connect: Connect
    delay: float | None  # ms; None: one step
    parameters: tuple[tuple[str, Expr], ...] = ()
    initial: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """`what`: "spikes", "degree", "connectivity" or a variable; `every` in ms, or None (spikes)."""

    owner: str
    what: str
    every: float | None


@dataclass(frozen=True, slots=True)
class CheckedNetwork:
    """A network with values for all its parameters."""

    name: str
    doc: str
    dt: float  # ms
    populations: tuple[CheckedPopulation, ...]
    projections: tuple[CheckedProjection, ...]
    records: tuple[CheckedRecord, ...] = ()
    seed: int = 0
    warnings: tuple[Diagnostic, ...] = field(default=(), compare=False, repr=False)
