"""Holds, inputs and bounds of neurons."""

from __future__ import annotations

import math

import pytest

from plastlang.diagnostics import PlastError
from plastlang.ir.nodes import Assign, Binary, If, Renewal, Select, Threshold
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, statements, walk
from tests.symbolic.models import Machine, hows, lowered, neuron

LIF = neuron(
    {"v": "(v_rest - v + r * g) / tau_m", "g": "-g / tau_e"},
    {"v_rest": -70.0, "tau_m": 20.0, "tau_e": 5.0, "r": 1.0, "v_th": -50.0, "t_ref": 0.5},
    init={"v": -70.0, "g": 3.0},
    inputs={"exc": "g"},
    spike="v > v_th",
    reset={"v": "v_rest"},
    hold={"v": "t_ref"},
)


def test_a_held_variable_keeps_its_value_and_the_others_go_on() -> None:
    result = lowered(LIF)
    machine = Machine(result.program.populations[0], 0.1)
    machine.state["v"] = -49.0
    spiking = result.program.populations[0].spiking
    assert isinstance(spiking, Threshold)
    machine.run(spiking.body)
    assert machine.state["v"] == -70.0
    assert machine.state["_hold_v"] == 5
    for step in range(5):
        machine.step()
        assert (machine.state["v"], machine.state["_hold_v"]) == (-70.0, 4 - step)
        assert machine.state["g"] == pytest.approx(3.0 * math.exp(-0.1 * (step + 1) / 5), rel=1e-14)
    machine.step()
    assert machine.state["v"] > -70.0
    assert machine.state["_hold_v"] == 0


def test_the_step_has_no_branches_and_selects_only_what_differs() -> None:
    population = lowered(LIF).program.populations[0]
    assert not any(isinstance(s, If) for s in statements(population.step))
    selects = [e for body in all_expressions(population.step) for e in walk(body) if isinstance(e, Select)]
    assert len(selects) == 1
    hidden = [v for v in population.variables if v.hidden]
    assert [v.name for v in hidden] == ["_hold_v"]


def test_what_depends_on_a_held_variable_is_solved_with_it_held() -> None:
    model = neuron(
        {"v": "(-v + i) / tau", "w": "(a * v - w) / tau_w"},
        {"tau": 10.0, "tau_w": 30.0, "a": 2.0, "i": 5.0, "t_ref": 1.0},
        init={"v": 1.0, "w": 0.5}, spike="v > tau", reset={"v": "a"}, hold={"v": "t_ref"},
    )  # fmt: skip
    result = lowered(model)
    assert set(hows(result).values()) == {"exact"}
    machine = Machine(result.program.populations[0], 0.1)
    machine.state["_hold_v"] = 2
    machine.step()
    assert machine.state["v"] == 1.0
    assert machine.state["w"] == pytest.approx(2.0 + (0.5 - 2.0) * math.exp(-0.1 / 30), rel=1e-14)


def test_two_durations() -> None:
    model = neuron(
        {"v": "-v / tau + g", "g": "-g / tau"},
        {"tau": 10.0, "short": 0.1, "long": 0.3}, init={"v": 1.0, "g": 1.0},
        spike="v > tau", hold={"v": "short", "g": "long"},
    )  # fmt: skip
    result = lowered(model)
    machine = Machine(result.program.populations[0], 0.1)
    spiking = result.program.populations[0].spiking
    assert isinstance(spiking, Threshold)
    machine.run(spiking.body)
    got = [dict(machine.step()) for _ in range(4)]
    assert [s["v"] == 1.0 for s in got] == [True, False, False, False]
    assert [s["g"] == 1.0 for s in got] == [True, True, True, False]
    constant = -10 * math.expm1(-0.01)  # v' = -v / 10 + 1 for one step
    assert got[1]["v"] == pytest.approx(math.exp(-0.01) + constant, rel=1e-14)


def test_too_many_durations_are_refused() -> None:
    model = neuron(
        {n: f"-{n} / a" for n in "pqrs"}, dict.fromkeys("abcd", 1.0), spike="p > a",
        hold=dict(zip("pqrs", "abcd", strict=True)),
    )  # fmt: skip
    with pytest.raises(PlastError, match="4 different times"):
        lowered(model)


def test_inputs_come_first_and_a_held_variable_takes_none() -> None:
    model = neuron(
        {"v": "-v / tau"}, {"tau": 10.0, "t_ref": 0.2}, inputs={"exc": "v", "inh": "v"},
        spike="v > tau", reset={"v": "tau"}, hold={"v": "t_ref"},
    )  # fmt: skip
    machine = Machine(lowered(model).program.populations[0], 0.1)
    machine.step(exc=2.0, inh=-0.5)
    assert machine.state["v"] == pytest.approx(1.5 * math.exp(-0.01), rel=1e-14)
    machine.state |= {"v": 4.0, "_hold_v": 1}
    machine.step(exc=2.0)
    assert machine.state["v"] == 4.0
    machine.step(exc=2.0)
    assert machine.state["v"] == pytest.approx(6.0 * math.exp(-0.01), rel=1e-14)


def test_right_sides_see_the_values_before() -> None:
    model = neuron({"v": "w - v * v", "w": "v - w * w"}, {"p": 1.0}, init={"v": 1.0, "w": 3.0}, method="euler")
    machine = Machine(lowered(model).program.populations[0], 0.1)
    machine.step()
    assert machine.state == pytest.approx({"v": 1.2, "w": 3.0 + 0.1 * (1.0 - 9.0)}, rel=1e-14)


def test_bounds_are_part_of_every_assignment() -> None:
    model = neuron(
        {"v": "a"}, {"a": 100.0}, bounds={"v": (0.0, 5.0), "g": (None, 1.0)}, states=("g",), inputs={"exc": "g"},
        spike="v > a", reset={"v": "v - 100"},
    )  # fmt: skip
    population = lowered(model).program.populations[0]
    machine = Machine(population, 0.1)
    machine.step(exc=3.0)
    assert (machine.state["v"], machine.state["g"]) == (5.0, 1.0)
    assert isinstance(population.spiking, Threshold)
    machine.run(population.spiking.body)
    assert machine.state["v"] == 0.0
    (reset,) = population.spiking.body
    assert isinstance(reset, Assign) and isinstance(reset.value, Binary) and reset.value.op == "min"


def test_a_rate_that_stands_still_is_a_renewal_and_one_that_moves_a_threshold() -> None:
    still = lowered(neuron({}, {"r": 0.01}, states=("s",), rate="r * s", reset={}))
    spiking = still.program.populations[0].spiking
    assert isinstance(spiking, Renewal)
    assert spiking.depends == ("r", "s")
    moving = lowered(neuron({"s": "-s / r"}, {"r": 5.0}, rate="r * s"))
    spiking = moving.program.populations[0].spiking
    assert isinstance(spiking, Threshold)
    assert "expm1" in repr(spiking.condition)
    own = lowered(neuron({}, {"r": 0.01}, states=("s",), rate="r * s", reset={"s": "s + 1"}))
    assert isinstance(own.program.populations[0].spiking, Threshold)


def test_sites_of_derived_values_follow_their_parameters() -> None:
    from dataclasses import replace

    from plastlang.ir.nodes import Builtin
    from plastlang.ir.types import Type
    from plastlang.symbolic import lower
    from tests.symbolic.models import network

    net = network(LIF)
    place = Builtin("pos.x", Type.REAL, Site.NEURON)
    population = replace(net.populations[0], parameters=(("tau_m", place),))
    result = lower(replace(net, populations=(population,)))
    assert result.parameter_values == (("p", "tau_m", place),)
    sites = {d.name: d.site for d in result.program.populations[0].derived}
    assert sites["_p_v_v"] is Site.NEURON and sites["_c_v"] is Site.NEURON
    assert sites["_p_g_g"] is Site.GLOBAL
