"""What one rewiring step with 160 attempts costs, by the size of the layers. It should not depend on it."""

from __future__ import annotations

import time
import warnings

import numpy as np

import plastlang as pl
from benchmarks.timing import Row

SILENT = '''
neuron Silent:
    """A neuron that never fires."""
    spike at times

rule Frozen:
    """A weight that only rewiring looks at."""
    synapse w = 200 nS
'''
IN_DEGREE, UPDATES = 12, 2000


def build(side: int, attempts: int) -> pl.Model:
    """Layers of silent neurons, 12 synapses each from near places, and one rewiring step in every time step."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing uses w is what is wanted here
        library = pl.load(SILENT)
    net = pl.Network(dt="1 ms", seed=1)
    source = net.population(library.Silent, grid=(side, side), periodic=True, name="source")
    target = net.population(library.Silent, grid=(side, side), periodic=True, name="target")
    rng = np.random.default_rng(1)
    post = np.repeat(np.arange(side * side), IN_DEGREE)
    place = [np.rint(rng.normal(axis, 2.5)).astype(int) % side for axis in (post % side, post // side)]
    pre, post = np.divmod(np.unique((place[1] * side + place[0]) * side * side + post), side * side)
    rule = library.Frozen + pl.rules.MapRewiring(g="w", attempts=attempts)
    net.connect(source, target, rule, pl.pairs(pre, post), name="map")
    return net.compile()


def step_time(side: int, attempts: int, repeats: int) -> list[float]:
    """Microseconds for one step."""
    values = []
    with build(side, attempts) as model:
        model.step(200)
        for _ in range(repeats):
            begun = time.perf_counter()
            model.step(UPDATES)
            values.append((time.perf_counter() - begun) / UPDATES * 1e6)
    return values


def rows() -> list[Row]:
    result, costs = [], []
    for side in (16, 64, 256):
        without = float(np.median(step_time(side, 0, 5)))
        values = tuple(value - without for value in step_time(side, 160, 5))
        costs.append(float(np.median(values)))
        peer = {16: None, 64: 1150.0, 256: None}[side]  # GeNN: 2.3 ms for both projections of the map
        name = f"one rewiring step, 160 attempts, layers of {side} x {side}"
        result.append(Row(name, values, "us", goal=10 if side == 64 else None, peer=peer, peer_name="GeNN"))
    ratio = max(costs) / min(costs)
    return [*result, Row("rewiring step: dearest size / cheapest size", (ratio,), "", goal=2)]
