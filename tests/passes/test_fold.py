"""Constants are computed, and only what changes no bit is dropped."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plastlang.ir.nodes import Binary, Const, Unary
from plastlang.ir.text import expression_text, from_text
from plastlang.ir.types import Type
from plastlang.ir.verify import verify
from plastlang.passes.fold import fold, fold_node
from tests.ir.sample import EVERYTHING
from tests.passes.owners import derived, lines, neuron


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1.0 + 2.0 * 3.0", "7.0"),
        ("neuron.v * 1.0", "neuron.v"),
        ("1.0 * neuron.v / 1.0", "neuron.v"),
        ("neuron.v - 0.0", "neuron.v"),
        ("neuron.v + 0.0", "neuron.v + 0.0"),  # -0 + 0 is 0
        ("0.0 + neuron.v", "0.0 + neuron.v"),
        ("neuron.v - -0.0", "neuron.v - -0.0"),
        ("neuron.v * 0.0", "neuron.v * 0.0"),  # of NaN or infinity it is NaN
        ("-(-neuron.v)", "neuron.v"),
        ("-(2.0)", "-2.0"),
        ("1.0 / 0.0", "1.0 / 0.0"),
        ("1e308 * 10.0", "1e+308 * 10.0"),
        ("7.5 % 2.0", "1.5"),
        ("-1.0 % 3.0", "2.0"),
        ("2.0 ** 3.0", "2.0 ** 3.0"),  # shared mathematics
        ("exp(1.0)", "exp(1.0)"),
        ("sqrt(2.0) * sqrt(2.0)", repr(math.sqrt(2) * math.sqrt(2))),
        ("sqrt(-1.0)", "sqrt(-1.0)"),
        ("round(2.5) + floor(-0.5) + sign(-3.0)", "0.0"),
        ("min(1.0, 2.0) + max(1.0, 2.0)", "3.0"),
        ("(neuron.v if 1.0 < 2.0 else 5.0)", "neuron.v"),
        ("(neuron.v if neuron.v > 1.0 and @false else 5.0)", "5.0"),
        ("(neuron.v if neuron.v > 1.0 or not @true else 5.0)", "(neuron.v if neuron.v > 1.0 else 5.0)"),
        ("(5.0 if neuron.v > 1.0 else 5.0)", "5.0"),
        ("(0.0 if neuron.v > 1.0 else -0.0)", "(0.0 if neuron.v > 1.0 else -0.0)"),
        ("real(2147483647 + 1)", "-2147483648.0"),
        ("real(int(1e12) - int(-2.7))", "-2147483647.0"),
        ("real(7 % 0 + 5 % -3)", "-1.0"),
        ("real(@step + 0)", "real(@step)"),
        ("real(@step * 1)", "real(@step)"),
    ],
)
def test_expressions(before: str, after: str) -> None:
    program = fold(neuron("var v at neuron = 0.0", "each step", f"  neuron.v = {before}"))
    assert lines(program)[-1] == f"  neuron.v = {after}"
    verify(program)


def test_branches_with_literal_conditions_and_unused_derived_values_go() -> None:
    program = neuron(
        "param tau at global = 2.0",
        "derived a at global = $tau * 2.0",
        "derived b at global = #a * (1.0 + 1.0)",
        "derived c at global = #b * 2.0",
        "var v at neuron = 0.0",
        "each step",
        "  if 1.0 < 2.0 at neuron",
        "    let x at neuron = #b",
        "    neuron.v = x",
        "  if @false at neuron",
        "    neuron.v = 1.0",
        "  else",
        "    if @true at neuron",
        "      neuron.v = 2.0",
        "  if neuron.v > 0.0 at neuron",
        "    if @false at neuron",
        "      neuron.v = 3.0",
    )
    folded = fold(program)
    verify(folded)
    assert derived(folded) == {"a": "$tau * 2.0", "b": "#a * 2.0"}
    assert lines(folded)[-4:] == ["each step", "  let x at neuron = #b", "  neuron.v = x", "  neuron.v = 2.0"]


def test_a_branch_stays_where_its_names_would_clash() -> None:
    branch = ["  if @true at neuron", "    let x at neuron = 1.0", "    neuron.v = x"]
    program = neuron("var v at neuron = 0.0", "each step", *branch, *branch)
    assert fold(program) == program


def test_folding_twice_is_folding_once() -> None:
    once = fold(from_text(EVERYTHING))
    verify(once)
    assert fold(once) == once


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.sampled_from(["+", "-", "*", "/", "min", "max"]), finite, finite)
def test_folded_arithmetic_is_ieee(op: str, a: float, b: float) -> None:
    result = fold_node(Binary(op, Const(a), Const(b)))
    expected = {
        "+": lambda: a + b,
        "-": lambda: a - b,
        "*": lambda: a * b,
        "/": lambda: a / b if b else math.inf,
        "min": lambda: a if a < b else b,
        "max": lambda: a if a > b else b,
    }[op]()
    if math.isfinite(expected):
        assert repr(result) == repr(Const(expected))
    else:
        assert isinstance(result, Binary)


@given(st.sampled_from(["*", "/", "-", "+"]), st.sampled_from([0.0, -0.0, 1.0, -1.0]), st.booleans(), finite)
def test_identities_keep_every_bit(op: str, constant: float, first: bool, value: float) -> None:
    """Where a node is dropped, it gave its operand back, the sign of zero included."""
    leaf = Unary("-", Const(value))
    result = fold_node(Binary(op, Const(constant), leaf) if first else Binary(op, leaf, Const(constant)))
    if result is leaf:
        x = -value
        a, b = (constant, x) if first else (x, constant)
        computed = {"*": lambda: a * b, "/": lambda: a / b, "-": lambda: a - b, "+": lambda: a + b}[op]()
        assert repr(computed) == repr(x)
    else:
        assert isinstance(result, Binary)


def test_folds_in_the_type_of_the_constants() -> None:
    assert fold_node(Binary("+", Const(1, Type.INT), Const(2, Type.INT))) == Const(3, Type.INT)
    assert expression_text(fold_node(Binary("+", Const(1.0), Const(2.0)))) == "3.0"
