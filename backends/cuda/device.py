"""What a device offers. A GPU through PyCUDA is one; tests bring others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Call:
    """A kernel with its grid (blocks), its block (threads, a multiple of 32 or 1) and its two arguments (addresses).

    `networks`: rows of the grid, each as many blocks, one for each network of a batch; `layers`: of all of these, one
    for each of the kernels that share the launch. One layer: the kernel whose number is `data`.
    """

    kernel: str
    grid: int
    block: int
    model: int
    data: int = 0
    networks: int = 1
    layers: int = 1


class Module(Protocol):
    """Compiled kernels."""

    def launch(self, calls: Sequence[Call]) -> None:
        """Put the calls on the device, one after the other; does not wait."""

    def keep(self, calls: Sequence[Call]) -> Callable[[], None]:
        """What launches the calls, for those that may come often."""


class Device(Protocol):
    """Memory by addresses, modules, and waiting. Raises MachineError with what was needed and what there is."""

    name: str
    #: Blocks that fill the device.
    spread: int
    #: Threads of a block.
    block: int

    def compile(self, source: str, precision: str, mode: str = "deterministic") -> Module:
        """Kernels from a source; `mode` "fast" gives up the bits for speed."""

    def allocate(self, bytes_: int, what: str) -> int:
        """Zeroed memory; `what` is named where there is none left."""

    def free(self, address: int) -> None: ...

    def write(self, address: int, values: NDArray[Any]) -> None: ...

    def read(self, address: int, values: NDArray[Any]) -> None:
        """Into `values`, after everything that was launched."""

    def copy(self, target: int, source: int, bytes_: int) -> None: ...

    def zero(self, address: int, bytes_: int) -> None: ...

    def close(self) -> None: ...
