"""Published tasks whose examples are points: numbers to be encoded, and classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plastlang.runtime.calls import bad_call, whole

_BIG, _SMALL = 0.5, 0.1
#: Frequencies of a random manifold; fewer where the amplitudes of the higher ones would be below 1 / 1000.
_CUTOFF = 1000


def yin_yang(n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points of the yin-yang symbol (Kriener, Goeltz & Petrovici, NICE 2022): yin (0), yang (1) or one of its dots (2).

    Args:
        n: how many; the classes take turns.
        seed: the same seed gives the same points.

    Returns:
        values of shape (n, 5): x, y, 1 - x, 1 - y, from 0 to 1, and a 1 (as latency: a reference spike); labels (n,).
    """
    rng = np.random.default_rng(seed)
    values = np.ones((whole(n, "n", 1), 5))
    labels = np.arange(n) % 3
    for row, wanted in zip(values, labels, strict=True):
        while True:
            x, y = rng.random(2)
            if (x - _BIG) ** 2 + (y - _BIG) ** 2 <= _BIG**2 and yin_yang_class(x, y) == wanted:
                row[:4] = x, y, 1 - x, 1 - y
                break
    return values, labels


def yin_yang_class(x: float, y: float) -> int:
    """The class of a point inside the circle of radius 0.5 about (0.5, 0.5)."""
    right = np.hypot(x - 1.5 * _BIG, y - _BIG)
    left = np.hypot(x - 0.5 * _BIG, y - _BIG)
    if min(right, left) < _SMALL:
        return 2
    return int(right <= _SMALL or _SMALL < left <= _BIG / 2 or (y > _BIG and right > _BIG / 2))


def random_manifolds(
    n: int, seed: int = 0, *, classes: int = 10, inputs: int = 20, dimension: int = 1, smoothness: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points on smooth random manifolds, one for each class (Zenke & Vogels, Neural Computation 33, 899-925, 2021).

    Their units spike once, the later the larger the value: `train.latency(1 - values, labels, least=0)`.

    Args:
        n: how many points; the classes take turns. Draw what is to be learnt and what is held out at once.
        seed: the same seed gives the same manifolds and points.
        classes: so many manifolds.
        inputs: dimensions of the space in which they lie.
        dimension: of each manifold.
        smoothness: the exponent by which amplitudes fall with frequency (alpha); the larger, the easier.

    Returns:
        values of shape (n, inputs), which on each manifold fill 0 to 1 in each direction; labels (n,).
    """
    count, units = whole(classes, "classes", 2), whole(inputs, "inputs", 1)
    size, degrees = whole(n, "n", 2 * count), whole(dimension, "dimension", 1)
    if not smoothness > 0:
        raise bad_call(f"smoothness must be above 0, not {smoothness!r}", code="R401")
    labels = np.arange(size) % count
    values = np.empty((size, units))
    frequencies = int(min(_CUTOFF, np.ceil(_CUTOFF ** (1 / smoothness))))
    for label in range(count):
        rng = np.random.default_rng((seed, label))
        theta = rng.random((3, units, degrees, frequencies))
        of_class = labels == label
        found = manifold(rng.random((int(of_class.sum()), degrees)), theta, smoothness)
        low, high = found.min(axis=0), found.max(axis=0)
        values[of_class] = (found - low) / (high - low)
    return values, labels


def manifold(places: NDArray[np.float64], theta: NDArray[np.float64], smoothness: float) -> NDArray[np.float64]:
    """Where on a manifold its places lie: product over its dimensions of sum_k k^-alpha A sin(2 pi (k x B + C)).

    Args:
        places: shape (points, dimension), from 0 to 1.
        theta: A, B and C, shape (3, inputs, dimension, frequencies); of each the frequencies are k = 1, 2, ...
        smoothness: alpha.

    Returns:
        shape (points, inputs).
    """
    k = np.arange(1.0, theta.shape[3] + 1)
    found = np.ones((len(places), theta.shape[1]))
    for unit, (a, b, c) in enumerate(zip(*theta, strict=True)):
        for x, amplitude, frequency, phase in zip(places.T, a * k**-smoothness, k * b, c, strict=True):
            found[:, unit] *= np.sin(2 * np.pi * (np.outer(x, frequency) + phase)) @ amplitude
    return found
