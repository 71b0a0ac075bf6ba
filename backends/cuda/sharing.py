"""Values on a device for other packages, without a copy: `__cuda_array_interface__` and DLPack.

The structs are those of DLPack 0.8 (https://dmlc.github.io/dlpack/latest/c_api.html), which every reader takes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

#: Kinds of memory.
CPU, CUDA = 1, 2
_KINDS = {"i": 0, "f": 2, "b": 6}
_NAME = b"dltensor"


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )  # fmt: skip


class _Managed(ctypes.Structure):
    _fields_ = (("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p))


class DeviceArray:
    """Values of a variable where they lie, of shape (size,). They change as the model runs, and end when it is closed.

    `cupy.asarray(array)`, `torch.as_tensor(array, device="cuda")` and any `from_dlpack` read them without a copy. What
    is written there counts as written between two steps.
    """

    def __init__(
        self, address: int, count: int, dtype: np.dtype[Any], place: tuple[int, int], wait: Callable[[], None]
    ):
        self.shape, self.dtype = (count,), dtype
        self._address, self._place, self._wait = address, place, wait

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        if self._place[0] != CUDA:
            raise AttributeError("this device is no GPU")
        self._wait()
        return {
            "shape": self.shape, "typestr": self.dtype.str, "data": (self._address, False), "version": 3,
            "strides": None, "stream": None,
        }  # fmt: skip

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._place

    def __dlpack__(self, **wishes: Any) -> object:
        """A capsule for `from_dlpack`; everything that was launched is done by then."""
        self._wait()
        shape = (ctypes.c_int64 * 1)(*self.shape)
        managed = _Managed()
        tensor = managed.tensor
        tensor.data, (tensor.device_type, tensor.device_id) = self._address, self._place
        tensor.ndim, tensor.shape = 1, ctypes.cast(shape, ctypes.POINTER(ctypes.c_int64))
        tensor.code, tensor.bits, tensor.lanes = _KINDS[self.dtype.kind], 8 * self.dtype.itemsize, 1
        managed.deleter = ctypes.cast(_delete, ctypes.c_void_p).value
        _alive[ctypes.addressof(managed)] = (managed, shape, self)
        capsule: object = ctypes.pythonapi.PyCapsule_New(ctypes.byref(managed), _NAME, _forget)
        return capsule

    def __repr__(self) -> str:
        return f"<{self.dtype} array of shape {self.shape} on a device>"


#: What readers hold, by the address of its struct.
_alive: dict[int, tuple[Any, ...]] = {}

ctypes.pythonapi.PyCapsule_New.restype = ctypes.py_object
ctypes.pythonapi.PyCapsule_New.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
ctypes.pythonapi.PyCapsule_IsValid.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
ctypes.pythonapi.PyCapsule_GetPointer.restype = ctypes.c_void_p
ctypes.pythonapi.PyCapsule_GetPointer.argtypes = (ctypes.c_void_p, ctypes.c_char_p)


def _done(managed: int) -> None:
    """The reader has done with it."""
    _alive.pop(managed, None)


def _ended(capsule: int) -> None:
    """A capsule that nobody has read ends; who reads one gives it another name."""
    if ctypes.pythonapi.PyCapsule_IsValid(capsule, _NAME):
        _alive.pop(ctypes.pythonapi.PyCapsule_GetPointer(capsule, _NAME), None)


_delete = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_done)
_forget = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(_ended)
