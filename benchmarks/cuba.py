"""CUBA: 4000 neurons, 2 %, exponential currents, no plasticity (benchmark 2 of Brette et al. 2007)."""

from __future__ import annotations

import plastlang as pl
from benchmarks.timing import Row, per_second


def build(threads: int = 1) -> pl.Model:
    """3200 excitatory and 800 inhibitory neurons; 1.62 and -9 mV of driving voltage are 16.2 and -90 pA at 0.1 GOhm."""
    net = pl.Network(dt="0.1 ms", seed=1)
    constants = {"v_rest": "-49 mV", "v_reset": "-60 mV", "v_th": "-50 mV", "v": pl.uniform("-60 mV", "-50 mV")}
    exc = net.population(pl.rules.LIFCurrent, 3200, name="exc", **constants)
    inh = net.population(pl.rules.LIFCurrent, 800, name="inh", **constants)
    for target in (exc, inh):
        net.connect(exc, target.exc, pl.rules.Static(w="16.2 pA"), pl.fixed_probability(0.02))
        net.connect(inh, target.inh, pl.rules.Static(w="-90 pA"), pl.fixed_probability(0.02))
    net.record(exc, "spikes")
    return net.compile(threads=threads)


def rows() -> list[Row]:
    with build() as model:
        values = per_second(model, 2, 5)
        rate = len(model["exc"].spikes.times) / 3200 / (model.t / 1000)
    name = f"CUBA, 4000 neurons, 2 % (excitatory rate {rate:.1f} Hz)"
    return [Row(name, values, "s", goal=0.03, peer=0.054, peer_name="Brian2 C++")]
