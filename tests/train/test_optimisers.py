"""Optimisers against their published algorithms, step for step."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl
from plastlang.components import Component, Composition

RULE = '''
rule Weights:
    """A weight with a gradient that the test gives."""
    synapse shared w, grad = 0
    on pre spike:
        deliver w
    on forget:
        grad = 0
'''
WEIGHTS = pl.load(RULE).Weights


def model_of(
    rule: Component | Composition, size: tuple[int, int], connectivity: object = None, precision: str = "double",
    backend: str = "c", seed: int = 1, **initial: object,
) -> pl.Model:  # fmt: skip
    net = pl.Network(dt="1 ms", seed=seed)
    source = net.population(pl.rules.SpikeTimes, size[0], name="source")
    target = net.population(pl.rules.ValueReadOut, size[1], name="target")
    net.connect(source, target.exc, WEIGHTS() + rule, connectivity or pl.all_to_all(), name="syn", **initial)
    return net.compile(backend=backend, precision=precision)


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize(("rate", "beta1", "beta2", "epsilon"), [(1e-3, 0.9, 0.999, 1e-8), (0.03, 0.5, 0.9, 1e-3)])
def test_adam(backend: str, rate: float, beta1: float, beta2: float, epsilon: float) -> None:
    rule = pl.rules.Adam(rate=rate, beta1=beta1, beta2=beta2, epsilon=epsilon)
    model = model_of(rule, (6, 5), backend=backend, w=pl.normal(0, 1))
    rng = np.random.default_rng(3)
    theta, m, v = np.array(model["syn"].w), np.zeros(30), np.zeros(30)
    for t in range(1, 151):
        gradient = rng.normal(size=30) * rng.choice([1e-4, 1, 100])
        model["syn"].grad = 8 * gradient
        model.signal("update", 8)
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient**2
        theta = theta - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
        np.testing.assert_allclose(model["syn"].w, theta, rtol=1e-12, atol=1e-14)
    assert (model["syn"].grad == 0).all() and model["syn"].updates == 150


def test_adam_finds_the_bottom_of_a_bowl_in_single_precision() -> None:
    goal = np.linspace(-1, 1, 12, dtype=np.float32)
    model = model_of(pl.rules.Adam(rate=0.01), (4, 3), precision="single", w=0)
    for _ in range(1500):
        model["syn"].grad = model["syn"].w - goal
        model.signal("update", 1)
    assert np.abs(model["syn"].w - goal).max() < 1e-3


def test_noisy_descent_samples_at_its_temperature() -> None:
    """In a bowl w^2 / 2 the weights come to a variance of T (1 + rate / 2 + ...) around 0; 6 standard errors."""
    rate, temperature = 0.05, 0.3
    model = model_of(pl.rules.NoisyDescent(rate=rate, temperature=temperature), (100, 50), w=0)
    for _ in range(200):
        model["syn"].grad = model["syn"].w
        model.signal("update", 1)
    w = model["syn"].w
    variance = 2 * rate * temperature / (1 - (1 - rate) ** 2)
    assert abs(w.mean()) < 6 * np.sqrt(variance / w.size)
    assert abs(w.var() / variance - 1) < 6 * np.sqrt(2 / w.size)
