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
    """Lists of arrays, one per step and record; spikes of each network of a batch by its number."""

    def __init__(self, program: Program, real: np.dtype[Any]):
        self._program = program
        self._real = real
        self._spikes: dict[tuple[str, int], list[tuple[int, NDArray[np.int32]]]] = {}
        self._states: dict[tuple[str, str], list[tuple[int, NDArray[Any]]]] = {}

    def take(self, batch: tuple[Network, ...]) -> None:
        """Record what is due at the end of the step that was just done."""
        first = batch[0]
        for name in {r.population for r in self._program.records if isinstance(r, SpikeRecord)}:
            for network in batch:
                spiked = network.populations[name].spikes[0]
                if spiked.size:
                    self._spikes.setdefault((name, network.number), []).append((network.step - 1, spiked))
        due = {
            (r.population, r.variable)
            for r in self._program.records
            if isinstance(r, StateRecord) and first.step % r.every_steps == 0
        }
        for key in due:
            is_own = len(batch) > 1 and key[1] in first.sharing[key[0]].own
            values = [network.populations[key[0]].values[key[1]] for network in batch]
            self._states.setdefault(key, []).append((first.step, np.stack(values) if is_own else values[0].copy()))

    def take_spikes(self, population: str, network: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(steps, neurons) of a network, emptied."""
        rows = self._spikes.pop((population, network), [])
        steps = [np.full(neurons.size, step, np.int64) for step, neurons in rows]
        neurons = [n for _, n in rows]
        return (
            np.concatenate([np.zeros(0, np.int64), *steps]),
            np.concatenate([np.zeros(0, np.int32), *neurons]),
        )

    def take_states(self, population: str, variable: str, batch: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """(steps done, values of shape (k, instances), own ones of a batch (k, batch, instances)), emptied."""
        rows = self._states.pop((population, variable), [])
        if rows:
            return np.array([step for step, _ in rows], np.int64), np.stack([values for _, values in rows])
        node = next(p for p in self._program.populations if p.name == population)
        declared = next(v for v in node.variables if v.name == variable)
        width = 1 if declared.site is Site.GLOBAL else node.size
        shape = (0, width) if batch == 1 or declared.shared else (0, batch, width)
        return np.zeros(0, np.int64), np.zeros(shape, dtype_of(declared.type, self._real))
