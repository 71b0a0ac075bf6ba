"""The steps of a run: kernels of `every` blocks only where they are due, and many steps put on the device at once.

A kernel costs a microsecond or more in a step in which it finds that it has nothing to do, and so does each call of the
host. So some steps are one sequence of calls, kept by what is due in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from plastlang.backends.cuda.device import Call, Module
from plastlang.backends.cuda.plan import Launch, Launches

#: Steps of one sequence, at the least and at the most; how many sequences of several steps are kept.
FEW, MANY, KEPT = 16, 64, 64

#: How many steps a sequence has, and those of them in which each `every` block is due.
Due = tuple[int, tuple[range, ...]]
Calls = Callable[[Launches], Sequence[Call]]


class Steps:
    """What the steps of a network launch.

    Args:
        step: the launches of a step in which everything is due.
        module: their kernels.
    """

    def __init__(self, step: Launches, module: Module):
        self._step, self._module = step, module
        self._blocks = tuple(sorted(set().union(*(launch.every for launch in step))))
        self._periods: dict[tuple[str, int], int] = {}
        self._rooms: Mapping[str, int] = {}
        self._known: dict[Due, Callable[[], None]] = {}
        self._many = FEW

    def period(self, owner: str, block: int, steps: int) -> None:
        """An `every` block is due each so many steps."""
        if (owner, block) in self._blocks and self._periods.get((owner, block)) != steps:
            self._periods[owner, block] = steps
            self._known.clear()
            shortest = min(self._periods.values())
            self._many = shortest * -(-FEW // shortest) if shortest <= MANY else FEW

    def rooms(self, rooms: Mapping[str, int]) -> None:
        """How many synapses there may be: grids follow it."""
        if rooms != self._rooms:
            self._rooms = rooms
            self._known.clear()

    def launch(self, first: int, count: int, calls: Calls) -> None:
        """Put the steps first .. first + count - 1 on the device; `calls`: those of launches that stand together."""
        while count > 0:
            several = self._due(first, self._many)
            found = several if count >= self._many and self._keeps(several) else self._due(first, 1)
            if found not in self._known:
                steps = (calls(self._launches(found, k)) for k in range(found[0]))
                self._known[found] = self._module.keep([call for step in steps for call in step])
            self._known[found]()
            first, count = first + found[0], count - found[0]

    def launches(self, step: int) -> Launches:
        """Those of one step."""
        return self._launches(self._due(step, 1), 0)

    def _keeps(self, due: Due) -> bool:
        return due in self._known or len(self._known) < KEPT

    def _due(self, first: int, count: int) -> Due:
        periods = (self._periods[block] for block in self._blocks)
        return count, tuple(range(-(first + 1) % period, count, period) for period in periods)

    def _launches(self, due: Due, k: int) -> Launches:
        """Those of the k-th step."""
        blocks = {block for block, steps in zip(self._blocks, due[1], strict=True) if k in steps}

        def is_due(launch: Launch) -> bool:
            return not launch.every or not blocks.isdisjoint(launch.every)

        return tuple(filter(is_due, self._step))
