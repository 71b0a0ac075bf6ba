"""Numbers as spikes, and generated tasks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plastlang import train
from plastlang.diagnostics import PlastError
from plastlang.train.tasks import yin_yang_class


@given(values=arrays(np.float64, (3, 6), elements=st.floats(0, 1)))
def test_latency(values: np.ndarray) -> None:
    for row, example in zip(values, train.latency(values, [0, 1, 2], "50 ms", "40 ms", least=0.2), strict=True):
        neurons, times = np.asarray(example.neurons), np.asarray(example.times)
        assert (np.sort(neurons) == np.flatnonzero(row >= 0.2)).all()
        assert (times == 40 * (1 - row[neurons])).all() and example.duration == 50


def test_poisson() -> None:
    """The mean count is 100 Hz x 1 s x value; five standard errors over 200 examples."""
    values = np.tile([0.0, 0.25, 1.0], (200, 1))
    found = train.poisson(values, np.zeros(200, int), "1 s", "100 Hz", seed=3)
    counts = np.array([np.bincount(np.asarray(e.neurons), minlength=3) for e in found])
    mean = np.array([0, 25, 100])
    assert (np.abs(counts.mean(axis=0) - mean) <= 5 * np.sqrt(mean / 200)).all()
    again = train.poisson(values[:2], np.zeros(2, int), "1 s", "100 Hz", seed=3)
    assert (np.asarray(again[1].times) == np.asarray(found[1].times)).all()
    other = train.poisson(values[:2], np.zeros(2, int), "1 s", "100 Hz", seed=4)
    assert not np.array_equal(np.asarray(other[1].times), np.asarray(found[1].times))


def test_threshold() -> None:
    signal = np.array([[0.0, 0.4, 1.2, 1.3, 0.1, 0.1]]).T[None]
    (example,) = train.threshold(signal, [1], change=0.5, dt="2 ms")
    assert list(np.asarray(example.times)) == [4, 6, 8] and list(np.asarray(example.neurons)) == [0, 0, 1]
    assert example.duration == 12 and example.target == 1


def test_frames() -> None:
    array = np.zeros((2, 4, 3))
    array[0, 1, 2] = array[1, 0, 0] = array[1, 3, 1] = 1
    first, second = train.frames(array, [0, 1], dt="0.5 ms")
    assert (list(np.asarray(first.neurons)), list(np.asarray(first.times))) == ([2], [0.5])
    assert (list(np.asarray(second.neurons)), list(np.asarray(second.times))) == ([0, 1], [0, 1.5])
    assert second.duration == 2


VALUES = "values have the shape (examples, inputs), with one target each"
FRAMES = "frames have the shape (examples, steps, inputs), with one target each, not (1, 2)"
SIGNALS = "signals are finite numbers of shape (examples, steps, channels), with one target each"
LAST = "last (10 ms) must lie before the end of the example (10 ms)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train.latency([[0.5, 2.0]], [0]), "values to encode lie between 0 and 1; scale them first"),
        (lambda: train.latency([[0.5, np.nan]], [0]), "values to encode lie between 0 and 1; scale them first"),
        (lambda: train.latency([0.5], [0]), VALUES + ", not (1,) and (1,)"),
        (lambda: train.latency([[0.5]], [0, 1]), VALUES + ", not (1, 1) and (2,)"),
        (lambda: train.latency([[0.5]], [0], "10 ms", "10 ms"), LAST),
        (lambda: train.poisson([[0.5]], [0], rate="2 kHz"), "a rate of 2 kHz is more than one spike in 1 ms"),
        (lambda: train.poisson([[0.5]], [0], "0 ms"), "duration must be more than 0"),
        (lambda: train.frames([[1, 0]], [0]), FRAMES),
        (lambda: train.threshold([[[0.0]]], [0], 0), "change must be above 0, not 0"),
        (lambda: train.threshold([[0.0]], [0], 1), SIGNALS),
    ],
)  # fmt: skip
def test_what_cannot_be_encoded(call, message: str) -> None:
    with pytest.raises(PlastError) as caught:
        call()
    assert [(d.code, d.message) for d in caught.value.diagnostics] == [("R401", message)]


def test_yin_yang() -> None:
    values, labels = train.yin_yang(3000, seed=1)
    assert (np.bincount(labels) == 1000).all() and values.shape == (3000, 5)
    x, y = values[:, 0], values[:, 1]
    assert (np.hypot(x - 0.5, y - 0.5) <= 0.5).all()
    assert (values[:, 2:4] == 1 - values[:, :2]).all() and (values[:, 4] == 1).all()
    assert (train.yin_yang(3000, seed=1)[0] == values).all() and not (train.yin_yang(3000, seed=2)[0] == values).all()
    # yin and yang are one another turned by half; where a point lies on neither dot
    turned = np.array([yin_yang_class(1 - a, 1 - b) for a, b in zip(x, y, strict=True)])
    swapped = np.array([1, 0, 2])[labels]
    assert np.mean(turned == swapped) > 0.999
    assert yin_yang_class(0.25, 0.5) == yin_yang_class(0.75, 0.5) == 2
