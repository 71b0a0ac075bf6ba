"""Expressions go to sympy and come back as the same function."""

from __future__ import annotations

import math

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from plastlang.ir.nodes import Binary, Builtin, Call, Cast, Const, Draw, Expr, Local, Param, Read, Select, Unary
from plastlang.ir.types import Site, Type
from plastlang.symbolic.convert import Translation
from tests.symbolic.models import Machine, lowered, neuron

X, Y, P = Read("x", Site.NEURON), Read("y", Site.NEURON), Param("p")
NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.1, 0.0105, -70.0, 1e-9, 3.14159265]), st.floats(-100, 100, width=32)
)
LEAVES = st.one_of(st.sampled_from([X, Y, P]), NUMBERS.map(Const))


def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "/", "min", "max"]), inner, inner).map(lambda a: Binary(*a)),
        inner.map(lambda e: Unary("-", e)),
        st.tuples(st.sampled_from(["tanh", "sin", "cos", "abs", "floor"]), inner).map(lambda a: Call(a[0], (a[1],))),
        st.tuples(inner, inner, inner, inner).map(lambda a: Select(Binary("<", a[0], a[1]), a[2], a[3])),
    )


MACHINE = Machine(lowered(neuron({}, {"p": 0.7}, states=("x", "y"))).program.populations[0], 0.1)


@settings(max_examples=150, deadline=None)
@given(st.recursive(LEAVES, grow, max_leaves=8), st.sampled_from([(0.3, -1.7), (2.5, 0.9)]))
def test_round_trip_keeps_the_value(expression: Expr, at: tuple[float, float]) -> None:
    translation = Translation()
    symbolic = translation.to_sympy(expression)
    if symbolic.has(sympy.zoo, sympy.nan, sympy.oo):
        return
    back = translation.to_ir(symbolic)
    MACHINE.state |= {"x": at[0], "y": at[1]}
    before, after = MACHINE.value(expression), MACHINE.value(back)
    if math.isfinite(before) and not _jumps(expression):
        assert after == pytest.approx(before, rel=1e-9, abs=1e-9)


def _jumps(expression: Expr) -> bool:
    """A last bit may decide here."""
    return any(word in repr(expression) for word in ("floor", "Select"))


@pytest.mark.parametrize("value", [0.1, 0.0105, 1e-300, 1.7976931348623157e308, 2.0**53 + 2, -70.0, 5e-324])
def test_numbers_come_back_as_the_same_doubles(value: float) -> None:
    translation = Translation()
    assert translation.to_ir(translation.to_sympy(Const(value))) == Const(value)


@pytest.mark.parametrize(
    "opaque",
    [
        Draw("normal", (Const(0.0), X), 3),
        Cast(Cast(X, Type.INT), Type.REAL),
        Cast(Binary(">", X, Y), Type.REAL),
        Cast(Builtin("index", Type.INT, Site.NEURON), Type.REAL),
        Local("k"),
        Const(math.inf),
        Binary("**", Const(2.0), Const(0.5)),
        Binary("/", X, Const(0.0)),
    ],
)
def test_what_sympy_does_not_know_comes_back_as_it_was(opaque: Expr) -> None:
    translation = Translation()
    assert translation.to_ir(translation.to_sympy(opaque)) == opaque
    again = translation.to_sympy(Binary("-", Binary("*", Const(2.0), opaque), opaque))
    assert translation.to_ir(again) == opaque


def test_a_derivative_sees_into_conditions_and_unknown_functions() -> None:
    translation = Translation()
    x = translation.symbol(X)
    hidden = translation.to_sympy(Cast(Cast(X, Type.INT), Type.REAL))
    assert sympy.diff(hidden, x) != 0
    choice = translation.to_sympy(Select(Binary(">", X, P), Y, Const(1.0)))
    assert x in choice.free_symbols


def test_square_roots_and_powers() -> None:
    translation = Translation()
    for expression in (Call("sqrt", (X,)), Binary("**", X, P), Binary("**", X, Const(2.5)), Call("exp", (X,))):
        assert translation.to_ir(translation.to_sympy(expression)) == expression
    assert translation.to_ir(translation.to_sympy(Binary("**", X, Const(2.0)))) == Binary("*", X, X)


def test_a_huge_power_is_not_multiplied_out() -> None:
    translation = Translation()
    huge = Binary("**", Const(10.0), Const(1e8))
    assert translation.to_ir(translation.to_sympy(huge)) == huge
    assert translation.to_sympy(Binary("**", Binary("+", X, Y), Const(1e6))) is not None
