"""A time constant of zero or less is an error wherever it is given; it is found by its use."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl

RULES = pl.load('''
neuron Fires:
    """Decays with `tau` towards what `scale` makes of `drive`; `gain` only multiplies, `slow` is asked about first."""
    param tau = 10 ms, scale = 2, gain = 1, slow = 0 ms
    state v = 1, u = 1
    v' = (gain / scale - v) / tau
    u' = (-u / slow if slow > 0 ms else 0 / 1 ms)
    input exc -> v
    method euler
    spike at times

rule Weakens:
    """Loses its weight with `tau`."""
    param tau = 10 ms
    synapse w = 1
    w' = -w / tau
    on pre spike:
        deliver w
''')


def network(**values: object) -> pl.Network:
    net = pl.Network(dt="1 ms")
    cells = net.population(RULES.Fires, 3, name="cells", **values)
    net.connect(cells, cells.exc, RULES.Weakens, pl.pairs([0, 1], [1, 2]), name="syn")
    return net


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_changed_while_it_runs(backend: str) -> None:
    model = network().compile(backend=backend)
    model["cells"].gain = 0
    model["cells"].slow = 0
    with pytest.raises(pl.PlastError, match="tau of cells cannot be 0: an equation divides by it"):
        model["cells"].tau = "0 ms"
    with pytest.raises(pl.PlastError, match="scale of cells cannot be 0"):
        model.set_parameter("cells", "scale", 0.0)
    with pytest.raises(pl.PlastError, match=r"Weakens\.tau of syn cannot be 0"):
        model.set_parameter("syn", "Weakens.tau", 0.0)
    model.run("5 ms")
    assert np.all(np.isfinite(model["cells"].v))


def test_given_as_a_number() -> None:
    with pytest.raises(pl.PlastError, match="`tau` is 0, and the equation of `v` divides by it"):
        network(tau="0 ms").compile()


def test_given_for_each_neuron() -> None:
    with pytest.raises(pl.PlastError, match=r"tau\[1\] is 0, and the equation of v divides by it"):
        network(tau=np.array([10.0, 0.0, 5.0])).compile()
    with pytest.raises(pl.PlastError, match=r"tau\[0\] of cells is 0, and an equation divides by it"):
        network(tau="10 ms * index").compile()
    network(gain=np.array([1.0, 0.0, 5.0])).compile().run("2 ms")


def test_given_for_each_synapse() -> None:
    net = pl.Network(dt="1 ms")
    cells = net.population(RULES.Fires, 3, name="cells")
    with pytest.raises(pl.PlastError, match=r"tau\[1\] is 0, and the equation of w divides by it"):
        net.connect(cells, cells.exc, RULES.Weakens(tau=np.array([5.0, 0.0])), pl.pairs([0, 1], [1, 2]), name="syn")
        net.compile()


def test_of_a_rule_that_is_used() -> None:
    text = 'rule Both:\n    """Uses."""\n    use Weakens(tau = 0 ms)\n'
    source = 'rule Weakens:\n    """W."""\n    param tau = 10 ms\n    synapse w = 1\n    w\' = -w / tau\n' + text
    with pytest.raises(pl.PlastError, match="divides by it"):
        pl.load(source + "    on pre spike:\n        deliver w\n")


def test_a_time_is_above_zero_and_a_number_may_be_negative() -> None:
    with pytest.raises(pl.PlastError, match=r"`tau` is -5 ms, outside its bounds") as caught:
        network(tau="-5 ms").compile()
    assert caught.value.diagnostics[0].label == "must be above 0 ms"
    with pytest.raises(pl.PlastError, match=r"tau\[1\] must be above 0 ms, not -1 ms"):
        network(tau=np.array([10.0, -1.0, 5.0])).compile()
    with pytest.raises(pl.PlastError, match=r"tau\[2\] of cells must be above 0 ms, not -4 ms"):
        network(tau="10 ms - 7 ms * index").compile()
    model = network(scale=-2, slow="-3 ms").compile()
    with pytest.raises(pl.PlastError, match="tau of cells must be above 0 ms, not -1 ms"):
        model["cells"].tau = -1
    with pytest.raises(pl.PlastError, match=r"Weakens\.tau of syn must be above 0 ms"):
        model.set_parameter("syn", "Weakens.tau", -2.0)
    assert model["cells"].tau == 10


def test_limits_of_one_side() -> None:
    library = pl.load('''
neuron Fires:
    """At a rate."""
    param rate = 5 Hz in [0 Hz, inf], most = 3 in [-inf, 4]
    state x = 9 in [2, inf], y = 1 in [-inf, most]
    each step:
        x -= 1
        y += 1
    spike at rate rate
''')
    bad = pl.Network(dt="1 ms")
    bad.population(library.Fires, 3, rate="-1 Hz")
    with pytest.raises(pl.PlastError, match="outside its bounds") as caught:
        bad.compile()
    assert caught.value.diagnostics[0].label == "must be at least 0 kHz"
    net = pl.Network(dt="1 ms", seed=1)
    cells = net.population(library.Fires, 3, name="cells")
    for backend in ("reference", "c"):
        model = net.compile(backend)
        with pytest.raises(pl.PlastError, match="most of cells must be at most 4, not 5"):
            model[cells].most = 5
        model.step(20)
        assert model[cells].x.tolist() == [2, 2, 2] and model[cells].y.tolist() == [3, 3, 3]
