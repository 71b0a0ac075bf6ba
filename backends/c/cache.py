"""Compiled libraries by their content, so that a program is compiled once on a machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from ctypes import CDLL
from pathlib import Path

from platformdirs import user_cache_dir

from plastlang.backends.c.binding import open_library
from plastlang.backends.c.toolchain import Compiler, compile_source, headers, processor
from plastlang.diagnostics import MachineError

#: Sets another place for the cache.
VARIABLE = "PLASTLANG_CACHE"


def cache_directory() -> Path:
    """Where compiled programs are kept."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else Path(user_cache_dir("plastlang"))


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
    directory = cache_directory()
    path = directory / f"{cache_key(source, compiler)}.so"
    if path.exists():
        try:
            return open_library(path)
        except (OSError, AttributeError):
            path.unlink(missing_ok=True)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        build = Path(tempfile.mkdtemp(prefix="build-", dir=directory))
    except OSError as error:
        raise MachineError(
            f"the cache {directory} cannot be written ({error.strerror}); set {VARIABLE} to a directory that can"
        ) from error
    text = build / f"{path.stem}.c"
    text.write_text(source, encoding="utf-8")
    compile_source(compiler, text, build / path.name)
    os.replace(text, path.with_suffix(".c"))
    os.replace(build / path.name, path)
    shutil.rmtree(build, ignore_errors=True)
    return open_library(path)
