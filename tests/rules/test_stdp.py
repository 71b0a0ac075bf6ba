"""Spike-timing rules against their formulas and the published tables."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl
from tests.rules.trains import pairings, synapses

W_MAX = {"w_max": "100 nS", "w": "50 nS"}
#: Pfister & Gerstner 2006: change after 60 pairs at these rates, for +10 ms and -10 ms.
RATES = [0.1, 10, 20, 40, 50]
TABLE = {
    "TripletSTDP": ([0.0000, 0.1321, 0.2470, 0.5337, 0.7409], [-0.3122, -0.3336, -0.3516, 0.1548, 0.7272]),
    "NearestTripletSTDP": ([0.0000, 0.1036, 0.3232, 0.5603, 0.6243], [-0.2943, -0.4113, -0.3382, 0.2598, 0.6193]),
}


@pytest.mark.parametrize("k", range(len(RATES)))
@pytest.mark.parametrize("name", TABLE)
def test_triplets_depend_on_the_rate_as_in_the_table(name: str, k: int) -> None:
    pre, post = pairings([10, -10], 60, 1000 / RATES[k])
    start = 50 if k < 3 else 20  # so that no weight comes to a bound
    rule = getattr(pl.rules, name)(w_max="100 nS", w=f"{start} nS")
    model = synapses(rule, pre, post, "1 ms" if k == 0 else "0.1 ms")
    model.run(60 * 1000 / RATES[k] + 200)
    change = (model["syn"].w - start) / 100
    assert change == pytest.approx([TABLE[name][0][k], TABLE[name][1][k]], abs=2e-4)


@pytest.mark.parametrize("name", ["PreCentredSTDP", "ReducedPairSTDP"])
def test_pairings_count_the_pairs_that_they_say(name: str) -> None:
    rng = np.random.default_rng(4)
    n, steps = 30, 400
    pre = [list(np.flatnonzero(rng.random(steps) < 0.06) + 1.0) for _ in range(n)]
    post = [list(np.flatnonzero(rng.random(steps) < 0.06) * 1.0) for _ in range(n)]
    constants = {"tau_plus": "17 ms", "tau_minus": "34 ms", "a_plus": 0.001, "a_minus": 0.0007}
    model = synapses(getattr(pl.rules, name)(**constants, **W_MAX), pre, post, "1 ms")
    model.run(steps + 5)
    expected = np.zeros(n)
    reduced = name == "ReducedPairSTDP"
    for i in range(n):
        for m in pre[i]:
            last = max((k for k in post[i] if k < m), default=None)
            if last is not None and not (reduced and any(last < q < m for q in pre[i])):
                expected[i] -= 0.07 * np.exp((last - m) / 34)
        for k in post[i]:
            since = max((q for q in post[i] if q < k), default=-1.0)
            waiting = [m for m in pre[i] if since < m < k]  # one that comes with a post spike is used up by it
            expected[i] += 0.1 * sum(np.exp((m - k) / 17) for m in (waiting[-1:] if reduced else waiting))
    assert model["syn"].w - 50 == pytest.approx(expected, abs=1e-9)
    assert np.abs(expected).min() > 0


def fixed_point(rule: pl.Composition, start: list[float], port: str = "exc") -> np.ndarray:
    """Weights after many pairs of both kinds, from several start values: each period has one +10 and one -10."""
    n = len(start)
    pairs = 3000
    pre = [list(100 + 400.0 * np.arange(pairs)) + list(300 + 400.0 * np.arange(pairs))] * n
    post = [list(110 + 400.0 * np.arange(pairs)) + list(290 + 400.0 * np.arange(pairs))] * n
    model = synapses(rule, [sorted(t) for t in pre], [sorted(t) for t in post], "1 ms", port)
    model["syn"].w = np.array(start)
    model.run(400 * pairs + 200)
    return np.asarray(model["syn"].w)


def test_weights_of_guetig_come_to_rest_where_potentiation_equals_depression() -> None:
    # equal windows: (1 - w)^mu = alpha w^mu, so w / (1 - w) = alpha^(-1/mu)
    rule = pl.rules.GuetigSTDP(rate=0.004, alpha=1.5, mu=0.5, w_max="1 nS")
    ratio = 1.5 ** (-1 / 0.5)
    assert fixed_point(rule, [0.1, 0.9]) == pytest.approx(ratio / (1 + ratio), rel=0.02)


def test_multiplicative_weights_rest_at_the_ratio_of_the_amplitudes() -> None:
    rule = pl.rules.MultiplicativeSTDP(a_plus=0.01, a_minus=0.03, w_max="1 nS")
    assert fixed_point(rule, [0.05, 0.95]) == pytest.approx(0.25, rel=0.02)


def test_the_power_law_balances_at_its_weight() -> None:
    """w_0 alpha^(-1 / (1 - mu)) = 42.3 pA (Morrison, Aertsen & Diesmann 2007, with equal windows)."""
    final = fixed_point(pl.rules.PowerLawSTDP(), [20.0, 80.0], "current")
    assert final == pytest.approx(0.1057 ** (-1 / 0.6), rel=0.03)
    assert pytest.approx(42.3, abs=0.1) == 0.1057 ** (-1 / 0.6)


def test_clopath_under_a_voltage_clamp() -> None:
    """One pre spike: -A_LTD (u - theta-) at once, then A_LTP (u - theta+) (u - theta-) in all."""
    levels = [-80.0, -60.0, -40.0, -20.0]
    model = synapses(pl.rules.Clopath(**W_MAX), [[200.0]] * 4, [[]] * 4)
    model["post"].held = np.array(levels)
    model.step(2001)  # the filters have settled; the spike has arrived
    at_once = (np.asarray(model["syn"].w) - 50) / 100
    u = np.array(levels)
    ltd = -14e-5 * np.maximum(0, u + 70.6)
    ltp = 8e-5 * np.maximum(0, u + 45.3) * np.maximum(0, u + 70.6)
    assert at_once == pytest.approx(ltd + ltp * 0.1 / 15, rel=1e-2, abs=1e-9)  # one step of potentiation is in it
    model.run("300 ms")
    assert (np.asarray(model["syn"].w) - 50) / 100 == pytest.approx(ltd + ltp, rel=5e-3, abs=1e-9)
    assert ltp[3] > 0.05


def test_calcium_ratios_of_sixty_pairs() -> None:
    """Graupner & Brunel 2012, set DP: ratio of mean strength after / before 60 pairs at 1 Hz."""
    n = 800
    for difference, published in ((-20.0, 0.764), (10.0, 1.221)):
        begins = 1000.0 * np.arange(60) + 100
        shift = np.round((difference - 13.7) * 2) / 2  # arrivals are later by D
        post = [list(begins + 50 + shift)] * n
        model = synapses(pl.rules.GraupnerBrunel(), [list(begins + 50)] * n, post, "0.5 ms")
        model["syn"].rho = np.repeat([0.0, 1.0], n // 2)
        model.run("60.5 s")
        up = np.asarray(model["syn"].rho) > 0.5
        strength = np.where(up, 5.0, 1.0).mean() / 3.0
        assert strength == pytest.approx(published, abs=0.07)  # three standard errors of 800 synapses
