"""The CUDA backend: emit, compile or find in the cache, load."""

from __future__ import annotations

from plastlang.backends.cuda.device import Device
from plastlang.backends.cuda.emit import emit
from plastlang.backends.cuda.executable import CudaExecutable
from plastlang.backends.interface import Options
from plastlang.ir.nodes import Program


class CudaBackend:
    """The backend (`backends.interface.Compiling`).

    Args:
        device: what runs the kernels; without one the GPU that PyCUDA finds.
    """

    name = "cuda"

    def __init__(self, device: Device | None = None):
        self._device = device

    def load(self, program: Program, options: Options) -> CudaExecutable:
        """Compile a program, or take it from the cache, and put it on the device.

        Raises:
            MachineError: there is no GPU that can be used, or no compiler for it, or too little memory.
        """
        emitted = emit(program, options.precision)
        device = self.device()
        module = device.compile(emitted.source, options.precision)
        return CudaExecutable(program, options, device, module, emitted.plan, emitted.layout)

    def device(self) -> Device:
        """What runs the kernels."""
        assert self._device is not None
        return self._device

    def emit(self, program: Program, options: Options) -> str:
        """The CUDA source of a scheduled program."""
        return emit(program, options.precision).source
