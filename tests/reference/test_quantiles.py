"""Quantiles against the definition: the least value which a fraction of all do not exceed (NumPy: inverted_cdf)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import plastlang as pl
from plastlang.backends.reference.aggregates import reduced
from plastlang.ir.types import Type

RULE = pl.load(
    "rule Shares:\n    param part = 0.5\n    synapse w = normal(0, 1)\n    pre of_row = 0.0\n    post of_column = 0.0\n"
    "    global of_all = 0.0, of_rows = 0.0\n    on pre spike:\n        deliver w\n    on look:\n"
    "        of_row = quantile(part, w) over synapses of pre\n"
    "        of_column = quantile(part, w) over synapses of post\n"
    "        of_all = quantile(part, w) over synapses\n"
    "        of_rows = quantile(part, of_column) over post\n"
)


@given(
    st.lists(st.floats(width=32, allow_infinity=True, allow_nan=False), max_size=40),
    st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.875, 1.0]),
)
def test_one_of_the_values(values: list[float], fraction: float) -> None:
    array = np.array(values, np.float32)
    single = np.dtype(np.float32)
    found = reduced("quantile", array, Type.REAL, np.zeros(array.size, np.int64), 1, single, fraction)
    if array.size == 0:
        assert np.isnan(found).all()
        return
    assert found[0] == np.sort(array)[max(1, int(np.ceil(fraction * array.size))) - 1]
    with np.errstate(all="ignore"):
        assert found[0] == np.quantile(array, fraction, method="inverted_cdf")


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("fraction", [0, 0.1, 0.3, 0.5, 0.7, 1])
def test_rows_columns_and_all_synapses(backend: str, precision: str, fraction: float) -> None:
    """Also where the fraction of a number of synapses is whole, and rounding could make it more: 0.3 of 10."""
    net = pl.Network(dt="1 ms", seed=3)
    x = net.population(pl.rules.SpikeTimes, 30, name="x")
    y = net.population(pl.rules.SurrogateALIF, 20, name="y")
    net.connect(x, y.exc, RULE.Shares(part=fraction), pl.fixed_probability(0.4), name="p")
    model = net.compile(backend, precision=precision)
    model.signal("look")
    p = model["p"]
    w, pre, post = np.array(p.w), np.array(p.pre), np.array(p.post)

    def rank(values: np.ndarray) -> float:
        n = values.size
        return np.nan if n == 0 else np.sort(values)[max(1, int(np.ceil(round(fraction * n, 6)))) - 1]

    np.testing.assert_array_equal(p.of_row, [rank(w[pre == i]) for i in range(30)])
    np.testing.assert_array_equal(p.of_column, [rank(w[post == j]) for j in range(20)])
    assert p.of_all == rank(w) and p.of_rows == rank(np.array(p.of_column))
