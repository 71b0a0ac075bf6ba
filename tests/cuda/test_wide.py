"""Networks with more than 2^31 synapses: no place of a synapse is narrower than 64 bits.

None of them fits in here. Instead, whenever kernels run, rows begin beyond place 2^33 of pools that begin as far before
the memory they have: a place that loses its upper bits anywhere leads outside, which the emulator reports.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import pytest

from plastlang.backends.cuda.binding import Model, Projection
from plastlang.backends.cuda.device import Call
from tests.cuda.emulator import Schedule, Violation
from tests.cuda.emulator.device import EmulatedModule
from tests.cuda.test_mutations import Mutating
from tests.cuda.test_stalls import compare

FAR = 1 << 33


def array(address: int, count: int, dtype: type[np.generic]) -> np.ndarray:
    kind = np.dtype(dtype)
    return np.frombuffer((ctypes.c_char * (count * kind.itemsize)).from_address(address), kind)


def shift(model: int, by: int) -> None:
    """Count the places of the first projection of a network `by` further on; the memory stays where it is."""
    projection = Projection.from_address(Model.from_address(model).projections)
    for rows in (projection.rows, projection.incoming):
        if rows.post:
            array(rows.start, rows.count, np.int64)[:] += by
            rows.post -= 4 * by
            array(rows.column, rows.columns, np.int64)[:] -= by * array(rows.width, rows.columns, np.int64)
            rows.used += by
            rows.room += by


class Far(Mutating):
    """A device whose kernels see places beyond 2^33."""

    def compile(self, source: str, precision: str, mode: str = "deterministic") -> EmulatedModule:
        module = Mutating.compile(self, source, precision, mode)
        launch = module.launch

        def shifted(calls: Sequence[Call]) -> None:
            if not calls or any(call.data for call in calls):  # the host hands in values for each place
                return launch(calls)
            shift(calls[0].model, FAR)
            try:
                launch(calls)
            finally:
                shift(calls[0].model, -FAR)

        module.launch = shifted  # type: ignore[method-assign]
        return module


@pytest.mark.parametrize("name", ["poisson_stdp", "two_rules", "rewiring_pairs", "rewiring_slots"])
def test_places_have_64_bits(name: str) -> None:
    compare(name, Far("", "", Schedule("random", 3, 3000)))


@pytest.mark.parametrize(
    ("name", "pattern", "narrow"),
    [
        ("poisson_stdp", r"int64_t s = ", "int32_t s = (int32_t)"),
        ("rewiring_slots", r"const int64_t s = row\.place\[k\]", "const int32_t s = (int32_t)row.place[k]"),
        ("rewiring_slots", r"PL_DEVICE int64_t pl_rows_lower", "PL_DEVICE int32_t pl_rows_lower"),
        ("rewiring_slots", r"place\[k\] = pl_rows_lower\(", "place[k] = (int32_t)pl_rows_lower("),
    ],
)
def test_one_that_has_fewer_is_found(name: str, pattern: str, narrow: str) -> None:
    with pytest.raises(Violation, match="out of bounds"):
        compare(name, Far(pattern, narrow, Schedule("random", 3, 3000)))
