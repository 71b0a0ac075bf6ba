"""The place on this machine where what was compiled is kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_dir

from plastlang.diagnostics import MachineError

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
