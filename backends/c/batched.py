"""A batch of networks as compiled C: an executable for each network, on shared rows, parameters and variables."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.c.binding import Model
from plastlang.backends.c.executable import CExecutable
from plastlang.backends.c.memory import Memory
from plastlang.backends.cfamily.layout import Layout
from plastlang.backends.cfamily.members import Members
from plastlang.backends.cfamily.printer import Dialect
from plastlang.backends.interface import Options, network_seed
from plastlang.ir.nodes import Program
from plastlang.ir.types import Site

Array = NDArray[Any]


class _Member(CExecutable):
    """One network of a batch. The first one's struct is that of the batch, which runs all."""

    def __init__(
        self, program: Program, options: Options, library: ctypes.CDLL, layout: Layout, memory: Memory, first: Model
    ):
        self._first = ctypes.pointer(first)
        self._number = memory.number
        super().__init__(program, options, library, layout, memory)

    def set_threads(self, threads: int) -> None:
        """Only the batch has threads."""
        if self._number == 0:
            super().set_threads(threads)

    def update_constants(self, owner: str) -> None:
        """Constants are those of the first network."""
        if self._number == 0:
            super().update_constants(owner)

    def build(self, projection: str, pre: Array, post: Array) -> None:
        """Rows are those of the first network."""
        if self._number == 0:
            super().build(projection, pre, post)
        elif not self._library.plast_join(self._first, self.layout.projections[projection].number, self._number):
            self._no_memory(len(post))

    def pairs_again(self) -> None:
        """Constants of pairs are drawn with the seed of the batch, which is set last."""

    def follow_rows(self, projection: str) -> None:
        """Let the other networks follow new rows."""
        super().follow_rows(projection)
        for number in range(self._first.contents.batch):
            if not self._library.plast_join(self._first, self.layout.projections[projection].number, number):
                self._no_memory(0)


class CBatch(Members[_Member]):
    """Several networks with shared structure (`backends.interface.Executable`)."""

    def __init__(self, program: Program, options: Options, library: ctypes.CDLL, layout: Layout):
        self.program, self.layout, self.batch = program, layout, options.batch
        self._models = (Model * self.batch)()
        self._root = Model()
        dialect = Dialect("float" if options.precision == "single" else "double")
        leader = Memory(program, layout, dialect, self.batch, model=self._root)
        self._root.networks, self._root.batch = ctypes.addressof(self._models), self.batch
        memories = [leader]
        for number in range(1, self.batch):
            memories.append(Memory(program, layout, dialect, self.batch, leader, self._models[number], number))
        self._models[0].populations, self._models[0].projections = leader.populations, leader.projections
        self._models[0].dt = program.dt
        self.members = [_Member(program, options, library, layout, memory, self._root) for memory in memories]
        self.reset(0)

    # ------------------------------------------------------------ life

    def reset(self, seed: int) -> None:
        """Step 0, initial values, no synapses; parameters stay."""
        self._seed(seed)
        for number, member in enumerate(self.members):
            member.reset(network_seed(seed, number))
        self._seed(seed)

    def _seed(self, seed: int) -> None:
        seed &= 2**64 - 1
        for number in range(self.batch):
            model = self._models[number]
            model.seed, model.common = network_seed(seed, number), seed
        self._root.seed = self._root.common = seed

    def set_threads(self, threads: int) -> None:
        """How many threads a run may use."""
        self._leader.set_threads(threads)

    # ------------------------------------------------------------ running

    def begin_signal(self) -> None:
        """Count one more call of a signal in this step."""
        self._leader.begin_signal()

    # ------------------------------------------------------------ connectivity

    def connect(self, projection: str) -> None:
        """Make the initial connectivity."""
        self._leader.connect(projection)

    def set_synapses(self, projection: str, pre: Array, post: Array) -> None:
        """Replace all synapses."""
        self._leader.set_synapses(projection, pre, post)

    # ------------------------------------------------------------ values

    def set_parameter(self, owner: str, name: str, value: float | NDArray[np.float64]) -> None:
        """Set a parameter; derived values follow."""
        for member in self.members:
            member.flush(owner)
        for member in self.members:
            member.set_parameter(owner, name, value)

    def get(self, owner: str, variable: str) -> Array:
        """Values now. Stored neuron variables are live views."""
        place = self._leader.place(owner)
        if not self._is_own(owner, variable):
            return self._leader.get(owner, variable)
        if place.variable(variable).site is Site.NEURON:
            return self._leader.memory.blocks[owner, variable]
        return np.stack([member.get(owner, variable) for member in self.members])

    def set(self, owner: str, variable: str, values: Array) -> None:
        """Write all values, inside the variable's bounds."""
        if not self._is_own(owner, variable):
            for member in self.members:
                member.flush(owner)
            self._leader.set(owner, variable, values)
            for member in self.members[1:]:
                member.touch(owner, variable)
            return
        rows = self._leader.rows_of(owner, variable, values, self.batch)
        for member, row in zip(self.members, rows, strict=True):
            member.put(owner, variable, row)

    # ------------------------------------------------------------ spikes in and out

    def take_states(self, population: str, variable: str) -> tuple[NDArray[np.int64], Array]:
        """(steps done, values) recorded since the last call."""
        return self._leader.take_states(population, variable)

    # ------------------------------------------------------------ saving

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what `save` gave; what was recorded is dropped."""
        self._restore_members(state)
        self._seed(int(state["seed"]))
        self._models[0].step, self._models[0].signals = self._root.step, self._root.signals
        CExecutable.pairs_again(self._leader)
