"""Machine code of kernels by what it depends on, so that a program is compiled once for an architecture."""

from __future__ import annotations

import hashlib
import os

from plastlang.backends.cfamily.cache import build_directory, cache_directory
from plastlang.backends.cfamily.headers import headers
from plastlang.backends.cuda.toolchain import MODES, Compiler, Target


def cache_key(source: str, target: Target, mode: str, compiler: Compiler) -> str:
    """Everything that the machine code depends on."""
    parts = (source, headers(), target.option, *MODES[mode], compiler.kind, str(compiler.version))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def code_for(source: str, target: Target, mode: str, compiler: Compiler) -> bytes:
    """The code of a source: from the cache, or compiled now.

    Raises:
        MachineError: the compiler cannot be run, or there is no place to write to.
    """
    path = cache_directory() / f"{cache_key(source, target, mode, compiler)}.{target.form}"
    try:
        return path.read_bytes()
    except OSError:
        pass
    code = compiler.compile(source, target, mode)
    with build_directory() as build:
        for name, data in ((path.with_suffix(".cu").name, source.encode()), (path.name, code)):
            (build / name).write_bytes(data)
            os.replace(build / name, path.with_name(name))
    return code
