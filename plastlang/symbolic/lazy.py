"""Which variables of a rule need no step: linear between events, so that any moment is reached by one formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from plastlang.frontend.checked import CheckedVariable, Equation
from plastlang.ir.nodes import ELAPSED, Binary, Draw, Expr, LazyGroup, Local, Read, Select
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import walk
from plastlang.symbolic.blocks import coupled, reachable
from plastlang.symbolic.bounds import Bounds, clip
from plastlang.symbolic.build import ONE, ZERO, add, call, divide, multiply, real, total
from plastlang.symbolic.classify import Rate, rates, reason_not_exact
from plastlang.symbolic.divided import first
from plastlang.symbolic.methods import Workshop, constant_per_step
from plastlang.symbolic.solve import Solved

_N = real(Local(ELAPSED, Type.INT))


@dataclass(frozen=True, slots=True)
class Laziness:
    """The groups of one site, their explanations, and for each variable that must be stepped the reason."""

    groups: tuple[LazyGroup, ...]
    solved: Mapping[str, Solved]
    stepped: Mapping[str, str]


def lazy_groups(
    equations: tuple[Equation, ...], variables: tuple[CheckedVariable, ...], bounds: Bounds, site: Site, shop: Workshop
) -> Laziness:
    """Find what can wait for its next event.

    Args:
        equations: those of the site.
        variables: all of the component.
        bounds: of the component.
        site: where they live.
        shop: its variables are those of the site that have an equation.
    """
    steady = _steady(equations, variables, site, shop)
    everything = {**shop.variables, **steady}
    found = rates(equations, everything, shop.translation)
    found |= {n: Rate(n, sympy.Integer(0), {}, frozenset()) for n in steady}
    stepped = {e.name: "it draws a random number" for e in equations if _draws(e.value)}
    stepped |= {n: why for n in found.keys() - stepped.keys() if (why := _mixed(n, found, variables))}
    names = tuple(e.name for e in equations)
    while True:
        left = [n for n in names if n not in stepped]
        fresh = {n: _obstacle(n, found, everything, stepped, bounds, shop) for n in left}
        if not any(fresh.values()):
            break
        stepped |= {n: reason for n, reason in fresh.items() if reason}
    groups, solved = _groups(tuple(n for n in names if n not in stepped), found, everything, bounds, site, shop)
    return Laziness(groups, solved, stepped)


def _draws(expression: Expr) -> bool:
    return any(isinstance(e, Draw) for e in walk(expression))


def _mixed(name: str, found: Mapping[str, Rate], variables: tuple[CheckedVariable, ...]) -> str:
    """A group is brought to now as a whole, so the networks of a batch share all of it or nothing."""
    shared = {v.name for v in variables if v.shared}
    for other in found[name].slopes:
        if (other in shared) != (name in shared):
            return f"of it and {other} the networks of a batch share one"
    return ""


def _steady(
    equations: tuple[Equation, ...], variables: tuple[CheckedVariable, ...], site: Site, shop: Workshop
) -> dict[str, Read]:
    """Variables of the site without an equation that the equations read: constant between events."""
    own = {v.name for v in variables if v.site is site and v.type is Type.REAL} - shop.variables.keys()
    reads = (e for equation in equations for e in walk(equation.value))
    return {r.name: r for r in reads if isinstance(r, Read) and r.name in own and not r.of and not r.before}


def _obstacle(
    name: str,
    found: Mapping[str, Rate],
    everything: Mapping[str, Read],
    stepped: Mapping[str, str],
    bounds: Bounds,
    shop: Workshop,
) -> str:
    """Why the variable cannot wait; '' where it can."""
    rate = found[name]
    members = frozenset(everything) - stepped.keys()
    reason = reason_not_exact(rate, members, shop.translation, shop.constants)
    if reason:
        return reason
    changing = _changing(rate, everything, shop)
    if changing:
        return f"it reads {changing}, which changes on its own"
    if name in bounds:
        if rate.slopes.keys() - {name} and not _keeps_direction(rate, found, everything, shop):
            return "it has bounds and depends on other variables"
        if not all(shop.constants.is_constant(b) for b in bounds[name] if b is not None):
            return "its bounds change"
    inflows = {n: tuple(found[n].slopes) for n in members}
    for other in rate.slopes:
        if other != name and name in reachable(other, inflows):
            return f"it is coupled both ways with {other}"
        if other != name and other in bounds and found[other].slopes:
            return f"it depends on {other}, which has bounds"
        if other != name and _is_driven(found[other], everything, shop):
            return f"it stands in a chain of more than two equations with {other}"
    return ""


def _keeps_direction(
    rate: Rate, found: Mapping[str, Rate], everything: Mapping[str, Read], shop: Workshop
) -> bool:  # fmt: skip
    """Whether x' = k y with y' = z y. Then y keeps its sign between events and x goes one way, so that its value, put
    into its bounds whenever it is looked at, is what it would be if it stopped at a bound.
    """
    others = rate.slopes.keys() - {rate.name}
    return (
        rate.name not in rate.slopes
        and len(others) == 1
        and _inflow(rate, everything, shop) == 0
        and not any(_is_driven(found[other], everything, shop) for other in others)
    )


def _is_driven(rate: Rate, everything: Mapping[str, Read], shop: Workshop) -> bool:
    """Whether other variables or a constant flow into this one."""
    return bool(rate.slopes.keys() - {rate.name}) or bool(_inflow(rate, everything, shop) != 0)


def _inflow(rate: Rate, everything: Mapping[str, Read], shop: Workshop) -> sympy.Expr:
    return rate.value.subs({shop.translation.symbol(r): 0 for r in everything.values()})


def _changing(rate: Rate, everything: Mapping[str, Read], shop: Workshop) -> str:
    """The name of something that is read and is neither a member nor constant; '' without one."""
    inflow = _inflow(rate, everything, shop)
    for symbol in sorted(inflow.free_symbols, key=str):
        if not shop.constants.is_constant(shop.translation.meaning(symbol)):
            return str(symbol).removeprefix("builtin.")
    return ""


def _groups(
    names: tuple[str, ...],
    found: Mapping[str, Rate],
    everything: Mapping[str, Read],
    bounds: Bounds,
    site: Site,
    shop: Workshop,
) -> tuple[tuple[LazyGroup, ...], dict[str, Solved]]:
    """Variables that need one another share a group, since a write to one brings all of them to now."""
    steady = tuple(n for n in everything if n not in shop.variables)
    links: dict[str, list[str]] = {}
    for name in names:
        for other in found[name].slopes:
            links.setdefault(name, []).append(other)
            links.setdefault(other, []).append(name)
    groups: list[LazyGroup] = []
    solved: dict[str, Solved] = {}
    for members in dict.fromkeys(coupled((*names, *steady), links).values()):
        if members[0] in names:
            advance = tuple(_advance(n, found, everything, bounds, shop) for n in members)
            groups.append(LazyGroup(members, site, advance))
            solved |= {n: _explained(n, members, site) for n in members if n in names}
    return tuple(groups), solved


def _explained(name: str, members: tuple[str, ...], site: Site) -> Solved:
    others = [m for m in members if m != name]
    together = f", brought up to date together with {', '.join(others)}" if others else ""
    return Solved(Local(name), "lazy", f"linear between events, so it is computed when an event needs it{together}")


def _advance(
    name: str, found: Mapping[str, Rate], everything: Mapping[str, Read], bounds: Bounds, shop: Workshop
) -> Expr:
    """The value n steps after the last write."""
    rate, here = found[name], Local(name)
    if rate.value == 0:
        return here
    own = _entry(rate, name, shop)
    inflow = _inflow(rate, everything, shop)
    constant = [] if inflow == 0 else [constant_per_step(inflow, f"c_{name}", shop)]
    moving = [m for m in rate.slopes if m != name and found[m].value != 0]
    still = [multiply(_entry(rate, m, shop), Local(m)) for m in rate.slopes if m != name and found[m].value == 0]
    value = _relaxed(name, here, own, [*still, *constant], shop)
    for other in moving:
        theirs = _entry(found[other], other, shop)
        share = first(multiply(_N, own), multiply(_N, theirs)) if own != theirs else call("exp", multiply(_N, own))
        value = add(value, multiply(multiply(multiply(_N, _entry(rate, other, shop)), share), Local(other)))
    return clip(name, value, bounds)


def _entry(rate: Rate, name: str, shop: Workshop) -> Expr:
    slope = rate.slopes.get(name, 0)
    hint = f"z_{name}" if rate.name == name else f"z_{rate.name}_{name}"
    return ZERO if slope == 0 else constant_per_step(slope, hint, shop)


def _relaxed(name: str, here: Expr, own: Expr, inflow: list[Expr], shop: Workshop) -> Expr:
    """x exp(n z), or with a constant inflow b per step x + (b + z x) expm1(n z) / z; n b where z is 0."""
    if own == ZERO:
        return add(here, multiply(_N, total(inflow)))
    if not inflow:
        return multiply(here, call("exp", multiply(_N, own)))
    none = Binary("==", own, ZERO)
    inverse = shop.constants.derive(divide(ONE, Select(none, ONE, own)), f"per_z_{name}")
    time = Select(none, _N, multiply(call("expm1", multiply(_N, own)), inverse))
    return add(here, multiply(add(total(inflow), multiply(own, here)), time))
