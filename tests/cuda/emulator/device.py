"""A device on which emitted CUDA runs without a GPU, each access watched."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from plastlang.backends.cuda.device import Call
from plastlang.diagnostics import MachineError
from tests.cuda.emulator import build
from tests.cuda.emulator.libraries import Library, borrow, give_back

ORDERS = ("in order", "reverse", "random")


class Violation(AssertionError):
    """A kernel broke a rule of the device: bounds, alignment, initialisation, order, barriers. It says where."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which thread runs when, and which block.

    preempt: how many accesses out of 65536 let another thread go on (checked only). seed: of random choices.
    """

    order: str = "in order"
    seed: int = 0
    preempt: int = 0


class EmulatedDevice:
    """The device (`backends.cuda.device.Device`).

    Args:
        schedule: of all launches.
        checked: whether accesses are watched; without, kernels run faster and only barriers are.
        block, spread: as the host asks a device for them.
        total: bytes that there are.
        keep: whether compiled kernels stay in the cache.
        undefined: instead of accesses, what C++ leaves undefined is watched, and said on stderr.
        ptx: what runs is the PTX that NVIDIA's compiler makes of the kernels, each access watched.
    """

    name = "emulator"

    def __init__(
        self, schedule: Schedule | None = None, checked: bool = True, block: int = 64, spread: int = 3,
        total: int = 1 << 30, keep: bool = True, undefined: bool = False, ptx: bool = False,
    ):  # fmt: skip
        self.schedule, self.block, self.spread = schedule or Schedule(), block, spread
        self.total, self.keep, self.launches = total, keep, 0
        self.checked = ptx or (checked and not undefined)
        self.variant = "ptx" if ptx else "undefined" if undefined else "checked" if checked else "plain"
        self.engine = build.engine()
        self.arena = self.engine.emu_open()
        self._sizes: dict[int, int] = {}
        self._borrowed: list[Library] = []

    def compile(self, source: str, precision: str, mode: str = "deterministic") -> EmulatedModule:
        """Kernels for the CPU; the fast mode is what NVIDIA's compiler makes of it."""
        variant = {"deterministic": self.variant, "fast": "ptx of the fast mode"}[mode]
        assert variant in build.PTX or mode == "deterministic"
        library = borrow(source, variant, self.keep)
        self._borrowed.append(library)
        return EmulatedModule(self, library)

    def allocate(self, bytes_: int, what: str) -> int:
        """Zeroed memory."""
        used = sum(self._sizes.values())
        if used + bytes_ > self.total:
            raise MachineError(f"the emulator has too little memory: {what} needs {bytes_} bytes more")
        address = int(self.engine.emu_allocate(self.arena, bytes_, what.encode()))
        assert address, "addresses are never used again, and there are none left"
        self._sizes[address] = bytes_
        return address

    def free(self, address: int) -> None:
        """Give memory back; nothing may touch it any more. What `close` has given back already is left alone."""
        if self.arena is None:
            return
        assert self.engine.emu_free(self.arena, address), "what is given back was not allocated"
        del self._sizes[address]

    def _inside(self, address: int, bytes_: int) -> None:
        if not self.engine.emu_inside(self.arena, address, bytes_):
            raise Violation(f"the host touches {bytes_} bytes at {address:#x}, which are not inside one allocation")

    def write(self, address: int, values: NDArray[Any]) -> None:
        """Send values."""
        self._inside(address, values.nbytes)
        assert values.flags.c_contiguous
        ctypes.memmove(address, values.ctypes.data, values.nbytes)

    def read(self, address: int, values: NDArray[Any]) -> None:
        """Fetch values."""
        self._inside(address, values.nbytes)
        assert values.flags.c_contiguous
        ctypes.memmove(values.ctypes.data, address, values.nbytes)

    def copy(self, target: int, source: int, bytes_: int) -> None:
        """From one place on the device to another."""
        self._inside(target, bytes_)
        self._inside(source, bytes_)
        ctypes.memmove(target, source, bytes_)

    def zero(self, address: int, bytes_: int) -> None:
        """Fill with zeros."""
        self._inside(address, bytes_)
        ctypes.memset(address, 0, bytes_)

    def close(self) -> None:
        """Give everything back."""
        if self.arena:
            self.engine.emu_close(self.arena)
            self.arena = None
            self._sizes.clear()
            for library in self._borrowed:
                give_back(library)

    def __del__(self) -> None:
        self.close()


class EmulatedModule:
    """Loaded kernels (`backends.cuda.device.Module`); every launch is done when it returns."""

    def __init__(self, device: EmulatedDevice, library: Library):
        self._device, self._library = device, library

    def launch(self, calls: Sequence[Call]) -> None:
        """Run the calls, one after the other.

        Raises:
            Violation: a kernel broke a rule.
        """
        for call in calls:
            self._run(call, self._device)

    def keep(self, calls: Sequence[Call]) -> Callable[[], None]:
        """What runs them."""
        return lambda: self.launch(calls)

    def _run(self, call: Call, device: EmulatedDevice) -> None:
        assert call.grid >= 1 and (call.block == 1 or call.block % 32 == 0) and call.block <= 1024
        device.launches += 1
        schedule = device.schedule
        seed = (schedule.seed * 1_000_003 + device.launches) & (2**64 - 1)
        preempt = schedule.preempt if device.checked else 0
        order = build.Order(ORDERS.index(schedule.order), device.checked, preempt, seed)
        library = self._library
        report = device.engine.emu_launch(
            device.arena, library.kernel(call.kernel), call.kernel.encode(), call.grid, call.networks, call.layers,
            call.block, call.model, call.data, library.shared, len(library.shared), *library.image, order,
        )  # fmt: skip
        if report is not None:
            raise Violation(build.explained(report.decode(), library.path))
