"""The topographic map against its size: two layers of 16 s x 16 s neurons, all parts included."""

from __future__ import annotations

import plastlang as pl
from benchmarks.timing import Row, per_second

#: scale -> (biological seconds a repeat, GeNN's seconds for one second, -march=native)
SIZES: dict[int, tuple[float, float | None]] = {1: (5, 0.035), 2: (2, 0.20), 4: (1, 2.5), 7: (0.5, None)}


def build(scale: int, threads: int = 1) -> pl.Model:
    return pl.rules.TopographicMap(s=scale).compile(seed=1, threads=threads)


def rows() -> list[Row]:
    result = []
    for scale, (seconds, peer) in SIZES.items():
        with build(scale) as model:
            values = per_second(model, seconds, 3)
        side = 16 * scale
        goal = {4: 0.12, 7: 0.5}.get(scale)
        result.append(
            Row(f"map, layers of {side} x {side}", values, "s", goal=goal, peer=peer, peer_name="GeNN" if peer else "")
        )
    return result
