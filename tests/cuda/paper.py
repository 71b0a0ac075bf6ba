"""A device that is a part of the host's memory, and whose kernels are Python functions: for the host side alone."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cuda.device import Call
from plastlang.diagnostics import MachineError

#: Gets the address of the model and that of the data.
Kernel = Callable[[int, int], None]


class PaperDevice:
    """Memory by addresses. Every access has to lie inside what is allocated."""

    name, spread, block = "paper", 4, 64

    def __init__(self, kernels: Mapping[str, Kernel], total: int = 1 << 30):
        self.kernels, self.total = kernels, total
        self.memory: dict[int, Any] = {}
        self.calls: list[Call] = []

    def compile(self, source: str, precision: str, mode: str = "deterministic") -> PaperModule:
        return PaperModule(self)

    @property
    def used(self) -> int:
        return sum(len(block) for block in self.memory.values())

    def allocate(self, bytes_: int, what: str) -> int:
        if self.used + bytes_ > self.total:
            raise MachineError(f"no memory for {what}")
        block = (ctypes.c_char * bytes_)()
        self.memory[ctypes.addressof(block)] = block
        return ctypes.addressof(block)

    def free(self, address: int) -> None:
        del self.memory[address]

    def _inside(self, address: int, bytes_: int) -> None:
        assert any(at <= address and address + bytes_ <= at + len(b) for at, b in self.memory.items()), "out of bounds"

    def write(self, address: int, values: NDArray[Any]) -> None:
        self._inside(address, values.nbytes)
        ctypes.memmove(address, values.ctypes.data, values.nbytes)

    def read(self, address: int, values: NDArray[Any]) -> None:
        self._inside(address, values.nbytes)
        ctypes.memmove(values.ctypes.data, address, values.nbytes)

    def copy(self, target: int, source: int, bytes_: int) -> None:
        self._inside(target, bytes_)
        self._inside(source, bytes_)
        ctypes.memmove(target, source, bytes_)

    def zero(self, address: int, bytes_: int) -> None:
        self._inside(address, bytes_)
        ctypes.memset(address, 0, bytes_)

    def close(self) -> None:
        self.memory.clear()


class PaperModule:
    def __init__(self, device: PaperDevice):
        self.device = device

    def launch(self, calls: Sequence[Call]) -> None:
        for call in calls:
            assert call.block == 1 or call.block % 32 == 0
            self.device.calls.append(call)
            self.device.kernels[call.kernel](call.model, call.data)

    def keep(self, calls: Sequence[Call]) -> Callable[[], None]:
        return lambda: self.launch(calls)


def at(address: int, count: int, dtype: type) -> NDArray[Any]:
    """A view of memory."""
    kind = np.dtype(dtype)
    return np.frombuffer((ctypes.c_char * (count * kind.itemsize)).from_address(address), kind)
