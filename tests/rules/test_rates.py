"""Inhibitory, rate-based, homeostatic, rewarded and short-term plasticity against their closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl
from tests.rules.trains import LIBRARY, synapses


def test_inhibition_brings_the_target_to_its_rate() -> None:
    """Vogels & Sprekeler 2011: whatever the drive, the rate goes to rho_0."""
    net = pl.Network(dt="0.5 ms", seed=3)
    exc = net.population(pl.rules.Poisson, 100, rate="20 Hz", name="e")
    inh = net.population(pl.rules.Poisson, 50, rate="20 Hz", name="i")
    cells = net.population(pl.rules.LIFConductance, 30, name="cells")
    net.connect(exc, cells.exc, pl.rules.Static(w="1.2 nS"), pl.fixed_probability(0.9))
    rule = pl.rules.VogelsSprekeler(eta="0.05 nS", rate_target="8 Hz", w="0 nS")
    net.connect(inh, cells.inh, rule, pl.all_to_all(), name="syn")
    net.record(cells, "spikes")
    model = net.compile()
    model.run("30 s")
    times = model.recordings["cells.spikes"].times
    first, last = np.sum(times < 1000) / 30, np.sum(times >= 10_000) / (20 * 30)
    assert first > 16  # twice the target before the synapses have grown
    assert last == pytest.approx(8, rel=0.1)


def rates(rule: pl.Composition, inputs: np.ndarray, weights: np.ndarray, steps: int = 5) -> np.ndarray:
    """Weights onto one linear unit after it has seen every row of `inputs` for so many steps."""
    net = pl.Network(dt="1 ms", seed=1)
    n = inputs.shape[1]
    source = net.population(pl.rules.RateUnit, n, name="pre")
    target = net.population(pl.rules.RateUnit, 1, name="post")
    net.connect(source, target.exc, rule, pl.pairs(np.arange(n), np.zeros(n, int)), name="syn", w=weights)
    model = net.compile(precision="double")
    for row in inputs:
        model["pre"].drive = row
        model.step(steps)  # most of them with what comes in being what it answers
    return np.asarray(model["syn"].w)


def test_oja_finds_the_first_component_with_norm_1() -> None:
    rng = np.random.default_rng(2)
    mixing = np.array([[2.0, 0.3, 0.0], [0.3, 0.8, 0.2], [0.0, 0.2, 0.5]])
    inputs = rng.normal(size=(1500, 3)) @ mixing
    w = rates(pl.rules.Oja(eta=0.0001), inputs, np.array([0.1, 0.3, -0.2]), 30)
    _, vectors = np.linalg.eigh(mixing.T @ mixing)
    assert np.linalg.norm(w) == pytest.approx(1, abs=0.05)
    assert abs(w @ vectors[:, -1]) / np.linalg.norm(w) > 0.99


def test_bcm_has_its_fixed_point_and_selects_one_pattern() -> None:
    """One input x: at rest y = theta = y^2, so y = 1. Two in turn: one is answered by 2 = 1 / p, the other by 0."""
    rule = pl.rules.BCM(eta="0.001 kHz", tau_theta="50 ms")
    w = rates(rule, np.full((4000, 1), 2.0), np.array([0.2]))
    assert w[0] * 2 == pytest.approx(1, abs=1e-3)
    patterns = np.tile(np.eye(2), (20_000, 1))
    w = rates(pl.rules.BCM(eta="0.0005 kHz", tau_theta="200 ms"), patterns, np.array([0.5, 0.6]))
    assert w == pytest.approx([0, 2], abs=0.1)


def test_scaling_goes_as_the_exponential_of_the_missing_rate() -> None:
    """Post spikes every T: dw / dt = beta w (target - 1 / T)."""
    post = [list(np.arange(5.0, 20_000, period)) for period in (50, 100, 400)]
    rule = pl.rules.PairSTDP(a_plus=0, a_minus=0, w="1 nS", w_max="1 uS") + pl.rules.SynapticScaling(
        target="10 Hz", beta=0.01, update="10 ms"
    )
    model = synapses(rule, [[]] * 3, post, "1 ms")
    model.run("5 s")
    start = np.asarray(model["syn"].w).copy()
    model.run("10 s")
    growth = np.log(np.asarray(model["syn"].w) / start)
    assert growth == pytest.approx(0.01 * 10 * np.array([10 - 20, 0, 10 - 2.5]), rel=0.02, abs=0.01)


def test_weights_onto_a_neuron_keep_their_sum() -> None:
    net = pl.Network(dt="1 ms", seed=1)
    pre = net.population(LIBRARY.Told, 20, name="pre")
    post = net.population(LIBRARY.Told, 7, name="post")
    rule = pl.rules.DiehlCook(w=pl.uniform(0.1, 0.9)) + pl.rules.WeightSum(total=4, update="10 ms")
    net.connect(pre, post.exc, rule, pl.fixed_probability(0.8), name="syn")
    model = net.compile(precision="double")
    model.run("11 ms")
    assert np.bincount(model["syn"].post, model["syn"].w) == pytest.approx(np.full(7, 4.0))


def test_diehl_cook_needs_two_post_spikes() -> None:
    """Traces are set to 1: nu_post exp(-dt / tau) exp(-gap / tau2) for the second post spike, -nu_pre at a pre one."""
    rule = pl.rules.DiehlCook(w=0.5)
    model = synapses(rule, [[50.0], [50.0], [80.0]], [[60.0], [20.0, 60.0], [60.0]])
    model.run("120 ms")
    twice = 0.01 * np.exp(-10 / 20) * np.exp(-40 / 40) - 0.0001 * np.exp(-30 / 20)
    assert np.asarray(model["syn"].w) - 0.5 == pytest.approx([0, twice, -0.0001 * np.exp(-1)], abs=1e-12)


@pytest.mark.parametrize("late", [50.0, 400.0, 1500.0])
def test_a_reward_late_by_R_pays_for_the_pairing(late: float) -> None:
    """Izhikevich 2007: dw = c0 d0 exp(-R / tau_c) tau_c tau_d / (tau_c + tau_d) in all."""
    model = synapses(pl.rules.DopamineSTDP(w="1 nS", w_max="100 nS"), [[90.0]], [[100.0]])
    model.run(100 + late + 0.1)  # the pairing was in step 1000, which is over after 100.1 ms
    model.signal("reward", 0.5)
    at_reward = float(model["syn"].w[0])
    model.run("12 s")
    c0 = 0.1 * np.exp(-10 / 20)
    passed = late + 0.1
    expected = c0 * 0.0005 * np.exp(-passed / 1000) * 1000 * 200 / 1200
    assert at_reward == 1
    assert float(model["syn"].w[0]) - 1 == pytest.approx(expected, rel=1e-6)


def test_only_rewards_above_the_baseline_potentiate() -> None:
    model = synapses(pl.rules.RewardSTDP(w="0.5 nS", memory=4), [[90.0]] * 2, [[100.0]] * 2)
    model.run("100.1 ms")
    expected, baseline = 0.5, 0.0
    for amount in (1.0, 0.1, 0.6):
        e = 0.01 * np.exp(-10 / 20) * np.exp(-(model.t - 100) / 500)
        model.signal("reward", amount)
        expected += (amount - baseline) * e
        baseline += (amount - baseline) / 4
        assert model["syn"].w == pytest.approx(expected, rel=1e-6)
        model.run("200 ms")


@pytest.mark.parametrize(("use", "tau_f", "tau_d"), [(0.5, 50.0, 800.0), (0.05, 1000.0, 100.0), (0.2, 300.0, 300.0)])
def test_short_term_plasticity_settles_at_its_steady_state(use: float, tau_f: float, tau_d: float) -> None:
    rule = pl.rules.TsodyksMarkram(use=use, tau_f=f"{tau_f} ms", tau_d=f"{tau_d} ms", w="1 nS")
    periods = [10.0, 50.0, 200.0]
    model = synapses(rule, [list(np.arange(1, 400) * period) for period in periods], [[]] * 3)
    for k, period in enumerate(periods):
        model.step(round(3990 * period) + 1 - round(10 * model.t))
        u = use / (1 - (1 - use) * np.exp(-period / tau_f))
        x = (1 - np.exp(-period / tau_d)) / (1 - (1 - u) * np.exp(-period / tau_d))
        # what is read is one step later than the spike
        assert model["syn"].u[k] == pytest.approx(u * np.exp(-0.1 / tau_f), rel=1e-6)
        assert model["syn"].x[k] == pytest.approx(1 - (1 - x * (1 - u)) * np.exp(-0.1 / tau_d), rel=1e-6)
