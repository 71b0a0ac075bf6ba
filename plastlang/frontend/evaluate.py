"""The value of a constant expression, in double: parameters' defaults, constants, sizes and times of a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import assert_never

from plastlang.ir.nodes import (
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Derived,
    Draw,
    Expr,
    InputSum,
    Local,
    Param,
    Read,
    Select,
    Unary,
)
from plastlang.ir.types import Type

Number = float | int | bool

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "sign": lambda x: (x > 0) - (x < 0),
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "expm1": math.expm1,
    "log1p": math.log1p,
}


class NotConstant(Exception):
    """The expression depends on something that is known only at run time."""


def evaluate(expr: Expr) -> Number:
    """The value of an expression of literals.

    Raises:
        NotConstant: it reads a parameter, a variable, a built-in value or a draw.
        ArithmeticError, ValueError: division by zero, overflow, logarithm of a negative number, ...
    """
    match expr:
        case Const(value=value):
            return value
        case Unary(op="not", value=value):
            return not evaluate(value)
        case Unary(value=value):
            return -evaluate(value)
        case Binary(op=op, left=left, right=right):
            return _binary(op, evaluate(left), evaluate(right))
        case Select(condition=condition, then=then, otherwise=otherwise):
            return evaluate(then) if evaluate(condition) else evaluate(otherwise)
        case Call(function=function, arguments=arguments):
            return float(_FUNCTIONS[function](float(evaluate(arguments[0]))))
        case Cast(value=value, type=Type.INT):
            return max(-(2**31), min(2**31 - 1, int(evaluate(value))))
        case Cast(value=value, type=kind):
            return bool(evaluate(value)) if kind is Type.BOOL else float(evaluate(value))
        case Param() | Derived() | Read() | Local() | Draw() | Builtin() | InputSum():
            raise NotConstant
        case _:
            assert_never(expr)


def _binary(op: str, a: Number, b: Number) -> Number:
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b
        case "%":
            return a - math.floor(a / b) * b
        case "**":
            return _power(float(a), float(b))
        case "min":
            return a if a < b else b
        case "max":
            return a if a > b else b
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case ">=":
            return a >= b
        case "==":
            return a == b
        case "!=":
            return a != b
        case "and":
            return bool(a and b)
        case "or":
            return bool(a or b)
    raise AssertionError(op)


def _power(a: float, b: float) -> float:
    result: float | complex = a**b
    if isinstance(result, complex):
        raise ValueError("a root of a negative number")
    return result
