"""The engine of the emulator, and emitted CUDA with the shim in front, as shared libraries."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from plastlang.backends.cfamily.cache import build_directory, cache_directory
from plastlang.backends.cfamily.headers import INCLUDE, headers
from plastlang.backends.cuda.toolchain import ARCHITECTURES, Compiler, Target, compilers
from plastlang.diagnostics import MachineError
from tests.cuda.emulator.ptx import translated

HERE = Path(__file__).parent
#: Bits as on a device: no contraction, no assumptions about aliasing and overflow that nvcc does not make.
FLAGS = (
    "-std=gnu++17", "-fPIC", "-w", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
    "-fno-strict-aliasing",
)  # fmt: skip
#: Functions of C that a compiler makes of copies of structs; in kernels they are the engine's, which looks.
COPIES = ("memcpy", "memmove", "memset")
#: Kernels by way of the PTX that NVIDIA's compiler makes in a mode.
PTX = {"ptx": "deterministic", "ptx of the fast mode": "fast"}
#: How kernels may be compiled, by compiler; clang++, where there is one, takes half as long, and sees more of structs
#: (what a call takes or gives by value). checked: every access becomes a call of the engine; volatile ones a call of
#: their own. PTX: what is compiled calls the engine by itself. undefined: what C++ leaves undefined is said on stderr.
VARIANTS = {
    "clang++": {
        "plain": ("-O1", "-fwrapv"),
        "checked": ("-O0", "-gline-tables-only", "-fwrapv", "-fsanitize=thread",
                    "-mllvm", "-tsan-distinguish-volatile=1", "-mllvm", "-tsan-instrument-func-entry-exit=0",
                    "-mllvm", "-tsan-instrument-read-before-write=1"),
        **dict.fromkeys(PTX, ("-O1", "-gline-tables-only", "-fwrapv")),
    },
    "g++": {
        "plain": ("-O1", "-fwrapv", "-fno-ipa-reference"),
        "checked": ("-O0", "-g1", "-fwrapv", "-fno-ipa-reference", "-fsanitize=thread",
                    "--param=tsan-distinguish-volatile=1", "--param=tsan-instrument-func-entry-exit=0",
                    *(f"-fno-builtin-{word}" for word in COPIES)),
        **dict.fromkeys(PTX, ("-O1", "-g1", "-fwrapv")),
        "undefined": ("-O0", "-g1", "-fsanitize=undefined,float-cast-overflow"),
    },
}  # fmt: skip
#: Another choice of the compiler of kernels.
CHOSEN = "PLASTLANG_EMULATOR_CXX"


class Variable(ctypes.Structure):
    _fields_ = (("begin", ctypes.c_uint64), ("bytes", ctypes.c_uint64), ("name", ctypes.c_char_p))


class Order(ctypes.Structure):
    _fields_ = (("order", ctypes.c_int32), ("checked", ctypes.c_int32), ("preempt", ctypes.c_uint64),
                ("seed", ctypes.c_uint64))  # fmt: skip


_numbers = itertools.count()


def _run(command: Sequence[str | Path], where: Path | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=where)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr[:4000]}"


@functools.cache
def _fingerprint() -> str:
    """Of everything of the emulator that a compiled file depends on."""
    digest = hashlib.sha256(repr((FLAGS, VARIANTS)).encode())
    for path in sorted((*HERE.glob("*.?pp"), *HERE.glob("ptx*.py"), HERE / "build.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cached(name: str) -> Path:
    return cache_directory() / "emulator" / name


@functools.cache
def engine_path() -> Path:
    """The compiled engine."""
    path = _cached(f"engine-{_fingerprint()[:32]}.so")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with build_directory() as build:
            sources = [HERE / "engine.cpp", HERE / "memory.cpp"]
            _run(["g++", "-std=gnu++17", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", *sources, "-o", build / "e.so"])
            os.replace(build / "e.so", path)
    return path


@functools.cache
def engine() -> ctypes.CDLL:
    """The engine, loaded."""
    library = ctypes.CDLL(str(engine_path()))
    long, pointer = ctypes.c_uint64, ctypes.c_void_p
    for name, result, arguments in (
        ("emu_open", pointer, ()),
        ("emu_close", None, (pointer,)),
        ("emu_allocate", long, (pointer, long, ctypes.c_char_p)),
        ("emu_free", ctypes.c_int, (pointer, long)),
        ("emu_inside", ctypes.c_int, (pointer, long, long)),
        ("emu_launch", ctypes.c_char_p, (
            pointer, pointer, ctypes.c_char_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, pointer,
            pointer, ctypes.POINTER(Variable), long, long, long, Order,
        )),
    ):  # fmt: skip
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@functools.cache
def nvrtc() -> Compiler:
    """NVIDIA's compiler.

    Raises:
        MachineError: there is none on this machine.
    """
    found = [compiler for compiler in compilers() if compiler.kind == "nvrtc"]
    if not found:
        raise MachineError("the PTX is made by NVRTC, which is not installed (python -m pip install nvidia-cuda-nvrtc)")
    return found[0]


@functools.cache
def compiler(variant: str) -> str:
    """Which compiler makes such kernels."""
    given = os.environ.get(CHOSEN, "")
    able = [name for name, variants in VARIANTS.items() if variant in variants and given in ("", name)]
    return next((name for name in able if shutil.which(name)), "g++")


def _flags(variant: str) -> tuple[str, ...]:
    return (*FLAGS, *VARIANTS[compiler(variant)][variant], "-I", str(INCLUDE))


@functools.cache
def _front(variant: str) -> tuple[str | Path, ...]:
    """What stands in front of every source, compiled in advance, as options of the compiler."""
    name = compiler(variant)
    # compilers look again at the files that it was made of, and another checkout's may change
    parts = (headers(), _fingerprint(), name, variant, str(HERE), str(INCLUDE))
    key = hashlib.sha256("".join(parts).encode()).hexdigest()[:32]
    path = _cached(f"front-{key}.hpp")
    code = path.with_suffix(".pch" if name == "clang++" else ".hpp.gch")
    if not code.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with build_directory() as build:
            text = build / "front.hpp"
            text.write_text("".join(f'#include "{name}"\n' for name in (HERE / "shim.hpp", "plast_device.h")))
            os.replace(text, path)
            once = ("-Xclang", "-fno-pch-timestamp") if name == "clang++" else ()
            _run([name, *_flags(variant), *once, "-x", "c++-header", path, "-o", build / "front.code"])
            os.replace(build / "front.code", code)
    return ("-Xclang", "-fno-validate-pch", "-include-pch", code) if name == "clang++" else ("-include", path)


def compiled(source: str, variant: str, keep: bool = True) -> Path:
    """A library of the kernels of a source, beside what was compiled (.cu). Without `keep` the caller removes it."""
    name = compiler(variant)
    made = str(nvrtc().version) if variant in PTX else ""
    key = hashlib.sha256("\0".join((source, headers(), _fingerprint(), name, variant, made)).encode()).hexdigest()[:32]
    # what does not stay gets a name that was never used: a loaded library is found by its name, even without its file
    path = _cached(f"{key}.so" if keep else f"{key}-{os.getpid()}-{next(_numbers)}.so")
    if path.exists():
        return path
    if variant in PTX:
        ptx = nvrtc().compile(source, Target(ARCHITECTURES[-1], "ptx"), PTX[variant]).decode()
        source = translated(ptx, checked=True)
    # what is translated ahead is the header for one network
    ahead = '#include "plast_device.h"' in source and "#define PL_BATCH" not in source
    front = _front(variant) if ahead else ("-include", HERE / "shim.hpp")
    path.parent.mkdir(parents=True, exist_ok=True)  # the cache may have moved since the engine was made
    with build_directory() as build:
        (build / "model.cu").write_text(source, encoding="utf-8")
        _run([name, *_flags(variant), "-c", *front, "-x", "c++", "model.cu", "-o", "model.o"], build)
        if variant == "undefined":
            _run(["gcc", "-shared", "model.o", engine_path(), "-lm", "-lubsan", "-o", "model.so"], build)
        else:  # the linker itself: a compiler takes longer to call it than it takes
            wrapped = [f"--wrap={word}" for word in COPIES] if variant == "checked" else []
            _run(["ld", "-shared", "--eh-frame-hdr", *wrapped, "model.o", engine_path(), "-o", "model.so"], build)
        os.replace(build / "model.cu", path.with_suffix(".cu"))
        os.replace(build / "model.so", path)
    return path


# ---------------------------------------------------------------- looking into libraries


def shared_variables(path: Path, base: int, begin: int, end: int) -> list[Variable]:
    """The shared variables of a loaded library, which lie from `begin` to `end`."""
    if begin == end:
        return []
    done = subprocess.run(["nm", "-SC", path], capture_output=True, text=True, check=True)
    variables = []
    for match in re.finditer(r"^([0-9a-f]+) ([0-9a-f]+) \w (.+)$", done.stdout, re.M):
        address = base + int(match[1], 16)
        if begin <= address < end:
            variables.append(Variable(address, int(match[2], 16), match[3].encode()))
    return variables


def explained(report: str, path: Path) -> str:
    """A report with lines of the source in place of addresses of code."""
    lines: list[str] = []

    def line_of(match: re.Match[str]) -> str:
        done = subprocess.run(
            ["addr2line", "-i", "-e", path, match[1]], capture_output=True, text=True, check=True
        ).stdout
        places = [place.split(" ")[0] for place in done.split("\n") if place]
        for place in places:
            file, _, number = place.rpartition(":")
            source = path.with_suffix(".cu") if file.endswith("model.cu") else Path(file)
            if source.is_file() and number.isdigit():
                lines.append(f"{Path(file).name}:{number}: {source.read_text().splitlines()[int(number) - 1].strip()}")
        return Path(places[0]).name

    text = re.sub(r"@(0x[0-9a-f]+)", line_of, report)
    return "\n  ".join([text, *dict.fromkeys(lines)])
