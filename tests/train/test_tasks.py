"""Tasks that are generated have the properties of their published definitions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from plastlang import train
from plastlang.diagnostics import PlastError
from plastlang.train import Example
from plastlang.train.tasks import manifold

ODD = "cues must be an odd number, so that one side has more of them, not 4"


def spikes(example: Example) -> NDArray[np.float64]:
    """Shape (steps, groups): spikes of each of four groups of ten neurons."""
    counts = np.zeros((int(example.duration), 4))
    np.add.at(counts, (np.asarray(example.times).astype(int), np.asarray(example.neurons) // 10), 1)
    return counts


def test_evidence_comes_in_seven_cues_and_the_side_with_more_of_them_is_the_class() -> None:
    examples = train.evidence_accumulation(60, seed=1)
    inside = np.zeros(2250, bool)
    for cue in range(7):
        inside[150 * cue + 50 : 150 * cue + 150] = True
    sides = []
    for example in examples:
        assert example.duration == 2250  # 7 cues of 150 ms, 1050 ms of delay, 150 ms to recall
        counts = spikes(example)
        assert not counts[~inside, :2].any()
        left, right = (counts[:1050, side].reshape(7, 150).sum(axis=1) > 0 for side in (0, 1))
        assert (left != right).all()  # 40 spikes are expected; no cue is silent, and none is on both sides
        assert example.target == int(right.sum() >= 4)
        assert counts[2100:, 2].any() and not counts[:2100, 2].any()
        sides.append(right)
    shown = np.array(sides)
    assert 15 < sum(int(str(e.target)) for e in examples) < 45
    assert 0.35 < shown.mean() < 0.65
    # within an example all cues have one probability, 0.3 or 0.7: pairs agree with 0.58, not 0.5
    right_cues = shown.sum(axis=1)
    agree = (right_cues * (right_cues - 1) + (7 - right_cues) * (6 - right_cues)) / 42
    assert agree.mean() > 0.53


def test_rates_of_evidence() -> None:
    """Five standard errors of so many draws."""
    counts = np.stack([spikes(e) for e in train.evidence_accumulation(40, seed=2)])
    for rate, steps, seen in [
        (0.04, 40 * 10 * 700, counts[:, :, :2].sum()),
        (0.04, 40 * 10 * 150, counts[:, :, 2].sum()),
        (0.01, 40 * 10 * 2250, counts[:, :, 3].sum()),
    ]:
        assert abs(seen - rate * steps) < 5 * np.sqrt(rate * steps), rate


def test_shorter_evidence() -> None:
    (example,) = train.evidence_accumulation(
        1, cues=1, delay="0 ms", recall="20 ms", per_group=3, rate="900 Hz", chance=0
    )
    assert example.duration == 170 and np.asarray(example.neurons).max() == 11
    side = 1 if example.target else 0
    assert set(np.asarray(example.neurons)[np.asarray(example.times) < 150] // 3) == {side, 3}
    one, other = (train.evidence_accumulation(3, seed=s) for s in (1, 2))
    again = train.evidence_accumulation(3, seed=1)
    assert all((np.asarray(a.times) == np.asarray(b.times)).all() for a, b in zip(one, again, strict=True))
    assert not np.array_equal(np.asarray(one[0].times), np.asarray(other[0].times))


def test_patterns_are_sums_of_four_sinusoids_and_the_input_is_a_clock() -> None:
    example, of = train.pattern_generation(3, seed=1)
    assert sorted(of) == ["a_1", "a_2", "a_3", "a_4", "phase_1", "phase_2", "phase_3", "phase_4"]
    seconds = np.arange(1000) / 1000
    for out in range(3):
        amplitudes = np.array([of[f"a_{k}"][out] for k in (1, 2, 3, 4)])
        phases = np.array([of[f"phase_{k}"][out] for k in (1, 2, 3, 4)])
        assert amplitudes.max() / amplitudes.min() <= 4 and (amplitudes > 0).all()
        assert ((phases >= 0) & (phases < 2 * np.pi)).all()
        terms = zip(amplitudes, (1, 2, 3, 5), phases, strict=True)
        signal = sum(a * np.sin(2 * np.pi * f * seconds + p) for a, f, p in terms)
        assert np.abs(signal).max() == pytest.approx(1)
    times, neurons = np.asarray(example.times), np.asarray(example.neurons)
    assert len(times) == 20 * 20  # each neuron fires for 200 ms with 100 Hz
    for group in range(5):
        mine = times[neurons // 4 == group]
        assert mine.min() == 200 * group and mine.max() == 200 * group + 190
    assert (train.pattern_generation(3, seed=1)[1]["a_1"] == of["a_1"]).all()
    assert not (train.pattern_generation(3, seed=2)[1]["a_1"] == of["a_1"]).all()


def test_a_manifold_is_a_product_of_sums_of_sinusoids() -> None:
    rng = np.random.default_rng(3)
    theta, places = rng.random((3, 4, 2, 5)), rng.random((6, 2))
    found = manifold(places, theta, 1.5)
    for point, unit in ((0, 0), (2, 1), (5, 3)):
        wanted = 1.0
        for d in range(2):
            a, b, c = theta[:, unit, d]
            phases = [k * places[point, d] * b[k - 1] + c[k - 1] for k in range(1, 6)]
            wanted *= sum(k**-1.5 * a[k - 1] * np.sin(2 * np.pi * phases[k - 1]) for k in range(1, 6))
        assert found[point, unit] == pytest.approx(wanted, rel=1e-12)


def test_points_of_random_manifolds() -> None:
    values, labels = train.random_manifolds(400, seed=1, classes=4, inputs=6, smoothness=2)
    assert values.shape == (400, 6) and (np.bincount(labels) == 100).all()
    for label in range(4):
        of_class = values[labels == label]
        assert (of_class.min(axis=0) == 0).all() and (of_class.max(axis=0) == 1).all()
    assert (train.random_manifolds(400, seed=1, classes=4, inputs=6, smoothness=2)[0] == values).all()
    assert not (train.random_manifolds(400, seed=2, classes=4, inputs=6, smoothness=2)[0] == values).any(axis=1).all()


@pytest.mark.parametrize("dimension", [1, 2])
def test_manifolds_have_their_dimension(dimension: int) -> None:
    """Nearest neighbours of a point span as many directions as the manifold has."""
    values, labels = train.random_manifolds(6000, seed=4, classes=2, inputs=10, dimension=dimension, smoothness=3)
    points = values[labels == 0]
    shares, widest = [], []
    for point in points[:40]:
        near = points[np.argsort(((points - point) ** 2).sum(axis=1))[:12]]
        spread = np.linalg.svd(near - near.mean(axis=0), compute_uv=False) ** 2
        shares.append(spread[:dimension].sum() / spread.sum())
        widest.append(spread[0] / spread.sum())
    assert np.median(shares) > 0.98
    assert dimension == 1 or np.median(widest) < 0.95  # and not fewer


def test_the_exponent_makes_manifolds_smooth() -> None:
    """The path along a manifold of one dimension is the shorter, the smoother it is."""

    def length(smoothness: float) -> float:
        theta = np.random.default_rng(5).random((3, 8, 1, 100))
        path = manifold(np.linspace(0, 1, 500)[:, None], theta, smoothness)
        path = (path - path.min(axis=0)) / (path.max(axis=0) - path.min(axis=0))
        return float(np.abs(np.diff(path, axis=0)).sum())

    assert length(1.0) > 1.5 * length(2.0) > length(3.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train.evidence_accumulation(3, cues=4), ODD),
        (lambda: train.evidence_accumulation(3, chance=1.5), "chance is a probability, not 1.5"),
        (lambda: train.evidence_accumulation(0), "n must be a whole number at least 1, not 0"),
        (lambda: train.evidence_accumulation(1, rate="2 kHz"), "a rate of 2 kHz is more than one spike in 1 ms"),
        (lambda: train.pattern_generation(0), "outputs must be a whole number at least 1, not 0"),
        (lambda: train.random_manifolds(19), "n must be a whole number at least 20, not 19"),
        (lambda: train.random_manifolds(40, smoothness=0), "smoothness must be above 0, not 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_generated(call: Callable[[], object], message: str) -> None:
    with pytest.raises(PlastError) as caught:
        call()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == message and diagnostic.code in ("R102", "R401")
