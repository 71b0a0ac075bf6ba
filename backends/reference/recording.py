"""What a run has recorded and the host has not yet taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.reference.evaluate import dtype_of
from plastlang.backends.reference.state import Network
from plastlang.ir.nodes import Program, SpikeRecord, StateRecord
from plastlang.ir.types import Site


class Recording:
    """Lists of arrays, one per step and record."""

    def __init__(self, program: Program, real: np.dtype[Any]):
        self._program = program
        self._real = real
        self._spikes: dict[str, list[tuple[int, NDArray[np.int32]]]] = {}
        self._states: dict[tuple[str, str], list[tuple[int, NDArray[Any]]]] = {}

    def take(self, network: Network) -> None:
        """Record what is due at the end of the step that was just done."""
        for name in {r.population for r in self._program.records if isinstance(r, SpikeRecord)}:
            spiked = network.populations[name].spikes[0]
            if spiked.size:
                self._spikes.setdefault(name, []).append((network.step - 1, spiked))
        due = {
            (r.population, r.variable)
            for r in self._program.records
            if isinstance(r, StateRecord) and network.step % r.every_steps == 0
        }
        for key in due:
            values = network.populations[key[0]].values[key[1]].copy()
            self._states.setdefault(key, []).append((network.step, values))

    def take_spikes(self, population: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(steps, neurons), emptied."""
        rows = self._spikes.pop(population, [])
        steps = [np.full(neurons.size, step, np.int64) for step, neurons in rows]
        neurons = [n for _, n in rows]
        return (
            np.concatenate([np.zeros(0, np.int64), *steps]),
            np.concatenate([np.zeros(0, np.int32), *neurons]),
        )

    def take_states(self, population: str, variable: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """(steps done, values of shape (k, instances)), emptied."""
        rows = self._states.pop((population, variable), [])
        if rows:
            return np.array([step for step, _ in rows], np.int64), np.stack([values for _, values in rows])
        node = next(p for p in self._program.populations if p.name == population)
        declared = next(v for v in node.variables if v.name == variable)
        width = 1 if declared.site is Site.GLOBAL else node.size
        return np.zeros(0, np.int64), np.zeros((0, width), dtype_of(declared.type, self._real))
