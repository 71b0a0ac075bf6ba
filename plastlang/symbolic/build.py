"""Making expressions without the operations that do nothing: `0 + x`, `1 * x`, two constants."""

from __future__ import annotations

from plastlang.ir.nodes import Binary, Builtin, Call, Cast, Const, Expr, Select, Unary
from plastlang.ir.types import Site, Type

ZERO = Const(0.0)
ONE = Const(1.0)
STEP = Builtin("dt", Type.REAL, Site.GLOBAL)


def _value(expression: Expr) -> float | None:
    """The number of a REAL constant, else None."""
    if isinstance(expression, Const) and expression.type is Type.REAL:
        return float(expression.value)
    return None


def add(left: Expr, right: Expr) -> Expr:
    """left + right, or left - x where right is -x."""
    a, b = _value(left), _value(right)
    if a is not None and b is not None:
        return Const(a + b)
    if a == 0:
        return right
    if b == 0:
        return left
    if isinstance(right, Unary) and right.op == "-":
        return subtract(left, right.value)
    if b is not None and b < 0:
        return Binary("-", left, Const(-b))
    return Binary("+", left, right)


def subtract(left: Expr, right: Expr) -> Expr:
    """left - right."""
    a, b = _value(left), _value(right)
    if a is not None and b is not None:
        return Const(a - b)
    if b == 0:
        return left
    if a == 0:
        return negate(right)
    return Binary("-", left, right)


def negate(value: Expr) -> Expr:
    """-value."""
    number = _value(value)
    if number is not None:
        return Const(-number)
    if isinstance(value, Unary) and value.op == "-":
        return value.value
    return Unary("-", value)


def multiply(left: Expr, right: Expr) -> Expr:
    """left * right. A factor that is 0 as written makes the product 0."""
    a, b = _value(left), _value(right)
    if a is not None and b is not None:
        return Const(a * b)
    if a == 0 or b == 0:
        return ZERO
    if a == 1:
        return right
    if b == 1:
        return left
    if a == -1:
        return negate(right)
    if b == -1:
        return negate(left)
    return Binary("*", left, right)


def divide(left: Expr, right: Expr) -> Expr:
    """left / right."""
    a, b = _value(left), _value(right)
    if a is not None and b is not None and b != 0:
        return Const(a / b)
    if b == 1:
        return left
    return Binary("/", left, right)


def total(terms: list[Expr]) -> Expr:
    """The sum from left to right; 0 without terms."""
    result: Expr = ZERO
    for term in terms:
        result = add(result, term)
    return result


def call(function: str, *arguments: Expr) -> Expr:
    """function(arguments)."""
    return Call(function, arguments)


def smaller(left: Expr, right: Expr) -> Expr:
    """min(left, right)."""
    return left if left == right else Binary("min", left, right)


def larger(left: Expr, right: Expr) -> Expr:
    """max(left, right)."""
    return left if left == right else Binary("max", left, right)


def not_zero(value: Expr) -> Expr:
    """`value`, or 1e-30 in place of 0: what expm1(x) / x is asked at, which is 1 there at either precision."""
    return Select(Binary("==", value, ZERO), Const(1e-30), value)


def real(value: Expr) -> Expr:
    """An INT expression as REAL."""
    return Cast(value, Type.REAL)
