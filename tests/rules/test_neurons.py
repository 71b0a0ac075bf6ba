"""Neurons with adaptation and with spikes of their own against their published numbers and another solver."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import plastlang as pl


def spikes(neuron: pl.Component, ms: float, dt: str, **arguments: object) -> list[NDArray[np.float64]]:
    """Times of the spikes of neurons with an array of currents `i_offset`, without input."""
    net = pl.Network(dt=dt, seed=1)
    n = len(np.atleast_1d(arguments["i_offset"]))
    cells = net.population(neuron, n, name="cells", **arguments)
    net.record(cells, "spikes")
    model = net.compile(precision="double")
    model.run(ms)
    found = model.recordings["cells.spikes"]
    return [np.asarray(found.times)[np.asarray(found.neurons) == k] for k in range(n)]


def solved(
    slope: Callable[[float, NDArray[np.float64]], list[float]], start: list[float], peak: float,
    reset: Callable[[NDArray[np.float64]], list[float]], ms: float,
) -> NDArray[np.float64]:  # fmt: skip
    """Times of the spikes by an adaptive solver that stops at each."""

    def crossing(_: float, y: NDArray[np.float64]) -> float:
        return float(y[0] - peak)

    crossing.terminal, crossing.direction = True, 1  # type: ignore[attr-defined]
    times, t, y = [], 0.0, np.array(start)
    while t < ms:
        run = solve_ivp(slope, (t, ms), y, events=crossing, rtol=1e-9, atol=1e-9)
        t, y = float(run.t[-1]), run.y[:, -1]
        if run.status == 1:
            times.append(t)
            y = np.array(reset(y))
    return np.array(times)


def test_adex_spikes_as_an_adaptive_solver_says() -> None:
    def slope(_: float, y: NDArray[np.float64]) -> list[float]:
        v, w = y
        current = 30 * (-70.6 - v) + 60 * np.exp((v + 50.4) / 2) - w + 1000
        return [current / 281, (4 * (v + 70.6) - w) / 144]

    expected = solved(slope, [-70.6, 0], -40, lambda y: [-70.6, y[1] + 80.5], 300)
    (found,) = spikes(pl.rules.AdEx, 300, "0.01 ms", i_offset=np.array([1000.0]))
    assert len(expected) >= 5
    assert len(found) == len(expected)
    assert found == pytest.approx(expected, abs=0.2)


def test_adex_rheobase() -> None:
    """Naud et al. 2008, for a / g > tau_m / tau_w: the resting state goes by a Hopf bifurcation."""
    tau_m = 281 / 30
    saddle = (30 + 4) * (-50.4 + 70.6 - 2 + 2 * np.log(1 + tau_m / 144))
    rheobase = saddle + 2 * 30 * (4 / 30 - tau_m / 144)
    quiet, active = spikes(pl.rules.AdEx, 5000, "0.05 ms", i_offset=np.array([0.96, 1.005]) * rheobase)
    assert len(active) > 3
    assert len(quiet[quiet > 2500]) == 0


def test_izhikevich_spikes_as_an_adaptive_solver_says() -> None:
    def slope(_: float, y: NDArray[np.float64]) -> list[float]:
        v, u = y
        return [0.04 * v * v + 5 * v + 140 - u + 10, 0.02 * (0.2 * v - u)]

    expected = solved(slope, [-65, -13], 30, lambda y: [-65, y[1] + 8], 300)
    (found,) = spikes(pl.rules.Izhikevich, 300, "0.01 ms", i_offset=np.array([10.0]))
    assert len(expected) >= 5
    assert len(found) == len(expected)
    assert found == pytest.approx(expected, abs=0.2)


def test_izhikevich_begins_to_fire_where_rest_loses_its_stability() -> None:
    """a = .02, b = .2: the trace 0.08 v + 5 - a of the linearised system is 0 at v = -62.25, for I = 3.7975."""
    quiet, active = spikes(pl.rules.Izhikevich, 3000, "0.1 ms", i_offset=np.array([3.6, 3.95]), v="-65 mV")
    assert len(quiet[quiet > 1500]) == 0
    assert len(active[active > 1500]) > 3


def test_the_squid_axon_rests_at_minus_65_and_fires_at_its_known_rates() -> None:
    """At 10 uA/cm^2 (1 nA here) the period is 14.6 ms; sustained firing begins between 6 and 7 uA/cm^2."""
    currents = np.array([0.0, 500.0, 700.0, 1000.0])
    found = spikes(pl.rules.HodgkinHuxley, 400, "0.01 ms", i_offset=currents)
    assert len(found[0]) == 0
    assert len(found[1]) <= 1
    assert len(found[2]) > 10
    assert np.diff(found[3])[5:] == pytest.approx(14.64, abs=0.1)
    net = pl.Network(dt="0.01 ms")
    cells = net.population(pl.rules.HodgkinHuxley, 1, name="cells")
    model = net.compile(precision="double")
    model.run("100 ms")
    assert model[cells].v[0] == pytest.approx(-65, abs=0.01)


def test_the_interval_of_an_adapting_neuron_settles_where_its_threshold_does() -> None:
    """With period T: theta after a spike is jump / (1 - exp(-T / tau)); v reaches v_th + theta exp(-T / tau)."""
    current, capacitance, tau, tau_theta, jump, refractory = 500.0, 200.0, 20.0, 200.0, 2.0, 5.0
    rise = current * tau / capacitance

    def gap(period: float) -> float:
        theta = jump * np.exp(-period / tau_theta) / (1 - np.exp(-period / tau_theta))
        return float(rise * (1 - np.exp(-(period - refractory) / tau)) - 16 - theta)

    (found,) = spikes(pl.rules.AdaptiveLIF, 3000, "0.01 ms", i_offset=np.array([current]))
    assert np.diff(found)[-10:] == pytest.approx(brentq(gap, refractory + 0.1, 500), abs=0.05)
    assert np.diff(found)[0] < 0.8 * np.diff(found)[-1]


def test_a_diehl_cook_neuron_raises_its_threshold_at_each_spike() -> None:
    net = pl.Network(dt="0.5 ms", seed=1)
    drive = net.population(pl.rules.Poisson, 1, rate="500 Hz", name="drive")
    cells = net.population(pl.rules.DiehlCookExcitatory, 3, name="cells")
    net.connect(drive, cells.exc, pl.rules.Static(w="2 nS"), pl.all_to_all())
    net.record(cells, "spikes")
    model = net.compile(precision="double")
    model.run("1 s")
    counts = np.bincount(np.asarray(model.recordings["cells.spikes"].neurons), minlength=3)
    assert counts.min() > 5
    assert model[cells].theta == pytest.approx(20 * np.exp(-1e-4) + 0.05 * counts, abs=1e-3)
