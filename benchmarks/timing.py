"""Rows of the table of benchmarks, and how a run is timed."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import plastlang as pl


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what, all values measured (in `unit`), the goal (at most, or at least), and the best known peer."""

    name: str
    values: tuple[float, ...]
    unit: str
    goal: float | None = None
    at_least: bool = False
    peer: float | None = None
    peer_name: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.median >= self.goal if self.at_least else self.median <= self.goal


def per_second(model: pl.Model, seconds: float, repeats: int, warm_up: float = 0.2) -> tuple[float, ...]:
    """Wall-clock seconds for one second of biological time, `repeats` times one after the other."""
    model.run(warm_up * 1000)
    values = []
    for _ in range(repeats):
        begun = time.perf_counter()
        model.run(seconds * 1000)
        values.append((time.perf_counter() - begun) / seconds)
    return tuple(values)
