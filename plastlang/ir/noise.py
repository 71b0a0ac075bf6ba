"""White noise in the right side of an equation: x' = drift + diffusion * xi.

Until equations are solved, `xi` is a `Draw` of this kind, the same one wherever it stands in one equation.
"""

from __future__ import annotations

from typing import TypeAlias

from plastlang.ir.nodes import Binary, Const, Draw, Expr, Select, Unary
from plastlang.ir.walk import walk

XI = "xi"

#: A part that is zero as written is None.
Parts: TypeAlias = "tuple[Expr | None, Expr | None]"


class NotLinear(Exception):
    """`xi` stands inside a function, a product with itself, a divisor or a condition."""


def noise_of(expression: Expr) -> Draw | None:
    """The `xi` of an equation."""
    return next((e for e in walk(expression) if isinstance(e, Draw) and e.kind == XI), None)


def drift_and_diffusion(expression: Expr) -> Parts:
    """The parts of an expression that is linear in `xi`, in the order of operations in which they are written.

    Raises:
        NotLinear: it is not.
    """
    if noise_of(expression) is None:
        return expression, None
    match expression:
        case Draw():
            return None, Const(1.0)
        case Unary(op="-", value=value):
            drift, diffusion = drift_and_diffusion(value)
            return _minus(drift), _minus(diffusion)
        case Binary(op="+" | "-" as op, left=left, right=right):
            (a, b), (c, d) = drift_and_diffusion(left), drift_and_diffusion(right)
            return _sum(op, a, c), _sum(op, b, d)
        case Binary(op="*", left=left, right=right) if noise_of(right) is None:
            drift, diffusion = drift_and_diffusion(left)
            return _times(drift, right), _times(diffusion, right)
        case Binary(op="*", left=left, right=right) if noise_of(left) is None:
            drift, diffusion = drift_and_diffusion(right)
            return _times(left, drift), _times(left, diffusion)
        case Binary(op="/", left=left, right=right) if noise_of(right) is None:
            drift, diffusion = drift_and_diffusion(left)
            return _over(drift, right), _over(diffusion, right)
        case Select(condition=condition, then=then, otherwise=otherwise) if noise_of(condition) is None:
            (a, b), (c, d) = drift_and_diffusion(then), drift_and_diffusion(otherwise)
            return _chosen(condition, a, c), _chosen(condition, b, d)
        case _:
            raise NotLinear


def _minus(part: Expr | None) -> Expr | None:
    return None if part is None else Unary("-", part)


def _sum(op: str, left: Expr | None, right: Expr | None) -> Expr | None:
    if right is None:
        return left
    if left is None:
        return right if op == "+" else Unary("-", right)
    return Binary(op, left, right)


def _times(left: Expr | None, right: Expr | None) -> Expr | None:
    if left is None or right is None:
        return None
    if left == Const(1.0):
        return right
    return left if right == Const(1.0) else Binary("*", left, right)


def _over(part: Expr | None, divisor: Expr) -> Expr | None:
    return None if part is None else Binary("/", part, divisor)


def _chosen(condition: Expr, then: Expr | None, otherwise: Expr | None) -> Expr | None:
    if then is None and otherwise is None:
        return None
    return Select(condition, then or Const(0.0), otherwise or Const(0.0))
