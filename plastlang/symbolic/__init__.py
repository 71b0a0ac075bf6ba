"""Equations to the intermediate representation; the only package that knows sympy."""

from plastlang.ir.lowered import Explanation, Lowered
from plastlang.symbolic.lowering import lower

__all__ = ["Explanation", "Lowered", "lower"]
