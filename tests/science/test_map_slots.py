"""The topographic map by slots (rules/topographic_map_slots.plast) against published figures (Bogdan et al. 2018)."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl
from plastlang.analysis.maps import Connectivity, quality
from plastlang.analysis.torus import Torus

TORUS = Torus(16, 16)
G_MAX = 200.0


def initial(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """16 feed-forward and 16 lateral synapses for each target, from the formation rule; several for a pair allowed."""
    pre, post = [], []
    for group, sigma in ((0, 2.5), (1, 1.0)):
        chance = np.exp(-(TORUS.distance(np.arange(256), 0) ** 2) / (2 * sigma**2)).reshape(16, 16)
        for target in range(256):
            here = np.roll(chance, (target // 16, target % 16), (0, 1)).ravel()
            pre.append(256 * group + rng.choice(256, 16, p=here / here.sum()))
            post.append(np.full(16, target))
    return np.concatenate(pre), np.concatenate(post)


def run(network: str, seconds: float, seed: int) -> pl.Model:
    model = getattr(pl.load("rules:topographic_map_slots.plast"), network).compile(seed=seed)
    pre, post = initial(np.random.default_rng(seed))
    model["map"].set_synapses(pre, post, w=np.full(len(pre), G_MAX))
    model.run(f"{seconds} s")
    return model


def feed_forward(model: pl.Model) -> Connectivity:
    view = model["map"]
    ff = view.pre < 256
    return Connectivity.of(view.pre[ff], view.post[ff], view.w[ff], TORUS)


def test_slots_bound_the_in_degree_and_partners_have_spiked() -> None:
    model = run("TopographicMapSlots", 20, 1)
    view = model["map"]
    assert view.in_degree.max() <= 32
    assert view.formations > 100
    assert view.eliminations > 100
    assert view.formations - view.eliminations == len(view) - 256 * 32
    # new synapses obey the distance rule: lateral ones are nearer than feed-forward ones
    ff = view.pre < 256
    distance = TORUS.distance(view.pre % 256, view.post)
    assert distance[~ff].mean() < 0.6 * distance[ff].mean()


#: (network, mean feed-forward sigma_conn, sigma_weight, AD_conn, AD_weight), means of 10 published runs.
PUBLISHED = [
    ("TopographicMapSlots", 1.616, 1.475, 0.770, 0.82),
    ("TopographicMapSlotsFlat", 1.885, 1.569, 0.933, 1.097),
]


@pytest.mark.long
@pytest.mark.parametrize(("network", "sigma_conn", "sigma_weight", "ad_conn", "ad_weight"), PUBLISHED)
def test_receptive_fields_after_300_s(
    network: str, sigma_conn: float, sigma_weight: float, ad_conn: float, ad_weight: float
) -> None:
    """Mean of 3 seeds; sigma within .08, AD within .12 of the published means, all sigma p-values below 1e-10."""
    measured = []
    for seed in (1, 2, 3):
        with run(network, 300, seed) as model:
            measured.append(quality(feed_forward(model), sigma_form=2.5, multapses=True))
    assert np.mean([m.sigma_conn.value for m in measured]) == pytest.approx(sigma_conn, abs=0.08)
    assert np.mean([m.sigma_weight.value for m in measured]) == pytest.approx(sigma_weight, abs=0.08)
    assert np.mean([m.deviation_conn.value for m in measured]) == pytest.approx(ad_conn, abs=0.12)
    assert np.mean([m.deviation_weight.value for m in measured]) == pytest.approx(ad_weight, abs=0.12)
    assert max(max(m.sigma_conn.p, m.sigma_weight.p) for m in measured) < 1e-10
