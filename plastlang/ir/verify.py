"""Is a program well formed? Run after lowering and between passes; a fault here is the compiler's, not the user's."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from plastlang.ir.nodes import (
    Assign,
    Block,
    ConnectProbability,
    Deliver,
    Derived,
    DerivedValue,
    EachStep,
    Every,
    Expr,
    GrowThis,
    GrowUniform,
    If,
    LazyGroup,
    Let,
    Param,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    PruneThis,
    PruneWhere,
    Read,
    Renewal,
    Sample,
    Scheduled,
    Signal,
    SpikeRecord,
    StateRecord,
    Stmt,
    Threshold,
    Variable,
)
from plastlang.ir.types import VISIBLE, Site, Type
from plastlang.ir.verify_expression import Names, Place, VerifyError, check_expression, connected_when
from plastlang.ir.walk import walk

__all__ = ["VerifyError", "verify"]

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_POPULATION_SITES = frozenset({Site.GLOBAL, Site.NEURON})
_PROJECTION_SITES = frozenset({Site.GLOBAL, Site.PRE, Site.POST, Site.SYNAPSE})
_CLOSED = Place("", frozenset({Site.GLOBAL, Site.NEURON}), draws=False, reads="none", closed=True)


def verify(program: Program) -> None:
    """Raise `VerifyError`, with a sentence that says where and what, unless the program is well formed."""
    if not (math.isfinite(program.dt) and program.dt > 0):
        raise VerifyError(f"dt is {program.dt}, not a positive number")
    owners = [p.name for p in program.populations] + [p.name for p in program.projections]
    _unique("program", "owner", owners)
    _names("program", [program.name, *owners])
    populations = {p.name: p for p in program.populations}
    purposes: dict[int, str] = {}
    for population in program.populations:
        _population(population, purposes)
    for projection in program.projections:
        _projection(projection, populations, purposes)
    for record in program.records:
        _record(record, populations)
    for owner, key, _ in program.notes:
        if owner and owner not in owners:
            raise VerifyError(f"note {key}: there is no population or projection {owner}")


def _record(record: SpikeRecord | StateRecord, populations: dict[str, Population]) -> None:
    population = populations.get(record.population)
    if population is None:
        raise VerifyError(f"record: there is no population {record.population}")
    if isinstance(record, StateRecord):
        if record.every_steps < 1:
            raise VerifyError(f"record of {record.population}.{record.variable}: every {record.every_steps} steps")
        if record.variable not in {v.name for v in population.variables}:
            raise VerifyError(f"record: population {record.population} has no variable {record.variable}")


# ---------------------------------------------------------------- owners


@dataclass(frozen=True, slots=True)
class _Body:
    """Where statements stand: what they may write and do. `where` begins every message."""

    names: Names
    place: Place
    statements: frozenset[Site]  # sites of assignments
    purposes: dict[int, str]
    input_sum: bool = False
    deliver: bool = False
    structure: bool = False
    lazy_writes: bool = True
    locals: dict[str, tuple[Type, Site]] = field(default_factory=dict)

    def inside(self) -> _Body:
        """The same with a copy of the names bound so far."""
        return replace(self, locals=dict(self.locals))


def _population(population: Population, purposes: dict[int, str]) -> None:
    where = f"population {population.name}"
    if population.size < 1:
        raise VerifyError(f"{where}: size {population.size}")
    grid = population.grid
    if grid is not None and (grid.width < 1 or grid.height < 1 or grid.width * grid.height != population.size):
        raise VerifyError(f"{where}: a grid of {grid.width} x {grid.height} for {population.size} neurons")
    names = Names(where, population, {}, ports=frozenset(i.port for i in population.inputs))
    _declarations(names, _POPULATION_SITES, _POPULATION_SITES, purposes)
    _unique(where, "port", [i.port for i in population.inputs])
    _names(where, [i.port for i in population.inputs])
    everywhere = _Body(names, Place(where, _POPULATION_SITES), _POPULATION_SITES, purposes)
    step = replace(everywhere, place=replace(everywhere.place, where=f"{where}, step", input_sum=True))
    _statements(population.step, step)
    spiking = population.spiking
    spike = replace(
        everywhere,
        place=Place(f"{where}, spike", VISIBLE[Site.NEURON]),
        statements=frozenset({Site.NEURON}),
    )
    match spiking:
        case None:
            pass
        case Threshold(condition=condition, body=body):
            _typed(condition, Type.BOOL, spike, {})
            _statements(body, spike)
        case Renewal(rate=rate, depends=depends, body=body, purpose=purpose):
            _purpose(purpose, f"{where}, spike", purposes)
            _typed(rate, Type.REAL, replace(spike, place=replace(spike.place, draws=False)), {})
            _depends(rate, depends, population, where)
            _statements(body, spike)
        case Scheduled(body=body):
            _statements(body, spike)
        case _:
            assert_never(spiking)
    for block in population.blocks:
        if isinstance(block.trigger, (PreSpike, PostSpike)):
            raise VerifyError(f"{where}: a block on {type(block.trigger).__name__} in a population")
        _block(block, everywhere)


def _depends(rate: Expr, depends: tuple[str, ...], population: Population, where: str) -> None:
    derived = {d.name: d.value for d in population.derived}
    known = {p.name for p in population.parameters} | {v.name for v in population.variables}
    for name in depends:
        if name not in known:
            raise VerifyError(f"{where}, spike: the rate depends on {name}, which is not there")
    pending = [rate]
    while pending:
        for expression in walk(pending.pop()):
            match expression:
                case Read(name=name) | Param(name=name) if name not in depends:
                    raise VerifyError(f"{where}, spike: the rate uses {name}, which `depends` leaves out")
                case Derived(name=name):
                    pending.append(derived[name])
                case _:
                    pass


def _projection(projection: Projection, populations: dict[str, Population], purposes: dict[int, str]) -> None:
    where = f"projection {projection.name}"
    if not projection.sources:
        raise VerifyError(f"{where}: no source")
    _unique(where, "source", projection.sources)
    for name in (*projection.sources, projection.target):
        if name not in populations:
            raise VerifyError(f"{where}: there is no population {name}")
    if projection.port and projection.port not in {i.port for i in populations[projection.target].inputs}:
        raise VerifyError(f"{where}: population {projection.target} has no port {projection.port}")
    if projection.delay_steps < 1:
        raise VerifyError(f"{where}: a delay of {projection.delay_steps} steps")
    ends = {
        "pre": tuple(populations[name] for name in projection.sources),
        "post": (populations[projection.target],),
    }
    names = Names(where, projection, ends)
    _declarations(names, _PROJECTION_SITES | {Site.PAIR}, frozenset({Site.GLOBAL}), purposes)
    _lazy(projection, names)
    all_sites = VISIBLE[Site.SYNAPSE]
    base = _Body(names, Place(where, all_sites), _PROJECTION_SITES, purposes)
    if isinstance(projection.connect, ConnectProbability):
        _purpose(projection.connect.purpose, f"{where}, connect", purposes)
        place = Place(f"{where}, connect", VISIBLE[Site.PAIR], draws=False, reads="pair")
        _typed(projection.connect.probability, Type.REAL, replace(base, place=place), {})
    step = replace(base, place=replace(base.place, where=f"{where}, step"), lazy_writes=False)
    _statements(projection.step, step)
    for block in projection.blocks:
        _block(block, base)


def _lazy(projection: Projection, names: Names) -> None:
    variables = {v.name: v for v in projection.variables}
    _unique(names.where, "lazy variable", [name for group in projection.lazy for name in group.names])
    for group in projection.lazy:
        where = f"{names.where}, lazy {' '.join(group.names)}"
        if not group.names or len(group.names) != len(group.advance):
            raise VerifyError(f"{where}: {len(group.advance)} expressions for {len(group.names)} variables")
        if group.site is Site.PAIR:
            raise VerifyError(f"{where}: pair variables are constant")
        members: dict[str, tuple[Type, Site]] = {"n": (Type.INT, group.site)}
        for name in group.names:
            variable = variables.get(name)
            if variable is None or variable.site is not group.site or name == "n":
                raise VerifyError(f"{where}: {name} is not a {group.site} variable")
            members[name] = (variable.type, group.site)
        _advance(group, replace(names, where=where), members)


def _advance(group: LazyGroup, names: Names, members: dict[str, tuple[Type, Site]]) -> None:
    place = replace(_CLOSED, where=names.where, visible=VISIBLE[group.site])
    for name, expression in zip(group.names, group.advance, strict=True):
        check_expression(expression, names, place, members, {})
        if expression.type is not members[name][0]:
            raise VerifyError(f"{names.where}: {name} is advanced to a value of type {expression.type}")


def _declarations(
    names: Names, sites: frozenset[Site], parameter_sites: frozenset[Site], purposes: dict[int, str]
) -> None:
    owner, where = names.owner, names.where
    declared = [p.name for p in owner.parameters] + [v.name for v in owner.variables] + [d.name for d in owner.derived]
    _unique(where, "name", declared)
    _names(where, declared)
    for parameter in owner.parameters:
        if parameter.site not in parameter_sites or parameter.type is Type.BOOL:
            raise VerifyError(f"{where}, parameter {parameter.name}: {parameter.type} at {parameter.site}")
        if math.isnan(parameter.default):
            raise VerifyError(f"{where}, parameter {parameter.name}: its default is not a number")
    earlier: tuple[DerivedValue, ...] = ()
    for derived in owner.derived:
        place = replace(_CLOSED, where=f"{where}, derived {derived.name}", visible=VISIBLE[derived.site])
        if derived.site not in parameter_sites:
            raise VerifyError(f"{place.where}: at site {derived.site}")
        check_expression(derived.value, names.with_derived(earlier), place, {}, {})
        earlier = (*earlier, derived)
    for number, variable in enumerate(owner.variables):
        _variable(variable, owner.variables[:number], names, sites, purposes)


def _variable(
    variable: Variable,
    earlier: tuple[Variable, ...],
    names: Names,
    sites: frozenset[Site],
    purposes: dict[int, str],
) -> None:
    where = f"{names.where}, variable {variable.name}"
    if variable.site not in sites:
        raise VerifyError(f"{where}: at site {variable.site}")
    reads = "pair" if variable.site is Site.PAIR else "all"
    place = Place(where, VISIBLE[variable.site], reads=reads)
    check_expression(variable.init, names, place, {}, purposes)
    own = {v.name for v in earlier}
    for expression in walk(variable.init):
        if isinstance(expression, Read) and not expression.of and expression.name not in own:
            raise VerifyError(f"{where}: its start value reads {expression.name}, which is declared after it")
    if variable.init.type is not variable.type:
        raise VerifyError(f"{where}: of type {variable.type}, its start value of type {variable.init.type}")
    for bound in (variable.low, variable.high):
        if bound is not None:
            check_expression(bound, names, Place(where, VISIBLE[variable.site], draws=False), {}, {})
            if bound.type is not variable.type:
                raise VerifyError(f"{where}: of type {variable.type}, a bound of type {bound.type}")


# ---------------------------------------------------------------- blocks and statements


def _block(block: Block, base: _Body) -> None:
    where = base.place.where
    projection = isinstance(base.names.owner, Projection)
    trigger = block.trigger
    match trigger:
        case PreSpike():
            body = replace(base, statements=frozenset({Site.PRE, Site.SYNAPSE}), deliver=True)
            place = "on pre spike"
        case PostSpike():
            body = replace(base, statements=frozenset({Site.POST, Site.SYNAPSE}))
            place = "on post spike"
        case EachStep():
            body, place = replace(base, structure=projection), "each step"
        case Every(period=period):
            place = "every"
            check_expression(period, base.names, replace(_CLOSED, where=f"{where}, every"), {}, {})
            if period.type is not Type.REAL:
                raise VerifyError(f"{where}, every: a period of type {period.type}")
            body = replace(base, structure=projection)
        case Signal(name=name, arguments=arguments):
            place = f"on {name}"
            _unique(f"{where}, {place}", "argument", arguments)
            _names(f"{where}, {place}", [name, *arguments])
            body = replace(base, structure=projection, locals=dict.fromkeys(arguments, (Type.REAL, Site.GLOBAL)))
        case _:
            assert_never(trigger)
    _statements(block.body, replace(body.inside(), place=replace(base.place, where=f"{where}, {place}")))


def _statements(body: Iterable[Stmt], context: _Body) -> None:
    context = context.inside()
    for statement in body:
        _statement(statement, context)


def _statement(statement: Stmt, context: _Body) -> None:
    where, names = context.place.where, context.names
    match statement:
        case Let(name=name, value=value, site=site):
            _check(value, context, site)
            _bind(name, value.type, site, context)
        case Assign(name=name, value=value, site=site):
            variable = names.variables.get(name)
            if variable is None:
                raise VerifyError(f"{where}: there is no variable {name} to assign to")
            if variable.site is not site or site not in context.statements:
                raise VerifyError(f"{where}: {variable.site} variable {name} is assigned at site {site}")
            if not context.lazy_writes and name in names.lazy:
                raise VerifyError(f"{where}: the lazy variable {name} is stepped")
            _check(value, context, site)
            if value.type is not variable.type:
                raise VerifyError(f"{where}: {name} of type {variable.type} is given a value of type {value.type}")
        case If(condition=condition, then=then, otherwise=otherwise, site=site):
            _typed(condition, Type.BOOL, context, context.locals, site)
            for branch in (then, otherwise):
                for inner in branch:
                    if inner.site is not site:
                        raise VerifyError(f"{where}: a {inner.site} statement inside an if at {site}")
                _statements(branch, context)
        case Deliver(value=value):
            if not context.deliver or not isinstance(names.owner, Projection) or not names.owner.port:
                raise VerifyError(f"{where}: deliver where nothing can be delivered")
            _typed(value, Type.REAL, context, context.locals, Site.SYNAPSE)
        case PruneWhere(condition=condition, bind=bind):
            _structural(statement, Site.GLOBAL, context)
            _typed(condition, Type.BOOL, context, context.locals, Site.SYNAPSE)
            if bind:
                _bind(bind, Type.INT, Site.GLOBAL, context)
        case GrowUniform(count=count, init=init, purpose=purpose):
            _structural(statement, Site.GLOBAL, context)
            _purpose(purpose, where, context.purposes)
            _typed(count, Type.INT, context, context.locals, Site.GLOBAL)
            _initial(init, context)
        case Sample(count=count, slots=slots, body=body, purpose=purpose):
            _structural(statement, Site.GLOBAL, context)
            _purpose(purpose, where, context.purposes)
            for number in (count, slots):
                if number is not None:
                    _typed(number, Type.INT, context, context.locals, Site.GLOBAL)
            sample = replace(context.inside(), place=replace(context.place, visible=VISIBLE[Site.PAIR], connected=True))
            _sample_body(body, sample, slots is not None)
        case PruneThis() | GrowThis():
            raise VerifyError(f"{where}: {type(statement).__name__} outside a sample")
        case _:
            assert_never(statement)


def _sample_body(body: tuple[Stmt, ...], context: _Body, slots: bool) -> None:
    """`context.place.visible` holds SYNAPSE where the sampled synapse is known to exist."""
    context = context.inside()
    where, purposes = context.place.where, context.purposes
    widest = Site.SYNAPSE if Site.SYNAPSE in context.place.visible else Site.PAIR
    for statement in body:
        match statement:
            case Let(name=name, value=value, site=site):
                _check(value, context, site)
                _bind(name, value.type, site, context)
            case If(condition=condition, then=then, otherwise=otherwise):
                _typed(condition, Type.BOOL, context, context.locals, widest)
                for branch, taken in ((then, True), (otherwise, False)):
                    known = connected_when(condition, taken)
                    visible = VISIBLE[Site.SYNAPSE] if known else context.place.visible
                    _sample_body(branch, replace(context, place=replace(context.place, visible=visible)), slots)
            case PruneThis(probability=probability, purpose=purpose):
                _site(statement, Site.SYNAPSE, where)
                if probability is not None:
                    _purpose(purpose, where, purposes)
                    _typed(probability, Type.REAL, context, context.locals, widest)
            case GrowThis(probability=probability, init=init, partner=partner, purpose=purpose):
                _site(statement, Site.PAIR, where)
                if partner not in ("pair", "spiked") or (partner == "spiked" and not slots):
                    raise VerifyError(f"{where}: grow with the partner {partner!r}")
                if probability is not None:
                    _purpose(purpose, where, purposes)
                    _typed(probability, Type.REAL, context, context.locals, widest)
                for cap in (statement.max_in, statement.max_out):
                    if cap is not None:
                        _typed(cap, Type.INT, context, context.locals, Site.PAIR)
                _initial(init, context)
            case _:
                raise VerifyError(f"{where}: {type(statement).__name__} inside a sample")


def _initial(init: tuple[Stmt, ...], context: _Body) -> None:
    """The statements run on a new synapse."""
    place = replace(context.place, visible=VISIBLE[Site.SYNAPSE], connected=False)
    context = replace(context.inside(), place=place, statements=frozenset({Site.SYNAPSE}))
    for statement in init:
        if not isinstance(statement, (Let, Assign)):
            raise VerifyError(f"{context.place.where}: {type(statement).__name__} in the start of a synapse")
        _statement(statement, context)


def _structural(statement: Stmt, site: Site, context: _Body) -> None:
    if not context.structure:
        raise VerifyError(f"{context.place.where}: {type(statement).__name__} is not allowed here")
    _site(statement, site, context.place.where)


def _site(statement: Stmt, site: Site, where: str) -> None:
    if statement.site is not site:
        raise VerifyError(f"{where}: {type(statement).__name__} at site {statement.site}")


def _check(value: Expr, context: _Body, site: Site) -> None:
    """`value` at `site`, in the names bound so far."""
    if site not in context.place.visible:
        raise VerifyError(f"{context.place.where}: a statement at site {site}")
    place = replace(context.place, visible=context.place.visible & VISIBLE[site])
    check_expression(value, context.names, place, context.locals, context.purposes)


def _typed(
    value: Expr, type_: Type, context: _Body, bound: dict[str, tuple[Type, Site]], site: Site | None = None
) -> None:
    if site is None:
        check_expression(value, context.names, context.place, bound, context.purposes)
    else:
        _check(value, context, site)
    if value.type is not type_:
        raise VerifyError(f"{context.place.where}: a value of type {value.type} where {type_} is wanted")


def _bind(name: str, type_: Type, site: Site, context: _Body) -> None:
    if name in context.locals:
        raise VerifyError(f"{context.place.where}: {name} is bound twice")
    _names(context.place.where, [name])
    context.locals[name] = (type_, site)


def _purpose(purpose: int, where: str, purposes: dict[int, str]) -> None:
    if not 0 <= purpose < 1 << 16:
        raise VerifyError(f"{where}: the purpose {purpose} of a draw is out of range")
    if purpose in purposes:
        raise VerifyError(f"{where}: the purpose {purpose} of a draw is also used in {purposes[purpose]}")
    purposes[purpose] = where


def _unique(where: str, what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise VerifyError(f"{where}: the {what} {name} is declared {count} times")


def _names(where: str, names: Iterable[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise VerifyError(f"{where}: {name!r} is no name")
