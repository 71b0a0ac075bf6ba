"""Evaluates expressions over NumPy arrays, every operation rounded in the precision asked for.

Values are always arrays of one axis (length 1 for one value, n for n instances), so that NumPy never promotes a type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.reference import mathematics, random
from plastlang.ir.nodes import (
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Derived,
    DerivedValue,
    Draw,
    Expr,
    InputSum,
    Local,
    Param,
    Parameter,
    Read,
    Select,
    Unary,
)
from plastlang.ir.types import Type

Values: TypeAlias = NDArray[Any]
Leaf: TypeAlias = Callable[["Param | Derived | Read | Local | Builtin | InputSum"], Values]
Words: TypeAlias = Callable[[int], NDArray[np.uint32]]

REALS: dict[str, np.dtype[Any]] = {"single": np.dtype(np.float32), "double": np.dtype(np.float64)}


def dtype_of(type_: Type, real: np.dtype[Any]) -> np.dtype[Any]:
    """The NumPy type of a value."""
    match type_:
        case Type.REAL:
            return real
        case Type.INT:
            return np.dtype(np.int32)
        case Type.BOOL:
            return np.dtype(np.bool_)
        case _:
            assert_never(type_)


def no_draws(purpose: int) -> NDArray[np.uint32]:
    """For expressions that hold no draw."""
    raise AssertionError(f"the draw {purpose} stands where nothing may be drawn")


def evaluate(expression: Expr, real: np.dtype[Any], leaf: Leaf, words: Words = no_draws) -> Values:
    """The value of `expression`.

    Args:
        real: float32 or float64.
        leaf: gives the values of names and builtins, in their types.
        words: gives the four random words of each instance, shape (4, n), for the purpose of a draw.
    """
    with np.errstate(all="ignore"):
        return _value(expression, real, leaf, words)


def _value(expression: Expr, real: np.dtype[Any], leaf: Leaf, words: Words) -> Values:
    match expression:
        case Const(value=value, type=type_):
            return np.full(1, value, dtype_of(type_, real))
        case Param() | Derived() | Read() | Local() | Builtin() | InputSum():
            return leaf(expression)
        case Unary(op=op, value=inner):
            operand = _value(inner, real, leaf, words)
            return np.logical_not(operand) if op == "not" else np.negative(operand)
        case Binary(op=op, left=left, right=right):
            return _binary(op, _value(left, real, leaf, words), _value(right, real, leaf, words))
        case Select(condition=condition, then=then, otherwise=otherwise):
            chosen, a, b = (_value(e, real, leaf, words) for e in (condition, then, otherwise))
            return np.where(chosen, a, b)
        case Call(function=function, arguments=arguments):
            return _FUNCTIONS[function](*(_value(a, real, leaf, words) for a in arguments))
        case Cast(value=inner, type=type_):
            return cast(_value(inner, real, leaf, words), type_, real)
        case Draw(kind=kind, arguments=arguments, purpose=purpose):
            return _draw(kind, [_value(a, real, leaf, words) for a in arguments], words(purpose), real)
        case _:
            assert_never(expression)


_FUNCTIONS: dict[str, Callable[..., Values]] = {
    "exp": mathematics.exp, "log": mathematics.log, "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor,
    "ceil": np.ceil, "round": np.rint, "sign": mathematics.sign, "sin": mathematics.sin, "cos": mathematics.cos,
    "tanh": mathematics.tanh, "expm1": mathematics.expm1, "log1p": mathematics.log1p,
}  # fmt: skip

_OPERATORS: dict[str, Callable[[Values, Values], Values]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": mathematics.power,
    "min": mathematics.minimum, "max": mathematics.maximum,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
    "and": np.logical_and, "or": np.logical_or,
}  # fmt: skip


def _binary(op: str, a: Values, b: Values) -> Values:
    assert a.dtype == b.dtype, f"{a.dtype} {op} {b.dtype}"
    if op == "%":
        return mathematics.modulo_int(a, b) if a.dtype == np.int32 else mathematics.modulo(a, b)
    return _OPERATORS[op](a, b)


def cast(value: Values, type_: Type, real: np.dtype[Any]) -> Values:
    if type_ is Type.BOOL:
        return np.not_equal(value, 0)
    if type_ is Type.INT and value.dtype.kind == "f":
        return mathematics.to_int(value)
    return value.astype(dtype_of(type_, real))


def _draw(kind: str, arguments: list[Values], words: NDArray[np.uint32], real: np.dtype[Any]) -> Values:
    match kind:
        case "uniform":
            return random.uniform(words, *arguments)
        case "normal":
            return random.normal(words, *arguments)
        case "exponential":
            return random.exponential(words, *arguments)
        case "poisson":
            return random.poisson(words, *arguments)
        case "randint":
            return random.randint(words, *arguments)
        case "random_sign":
            return random.random_sign(words, real)
        case _:
            raise AssertionError(f"there is no draw {kind}")


def constant_leaf(parameters: Mapping[str, Values], derived: Mapping[str, Values], dt: float) -> Leaf:
    """Names in expressions of parameters, derived values and `dt` alone, in double precision."""

    def leaf(expression: Param | Derived | Read | Local | Builtin | InputSum) -> Values:
        match expression:
            case Param(name=name, type=type_):
                return cast(parameters[name], type_, np.dtype(np.float64))
            case Derived(name=name):
                return derived[name]
            case Builtin(name="dt"):
                return np.full(1, dt)
            case _:
                raise AssertionError(f"{expression} is not a constant")

    return leaf


def default_parameters(parameters: tuple[Parameter, ...], sizes: Mapping[str, int]) -> dict[str, NDArray[np.float64]]:
    """The defaults in double, each of the length that `sizes` gives for its site."""
    return {p.name: np.full(sizes[p.site], p.default, np.float64) for p in parameters}


def derived_values(
    definitions: tuple[DerivedValue, ...], parameters: Mapping[str, Values], dt: float
) -> dict[str, Values]:
    """All derived values of an owner in double precision (INT and BOOL ones in their types)."""
    result: dict[str, Values] = {}
    for definition in definitions:
        leaf = constant_leaf(parameters, result, dt)
        result[definition.name] = evaluate(definition.value, np.dtype(np.float64), leaf)
    return result
