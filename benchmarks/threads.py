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


#: Pairs of runs: one thread, two threads, one thread, ... since the speed of a shared machine changes.
PAIRS = 7


def rows() -> list[Row]:
    result = []
    for name, (build, seconds, large) in CASES.items():
        with build(1) as one, build(2) as two:
            warm_up = 0.2
            ratios = []
            for _ in range(PAIRS):
                times = [per_second(model, seconds / 2, 1, warm_up)[0] for model in (one, two)]
                ratios.append(times[0] / times[1])
                warm_up = 0.0
        goal = 1.6 if large else 1.0
        result.append(Row(f"two threads, {name}", tuple(ratios), "times as fast", goal=goal, at_least=True))
    return result
