"""Times of the Python interface as numbers of steps."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.frontend.checked import Dimension
from plastlang.frontend.units import quantity
from plastlang.runtime.calls import bad_call

TIME = Dimension("ms")

#: A time may miss a multiple of dt by this part of dt before it is said that it was rounded.
_TOLERANCE = 1e-6


def milliseconds(value: object, what: str) -> float:
    """A time such as `"10 s"` or 10_000.0 in ms, finite and not negative."""
    time = quantity(value, TIME, what)
    if not isinstance(time, float):
        raise bad_call(f"{what} must be one time, not an array", code="R104")
    if not math.isfinite(time) or time < 0:
        raise bad_call(f"{what} must be finite and not negative, not {value!r}", code="R104")
    return time


def duration_steps(value: object, dt: float, what: str = "the duration") -> int:
    """The number of steps of a duration; warns where it had to be rounded to a multiple of dt."""
    time = milliseconds(value, what)
    steps = round(time / dt)
    if abs(time - steps * dt) > _TOLERANCE * dt * max(1.0, steps * 1e-6):
        warnings.warn(
            f"{what} of {time:g} ms is not a multiple of dt = {dt:g} ms; "
            f"it is rounded to {steps} steps ({steps * dt:g} ms)",
            stacklevel=3,
        )
    return steps


def period_steps(value: object, dt: float, what: str = "the period") -> int:
    """The number of steps of a period, at least one."""
    return max(1, duration_steps(value, dt, what))


def spike_steps(times: Any, dt: float) -> NDArray[np.int64]:
    """The steps nearest to spike times (ms, or `(array, "s")`)."""
    array = np.atleast_1d(np.asarray(quantity(times, TIME, "`times`"), dtype=np.float64))
    if array.size and not np.isfinite(array).all():
        raise bad_call("spike times must be finite", code="R104")
    return np.rint(array / dt).astype(np.int64)
