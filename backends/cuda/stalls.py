"""Making room where a kernel has none left."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import assert_never

from plastlang.backends.cuda.memory import Memory
from plastlang.backends.cuda.records import Records
from plastlang.backends.cuda.synapses import Synapses
from plastlang.diagnostics import MachineError


class Stall(IntEnum):
    """Why a kernel could not go on (PL_STALL_...)."""

    ROWS = 1
    INCOMING = 2
    WORK = 3
    SPIKES = 4
    STATES = 5


class Stalls:
    """Answers stalls. A kernel that asks again before anything went on gets twice as much."""

    def __init__(self, memory: Memory, edges: Sequence[Synapses], records: Sequence[Records]):
        self._memory, self._edges, self._records = memory, edges, records
        self._asked: dict[tuple[int, int, int], int] = {}  # (kernel, owner, why) -> times

    def done(self) -> None:
        """What stalled went on."""
        self._asked.clear()

    def make_room(self) -> None:
        """Do what the kernel that stalled asks for, and let kernels run again.

        Raises:
            MachineError: there is no memory. The kernel still stalls, and the next run tries again.
        """
        self._memory.change()
        model = self._memory.model
        why, owner, need = Stall(model.stall), int(model.stall_owner), int(model.stall_need)
        key = (int(model.stall_kernel), owner, why)
        again = self._asked[key] = self._asked.get(key, -1) + 1
        try:
            self._answer(why, owner, need << again)
        except MachineError:
            self._asked.clear()
            raise
        self._memory.change()
        model.stall = 0

    def _answer(self, why: Stall, owner: int, more: int) -> None:
        match why:
            case Stall.ROWS:
                self._edges[owner].grow_rows(more)
            case Stall.INCOMING:
                self._edges[owner].grow_incoming(more)
            case Stall.WORK:
                self._edges[owner].grow_work(more)
            case Stall.SPIKES | Stall.STATES:
                for records in self._records:
                    records.fetch()
            case _:
                assert_never(why)
