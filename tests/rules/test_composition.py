"""Rules on one projection do together what each does alone; what cannot go together is said."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl
from tests.rules.trains import LIBRARY

N = 24


def busy(rule: pl.Component | pl.Composition, ms: float, seed: int = 3) -> pl.Model:
    """`rule` between neurons of which each fires in every step with probability 0.03, dt 1 ms."""
    net = pl.Network(dt="1 ms", seed=seed)
    pre = net.population(LIBRARY.Told, N, name="pre")
    post = net.population(LIBRARY.Told, N, name="post")
    net.connect(pre, post.exc, rule, pl.fixed_probability(0.5), name="syn")
    model = net.compile(precision="double")
    rng = np.random.default_rng(seed)
    for name in ("pre", "post"):
        neurons, steps = np.nonzero(rng.random((N, int(ms))) < 0.03)
        model[name].schedule(neurons, steps.astype(float))
    model.run(ms + 2)  # the last spikes have arrived
    return model


def weights(model: pl.Model) -> dict[tuple[int, int], float]:
    view = model["syn"]
    return dict(zip(zip(view.pre.tolist(), view.post.tolist(), strict=True), view.w.tolist(), strict=True))


STDP = {"w": "0.5 nS", "w_max": "1 nS"}


def test_synapses_that_stay_learn_as_without_rewiring() -> None:
    alone = busy(pl.rules.PairSTDP(**STDP), 600)
    rewiring = pl.rules.MapRewiring(g="w", attempts=2, p_dep=0.3, p_pot=0.3, g_max="1 nS", sigma_form=10)
    both = busy(pl.rules.PairSTDP(**STDP) + rewiring, 600)
    before, after = weights(alone), weights(both)
    assert both["syn"].formations > 20 and both["syn"].eliminations > 20
    same = [pair for pair in before if pair in after and after[pair] == before[pair]]
    gone_and_back = [pair for pair in before if pair in after and after[pair] != before[pair]]
    assert len(same) > 100  # to the last bit
    assert len(gone_and_back) < both["syn"].formations


def test_scaling_keeps_the_ratios_that_stdp_made() -> None:
    """Learning ends after 300 ms; from then on all weights of a neuron change by one factor."""
    scaling = pl.rules.SynapticScaling(target="20 Hz", beta=0.05, update="10 ms")
    model = busy(pl.rules.PairSTDP(w="0.5 nS", w_max="1 uS", a_plus=1e-5, a_minus=1.05e-5) + scaling, 300)
    post, before = np.asarray(model["syn"].post), np.asarray(model["syn"].w).copy()
    assert np.ptp(before) > 1e-3
    model.run("500 ms")
    factor = np.asarray(model["syn"].w) / before
    of_neuron = [factor[post == k] for k in range(N)]
    assert all(np.ptp(each) < 1e-12 for each in of_neuron)
    assert np.ptp([each[0] for each in of_neuron]) > 1e-3


def test_an_optimiser_with_eprop_and_deep_r() -> None:
    """The numbers of synapses stay, signs hold, what comes new has no history, and Adam moves the others."""
    net = pl.Network(dt="1 ms", seed=2)
    source = net.population(pl.rules.SpikeTimes, 40, name="source")
    hidden = net.population(pl.rules.SurrogateALIF(), 30, name="hidden")
    readout = net.population(pl.rules.ClassReadOut(), 3, name="readout")
    r = pl.rules
    learning = r.EPropALIF() + r.SignedL1(l1=0.01) + r.Adam(rate=0.02) + r.DeepR()
    net.connect(source, hidden.exc, learning, pl.fixed_probability(0.3), name="syn", w="place * abs(normal(0, 0.5))")
    net.connect(hidden, readout.exc, r.ReadOutGradient() + r.Adam(), pl.all_to_all(), name="out", w=pl.normal(0, 0.3))
    net.connect(readout, hidden.feedback, r.RandomFeedback(), pl.all_to_all(), name="back", w=pl.normal(0, 0.3))
    model = net.compile(precision="double")
    rng, count, moved = np.random.default_rng(1), len(model["syn"].w), 0
    for _ in range(12):
        start = weights(model)
        neurons, steps = np.nonzero(rng.random((40, 60)) < 0.05)
        model.signal("begin", 60.0)
        model["source"].schedule(neurons, model.t + steps)
        model.step(62)
        assert np.abs(model["syn"].grad).max() > 0
        model.signal("update", 1)
        view, now = model["syn"], weights(model)
        assert len(view.w) == count and not np.any(view.grad)
        new = np.array([pair not in start for pair in now])
        assert not view.w[new].any() and not view.m[new].any() and not view.u[new].any()
        assert sum(now[pair] != start[pair] for pair in now if pair in start) > count / 4
        moved += int(new.sum())
    assert moved > 10


@pytest.mark.parametrize(
    ("first", "second", "shared"), [("PairSTDP", "TripletSTDP", "w"), ("TsodyksMarkram", "Adam", "u")]
)
def test_two_owners_of_a_variable_are_a_diagnostic(first: str, second: str, shared: str) -> None:
    rules = getattr(pl.rules, first)() + getattr(pl.rules, second)()
    net = pl.Network(dt="1 ms")
    cells = net.population(LIBRARY.Told, 2, name="cells")
    with pytest.raises(pl.PlastError) as raised:
        net.connect(cells, cells.exc, rules, pl.all_to_all(), name="syn", w="0.1 nS")
        net.compile()
    found = raised.value.diagnostics[0]
    assert (found.code, found.label) == ("P511", "two owners")
    assert f"`{shared}`" in found.message and f"declared by `{first}` and by `{second}`" in found.message
