"""DEEP R: what never changes, over thousands of updates, and what must be random."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import plastlang as pl
from tests.train.test_optimisers import model_of

N_PRE, N_POST = 20, 15


def deep_r(connectivity: object, rate: float = 0.02, l1: float = 0.01, **options: object) -> pl.Model:
    rule = pl.rules.SignedL1(l1=l1) + pl.rules.Adam(rate=rate) + pl.rules.DeepR
    options = {"w": "place * abs(normal(0, 0.1))"} | options
    return model_of(rule, (N_PRE, N_POST), connectivity, **options)


def places(model: pl.Model) -> NDArray[np.int64]:
    return model["syn"].pre.astype(np.int64) * N_POST + model["syn"].post


def signs(model: pl.Model, seed: int) -> NDArray[np.float64]:
    """The sign of every place: that of the weights of a fully connected twin."""
    with deep_r(pl.all_to_all(), seed=seed) as twin:
        return np.sign(twin["syn"].w).reshape(N_PRE, N_POST)


def test_invariants_over_thousands_of_updates() -> None:
    model = deep_r(pl.fixed_in_degree(6), rate=0.05, seed=5)
    rng = np.random.default_rng(5)
    count, sign = len(model["syn"]), signs(model, 5)
    moved = 0
    for _ in range(2000):
        view = model["syn"]
        before = places(model)
        view.grad = rng.normal(0, 1, count)
        model.signal("update", 1)
        view, after = model["syn"], places(model)
        assert len(after) == count == len(set(after))
        assert (view.w * sign[view.pre, view.post] >= 0).all()
        new = ~np.isin(after, before)
        assert (view.w[new] == 0).all() and (view.m[new] == 0).all() and (view.u[new] == 0).all()
        gone = (~np.isin(before, after)).sum()
        assert gone <= view.moved_last  # a place may be drawn again at once
        moved += int(view.moved_last)
    assert model["syn"].moved == moved == model["syn"].formations == model["syn"].eliminations > 1000


@settings(max_examples=12, deadline=None)
@given(
    degree=st.integers(0, N_PRE), seed=st.integers(0, 2**32), rate=st.floats(1e-4, 0.5), l1=st.floats(0, 1),
    scale=st.floats(0, 10), backend=st.sampled_from(["reference", "c"]),
)  # fmt: skip
def test_invariants(degree: int, seed: int, rate: float, l1: float, scale: float, backend: str) -> None:
    rng = np.random.default_rng(seed)
    with deep_r(pl.fixed_in_degree(degree), rate, l1, seed=seed, backend=backend) as model:
        sign = signs(model, seed)
        for _ in range(8):
            model["syn"].grad = rng.normal(0, scale, len(model["syn"])) if degree else 0
            model.signal("update", 2)
            view = model["syn"]
            assert len(view) == degree * N_POST == len(set(places(model)))
            assert (view.w * sign[view.pre, view.post] >= 0).all()


def test_synapses_move_to_places_drawn_uniformly() -> None:
    """300 places, 30 synapses, each update all of them move. Chi-square over places at p > 1e-4.

    About 30 arrivals a place: were half of the places 15 % likelier than the others, the test would fail with a
    probability of more than 0.9 (noncentral chi-square, checked below).
    """
    model = deep_r(pl.pairs(np.arange(30) % N_PRE, np.arange(30) // 2), seed=9)
    sign = signs(model, 9)
    arrivals = np.zeros((N_PRE, N_POST))
    updates = 300
    for _ in range(updates):
        view = model["syn"]
        view.w = -sign[view.pre, view.post]  # on the wrong side, farther than any update reaches
        model.signal("update", 1)
        assert model["syn"].moved_last == 30
        after = places(model)
        arrivals.ravel()[after] += 1
    expected = 30 * updates / arrivals.size
    statistic = ((arrivals - expected) ** 2 / expected).sum() / (1 - 30 / arrivals.size)  # drawn without replacement
    degrees = arrivals.size - 1
    assert stats.chi2.sf(statistic, degrees) > 1e-4
    skewed = arrivals.size * expected * 0.075**2
    assert stats.ncx2.sf(stats.chi2.isf(1e-4, degrees), degrees, skewed * 4) > 0.9


def test_rewiring_rises_and_decays() -> None:
    """A convex problem: synapses whose place has the right sign settle; the others keep looking, ever fewer of them."""
    model = deep_r(pl.fixed_in_degree(5), rate=0.01, l1=0.0, seed=2, w="place * (0.1 + abs(normal(0, 0.1)))")
    goal = np.random.default_rng(2).normal(0, 0.5, (N_PRE, N_POST))
    history = []
    for _ in range(1000):
        view = model["syn"]
        view.grad = view.w - goal[view.pre, view.post]
        model.signal("update", 1)
        history.append(model["syn"].moved_last)
    rewired = np.array(history)
    assert rewired[:5].sum() == 0  # no weight can have crossed 0
    peak, last = rewired[5:65].mean(), rewired[-300:].mean()
    assert peak > 10 * last
    view = model["syn"]
    assert np.mean(np.abs(view.w - goal[view.pre, view.post]) < 0.05) > 0.9


def test_soft_deep_r_walks_on_and_keeps_its_signs() -> None:
    rule = pl.rules.SoftDeepR(rate=0.05, l1=0.05, temperature=0.002, low=-0.1)
    model = model_of(rule, (N_PRE, N_POST), seed=4, w=0, theta=pl.normal(0, 0.1))
    goal = np.random.default_rng(4).normal(0, 0.5, N_PRE * N_POST)
    sign = np.zeros(goal.shape)
    switched = np.zeros(goal.shape)
    for n in range(1000):
        view = model["syn"]
        active = view.theta > 0
        view.grad = np.where(active, view.w - goal, 5.0)  # the gradient at dormant places must not count
        model.signal("update", 1)
        view = model["syn"]
        now = view.theta > 0
        assert (view.theta >= -0.1 - 1e-12).all() and ((view.w != 0) == now).all()
        assert (np.abs(view.w[now]) == view.theta[now]).all()
        assert (sign[now] * view.w[now] >= 0).all()
        sign[now] = np.sign(view.w[now])
        switched += (now != active) & (n > 0)
    assert (switched > 0).mean() > 0.2
    right = (sign == np.sign(goal)) & (np.abs(goal) > 0.3)
    assert right.any() and np.abs(model["syn"].w[right] - goal[right]).mean() < 0.15
