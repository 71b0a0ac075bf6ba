"""What a run records on a device, fetched when it is asked for or when there is no room left."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cuda.memory import Memory, Placed

Array = NDArray[Any]
INT, LONG = np.dtype(np.int32), np.dtype(np.int64)


class Records:
    """Recorded spikes by population, and recorded states by their number."""

    def __init__(self, memory: Memory):
        self._memory = memory
        self._spikes: dict[str, list[tuple[Array, Array]]] = {name: [] for name in memory.layout.populations}
        self._states: list[list[tuple[Array, Array]]] = [[] for _ in memory.recorded]

    def clear(self) -> None:
        """Forget everything. The structs are being changed."""
        for name, place in self._memory.layout.populations.items():
            self._spikes[name].clear()
            self._memory.populations[place.number].recorded = 0
        for number, parts in enumerate(self._states):
            parts.clear()
            self._memory.records[number].count = 0

    def fetch(self) -> None:
        """Bring everything that lies on the device here."""
        memory = self._memory
        memory.look()
        for name, place in memory.layout.populations.items():
            struct = memory.populations[place.number]
            if count := int(struct.recorded):
                steps = memory.read(Placed(struct.spike_steps, count, LONG))
                self._spikes[name].append((steps, memory.read(Placed(struct.spike_neurons, count, INT))))
                memory.change()
                struct.recorded = 0
        for number, parts in enumerate(self._states):
            record = memory.records[number]
            if count := int(record.count):
                steps = memory.read(Placed(record.steps, count, LONG))
                width, kind = self._shape(number)
                values: Array = memory.read(Placed(record.values, count * width, kind)).reshape(count, width)
                parts.append((steps, values))
                memory.change()
                record.count = 0

    def take_spikes(self, population: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(steps, neurons), ordered; emptied."""
        self.fetch()
        parts, self._spikes[population] = self._spikes[population], []
        steps = np.concatenate([np.zeros(0, np.int64), *(s for s, _ in parts)])
        neurons = np.concatenate([np.zeros(0, np.int32), *(n for _, n in parts)])
        order = np.lexsort((neurons, steps))
        return steps[order], neurons[order]

    def take_states(self, population: str, variable: str) -> tuple[NDArray[np.int64], Array]:
        """(steps done, values), ordered; emptied."""
        self.fetch()
        place = self._memory.layout.populations[population]
        declared = place.variable(variable)
        width, kind = self._memory.count(place, declared.site), self._memory.dtype(declared.type)
        steps, values = [np.zeros(0, np.int64)], [np.zeros((0, width), kind)]
        for number, record in enumerate(self._memory.recorded):
            if (record.population, record.variable) == (population, variable):
                parts, self._states[number] = self._states[number], []
                steps += [s for s, _ in parts]
                values += [v for _, v in parts]
        all_steps, first = np.unique(np.concatenate(steps), return_index=True)
        return all_steps, np.concatenate(values)[first]

    def _shape(self, number: int) -> tuple[int, np.dtype[Any]]:
        record = self._memory.recorded[number]
        place = self._memory.layout.populations[record.population]
        declared = place.variable(record.variable)
        return self._memory.count(place, declared.site), self._memory.dtype(declared.type)
