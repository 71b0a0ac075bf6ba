"""Parameters that equations divide by, such as time constants: 0 is no value for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plastlang.frontend.checked import Equation
from plastlang.ir.nodes import Binary, Expr, Param, Select
from plastlang.ir.walk import children


def divisors(equations: Iterable[Equation]) -> dict[str, str]:
    """Parameter -> the first variable whose equation divides by it, whatever else is the case.

    What stands in `a if c else b` does not count: `c` may say that the parameter is not 0.
    """
    found: dict[str, str] = {}
    for equation in equations:
        for name in _divisors(equation.value):
            found.setdefault(name, equation.name)
    return found


def _divisors(expression: Expr) -> Iterator[str]:
    if isinstance(expression, Select):
        yield from _divisors(expression.condition)
        return
    if isinstance(expression, Binary) and expression.op == "/":
        yield from _factors(expression.right)
    for part in children(expression):
        yield from _divisors(part)


def _factors(expression: Expr) -> Iterator[str]:
    match expression:
        case Param(name):
            yield name
        case Binary("*" | "**", left, right):
            yield from _factors(left)
            if expression.op == "*":
                yield from _factors(right)
        case _:
            pass
