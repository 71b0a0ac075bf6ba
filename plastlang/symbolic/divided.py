"""Divided differences of exp: what the solution of linear equations is made of, safe where time constants are equal.

The flow of a chain of linear equations is a sum of products of couplings with exp[z0, ..., zk], the divided difference
at the rates (times dt) along the chain; a constant inflow adds a rate 0. The textbook formula 1 / (1/a - 1/b) is its
first order and breaks at a = b, while the divided difference is smooth there (McCurdy, Ng & Parlett 1984, Math. Comp.
43, 501-528).
"""

from __future__ import annotations

from itertools import product
from math import factorial, prod

from plastlang.ir.nodes import Binary, Const, Expr, Select
from plastlang.symbolic.build import ONE, ZERO, add, call, divide, larger, multiply, negate, not_zero, smaller, subtract
from plastlang.symbolic.constants import Constants

#: The highest order that is offered: four rates.
HIGHEST = 3
_NEAR = 0.5  # spread below which the series is used
_SERIES = 15  # its degree: the rest is below 1e-16 of the sum


def over(z: Expr) -> Expr:
    """expm1(z) / z, which is exp[z, 0]; 1 at z = 0."""
    if z == ZERO:
        return ONE
    safe = not_zero(z)
    return divide(call("expm1", safe), safe)


def first(a: Expr, b: Expr) -> Expr:
    """exp[a, b], evaluated from the larger so that nothing overflows that the result does not."""
    if a == b:
        return call("exp", a)
    if b == ZERO:
        return over(a)
    if a == ZERO:
        return over(b)
    distance = negate(call("abs", subtract(a, b)))
    return multiply(call("exp", larger(a, b)), over(distance))


def divided(points: tuple[Expr, ...], name: str, constants: Constants) -> Expr:
    """exp[points] for one to four constant points (each a derived value or a number), as a derived value."""
    match points:
        case (a,):
            return constants.derive(call("exp", a), name)
        case (a, b):
            if a != b and ZERO not in (a, b):
                safe = constants.derive(not_zero(negate(call("abs", subtract(a, b)))), f"{name}_apart")
                value = multiply(call("exp", larger(a, b)), divide(call("expm1", safe), safe))
                return constants.derive(value, name)
            return constants.derive(first(a, b), name)
        case _:
            return _higher(points, name, constants)


def _higher(points: tuple[Expr, ...], name: str, constants: Constants) -> Expr:
    assert len(points) - 1 <= HIGHEST
    ordered = _ordered(points, name, constants)
    spread = constants.derive(subtract(ordered[-1], ordered[0]), f"{name}_spread")
    upper = divided(ordered[1:], f"{name}_upper", constants)
    lower = divided(ordered[:-1], f"{name}_lower", constants)
    far = Binary(">", spread, Const(_NEAR))
    apart = divide(subtract(upper, lower), Select(far, spread, ONE))
    near = constants.derive(series(_symmetric(ordered, name, constants), len(points) - 1), f"{name}_near")
    mean = _mean(ordered, name, constants)
    return constants.derive(Select(far, apart, multiply(call("exp", mean), near)), name)


def _mean(points: tuple[Expr, ...], name: str, constants: Constants) -> Expr:
    total: Expr = ZERO
    for point in points:
        total = add(total, point)
    return constants.derive(divide(total, Const(float(len(points)))), f"{name}_mean")


def _ordered(points: tuple[Expr, ...], name: str, constants: Constants) -> tuple[Expr, ...]:
    """The points in ascending order, by exchanging neighbours."""
    row = list(points)
    for last in range(len(row) - 1, 0, -1):
        for i in range(last):
            a, b = row[i], row[i + 1]
            row[i] = constants.derive(smaller(a, b), f"{name}_sort")
            row[i + 1] = constants.derive(larger(a, b), f"{name}_sort")
    return tuple(row)


def _symmetric(points: tuple[Expr, ...], name: str, constants: Constants) -> tuple[Expr, ...]:
    """The elementary symmetric polynomials e2, e3, ... of the deviations from the mean (e1 is 0)."""
    mean = _mean(points, name, constants)
    polynomials: list[Expr] = [ONE, *(ZERO for _ in points)]
    for number, point in enumerate(points):
        deviation = constants.derive(subtract(point, mean), f"{name}_off")
        for k in range(number + 1, 0, -1):
            polynomials[k] = add(polynomials[k], multiply(deviation, polynomials[k - 1]))
    return tuple(constants.derive(p, f"{name}_e{k}") for k, p in enumerate(polynomials[2:], 2))


def series(e: tuple[Expr, ...], order: int) -> Expr:
    """exp[deviations] from the symmetric polynomials e2, e3, ...: sum of h_n / (n + order)!, nested for evaluation.

    h_n, the complete symmetric polynomial, is the coefficient of t**n in 1 / (1 + e2 t**2 - e3 t**3 + e4 t**4 ...).
    """
    degrees = range(2, 2 + len(e))
    coefficients: dict[tuple[int, ...], float] = {}
    for powers in product(*(range(_SERIES // d + 1) for d in degrees)):
        n = sum(p * d for p, d in zip(powers, degrees, strict=True))
        if n <= _SERIES:
            count = factorial(sum(powers)) // prod(factorial(p) for p in powers)
            sign = (-1) ** sum(p for p, d in zip(powers, degrees, strict=True) if d % 2 == 0)
            coefficients[powers] = sign * count / factorial(n + order)
    return _nested(coefficients, e)


def _nested(coefficients: dict[tuple[int, ...], float], e: tuple[Expr, ...]) -> Expr:
    if not e:
        return Const(coefficients[()])
    result: Expr = ZERO
    for power in range(max(p[0] for p in coefficients), -1, -1):
        inner = {p[1:]: c for p, c in coefficients.items() if p[0] == power}
        result = add(multiply(e[0], result), _nested(inner, e[1:]))
    return result
