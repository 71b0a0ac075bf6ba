"""What kind of equation is it: its derivatives, and whether it is linear with constant coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from plastlang.frontend.checked import Equation
from plastlang.ir.nodes import Read
from plastlang.symbolic.constants import Constants
from plastlang.symbolic.convert import Translation

#: Terms of a sum beyond which a right side is left as it is written.
MANY_TERMS = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """d(name)/dt = value. `slopes`: its derivatives by the variables that it depends on.

    `through`: variables inside conditions and unknown functions, of which it is no polynomial.
    """

    name: str
    value: sympy.Expr
    slopes: Mapping[str, sympy.Expr]
    through: frozenset[str]


@dataclass(frozen=True, slots=True)
class Term:
    """`factor` depends on parameters only, `running` is a product of values that change (1: none)."""

    factor: sympy.Expr
    running: sympy.Expr


def rates(equations: tuple[Equation, ...], variables: Mapping[str, Read], translation: Translation) -> dict[str, Rate]:
    """The equations in sympy, with their derivatives by `variables`."""
    symbols = {name: translation.symbol(read) for name, read in variables.items()}
    return {equation.name: _rate(equation, symbols, translation) for equation in equations}


def _rate(equation: Equation, symbols: Mapping[str, sympy.Symbol], translation: Translation) -> Rate:
    value = translation.to_sympy(equation.value)
    present = value.free_symbols
    slopes = {name: sympy.diff(value, symbol) for name, symbol in symbols.items() if symbol in present}
    hidden = set().union(*(c.free_symbols for p in value.atoms(sympy.Piecewise) for _, c in p.args))
    hidden |= set().union(*(f.free_symbols for f in value.atoms(sympy.Function) if not isinstance(f, sympy.Piecewise)))
    through = frozenset(name for name, symbol in symbols.items() if symbol in hidden)
    return Rate(equation.name, value, {n: s for n, s in slopes.items() if s != 0 or n in through}, through)


def is_constant(expression: sympy.Expr, translation: Translation, constants: Constants) -> bool:
    """Whether it depends on parameters and dt only."""
    return all(
        constants.is_constant(translation.meaning(s)) for s in expression.free_symbols if isinstance(s, sympy.Symbol)
    ) and not expression.has(sympy.Derivative, sympy.Subs)


def reason_not_exact(rate: Rate, members: frozenset[str], translation: Translation, constants: Constants) -> str:
    """Why the variable is not linear with constant coefficients among `members`; '' where it is."""
    for name, slope in rate.slopes.items():
        if name in rate.through or not is_constant(slope, translation, constants):
            if name == rate.name:
                return f"the coefficient of {name} in its own equation changes"
            return f"the coefficient of {name} changes"
        if name not in members:
            return f"it depends on {name}, which has no exact solution"
    return ""


def is_conditionally_linear(rate: Rate) -> bool:
    """Whether it is linear in its own variable with the others frozen."""
    slope = rate.slopes.get(rate.name, sympy.Integer(0))
    own = {s for s in slope.free_symbols if str(s) == rate.name}
    return rate.name not in rate.through and not own


def terms(expression: sympy.Expr, translation: Translation, constants: Constants) -> tuple[Term, ...] | None:
    """The expression as a sum of constants times products of changing values, the pure constant last.

    None where it is no polynomial in them, or a very long one.
    """
    running = {s for s in expression.free_symbols if not constants.is_constant(translation.meaning(s))}
    if not running:
        return () if expression == 0 else (Term(expression, sympy.Integer(1)),)
    if sympy.count_ops(expression) > 4 * MANY_TERMS:
        return None
    summands = sympy.Add.make_args(sympy.expand_mul(expression))
    if len(summands) > MANY_TERMS:
        return None
    factors: dict[sympy.Expr, sympy.Expr] = {}
    for summand in summands:
        factor, product = summand.as_independent(*running, as_Add=False)
        if not _is_product_of_symbols(product):
            return None
        factors[product] = factors.get(product, sympy.Integer(0)) + factor
    order = sorted(factors, key=lambda p: (p == 1, str(p)))
    return tuple(Term(factors[p], p) for p in order if factors[p] != 0)


def _is_product_of_symbols(product: sympy.Expr) -> bool:
    for factor in sympy.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        if factor != 1 and not (base.is_Symbol and exponent.is_Integer and exponent > 0):
            return False
    return True
