"""Structural rules against counts and distributions that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chisquare, kstest

import plastlang as pl
from tests.rules.trains import LIBRARY


def static(rule: pl.Component | pl.Composition, n: int, connectivity: object, **start: object) -> pl.Model:
    """`rule` on synapses between neurons that are silent, dt 1 ms."""
    net = pl.Network(dt="1 ms", seed=5)
    pre = net.population(LIBRARY.Told, n, name="pre")
    post = net.population(LIBRARY.Told, n, name="post")
    net.connect(pre, post.exc, rule, connectivity, name="syn", **start)
    return net.compile(precision="double")


def test_set_replaces_the_weakest_by_as_many() -> None:
    rule = pl.rules.Static + pl.rules.SET(fraction=0.3, epoch="10 ms")
    model = static(rule, 30, pl.fixed_probability(0.4), w=pl.normal("0 nS", "1 nS"))
    before = {(i, j): w for i, j, w in zip(model["syn"].pre, model["syn"].post, model["syn"].w, strict=True)}
    model.run("10 ms")
    after = {(i, j): w for i, j, w in zip(model["syn"].pre, model["syn"].post, model["syn"].w, strict=True)}
    n = int(0.3 * len(before))
    kept = {pair for pair in after if after[pair] != 0}
    assert len(after) == len(before)
    assert len(after) - len(kept) == n
    weakest = sorted(before, key=lambda pair: abs(before[pair]))[:n]
    assert kept == set(before) - set(weakest)


def test_gradual_pruning_follows_its_cubic() -> None:
    rule = pl.rules.Static + pl.rules.GradualPruning(final=0.9, end="1 s", period="50 ms")
    model = static(rule, 40, pl.all_to_all(), w=pl.uniform("0 nS", "1 nS"))
    for step in range(1, 25):
        model.run("50 ms")
        done = min(0.05 * step, 1)
        assert len(model["syn"].w) == pytest.approx((1 - 0.9 * (1 - (1 - done) ** 3)) * 1600, abs=0.51)
    assert np.min(model["syn"].w) > 0.88  # the strongest tenth is what is left


def test_rigl_grows_where_the_gradient_is_largest() -> None:
    cells = pl.load('neuron Cell:\n    """Fires as told."""\n    state learn = 0, given = 0, g = 0\n'
                    "    input exc -> g\n    spike at times\n    each step:\n        learn = given\n")  # fmt: skip
    trace = pl.load('rule Trace:\n    """A trace that the host writes."""\n    pre z = 0\n    synapse w = 1\n').Trace
    net, n = pl.Network(dt="1 ms", seed=2), 20
    pre, post = (net.population(cells.Cell, n, name=name) for name in ("pre", "post"))
    rigl = pl.rules.RigL(fraction=0.5, period="10 ms", end="1000 s")
    net.connect(pre, post, trace + rigl, pl.fixed_probability(0.2), name="syn", w=pl.uniform(0.1, 1))
    model, rng = net.compile(precision="double"), np.random.default_rng(1)
    z, learn = rng.normal(size=n), rng.normal(size=n)
    model["syn"].z, model["post"].given = z, learn
    before = set(zip(model["syn"].pre.tolist(), model["syn"].post.tolist(), strict=True))
    n_moved = int(0.25 * (1 + np.cos(np.pi * 9e-6)) * len(before))  # at 9 ms of 1000 s
    weak = np.argsort(model["syn"].w)[:n_moved]
    gone = {(int(model["syn"].pre[k]), int(model["syn"].post[k])) for k in weak}
    model.run("10 ms")
    after = set(zip(model["syn"].pre.tolist(), model["syn"].post.tolist(), strict=True))
    absent = {(i, j) for i in range(n) for j in range(n)} - (before - gone)
    best = sorted(absent, key=lambda pair: -abs(z[pair[0]] * learn[pair[1]]))[: len(gone)]
    assert after == (before - gone) | set(best)


def test_elements_grow_until_the_rate_is_at_its_target() -> None:
    """Butz & van Ooyen: rates settle at target / (beta tau), here 10 Hz, from below."""
    net = pl.Network(dt="1 ms", seed=3)
    noise = net.population(pl.rules.Poisson, 200, rate="20 Hz", name="noise")
    cells = net.population(pl.rules.LIFConductance, 60, name="cells")
    net.connect(noise, cells.exc, pl.rules.Static(w="0.155 nS"), pl.fixed_probability(0.5))
    grown = pl.rules.ElementGrowth(tau="1 s", beta=0.01, target=0.1, nu="0.002 kHz", update="100 ms", w_new="1 nS")
    net.connect(cells, cells.exc, grown, pl.none(), name="syn")
    net.record(cells, "spikes")
    model = net.compile()
    model.run("60 s")
    times = np.asarray(model.recordings["cells.spikes"].times)
    early, late = np.sum(times < 2000) / (2 * 60), np.sum(times > 40_000) / (20 * 60)
    assert early < 6
    assert late == pytest.approx(10, rel=0.1)
    assert len(model["syn"].w) > 100


def test_the_number_of_contacts_is_binomial() -> None:
    """With frozen weights a site is taken with p_form and lost with q, so it is full with p_form / (p_form + q)."""
    n, sites, lost = 100, 16, 0.4 * np.exp(-0.5)
    rule = pl.rules.Static + pl.rules.MultiContact(
        sites=sites, visits=1600, p_form=0.3, p_loss=0.4, w_scale="0.2 nS", w_new="0.1 nS"
    )
    model = static(rule, n, pl.none(), w="0.1 nS")
    model.run("100 ms")
    full = 0.3 / (0.3 + lost)
    seen = np.zeros(sites + 1)
    for _ in range(30):
        model.run("20 ms")
        seen += np.bincount(np.bincount(model["syn"].post, minlength=n), minlength=sites + 1)
    expected = binom.pmf(np.arange(sites + 1), sites, full) * seen.sum()
    common = expected > 20
    ratio = seen[common].sum() / expected[common].sum()
    assert chisquare(seen[common], expected[common] * ratio).pvalue > 1e-4
    pairs = np.asarray(model["syn"].pre) * n + np.asarray(model["syn"].post)
    assert len(np.unique(pairs)) < len(pairs)  # some pairs have several


def test_synaptic_sampling_has_the_prior_as_its_distribution() -> None:
    """Kappel et al.: theta ~ N(mu, sigma^2 T) without a likelihood."""
    rule = pl.rules.SynapticSampling(rate="0.02 kHz", mu=0.5, sigma=0.8, temperature=0.5)
    model = static(rule, 60, pl.all_to_all())
    model.run("500 ms")
    theta = np.asarray(model["syn"].theta)
    assert kstest(theta, "norm", (0.5, 0.8 * np.sqrt(0.5))).pvalue > 1e-3
