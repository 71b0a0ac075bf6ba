"""How a projection begins: which pairs are connected, and what values are drawn for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plastlang.runtime.calls import bad_call, whole

Indices: TypeAlias = NDArray[np.int32]

# ---------------------------------------------------------------- connectivity


@dataclass(frozen=True, slots=True)
class Probability:
    """Each pair independently, with a probability in the language."""

    text: str

    def source(self) -> str:
        return f"connect with probability {self.text}"


@dataclass(frozen=True, slots=True)
class Named:
    """`all`, `one to one` or `none`."""

    kind: str

    def source(self) -> str:
        return f"connect {self.kind}"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Synapses that the caller gives; a pair may come more than once."""

    pre: Indices
    post: Indices

    def source(self) -> str:
        return "connect none"

    def draw(self, n_pre: int, n_post: int, seed: int, projection: int) -> tuple[Indices, Indices]:
        """The pairs, checked against the sizes."""
        check_pairs(self.pre, self.post, n_pre, n_post)
        return self.pre, self.post


@dataclass(frozen=True, slots=True)
class FixedInDegree:
    """Exactly `degree` different sources for every target, drawn with the seed of the model."""

    degree: int

    def source(self) -> str:
        return "connect none"

    def draw(self, n_pre: int, n_post: int, seed: int, projection: int) -> tuple[Indices, Indices]:
        """Pairs in the order (post, pre); the same for the same seed, sizes and place of the projection."""
        if self.degree > n_pre:
            raise bad_call(f"an in-degree of {self.degree} needs as many sources, but there are {n_pre}")
        bits = np.random.Philox(key=np.array([seed & (2**64 - 1), projection], dtype=np.uint64))
        pre = np.empty((n_post, self.degree), dtype=np.int32)
        for target in range(n_post):
            pre[target] = np.sort(np.argsort(bits.random_raw(n_pre), kind="stable")[: self.degree])
        return pre.ravel(), np.repeat(np.arange(n_post, dtype=np.int32), self.degree)


Connectivity: TypeAlias = Probability | Named | Pairs | FixedInDegree


def fixed_probability(p: float) -> Probability:
    """Each pair is connected independently with probability `p`, a number."""
    if isinstance(p, str):  # type: ignore[unreachable]
        raise bad_call(f"{p!r} is no number", "take plastlang.probability for an expression")
    if not 0 <= p <= 1:
        raise bad_call(f"a probability lies between 0 and 1, not at {p!r}")
    return Probability(repr(float(p)))


def probability(expression: str) -> Probability:
    """Each pair is connected independently, with a probability that depends on the pair.

    Args:
        expression: in the language, of `distance(pre, post)`, `pre.pos.x`, `post.index`, ...
    """
    return Probability(expression)


def all_to_all() -> Named:
    """Every pair is connected."""
    return Named("all")


def one_to_one() -> Named:
    """Neuron i to neuron i; with several sources their neurons are numbered on."""
    return Named("one to one")


def none() -> Named:
    """No synapse at the start."""
    return Named("none")


def fixed_in_degree(degree: int) -> FixedInDegree:
    """Every target gets `degree` different sources."""
    return FixedInDegree(whole(degree, "an in-degree"))


def pairs(pre: ArrayLike, post: ArrayLike) -> Pairs:
    """The synapses `pre[k]` to `post[k]`: two arrays of indices of one length."""
    return Pairs(indices(pre, "pre"), indices(post, "post"))


def indices(values: ArrayLike, what: str) -> Indices:
    """`values` as int32, or an error where they are not whole numbers in one dimension."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise bad_call(f"{what} must be an array of one dimension, not of shape {array.shape}")
    if array.size == 0:
        return np.empty(0, np.int32)
    if array.dtype.kind not in "iu":
        raise bad_call(f"{what} must hold whole numbers, not {array.dtype}")
    if array.min() < 0 or array.max() > np.iinfo(np.int32).max:
        worst = array.min() if array.min() < 0 else array.max()
        raise bad_call(f"{what} holds {worst}, which is no index", code="R107")
    return array.astype(np.int32)


def check_pairs(pre: Indices, post: Indices, n_pre: int, n_post: int) -> None:
    """Raise PlastError where pairs are of different length or out of range."""
    if len(pre) != len(post):
        raise bad_call(f"pre and post must be of one length, not {len(pre)} and {len(post)}")
    for name, values, size in (("pre", pre, n_pre), ("post", post, n_post)):
        check_range(values, size, name)


def check_range(values: Indices, size: int, what: str) -> None:
    """Raise PlastError where an index is not below `size`."""
    if values.size and values.max() >= size:
        place = int(np.argmax(values >= size))
        there = f"there are {size} neurons (0 to {size - 1})"
        raise bad_call(f"{what}[{place}] is {values[place]}, but {there}", code="R107")


# ---------------------------------------------------------------- start values


@dataclass(frozen=True, slots=True)
class Distribution:
    """A draw of the language with its arguments."""

    function: str
    arguments: tuple[Any, ...]


def uniform(low: float | str = 0.0, high: float | str = 1.0) -> Distribution:
    """Start values drawn uniformly from [low, high)."""
    return Distribution("uniform", (low, high))


def normal(mean: float | str = 0.0, deviation: float | str = 1.0) -> Distribution:
    """Start values drawn from a normal distribution."""
    return Distribution("normal", (mean, deviation))


def exponential(mean: float | str = 1.0) -> Distribution:
    """Start values drawn from an exponential distribution."""
    return Distribution("exponential", (mean,))
