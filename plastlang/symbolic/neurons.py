"""A neuron of the network becomes a Population: inputs, equations, bounds, in this order in each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from plastlang.frontend.checked import CheckedComponent, CheckedPopulation
from plastlang.ir.lowered import Explanation
from plastlang.ir.nodes import (
    Assign,
    Block,
    Expr,
    Input,
    InputSum,
    Population,
    Read,
    Select,
    Spiking,
    Stmt,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import map_statement, rewrite
from plastlang.symbolic.bounds import Bounds, bound_body, bounds_of, clip
from plastlang.symbolic.build import add
from plastlang.symbolic.constants import Constants
from plastlang.symbolic.explain import explain
from plastlang.symbolic.holds import Counter, count_down, counters, hidden, start, states
from plastlang.symbolic.lets import Lets
from plastlang.symbolic.noise import solve_with_noise
from plastlang.symbolic.owners import constants_of, parameters, solvable, variables, workshop
from plastlang.symbolic.powers import in_equations, in_population
from plastlang.symbolic.renewal import choose
from plastlang.symbolic.solve import Solved


def lower_population(population: CheckedPopulation) -> tuple[Population, tuple[Explanation, ...]]:
    """The population as IR, with the purposes of draws as checked, and what was chosen for its variables."""
    neuron = in_equations(population.neuron)
    bounds = bounds_of(neuron.variables)
    known = parameters(neuron, population.parameters)
    constants = constants_of(neuron, known)
    holds = counters(neuron)
    body, solved = _step(neuron, constants, bounds, holds)
    spiking = _spiking(neuron, constants, bounds, holds)
    result = Population(
        population.name,
        population.size,
        population.grid,
        known,
        constants.values,
        (*variables(neuron, population.initial, bounds), *map(hidden, holds)),
        tuple(Input(i.port, i.dimension.symbol) for i in neuron.inputs),
        body,
        spiking,
        tuple(Block(b.trigger, bound_body(b.body, bounds), b.span) for b in neuron.blocks),
    )
    return in_population(result), explain(population.name, neuron, solved)


def _spiking(
    neuron: CheckedComponent, constants: Constants, bounds: Bounds, holds: tuple[Counter, ...]
) -> Spiking | None:
    if neuron.spiking is None:
        return None
    body = bound_body(neuron.spiking.body, bounds) + tuple(start(c, constants) for c in holds)
    return choose(replace(neuron.spiking, body=body), neuron)


def _step(
    neuron: CheckedComponent, constants: Constants, bounds: Bounds, holds: tuple[Counter, ...]
) -> tuple[tuple[Stmt, ...], dict[str, Solved]]:
    lets = Lets(Site.NEURON)
    current = _inputs(neuron, lets, bounds, holds)
    values, solved = _held_values(neuron, constants, lets, holds)
    assigned = {**current, **values}
    order = [v.name for v in neuron.variables if v.name in assigned]
    body: list[Stmt] = list(lets.statements)
    new = [(name, assigned[name]) for name in order]
    names = {e.name for e in neuron.equations}
    final = Lets(Site.NEURON)
    if sum(name in values for name in order) > 1:
        new = [(n, final.bind(clip(n, v, bounds), f"new_{n}") if n in names else v) for n, v in new]
    else:
        new = [(n, clip(n, v, bounds) if n in names else v) for n, v in new]
    body += [*final.statements, *(Assign(n, v, Site.NEURON) for n, v in new)]
    moved = _after_inputs(body, current, neuron)
    body = [*moved, *map(count_down, holds)]
    shared, of_all = _global_step(neuron, constants, bounds)
    return (*body, *shared), solved | of_all


def _inputs(neuron: CheckedComponent, lets: Lets, bounds: Bounds, holds: tuple[Counter, ...]) -> dict[str, Expr]:
    """The values of the variables that have an input port, with what has arrived. What is held takes nothing in."""
    active = {name: counter.active for counter in holds for name in counter.names}
    current: dict[str, Expr] = {}
    for port in neuron.inputs:
        name = port.variable
        before = current.get(name, Read(name, Site.NEURON, Type.REAL))
        value = clip(name, add(before, InputSum(port.port)), bounds)
        if name in active:
            value = Select(active[name], before, value)
        current[name] = lets.bind(value, f"in_{name}")
    return current


def _after_inputs(body: list[Stmt], current: Mapping[str, Expr], neuron: CheckedComponent) -> list[Stmt]:
    """Reads of variables with an input port, but for those that add the input, become reads of the sum."""
    inputs = len({port.port for port in neuron.inputs})

    def read(e: Expr) -> Expr:
        return current.get(e.name, e) if isinstance(e, Read) and not e.before else e

    return [s if n < inputs else map_statement(s, lambda e: rewrite(e, read)) for n, s in enumerate(body)]


def _held_values(
    neuron: CheckedComponent, constants: Constants, lets: Lets, holds: tuple[Counter, ...]
) -> tuple[dict[str, Expr], dict[str, Solved]]:
    """The values at the end of the step, each chosen by the counters that it depends on."""
    free: dict[str, Solved] = {}
    choices: dict[str, list[Expr]] = {}
    for state in states(holds):
        frozen = frozenset(n for c, active in zip(holds, state, strict=True) if active for n in c.names)
        shop = workshop(neuron, Site.NEURON, constants, lets, frozen, still=frozen)
        equations = [e for e in neuron.equations if e.name in shop.variables]
        solved = solve_with_noise(equations, neuron.method, shop, lets)
        free = free or solved
        for name, read in solvable(neuron, Site.NEURON).items():
            choices.setdefault(name, []).append(solved[name].value if name in solved else read)
    return {name: _choose(values, holds) for name, values in choices.items()}, free


def _choose(values: list[Expr], holds: tuple[Counter, ...]) -> Expr:
    """`values` in the order of `states`."""
    if not holds:
        return values[0]
    half = len(values) // 2
    free, kept = _choose(values[:half], holds[1:]), _choose(values[half:], holds[1:])
    return free if free == kept else Select(holds[0].active, kept, free)


def _global_step(
    neuron: CheckedComponent, constants: Constants, bounds: Bounds
) -> tuple[tuple[Stmt, ...], dict[str, Solved]]:
    """The equations of values that the whole population shares, after those of the neurons."""
    lets = Lets(Site.GLOBAL)
    shop = workshop(neuron, Site.GLOBAL, constants, lets)
    equations = [e for e in neuron.equations if e.name in shop.variables]
    solved = solve_with_noise(equations, neuron.method, shop, lets)
    new = [(n, lets.bind(clip(n, s.value, bounds), f"new_{n}")) for n, s in solved.items()]
    return (*lets.statements, *(Assign(n, v, Site.GLOBAL) for n, v in new)), solved
