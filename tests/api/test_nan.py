"""NaN that a model makes is reported with variable, place and step; the model stays whole."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl
from plastlang.runtime.model import Model

TEXT = """
neuron Ticking:
    param limit = 3 in [0, 10], tau = 10 ms in [1 ms, 50 ms]
    state v = 0.0, u = 1.0
    each step:
        v += 1
        u = sqrt(limit + 40 - v + index) * (tau / tau)
    spike at times

rule Broken:
    param last = 30
    synapse w = 1.0, n = 0.0
    on pre spike:
        n = 1
    each step:
        w = log(w * last + 2 - step * (1 if post.index == 2 else 0)) / log(w * last + 2 - step) if step > 5 else w
"""


def model(backend: str = "reference", broken: bool = False, **limits: float) -> Model:
    library = pl.load(TEXT)
    net = pl.Network(dt="0.5 ms", seed=1)
    cells = net.population(library.Ticking, 4, name="cells", **limits)
    if broken:
        net.connect(cells, cells, library.Broken, pl.all_to_all(), name="wires")
    return net.compile(backend)


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("steps", [300, 1000])
def test_the_step_and_the_place_are_found(backend: str, steps: int) -> None:
    made = model(backend)
    with pytest.raises(pl.PlastError) as caught:
        made.step(steps)
    # limit + 40 - v is -1 for neuron 0 once v is 44, in step 43
    assert "u of population cells, a variable of Ticking, became NaN in step 43 (at 21.5 ms): neuron 0" in str(
        caught.value
    )
    assert made["cells"].v[0] == made.t / 0.5 and np.isnan(made["cells"].u[0])
    again = model(backend, limit=4)
    with pytest.raises(pl.PlastError, match="in step 44 "):
        again.step(steps)


def test_a_model_that_went_wrong_runs_on_and_says_it_once() -> None:
    made = model()
    with pytest.raises(pl.PlastError, match="became NaN"):
        made.step(100)
    before = made.t
    made.step(5)
    assert made.t == before + 2.5
    made.reset()
    with pytest.raises(pl.PlastError, match="step 43"):
        made.step(200)


def test_short_runs_give_the_steps_between_two_looks() -> None:
    made = model()
    made.step(40)
    with pytest.raises(pl.PlastError, match=r"in (one of the )?steps? 4") as caught:
        for _ in range(20):
            made.step(1)
    assert "neuron 0" in str(caught.value)


def test_synapses_are_named_by_their_neurons() -> None:
    made = model(broken=True, limit=10)
    with pytest.raises(pl.PlastError, match="the synapse from neuron 0 to neuron"):
        made.step(40)


def test_recordings_hold_each_step_once() -> None:
    library = pl.load(TEXT)
    net = pl.Network(dt="0.5 ms", seed=1)
    cells = net.population(library.Ticking, 4, name="cells")
    net.record(cells, "v", every="0.5 ms")
    made = net.compile("reference")
    with pytest.raises(pl.PlastError):
        made.step(200)
    times = made.recordings["cells.v"].times
    assert np.allclose(np.diff(times), 0.5) and times[-1] == made.t


def test_parameters_stay_inside_their_limits() -> None:
    made = model()
    made["cells"].limit = 10
    for value in (10.5, -1, np.array([1.0, 2.0, 3.0, 11.0])):
        with pytest.raises(pl.PlastError, match="limit"):
            made.set_parameter("cells", "limit", value)
    assert made["cells"].limit == 10
    with pytest.raises(pl.PlastError, match=r"tau of cells must be from 1 ms to 50 ms, not 0 ms"):
        made["cells"].tau = 0
    with pytest.raises(pl.PlastError, match="not 60 ms"):
        made.set_parameter("cells", "tau", "60 ms")


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_what_an_equation_makes_infinite_is_said_with_the_remedy(backend: str) -> None:
    """x' = -x^2 by rk4: with a step that is far too long each one squares x a few times. `peak` has no equation."""
    library = pl.load(
        "neuron Steep:\n    param tau = 0.02 ms\n    state x = 1, peak = 1\n    x' = -x * x / tau\n"
        "    each step:\n        peak = exp(1000 + t / (1 ms))\n    spike when x > 1e30\n"
    )
    net = pl.Network(dt="0.1 ms")
    cells = net.population(library.Steep, 2, name="cells")
    made = net.compile(backend)
    with pytest.raises(pl.PlastError) as caught:
        made.run("20 ms")
    assert "x of population cells, a variable of Steep, became infinite in step 1 (at 0.1 ms): neuron 0" in str(
        caught.value
    )
    (told,) = caught.value.diagnostics
    assert told.hint == "a step of 0.1 ms may be too long for its equation: try a shorter dt"
    assert told.hint in str(caught.value) and "grows without limit" in told.notes[0]
    assert made[cells].peak[0] == np.inf  # which may be meant


def test_a_step_that_is_too_long_for_the_squid_axon() -> None:
    net = pl.Network(dt="0.1 ms")
    net.population(pl.rules.HodgkinHuxley, 1, name="axon", i_offset="1 nA")
    with pytest.raises(pl.PlastError, match=r"v of population axon, .* 0\.1 ms may be too long .* try a shorter dt"):
        net.compile().run("10 ms")


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize(("count", "factor", "value"), [(1, 10, "1e+06"), (8, 1e30, "1e+30")])
def test_what_is_too_large_to_be_delivered_is_said(backend: str, count: int, factor: float, value: str) -> None:
    """Clamped to what a port takes it would be wrong, and eight of them add up to 2^64 in double precision."""
    library = pl.load(
        "rule Doubling:\n    param factor = 2\n    synapse w = 1 nS, unused = 1\n    on pre spike:\n        deliver w\n"
        "        w *= factor\n        unused *= 1e30\n"
    )
    net = pl.Network(dt="1 ms")
    clocks = net.population(pl.rules.SpikeTimes, count, name="clocks")
    cells = net.population(pl.rules.LIF, 1, name="cells")
    net.connect(clocks, cells.exc, library.Doubling(factor=factor), pl.all_to_all(), name="wires")
    made = net.compile(backend, precision="double")
    made[clocks].schedule(np.tile(np.arange(count), 12), np.repeat(10 * np.arange(12), count))
    with pytest.raises(pl.PlastError) as caught:
        made.run("200 ms")
    became = f"a variable of Doubling, became {value}, which is too large to be delivered, in step "
    told = str(caught.value)
    assert f"w of projection wires, {became}" in told and "the synapse from neuron 0 to neuron 0" in told
    assert caught.value.diagnostics[0].notes[0] == "a port takes values of magnitudes up to 262144 nS"


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("expression", ["w / z", "(w - w) / z", "w * exp(1000 + z)"])
def test_no_number_that_is_delivered_ends_the_run_at_its_line(backend: str, precision: str, expression: str) -> None:
    """A single one does."""
    library = pl.load(
        f"rule Ratio:\n    pre z = 0\n    synapse w = 1 nS\n    on pre spike:\n        deliver {expression}\n"
    )
    net = pl.Network(dt="1 ms")
    clocks = net.population(pl.rules.SpikeTimes, 1, name="clocks")
    cells = net.population(pl.rules.LIF, 1, name="cells")
    net.connect(clocks, cells.exc, library.Ratio(), pl.one_to_one(), name="wires")
    made = net.compile(backend, precision=precision)
    made[clocks].schedule([0], [20])
    with pytest.raises(pl.PlastError) as caught:
        made.run("200 ms")
    told = str(caught.value)
    assert "error[R301]: The input exc of neuron 0 of population cells is too large or no number in step 21." in told
    assert f"5 |         deliver {expression}" in told
    assert "this arrives there, through projection wires" in told
    assert "= note: the run ended there, in the middle of the step" in told
    assert made[clocks].size == 1 and made["wires"].w.tolist() == [1]


CHANCES = """
neuron Idle:
    spike at times

rule Leaving:
    synapse w = 1.0
    each step:
        sample 50 pairs:
            if connected:
                prune with probability w * sqrt(pre.index - 0.5 if step == 7 else 0.0)
    on leave(amount):
        sample 50 pairs:
            if connected:
                prune with probability log(amount - 2)
"""


def leaving(backend: str, pattern: object) -> Model:
    library = pl.load(CHANCES)
    net = pl.Network(dt="0.5 ms", seed=1)
    cells = net.population(library.Idle, 3, name="cells")
    net.connect(cells, cells, library.Leaving(), pattern, name="wires")
    return net.compile(backend)


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_a_probability_that_is_nan_is_told_with_its_line_and_pair(backend: str) -> None:
    made = leaving(backend, pl.all_to_all())
    with pytest.raises(pl.PlastError) as caught:
        made.run("50 ms")
    told = str(caught.value)
    assert (
        "error[R303]: A probability of projection wires became NaN in step 7 (at 3.5 ms): "
        "pre neuron 0 and post neuron 0." in told
    )
    assert "10 |                 prune with probability w * sqrt(pre.index - 0.5 if step == 7 else 0.0)" in told
    assert "this has the probability" in told
    assert "= note: the run stopped after that step; the state can be read, saved and run on" in told
    assert "= help: a probability below 0 counts as 0 and one above 1 as 1, but NaN is no probability" in told
    assert made.t == 4.0 and 0 < len(made["wires"].w) <= 9
    made.run("50 ms")
    assert made.t == 54.0
    with pytest.raises(pl.PlastError, match=r"R303.*became NaN in step 108 \(at 54 ms\): pre neuron") as caught:
        made.signal("leave", 1)
    assert "14 |                 prune with probability log(amount - 2)" in str(caught.value)
    made.step(1)


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_a_rank_that_is_nan_is_told_with_its_line_and_pair(backend: str) -> None:
    library = pl.load(
        "rule Choosing:\n    synapse w = 1.0\n    each step:\n"
        "        prune 2 synapses with smallest sqrt(w * (7 - step) + post.index)\n"
    )
    net = pl.Network(dt="0.5 ms", seed=1)
    cells = net.population(pl.rules.SpikeTimes, 5, name="cells")
    net.connect(cells, cells, library.Choosing(), pl.all_to_all(), name="wires")
    made = net.compile(backend)
    made.step(7)
    made["wires"].w = 5
    with pytest.raises(pl.PlastError) as caught:
        made.step(20)
    told = str(caught.value)
    assert "error[R303]: A rank of projection wires became NaN in step 8 (at 4 ms): pre neuron " in told
    assert "4 |         prune 2 synapses with smallest sqrt(w * (7 - step) + post.index)" in told
    assert "this has the rank" in told
    assert "= help: what is to be chosen last can have the rank inf or -inf, but NaN is no rank" in told
    assert made["wires"].w.size == 25 - 2 * 9


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_a_probability_of_connections_that_is_nan_is_told(backend: str) -> None:
    with pytest.raises(pl.PlastError) as caught:
        leaving(backend, pl.probability("sqrt(1 - pre.index)"))
    said = "The probability of a connection of projection wires is NaN: pre neuron 2 and post neuron 0"
    assert str(caught.value).startswith(said)
    assert caught.value.diagnostics[0].code == "R303" and "nothing was connected" in caught.value.diagnostics[0].notes


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_nan_of_a_variable_is_told_before_the_probability_that_it_spoils(backend: str) -> None:
    """The run ends in the step of both; from then on the probability is told in every step."""
    library = pl.load(
        "rule Spoilt:\n    synapse x = 1\n    each step:\n        x = sqrt(50 - step - post.index)\n"
        "        sample 200 pairs:\n            if connected:\n                prune with probability 0 * x\n"
    )
    net = pl.Network(dt="0.5 ms", seed=1)
    cells = net.population(pl.rules.SpikeTimes, 3, name="cells")
    net.connect(cells, cells, library.Spoilt(), pl.all_to_all(), name="wires")
    made = net.compile(backend)
    with pytest.raises(pl.PlastError) as caught:
        made.step(150)
    assert caught.value.diagnostics[0].code == "R302"
    where = "became NaN in step 49 (at 24.5 ms): the synapse from neuron 0 to neuron 2"
    assert f"x of projection wires, a variable of Spoilt, {where}" in str(caught.value)
    assert made.t == 25
    with pytest.raises(pl.PlastError, match=r"R303.*in step 50 .*pre neuron 0 and post neuron 1"):
        made.step(150)


@pytest.mark.parametrize(("backend", "threads"), [("reference", 1), ("c", 1), ("c", 3)])
@pytest.mark.parametrize("size", [1, 700, 3000])
def test_the_first_neuron_whose_input_is_no_number_is_named(backend: str, threads: int, size: int) -> None:
    """Whichever piece of the population it is in, and whatever the others get."""
    library = pl.load("neuron Twice:\n    state v = 0\n    input a -> v\n    input b -> v\n    v' = -v / (10 ms)\n")
    net = pl.Network(dt="1 ms")
    clock = net.population(pl.rules.SpikeTimes, 1, name="clock")
    cells = net.population(library.Twice, size, name="cells")
    for port in (cells.a, cells.b):
        rule = pl.load("rule Ratio:\n    synapse w = 1\n    on pre spike:\n        deliver w / (w - 1)\n").Ratio()
        net.connect(clock, port, rule, pl.all_to_all(), name=f"to_{port.port}")
    made = net.compile(backend, threads=threads)
    weights = np.full(size, 2.0)
    weights[[size // 2, size - 1]] = 1
    made["to_a"].w = 2
    made["to_b"].w = weights
    made[clock].schedule([0], [2])
    for first in (size // 2, 0):
        with pytest.raises(pl.PlastError) as caught:
            made.run("20 ms")
        said = f"The input b of neuron {first} of population cells is too large or no number in step 3"
        assert said in str(caught.value)
        made["to_b"].w = np.concatenate([np.ones(1), weights[1:]])  # the step is done again
