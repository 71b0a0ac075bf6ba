"""Neurons for tests of rules: they fire as they are told, or at a rate, whatever arrives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import plastlang as pl

TEXT = '''
neuron Told:
    """Fires when the host says; input is summed and otherwise ignored."""
    state g = 0 nS
    g' = -g / 5 ms
    input exc -> g
    spike at times

neuron Random:
    """Fires as a Poisson process; input is summed and otherwise ignored."""
    param rate = 20 Hz
    state g = 0 nS
    g' = -g / 5 ms
    input exc -> g
    spike at rate rate

rule Frozen:
    """A weight that nothing changes and nothing delivers."""
    synapse w = 200 nS
'''

LIBRARY = pl.load(TEXT)


def pairs_model(
    rule: pl.Component | pl.Composition, n: int, dt: str, precision: str = "double", backend: str = "c"
) -> pl.Model:
    """`n` synapses between `n` told pre and `n` told post neurons (one to one), delay one step."""
    net = pl.Network(dt=dt, seed=1)
    pre = net.population(LIBRARY.Told, n, name="pre")
    post = net.population(LIBRARY.Told, n, name="post")
    net.connect(pre, post.exc, rule, pl.one_to_one(), name="syn")
    return net.compile(backend=backend, precision=precision)


def tell(model: pl.Model, population: str, neurons: NDArray[np.int64], steps: NDArray[np.int64]) -> None:
    """Let neurons fire at steps."""
    model[population].schedule(neurons, steps * model.dt)
