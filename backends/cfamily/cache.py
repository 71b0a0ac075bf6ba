"""The place on this machine where what was worked out is kept, and what it is found by: all that it depends on."""

from __future__ import annotations

import copyreg
import functools
import hashlib
import importlib.util
import io
import os
import pickle
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_dir

from plastlang import __version__
from plastlang.diagnostics import MachineError, Source

T = TypeVar("T")

#: Sets another place for the cache.
VARIABLE = "PLASTLANG_CACHE"


def cache_directory() -> Path:
    """Where compiled programs are kept."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else Path(user_cache_dir("plastlang"))


@contextmanager
def build_directory() -> Iterator[Path]:
    """A new directory in the cache, from which what is ready is moved into it by `os.replace`.

    It is removed at the end, but stays after an error, since it holds what explains it.

    Raises:
        MachineError: there is no place to write to.
    """
    import tempfile  # brings much, and only those who compile need it

    directory = cache_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        build = Path(tempfile.mkdtemp(prefix="build-", dir=directory))
    except OSError as error:
        raise MachineError(
            f"the cache {directory} cannot be written ({error.strerror}); set {VARIABLE} to a directory that can"
        ) from error
    yield build
    shutil.rmtree(build, ignore_errors=True)


# ---------------------------------------------------------------- values that are kept


def find(name: str, kind: type[T]) -> T | None:
    """The value of a kind that was kept under a name, or None; what cannot be read counts as not there."""
    try:
        with open(cache_directory() / name, "rb") as file:
            found = pickle.load(file)  # written by `keep` alone
    except Exception:  # a damaged pickle raises nearly anything; the entry is made anew
        return None
    return found if isinstance(found, kind) else None


def keep(name: str, value: object) -> None:
    """Keep a value for the next process; where nothing can be written, nothing is kept."""
    directory = cache_directory()
    part = directory / f".{name}.{os.getpid()}.{threading.get_ident()}.part"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            pickle.dump(value, file, pickle.HIGHEST_PROTOCOL)
        os.replace(part, directory / name)
    except OSError:
        _remove(part)
    except BaseException:
        _remove(part)
        raise


def _remove(part: Path) -> None:
    """Remove what is half written; that may fail as the writing did."""
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return


# ---------------------------------------------------------------- names


def name_of(*parts: str) -> str:
    """A name for what is made of these texts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:32]


def content(value: object) -> str:
    """Hash of a value made of dataclasses, tuples, numbers and texts, spans included, but of no sets.

    Two values that look alike have the same, whether or not parts of them are one object.
    """
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 5)
    pickler.fast = True  # every part is written out, and not as "the one before"
    pickler.dispatch_table = copyreg.dispatch_table | {Source: _short}
    pickler.dump(value)
    return hashlib.sha256(file.getbuffer()).hexdigest()


def _short(source: Source) -> tuple[Any, ...]:
    """A text stands behind every span."""
    return str, (_name_of_source(source),)


@functools.lru_cache(64)
def _name_of_source(source: Source) -> str:
    return name_of(source.path, source.text)


@functools.cache
def code_of(*packages: str, needs: tuple[str, ...] = ()) -> str:
    """Hash of the source of modules and packages of plastlang (`backends.c`), with versions of what they `need`."""
    digest = hashlib.sha256(__version__.encode())
    for package in packages:
        spec = importlib.util.find_spec(f"plastlang.{package}")
        assert spec is not None, package
        inside = [entry for folder in spec.submodule_search_locations or () for entry in os.scandir(folder)]
        paths = [entry.path for entry in inside if entry.name.endswith((".py", ".lark"))]
        for path in sorted(paths) if inside else [str(spec.origin)]:
            with open(path, "rb") as file:
                digest.update(f"\0{package} {os.path.basename(path)}\0".encode() + file.read())
    for distribution in needs:
        digest.update(f"\0{distribution} {_version(distribution)}".encode())
    return digest.hexdigest()


def _version(distribution: str) -> str:
    """The version of an installed distribution: by the name of its folder, since asking brings a reader of e-mails."""
    spec = importlib.util.find_spec(distribution)
    place = Path(spec.origin).parent.parent if spec is not None and spec.origin else Path()
    for name in os.listdir(place):
        if name.lower().startswith(f"{distribution}-") and name.endswith(".dist-info"):
            return name
    from importlib import metadata

    return metadata.version(distribution)
