"""How much faster two threads are than one."""

from __future__ import annotations

from collections.abc import Callable

import plastlang as pl
from benchmarks import coba, cuba, map_scaling, stdp_dense
from benchmarks.timing import Row, per_second

#: name -> (how to build it with so many threads, seconds a repeat, whether it is a large one)
CASES: dict[str, tuple[Callable[[int], pl.Model], float, bool]] = {
    "map 16 x 16": (lambda threads: map_scaling.build(1, threads), 2, False),
    "CUBA": (cuba.build, 1, False),
    "COBA": (coba.build, 1, False),
    "STDP 1 M synapses": (stdp_dense.build, 1, True),
    "map 64 x 64": (lambda threads: map_scaling.build(4, threads), 0.5, True),
    "map 112 x 112": (lambda threads: map_scaling.build(7, threads), 0.5, True),
}


def rows() -> list[Row]:
    result = []
    for name, (build, seconds, large) in CASES.items():
        times = {}
        for threads in (1, 2):
            with build(threads) as model:
                times[threads] = per_second(model, seconds, 3)
        ratios = tuple(one / two for one, two in zip(times[1], times[2], strict=True))
        result.append(Row(f"two threads, {name}", ratios, "times as fast", goal=1.6 if large else 1.0, at_least=True))
    return result
