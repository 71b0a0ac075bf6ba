"""Compiled libraries by their content, so that a program is compiled once on a machine."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable
from ctypes import CDLL
from pathlib import Path

from plastlang.backends.c.binding import open_library
from plastlang.backends.c.toolchain import NO_LEVEL, Compiler, compile_parts, compile_rest, processor
from plastlang.backends.cfamily.cache import build_directory, cache_directory
from plastlang.backends.cfamily.headers import headers

RUNTIME = '#include "plast_host.h"\n'
_PART = re.compile(r"^#if PL_PART\((\d+)\)$", re.MULTILINE)
_making = threading.Lock()


def cache_key(source: str, compiler: Compiler) -> str:
    """Everything that the machine code depends on."""
    parts = (source, headers(), *compiler.command, *compiler.flags, compiler.version, processor())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def library_for(source: str, find: Callable[[], Compiler]) -> CDLL:
    """The loaded library of a source: from the cache, or compiled now. A damaged entry is made anew.

    Raises:
        MachineError: there is no compiler, or no place to write to.
    """
    compiler = find()
    path = cache_directory() / f"{cache_key(source, compiler)}.so"
    if path.exists():
        try:
            return open_library(path)
        except (OSError, AttributeError):
            path.unlink(missing_ok=True)
    with build_directory() as build:
        text = build / f"{path.stem}.c"
        text.write_text(source, encoding="utf-8")
        compile_parts(compiler, text, _parts(source, compiler), lambda: runtime(compiler), build / path.name)
        os.replace(text, path.with_suffix(".c"))
        os.replace(build / path.name, path)
    return open_library(path)


def _parts(source: str, compiler: Compiler) -> int:
    """In how many parts a source is to be compiled."""
    if NO_LEVEL in compiler.flags or (os.cpu_count() or 1) < 2:
        return 1
    return 1 + max((int(number) for number in _PART.findall(source)), default=0)


def runtime(compiler: Compiler) -> Path:
    """The object of what is the same for every program, compiled once on a machine. Raises as `library_for`."""
    path = cache_directory() / f"runtime-{cache_key(RUNTIME, compiler)}.o"
    with _making:  # who comes while it is being made waits
        if not path.exists():
            with build_directory() as build:
                (build / "runtime.c").write_text(RUNTIME, encoding="utf-8")
                compile_rest(compiler, build / "runtime.c", build / path.name)
                os.replace(build / path.name, path)
    return path
