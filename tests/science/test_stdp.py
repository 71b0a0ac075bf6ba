"""Pair STDP against its formulas: windows, whole spike trains, drift under Poisson input."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import plastlang as pl
from tests.science.neurons import LIBRARY, pairs_model, tell

TAU_PLUS, TAU_MINUS, A_PLUS, A_MINUS, W_MAX, W_0 = 17.0, 34.0, 0.01, 0.006, 2.0, 1.0
CONSTANTS = {
    "tau_plus": f"{TAU_PLUS} ms", "tau_minus": f"{TAU_MINUS} ms", "a_plus": A_PLUS, "a_minus": A_MINUS,
    "w_max": f"{W_MAX} nS", "w": f"{W_0} nS",
}  # fmt: skip
RULES = ["PairSTDP", "NearestPairSTDP"]


def rule(name: str) -> pl.Composition:
    return getattr(pl.rules, name)(**CONSTANTS)


@pytest.mark.parametrize("name", RULES)
def test_window_of_one_pair(name: str) -> None:
    # difference = post - arrival of pre, in steps of 0.1 ms; a pre spike arrives one step after it is emitted
    difference = np.arange(-800, 801, 20)
    who = np.arange(len(difference))
    model = pairs_model(rule(name), len(difference), "0.1 ms")
    tell(model, "pre", who, np.full(len(who), 1000))
    tell(model, "post", who, 1001 + difference)
    model.run("300 ms")
    ms = 0.1 * difference
    expected = np.where(ms > 0, A_PLUS * np.exp(-ms / TAU_PLUS), -A_MINUS * np.exp(ms / TAU_MINUS)) * W_MAX
    expected[difference == 0] = 0
    change = model["syn"].w - W_0
    assert change == pytest.approx(expected, rel=1e-6, abs=0)
    assert model["syn"].w[difference == 0] == W_0  # exactly


def trains(rng: np.random.Generator, n: int, steps: int, rate: float) -> NDArray[np.bool_]:
    return rng.random((n, steps)) < rate


@pytest.mark.parametrize("name", RULES)
def test_whole_spike_trains(name: str) -> None:
    """Sums over all pairs, or over nearest ones, of 40 random trains, among them many coincidences."""
    rng = np.random.default_rng(3)
    n, steps, dt = 40, 300, 1.0
    pre, post = trains(rng, n, steps, 0.08), trains(rng, n, steps, 0.08)
    model = pairs_model(rule(name), n, "1 ms")
    for population, train in (("pre", pre), ("post", post)):
        neuron, step = np.nonzero(train)
        tell(model, population, neuron, step)
    model.step(steps + 1)
    expected = np.zeros(n)
    for i in range(n):
        arrivals, spikes = np.nonzero(pre[i])[0] + 1, np.nonzero(post[i])[0]
        spikes_seen = spikes[spikes <= steps]
        for k in spikes_seen:
            before = arrivals[arrivals < k]
            before = before[-1:] if name == "NearestPairSTDP" else before
            expected[i] += A_PLUS * W_MAX * np.exp(-(k - before) * dt / TAU_PLUS).sum()
        for m in arrivals:
            before = spikes_seen[spikes_seen < m]
            before = before[-1:] if name == "NearestPairSTDP" else before
            expected[i] -= A_MINUS * W_MAX * np.exp(-(m - before) * dt / TAU_MINUS).sum()
    assert model["syn"].w - W_0 == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert np.abs(expected).min() > 1e-3  # all trains say something


def test_weights_stay_inside_their_bounds() -> None:
    model = pairs_model(pl.rules.PairSTDP(a_plus=5, a_minus=5, w_max="1 nS", w="0.5 nS"), 2, "1 ms")
    tell(model, "pre", np.array([0, 1]), np.array([10, 20]))
    tell(model, "post", np.array([0, 1]), np.array([15, 15]))
    model.run("40 ms")
    assert model["syn"].w.tolist() == [1.0, 0.0]


def test_a_learning_rate_of_zero_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    model = pairs_model(pl.rules.PairSTDP(a_plus=0, a_minus=0, w="0.3 nS"), 20, "1 ms", "single")
    for population in ("pre", "post"):
        neuron, step = np.nonzero(trains(rng, 20, 200, 0.1))
        tell(model, population, neuron, step)
    model.run("250 ms")
    assert (model["syn"].w == np.float32(0.3)).all()


@pytest.mark.parametrize(("a_plus", "a_minus"), [(2e-5, 0.0), (0.0, 2e-5), (2e-5, 1.5e-5)])
def test_drift_under_poisson_input(a_plus: float, a_minus: float) -> None:
    """Mean change is r_pre r_post (A+ tau+ - A- tau-) T, here with its exact sum over steps and the empty beginning.

    z-test over 3000 independent synapses at 4 standard errors (a right program fails in one of 16 000 seeds). The
    standard error is below 2 % of the drift, so an error of 10 % is found with a probability above .84.
    """
    n, steps, dt, rate = 3000, 10_000, 1.0, 0.02
    net = pl.Network(dt="1 ms", seed=11)
    pre = net.population(LIBRARY.Random, n, rate="20 Hz", name="pre")
    post = net.population(LIBRARY.Random, n, rate="20 Hz", name="post")
    stdp = pl.rules.PairSTDP(tau_plus="17 ms", tau_minus="34 ms", a_plus=a_plus, a_minus=a_minus, w_max="1 nS")
    net.connect(pre, post.exc, stdp, pl.one_to_one(), name="syn", w="0.5 nS")
    model = net.compile(precision="double")
    model.step(steps)
    change = model["syn"].w - 0.5
    p = -np.expm1(-rate * dt)
    lags = np.arange(1, steps)
    # pre spikes arrive in the steps 1 .. steps-1, post spikes fall into 0 .. steps-1
    after = np.sum((steps - 1 - lags) * np.exp(-lags * dt / TAU_PLUS))
    before = np.sum((steps - lags) * np.exp(-lags * dt / TAU_MINUS))
    expected = p * p * (a_plus * after - a_minus * before)
    error = change.std() / np.sqrt(n)
    assert change.mean() == pytest.approx(expected, abs=4 * error)
    assert error < 0.02 * abs(expected)
    textbook = rate**2 * (a_plus * TAU_PLUS - a_minus * TAU_MINUS) * steps * dt
    assert expected == pytest.approx(textbook, rel=0.1)
