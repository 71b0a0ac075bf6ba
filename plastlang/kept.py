"""Lowered programs by what they were made from, beside the compiled libraries: a warm start does without sympy."""

from __future__ import annotations

import functools
import hashlib
import pickle
from importlib import metadata
from pathlib import Path

from plastlang import __version__
from plastlang.backends.cfamily.cache import cache_directory
from plastlang.diagnostics import MachineError
from plastlang.frontend.checked import CheckedNetwork
from plastlang.ir.lowered import Lowered
from plastlang.ir.nodes import Program
from plastlang.runtime.files import replace_file

#: (lowered, program after the canonical passes, program after the scheduling passes)
Programs = tuple[Lowered, Program, Program]

_PACKAGE = Path(__file__).parent


@functools.cache
def _compiler() -> bytes:
    """Hash of everything that turns a checked network into a program."""
    digest = hashlib.sha256(f"{__version__} {metadata.version('sympy')}".encode())
    for part in ("ir", "symbolic", "passes"):
        for path in sorted((_PACKAGE / part).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.digest()


def key(checked: CheckedNetwork) -> str:
    """A name for what `checked` is lowered to; places in the source count, since emitted code names its lines."""
    return hashlib.sha256(_compiler() + pickle.dumps(checked)).hexdigest()[:32]


def find(name: str) -> Programs | None:
    """What was kept under a name, or None; what cannot be read counts as not there."""
    try:
        found = pickle.loads((cache_directory() / f"{name}.program").read_bytes())  # written by `keep` alone
    except Exception:  # a damaged pickle raises nearly anything; the entry is made anew
        return None
    if isinstance(found, tuple) and [type(part) for part in found] == [Lowered, Program, Program]:
        return found
    return None


def keep(name: str, programs: Programs) -> None:
    """Keep programs for the next process; where nothing can be written, nothing is kept."""
    directory = cache_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with replace_file(directory / f"{name}.program") as file:
            pickle.dump(programs, file)
    except (OSError, MachineError):
        return
