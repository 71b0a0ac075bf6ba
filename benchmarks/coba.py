"""COBA: 4000 neurons, 2 %, exponential conductances, no plasticity (benchmark 1 of Brette et al. 2007)."""

from __future__ import annotations

import plastlang as pl
from benchmarks.timing import Row, per_second


def build(threads: int = 1) -> pl.Model:
    """3200 excitatory (6 nS) and 800 inhibitory (67 nS) neurons; conductances at the start set activity off."""
    net = pl.Network(dt="0.1 ms", seed=1)
    start = {
        "v": pl.normal("-65 mV", "5 mV"),
        "g_exc": pl.normal("40 nS", "15 nS"),
        "g_inh": pl.normal("200 nS", "120 nS"),
    }
    exc = net.population(pl.rules.LIFConductance, 3200, name="exc", **start)
    inh = net.population(pl.rules.LIFConductance, 800, name="inh", **start)
    for target in (exc, inh):
        net.connect(exc, target.exc, pl.rules.Static(w="6 nS"), pl.fixed_probability(0.02))
        net.connect(inh, target.inh, pl.rules.Static(w="67 nS"), pl.fixed_probability(0.02))
    net.record(exc, "spikes")
    return net.compile(threads=threads)


def rows() -> list[Row]:
    with build() as model:
        values = per_second(model, 2, 5)
        rate = len(model["exc"].spikes.times) / 3200 / (model.t / 1000)
    name = f"COBA, 4000 neurons, 2 % (excitatory rate {rate:.1f} Hz)"
    return [Row(name, values, "s", goal=0.05, peer=0.102, peer_name="GeNN, -march=native")]
