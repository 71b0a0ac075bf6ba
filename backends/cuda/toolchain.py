"""Compilers for kernels: NVRTC, a library that needs neither driver nor toolkit, or nvcc."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.diagnostics import MachineError

#: The oldest architecture that kernels are written for, and those that `plastc compile` makes code for.
OLDEST = 75
ARCHITECTURES = (75, 80, 90)
#: What keeps the bits: one rounding for each operation, IEEE division and square root, small numbers as they are.
DETERMINISTIC = ("--fmad=false", "--prec-div=true", "--prec-sqrt=true", "--ftz=false")
#: What gives them up: contraction and, by PL_FAST, the device's own functions. Never flushing to zero.
FAST = ("--fmad=true", "--prec-div=false", "--prec-sqrt=false", "--ftz=false", "-DPL_FAST")
#: A compile that takes longer than this has gone wrong (s).
PATIENCE = 600
#: Modes and their options.
MODES = {"deterministic": DETERMINISTIC, "fast": FAST}


class CompileError(AssertionError):
    """The compiler refused what was emitted, which is never the user's fault."""


@dataclass(frozen=True, slots=True)
class Target:
    """What code is made for: an architecture such as 90, as machine code ("cubin") or for the driver ("ptx")."""

    architecture: int
    form: str = "cubin"

    @property
    def option(self) -> str:
        """How compilers call it."""
        return f"{'sm' if self.form == 'cubin' else 'compute'}_{self.architecture}"


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler: its kind, where it is, and the version of the toolkit it belongs to."""

    kind: str  # "nvrtc" or "nvcc"
    path: str
    version: tuple[int, int]

    def compile(self, source: str, target: Target, mode: str = "deterministic") -> bytes:
        """Code for a target.

        Raises:
            CompileError: the compiler refused the source.
            MachineError: it could not be run.
        """
        make = _with_nvrtc if self.kind == "nvrtc" else _with_nvcc
        return make(self.path, source, target, (*MODES[mode], "--std=c++17"))


# ---------------------------------------------------------------- finding


def find_compiler(newest: int | None = None) -> Compiler:
    """The compiler to use.

    Args:
        newest: the CUDA version (13) that the driver goes up to; code of a newer one would not load.

    Raises:
        MachineError: there is no compiler, or none that is old enough.
    """
    found = compilers()
    if not found:
        raise MachineError(
            "there is no compiler for CUDA: `pip install nvidia-cuda-nvrtc`, or install the CUDA toolkit and set "
            "CUDA_HOME"
        )
    for compiler in found:
        if newest is None or compiler.version[0] <= newest:
            return compiler
    first = found[0]
    raise MachineError(
        f"the NVIDIA driver is older than the CUDA toolkit: the driver goes up to CUDA {newest}, {first.path} makes "
        f"code for CUDA {first.version[0]}.{first.version[1]}; update the driver, or install a compiler for CUDA "
        f"{newest}"
    )


@functools.cache
def compilers() -> tuple[Compiler, ...]:
    """All compilers that work here, the best first."""
    found: dict[tuple[str, tuple[int, int]], Compiler] = {}
    for kind, paths, version_of in (("nvrtc", _libraries(), _nvrtc_version), ("nvcc", _commands(), _nvcc_version)):
        for path in paths:
            version = version_of(path)
            if version is not None:
                found.setdefault((kind, version), Compiler(kind, path, version))
    return tuple(found.values())


def _toolkits() -> Iterator[Path]:
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"):
        if os.environ.get(name):
            yield Path(os.environ[name])
    yield Path("/usr/local/cuda")


def _libraries() -> Iterator[str]:
    for place in sys.path:
        packages = Path(place) / "nvidia"
        for pattern in ("*/lib/libnvrtc.so.*", "*/bin/nvrtc64_*.dll"):
            yield from (str(path) for path in sorted(packages.glob(pattern)) if ".alt." not in path.name)
    for toolkit in _toolkits():
        yield from (str(path) for path in sorted(toolkit.glob("lib64/libnvrtc.so.??")))
    yield from ("libnvrtc.so.13", "libnvrtc.so.12")


def _commands() -> Iterator[str]:
    for toolkit in _toolkits():
        if (toolkit / "bin" / "nvcc").is_file():
            yield str(toolkit / "bin" / "nvcc")
    if found := shutil.which("nvcc"):
        yield found


@functools.cache
def _nvrtc(path: str) -> ctypes.CDLL:
    """NVRTC, and what it looks for by its bare name: that which lies beside it."""
    for beside in sorted(Path(path).parent.glob("libnvrtc-builtins.so.*")) if os.sep in path else ():
        if ".alt." not in beside.name:
            ctypes.CDLL(str(beside))
    return ctypes.CDLL(path)


def _nvrtc_version(path: str) -> tuple[int, int] | None:
    try:
        library = _nvrtc(path)
        major, minor = ctypes.c_int(), ctypes.c_int()
        failed = library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    except (OSError, AttributeError):
        return None
    return None if failed else (major.value, minor.value)


def _nvcc_version(path: str) -> tuple[int, int] | None:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"release (\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else None


# ---------------------------------------------------------------- compiling


def _with_nvrtc(path: str, source: str, target: Target, options: Sequence[str]) -> bytes:
    library = _nvrtc(path)
    program = ctypes.c_void_p()
    library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"model.cu", 0, None, None)
    try:
        every = [f"--gpu-architecture={target.option}", f"--include-path={INCLUDE}", *options]
        arguments = (ctypes.c_char_p * len(every))(*(option.encode() for option in every))
        if library.nvrtcCompileProgram(program, len(every), arguments):
            log = _text(library.nvrtcGetProgramLogSize, library.nvrtcGetProgramLog, program)
            raise CompileError(f"NVRTC refuses the emitted CUDA:\n{log.rstrip(bytes(1)).decode(errors='replace')}")
        if target.form == "cubin":
            return _text(library.nvrtcGetCUBINSize, library.nvrtcGetCUBIN, program)
        return _text(library.nvrtcGetPTXSize, library.nvrtcGetPTX, program)
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def _text(size_of: Callable[..., Any], get: Callable[..., Any], program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    size_of(program, ctypes.byref(size))
    data = ctypes.create_string_buffer(size.value)
    get(program, data)
    return data.raw


def _with_nvcc(path: str, source: str, target: Target, options: Sequence[str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="plast-") as place:
        text, code = Path(place) / "model.cu", Path(place) / f"model.{target.form}"
        text.write_text(source, encoding="utf-8")
        command = [path, f"--{target.form}", f"-arch={target.option}", "-I", str(INCLUDE), *options]
        try:
            done = subprocess.run(
                [*command, "-o", str(code), str(text)], capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MachineError(f"the CUDA compiler {path} could not be run: {error}") from error
        if done.returncode:
            raise CompileError(f"nvcc refuses the emitted CUDA:\n{done.stdout}{done.stderr}")
        return code.read_bytes()
