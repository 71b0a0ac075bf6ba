"""Compiled libraries by their content, so that a program is compiled once on a machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from ctypes import CDLL

from plastlang.backends.c.binding import open_library
from plastlang.backends.c.toolchain import Compiler, compile_source, processor
from plastlang.backends.cfamily.cache import build_directory, cache_directory
from plastlang.backends.cfamily.headers import headers


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
        compile_source(compiler, text, build / path.name)
        os.replace(text, path.with_suffix(".c"))
        os.replace(build / path.name, path)
    return open_library(path)
