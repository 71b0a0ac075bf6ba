"""Sums, counts, means, least and largest values over many instances, in the order that docs/numerics.md gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.reference.evaluate import Values, dtype_of
from plastlang.ir.types import Type

Index = NDArray[np.int64]

#: Long sums are made in runs of this many values.
RUN = 256


def reduced(
    kind: str, values: Values, type_: Type, group: Index, count: int, real: np.dtype[Any], fraction: float = 0.0
) -> Values:
    """The reduction of `values` for each of `count` groups, in the type of the result, shape (count,).

    Args:
        kind: one of `types.REDUCTIONS`.
        values: one for each instance, in their order.
        type_: the type of the result.
        group: the group of each value.
        real: float32 or float64.
        fraction: of a quantile.
    """
    numbers = np.bincount(group, values if kind == "count" else None, count)
    match kind:
        case "count":
            return numbers.astype(np.int32)
        case "min" | "max":
            return _extreme(kind, values, group, count)
        case "quantile":
            return _quantile(fraction, values, group, count)
        case "sum" if type_ is Type.INT:
            totals = np.zeros(count, np.int64)
            np.add.at(totals, group, values.astype(np.int64))
            return totals.astype(np.int32)  # wraps
    sums = np.bincount(group, values.astype(np.float64), count)
    with np.errstate(all="ignore"):
        return (sums / numbers if kind == "mean" else sums).astype(dtype_of(type_, real))


def summed_in_runs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of all values, shape (1,): of each run of RUN in their order, then of these sums likewise."""
    while values.size != 1:
        rows = np.zeros((max(1, -(-values.size // RUN)), RUN))
        rows.ravel()[: values.size] = values
        values = np.zeros(rows.shape[0])
        for column in rows.T:
            values = values + column
    return values + 0.0


def _extreme(kind: str, values: Values, group: Index, count: int) -> Values:
    """NaN takes no part; -0 counts as 0, so that the order does not matter."""
    least = kind == "min"
    if values.dtype.kind == "f":
        nothing = values.dtype.type(np.inf if least else -np.inf)
        values = np.where(np.isnan(values), nothing, values + values.dtype.type(0))
    else:
        limits = np.iinfo(np.int32)
        nothing = np.int32(limits.max if least else limits.min)
    result = np.full(count, nothing, values.dtype)
    (np.minimum if least else np.maximum).at(result, group, values)
    return result


def _quantile(fraction: float, values: Values, group: Index, count: int) -> Values:
    """Of n values that are numbers the one of rank ceil(fraction n), at least 1 and at most n; NaN where n is 0.

    A fraction below 1 is taken for a little less than it is, so that 0.3 of 10 are 3, whichever way 0.3 was rounded.
    """
    there = ~np.isnan(values)
    numbers, groups = values[there] + values.dtype.type(0), group[there]  # -0 counts as 0
    n = np.bincount(groups, minlength=count)
    less = 1 - (2.0**-23 if values.dtype == np.float32 else 2.0**-51)
    rank = np.ceil((1.0 if fraction >= 1 else fraction * less) * n.astype(np.float64))
    rank = np.where(rank >= 1, np.minimum(rank, n), 1).astype(np.int64)  # a fraction that is NaN counts as 0
    ordered = numbers[np.lexsort((numbers, groups))]
    begin = np.cumsum(n) - n
    result = np.full(count, np.nan, values.dtype)
    result[n > 0] = ordered[(begin + rank - 1)[n > 0]]
    return result
