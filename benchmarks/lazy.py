"""What lazy evaluation saves: a million synapses at 1 Hz with dopamine-modulated STDP, and with short-term plasticity.

The other side of each comparison is the same rule with its equations written out for every step, each solved exactly
over dt, so that both compute the same thing; what is shown last is by how much they differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import plastlang as pl
from benchmarks.timing import Row, per_second

SIDE = 1000  # SIDE x SIDE synapses
EVERY_STEP = pl.load('''
neuron Sink:
    """Fires at random, whatever comes."""
    param rate = 1 Hz
    state g = 0 nS
    g' = -g / 5 ms
    input exc -> g
    spike at rate rate

rule DopamineEveryStep:
    """DopamineSTDP with eligibility and weight brought up to date in every step."""
    param tau_c = 1000 ms, tau_d = 200 ms, tau_plus = 20 ms, tau_minus = 20 ms, a_plus = 0.1, a_minus = 0.15
    param w_max = 4 nS
    synapse w = 1 nS in [0 nS, w_max], c = 0 nS
    pre x = 0
    post y = 0
    global d = 0 Hz
    let tau = tau_c * tau_d / (tau_c + tau_d)
    x' = -x / tau_plus
    y' = -y / tau_minus
    on pre spike:
        deliver w
        c -= a_minus * (1 nS) * y
        x += 1
    on post spike:
        c += a_plus * (1 nS) * x@before
        y += 1
    each step:
        w += c * d * tau * -expm1(-dt / tau)
        c *= exp(-dt / tau_c)
        d *= exp(-dt / tau_d)
    on reward(amount):
        d += amount * (1 Hz)

rule ShortTermEveryStep:
    """TsodyksMarkram with u and x brought up to date in every step."""
    param use = 0.5, tau_f = 50 ms, tau_d = 200 ms
    synapse w, u = 0, x = 1
    on pre spike:
        u += use * (1 - u)
        deliver w * u * x
        x -= u * x
    each step:
        u *= exp(-dt / tau_f)
        x = 1 - (1 - x) * exp(-dt / tau_d)
''')


def build(rule: pl.Composition, precision: str = "single", side: int = SIDE) -> pl.Model:
    """All sources onto all targets, dt 1 ms, both firing at 1 Hz."""
    net = pl.Network(dt="1 ms", seed=1)
    source = net.population(pl.rules.Poisson, side, name="source", rate="1 Hz")
    target = net.population(EVERY_STEP.Sink, side, name="target")
    net.connect(source, target.exc, rule, pl.all_to_all(), name="syn")
    return net.compile(precision=precision)


def pairs() -> dict[str, tuple[pl.Composition, pl.Composition, str]]:
    """What -> (lazy, every step, the variable that is compared)."""
    return {
        "dopamine": (pl.rules.DopamineSTDP(d="0.5 Hz"), EVERY_STEP.DopamineEveryStep(d="0.5 Hz"), "w"),
        "short-term plasticity": (pl.rules.TsodyksMarkram(w="1 nS"), EVERY_STEP.ShortTermEveryStep(w="1 nS"), "x"),
    }


def difference(lazy: pl.Composition, every: pl.Composition, name: str, side: int, seconds: float) -> float:
    """The largest difference of a variable after a run of both in double precision."""
    ends: list[NDArray[np.float64]] = []
    for rule in (lazy, every):
        with build(rule, "double", side) as model:
            model.run(seconds * 1000)
            ends.append(np.array(getattr(model["syn"], name)))
    return float(np.max(np.abs(ends[0] - ends[1])))


def rows() -> list[Row]:
    found = []
    for what, (lazy, every, name) in pairs().items():
        times = {}
        for how, rule in (("lazy", lazy), ("every step", every)):
            with build(rule) as model:
                times[how] = per_second(model, 0.5, 3)
            found.append(Row(f"{what}, 1 M synapses at 1 Hz, {how}", times[how], "s"))
        found.append(Row(f"{what}: largest difference of {name}", (difference(lazy, every, name, 200, 1),), "absolute"))
    return found
