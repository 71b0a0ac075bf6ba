"""Known answers of the generator; distributions of the draws. Each test of one fails by chance once in 10^4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plastlang.backends.reference import random

stats = pytest.importorskip("scipy.stats")

SIGNIFICANCE = 1e-4
COUNT = 100_000


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((2**32 - 1,) * 4, 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), 0x299F31D0A4093822,
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)  # fmt: skip
def test_known_answers(counter: tuple[int, ...], key: int, answer: tuple[int, ...]) -> None:
    """The vectors that come with Random123 for philox4x32, ten rounds."""
    assert tuple(int(w) for w in random.philox(*counter, key)[:, 0]) == answer


def words(purpose: int = 1, step: int = 5, seed: int = 42) -> NDArray[np.uint32]:
    return random.philox(np.arange(COUNT), 0, step, random.counter(purpose), seed)


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_continuous(real: Any) -> None:
    w, one = words(), np.ones(1, real)
    cases: list[tuple[NDArray[Any], Callable[[Any], Any]]] = [
        (random.uniform(w, -one, 3 * one), stats.uniform(-1, 4).cdf),
        (random.normal(w, one, 2 * one), stats.norm(1, 2).cdf),
        (random.exponential(w, 3 * one), stats.expon(scale=3).cdf),
    ]
    for values, law in cases:
        assert values.dtype == real
        assert stats.kstest(values.astype(np.float64), law).pvalue > SIGNIFICANCE


def test_normal_moments() -> None:
    z = random.gauss(words(), np.dtype(np.float64))
    limit = stats.norm.isf(SIGNIFICANCE / 2)
    assert abs(z.mean()) < limit / np.sqrt(COUNT)
    assert abs(z.var() - 1) < limit * np.sqrt(2 / COUNT)
    assert abs((z**3).mean()) < limit * np.sqrt(15 / COUNT)
    assert abs((z**4).mean() - 3) < limit * np.sqrt(96 / COUNT)


def test_normal_is_finite_at_the_ends() -> None:
    ends = np.array([[0, 2**32 - 1]] * 4, np.uint32)
    for real in (np.float32, np.float64):
        low, high = random.gauss(ends, np.dtype(real))
        assert np.isfinite(low) and np.isfinite(high) and low < -5 and high > 5


@pytest.mark.parametrize("mean", [0.05, 1.0, 7.5, 120.0, 499.0, 800.0])
def test_poisson(mean: float) -> None:
    """Chi-square over cells of at least 20 expected counts."""
    drawn = random.poisson(words(), np.array([mean]))
    low, high = (int(v) for v in stats.poisson(mean).interval(0.9995))
    edges = np.arange(low, high + 1, max(1, (high - low) // 40))
    law = np.diff(np.concatenate([[0], stats.poisson(mean).cdf(edges), [1]]))
    observed = np.bincount(np.searchsorted(edges, drawn), minlength=edges.size + 1)
    keep = law * COUNT >= 20
    expected = np.append(law[keep], law[~keep].sum()) * COUNT
    counted = np.append(observed[keep], observed[~keep].sum())
    used = expected > 5
    total = counted[used] * (expected[used].sum() / counted[used].sum())
    limit = 1e-12 if mean >= 500 else SIGNIFICANCE  # the normal approximation is seen in so many draws
    assert stats.chisquare(total, expected[used]).pvalue > limit
    assert abs(drawn.mean() - mean) < stats.norm.isf(SIGNIFICANCE / 2) * np.sqrt(mean / COUNT)


def test_randint_and_sign() -> None:
    drawn = random.randint(words(), np.array([7], np.int32))
    assert stats.chisquare(np.bincount(drawn, minlength=7)).pvalue > SIGNIFICANCE
    assert np.all(random.randint(words(), np.array([0], np.int32)) == 0)
    signs = random.random_sign(words(2), np.dtype(np.float32))
    assert set(signs.tolist()) == {-1.0, 1.0}
    assert stats.binomtest(int((signs > 0).sum()), COUNT).pvalue > SIGNIFICANCE


def test_counters_are_independent() -> None:
    """Neighbouring counters in each word, and neighbouring seeds, are uncorrelated."""
    n = np.arange(COUNT)
    base = random.unit(random.philox(n, 0, 0, 0, 1), np.dtype(np.float64))
    others = (
        random.philox(n, 1, 0, 0, 1),
        random.philox(n, 0, 1, 0, 1),
        random.philox(n, 0, 0, 1, 1),
        random.philox(n, 0, 0, 0, 2),
        random.philox(n, 0, 0, 0, 1 + 2**32),
    )
    limit = stats.norm.isf(SIGNIFICANCE / 2 / len(others)) / np.sqrt(COUNT)
    for other in others:
        assert abs(np.corrcoef(base, random.unit(other, np.dtype(np.float64)))[0, 1]) < limit


@pytest.mark.parametrize("rate", [0.001, 0.05, 2.0])
def test_renewal_gaps_are_geometric(rate: float) -> None:
    """A gap is k steps with probability (1 - p) ** (k - 1) p, p = 1 - exp(-rate dt)."""
    gaps = random.renewal(words(), 0, np.full(COUNT, rate), 0.5)
    p = -np.expm1(-rate * 0.5)
    edges = np.unique(stats.geom(p).ppf(np.linspace(0.02, 0.98, 40)))
    law = np.diff(np.concatenate([[0], stats.geom(p).cdf(edges), [1]]))
    observed = np.bincount(np.searchsorted(edges, gaps), minlength=edges.size + 1)
    assert stats.chisquare(observed, law * COUNT).pvalue > SIGNIFICANCE
