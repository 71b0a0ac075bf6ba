"""What lies on a device, as it is stored: read and written by the host between launches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cfamily.layout import Layout, OwnerLayout
from plastlang.backends.cuda import idle
from plastlang.backends.cuda.memory import Memory, Placed
from plastlang.backends.cuda.synapses import Synapses
from plastlang.ir.nodes import Program, Scheduled

Array = NDArray[Any]


class DeviceState:
    """The memory of a program, and what `cfamily.saving` needs of it (its `Saved` but for `begin`, `build`, ...)."""

    def __init__(
        self, program: Program, precision: str, layout: Layout, memory: Memory, leader: DeviceState | None = None
    ):  # fmt: skip
        self.program = program
        self.precision = precision
        self.layout = layout
        self.memory = memory
        self.edges: dict[str, Synapses] = {
            name: Synapses(memory, place, leader.edges[name] if leader else None)
            for name, place in layout.projections.items()
        }
        self._schedules = {name: np.zeros((0, 2), np.int64) for name in layout.populations}

    def place(self, owner: str) -> OwnerLayout:
        """The layout of a population or projection."""
        return self.layout.populations.get(owner) or self.layout.projections[owner]

    @property
    def step(self) -> int:
        """Steps done."""
        self.memory.look()
        return int(self.memory.model.step)

    @property
    def seed(self) -> int:
        """Of every random draw."""
        return int(self.memory.model.seed)

    @property
    def signals(self) -> int:
        """Calls of signals in this step."""
        self.memory.look()
        return int(self.memory.model.signals)

    # ------------------------------------------------------------ synapses

    def synapses(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(pre, post) in the order (pre, post, age)."""
        self.memory.look()
        return self.edges[projection].pairs()

    def degrees(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(out-degree per pre, in-degree per post)."""
        self.memory.look()
        return self.edges[projection].lengths(), self.edges[projection].in_degrees()

    def counts(self, projection: str) -> tuple[int, int]:
        """(formations, eliminations) since reset."""
        self.memory.look()
        struct = self.memory.projections[self.layout.projections[projection].number]
        return int(struct.formations), int(struct.eliminations)

    def put_counts(self, projection: str, formations: int, eliminations: int) -> None:
        """Set the counts of edits."""
        self.memory.change()
        struct = self.memory.projections[self.layout.projections[projection].number]
        struct.formations, struct.eliminations = formations, eliminations

    def column(self, projection: str, number: int, values: Array, out: bool) -> None:
        """Copy a column of stored values to (`out`) or from a dense array."""
        self.memory.look()
        if out:
            values[:] = self.edges[projection].column(number, values.dtype)
        else:
            self.edges[projection].put_column(number, values)
            self.look_again(projection)

    def look_again(self, projection: str) -> None:
        """Nobody knows any more which rows are at rest."""
        number = idle.place(self.layout.projections[projection])
        if number is not None:
            self.memory.zero(self.memory.owners[projection].scratch[number])

    # ------------------------------------------------------------ values as they are stored

    def parameter(self, owner: str, name: str) -> NDArray[np.float64]:
        """A copy of a parameter's values."""
        values: NDArray[np.float64] = self.memory.owners[owner].given[name].copy()
        return values

    def put_parameter(self, owner: str, name: str, values: Array) -> None:
        """Set a parameter; `update_constants` has to follow."""
        arrays = self.memory.owners[owner]
        arrays.given[name][:] = values
        self.memory.write(arrays.parameters[name], arrays.given[name])

    def stored(self, owner: str, name: str) -> Array:
        """A copy of the stored values of a variable (not of synapses)."""
        return self.memory.read(self.memory.owners[owner].values[name])

    def put_stored(self, owner: str, name: str, values: Array) -> None:
        """Set stored values as they are."""
        self.memory.write(self.memory.owners[owner].values[name], values)

    def last(self, owner: str, name: str) -> Array:
        """A copy of the steps of the last writes to a lazy group."""
        return self.memory.read(self.memory.owners[owner].last[name])

    def put_last(self, owner: str, name: str, values: Array) -> None:
        """Set the steps of the last writes to a lazy group."""
        self.memory.write(self.memory.owners[owner].last[name], values)

    def keep_before(self, owner: str) -> None:
        """The values now are those before this step."""
        self.memory.keep_before(owner)

    def flush(self, owner: str) -> None:
        """Post spikes are applied at once: nothing waits."""

    # ------------------------------------------------------------ spikes in and out

    def set_schedule(self, population: str, neurons: Array, steps: Array, network: int = 0) -> None:
        """The spikes of a `Scheduled` population from now on."""
        assert isinstance(self.layout.populations[population].owner.spiking, Scheduled)
        rows = np.stack((np.asarray(steps, np.int64), np.asarray(neurons, np.int64)), axis=1)
        self.put_schedule(population, np.unique(rows[rows[:, 0] >= self.step], axis=0))

    def schedule(self, population: str) -> NDArray[np.int64]:
        """Rows (step, neuron) of a `Scheduled` population."""
        return self._schedules[population]

    def put_schedule(self, population: str, rows: Array) -> None:
        """Sorted rows (step, neuron)."""
        self.memory.change()
        struct = self.memory.populations[self.layout.populations[population].number]
        self._schedules[population] = np.ascontiguousarray(rows, np.int64)
        self.memory.free(struct.schedule)
        struct.schedule = None
        if len(rows):
            what = f"the spikes to come of {population}"
            struct.schedule = self.memory.placed(self._schedules[population].ravel(), what).address
        struct.scheduled, struct.cursor = len(rows), 0

    def set_last_spikes(self, population: str, neurons: Array, network: int = 0) -> None:
        """Say which neurons of a `Scheduled` population spiked in the step before this one."""
        assert isinstance(self.layout.populations[population].owner.spiking, Scheduled)
        self.put_spikes(population, 1, np.unique(np.asarray(neurons, np.int32)))

    def put_spikes(self, population: str, ago: int, neurons: Array) -> None:
        """The neurons that spiked some steps ago (1: in the last step)."""
        self.memory.change()
        ring = self.memory.rings[population]
        entry = ring[(self.step - ago) % len(ring)]
        entry.count = len(neurons)
        self.memory.write(Placed(entry.neurons, len(neurons), np.dtype(np.int32)), neurons)

    def spikes_ago(self, population: str, ago: int) -> NDArray[np.int32]:
        """The neurons that spiked some steps ago."""
        self.memory.look()
        ring = self.memory.rings[population]
        entry = ring[(self.step - ago) % len(ring)]
        return self.memory.read(Placed(entry.neurons, int(entry.count), np.dtype(np.int32)))

    def waiting(self, population: str, port: int) -> NDArray[np.int64]:
        """The sums that wait at a port: a row for each of the steps from this one on."""
        rows = self._late(population, port)
        return np.roll(rows, -(self.step % len(rows)), 0)[:-1]

    def put_waiting(self, population: str, port: int, sums: NDArray[np.int64]) -> None:
        """The inverse of `waiting`."""
        rows = np.concatenate((sums, np.zeros_like(self._late(population, port)[:1])))
        rows = np.roll(rows, self.step % len(rows), 0)
        self.memory.write(self.memory.owners[population].late[port], rows.ravel())

    def _late(self, population: str, port: int) -> NDArray[np.int64]:
        """The sums that wait, those of step n in row n modulo their number."""
        rows = self.memory.read(self.memory.owners[population].late[port])
        return rows.reshape(self.layout.populations[population].waiting[port] + 1, -1)

    def renewal(self, population: str) -> tuple[Array, bool]:
        """(step of each neuron's next spike, whether they are to be drawn anew)."""
        self.memory.look()
        struct = self.memory.populations[self.layout.populations[population].number]
        return self.memory.read(Placed(struct.next, int(struct.size), np.dtype(np.int32))), bool(struct.redraw)

    def put_renewal(self, population: str, following: Array, redraw: bool) -> None:
        """Set what `renewal` gives."""
        self.memory.change()
        struct = self.memory.populations[self.layout.populations[population].number]
        struct.redraw = redraw
        self.memory.write(Placed(struct.next, int(struct.size), np.dtype(np.int32)), following)
