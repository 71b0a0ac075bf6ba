"""Measures of a topographic map: connection probability against displacement, size and place of receptive fields.

Receptive fields as in Bamford, Murray & Willshaw (Neural Networks 23, 517-527, 2010) and Bogdan et al. (Front.
Neurosci. 12, 434, 2018): sigma_aff is the spread of a target neuron's afferents about their best centre, AD the
distance of that centre from the ideal place. Suffix `conn` counts synapses, `weight` counts their weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from plastlang.analysis.torus import Floats, Ints, Torus, wrap
from plastlang.diagnostics import MachineError

#: Offsets tried about the best whole centre, in grid units.
OFFSETS = np.linspace(-0.5, 0.5, 11)


@dataclass(frozen=True, slots=True)
class Connectivity:
    """The synapses of one projection between two layers on the same torus: arrays of one length, any order."""

    pre: Ints
    post: Ints
    weight: Floats
    torus: Torus

    @classmethod
    def of(cls, pre: ArrayLike, post: ArrayLike, weight: ArrayLike, torus: Torus) -> Connectivity:
        """From anything array-like; raises ValueError where lengths differ or an index is outside the torus."""
        made = cls(np.asarray(pre, np.int64), np.asarray(post, np.int64), np.asarray(weight, np.float64), torus)
        if not made.pre.shape == made.post.shape == made.weight.shape:
            shapes = f"{made.pre.shape} pre, {made.post.shape} post, {made.weight.shape} weight"
            raise ValueError(f"lengths differ: {shapes}")
        for name, index in (("pre", made.pre), ("post", made.post)):
            if index.size and not 0 <= index.min() <= index.max() < torus.size:
                raise ValueError(f"{name} indices must lie in 0 .. {torus.size - 1}")
        return made

    @property
    def in_degree(self) -> Ints:
        return np.bincount(self.post, minlength=self.torus.size)

    @property
    def out_degree(self) -> Ints:
        return np.bincount(self.pre, minlength=self.torus.size)


@dataclass(frozen=True, slots=True)
class Profile:
    """Against distance: connection probability (synapses per pair) and mean weight (NaN where there is no synapse)."""

    distance: Floats
    probability: Floats
    weight: Floats


def profile(connectivity: Connectivity) -> Profile:
    """One point for each distance that occurs on the torus, ascending."""
    torus = connectivity.torus
    everywhere = torus.distance(np.arange(torus.size), 0)
    distances, pairs_per_neuron = np.unique(np.round(everywhere, 9), return_counts=True)
    own = np.round(torus.distance(connectivity.pre, connectivity.post), 9)
    place = np.searchsorted(distances, own)
    count = np.bincount(place, minlength=len(distances))
    total = np.bincount(place, connectivity.weight, minlength=len(distances))
    weight = np.full(len(distances), np.nan)
    np.divide(total, count, out=weight, where=count > 0)
    return Profile(distances, count / (pairs_per_neuron * torus.size), weight)


def receptive_field(connectivity: Connectivity, neuron: int, weighted: bool = True) -> Floats:
    """The afferents of one target neuron on the source layer, shape (height, width): summed weights, or counts."""
    torus = connectivity.torus
    mine = connectivity.post == neuron
    value = connectivity.weight[mine] if weighted else None
    return np.bincount(connectivity.pre[mine], value, torus.size).reshape(torus.height, torus.width).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Fields:
    """Of every target neuron: sigma_aff, and AD. NaN for a neuron without afferents."""

    sigma: Floats
    deviation: Floats


def fields(connectivity: Connectivity, weighted: bool) -> Fields:
    """sigma_aff and AD of all target neurons, from counts or from weights."""
    torus = connectivity.torus
    value = connectivity.weight if weighted else np.ones(len(connectivity.pre))
    neuron = np.arange(torus.size)
    x, spread_x = _axis(connectivity.post, connectivity.pre % torus.width, value, torus.size, torus.width)
    y, spread_y = _axis(connectivity.post, connectivity.pre // torus.width, value, torus.size, torus.height)
    dx = wrap(x - neuron % torus.width, torus.width)
    dy = wrap(y - neuron // torus.width, torus.height)
    return Fields((spread_x + spread_y) / 2, np.hypot(dx, dy))


def _axis(post: Ints, place: Ints, value: Floats, neurons: int, period: int) -> tuple[Floats, Floats]:
    """Along one axis: the centre about which the weighted standard deviation is least, and that deviation."""
    mass = np.bincount(post * period + place, value, neurons * period).reshape(neurons, period)
    total = mass.sum(axis=1)
    places = np.arange(period)
    square = wrap(places[:, None] - places[None, :], period) ** 2
    centre = np.argmin(mass @ square, axis=1).astype(np.float64)
    tried = centre[:, None] + OFFSETS
    moved = wrap(places[None, None, :] - tried[:, :, None], period) ** 2
    moment = np.einsum("nk,nok->no", mass, moved)
    best = np.argmin(moment, axis=1)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.take_along_axis(moment, best, axis=1)[:, 0] / total)
    centre = np.take_along_axis(tried, best, axis=1)[:, 0]
    return np.where(total > 0, centre, np.nan), np.where(total > 0, spread, np.nan)


def shuffle_connections(
    connectivity: Connectivity, sigma: float, rng: np.random.Generator, multapses: bool = False
) -> Connectivity:
    """Control: every target keeps its number of synapses, drawn anew with the Gaussian formation rule."""
    torus = connectivity.torus
    distance = torus.distance(np.arange(torus.size), 0).reshape(torus.height, torus.width)
    chance = np.exp(-(distance**2) / (2 * sigma**2))
    pre = np.empty_like(connectivity.pre)
    order = np.argsort(connectivity.post, kind="stable")
    start = 0
    for neuron, count in enumerate(connectivity.in_degree):
        here = np.roll(chance, (neuron // torus.width, neuron % torus.width), (0, 1)).ravel()
        drawn = rng.choice(torus.size, int(count), replace=multapses, p=here / here.sum())
        pre[order[start : start + count]] = drawn
        start += count
    return Connectivity(pre, connectivity.post, connectivity.weight, torus)


def shuffle_weights(connectivity: Connectivity, rng: np.random.Generator) -> Connectivity:
    """Control: the weights of every target neuron are permuted among its synapses."""
    order = np.argsort(connectivity.post, kind="stable")
    mixed = np.lexsort((rng.random(len(order)), connectivity.post))
    weight = np.empty_like(connectivity.weight)
    weight[order] = connectivity.weight[mixed]
    return Connectivity(connectivity.pre, connectivity.post, weight, connectivity.torus)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure's mean over neurons, that of its shuffled control, and the two-sided Wilcoxon signed-rank p-value."""

    value: float
    control: float
    p: float


@dataclass(frozen=True, slots=True)
class Quality:
    """The four measures of a map, each beside its control."""

    sigma_conn: Comparison
    sigma_weight: Comparison
    deviation_conn: Comparison
    deviation_weight: Comparison


def quality(connectivity: Connectivity, sigma_form: float, seed: int = 0, multapses: bool = False) -> Quality:
    """All measures of a feed-forward projection whose synapses form with a Gaussian of `sigma_form`.

    Raises:
        MachineError: scipy is not installed.
    """
    rng = np.random.default_rng(seed)
    conn, weight = fields(connectivity, weighted=False), fields(connectivity, weighted=True)
    conn_control = fields(shuffle_connections(connectivity, sigma_form, rng, multapses), weighted=False)
    weight_control = fields(shuffle_weights(connectivity, rng), weighted=True)
    return Quality(
        sigma_conn=compare(conn.sigma, conn_control.sigma),
        sigma_weight=compare(weight.sigma, weight_control.sigma),
        deviation_conn=compare(conn.deviation, conn_control.deviation),
        deviation_weight=compare(weight.deviation, weight_control.deviation),
    )


def compare(values: Floats, control: Floats) -> Comparison:
    """Over the neurons for which both are known."""
    try:
        from scipy.stats import wilcoxon  # optional, and slow to import
    except ImportError as error:
        raise MachineError("the p-values of a map need scipy: pip install 'plastlang[plot]'") from error
    known = np.isfinite(values) & np.isfinite(control)
    a, b = values[known], control[known]
    p = float(wilcoxon(a, b).pvalue) if np.any(a != b) else 1.0
    return Comparison(float(a.mean()), float(b.mean()), p)


@dataclass(frozen=True, slots=True)
class Edits:
    """Formations and eliminations between successive snapshots, shape (snapshots - 1, distance bins)."""

    edges: Floats
    formed: Ints
    eliminated: Ints


def edits(snapshots: list[Connectivity], edges: ArrayLike) -> Edits:
    """Which pairs came and went from each snapshot to the next; what came and went in between is not seen."""
    bounds = np.asarray(edges, np.float64)
    came: list[Ints] = []
    went: list[Ints] = []
    for before, after in pairwise(snapshots):
        torus = after.torus
        a, b = before.pre * torus.size + before.post, after.pre * torus.size + after.post
        for pairs, into in ((np.setdiff1d(b, a), came), (np.setdiff1d(a, b), went)):
            into.append(np.histogram(torus.distance(pairs // torus.size, pairs % torus.size), bounds)[0])
    shape = (len(came), len(bounds) - 1)
    return Edits(bounds, np.array(came, np.int64).reshape(shape), np.array(went, np.int64).reshape(shape))
