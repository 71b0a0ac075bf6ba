"""Places and displacements on a torus of `width` by `height` neurons; neuron i stands at (i % width, i // width)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Torus:
    """The grid on which both layers of a map lie."""

    width: int
    height: int

    @property
    def size(self) -> int:
        return self.width * self.height

    def displacement(self, pre: ArrayLike, post: ArrayLike) -> tuple[Ints, Ints]:
        """The shortest way (dx, dy) from `post` to `pre`; half a turn counts as positive."""
        a, b = np.asarray(pre, np.int64), np.asarray(post, np.int64)
        dx = wrap(a % self.width - b % self.width, self.width)
        dy = wrap(a // self.width - b // self.width, self.height)
        return dx.astype(np.int64), dy.astype(np.int64)

    def distance(self, pre: ArrayLike, post: ArrayLike) -> Floats:
        """Euclidean distance along the shortest way, in grid units."""
        dx, dy = self.displacement(pre, post)
        return np.hypot(dx, dy)


def wrap(difference: ArrayLike, period: float) -> Floats:
    """`difference` brought into (-period / 2, period / 2]."""
    half = period / 2
    return half - (half - np.asarray(difference, np.float64)) % period
