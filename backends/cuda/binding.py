"""The structs of include/plast_device.h as the host sees them. Pointers are device addresses."""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_int32, c_int64, c_uint64, c_void_p

#: Entries of a table of decay factors.
TABLE = 4096
#: Arguments that a signal may have.
ARGUMENTS = 16


class Spikes(ctypes.Structure):
    _fields_ = (("neurons", c_void_p), ("count", c_int64))


class Population(ctypes.Structure):
    _fields_ = (
        ("values", c_void_p), ("before", c_void_p), ("stamp", c_void_p), ("parameters", c_void_p),
        ("constants", c_void_p), ("inputs", c_void_p), ("scratch", c_void_p), ("flags", c_void_p),
        ("partial", c_void_p), ("next", c_void_p), ("schedule", c_void_p), ("scheduled", c_int64), ("cursor", c_int64),
        ("ring", c_void_p), ("slots", c_int64), ("spike_steps", c_void_p), ("spike_neurons", c_void_p),
        ("recorded", c_int64), ("record_room", c_int64), ("periods", c_void_p), ("size", c_int32),
        ("redraw", c_int32), ("record", c_int32), ("width", c_int32), ("height", c_int32), ("spare", c_int32),
    )  # fmt: skip


class Record(ctypes.Structure):
    _fields_ = (
        ("values", c_void_p), ("steps", c_void_p), ("count", c_int64), ("room", c_int64), ("population", c_int64),
        ("variable", c_int64), ("period", c_int64), ("bytes", c_int64),
    )  # fmt: skip


class Rows(ctypes.Structure):
    _fields_ = (
        ("start", c_void_p), ("length", c_void_p), ("capacity", c_void_p), ("post", c_void_p), ("column", c_void_p),
        ("width", c_void_p), ("columns", c_int64), ("room", c_int64), ("used", c_int64), ("total", c_int64),
        ("extra", c_int64), ("count", c_int64), ("posts", c_int64), ("in_degree", c_void_p),
    )  # fmt: skip


class Projection(ctypes.Structure):
    _fields_ = (
        ("values", c_void_p), ("before", c_void_p), ("stamp", c_void_p), ("last", c_void_p), ("parameters", c_void_p),
        ("constants", c_void_p), ("tables", c_void_p), ("scratch", c_void_p), ("periods", c_void_p),
        ("first", c_void_p), ("group", c_void_p), ("pre_x", c_void_p), ("pre_y", c_void_p), ("post_x", c_void_p),
        ("post_y", c_void_p), ("near_x", c_void_p), ("near_y", c_void_p), ("rows", Rows), ("incoming", Rows),
        ("work", c_void_p), ("work_room", c_int64), ("formations", c_int64), ("eliminations", c_int64),
        ("n_pre", c_int32), ("n_post", c_int32), ("periodic", c_int32), ("width", c_int32), ("height", c_int32),
        ("has_incoming", c_int32),
    )  # fmt: skip


class Model(ctypes.Structure):
    _fields_ = (
        ("populations", c_void_p), ("projections", c_void_p), ("records", c_void_p), ("record_count", c_int64),
        ("step", c_int64), ("seed", c_uint64), ("dt", c_double), ("signals", c_int64), ("given", c_void_p),
        ("committed", c_int64), ("input_word", c_uint64), ("fault", c_int64), ("stall", c_int64),
        ("stall_kernel", c_int64), ("stall_owner", c_int64), ("stall_need", c_int64),
        ("networks", c_void_p), ("first", c_void_p), ("batch", c_int64), ("number", c_int64), ("common", c_uint64),
        ("nan_word", c_uint64),
    )  # fmt: skip
