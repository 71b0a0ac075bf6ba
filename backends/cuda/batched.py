"""A batch of networks on a device: an executable for each network, on shared rows, parameters and variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cfamily.layout import Layout
from plastlang.backends.cfamily.members import Members
from plastlang.backends.cuda.device import Device, Module
from plastlang.backends.cuda.executable import CudaExecutable, dialect_of
from plastlang.backends.cuda.memory import Memory
from plastlang.backends.cuda.plan import Plan
from plastlang.backends.cuda.sharing import DeviceArray
from plastlang.backends.interface import Options, network_seed
from plastlang.ir.nodes import Program

Array = NDArray[Any]


class _Member(CudaExecutable):
    """One network of a batch. Launches for the whole batch are the first one's."""

    def update_constants(self, owner: str) -> None:
        """Constants are those of the first network."""
        if self.memory.leader is None:
            super().update_constants(owner)

    def put_parameter(self, owner: str, name: str, values: Array) -> None:
        """Parameters are those of the first network."""
        if self.memory.leader is None:
            super().put_parameter(owner, name, values)

    def build(self, projection: str, pre: Array, post: Array) -> None:
        """Rows are those of the first network."""
        if self.memory.leader is None:
            super().build(projection, pre, post)


class CudaBatch(Members[_Member]):
    """Several networks with shared structure (`backends.interface.Executable`)."""

    def __init__(self, program: Program, options: Options, device: Device, module: Module, plan: Plan, layout: Layout):
        self.program, self.layout, self.batch = program, layout, options.batch
        dialect, memories = dialect_of(options.precision), list[Memory]()
        self.members: list[_Member] = []
        group: list[CudaExecutable] = []
        try:
            for number in range(self.batch):
                leader = memories[0] if number else None
                memories.append(Memory(program, layout, dialect, device, self.batch, number, leader))
            memories[0].join(memories)
            for memory in memories:
                self.members.append(_Member(program, options, device, module, plan, layout, memory, group))
            self._leader.begin_with_constants()
            self.reset(0)
        except BaseException:  # there is too little memory: what was taken already is given back
            self.members.clear()
            for memory in reversed(memories):
                memory.close()
            raise

    # ------------------------------------------------------------ life

    def reset(self, seed: int) -> None:
        """Step 0, initial values, no synapses; parameters stay."""
        for member in self.members:
            member.begin(0, seed & (2**64 - 1), 0)
        self._seed(seed)
        for member in self.members:
            member.initialise()

    def _seed(self, seed: int) -> None:
        seed &= 2**64 - 1
        for number, member in enumerate(self.members):
            member.memory.change()
            member.memory.model.seed, member.memory.model.common = network_seed(seed, number), seed

    def __del__(self) -> None:
        self.close()

    def set_threads(self, threads: int) -> None:
        """Threads of the host have nothing to do."""

    # ------------------------------------------------------------ running

    def profile(self, steps: int) -> dict[str, float]:
        """Seconds of each kernel (`CudaExecutable.profile`)."""
        return self._leader.profile(steps)

    def begin_signal(self) -> None:
        """Count one more call of a signal in this step."""
        for member in self.members:
            member.begin_signal()

    # ------------------------------------------------------------ connectivity

    def connect(self, projection: str) -> None:
        """Make the initial connectivity."""
        self._leader.connect(projection)
        for member in self.members[1:]:
            member.start_synapses(projection)

    def set_synapses(self, projection: str, pre: NDArray[np.int32], post: NDArray[np.int32]) -> None:
        """Replace all synapses."""
        self._leader.set_synapses(projection, pre, post)
        for member in self.members[1:]:
            member.start_synapses(projection)

    # ------------------------------------------------------------ values

    def set_parameter(self, owner: str, name: str, value: float | NDArray[np.float64]) -> None:
        """Set a parameter; derived values follow."""
        for member in self.members:
            member.set_parameter(owner, name, value)

    def get(self, owner: str, variable: str) -> Array:
        """Values now, copied from the device."""
        if not self._is_own(owner, variable):
            return self._leader.get(owner, variable)
        return np.stack([member.get(owner, variable) for member in self.members])

    def on_device(self, owner: str, variable: str) -> DeviceArray | None:
        """The values of what all networks share, where they lie; what each has for itself lies in several places."""
        return None if self._is_own(owner, variable) else self._leader.on_device(owner, variable)

    def set(self, owner: str, variable: str, values: Array) -> None:
        """Write all values, inside the variable's bounds."""
        if not self._is_own(owner, variable):
            self._leader.set(owner, variable, values)
            for member in self.members[1:]:
                member.touch(owner, variable)
            return
        shape = np.shape(self._leader.get(owner, variable))
        for member, row in zip(self.members, np.broadcast_to(values, (self.batch, *shape)), strict=True):
            member.set(owner, variable, row)

    # ------------------------------------------------------------ spikes in and out

    def take_states(self, population: str, variable: str) -> tuple[NDArray[np.int64], Array]:
        """(steps done, values) recorded since the last call."""
        steps, values = self._leader.take_states(population, variable)
        others = [member.take_states(population, variable)[1] for member in self.members[1:]]
        return steps, np.stack([values, *others], axis=1) if self._is_own(population, variable) else values

    # ------------------------------------------------------------ saving

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what `save` gave; what was recorded is dropped."""
        self._restore_members(state)
        self._seed(int(state["seed"]))
