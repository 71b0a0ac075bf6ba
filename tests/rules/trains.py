"""Synapses, one to one, whose two neurons fire as they are told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

import plastlang as pl

LIBRARY = pl.load('''
neuron Told:
    """Fires when the host says; has a port of either unit and a voltage that stays near `held`."""
    state g = 0 nS, i = 0 pA, v = -70 mV, held = -70 mV
    g' = -g / 5 ms
    i' = -i / 5 ms
    v' = (held - v) / 0.1 ms
    input exc -> g
    input current -> i
    spike at times
''')


def synapses(
    rule: pl.Component | pl.Composition, pre: Sequence[Sequence[float]], post: Sequence[Sequence[float]],
    dt: str = "0.1 ms", port: str = "exc", backend: str = "c",
) -> pl.Model:  # fmt: skip
    """One synapse `syn` for each pair of trains, in ms. `pre` are times of arrival, at least one step each."""
    net = pl.Network(dt=dt, seed=1)
    sources = net.population(LIBRARY.Told, len(pre), name="pre")
    targets = net.population(LIBRARY.Told, len(post), name="post")
    net.connect(sources, getattr(targets, port), rule, pl.one_to_one(), name="syn")
    model = net.compile(backend=backend, precision="double")
    for name, trains, early in (("pre", pre, model.dt), ("post", post, 0.0)):
        neurons = np.concatenate([np.full(len(train), k) for k, train in enumerate(trains)]).astype(np.int64)
        if neurons.size:
            times = np.concatenate([np.asarray(train, float) for train in trains]) - early
            model[name].schedule(neurons, times)
    return model


def pairings(
    differences: Sequence[float], pairs: int, interval: float, start: float = 100.0
) -> tuple[list[list[float]], list[list[float]]]:
    """Arrivals and post spikes of `pairs` pairs, `interval` ms apart, for each difference post - pre in ms."""
    begins = start + interval * np.arange(pairs)
    return [list(begins) for _ in differences], [list(begins + difference) for difference in differences]


def apart(steps: int) -> st.SearchStrategy[tuple[list[int], list[int]]]:
    """Steps at which the two neurons of a synapse fire: never both at once."""
    return st.lists(
        st.tuples(st.integers(2, steps - 2), st.booleans()), min_size=2, max_size=25, unique_by=lambda item: item[0]
    ).map(lambda items: ([s for s, side in sorted(items) if not side], [s for s, side in sorted(items) if side]))
