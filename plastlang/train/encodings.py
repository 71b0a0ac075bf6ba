"""Numbers as spikes: arrays of values from 0 to 1, shape (examples, inputs), and what they stand for, as examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plastlang.frontend.checked import Dimension
from plastlang.frontend.units import quantity
from plastlang.runtime.calls import bad_call
from plastlang.runtime.durations import milliseconds
from plastlang.train.examples import Example


def latency(
    values: ArrayLike, targets: ArrayLike, duration: object = "60 ms", last: object = "40 ms", least: float = 0.1
) -> list[Example]:
    """One spike for each input above `least`: at 0 where the value is 1, at `last` where it is 0.

    Args:
        values: shape (examples, inputs), from 0 to 1.
        targets: one class, or one row of numbers, for each example.
        duration: of an example.
        last: when a value of 0 would spike.
        least: smaller values do not spike.
    """
    array, what = _values(values, targets)
    length, span = _ms(duration, "duration"), milliseconds(last, "last")
    if not span < length:
        raise bad_call(f"last ({span:g} ms) must lie before the end of the example ({length:g} ms)", code="R401")
    spiking = array >= least
    return [
        Example(np.flatnonzero(on), span * (1 - row[on]), target, length)
        for row, on, target in zip(array, spiking, what, strict=True)
    ]


def poisson(
    values: ArrayLike, targets: ArrayLike, duration: object = "100 ms", rate: object = "100 Hz",
    dt: object = "1 ms", seed: int = 0,
) -> list[Example]:  # fmt: skip
    """Each input fires at random, at `rate` where its value is 1. In each step of `dt` at most once.

    Args:
        values: shape (examples, inputs), from 0 to 1.
        targets: one class, or one row of numbers, for each example.
        duration: of an example.
        rate: of a value of 1.
        dt: time step of the draws.
        seed: the same seed gives the same spikes; example i does not depend on how many there are.
    """
    array, what = _values(values, targets)
    length, step = _ms(duration, "duration"), _ms(dt, "dt")
    chance = float(quantity(rate, Dimension("1 / ms", "rate"))) * step
    if not 0 <= chance <= 1:
        raise bad_call(f"a rate of {rate} is more than one spike in {step:g} ms", code="R401")
    found = []
    for number, (row, target) in enumerate(zip(array, what, strict=True)):
        draws = np.random.default_rng((seed, number)).random((max(1, round(length / step)), row.size))
        steps, neurons = np.nonzero(draws < chance * row)
        found.append(Example(neurons, steps * step, target, length))
    return found


def threshold(signals: ArrayLike, targets: ArrayLike, change: float, dt: object = "1 ms") -> list[Example]:
    """Spikes where a signal has risen or fallen by `change` since the last spike of its kind (delta modulation).

    Args:
        signals: shape (examples, steps, channels). Channel c gives inputs 2 c (up) and 2 c + 1 (down).
        targets: one class, or one row of numbers, for each example.
        change: how much makes a spike.
        dt: between two samples.
    """
    array, what = np.asarray(signals, dtype=np.float64), np.asarray(targets)
    step = _ms(dt, "dt")
    if array.ndim != 3 or len(array) != len(what) or not np.isfinite(array).all():
        raise bad_call(
            "signals are finite numbers of shape (examples, steps, channels), with one target each", code="R401"
        )
    if not change > 0:
        raise bad_call(f"change must be above 0, not {change!r}", code="R401")
    found = []
    for signal, target in zip(array, what, strict=True):
        level, up, down = signal[0].copy(), np.zeros(signal.shape, bool), np.zeros(signal.shape, bool)
        for n, sample in enumerate(signal):
            up[n], down[n] = sample - level >= change, level - sample >= change
            level += change * up[n] - change * down[n]
        spikes = np.stack([up, down], axis=2).reshape(len(signal), -1)
        steps, neurons = np.nonzero(spikes)
        found.append(Example(neurons, steps * step, target, len(signal) * step))
    return found


def frames(spikes: ArrayLike, targets: ArrayLike, dt: object = "1 ms") -> list[Example]:
    """Dense frames: whatever is not 0 is a spike.

    Args:
        spikes: shape (examples, steps, inputs).
        targets: one class, or one row of numbers, for each example.
        dt: between two frames.
    """
    array, what, step = np.asarray(spikes), np.asarray(targets), _ms(dt, "dt")
    if array.ndim != 3 or len(array) != len(what):
        raise bad_call(
            f"frames have the shape (examples, steps, inputs), with one target each, not {array.shape}", code="R401"
        )
    found = []
    for frame, target in zip(array, what, strict=True):
        steps, neurons = np.nonzero(frame)
        found.append(Example(neurons, steps * step, target, len(frame) * step))
    return found


def _values(values: ArrayLike, targets: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.generic]]:
    array, what = np.asarray(values, dtype=np.float64), np.asarray(targets)
    if array.ndim != 2 or len(array) != len(what):
        shapes = f"{array.shape} and {what.shape}"
        raise bad_call(f"values have the shape (examples, inputs), with one target each, not {shapes}", code="R401")
    if array.size and not ((array >= 0) & (array <= 1)).all():
        raise bad_call("values to encode lie between 0 and 1", "scale them first", "R401")
    return array, what


def _ms(value: object, what: str) -> float:
    duration = milliseconds(value, what)
    if duration == 0:
        raise bad_call(f"{what} must be more than 0", code="R401")
    return duration
