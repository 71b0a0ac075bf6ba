"""Writing a file so that a reader never sees half of it, whatever happens meanwhile."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from plastlang.diagnostics import MachineError


@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block ends well, and vanishes when it does not.

    Raises:
        MachineError: the file cannot be written (no such directory, no permission, no room).
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync_directory(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise MachineError(f"cannot write {path}: {error.strerror or error}") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def writing(what: object) -> Iterator[None]:
    """A block that writes `what`; where the system refuses, that is said of it.

    Raises:
        MachineError: no room, no permission, no such directory.
    """
    try:
        yield
    except OSError as error:
        raise MachineError(f"cannot write {what}: {error.strerror or error}") from error


def _sync_directory(path: Path) -> None:
    """Make the new name last through a loss of power, where the system can."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
