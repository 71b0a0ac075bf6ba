"""Published tasks that are generated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plastlang.runtime.calls import whole

_BIG, _SMALL = 0.5, 0.1


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
