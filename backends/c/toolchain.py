"""Which C compiler there is, with which flags, and how an emitted source is compiled."""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from plastlang.backends.cfamily.cache import code_of, find, keep, name_of
from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.diagnostics import MachineError

#: -ffp-contract=off keeps the bits; the other -fno- options keep them too and let loops vectorise. Never -ffast-math.
FLAGS = (
    "-std=c11", "-fPIC", "-shared", "-ffp-contract=off",
    "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-fvisibility=hidden", "-fno-plt", "-pthread",
)  # fmt: skip
#: Loops are marked for vectorisation, so more than this makes gcc slower but hardly the code. clang needs its second.
#: Threaded jumps make two conditions of one, and masks of both, in loops that become vectors.
GCC_LEVEL = ("-O1", "-ftree-vectorize", "-finline-small-functions", "-fno-thread-jumps")
CLANG_LEVEL = ("-O2",)
#: Without optimisation a compiler reads the headers for as long as it works on a source.
NO_LEVEL = "-O0"
#: A compile that takes longer than this has gone wrong (s).
PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Compiler:
    """A command that compiles C, what it says of itself, and its flags for this machine."""

    command: tuple[str, ...]
    version: str
    flags: tuple[str, ...]


class CompileError(AssertionError):
    """The compiler refused what was emitted, which is never the user's fault. Names the file with its message."""


#: Options that are put behind the others, such as "-O1 -g" to debug what is emitted.
MORE_FLAGS = "PLASTLANG_CFLAGS"


def find_compiler() -> Compiler:
    """The compiler to use: $CC, gcc, clang or cc, else the `ziglang` package.

    Raises:
        MachineError: there is none, or $CC does not work.
    """
    found = _find(os.environ.get("CC", "").strip())
    return replace(found, flags=(*found.flags, *shlex.split(os.environ.get(MORE_FLAGS, ""))))


@functools.cache
def _find(given: str) -> Compiler:
    """What is known of the same programs on the same processor need not be asked again, which takes two processes."""
    programs = _programs(shlex.split(given) if given else ["gcc", "clang", "cc"])
    name = f"{name_of(code_of('backends.c'), given, *programs, processor())}.compiler"
    found = find(name, Compiler) if programs else None
    if found is None:
        found = _ask(given)
        if programs:
            keep(name, found)
    return found


def _programs(words: list[str]) -> list[str]:
    """Those of the words that are programs, with what changes when another one is installed."""
    found = []
    for word in words:
        path = shutil.which(word)
        if path:
            file = os.stat(path)
            found.append(f"{word} {os.path.realpath(path)} {file.st_size} {file.st_mtime_ns}")
    return found


def _ask(given: str) -> Compiler:
    if given:
        command = tuple(shlex.split(given))
        version = _version(command)
        if version is None:
            raise MachineError(f"the compiler that CC names ({given}) does not run; unset CC or correct it")
        return _with_flags(command, version)
    for name in ("gcc", "clang", "cc"):
        if shutil.which(name) and (version := _version((name,))) is not None:
            return _with_flags((name,), version)
    if importlib.util.find_spec("ziglang") is not None:
        command = (sys.executable, "-m", "ziglang", "cc")
        if (version := _version(command)) is not None:
            return _with_flags(command, version)
    raise MachineError(
        "there is no C compiler: install gcc or clang, or `pip install plastlang[zig]`, or use --backend reference"
    )


def _version(command: tuple[str, ...]) -> str | None:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _with_flags(command: tuple[str, ...], version: str) -> Compiler:
    """Code for this very processor where the compiler can make it."""
    flags = (*FLAGS, *(CLANG_LEVEL if "clang" in version or "ziglang" in command else GCC_LEVEL))
    for native in ("-march=native", "-mcpu=native"):
        probe = [*command, native, "-x", "c", "-fsyntax-only", os.devnull]
        if "ziglang" in command:  # its spelling of the processor at hand is the default
            break
        try:
            done = subprocess.run(probe, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return Compiler(command, version, (*flags, native))
    return Compiler(command, version, flags)


@functools.cache
def processor() -> str:
    """What the code is made for: architecture and the features of the processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        features = next(x for x in text.splitlines() if x.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        features = platform.processor()
    return f"{platform.machine()} {features}"


def compile_source(compiler: Compiler, source: Path, library: Path) -> None:
    """Compile an emitted source, all at once, to a shared library.

    Raises:
        CompileError: the compiler refused it; its message is in a file next to the source.
        MachineError: the compiler could not be run.
    """
    _run(compiler, source, [("-I", str(INCLUDE), "-o", str(library), str(source))])


def compile_rest(compiler: Compiler, source: Path, result: Path) -> None:
    """Compile to an object what is the same for every program. Raises as `compile_source`."""
    _run(compiler, source, [("-DPL_ONLY=-1", "-I", str(INCLUDE), "-c", "-o", str(result), str(source))])


def compile_parts(compiler: Compiler, source: Path, parts: int, rest: Callable[[], Path], library: Path) -> None:
    """Compile the parts of an emitted source at the same time, and link them to a library.

    Args:
        compiler: to be used.
        source: has at most so many parts.
        parts: how many are made.
        rest: gives the object of what is the same for every program; called while the parts are compiled.
        library: what is made; objects are put beside it.

    Raises:
        As `compile_source`.
    """
    if parts == 1:
        arguments = ("-DPL_ONLY=0", "-I", str(INCLUDE), "-o", str(library), str(source), str(rest()))
        _run(compiler, source, [arguments])
        return
    objects = [library.with_suffix(f".{part}.o") for part in range(parts)]
    more: list[Path] = []
    each = [
        (f"-DPL_ONLY={part}", f"-DPL_PARTS={parts}", "-I", str(INCLUDE), "-c", "-o", str(path), str(source))
        for part, path in enumerate(objects)
    ]
    _run(compiler, source, each, lambda: more.append(rest()))
    _run(compiler, source, [("-o", str(library), *map(str, (*objects, *more)))])


def _run(
    compiler: Compiler, source: Path, each: Sequence[tuple[str, ...]], meanwhile: Callable[[], None] | None = None
) -> None:
    """Run the compiler with each of the arguments, at the same time. Raises as `compile_source`."""
    running: list[tuple[list[str], subprocess.Popen[str]]] = []
    try:
        for arguments in each:
            flags = [flag for flag in compiler.flags if flag != "-shared" or "-c" not in arguments]
            command = [*compiler.command, *flags, *arguments]
            process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            running.append((command, process))
        if meanwhile is not None:
            meanwhile()
        said = [(process.communicate(timeout=PATIENCE)[0], process.returncode) for _, process in running]
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(f"the C compiler {shlex.join(compiler.command)} could not be run: {error}") from error
    finally:
        for _, process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
    for (command, _), (text, code) in zip(running, said, strict=True):
        if code != 0:
            log = source.with_suffix(".log")
            log.write_text(f"{shlex.join(command)}\n\n{text}", encoding="utf-8")
            raise CompileError(f"the emitted C does not compile; see {log}")
