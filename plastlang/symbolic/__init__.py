"""Equations to the intermediate representation; the only package that knows sympy."""

from plastlang.symbolic.explain import Explanation
from plastlang.symbolic.lowering import Lowered, lower

__all__ = ["Explanation", "Lowered", "lower"]
