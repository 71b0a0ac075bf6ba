"""Networks that several tests use, small enough for the reference backend."""

from __future__ import annotations

import plastlang as pl
from plastlang.runtime.model import Model

COUNTER = '''
neuron Counter:
    """Counts what comes in, and the rewards."""
    param gain = 1, bias = 0 mV
    state n = 0
    state v: mV = 0 mV
    global total = 0
    input exc -> n
    each step:
        v = v + bias * gain
    spike at times
    on reward(amount, scale):
        total += amount * scale

neuron Clock:
    """Fires when it is told to."""
    spike at times

rule Static:
    """Delivers its weight."""
    synapse w = 1 in [0, 10]
    on pre spike:
        deliver w
    on drop(limit):
        prune where w < limit
'''


def counting(backend: str = "reference", **options: object) -> tuple[Model, pl.Network]:
    """Three clocks, each to each of two counters."""
    library = pl.load(COUNTER)
    net = pl.Network(dt="0.1 ms", seed=3)
    clocks = net.population(library.Clock, 3, name="clocks")
    counters = net.population(library.Counter, 2, name="counters")
    net.connect(clocks, counters.exc, library.Static, pl.all_to_all(), name="wires")
    net.record(clocks, "spikes")
    net.record(counters, "n", every="0.2 ms")
    net.record("wires", "degree", every="0.3 ms")
    net.record("wires", "connectivity", every="0.5 ms")
    return net.compile(backend, **options), net  # type: ignore[arg-type]


def learning(backend: str = "reference", threads: int = 1, seed: int = 5, rewiring: bool = True) -> Model:
    """Poisson sources, STDP and rewiring: everything that a checkpoint has to hold."""
    net = pl.Network(dt="0.1 ms", seed=seed)
    inputs = net.population(pl.rules.Poisson, grid=(6, 5), periodic=True, rate="80 Hz", name="inputs")
    outputs = net.population(pl.rules.LIF, grid=(6, 5), periodic=True, v=pl.normal("-60 mV", "5 mV"), name="outputs")
    rule = pl.rules.PairSTDP(w_max="200 nS", a_plus=0.05)
    if rewiring:
        rule = rule + pl.rules.MapRewiring(g="w", attempts=40)
    net.connect(
        inputs, outputs.exc, rule, pl.probability("0.3 * exp(-distance(pre, post) ** 2 / 12.5)"), delay="0.3 ms",
        name="ff", w=pl.uniform("50 nS", "200 nS"),
    )  # fmt: skip
    net.record(outputs, "spikes")
    return net.compile(backend, threads=threads)
