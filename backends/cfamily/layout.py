"""Where everything of a program lies in the structs of plast_model.h: known to the emitter and to the host side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from plastlang.ir import nodes
from plastlang.ir.delays import kept_steps, waiting_steps
from plastlang.ir.nodes import (
    Binary,
    Block,
    Call,
    Cast,
    Derived,
    Draw,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowUniform,
    LazyGroup,
    Local,
    Param,
    Population,
    PostSpike,
    Program,
    Projection,
    PruneRanked,
    PruneWhere,
    Read,
    Renewal,
    Sample,
    Stmt,
    Threshold,
    Variable,
)
from plastlang.ir.schedule import Schedule
from plastlang.ir.sharing import Sharing, sharing_of
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import all_expressions, children, statements, walk

Owner = Population | Projection
_STRUCTURAL = (Sample, GrowUniform, GrowRanked, GrowMatched, PruneWhere, PruneRanked)


@dataclass(frozen=True, slots=True)
class Column:
    """One array over the pool of synapses. `kind`: "value", "before", "stamp", "last" (of a lazy group), "let", "pair".

    `own`: in a batch, each network has one.
    """

    kind: str
    name: str
    type: Type
    own: bool = True

    @property
    def joined(self) -> bool:
        """Whether the networks' values lie side by side in an owner with lanes."""
        return self.own and self.kind == "value"


@dataclass(frozen=True, slots=True)
class Scratch:
    """Values of a `let` that outlive the loop that computes them, at NEURON, PRE or POST."""

    site: Site
    type: Type
    own: bool = True
    lanes: int = 1  # values of each instance, side by side
    kind: str = "let"  # what else may be kept there, by which it is found


@dataclass(slots=True)
class OwnerLayout:
    """Places of an owner's variables, constants and blocks, by number."""

    owner: Owner
    number: int
    before: frozenset[str]  # variables read as x@before
    scratch: list[Scratch] = field(default_factory=list)

    def variable(self, name: str) -> Variable:
        """A declared variable."""
        return next(v for v in self.owner.variables if v.name == name)

    def index(self, name: str) -> int:
        """The number of a variable."""
        return next(k for k, v in enumerate(self.owner.variables) if v.name == name)

    def constant(self, expression: Param | Derived) -> tuple[int, Site]:
        """The number of a parameter or derived value among the constants, and its site."""
        if isinstance(expression, Param):
            for k, parameter in enumerate(self.owner.parameters):
                if parameter.name == expression.name:
                    return k, parameter.site
        for k, derived in enumerate(self.owner.derived):
            if derived.name == expression.name:
                return len(self.owner.parameters) + k, derived.site
        raise AssertionError(f"{self.owner.name} has no constant {expression.name}")


@dataclass(slots=True)
class PopulationLayout(OwnerLayout):
    owner: Population
    slots: int = 1  # steps of spikes that are kept
    waiting: dict[int, int] = field(default_factory=dict)  # steps that inputs are kept ahead, by number of the port

    def late(self, port: int) -> int:
        """The number of the array of waiting inputs of a port, among the arrays of inputs."""
        return len(self.owner.inputs) + list(self.waiting).index(port)


@dataclass(slots=True)
class ProjectionLayout(OwnerLayout):
    owner: Projection
    schedule: Schedule = Schedule("none", "")
    columns: list[Column] = field(default_factory=list)
    tables: list[tuple[int, Param | Derived]] = field(default_factory=list)  # (number of the constant, rate)
    incoming: bool = False
    structural: bool = False
    lanes: int = 1  # networks of a batch whose own values of a synapse lie side by side

    def entry(self, kind: str, name: str, at: str) -> str:
        """Where the value at entry `at` of the pool is in its column."""
        lies = self.lanes > 1 and self.columns[self.column(kind, name)].joined
        return f"(int64_t)({at}) * {self.lanes}" if lies else at

    def group(self, name: str) -> tuple[int, LazyGroup] | None:
        """The lazy group of a variable and its number, or None for a stored variable."""
        return next(((k, g) for k, g in enumerate(self.owner.lazy) if name in g.names), None)

    def column(self, kind: str, name: str) -> int:
        """The number of a column."""
        return next(k for k, c in enumerate(self.columns) if c.kind == kind and c.name == name)

    def decay_table(self, expression: Expr) -> int | None:
        """The table that holds exp(n rate), if `expression` is that for a lazy group's `n`."""
        rate = decay_rate(expression)
        if rate is None:
            return None
        number, site = self.constant(rate)
        assert site is Site.GLOBAL
        for k, (known, _) in enumerate(self.tables):
            if known == number:
                return k
        self.tables.append((number, rate))
        return len(self.tables) - 1


@dataclass(frozen=True, slots=True)
class Layout:
    """`batched`: for several networks with shared structure; `sharing` by the name of the owner."""

    populations: dict[str, PopulationLayout]
    projections: dict[str, ProjectionLayout]
    sharing: dict[str, Sharing]
    dt: float
    batched: bool = False


def layout(program: Program, batched: bool = False) -> Layout:
    """The places of everything in `program`."""
    old: dict[str, set[str]] = {}
    owners: tuple[Owner, ...] = (*program.populations, *program.projections)
    for owner in owners:
        for read in reads(owner):
            if read.before:
                for name in _ends(owner, read.of):
                    old.setdefault(name, set()).add(read.name)
    populations = {}
    for k, population in enumerate(program.populations):
        kept = frozenset(old.get(population.name, ()))
        ahead = {n: waiting_steps(program, population.name, i.port) for n, i in enumerate(population.inputs)}
        waiting = {n: steps for n, steps in ahead.items() if steps}
        slots = max(1, kept_steps(program, population.name)) + 1
        populations[population.name] = PopulationLayout(population, k, kept, slots=slots, waiting=waiting)
    projections = {
        p.name: _projection(program, p, k, frozenset(old.get(p.name, ()))) for k, p in enumerate(program.projections)
    }
    return Layout(populations, projections, sharing_of(program), program.dt, batched)


def _ends(owner: Owner, end: str) -> tuple[str, ...]:
    if not end:
        return (owner.name,)
    assert isinstance(owner, Projection)
    return owner.sources if end == "pre" else (owner.target,)


def _projection(program: Program, projection: Projection, number: int, old: frozenset[str]) -> ProjectionLayout:
    grouped = {name: g for g in projection.lazy for name in g.names}
    before = frozenset(m for name in old for m in (grouped[name].names if name in grouped else (name,)))
    columns = []
    for variable in projection.variables:
        if variable.site is Site.SYNAPSE:
            own = not variable.shared
            columns.append(Column("value", variable.name, variable.type, own))
            if variable.name in before:
                columns.append(Column("before", variable.name, variable.type, own))
                if variable.name not in grouped:
                    columns.append(Column("stamp", variable.name, Type.INT, own))
    shared = {v.name for v in projection.variables if v.shared}
    columns += [
        Column("last", g.names[0], Type.INT, g.names[0] not in shared)
        for g in projection.lazy
        if g.site is Site.SYNAPSE
    ]
    schedule = _schedule(program, projection)
    every = [s for b in projection.blocks for s in statements(b.body)]
    slots = any(isinstance(s, Sample) and s.slots is not None for s in every)
    return ProjectionLayout(
        projection, number, before, schedule=schedule, columns=columns,
        incoming=schedule.incoming or slots or schedule.post == "eager",
        structural=any(isinstance(s, _STRUCTURAL) for s in every),
    )  # fmt: skip


def _schedule(program: Program, projection: Projection) -> Schedule:
    for owner, key, value in program.notes:
        if owner == projection.name and key == "schedule" and isinstance(value, Schedule):
            return value
    post = [s for b in projection.blocks if isinstance(b.trigger, PostSpike) for s in b.body]
    if any(s.site in (Site.SYNAPSE, Site.PAIR) for s in post):
        return Schedule("eager", "no schedule was made", (), True)
    return Schedule("none", "no synapse statement")


def decay_rate(expression: Expr) -> Param | Derived | None:
    """The rate r where `expression` is exp(n r) with the steps `n` of a lazy group."""
    match expression:
        case Call("exp", (Binary("*", Cast(Local(nodes.ELAPSED), Type.REAL), (Param() | Derived()) as rate),)):
            return rate
        case Call("exp", (Binary("*", (Param() | Derived()) as rate, Cast(Local(nodes.ELAPSED), Type.REAL)),)):
            return rate
        case _:
            return None


def bodies(owner: Owner) -> list[tuple[Stmt, ...]]:
    """Every statement list of an owner."""
    blocks: tuple[Block, ...] = owner.blocks
    found = [owner.step, *(b.body for b in blocks)]
    if isinstance(owner, Population) and owner.spiking is not None:
        found.append(owner.spiking.body)
    return found


def reads(owner: Owner) -> Iterator[Read]:
    """Every read in the statements of an owner."""
    expressions = [x for body in bodies(owner) for x in all_expressions(body)]
    if isinstance(owner, Population):
        if isinstance(owner.spiking, Threshold):
            expressions.append(owner.spiking.condition)
        if isinstance(owner.spiking, Renewal):
            expressions.append(owner.spiking.rate)
    for expression in expressions:
        for node in walk(expression):
            if isinstance(node, Read):
                yield node


#: Whether there is a draw in what was asked about lately, since emitters ask of each node of a tree in turn: by the id
#: of the expression, which is kept, so that no other one gets its id.
_DRAWS: dict[int, tuple[Expr, bool]] = {}


def has_draw(expression: Expr) -> bool:
    """Whether a random draw is inside."""
    known = _DRAWS.get(id(expression))
    if known is None:
        found = isinstance(expression, Draw) or any(has_draw(child) for child in children(expression))
        if len(_DRAWS) > 50_000:
            _DRAWS.clear()
        known = _DRAWS[id(expression)] = (expression, found)
    return known[1]
