"""Expressions to sympy and back.

Arithmetic, the smooth functions and Select are known to sympy; every other node is opaque: a symbol, or a function of
the values that it reads, so that a derivative never loses them. Numbers are exact rationals of their shortest decimal
form, so they come back as the same doubles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import sympy
from sympy.core.function import AppliedUndef, UndefinedFunction

from plastlang.ir.nodes import (
    Binary,
    Builtin,
    Call,
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
from plastlang.ir.walk import walk
from plastlang.symbolic.build import ONE, ZERO, add, call, divide, multiply, negate

_SMOOTH = {"exp": sympy.exp, "log": sympy.log, "sin": sympy.sin, "cos": sympy.cos, "tanh": sympy.tanh}
_BACK = {function: name for name, function in _SMOOTH.items()}
_NAMED = {"min": "min", "max": "max", "%": "mod"}  # binary operators that become functions
_OPERATORS = {name: op for op, name in _NAMED.items()}


class Translation:
    """Remembers what each symbol stands for. One per component, so that equal leaves are equal symbols."""

    def __init__(self) -> None:
        self._symbols: dict[Expr, sympy.Symbol] = {}
        self._meaning: dict[sympy.Symbol, Expr] = {}
        self._functions: dict[UndefinedFunction, tuple[Expr, tuple[sympy.Expr, ...]]] = {}

    def symbol(self, leaf: Expr) -> sympy.Symbol:
        """The symbol of a leaf (or of an opaque expression that reads nothing)."""
        known = self._symbols.get(leaf)
        if known is None:
            known = sympy.Symbol(_name(leaf) or f"opaque.{len(self._symbols)}", real=True)
            assert known not in self._meaning, f"two leaves are called {known}"
            self._symbols[leaf] = known
            self._meaning[known] = leaf
        return known

    def meaning(self, symbol: sympy.Symbol) -> Expr:
        """What a symbol stands for."""
        return self._meaning[symbol]

    def to_sympy(self, expression: Expr) -> sympy.Expr:
        """The expression in sympy. REAL in, real out."""
        match expression:
            case Const(value=value, type=Type.REAL) if math.isfinite(value):
                return sympy.Integer(int(value)) if value == int(value) else sympy.Rational(repr(value))
            case Param() | Derived() | Read() | Local() | Builtin() | InputSum() if expression.type is Type.REAL:
                return self.symbol(expression)
            case Unary(op="-", value=value) if value.type is Type.REAL:
                return -self.to_sympy(value)
            case Binary(op=op, left=left, right=right) if left.type is Type.REAL and expression.type is Type.REAL:
                return self._binary(expression, op, left, right)
            case Call(function="sqrt", arguments=(value,)):
                return sympy.sqrt(self.to_sympy(value))
            case Call(function=name, arguments=arguments):
                function = _SMOOTH.get(name) or sympy.Function(name, real=True)
                return function(*(self.to_sympy(a) for a in arguments))
            case Select(condition=condition, then=then, otherwise=otherwise) if then.type is Type.REAL:
                holds = sympy.Ne(self._opaque(condition), 0)
                return sympy.Piecewise((self.to_sympy(then), holds), (self.to_sympy(otherwise), True))
            case _:
                return self._opaque(expression)

    def _binary(self, expression: Expr, op: str, left: Expr, right: Expr) -> sympy.Expr:
        if op == "**" and isinstance(left, Const) and isinstance(right, Const):
            return self._opaque(expression)  # never a number of a million digits
        a, b = self.to_sympy(left), self.to_sympy(right)
        match op:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return self._opaque(expression) if b == 0 else a / b
            case "**":
                return self._opaque(expression) if a == 0 else a**b
            case _:
                return sympy.Function(_NAMED[op], real=True)(a, b)

    def _opaque(self, expression: Expr) -> sympy.Expr:
        reads = [e for e in walk(expression) if isinstance(e, Read | Local) and e.type is Type.REAL]
        if not reads or isinstance(expression, Draw):
            return self.symbol(expression)
        arguments = tuple(dict.fromkeys(self.symbol(e) for e in reads))
        for function, (known, _) in self._functions.items():
            if known == expression:
                return function(*arguments)
        function = sympy.Function(f"opaque{len(self._functions)}", real=True)
        self._functions[function] = (expression, arguments)
        return function(*arguments)

    def to_ir(self, expression: sympy.Expr) -> Expr:
        """The expression as IR: sums and products from left to right in sympy's own order, which is by name."""
        match expression:
            case sympy.Symbol():
                return self._meaning[expression]
            case sympy.Rational():
                return Const(float(expression))
            case sympy.Add(args=terms):
                return self._sum(terms)
            case sympy.Mul():
                return self._product(expression)
            case sympy.exp(args=(argument,)):
                return call("exp", self.to_ir(argument))
            case sympy.Pow(base=base, exp=exponent):
                return self._power(base, exponent)
            case sympy.Piecewise(args=branches):
                return self._piecewise(branches)
            case AppliedUndef(func=function, args=arguments):
                return self._function(function, arguments)
            case sympy.Function() if expression.func in _BACK:
                return call(_BACK[expression.func], *(self.to_ir(a) for a in expression.args))
            case _ if expression.is_number and expression.is_real:
                return Const(float(expression))
            case _:
                raise AssertionError(f"no such expression was made: {sympy.srepr(expression)}")

    def _sum(self, terms: Iterable[sympy.Expr]) -> Expr:
        ordered = sorted(terms, key=lambda t: (t.is_number, t.could_extract_minus_sign()))  # stable: numbers last
        result: Expr = ZERO
        for term in ordered:
            result = add(result, self.to_ir(term))
        return result

    def _product(self, expression: sympy.Expr) -> Expr:
        coefficient, factors = expression.as_coeff_mul()
        above: Expr = ONE
        below: Expr = ONE
        for factor in factors:
            base, exponent = factor.as_base_exp()
            if exponent.is_Rational and exponent.is_negative and not isinstance(factor, sympy.exp):
                below = multiply(below, self._power(base, -exponent))
            else:
                above = multiply(above, self.to_ir(factor))
        size = float(abs(coefficient))
        result = multiply(Const(size), divide(above, below))
        return negate(result) if coefficient.is_negative else result

    def _power(self, base: sympy.Expr, exponent: sympy.Expr) -> Expr:
        value = self.to_ir(base)
        match exponent:
            case sympy.Integer() if exponent < 0:
                return divide(ONE, self._power(base, -exponent))
            case sympy.Integer() if exponent <= 4:
                result = value
                for _ in range(int(exponent) - 1):
                    result = multiply(result, value)
                return result
            case sympy.Rational(p=1, q=2):
                return call("sqrt", value)
            case sympy.Rational(p=-1, q=2):
                return divide(ONE, call("sqrt", value))
            case _:
                return Binary("**", value, self.to_ir(exponent))

    def _piecewise(self, branches: Iterable[sympy.Basic]) -> Expr:
        (first, condition), *others = ((b.args[0], b.args[1]) for b in branches)
        if condition == sympy.true:
            return self.to_ir(first)
        test = self.to_ir(condition.args[0] if condition.args[1] == 0 else condition.args[1])
        return Select(test, self.to_ir(first), self._piecewise([sympy.Tuple(*o) for o in others]))

    def _function(self, function: UndefinedFunction, arguments: tuple[sympy.Expr, ...]) -> Expr:
        opaque = self._functions.get(function)
        if opaque is not None:
            expression, reads = opaque
            assert arguments == reads, "an opaque expression was taken at other values"
            return expression
        name, values = function.__name__, tuple(self.to_ir(a) for a in arguments)
        if name in _OPERATORS:
            return Binary(_OPERATORS[name], values[0], values[1])
        return call(name, *values)


def _name(leaf: Expr) -> str:
    """A name that says what a leaf is and that no other leaf has; '' for what is not a leaf."""
    match leaf:
        case Read(name=name, of=of, before=before):
            return f"{of}.{name}" + ("@before" if before else "") if of or before else name
        case Param(name=name):
            return f"param.{name}"
        case Derived(name=name):
            return f"derived.{name}"
        case Local(name=name):
            return f"local.{name}"
        case Builtin(name=name):
            return f"builtin.{name}"
        case InputSum(port=port):
            return f"input.{port}"
        case _:
            return ""
