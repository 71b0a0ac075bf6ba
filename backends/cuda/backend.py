"""The CUDA backend: emit, compile or find in the cache, load."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol, runtime_checkable

from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.backends.cuda.batched import CudaBatch
from plastlang.backends.cuda.device import Device, Module
from plastlang.backends.cuda.emit import Emitted, emit
from plastlang.backends.cuda.executable import CudaExecutable
from plastlang.backends.cuda.pycuda_device import PyCudaDevice
from plastlang.backends.cuda.toolchain import ARCHITECTURES, OLDEST, Target, find_compiler
from plastlang.backends.interface import Options
from plastlang.diagnostics import MachineError
from plastlang.ir.nodes import Program

#: What `write` makes: machine code for some architectures, and what the driver makes it of for all that come later.
TARGETS = (*(Target(architecture) for architecture in ARCHITECTURES), Target(OLDEST, "ptx"))

#: Rows that a grid may have, and so networks of a batch.
NETWORKS = 65535


@runtime_checkable
class Loader(Protocol):
    """A device that takes code as it was compiled."""

    architecture: int

    def load(self, code: bytes) -> Module: ...


class CudaBackend:
    """The backend (`backends.interface.Compiling`).

    Args:
        device: what runs the kernels; without one the first GPU, through PyCUDA.
    """

    name = "cuda"

    def __init__(self, device: Device | None = None):
        self._device = device

    def device(self) -> Device:
        """What runs the kernels.

        Raises:
            MachineError: there is no GPU that can be used.
        """
        if self._device is None:
            self._device = PyCudaDevice()
        return self._device

    def load(self, program: Program, options: Options) -> CudaExecutable | CudaBatch:
        """Compile a program, or take it from the cache, and put it on the device.

        Raises:
            MachineError: there is no GPU that can be used, or no compiler for it, or too little memory.
        """
        device = self.device()
        emitted = emit(program, options.precision, options.batch > 1)
        module = device.compile(emitted.source, options.precision, options.mode)
        return _executable(program, options, device, module, emitted)

    def emit(self, program: Program, options: Options) -> str:
        """The CUDA source of a scheduled program."""
        return emit(program, options.precision, options.batch > 1).source

    def write(self, program: Program, options: Options, directory: Path) -> dict[str, str]:
        """Source, headers, and code for several architectures; needs a compiler, but no GPU. Gives name -> what it is.

        Raises:
            MachineError: there is no compiler.
        """
        compiler = find_compiler()
        directory.mkdir(parents=True, exist_ok=True)
        for old in (*directory.glob("model.*.cubin"), *directory.glob("model.*.ptx")):
            old.unlink()
        text = self.emit(program, options)
        (directory / "model.cu").write_text(text, encoding="utf-8")
        files = {"model.cu": "CUDA source"}
        for header in sorted(INCLUDE.glob("*.h")):
            shutil.copyfile(header, directory / header.name)
            files[header.name] = "run-time header"
        for target in TARGETS:
            name = _file_name(target)
            (directory / name).write_bytes(compiler.compile(text, target, options.mode))
            major, minor = divmod(target.architecture, 10)
            what, which = ("machine code", "") if target.form == "cubin" else ("code", " or newer")
            files[name] = f"{what} for GPUs of compute capability {major}.{minor}{which}"
        return files

    def open(self, program: Program, options: Options, directory: Path) -> CudaExecutable | CudaBatch:
        """Load what `write` left in a directory, without a compiler.

        Raises:
            MachineError: there is no GPU that can be used, or what was written is not there.
        """
        device = self.device()
        emitted = emit(program, options.precision, options.batch > 1)
        if isinstance(device, Loader):
            module = device.load(_code(directory, device.architecture))
        else:
            module = device.compile(emitted.source, options.precision, options.mode)
        return _executable(program, options, device, module, emitted)


def _executable(
    program: Program, options: Options, device: Device, module: Module, emitted: Emitted
) -> CudaExecutable | CudaBatch:
    if options.batch > NETWORKS:
        raise MachineError(f"a GPU runs at most {NETWORKS} networks at a time; compile with a smaller batch")
    kind = CudaBatch if options.batch > 1 else CudaExecutable
    return kind(program, options, device, module, emitted.plan, emitted.layout)


def _file_name(target: Target) -> str:
    return f"model.{target.option}.{target.form}"


def _code(directory: Path, architecture: int) -> bytes:
    """What suits a GPU best: machine code runs where the major number is the same and the minor one is not less."""
    fitting = [
        t for t in TARGETS
        if t.architecture <= architecture and (t.form == "ptx" or t.architecture // 10 == architecture // 10)
    ]  # fmt: skip
    for target in sorted(fitting, key=lambda t: (t.form == "cubin", t.architecture), reverse=True):
        try:
            return (directory / _file_name(target)).read_bytes()
        except OSError:
            continue
    raise MachineError(f"{directory} holds no code for this GPU; run plastc compile again")


backend = CudaBackend()
