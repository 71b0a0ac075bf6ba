"""`x ** 2` and `x ** 3` with a literal exponent are products: exact, and without exp and log."""

from __future__ import annotations

from dataclasses import replace

from plastlang.frontend.checked import CheckedComponent
from plastlang.ir.nodes import Binary, Const, Draw, Expr, Population, Projection
from plastlang.ir.walk import map_population, map_projection, rewrite, walk


def products(expression: Expr) -> Expr:
    """The expression with such powers written as products. A base that draws stays, since it must be drawn once."""
    return rewrite(expression, _product)


def _product(expression: Expr) -> Expr:
    match expression:
        case Binary(op="**", left=base, right=Const(value=2.0)) if not _draws(base):
            return Binary("*", base, base)
        case Binary(op="**", left=base, right=Const(value=3.0)) if not _draws(base):
            return Binary("*", Binary("*", base, base), base)
        case _:
            return expression


def _draws(expression: Expr) -> bool:
    return any(isinstance(e, Draw) for e in walk(expression))


def in_equations(component: CheckedComponent) -> CheckedComponent:
    """The component with products in its equations."""
    return replace(component, equations=tuple(replace(e, value=products(e.value)) for e in component.equations))


def in_population(population: Population) -> Population:
    """The population with products everywhere but in derived values, which come from equations."""
    return map_population(population, products)


def in_projection(projection: Projection) -> Projection:
    """The projection with products everywhere but in derived values, which come from equations."""
    return map_projection(projection, products)
