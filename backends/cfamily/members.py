"""What a batch of networks answers through its members: the first one has what is shared, each one what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cfamily.batches import merge, split
from plastlang.backends.cfamily.layout import Layout
from plastlang.backends.interface import Executable
from plastlang.ir.nodes import Program

Array = NDArray[Any]
M = TypeVar("M", bound=Executable)


class Members(Generic[M]):
    """Several networks with shared structure: what every batch does alike (`backends.interface.Executable`)."""

    program: Program
    layout: Layout
    batch: int
    members: list[M]

    @property
    def _leader(self) -> M:
        return self.members[0]

    def _is_own(self, owner: str, variable: str) -> bool:
        return variable in self.layout.sharing[owner].own

    # ------------------------------------------------------------ running

    @property
    def step(self) -> int:
        """Steps done."""
        return self._leader.step

    def run(self, steps: int) -> int:
        """Advance all networks."""
        return self._leader.run(steps)

    def signal(self, owner: str, name: str, arguments: tuple[float, ...]) -> None:
        """Run the blocks of a signal of one owner."""
        self._leader.signal(owner, name, arguments)

    def close(self) -> None:
        """Give the memory of all networks back."""
        for member in reversed(self.members):
            member.close()

    # ------------------------------------------------------------ connectivity and parameters: of the first network

    def synapses(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(pre, post) in the order (pre, post, age)."""
        return self._leader.synapses(projection)

    def degrees(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(out-degree per pre, in-degree per post)."""
        return self._leader.degrees(projection)

    def counts(self, projection: str) -> tuple[int, int]:
        """(formations, eliminations) since reset."""
        return self._leader.counts(projection)

    def get_parameter(self, owner: str, name: str) -> NDArray[np.float64]:
        """Shape () for one value, (size,) for one per neuron."""
        return self._leader.get_parameter(owner, name)

    # ------------------------------------------------------------ spikes in and out: of one network

    def set_schedule(
        self, population: str, neurons: NDArray[np.int32], steps: NDArray[np.int64], network: int = 0
    ) -> None:
        """The spikes of a `Scheduled` population from now on."""
        self.members[network].set_schedule(population, neurons, steps)

    def set_last_spikes(self, population: str, neurons: NDArray[np.int32], network: int = 0) -> None:
        """Say which neurons of a `Scheduled` population spiked in the step before this one."""
        self.members[network].set_last_spikes(population, neurons)

    def take_spikes(self, population: str, network: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(steps, neurons) recorded since the last call."""
        return self.members[network].take_spikes(population)

    # ------------------------------------------------------------ saving

    def save(self) -> Mapping[str, Array]:
        """Everything that the future depends on."""
        return merge([member.save() for member in self.members], self.program, self.layout.sharing)

    def _restore_members(self, state: Mapping[str, Array]) -> None:
        assert int(state.get("batch", np.array(1))) == self.batch, "saved with another batch"
        for member, part in zip(self.members, split(state, self.batch, self.program, self.layout.sharing), strict=True):
            member.restore(part)
