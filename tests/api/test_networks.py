"""Networks that are built in Python, and loading of files."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plastlang as pl
from tests.api.networks import COUNTER

TEXT = (
    COUNTER
    + '''
network Pair:
    """Two clocks."""
    param n = 2
    dt 0.5 ms
    population clocks = Clock() size n
    population counters = Counter() size n
    project wires = clocks -> counters.exc with Static(w = 2):
        connect one to one
'''
)


def build() -> tuple[pl.Network, Any, Any]:
    library = pl.load(COUNTER)
    net = pl.Network()
    return net, net.population(library.Clock, 3, name="clocks"), net.population(library.Counter, 2, name="counters")


def test_a_text_and_a_file_are_loaded_alike(tmp_path: Path) -> None:
    path = tmp_path / "pair.plast"
    path.write_text(TEXT)
    for library in (pl.load(TEXT), pl.load(path), pl.load(str(path))):
        model = library.Pair(n=3).compile(backend="reference", seed=4)
        assert model["counters"].size == 3 and model.dt == 0.5 and model.seed == 4
        assert model["wires"].w.tolist() == [2, 2, 2]
    assert library.Pair.parameters == ("n",)
    assert set(dir(library)) >= {"Clock", "Counter", "Static", "Pair"}


def test_components_explain_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    counter = pl.load(COUNTER).Counter
    counter.help()
    shown = capsys.readouterr().out
    assert shown.strip() == counter.__doc__.strip()
    for part in ("Counts what comes in", "bias = 0 mV", "v [mV]: per neuron", "Input ports: exc"):
        assert part in shown


def test_arrays_reach_their_neurons() -> None:
    net, clocks, _ = build()
    library = pl.load(COUNTER)
    rates = np.array([0.0, 5.0, 40.0])
    sources = net.population(pl.rules.Poisson, 3, rate=(rates, "Hz"))
    graded = net.population(library.Counter, 4, bias="0.5 mV * index", v=np.arange(4.0))
    net.connect(clocks, graded.exc, library.Static, pl.none())
    model = net.compile(backend="reference")
    assert model[sources].rate == pytest.approx(rates / 1000)
    assert model[graded].bias.tolist() == [0, 0.5, 1, 1.5] and model[graded].v.tolist() == [0, 1, 2, 3]
    model.step()
    assert model[graded].v.tolist() == [0, 1.5, 3, 4.5]
    model[graded].bias = 1
    model.step()
    assert model[graded].v.tolist() == [1, 2.5, 4, 5.5]


def test_pairs_take_values_in_the_order_given() -> None:
    net, clocks, counters = build()
    rule = pl.load(COUNTER).Static
    wires = net.connect(clocks, counters.exc, rule, pl.pairs([2, 0, 2], [0, 1, 0]), w=[7, 8, 9])
    model = net.compile(backend="reference")
    assert model[wires].pre.tolist() == [0, 2, 2] and model[wires].w.tolist() == [8, 7, 9]
    model.reset(1)
    assert model[wires].w.tolist() == [8, 7, 9]


def test_parameters_of_rules_take_a_value_for_each_synapse() -> None:
    net, clocks, counters = build()
    scaled = pl.load(
        COUNTER + "\nrule Scaled:\n    param gain = 2\n    synapse w = 1\n    on pre spike:\n        deliver gain * w\n"
    )
    pairs = pl.pairs([2, 0, 2], [0, 1, 0])
    wires = net.connect(clocks, counters.exc, scaled.Scaled(gain=np.array([7.0, 8.0, 9.0])), pairs)
    drawn = net.connect(clocks, counters.exc, scaled.Scaled(gain="1 + 0.5 * pre.index"), pl.all_to_all())
    model = net.compile(backend="reference")
    assert model[wires].gain.tolist() == [8, 7, 9]
    assert model[drawn].gain.tolist() == [1, 1, 1.5, 1.5, 2, 2]
    model[wires].gain = 3
    assert model[wires].get("Scaled.gain").tolist() == [3, 3, 3]
    with pytest.raises(pl.PlastError, match="cannot take an array here"):
        net.connect(clocks, counters.exc, scaled.Scaled(gain=np.ones(6)), pl.all_to_all())


def test_connectivity() -> None:
    net, clocks, counters = build()
    library = pl.load(COUNTER)
    wide = net.population(library.Clock, 50)
    kinds = {
        "all": pl.all_to_all(), "none": pl.none(), "fixed": pl.fixed_in_degree(4), "half": pl.fixed_probability(0.5),
        "near": pl.probability("1 if pre.index < 3 else 0"), "given": pl.pairs([49], [1]),
    }  # fmt: skip
    handles = {name: net.connect(wide, counters.exc, library.Static, kind, name=name) for name, kind in kinds.items()}
    both = net.connect([clocks, wide], counters.exc, library.Static, pl.all_to_all(), delay="0.2 ms")
    one = net.connect(counters, counters.exc, library.Static, pl.one_to_one())
    model = net.compile(backend="reference")
    counts = {name: len(model[handle]) for name, handle in handles.items()}
    half = counts.pop("half")
    assert counts == {"all": 100, "none": 0, "fixed": 8, "near": 6, "given": 1} and 30 < half < 70
    assert model["fixed"].in_degree.tolist() == [4, 4]
    assert model[both].shape == (53, 2) and len(model[both]) == 106
    assert model[one].pre.tolist() == model[one].post.tolist() == [0, 1]
    again = net.compile(backend="reference")
    assert np.array_equal(model["fixed"].pre, again["fixed"].pre)
    again.reset(77)
    assert not np.array_equal(model["fixed"].pre, again["fixed"].pre)


def test_rules_of_one_name_from_two_files_live_side_by_side() -> None:
    net, clocks, counters = build()
    first, second = pl.load(COUNTER).Static, pl.load(COUNTER.replace("w = 1", "w = 4")).Static
    one = net.connect(clocks, counters.exc, first, pl.all_to_all(), name="one")
    other = net.connect(clocks, counters.exc, second, pl.all_to_all(), name="other")
    model = net.compile(backend="reference")
    assert model[one].w.tolist() == [1] * 6 and model[other].w.tolist() == [4] * 6


def test_names_are_made_where_none_are_given() -> None:
    net = pl.Network()
    clock = pl.load(COUNTER).Clock
    assert [net.population(clock, 1).name for _ in range(3)] == ["clock", "clock_2", "clock_3"]


BAD: list[tuple[Callable[[pl.Network, Any, Any, Any], Any], str]] = [
    (lambda n, a, b, r: n.population(r.Clock), "a population of Clock needs either a size or a grid"),
    (lambda n, a, b, r: n.population(r.Clock, 3, grid=(2, 2)), "a population of Clock needs either a size or a grid"),
    (lambda n, a, b, r: n.population(r.Clock, 0), "the size of a population must be a whole number at least 1, not 0"),
    (lambda n, a, b, r: n.population(r.Clock, 2.0), "the size of a population must be a whole number at least 1"),
    (lambda n, a, b, r: n.population(r.Clock, grid=(0, 2)), "the width of a grid must be a whole number at least 1"),
    (lambda n, a, b, r: n.population(r.Static, 3), "a population is made of one neuron"),
    (lambda n, a, b, r: n.population("LIF", 3), "'LIF' is no neuron or rule"),
    (lambda n, a, b, r: n.population(r.Clock, 3, name="clocks"), "there is already a 'clocks' in this network"),
    (lambda n, a, b, r: n.population(r.Clock, 3, name="a b"), "'a b' cannot be a name"),
    (lambda n, a, b, r: n.population(r.Counter, 3, biass=1), "'biass' does not exist; did you mean 'bias'?"),
    (lambda n, a, b, r: n.population(r.Counter, 3, bias="3 ms"), "is a time (ms), but bias takes a voltage (mV)"),
    (lambda n, a, b, r: n.population(r.Counter, 3, bias=[1, 2]), "bias takes an array of shape (3,), not (2,)"),
    (lambda n, a, b, r: n.population(r.Counter, 3, v=[1, np.nan, 2]), "v[1] is NaN"),
    (lambda n, a, b, r: n.population(r.Counter, 3, bias=np.inf), "bias must be finite, not inf"),
    (lambda n, a, b, r: b.inh, "the input port of counters 'inh' does not exist; there is exc"),
    (lambda n, a, b, r: n.connect(a, b.exc, r.Clock, pl.none()), "Clock is a neuron, and a projection needs rules"),
    (lambda n, a, b, r: n.connect(a, b.exc, r.Static, 0.5), "0.5 is no connectivity; take for example"),
    (lambda n, a, b, r: n.connect(a, b.exc, r.Static, pl.pairs([3], [0])), "pre[0] is 3, but there are 3 neurons"),
    (lambda n, a, b, r: n.connect(a, b.exc, r.Static, pl.none(), w=[1]), "w cannot take an array here; give"),
    (lambda n, a, b, r: n.connect(a, b.exc, r.Static, pl.none(), q=1), "'q' does not exist; there is w"),
    (lambda n, a, b, r: n.connect(a, b.exc, r.Static, pl.none(), delay="-1 ms"), "the delay must be finite and not"),
    (lambda n, a, b, r: n.connect(a, b.exc, r.Static, pl.fixed_in_degree(4)), "an in-degree of 4 needs"),
    (lambda n, a, b, r: n.connect(a, b, r.Static, pl.none()), "delivers, but to no input port of counters; take count"),
    (lambda n, a, b, r: n.connect(b, a, r.Static, pl.none()), "to no input port of clocks; Clock declares no `input`"),
    (lambda n, a, b, r: n.connect("a", b.exc, r.Static, pl.none()), "'a' is no population of this network"),
    (lambda n, a, b, r: n.connect([], b.exc, r.Static, pl.none()), "a projection needs a source"),
    (lambda n, a, b, r: n.record(a, "v", every="1 ms"), "what could be recorded of clocks 'v' does not exist"),
    (lambda n, a, b, r: n.record(b, "v"), 'record counters v needs a period; say every="1 ms"'),
    (lambda n, a, b, r: n.record("x", "v", every=1), "the population or projection 'x' does not exist"),
    (lambda n, a, b, r: pl.fixed_probability(1.5), "a probability lies between 0 and 1, not at 1.5"),
    (lambda n, a, b, r: pl.Network(dt="0 ms"), "dt must be more than 0"),
    (lambda n, a, b, r: pl.Network(dt="1 mV"), "'1 mV' is a voltage (mV), but dt takes a time (ms)"),
    (lambda n, a, b, r: r.Nothing, "the neuron, rule or network of <text> 'Nothing' does not exist"),
    (lambda n, a, b, r: pl.rules.PairSDTP, "the rule 'PairSDTP' does not exist; did you mean 'PairSTDP'?"),
    (lambda n, a, b, r: pl.load("nowhere.plast"), "There is no file `nowhere.plast`"),
    (lambda n, a, b, r: pl.load(3), "load takes a path or a text, not 3"),
    (lambda n, a, b, r: n.population(r.Clock, 3, name="rule"), "'rule' is a word of the language and cannot be a name"),
    (lambda n, a, b, r: n.connect(a, b.exc, r.Static, pl.none(), delay=0), "the delay must be above 0"),
    (lambda n, a, b, r: n.record(b, "v", every="0 s"), "the period must be above 0"),
    (lambda n, a, b, r: pl.fixed_probability("0.1"), "'0.1' is no number; take plastlang.probability for"),
    (lambda n, a, b, r: pl.rules.PairSTDP.compile(1, 1, [0], [0], w_max=1), "to the rule: PairSTDP(w_max=...)"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_wrong_call_is_one_sentence_and_adds_nothing(number: int) -> None:
    call, message = BAD[number]
    net, clocks, counters = build()
    before = net.source()
    with pytest.raises(pl.PlastError) as caught:
        call(net, clocks, counters, pl.load(COUNTER))
    assert message in str(caught.value)
    assert net.source() == before


def test_populations_of_another_network_are_refused() -> None:
    net, _, counters = build()
    _, strangers, _ = build()
    with pytest.raises(pl.PlastError, match="'clocks' is no population of this network"):
        net.connect(strangers, counters.exc, pl.load(COUNTER).Static, pl.none())


def test_what_only_the_checker_can_know_shows_the_place() -> None:
    net, clocks, counters = build()
    net.connect(clocks, counters.exc, pl.load(COUNTER).Static, pl.probability("distanc(pre, post)"))
    with pytest.raises(pl.PlastError) as caught:
        net.compile(backend="reference")
    shown = pl.render(caught.value.diagnostics)
    assert "distanc" in shown and "^" in shown


def test_importing_is_fast_and_loads_nothing_heavy() -> None:
    heavy = ("sympy", "pint", "lark", "numpy", "matplotlib")
    code = f"import sys, plastlang; print([m for m in {heavy} if m in sys.modules])"
    begun = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
    assert time.perf_counter() - begun < 2  # the interpreter itself on a busy machine; alone it is below 0.2 s


def test_every_public_name_is_there() -> None:
    for name in pl.__all__:
        assert getattr(pl, name) is not None
    with pytest.raises(AttributeError):
        pl.nothing  # noqa: B018
