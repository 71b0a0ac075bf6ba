"""Is a program well formed? Run after lowering and between passes; a fault here is the compiler's, not the user's."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import assert_never

from plastlang.ir.nodes import (
    ELAPSED,
    ConnectProbability,
    Derived,
    DerivedValue,
    Expr,
    LazyGroup,
    Param,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    Read,
    Renewal,
    Scheduled,
    SpikeRecord,
    StateRecord,
    Threshold,
    Variable,
)
from plastlang.ir.types import VISIBLE, Site, Type
from plastlang.ir.verify_body import (
    CLOSED,
    Body,
    check_block,
    check_names,
    check_statements,
    check_typed,
    check_unique,
    claim_purpose,
)
from plastlang.ir.verify_expression import Names, Place, VerifyError, check_expression
from plastlang.ir.walk import walk

__all__ = ["VerifyError", "verify"]

_POPULATION_SITES = frozenset({Site.GLOBAL, Site.NEURON})
_PROJECTION_SITES = frozenset({Site.GLOBAL, Site.PRE, Site.POST, Site.SYNAPSE})


def verify(program: Program) -> None:
    """Raise `VerifyError`, with a sentence that says where and what, unless the program is well formed."""
    if not (math.isfinite(program.dt) and program.dt > 0):
        raise VerifyError(f"dt is {program.dt}, not a positive number")
    owners = [p.name for p in program.populations] + [p.name for p in program.projections]
    check_unique("program", "owner", owners)
    check_names("program", [program.name, *owners])
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


def _population(population: Population, purposes: dict[int, str]) -> None:
    where = f"population {population.name}"
    if population.size < 1:
        raise VerifyError(f"{where}: size {population.size}")
    grid = population.grid
    if grid is not None and (grid.width < 1 or grid.height < 1 or grid.width * grid.height != population.size):
        raise VerifyError(f"{where}: a grid of {grid.width} x {grid.height} for {population.size} neurons")
    names = Names(where, population, {}, ports=frozenset(i.port for i in population.inputs))
    _declarations(names, _POPULATION_SITES, _POPULATION_SITES, purposes)
    check_unique(where, "port", [i.port for i in population.inputs])
    check_names(where, [i.port for i in population.inputs])
    everywhere = Body(names, Place(where, _POPULATION_SITES), _POPULATION_SITES, purposes)
    step = replace(everywhere, place=replace(everywhere.place, where=f"{where}, step", input_sum=True))
    check_statements(population.step, step)
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
            check_typed(condition, Type.BOOL, spike, {})
            check_statements(body, spike)
        case Renewal(rate=rate, depends=depends, body=body, purpose=purpose):
            claim_purpose(purpose, f"{where}, spike", purposes)
            check_typed(rate, Type.REAL, replace(spike, place=replace(spike.place, draws=False)), {})
            _depends(rate, depends, population, where)
            check_statements(body, spike)
        case Scheduled(body=body):
            check_statements(body, spike)
        case _:
            assert_never(spiking)
    for block in population.blocks:
        if isinstance(block.trigger, (PreSpike, PostSpike)):
            raise VerifyError(f"{where}: a block on {type(block.trigger).__name__} in a population")
        check_block(block, everywhere)


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
    check_unique(where, "source", projection.sources)
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
    base = Body(names, Place(where, all_sites), _PROJECTION_SITES, purposes)
    if isinstance(projection.connect, ConnectProbability):
        claim_purpose(projection.connect.purpose, f"{where}, connect", purposes)
        place = Place(f"{where}, connect", VISIBLE[Site.PAIR], draws=False, reads="pair")
        check_typed(projection.connect.probability, Type.REAL, replace(base, place=place), {})
    step = replace(base, place=replace(base.place, where=f"{where}, step"), lazy_writes=False)
    check_statements(projection.step, step)
    for block in projection.blocks:
        check_block(block, base)


def _lazy(projection: Projection, names: Names) -> None:
    variables = {v.name: v for v in projection.variables}
    check_unique(names.where, "lazy variable", [name for group in projection.lazy for name in group.names])
    for group in projection.lazy:
        where = f"{names.where}, lazy {' '.join(group.names)}"
        if not group.names or len(group.names) != len(group.advance):
            raise VerifyError(f"{where}: {len(group.advance)} expressions for {len(group.names)} variables")
        if group.site is Site.PAIR:
            raise VerifyError(f"{where}: pair variables are constant")
        members: dict[str, tuple[Type, Site]] = {ELAPSED: (Type.INT, group.site)}
        for name in group.names:
            variable = variables.get(name)
            if variable is None or variable.site is not group.site or name == ELAPSED:
                raise VerifyError(f"{where}: {name} is not a {group.site} variable")
            members[name] = (variable.type, group.site)
        _advance(group, replace(names, where=where), members)


def _advance(group: LazyGroup, names: Names, members: dict[str, tuple[Type, Site]]) -> None:
    place = replace(CLOSED, where=names.where, visible=VISIBLE[group.site])
    for name, expression in zip(group.names, group.advance, strict=True):
        check_expression(expression, names, place, members, {})
        if expression.type is not members[name][0]:
            raise VerifyError(f"{names.where}: {name} is advanced to a value of type {expression.type}")


def _declarations(
    names: Names, sites: frozenset[Site], parameter_sites: frozenset[Site], purposes: dict[int, str]
) -> None:
    owner, where = names.owner, names.where
    declared = [p.name for p in owner.parameters] + [v.name for v in owner.variables] + [d.name for d in owner.derived]
    check_unique(where, "name", declared)
    check_names(where, declared)
    for parameter in owner.parameters:
        if parameter.site not in parameter_sites or parameter.type is Type.BOOL:
            raise VerifyError(f"{where}, parameter {parameter.name}: {parameter.type} at {parameter.site}")
        if math.isnan(parameter.default):
            raise VerifyError(f"{where}, parameter {parameter.name}: its default is not a number")
    earlier: tuple[DerivedValue, ...] = ()
    for derived in owner.derived:
        place = replace(CLOSED, where=f"{where}, derived {derived.name}", visible=VISIBLE[derived.site])
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
