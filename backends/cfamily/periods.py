"""The number of steps between two runs of an `every` block, from the host's parameters, in double precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.ir.nodes import Binary, Builtin, Cast, Const, Derived, Expr, Param, Population, Projection, Select, Unary
from plastlang.ir.types import Type

_OPERATORS = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "<": np.less, "<=": np.less_equal,
    ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
    "and": np.logical_and, "or": np.logical_or,
}  # fmt: skip


def period_steps(
    period: Expr, owner: Population | Projection, parameters: Mapping[str, NDArray[Any]], dt: float
) -> int:
    """max(1, round(period / dt)), half to even."""
    with np.errstate(all="ignore"):
        return max(1, int(np.rint(float(_value(period, owner, parameters, dt)) / dt)))


def _value(expression: Expr, owner: Population | Projection, parameters: Mapping[str, NDArray[Any]], dt: float) -> Any:
    def of(inner: Expr) -> Any:
        return _value(inner, owner, parameters, dt)

    match expression:
        case Const(value=value):
            return np.int32(value) if expression.type is Type.INT else np.float64(value)
        case Param(name=name):
            value = parameters[name][0]
            return np.int32(value) if expression.type is Type.INT else value
        case Derived(name=name):
            return of(next(d.value for d in owner.derived if d.name == name))
        case Builtin(name="dt"):
            return np.float64(dt)
        case Unary(op=op, value=inner):
            return not of(inner) if op == "not" else -of(inner)
        case Binary(op="min", left=left, right=right):
            return min(of(right), of(left))
        case Binary(op="max", left=left, right=right):
            return max(of(right), of(left))
        case Binary(op=op, left=left, right=right) if op in _OPERATORS:
            return _OPERATORS[op](of(left), of(right))
        case Select(condition=condition, then=then, otherwise=otherwise):
            return of(then) if of(condition) else of(otherwise)
        case Cast(value=inner):
            return np.float64(of(inner)) if expression.type is Type.REAL else np.int32(of(inner))
        case _:
            raise AssertionError(f"{expression} in a period")
