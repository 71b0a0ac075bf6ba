"""The rules of a projection become a Projection: lazy groups, steps for the rest, blocks."""

from __future__ import annotations

from dataclasses import replace

from plastlang.frontend.checked import CheckedComponent, CheckedProjection
from plastlang.ir.lowered import Explanation
from plastlang.ir.nodes import (
    Assign,
    Block,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    LazyGroup,
    Projection,
    Read,
    Sample,
    Stmt,
)
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, walk
from plastlang.symbolic.bounds import Bounds, bound_body, bounds_of, clip
from plastlang.symbolic.constants import Constants
from plastlang.symbolic.explain import explain
from plastlang.symbolic.lazy import lazy_groups
from plastlang.symbolic.lets import Lets
from plastlang.symbolic.noise import solve_with_noise
from plastlang.symbolic.owners import constants_of, parameters, solvable, variables, workshop
from plastlang.symbolic.powers import in_equations, in_projection
from plastlang.symbolic.solve import Solved

#: What is stepped reads the values at the start of the step, so those that are read by others come later.
_ORDER = (Site.SYNAPSE, Site.PRE, Site.POST, Site.GLOBAL)


def lower_projection(projection: CheckedProjection, dt: float) -> tuple[Projection, tuple[Explanation, ...]]:
    """The projection as IR, with the purposes of draws as checked, and what was chosen for its variables."""
    rule = in_equations(projection.rule)
    bounds = bounds_of(rule.variables)
    known = parameters(rule, projection.parameters)
    constants = constants_of(rule, known)
    lazy: list[LazyGroup] = []
    body: list[Stmt] = []
    solved: dict[str, Solved] = {}
    for site in _ORDER:
        groups, statements, of_site = _site(rule, site, constants, bounds)
        lazy += groups
        body += statements
        solved |= of_site
    declared = _declared(rule, projection.initial)
    result = Projection(
        projection.name,
        projection.sources,
        projection.target,
        projection.port,
        1 if projection.delay is None else max(1, round(projection.delay / dt)),
        known,
        constants.values,
        variables(rule, projection.initial, bounds),
        tuple(lazy),
        tuple(body),
        tuple(Block(b.trigger, bound_body(_grown(b.body, declared), bounds), b.span) for b in rule.blocks),
        projection.connect,
    )
    return in_projection(result), explain(projection.name, rule, solved)


def _declared(rule: CheckedComponent, initial: tuple[tuple[str, Expr], ...]) -> tuple[Assign, ...]:
    """Declared start values of synapse variables whose initial synapses start otherwise."""
    given = dict(initial)
    return tuple(
        Assign(v.name, v.init, Site.SYNAPSE)
        for v in rule.variables
        if v.site is Site.SYNAPSE and v.name in given and v.init is not None and given[v.name] != v.init
    )


def _grown(body: tuple[Stmt, ...], declared: tuple[Assign, ...]) -> tuple[Stmt, ...]:
    """New synapses have the declared start values, whatever the initial ones were given."""
    return tuple(_grow(s, declared) for s in body) if declared else body


def _grow(statement: Stmt, declared: tuple[Assign, ...]) -> Stmt:
    match statement:
        case GrowUniform(init=init) | GrowRanked(init=init) | GrowMatched(init=init) | GrowThis(init=init):
            needed = tuple(d for d in declared if not _is_set(d.name, init))
            return replace(statement, init=(*needed, *init))
        case If(then=then, otherwise=otherwise):
            return replace(statement, then=_grown(then, declared), otherwise=_grown(otherwise, declared))
        case Sample(body=body):
            return replace(statement, body=_grown(body, declared))
        case _:
            return statement


def _is_set(name: str, init: tuple[Stmt, ...]) -> bool:
    """Whether the body gives the variable a value whatever it was before."""
    read = any(isinstance(e, Read) and e.name == name for body in all_expressions(init) for e in walk(body))
    return not read and any(isinstance(s, Assign) and s.name == name for s in init)


def _site(
    rule: CheckedComponent, site: Site, constants: Constants, bounds: Bounds
) -> tuple[tuple[LazyGroup, ...], list[Stmt], dict[str, Solved]]:
    names = solvable(rule, site)
    if not names:
        return (), [], {}
    equations = tuple(e for e in rule.equations if e.name in names)
    lets = Lets(site)
    shop = workshop(rule, site, constants, lets)
    laziness = lazy_groups(equations, rule.variables, bounds, site, shop)
    left = frozenset(names) - laziness.stepped.keys()
    shop = workshop(rule, site, constants, lets, frozen=left)
    stepped = [e for e in equations if e.name in laziness.stepped]
    solved = solve_with_noise(stepped, rule.method, shop, lets)
    new = [(n, lets.bind(clip(n, s.value, bounds), f"new_{n}")) for n, s in solved.items()]
    explained = {n: replace(s, why=f"{s.why}; stepped, since {laziness.stepped[n]}") for n, s in solved.items()}
    return laziness.groups, [*lets.statements, *(Assign(n, v, site) for n, v in new)], explained | dict(laziness.solved)
