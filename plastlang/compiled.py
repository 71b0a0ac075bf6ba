"""Embedding what `plastc compile` wrote: neither the compiler of the language nor a C compiler is needed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plastlang import __version__
from plastlang.backends.interface import Executable, Options
from plastlang.diagnostics import MachineError
from plastlang.frontend.checked import CheckedRecord
from plastlang.ir.nodes import Program
from plastlang.ir.reader import from_text
from plastlang.runtime.calls import bad_call, whole
from plastlang.runtime.model import Model, check_seed
from plastlang.runtime.setup import Setup

FORMAT = 1
MANIFEST, SOURCE, PROGRAM, SCHEDULE, VALUES = "manifest.json", "source.plast", "program.ir", "schedule.ir", "values.npz"
_NEEDED = ("format", "kind", "name", "version", "program", "backend", "precision", "records", "files", "hashes")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A directory that was read and found whole."""

    directory: Path
    manifest: dict[str, Any]
    program: Program
    scheduled: Program


def open(directory: str | Path, *, seed: int = 0, threads: int = 1) -> Any:
    """What `plastc compile` wrote to a directory.

    Args:
        directory: where it is.
        seed: of every random draw.
        threads: results do not depend on it.

    Returns:
        A `Model` of its network; of a file of rules alone the `Library`, whose rules are compiled when it is known
        between how many neurons they stand.

    Raises:
        PlastError: it is no such directory, or it is damaged.
        MachineError: its library was made for another kind of machine.
    """
    manifest = read_manifest(Path(directory))
    if manifest["kind"] == "rules":
        from plastlang.api import load  # rules are compiled here, networks are not

        return load(Path(directory) / SOURCE)
    found = read(Path(directory), manifest)
    count = whole(threads, "the number of threads", 1, 1024)
    options = Options(manifest["precision"], count, manifest.get("mode", "deterministic"), manifest.get("batch", 1))
    executable = _load(found, options)
    values = found.directory / VALUES
    parameters = {}
    if VALUES in manifest["files"]:
        with np.load(values, allow_pickle=False) as arrays:
            parameters = {(name.partition("/")[0], name.partition("/")[2]): arrays[name] for name in arrays.files}
    records = tuple(CheckedRecord(*record) for record in manifest["records"])
    return Model(
        executable, manifest["program"], __version__, manifest["precision"], manifest["backend"], check_seed(seed),
        records, Setup(parameters=parameters),
    )  # fmt: skip


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of a directory."""
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise bad_call(f"{directory} holds no {MANIFEST}", "make it with: plastc compile FILE -o DIR", "R106") from None
    except (OSError, ValueError):
        raise bad_call(f"{path} cannot be read, or it is damaged", code="R106") from None
    if not isinstance(manifest, dict) or any(key not in manifest for key in _NEEDED):
        raise bad_call(f"{path} is not what plastc writes", code="R106")
    if manifest["format"] != FORMAT or manifest["version"] != __version__:
        raise bad_call(
            f"{directory} was written by plastlang {manifest['version']}, this is {__version__}",
            "run plastc compile again", "R106",
        )  # fmt: skip
    return manifest


def read(directory: Path, manifest: dict[str, Any]) -> Compiled:
    """The program of a directory, as it was written."""
    texts = {PROGRAM: "", SCHEDULE: ""}
    for name in manifest["hashes"]:  # a library that is cut off would not fail to load, but end the process
        try:
            data = (directory / name).read_bytes()
        except OSError:
            raise bad_call(f"{directory / name} is missing", "run plastc compile again", "R106") from None
        if hashlib.sha256(data).hexdigest() != manifest["hashes"][name]:
            raise bad_call(f"{directory / name} was changed", "run plastc compile again", "R106")
        if name in (PROGRAM, SCHEDULE):
            texts[name] = data.decode()
    return Compiled(directory, manifest, from_text(texts[PROGRAM]), from_text(texts[SCHEDULE]))


def _load(found: Compiled, options: Options) -> Executable:
    match found.manifest["backend"]:
        case "reference":
            from plastlang.backends import reference

            return reference.backend.load(found.program, options)
        case "c":
            from plastlang.backends import c

            return c.backend.open(found.scheduled, options, found.directory)
        case "cuda":
            from plastlang.backends import cuda

            return cuda.backend.open(found.scheduled, options, found.directory)
        case other:
            raise MachineError(f"{found.directory} needs the backend {other!r}, which this plastlang does not have")
