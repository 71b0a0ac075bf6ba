"""Loaded libraries of kernels: some stay for as long as the process, others make room for those that come."""

from __future__ import annotations

import _ctypes
import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cuda.emulator import build

#: Libraries that nobody uses, and that stay loaded, since they may be asked for again.
SPARE = 3
#: What a library says of itself: where it lies, and where its shared variables do.
ENDS = ("image_begin", "image_end", "shared_begin", "shared_end")


@dataclass(slots=True)
class Library:
    """Where it lies, its shared variables, how many use it, and whether its files go when nobody does."""

    path: Path
    loaded: ctypes.CDLL
    image: tuple[int, int]
    shared: Any
    temporary: bool
    users: int = 0

    def kernel(self, name: str) -> ctypes.c_void_p:
        """The address of a kernel."""
        return ctypes.cast(getattr(self.loaded, name), ctypes.c_void_p)


_libraries: dict[tuple[str, str], Library] = {}


def borrow(source: str, variant: str, keep: bool) -> Library:
    """The kernels of a source. With `keep` their files stay in the cache."""
    key = (source, variant)
    library = _libraries.pop(key, None) or _load(build.compiled(source, variant, keep), not keep)
    _libraries[key] = library  # the last one, so that it goes last
    library.temporary &= not keep
    library.users += 1
    return library


def give_back(library: Library) -> None:
    """One user less."""
    library.users -= 1
    spare = [key for key, other in _libraries.items() if other.temporary and not other.users]
    for key in spare[: max(0, len(spare) - SPARE)]:
        old = _libraries.pop(key)
        _ctypes.dlclose(old.loaded._handle)
        old.path.unlink(missing_ok=True)
        old.path.with_suffix(".cu").unlink(missing_ok=True)


def _load(path: Path, temporary: bool) -> Library:
    loaded = ctypes.CDLL(str(path))
    begin, end, *shared = (_place(loaded, f"emu_{name}") for name in ENDS)
    variables = build.shared_variables(path, begin, *shared)
    return Library(path, loaded, (begin, end), (build.Variable * len(variables))(*variables), temporary)


def _place(loaded: ctypes.CDLL, name: str) -> int:
    function = getattr(loaded, name)
    function.restype = ctypes.c_void_p
    return function() or 0
