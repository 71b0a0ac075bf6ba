"""Neurons against closed forms: firing rate of the LIF neuron, statistics of Poisson sources."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import plastlang as pl

TAU, CAPACITANCE, V_REST, V_RESET, V_TH, T_REF = 20.0, 200.0, -70.0, -65.0, -50.0, 2.0
DT = 0.1


def intervals(currents: np.ndarray) -> np.ndarray:
    """Steps between spikes of a LIF neuron with a constant current: v relaxes from the reset to rest + R I."""
    v_end = V_REST + TAU / CAPACITANCE * currents
    rise = TAU * np.log((v_end - V_RESET) / (v_end - V_TH))
    return np.ceil(rise / DT).astype(int) + round(T_REF / DT)


def test_lif_rate_against_current() -> None:
    currents = np.linspace(203.0, 1500.0, 60)  # pA; the rheobase is 200 pA
    net = pl.Network(dt="0.1 ms")
    neurons = net.population(
        pl.rules.LIFCurrent, len(currents), name="lif", tau_m="20 ms", capacitance="200 pF", v_rest="-70 mV",
        v_reset="-65 mV", v_th="-50 mV", t_ref="2 ms", i_offset=currents, v="-70 mV",
    )  # fmt: skip
    net.record(neurons, "spikes")
    model = net.compile(precision="double")
    model.run("2 s")
    spikes = model["lif"].spikes
    for neuron, expected in enumerate(intervals(currents)):
        steps = np.rint(spikes.times[spikes.neurons == neuron] / DT).astype(int)
        assert len(steps) > 5
        assert set(np.diff(steps)) == {expected}, currents[neuron]


def test_below_the_rheobase_there_are_no_spikes() -> None:
    net = pl.Network(dt="0.1 ms")
    neurons = net.population(
        pl.rules.LIFCurrent, 2, name="lif", tau_m="20 ms", capacitance="200 pF", v_rest="-70 mV", v_th="-50 mV",
        i_offset=np.array([150.0, 199.9]),
    )  # fmt: skip
    net.record(neurons, "spikes")
    model = net.compile(precision="double")
    model.run("1 s")
    assert len(model["lif"].spikes.times) == 0
    assert model["lif"].v == pytest.approx([-55.0, -50.01], abs=1e-9)


def test_conductance_neuron_relaxes_to_its_fixed_point() -> None:
    """With a conductance that hardly decays, v goes to the mean of rest and reversal, weighted by the conductances."""
    net = pl.Network(dt="0.1 ms")
    net.population(
        pl.rules.LIF, 3, name="lif", capacitance="200 pF", tau_m="20 ms", tau_exc="1e9 ms", v_th="100 mV",
        g_exc=np.array([0.0, 5.0, 20.0]),
    )  # fmt: skip
    model = net.compile(precision="double")
    model.run("1 s")
    g_leak, g = CAPACITANCE / TAU, np.array([0.0, 5.0, 20.0])
    assert model["lif"].v == pytest.approx(-70 * g_leak / (g_leak + g), rel=1e-5)


@pytest.fixture(scope="module")
def poisson() -> pl.Model:
    """2000 neurons for 20 s, rates from 1 to 100 Hz."""
    net = pl.Network(dt="0.1 ms", seed=4)
    rates = np.geomspace(0.001, 0.1, 2000)
    net.record(net.population(pl.rules.Poisson, 2000, name="source", rate=rates), "spikes")
    model = net.compile(precision="double")
    model.run("20 s")
    return model


def test_poisson_counts(poisson: pl.Model) -> None:
    """Counts are binomial with 200 000 steps: z-test of the total and chi-square of all neurons, both at 1e-4."""
    rates, spikes = np.geomspace(0.001, 0.1, 2000), poisson["source"].spikes
    counts = np.bincount(spikes.neurons, minlength=2000)
    p = -np.expm1(-rates * DT)
    mean, variance = 200_000 * p, 200_000 * p * (1 - p)
    assert abs(counts.sum() - mean.sum()) < 4 * np.sqrt(variance.sum())
    square = np.sum((counts - mean) ** 2 / variance)
    assert 1e-4 < stats.chi2.sf(square, 2000) < 1 - 1e-4


def test_poisson_intervals(poisson: pl.Model) -> None:
    """Scaled intervals are exponential (Kolmogorov-Smirnov at 1e-3), and successive ones uncorrelated."""
    spikes = poisson["source"].spikes
    rates = np.geomspace(0.001, 0.1, 2000)
    scaled, pairs = [], []
    for neuron in range(0, 2000, 20):
        gaps = np.diff(np.rint(spikes.times[spikes.neurons == neuron] / DT)) * DT
        jitter = np.random.default_rng(neuron).random(len(gaps)) * DT  # the grid would be seen otherwise
        scaled.append((gaps - jitter) * rates[neuron])
        pairs.append(np.stack([scaled[-1][:-1], scaled[-1][1:]]))
    # long intervals are cut off at the end of the run, which shows at low rates only
    many = np.concatenate([s for s in scaled if len(s) > 200])
    assert stats.kstest(many, "expon").pvalue > 1e-3
    first, second = np.concatenate(pairs, axis=1)
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(len(first)) + 0.01


def test_no_two_neurons_are_alike(poisson: pl.Model) -> None:
    spikes = poisson["source"].spikes
    fast = [set(np.rint(spikes.times[spikes.neurons == n] / DT)) for n in range(1990, 2000)]
    shared = [len(a & b) for i, a in enumerate(fast) for b in fast[i + 1 :]]
    expected = 200_000 * 0.01**2  # 100 Hz at 0.1 ms
    assert np.mean(shared) == pytest.approx(expected, abs=4 * np.sqrt(expected / len(shared)) + 0.05 * expected)


def test_a_changed_rate_holds_from_the_next_step() -> None:
    net = pl.Network(dt="1 ms", seed=2)
    net.record(net.population(pl.rules.Poisson, 500, name="source", rate="100 Hz"), "spikes")
    model = net.compile()
    model.run("1 s")
    model.set_parameter("source", "rate", "0 Hz")
    model.run("1 s")
    model.set_parameter("source", "rate", "50 Hz")
    model.run("1 s")
    times = model["source"].spikes.times
    counts = [np.sum((times >= 1000 * k) & (times < 1000 * (k + 1))) for k in range(3)]
    expected = [500 * 1000 * -np.expm1(-0.1), 0, 500 * 1000 * -np.expm1(-0.05)]
    assert counts[1] == 0
    for k in (0, 2):
        assert abs(counts[k] - expected[k]) < 4 * np.sqrt(expected[k])


def test_moving_gaussian_has_the_published_rates() -> None:
    """Mean rate 5 + 152.8 * mean of the bump = 20.0 Hz; the centre jumps every 20 ms, to all places alike."""
    net = pl.Network(dt="0.1 ms", seed=3)
    net.record(net.population(pl.rules.MovingGaussian, grid=(16, 16), periodic=True, name="retina"), "spikes")
    model = net.compile()
    model.run("60 s")
    spikes = model["retina"].spikes
    axis = np.minimum(np.arange(16), 16 - np.arange(16))
    bump = np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / 8)
    mean = 5 + 152.8 * bump.sum() / 256
    assert mean == pytest.approx(20.0, abs=0.01)
    # the total of all neurons does not depend on where the centre is: Poisson, but for the grid of steps
    total = len(spikes.times)
    assert total == pytest.approx(mean * 256 * 60, abs=4 * np.sqrt(mean * 256 * 60) + 0.005 * mean * 256 * 60)
    # counts per neuron vary with 3000 centres: their variance is Poisson plus that of the time spent under the bump
    counts = np.bincount(spikes.neurons, minlength=256)
    in_20_ms = 152.8 * 0.02 * bump.ravel()
    variance = mean * 60 + 3000 * in_20_ms.var()
    square = np.sum((counts - counts.mean()) ** 2) / variance
    assert 1e-4 < stats.chi2.sf(square, 255) < 1 - 1e-4
