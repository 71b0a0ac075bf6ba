"""The intermediate representation: a network as populations, projections and typed blocks.

Everything here is frozen and compares by value; `span` fields never take part in a comparison.
Numbers are in the coherent unit system of docs/numerics.md (ms, mV, nS, pA, pF, 1/ms, ...).
The reference backend interprets a `Program` as it stands; docs/numerics.md is the same in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from plastlang.diagnostics import Span
from plastlang.ir.types import Site, Type

# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Const:
    """A literal. `value` is float for REAL, int for INT, bool for BOOL."""

    value: float | int | bool
    type: Type = Type.REAL


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of the owner (population or projection), by its full name (`Rule.name` on projections)."""

    name: str
    type: Type = Type.REAL


@dataclass(frozen=True, slots=True)
class Derived:
    """A value computed once from parameters (`Owner.derived`), in double precision, then rounded."""

    name: str
    type: Type = Type.REAL


@dataclass(frozen=True, slots=True)
class Read:
    """The value now of a variable. A lazy one is advanced to now; reading never stores.

    `of`: "" for a variable of the owner itself; "pre" or "post" for a variable of the neuron at that
    end (`post.v`), whose site is then PRE or POST. `before`: its value before anything of this step.
    """

    name: str
    site: Site
    type: Type = Type.REAL
    of: str = ""
    before: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """A name bound by `Let`, a signal's argument, or the `ELAPSED` steps of a lazy group (INT)."""

    name: str
    type: Type = Type.REAL


@dataclass(frozen=True, slots=True)
class Unary:
    op: str
    value: Expr

    @property
    def type(self) -> Type:
        return Type.BOOL if self.op == "not" else self.value.type


@dataclass(frozen=True, slots=True)
class Binary:
    op: str
    left: Expr
    right: Expr

    @property
    def type(self) -> Type:
        if self.op in ("<", "<=", ">", ">=", "==", "!=", "and", "or"):
            return Type.BOOL
        return self.left.type


@dataclass(frozen=True, slots=True)
class Select:
    """`then` where `condition`, else `otherwise`; both sides are always evaluated (draws included)."""

    condition: Expr
    then: Expr
    otherwise: Expr

    @property
    def type(self) -> Type:
        return self.then.type


@dataclass(frozen=True, slots=True)
class Call:
    """A function of `types.FUNCTIONS`."""

    function: str
    arguments: tuple[Expr, ...]
    type: Type = Type.REAL


@dataclass(frozen=True, slots=True)
class Cast:
    """INT or BOOL to REAL (exact), REAL to INT (towards zero, saturating), INT to BOOL (nonzero)."""

    value: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class Draw:
    """A random draw. `purpose` is unique in the program; the counter is (who, step, purpose)."""

    kind: str
    arguments: tuple[Expr, ...]
    purpose: int

    @property
    def type(self) -> Type:
        return Type.INT if self.kind in ("poisson", "randint") else Type.REAL


@dataclass(frozen=True, slots=True)
class Builtin:
    """A value that the network gives.

    Population: `index` INT, `pos.x` and `pos.y` REAL (column and row on the grid; index and 0 without one),
    `size` INT. Projection: `pre.index`, `post.index` INT, `pre.pos.x` ..., `pre.group` INT (which of the
    projection's sources), `distance` REAL (between pre and post on their grid), `pre.out_degree`,
    `post.in_degree`, `synapses` INT, `pre.size`, `post.size` INT, `connected` BOOL (in samples only).
    Everywhere: `dt` REAL (ms), `t` REAL (step * dt), `step` INT.
    """

    name: str
    type: Type
    site: Site


@dataclass(frozen=True, slots=True)
class InputSum:
    """What arrived at an input port in this step: the fixed-point sum as REAL (population `step` only)."""

    port: str
    type: Type = Type.REAL


Expr: TypeAlias = (
    "Const | Param | Derived | Read | Local | Unary | Binary | Select | Call | Cast | Draw | Builtin | InputSum"
)

# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: Expr
    site: Site
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Assign:
    """Store `value` in a variable of the owner. Bounds are already part of `value`."""

    name: str
    value: Expr
    site: Site
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class If:
    """Both branches hold statements of one and the same `site`; `condition` is visible there."""

    condition: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    site: Site
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Deliver:
    """Add `value` to the projection's target port of the synapse's post neuron (`on pre spike` only).

    `after`: the steps (INT, SYNAPSE) until it is added, at once if None; lowering keeps it from 0 to the steps of
    `longest` (ms), the number of steps for which inputs are kept ahead (`ir.delays`).
    """

    value: Expr
    span: Span | None = field(default=None, compare=False, repr=False)
    after: Expr | None = None
    longest: float = 0.0

    @property
    def site(self) -> Site:
        return Site.SYNAPSE


@dataclass(frozen=True, slots=True)
class Reduce:
    """Bind `name`, one value for each instance of `site`: the `kind` of `value` over the instances of `over` there.

    `kind`: "sum", "mean" (REAL), "min", "max" of a number, "count" of a BOOL, "quantile" (REAL): the least value which
    `fraction` (REAL, GLOBAL) of them do not exceed. `over` SYNAPSE with `site` GLOBAL, PRE or POST; `over` PRE, POST or
    NEURON (of a population) with `site` GLOBAL. Only in `each step`, `every` and signal blocks, not inside an If. The
    order of the sums is that of docs/numerics.md.
    """

    name: str
    kind: str
    value: Expr
    over: Site
    site: Site
    span: Span | None = field(default=None, compare=False, repr=False)
    fraction: Expr | None = None

    @property
    def type(self) -> Type:
        return Type.INT if self.kind == "count" else self.value.type


# structural statements: allowed in `each step`, `every` and signal blocks; each takes effect when it ends


@dataclass(frozen=True, slots=True)
class PruneWhere:
    """Remove every synapse for which `condition` (SYNAPSE site) holds; `bind` names the INT count, or ''."""

    condition: Expr
    bind: str = ""
    span: Span | None = field(default=None, compare=False, repr=False)
    site: Site = Site.GLOBAL


@dataclass(frozen=True, slots=True)
class GrowUniform:
    """Create `count` (INT, GLOBAL site) synapses at uniformly drawn absent pairs; all if fewer are absent.

    `init` are Lets and Assigns at SYNAPSE site; what they leave out gets its declared start value.
    """

    count: Expr
    init: tuple[Stmt, ...]
    purpose: int
    span: Span | None = field(default=None, compare=False, repr=False)
    site: Site = Site.GLOBAL


@dataclass(frozen=True, slots=True)
class PruneRanked:
    """Remove the `count` synapses with the smallest (or `largest`) `key` (REAL, SYNAPSE): of the whole projection, or
    of each pre or post neuron. `per` is GLOBAL, PRE or POST; `count` (INT) stands at that site.
    """

    count: Expr
    key: Expr
    largest: bool
    per: Site
    span: Span | None = field(default=None, compare=False, repr=False)
    site: Site = Site.GLOBAL


@dataclass(frozen=True, slots=True)
class GrowRanked:
    """Create synapses at the `count` absent pairs with the smallest (or `largest`) `key` (REAL, PAIR).

    `per` and `count` as in PruneRanked, `init` as in GrowUniform.
    """

    count: Expr
    key: Expr
    largest: bool
    per: Site
    init: tuple[Stmt, ...]
    span: Span | None = field(default=None, compare=False, repr=False)
    site: Site = Site.GLOBAL


@dataclass(frozen=True, slots=True)
class GrowMatched:
    """Match `axonal` (INT, PRE) vacant elements of pre with `dendritic` (INT, POST) ones of post neurons at random.

    Each match becomes a synapse (with `probability`, at PAIR, or surely if None), also where there are some already.
    """

    axonal: Expr
    dendritic: Expr
    probability: Expr | None
    init: tuple[Stmt, ...]
    purpose: int
    span: Span | None = field(default=None, compare=False, repr=False)
    site: Site = Site.GLOBAL


@dataclass(frozen=True, slots=True)
class PruneThis:
    """In a sample: remove the sampled synapse (with `probability`, or surely if None)."""

    probability: Expr | None
    purpose: int
    span: Span | None = field(default=None, compare=False, repr=False)
    site: Site = Site.SYNAPSE


@dataclass(frozen=True, slots=True)
class GrowThis:
    """In a sample: create the sampled synapse (with `probability`, or surely if None).

    `partner`: "pair" (the sampled pre) or "spiked" (in slot samples: a pre neuron drawn uniformly from
    those that spiked in this step, over all sources; none spiked: nothing happens).
    `max_in`, `max_out`: caps on the degrees (INT) checked when the sample is committed, or None.
    """

    probability: Expr | None
    init: tuple[Stmt, ...]
    partner: str
    purpose: int
    max_in: Expr | None = None
    max_out: Expr | None = None
    span: Span | None = field(default=None, compare=False, repr=False)
    site: Site = Site.PAIR


@dataclass(frozen=True, slots=True)
class Sample:
    """`count` samples of pairs (slots None), or of slots 0..slots-1 of a post neuron (`slots` INT).

    `body`: Let, If, PruneThis, GrowThis, evaluated once per sample on the state at the start of the
    statement; then committed in the order of the sample numbers (docs/numerics.md, "Samples").
    """

    count: Expr
    slots: Expr | None
    body: tuple[Stmt, ...]
    purpose: int
    span: Span | None = field(default=None, compare=False, repr=False)
    site: Site = Site.GLOBAL


Stmt: TypeAlias = (
    "Let | Assign | If | Deliver | Reduce"
    " | PruneWhere | PruneRanked | GrowUniform | GrowRanked | GrowMatched | Sample | PruneThis | GrowThis"
)

# ---------------------------------------------------------------- blocks


@dataclass(frozen=True, slots=True)
class PreSpike:
    """A spike of a source neuron arrives (its delay has gone by), or did so some steps ago (`ir.delays`).

    `after`: those steps (INT; from GLOBAL and PRE: for all of the neuron's synapses, else for each synapse), which
    lowering keeps from 0 to the steps of `longest` (ms); None: the steps of `longest`. It reads nothing that changes.
    """

    after: Expr | None = None
    longest: float = 0.0


@dataclass(frozen=True, slots=True)
class PostSpike:
    """A target neuron spiked in this step, or some steps ago: `after` (from GLOBAL and POST, or of each synapse) and
    `longest` as in PreSpike.
    """

    after: Expr | None = None
    longest: float = 0.0


@dataclass(frozen=True, slots=True)
class EachStep:
    pass


@dataclass(frozen=True, slots=True)
class Every:
    """At the end of step n when (n + 1) % k == 0, k = max(1, round(period / dt)); `period` in ms, constant."""

    period: Expr


@dataclass(frozen=True, slots=True)
class Signal:
    """Called by the host between two steps, with REAL arguments."""

    name: str
    arguments: tuple[str, ...]


Trigger: TypeAlias = PreSpike | PostSpike | EachStep | Every | Signal


@dataclass(frozen=True, slots=True)
class Block:
    trigger: Trigger
    body: tuple[Stmt, ...]
    span: Span | None = field(default=None, compare=False, repr=False)


# ---------------------------------------------------------------- state


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that the host may change between steps. `site` GLOBAL, or NEURON for one value per neuron.

    `low`, `high`: the limits that the user declared; programs do not rely on them.
    `nonzero`: an equation divides by it.
    """

    name: str
    default: float
    site: Site = Site.GLOBAL
    unit: str = ""
    type: Type = Type.REAL
    low: float | None = None
    high: float | None = None
    nonzero: bool = False


@dataclass(frozen=True, slots=True)
class DerivedValue:
    """`value` uses Const, Param, Builtin dt and earlier Derived only. Site as its parameters'."""

    name: str
    value: Expr
    site: Site = Site.GLOBAL


@dataclass(frozen=True, slots=True)
class Variable:
    """`init` is evaluated at the variable's site when its owner (or synapse) comes into being.

    `hidden` variables are made by the compiler (refractory counters) and not shown to the user.
    `shared`: the networks of a batch have one value of it (`plastlang.ir.sharing`).
    `rule`: the neuron or rule that declares it, for messages.
    """

    name: str
    site: Site
    init: Expr
    type: Type = Type.REAL
    unit: str = ""
    low: Expr | None = None
    high: Expr | None = None
    hidden: bool = False
    shared: bool = False
    rule: str = ""


#: The local of a lazy group that holds the steps gone by; a name that no source can give to a variable.
ELAPSED = "steps.gone"


@dataclass(frozen=True, slots=True)
class LazyGroup:
    """Variables of one site whose value n steps after their last write is known in closed form.

    `advance[i]` gives variable `names[i]` from Local(name) of every member (the stored values), Local(ELAPSED, INT)
    and derived values. The group stores one `last` step per instance. A write to a member first brings
    the whole group to now.
    """

    names: tuple[str, ...]
    site: Site
    advance: tuple[Expr, ...]


# ---------------------------------------------------------------- spikes, populations, projections


@dataclass(frozen=True, slots=True)
class Threshold:
    """A neuron spikes when `condition` holds after its step; then `body` runs (Lets, Assigns, Ifs)."""

    condition: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Renewal:
    """A Poisson process of `rate` (1/ms) that is constant between changes: the next spike is drawn ahead.

    The rate is taken anew for all neurons (and the next spikes redrawn) at the first step and after a
    block or the host has written one of `depends` (variables, parameters).
    """

    rate: Expr
    depends: tuple[str, ...]
    body: tuple[Stmt, ...]
    purpose: int


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Spikes at the (neuron, step) pairs that the host gives."""

    body: tuple[Stmt, ...]


Spiking: TypeAlias = Threshold | Renewal | Scheduled


@dataclass(frozen=True, slots=True)
class Input:
    """A port where delivered values are summed. `unit` is the unit of what may be delivered."""

    port: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """`width` columns by `height` rows; neuron i stands at (i % width, i // width)."""

    width: int
    height: int
    periodic: bool


@dataclass(frozen=True, slots=True)
class Population:
    """`step` runs once per neuron in phase 2 (Lets, Assigns, Ifs at NEURON or GLOBAL site)."""

    name: str
    size: int
    grid: Grid | None
    parameters: tuple[Parameter, ...]
    derived: tuple[DerivedValue, ...]
    variables: tuple[Variable, ...]
    inputs: tuple[Input, ...]
    step: tuple[Stmt, ...]
    spiking: Spiking | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ConnectProbability:
    """Each pair (pre, post) independently, with `probability` (PAIR site)."""

    probability: Expr
    purpose: int


@dataclass(frozen=True, slots=True)
class ConnectAll:
    pass


@dataclass(frozen=True, slots=True)
class ConnectOneToOne:
    pass


@dataclass(frozen=True, slots=True)
class ConnectGiven:
    """The host gives the pairs (also: none)."""


Connect: TypeAlias = ConnectProbability | ConnectAll | ConnectOneToOne | ConnectGiven


@dataclass(frozen=True, slots=True)
class Projection:
    """`sources`: one or more populations, whose neurons are numbered on, one after the other, as pre.

    `step`: stepped variables of the rules (not lazy), per site, in phase 2 after all populations.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    port: str  # "" where nothing is delivered
    delay_steps: int  # at least 1
    parameters: tuple[Parameter, ...]
    derived: tuple[DerivedValue, ...]
    variables: tuple[Variable, ...]
    lazy: tuple[LazyGroup, ...]
    step: tuple[Stmt, ...]
    blocks: tuple[Block, ...]
    connect: Connect


@dataclass(frozen=True, slots=True)
class SpikeRecord:
    population: str


@dataclass(frozen=True, slots=True)
class StateRecord:
    """The values of a population's variable at the end of every `every_steps`-th step."""

    population: str
    variable: str
    every_steps: int


Record: TypeAlias = SpikeRecord | StateRecord


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    dt: float  # ms
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    records: tuple[Record, ...] = ()
    #: what passes have found out for the emitters, never for the reference: (owner, key) -> value
    notes: tuple[tuple[str, str, Any], ...] = ()
