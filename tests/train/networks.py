"""Small networks for tests of the rules that learn."""

from __future__ import annotations

import plastlang as pl
from plastlang.components import Component, Composition


def gradient_model(
    rule: Component | Composition, beta: float, readout: str = "ClassReadOut", feedback: str = "SymmetricFeedback",
    backend: str = "c", seed: int = 1, t_ref: str = "3 ms", **of_readout: object,
) -> pl.Model:  # fmt: skip
    """7 inputs, 12 hidden neurons (half of the pairs connected), 3 read-outs; no optimiser; double precision."""
    net = pl.Network(dt="1 ms", seed=seed)
    source = net.population(pl.rules.SpikeTimes, 7, name="source")
    hidden = net.population(
        pl.rules.SurrogateALIF, 12, name="hidden", beta=beta, tau_adapt="80 ms", t_ref=t_ref, tau_out="15 ms"
    )
    out = net.population(getattr(pl.rules, readout), 3, name="out", tau_out="15 ms", **of_readout)
    half, some = pl.fixed_probability(0.5), pl.normal(0.1, 0.3)
    net.connect(source, hidden.exc, rule, half, name="from_source", w=some)
    net.connect(hidden, hidden.exc, rule, half, name="recurrent", w=some)
    net.connect(hidden, out.exc, pl.rules.ReadOutGradient, pl.all_to_all(), name="forward", w=some)
    net.connect(out, hidden.feedback, getattr(pl.rules, feedback), pl.all_to_all(), name="back", w=some)
    return net.compile(backend=backend, precision="double")
