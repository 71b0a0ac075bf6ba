"""Units: exact factors, the algebra of dimensions, and that the quick table says what pint says."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plastlang.diagnostics import PlastError
from plastlang.frontend import units
from plastlang.frontend.checked import Dimension
from plastlang.frontend.dimensions import Unifier, divide, from_dimension, multiply, raised, to_dimension

REGISTRY = pint.UnitRegistry(non_int_type=Decimal)
QUICK = [
    f"{prefix}{unit}"
    for prefix in ("", "f", "p", "n", "u", "m", "k", "M", "G")
    for unit in ("s", "V", "A", "S", "F", "C", "Hz", "ohm")
]
NAMES = [
    "ms",
    "mV",
    "nS",
    "pA",
    "pF",
    "GOhm",
    "fC",
    "um",
    "1/ms",
    "mV/ms",
    "nS/um**2",
    "fmol",
    "K",
    "mV**2",
    "mS/cm**2",
    "1",
    "%",
    "kg",
    "mM",
]


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("20", "ms", 20.0),
        ("1", "s", 1000.0),
        ("15", "Hz", 0.015),
        ("152.8", "Hz", 0.1528),
        ("0.2", "nS", 0.2),
        ("-70", "mV", -70.0),
        ("30", "%", 0.3),
        ("1", "uS", 1000.0),
        ("20", "nF", 20000.0),
        ("100", "MOhm", 0.1),
        ("1", "kHz", 1.0),
        ("1", "um", 1.0),
        ("5", "", 5.0),
        ("1", "min", 60000.0),
        ("2", "mV/ms", 2.0),
        ("1", "mS/cm**2", 0.01),
        ("1e-3", "s", 1.0),
        ("1", "1/GOhm", 1.0),
    ],
)
def test_literals_are_exact(text: str, unit: str, value: float) -> None:
    assert units.literal(text, unit) == value


@pytest.mark.parametrize("name", QUICK)
def test_the_quick_table_is_what_pint_says(name: str) -> None:
    factor, vector = units.read_unit(name)
    quantity = REGISTRY.Quantity(Decimal(1), name)
    coherent = {"ms": "ms", "um": "um", "ng": "ng", "pA": "pA"}
    back = REGISTRY.Quantity(factor, "dimensionless")
    for atom, power in vector:
        back = back * REGISTRY.Quantity(Decimal(1), coherent[atom]) ** int(power)
    assert back.to_base_units().magnitude == quantity.to_base_units().magnitude
    assert back.dimensionality == quantity.dimensionality


@pytest.mark.parametrize("name", NAMES)
def test_dimensions_read_back(name: str) -> None:
    vector = units.read_unit(name)[1]
    assert from_dimension(to_dimension(vector)) == vector
    assert units.factor_to_coherent(units.unit_dimension(name).symbol) == 1.0


def test_common_products_have_short_names() -> None:
    current = units.product(units.unit_dimension("nS"), units.unit_dimension("mV"))
    assert current.symbol == "pA"
    assert units.quotient(current, units.unit_dimension("pF")).symbol == "mV / ms"
    assert units.power(units.unit_dimension("mV"), 2).symbol == "mV ** 2"
    assert units.compatible(units.unit_dimension("Hz"), units.unit_dimension("1/ms"))


@pytest.mark.parametrize(
    ("name", "meant"), [("msec", "ms"), ("mv", "mV"), ("sec", "s"), ("hz", "Hz"), ("pa", "pA"), ("mVv", "mV")]
)
def test_misspelt_units_are_put_right(name: str, meant: str) -> None:
    with pytest.raises(units.UnitError) as caught:
        units.read_unit(name)
    assert caught.value.suggestion == meant


@pytest.mark.parametrize("name", ["wombat", "degC", "ms*", "ms**x", "(ms", "ms ms", "$", "ms**99", "1e3x"])
def test_what_is_no_unit(name: str) -> None:
    with pytest.raises(units.UnitError):
        units.read_unit(name)


def test_quantities_of_the_python_interface() -> None:
    time = units.unit_dimension("ms")
    assert units.quantity("17 ms", time) == 17.0
    assert units.quantity("0.017 s", time) == 17.0
    assert units.quantity(5, time) == 5.0
    assert units.quantity("0", time) == 0.0
    assert units.quantity(REGISTRY.Quantity(Decimal("0.5"), "s"), time) == 500.0
    assert units.quantity(pint.UnitRegistry().Quantity(3.0, "mV/ms"), units.unit_dimension("mV/ms")) == 3.0
    np.testing.assert_array_equal(units.quantity((np.array([1.0, 2.0]), "s"), time), [1000.0, 2000.0])
    np.testing.assert_array_equal(units.quantity(([5, 10], "Hz"), units.unit_dimension("Hz")), [0.005, 0.01])
    assert units.quantity("3 mV", Dimension("", "w")) == 3.0


@pytest.mark.parametrize(
    "value", ["17 mV", "17 msec", "seventeen", None, True, "1", (np.ones(2), "mV"), (1, "msec"), object()]
)
def test_wrong_quantities_are_said(value: object) -> None:
    with pytest.raises(PlastError) as caught:
        units.quantity(value, units.unit_dimension("ms"))
    assert len(caught.value.diagnostics) == 1


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(NAMES))
def test_formatted_values_read_back(value: float, name: str) -> None:
    dimension = units.unit_dimension(name)
    assert units.quantity(units.format_value(value, dimension), dimension) == value


Vector = tuple[tuple[str, Fraction], ...]
_VECTORS = st.dictionaries(
    st.sampled_from(["ms", "um", "ng", "pA", "K", "?w", "?g"]), st.fractions(-3, 3, max_denominator=3), max_size=4
).map(lambda powers: tuple(sorted((atom, power) for atom, power in powers.items() if power)))


@given(_VECTORS, _VECTORS, st.fractions(-2, 2, max_denominator=2))
def test_vectors_are_a_group(a: Vector, b: Vector, p: Fraction) -> None:
    assert divide(multiply(a, b), b) == a
    assert multiply(a, b) == multiply(b, a)
    assert raised(multiply(a, b), p) == multiply(raised(a, p), raised(b, p))
    assert from_dimension(to_dimension(a)) == a


@given(_VECTORS, _VECTORS)
def test_what_is_unified_is_equal(a: Vector, b: Vector) -> None:
    unifier = Unifier()
    closed = not any(atom.startswith("?") for atom, _ in divide(a, b))
    assert unifier.unify(a, b) is (a == b or not closed)
    assert (unifier.resolve(a) == unifier.resolve(b)) is (a == b or not closed)
