"""Whether a GPU can be used here, found out with ctypes before PyCUDA is imported; each answer has its own remedy."""

from __future__ import annotations

import ctypes
import importlib.util
from typing import Any

from plastlang.diagnostics import MachineError

#: What the driver's library is called.
DRIVER = "libcuda.so.1"
_ELSE = "or use --backend c, which gives the same numbers"


def driver_version() -> int:
    """The CUDA version (13) that the driver goes up to.

    Raises:
        MachineError: PyCUDA is missing, there is no driver, or it does not start.
    """
    if importlib.util.find_spec("pycuda") is None:
        raise MachineError(f"the backend 'cuda' needs PyCUDA: `pip install 'plastlang[cuda]'`, {_ELSE}")
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError as error:
        raise MachineError(f"there is no NVIDIA driver on this machine ({error}); install one, {_ELSE}") from error
    if failed := driver.cuInit(0):
        raise MachineError(
            f"the NVIDIA driver does not start: cuInit gives {failed}, {_meaning(driver, failed)}; see what nvidia-smi "
            f"says, {_ELSE}"
        )
    version = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    return version.value // 1000


def _meaning(driver: Any, code: int) -> str:
    name, text = ctypes.c_char_p(), ctypes.c_char_p()
    driver.cuGetErrorName(code, ctypes.byref(name))
    driver.cuGetErrorString(code, ctypes.byref(text))
    known = [x.value.decode() for x in (name, text) if x.value]
    return ": ".join(known) or "an error that the driver does not explain"
