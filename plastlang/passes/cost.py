"""What each event costs: bytes and operations, counted from the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from plastlang.ir.delays import is_per_synapse, late_steps
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Block,
    Call,
    Const,
    Deliver,
    Derived,
    Draw,
    EachStep,
    Every,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    InputSum,
    LazyGroup,
    Let,
    Param,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    PruneRanked,
    PruneThis,
    PruneWhere,
    Read,
    Reduce,
    Renewal,
    Sample,
    Scheduled,
    Signal,
    Stmt,
    Threshold,
    Trigger,
    Variable,
)
from plastlang.ir.text import expression_text
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import all_expressions, children, expressions, walk
from plastlang.passes.schedule import schedule_of

#: Bytes of an index, a step, an INT; of an input accumulator that is read and written.
WORD, ACCUMULATOR = 4, 16
#: How often a quantile goes through its values, in single precision: once for each bit, and to count them.
_PASSES = 33
#: Functions that are an instruction or a few.
_CHEAP = frozenset({"abs", "floor", "ceil", "round", "sign", "sqrt"})
_EACH = {
    Site.GLOBAL: "once",
    Site.NEURON: "for each neuron",
    Site.PRE: "for each pre neuron",
    Site.POST: "for each post neuron",
    Site.PAIR: "for each synapse",
    Site.SYNAPSE: "for each synapse",
}


@dataclass(frozen=True, slots=True)
class EventCost:
    """What one instance of an event costs at most (all branches taken).

    Attributes:
        event: what happens, for example "on pre spike".
        each: for what it is counted, for example "for each synapse of the spike".
        operations: additions, products, comparisons, ...
        functions: exponentials and the like.
        draws: random draws.
        moved: bytes that are read and written.
    """

    owner: str
    event: str
    each: str
    operations: int
    functions: int
    draws: int
    moved: int


def costs(program: Program, real: int = 4) -> tuple[EventCost, ...]:
    """The events of all owners, in the order of a step; `real` is the number of bytes of a REAL."""
    found: list[EventCost] = []
    for population in program.populations:
        found += _population(population, real)
    for projection in program.projections:
        found += _projection(projection, schedule_of(program, projection.name).post, real, program.dt)
    return tuple(found)


def bytes_per_synapse(program: Program, projection: Projection, real: int = 4) -> tuple[tuple[str, int], ...]:
    """What is stored for each synapse, and the bytes of each."""
    before = {r.name for r in _reads(projection) if r.before and r.site is Site.SYNAPSE}
    parts = [("target", WORD)]
    for variable in projection.variables:
        if variable.site is Site.SYNAPSE:
            size = real if variable.type is Type.REAL else WORD
            parts.append((variable.name, size))
            if variable.name in before:
                parts.append((f"{variable.name}@before", size + WORD))
    parts += [(f"last write of {', '.join(g.names)}", WORD) for g in projection.lazy if g.site is Site.SYNAPSE]
    if schedule_of(program, projection.name).incoming:
        parts.append(("index by post neuron", 2 * WORD))
    return tuple(parts)


def _reads(projection: Projection) -> Iterable[Read]:
    bodies = [projection.step, *(block.body for block in projection.blocks)]
    return (n for body in bodies for e in all_expressions(body) for n in walk(e) if isinstance(n, Read))


# ---------------------------------------------------------------- counting


@dataclass(slots=True)
class _Count:
    """Operations, and the places that are read and written (each moved once)."""

    operations: int = 0
    functions: int = 0
    draws: int = 0
    places: dict[str, int] = field(default_factory=dict)
    advanced: set[str] = field(default_factory=set)  # lazy variables that are brought to now already

    @property
    def empty(self) -> bool:
        return not (self.operations or self.functions or self.draws or self.places)


@dataclass(slots=True)
class _Owner:
    """What the counting needs to know of an owner. `held`: sites whose values stay in registers meanwhile."""

    variables: Mapping[str, Variable]
    lazy: Mapping[str, LazyGroup]
    neuron_constants: frozenset[str]
    real: int
    held: frozenset[Site] = frozenset({Site.GLOBAL})

    def size(self, type_: Type) -> int:
        return self.real if type_ is Type.REAL else WORD

    def expression(self, expression: Expr, count: _Count) -> None:
        """Add an expression: what it computes and what it reads."""
        for node in walk(expression):
            match node:
                case Call(function=function) if function not in _CHEAP:
                    count.functions += 1
                case Binary(op="**"):
                    count.functions += 1
                case Draw():
                    count.draws += 1
                case Read():
                    self.read(node, count)
                case InputSum(port=port):
                    count.places[f"input {port}"] = ACCUMULATOR
                case Param(name=name, type=type_) | Derived(name=name, type=type_) if name in self.neuron_constants:
                    count.places[f"constant {name}"] = self.size(type_)
                case _ if children(node) and not isinstance(node, Const):
                    count.operations += 1
                case _:
                    pass

    def read(self, read: Read, count: _Count) -> None:
        """Add reading a variable: its bytes, and the way from its last write where it is lazy."""
        if read.of:
            if read.site not in self.held:
                count.places[f"read {read.of}.{read.name}"] = self.size(read.type)
            return
        if read.site is Site.PAIR:
            self.expression(self.variables[read.name].init, count)
            return
        if read.site in self.held:
            return
        count.places[f"read {read.name}"] = self.size(read.type)
        if read.name in self.lazy:
            self.advance(self.lazy[read.name], (read.name,), count)

    def advance(self, group: LazyGroup, names: tuple[str, ...], count: _Count) -> None:
        """Add bringing members of a lazy group to now."""
        count.places[f"read last {group.names[0]}"] = WORD
        for name, expression in zip(group.names, group.advance, strict=True):
            if name in names and name not in count.advanced:
                count.advanced.add(name)
                self.expression(expression, count)

    def write(self, name: str, count: _Count) -> None:
        """Add writing a variable."""
        variable = self.variables[name]
        count.places[f"write {name}"] = self.size(variable.type)
        group = self.lazy.get(name)
        if group is not None and f"write last {group.names[0]}" not in count.places:
            count.places[f"write last {group.names[0]}"] = WORD
            for member in group.names:
                count.places[f"read {member}"] = count.places[f"write {member}"] = self.size(variable.type)
            self.advance(group, group.names, count)

    def statement(self, statement: Stmt, count: _Count) -> None:
        """Add a statement with its branches."""
        for expression in expressions(statement):
            self.expression(expression, count)
        match statement:
            case Assign(name=name):
                self.write(name, count)
            case If(then=then, otherwise=otherwise):
                for inner in (*then, *otherwise):
                    self.statement(inner, count)
            case Deliver(after=after):
                count.operations += 2 if after is None else 4  # to fixed point, added, at a place in time
                count.places["input"] = ACCUMULATOR
            case PruneThis(probability=probability):
                count.draws += probability is not None
            case GrowThis(probability=probability, init=init):
                count.draws += probability is not None
                for inner in init:
                    self.statement(inner, count)
            case (
                Let()
                | Reduce()
                | PruneWhere()
                | PruneRanked()
                | GrowUniform()
                | GrowRanked()
                | GrowMatched()
                | Sample()
            ):
                pass
            case _:
                assert_never(statement)


def _owner(owner: Population | Projection, real: int) -> _Owner:
    lazy = {name: g for g in owner.lazy for name in g.names} if isinstance(owner, Projection) else {}
    constants = [p.name for p in owner.parameters if p.site is Site.NEURON]
    constants += [d.name for d in owner.derived if d.site is Site.NEURON]
    return _Owner({v.name: v for v in owner.variables}, lazy, frozenset(constants), real)


# ---------------------------------------------------------------- events


class _Events:
    """The costs of one owner; what happens at one event is added up."""

    def __init__(self, name: str, owner: _Owner):
        self._name, self._owner = name, owner
        self._counts: dict[tuple[str, str], _Count] = {}

    def count(self, event: str, each: str) -> _Count:
        return self._counts.setdefault((event, each), _Count())

    def body(self, event: str, body: Iterable[Stmt], each: Mapping[Site, str]) -> None:
        """Add a list of statements, each for the instances of its site."""
        for statement in body:
            match statement:
                case Reduce(value=value, over=over, fraction=fraction):
                    every = self.count(event, each[over])
                    for _ in range(1 if fraction is None else _PASSES):
                        every.operations += 1
                        self._owner.expression(value, every)
                    if fraction is not None:
                        self._owner.expression(fraction, self.count(event, each[Site.GLOBAL]))
                case PruneWhere(condition=condition):
                    self._owner.expression(condition, self.count(event, each[Site.SYNAPSE]))
                case PruneRanked(count=number, key=key, per=per):
                    self._owner.expression(number, self.count(event, each[per]))
                    self._owner.expression(key, self.count(event, each[Site.SYNAPSE]))
                case GrowRanked(count=number, key=key, per=per, init=init):
                    self._owner.expression(number, self.count(event, each[per]))
                    self._owner.expression(key, self.count(event, "for each absent pair"))
                    self._new(event, init)
                case GrowMatched(axonal=axonal, dendritic=dendritic, probability=probability, init=init):
                    for elements, end in ((axonal, Site.PRE), (dendritic, Site.POST)):
                        self._owner.expression(elements, self.count(event, each[end]))
                    matched = self.count(event, "for each match")
                    matched.draws += 2 + (probability is not None)
                    if probability is not None:
                        self._owner.expression(probability, matched)
                    self._new(event, init)
                case GrowUniform(init=init, count=number):
                    self._owner.expression(number, self.count(event, each[Site.GLOBAL]))
                    self._new(event, init).draws += 1
                case Sample(body=inner_body):
                    for number in expressions(statement):
                        self._owner.expression(number, self.count(event, each[Site.GLOBAL]))
                    sampled = self.count(event, "for each sample")
                    sampled.draws += 1
                    for inner in inner_body:
                        self._owner.statement(inner, sampled)
                case _:
                    self._owner.statement(statement, self.count(event, each[statement.site]))

    def _new(self, event: str, init: Iterable[Stmt]) -> _Count:
        """Add the body of a grow."""
        new = self.count(event, "for each new synapse")
        for inner in init:
            self._owner.statement(inner, new)
        return new

    def all(self) -> list[EventCost]:
        return [
            EventCost(self._name, event, each, c.operations, c.functions, c.draws, sum(c.places.values()))
            for (event, each), c in self._counts.items()
            if not c.empty
        ]


def _population(population: Population, real: int) -> list[EventCost]:
    owner = _owner(population, real)
    events = _Events(population.name, owner)
    events.body("each step", population.step, _EACH)
    spiking = population.spiking
    match spiking:
        case Threshold(condition=condition, body=body):
            owner.expression(condition, events.count("each step", _EACH[Site.NEURON]))
            events.body("at a spike", body, {Site.NEURON: "for the neuron", Site.GLOBAL: "once"})
        case Renewal(rate=rate, body=body):
            count = events.count("at a spike", "for the neuron")
            count.draws += 1
            count.places["next spike"] = 2 * WORD
            owner.expression(rate, count)
            events.body("at a spike", body, {Site.NEURON: "for the neuron", Site.GLOBAL: "once"})
        case Scheduled(body=body):
            events.body("at a spike", body, {Site.NEURON: "for the neuron", Site.GLOBAL: "once"})
        case None:
            pass
        case _:
            assert_never(spiking)
    for block in population.blocks:
        events.body(event_name(block.trigger), block.body, _EACH)
    return events.all()


def _projection(projection: Projection, post: str, real: int, dt: float) -> list[EventCost]:
    owner = _owner(projection, real)
    events = _Events(projection.name, owner)
    each = "for each synapse of the spike"
    for pre in _alike(projection, PreSpike):
        _spike(events, owner, pre, Site.PRE, each, WORD, dt)
    events.body("each step", projection.step, _EACH)
    for blocks in _alike(projection, PostSpike):
        if post == "deferred":
            _spike(events, owner, blocks, Site.POST, "for each synapse, at its next look", 0, dt)
        else:
            _spike(events, owner, blocks, Site.POST, each, 2 * WORD, dt)
    for block in projection.blocks:
        if not isinstance(block.trigger, (PreSpike, PostSpike)):
            events.body(event_name(block.trigger), block.body, _EACH)
    return events.all()


def _alike(projection: Projection, kind: type[PreSpike | PostSpike]) -> list[list[Block]]:
    """The blocks on spikes at one end, those that act equally late together."""
    found: dict[Trigger, list[Block]] = {}
    for block in projection.blocks:
        if isinstance(block.trigger, kind):
            found.setdefault(block.trigger, []).append(block)
    return list(found.values())


def _spike(events: _Events, owner: _Owner, blocks: list[Block], end: Site, each: str, index: int, dt: float) -> None:
    """The blocks of a spike at one end: what is read of that neuron is read once, each synapse costs its index.

    Where delays differ, a spike is looked at in every step in which it may act.
    """
    trigger = blocks[0].trigger
    assert isinstance(trigger, (PreSpike, PostSpike))
    event, looks = event_name(trigger), len(late_steps(trigger, dt))
    per_synapse = is_per_synapse(trigger)
    if trigger.after is not None:
        looked = events.count(event, each if per_synapse else "for the neuron")
        for _ in range(looks):
            owner.expression(trigger.after, looked)
        looked.operations += looks
    statements = [s for b in blocks for s in b.body]
    once = "for the neuron"
    events.body(event, [s for s in statements if s.site is end], {end: once})
    along = [s for s in statements if s.site is not end]
    if not along:
        return
    count = events.count(event, once)
    for read in {n for e in all_expressions(along) for n in walk(e) if isinstance(n, Read) and n.site is end}:
        owner.read(read, count)
    owner.held |= {end}
    if index:
        events.count(event, each).places["index"] = index * (looks if per_synapse else 1)
    events.body(event, along, dict.fromkeys(Site, each))
    owner.held -= {end}


def event_name(trigger: Trigger) -> str:
    """The event as the user writes it."""
    match trigger:
        case PreSpike(after=after, longest=longest) | PostSpike(after=after, longest=longest):
            late = "" if not longest else f" ({'up to ' if after is not None else ''}{longest:g} ms late)"
            return f"on {'pre' if isinstance(trigger, PreSpike) else 'post'} spike{late}"
        case EachStep():
            return "each step"
        case Every(period=Const(value=value)):
            return f"every {value:g} ms"
        case Every(period=Param(name=name)):
            return f"every {name.rpartition('.')[2]}"
        case Every(period=period):
            return f"every {expression_text(period).replace('$', '')}"
        case Signal(name=name):
            return f"on {name}"
        case _:
            assert_never(trigger)
