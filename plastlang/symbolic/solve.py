"""The equations of one site over one step: what is linear exactly, the rest by a method, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy

from plastlang.frontend.checked import Equation
from plastlang.ir.nodes import Builtin, Expr, Read
from plastlang.ir.walk import walk
from plastlang.symbolic.blocks import coupled, reachable
from plastlang.symbolic.build import ZERO, multiply, total
from plastlang.symbolic.classify import Rate, is_conditionally_linear, rates, reason_not_exact
from plastlang.symbolic.methods import Workshop, constant_per_step, euler, exponential_euler, per_step, runge_kutta
from plastlang.symbolic.propagators import NoClosedForm, Propagator


@dataclass(frozen=True, slots=True)
class Solved:
    """The value of a variable at the end of the step, from values at its start. `how`, `why`: for the reader."""

    value: Expr
    how: str
    why: str


def solve(equations: tuple[Equation, ...], method: str, shop: Workshop) -> dict[str, Solved]:
    """Solve the equations of one site over dt.

    Args:
        equations: right sides without draws. Other reads are constant during the step.
        method: for what has no exact solution; '' leaves the choice to the equations.
        shop: its `variables` are those that have an equation here.
    """
    found = rates(equations, shop.variables, shop.translation)
    names = tuple(e.name for e in equations)
    result, reasons = _exact(names, found, shop)
    rest = tuple(n for n in names if n not in result)
    values = {e.name: e.value for e in equations}
    inflows = {e.name: tuple(n for n in names if _reads(e.value, shop.variables[n])) for e in equations}
    groups = coupled(rest, {n: tuple(j for j in inflows[n] if j in rest) for n in rest})
    for name in rest:
        if name not in result:
            result.update(_numerical(groups[name], method, found, values, inflows, reasons, shop))
    return {n: result[n] for n in names}


def _reads(expression: Expr, variable: Read) -> bool:
    return any(e == variable for e in walk(expression))


# ---------------------------------------------------------------- exact


def _exact(
    names: tuple[str, ...], found: Mapping[str, Rate], shop: Workshop
) -> tuple[dict[str, Solved], dict[str, str]]:
    """The variables with an exact solution, and for the others the reason why they have none."""
    members, reasons = frozenset(names), {}
    while True:
        for name in names:
            if name in members:
                reason = reason_not_exact(found[name], members, shop.translation, shop.constants)
                if reason:
                    reasons[name] = reason
        if members & reasons.keys():
            members -= reasons.keys()
            continue
        inside = tuple(n for n in names if n in members)
        refused = _refused(inside, found, shop)
        if not refused:
            return _rows(inside, found, shop), reasons
        reasons |= refused
        members -= refused.keys()


def _propagator(names: tuple[str, ...], found: Mapping[str, Rate], shop: Workshop) -> Propagator:
    entries = {
        (i, j): constant_per_step(found[i].slopes[j], f"z_{i}" if i == j else f"z_{i}_{j}", shop)
        for i in names
        for j in names
        if found[i].slopes.get(j, 0) != 0
    }
    return Propagator(names, entries, shop.constants)


def _inflows(names: tuple[str, ...], found: Mapping[str, Rate], shop: Workshop) -> dict[str, sympy.Expr]:
    """What each rate is where all variables are 0: the part that is constant during the step."""
    zero = {shop.translation.symbol(shop.variables[n]): 0 for n in names}
    return {n: found[n].value.subs(zero) for n in names}


def _refused(names: tuple[str, ...], found: Mapping[str, Rate], shop: Workshop) -> dict[str, str]:
    """Variables whose solution has no closed form, tried without keeping anything."""
    trial = replace(shop, constants=shop.constants.copy())
    propagator, inflows = _propagator(names, found, trial), _inflows(names, found, trial)
    refused: dict[str, str] = {}
    for i in names:
        try:
            for j in names:
                propagator.flow(i, j)
                if inflows[j] != 0:
                    propagator.response(i, j)
        except NoClosedForm as fault:
            refused[i] = str(fault)
    return refused


def _rows(names: tuple[str, ...], found: Mapping[str, Rate], shop: Workshop) -> dict[str, Solved]:
    propagator, inflows = _propagator(names, found, shop), _inflows(names, found, shop)
    return {i: _row(i, names, propagator, inflows, shop) for i in names}


def _row(
    i: str, names: tuple[str, ...], propagator: Propagator, inflows: Mapping[str, sympy.Expr], shop: Workshop
) -> Solved:
    ordered = (i, *(n for n in names if n != i))
    summands = [multiply(propagator.flow(i, j), shop.variables[j]) for j in ordered]
    constants: list[Expr] = []
    inflow = sympy.Integer(0)
    for j in ordered:
        weight = propagator.response(i, j) if inflows[j] != 0 else None
        if weight is None or weight == ZERO:
            continue
        inflow += inflows[j]
        for summand in per_step(inflows[j], f"c_{i}" if j == i else f"c_{i}_{j}", shop, weight):
            if shop.constants.is_constant(summand):
                constants.append(summand)
            else:
                summands.append(summand)
    if constants:
        summands.append(shop.constants.derive(total(constants), f"c_{i}"))
    others = [j for j in names if j != i and propagator.flow(i, j) != ZERO]
    with_others = f", together with {', '.join(others)}" if others else ""
    value, why = total(summands), f"linear with constant coefficients{with_others}"
    moving = _moving(inflow, shop)
    if not moving:
        return Solved(value, "exact", why)
    held = "is held at its value" if len(moving) == 1 else "are held at their values"
    how = "euler" if propagator.rate(i) == ZERO else "exponential_euler"
    return Solved(value, how, f"{why}; {', '.join(moving)} {held} at the start of the step")


def _moving(inflow: sympy.Expr, shop: Workshop) -> tuple[str, ...]:
    """What changes during the step and yet is taken as constant, by name."""
    found: set[str] = set()
    for symbol in inflow.free_symbols:
        for leaf in walk(shop.translation.meaning(symbol)):
            match leaf:
                case Read(name=name, of=of) if of or name in shop.moving:
                    found.add(f"{of}.{name}" if of else name)
                case Builtin(name="t"):
                    found.add("t")
                case _:
                    pass
    return tuple(sorted(found))


# ---------------------------------------------------------------- by a method


def _numerical(
    group: tuple[str, ...],
    method: str,
    found: Mapping[str, Rate],
    values: Mapping[str, Expr],
    inflows: Mapping[str, tuple[str, ...]],
    reasons: Mapping[str, str],
    shop: Workshop,
) -> dict[str, Solved]:
    bent = [n for n in group if not is_conditionally_linear(found[n])]
    if method == "euler":
        return {n: Solved(euler(n, values, shop), "euler", f"the method chosen, since {reasons[n]}") for n in group}
    if method != "rk4" and not bent:
        return {n: _frozen(n, found[n], reasons[n], shop) for n in group}
    needed = reachable(group[0], inflows).union(group)
    for name in group:
        needed |= reachable(name, inflows)
    stages = tuple(n for n in values if n in needed)
    solutions = runge_kutta(group, stages, values, shop)
    why = {n: f"the method chosen, since {reasons[n]}" for n in group}
    if method != "rk4":
        why = {n: f"{', '.join(bent)} is not linear in itself, and {reasons[n]}" for n in group}
    return {n: Solved(solutions[n], "rk4", why[n]) for n in group}


def _frozen(name: str, rate: Rate, reason: str, shop: Workshop) -> Solved:
    value, how = exponential_euler(rate, shop)
    if how == "euler":
        return Solved(value, how, f"its rate does not depend on itself, and {reason}")
    return Solved(value, how, f"linear in itself with the others frozen, since {reason}")
