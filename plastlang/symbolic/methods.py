"""One step of the equations that have no exact solution: exponential Euler, Runge-Kutta of order 4, Euler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from plastlang.ir.nodes import Builtin, Const, Expr, Read
from plastlang.ir.walk import rewrite
from plastlang.symbolic.build import ONE, STEP, ZERO, add, call, divide, multiply, not_zero, total
from plastlang.symbolic.classify import Rate, terms
from plastlang.symbolic.constants import Constants
from plastlang.symbolic.convert import Translation
from plastlang.symbolic.divided import over
from plastlang.symbolic.lets import Lets


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the solvers of one site share.

    `variables` are those that are solved; `moving` are the names of others that have an equation of their own.
    """

    translation: Translation
    constants: Constants
    lets: Lets
    variables: Mapping[str, Read]
    moving: frozenset[str] = frozenset()


def per_step(expression: sympy.Expr, name: str, shop: Workshop, weight: Expr = ONE) -> list[Expr]:
    """The expression times dt and the constant `weight`: derived values times what changes, the constant last."""
    parts = terms(expression, shop.translation, shop.constants)
    if parts is None:
        value = shop.constants.hoist(shop.translation.to_ir(expression), name)
        factor = shop.constants.derive(multiply(weight, STEP), f"{name}_step")
        return [multiply(factor, shop.lets.bind(value, name))]
    return [
        multiply(
            constant_per_step(part.factor, _label(name, part.running), shop, weight),
            shop.translation.to_ir(part.running),
        )
        for part in parts
    ]


def constant_per_step(factor: sympy.Expr, name: str, shop: Workshop, weight: Expr = ONE) -> Expr:
    """A constant times dt and `weight`, derived."""
    value = shop.translation.to_ir(factor * shop.translation.symbol(STEP))
    return shop.constants.derive(multiply(weight, value), name)


def _label(name: str, running: sympy.Expr) -> str:
    symbols = sorted(str(s).rpartition(".")[2].replace("@", "_") for s in running.free_symbols)
    return "_".join([name, *symbols])


def exponential_euler(rate: Rate, shop: Workshop) -> tuple[Expr, str]:
    """The exact solution over dt with all other variables frozen at their values at the start of the step.

    x + (inflow + z x) expm1(z) / z, where z = slope dt; the fraction is 1 at z = 0.

    Returns:
        The new value and the method: 'euler' where the rate does not depend on x itself.
    """
    name, here = rate.name, shop.variables[rate.name]
    symbol = shop.translation.symbol(here)
    slope = rate.slopes.get(name, sympy.Integer(0))
    rest = rate.value.subs(symbol, 0)
    if slope == 0:
        return total([here, *per_step(rest, f"gain_{name}", shop)]), "euler"
    z = total(per_step(slope, f"slope_{name}", shop))
    if shop.constants.is_constant(z):
        z = shop.constants.derive(z, f"slope_{name}")
        kept = shop.constants.derive(call("exp", z), f"kept_{name}")
        weight = shop.constants.derive(over(z), f"weight_{name}")
        return total([multiply(kept, here), *per_step(rest, f"gain_{name}", shop, weight)]), "exponential_euler"
    z = shop.lets.bind(z, f"z_{name}")
    safe = shop.lets.bind(not_zero(z), f"s_{name}")
    change = total([*per_step(rest, f"gain_{name}", shop), multiply(z, here)])
    return add(here, multiply(change, divide(call("expm1", safe), safe))), "exponential_euler"


def euler(name: str, values: Mapping[str, Expr], shop: Workshop) -> Expr:
    """x + dt f(x)."""
    return add(shop.variables[name], multiply(STEP, shop.constants.hoist(values[name], f"f_{name}")))


def runge_kutta(
    names: tuple[str, ...], stages: tuple[str, ...], values: Mapping[str, Expr], shop: Workshop
) -> dict[str, Expr]:
    """The classical method of order 4.

    Args:
        names: the variables that are wanted.
        stages: they and all that they depend on, which are taken along through the inner stages.
        values: the right sides.
        shop: of the site.
    """
    constants, lets = shop.constants, shop.lets
    half = constants.derive(multiply(Const(0.5), STEP), "half_step")
    sixth = constants.derive(divide(STEP, Const(6.0)), "sixth_step")
    hoisted = {n: constants.hoist(values[n], f"f_{n}") for n in stages}
    slopes: list[dict[str, Expr]] = []
    for number, ahead in enumerate((ZERO, half, half, STEP), 1):
        if number == 1:
            at: dict[str, Expr] = {n: shop.variables[n] for n in stages}
        else:
            at = {
                n: lets.bind(add(shop.variables[n], multiply(ahead, slopes[-1][n])), f"at{number}_{n}") for n in stages
            }
        wanted = stages if number < 4 else names
        slopes.append({n: lets.bind(_moved(hoisted[n], at, ahead, shop), f"k{number}_{n}") for n in wanted})
    first, second, third, fourth = slopes
    return {
        n: add(
            shop.variables[n],
            multiply(add(add(first[n], multiply(Const(2.0), add(second[n], third[n]))), fourth[n]), sixth),
        )
        for n in names
    }


def _moved(expression: Expr, at: Mapping[str, Expr], ahead: Expr, shop: Workshop) -> Expr:
    """The expression at other values of the variables, and `ahead` later."""

    def move(e: Expr) -> Expr:
        match e:
            case Read(name=name) if name in at and e == shop.variables[name]:
                return at[name]
            case Builtin(name="t"):
                return add(e, ahead)
            case _:
                return e

    return rewrite(expression, move)
