"""The structs of include/plast_model.h as ctypes sees them, and the functions of a library."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_bool, c_double, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from pathlib import Path

COLUMNS, CLASSES, PAYLOAD = 24, 64, 8
#: Neurons of a block; arrays are allocated in whole blocks.
BLOCK = 64
#: Entries of a table of decay factors.
TABLE = 4096


class Bytes(ctypes.Structure):
    _fields_ = (("data", c_void_p), ("used", c_int64), ("room", c_int64))


class Spikes(ctypes.Structure):
    _fields_ = (("neurons", POINTER(c_int32)), ("count", c_int64), ("room", c_int64))


class Population(ctypes.Structure):
    _fields_ = (
        ("values", c_void_p), ("before", c_void_p), ("stamp", c_void_p), ("parameters", c_void_p),
        ("constants", c_void_p), ("inputs", c_void_p), ("scratch", c_void_p), ("spiking", c_void_p),
        ("next", c_void_p), ("quiet", c_void_p), ("schedule", c_void_p),
        ("scheduled", c_int64), ("cursor", c_int64), ("ring", POINTER(Spikes)), ("slots", c_int64),
        ("spike_steps", Bytes), ("spike_neurons", Bytes), ("periods", c_void_p), ("size", c_int32), ("redraw", c_int32),
        ("record", c_int32), ("width", c_int32), ("height", c_int32),
    )  # fmt: skip


class Record(ctypes.Structure):
    _fields_ = (
        ("values", Bytes), ("steps", Bytes), ("population", c_int64), ("variable", c_int64), ("period", c_int64),
        ("bytes", c_int64), ("own", c_int64),
    )  # fmt: skip


class Rows(ctypes.Structure):
    _fields_ = (
        ("start", c_void_p), ("length", c_void_p), ("capacity", c_void_p), ("post", c_void_p),
        ("column", c_void_p * COLUMNS), ("width", c_int64 * COLUMNS), ("columns", c_int64), ("used", c_int64),
        ("room", c_int64), ("total", c_int64), ("extra", c_int64), ("count", c_int64), ("posts", c_int64),
        ("slack", c_int64), ("in_degree", c_void_p), ("free", Bytes * CLASSES), ("others", c_void_p),
        ("copies", c_int64), ("own", c_uint64), ("joined", c_uint64),
    )  # fmt: skip


class History(ctypes.Structure):
    _fields_ = (
        ("newest", c_void_p), ("head", c_void_p), ("settled", c_void_p), ("steps", c_void_p),
        ("payload", c_void_p * PAYLOAD), ("width", c_int64 * PAYLOAD), ("payloads", c_int64), ("log_step", c_void_p),
        ("log_post", c_void_p), ("log_payload", c_void_p * PAYLOAD), ("logged", c_uint64), ("log_settled", c_uint64),
        ("visited", c_void_p), ("mark", c_void_p), ("full", c_void_p), ("posts", c_int64), ("rows", c_int64),
    )  # fmt: skip


class Projection(ctypes.Structure):
    _fields_ = (
        ("values", c_void_p), ("before", c_void_p), ("stamp", c_void_p), ("last", c_void_p), ("parameters", c_void_p),
        ("constants", c_void_p), ("tables", c_void_p), ("scratch", c_void_p), ("now", c_void_p), ("periods", c_void_p),
        ("first", c_void_p), ("group", c_void_p), ("pre_x", c_void_p), ("pre_y", c_void_p), ("post_x", c_void_p),
        ("post_y", c_void_p), ("near_x", c_void_p), ("near_y", c_void_p),
        ("rows", Rows), ("incoming", Rows), ("history", History), ("arrivals", Bytes),
        ("quiet", c_void_p), ("tame", c_int64), ("lanes", c_int64),
        ("formations", c_int64), ("eliminations", c_int64), ("n_pre", c_int32), ("n_post", c_int32),
        ("periodic", c_int32), ("width", c_int32), ("height", c_int32), ("has_incoming", c_int32),
    )  # fmt: skip


class Model(ctypes.Structure):
    _fields_ = (
        ("populations", POINTER(Population)), ("projections", POINTER(Projection)), ("records", POINTER(Record)),
        ("record_count", c_int64), ("step", c_int64), ("seed", c_uint64), ("dt", c_double), ("signals", c_int64),
        ("fault", c_int64), ("pool", c_void_p),
        ("networks", c_void_p), ("batch", c_int64), ("number", c_int64), ("common", c_uint64), ("repeat", c_int64),
        ("input_word", c_uint64), ("nan_word", c_uint64),
    )  # fmt: skip


_MODEL = POINTER(Model)
_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "plast_sizes": (None, (c_void_p,)),
    "plast_run": (c_int64, (_MODEL, c_int64)),
    "plast_init": (None, (_MODEL, c_int64)),
    "plast_constants": (None, (_MODEL, c_int64)),
    "plast_get": (None, (_MODEL, c_int64, c_int64, c_void_p)),
    "plast_set": (None, (_MODEL, c_int64, c_int64, c_void_p)),
    "plast_flush": (None, (_MODEL, c_int64)),
    "plast_start": (None, (_MODEL, c_int64)),
    "plast_pairs_again": (None, (_MODEL, c_int64)),
    "plast_connect": (c_bool, (_MODEL, c_int64, c_void_p, POINTER(Bytes), c_void_p)),
    "plast_signal": (None, (_MODEL, c_int64, c_int64, c_uint32, c_void_p)),
    "plast_build": (c_bool, (_MODEL, c_int64, c_void_p, c_void_p)),
    "plast_join": (c_bool, (_MODEL, c_int64, c_int64)),
    "plast_pairs": (None, (_MODEL, c_int64, c_void_p, c_void_p)),
    "plast_column": (None, (_MODEL, c_int64, c_int64, c_void_p, c_int32)),
    "plast_put_spikes": (c_bool, (_MODEL, c_int64, c_int64, c_void_p, c_int64)),
    "plast_quiet": (None, (_MODEL, c_int64)),
    "plast_threads": (None, (_MODEL, c_int32)),
    "plast_end": (None, (_MODEL, c_int64, c_int64, c_int64)),
}


def open_library(path: Path) -> ctypes.CDLL:
    """Load a compiled program and declare its functions.

    Raises:
        OSError: not a library that this machine and this version can load.
    """
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    sizes = (c_int64 * 6)()
    library.plast_sizes(sizes)
    own = [*(ctypes.sizeof(x) for x in (Population, Projection, Record, Model)), BLOCK, TABLE]
    if list(sizes) != own:
        raise OSError(f"{path} was made by another version of plastlang")
    return library
