"""Variables of rules: what waits for its next event, what is stepped, and why."""

from __future__ import annotations

import math

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plastlang.ir.nodes import Assign, Binary, Block, Call, Const, Draw, GrowUniform, Projection, Read
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import walk
from plastlang.symbolic import Explanation, Lowered, lower
from tests.symbolic.models import PRE_SPIKE, Machine, component, hows, lowered, neuron

NEURON = neuron({"v": "-v / tau"}, {"tau": 10.0}, inputs={"exc": "v"})


def rule(equations: dict[str, str], params: dict[str, float], sites: dict[str, Site], **more: object) -> Lowered:
    return lowered(NEURON, component(equations, params, sites, **more))  # type: ignore[arg-type]


def projection(result: Lowered) -> Projection:
    return result.program.projections[0]


def reason(result: Lowered, name: str) -> Explanation:
    return next(e for e in result.explanations if e.owner == "s" and e.variable == name)


def test_traces_at_every_site() -> None:
    sites = {"x": Site.PRE, "y": Site.POST, "c": Site.SYNAPSE, "d": Site.GLOBAL}
    params = {"tau_x": 20.0, "tau_y": 30.0, "tau_c": 1000.0, "tau_d": 200.0}
    result = rule({n: f"-{n} / tau_{n}" for n in sites}, params, sites)
    assert hows(result, "s") == dict.fromkeys(sites, "lazy")
    assert projection(result).step == ()
    assert {g.names: g.site for g in projection(result).lazy} == {(n,): s for n, s in sites.items()}
    for group in projection(result).lazy:
        assert sum(isinstance(e, Call) for e in walk(group.advance[0])) == 1


@settings(max_examples=40, deadline=None)
@given(st.floats(0.5, 1000.0), st.integers(0, 100_000))
def test_a_trace_after_n_steps(tau: float, n: int) -> None:
    machine = Machine(TRACE, 0.1, {"tau": tau})
    machine.state["x"] = 3.0
    assert machine.lazy(n)["x"] == pytest.approx(3.0 * math.exp(-n * 0.1 / tau), rel=1e-9, abs=1e-300)


TRACE = projection(rule({"x": "-x / tau"}, {"tau": 20.0}, {"x": Site.PRE}))


def test_lazy_is_the_same_as_stepping() -> None:
    """The same equation in a neuron, where everything is stepped."""
    equations = {"x": "(b * x - x + c * z) / tau", "z": "-z / tau_z"}
    params = {"tau": 20.0, "tau_z": 7.0, "b": 0.5, "c": 3.0}
    stepped = Machine(lowered(neuron(equations, params)).program.populations[0], 0.1)
    lazy = Machine(projection(rule(equations, params, {"x": Site.PRE, "z": Site.PRE})), 0.1)
    stepped.state |= {"x": 1.0, "z": 2.0}
    lazy.state |= {"x": 1.0, "z": 2.0}
    for n in range(1, 200):
        stepped.step()
        assert lazy.lazy(n) == pytest.approx(stepped.state, rel=1e-12)


def test_inflow_and_a_rate_of_zero() -> None:
    relaxing = projection(rule({"x": "(x0 - x) * k"}, {"x0": 5.0, "k": 0.1}, {"x": Site.POST}))
    for k in (0.1, 0.0, 1e-13, -0.01):
        machine = Machine(relaxing, 0.1, {"k": k})
        machine.state["x"] = 1.0
        assert machine.lazy(0)["x"] == 1.0
        assert machine.lazy(50)["x"] == pytest.approx(5 - 4 * math.exp(-k * 5), rel=1e-13)
    clock = projection(rule({"x": "a"}, {"a": 2.0}, {"x": Site.SYNAPSE}))
    assert Machine(clock, 0.1).lazy(30)["x"] == pytest.approx(6.0, rel=1e-15)


def test_a_target_without_an_equation_joins_the_group() -> None:
    """A write to the target must first bring what relaxes towards it to now."""
    result = rule({"x": "(c - x) / tau"}, {"tau": 10.0}, {"x": Site.SYNAPSE, "c": Site.SYNAPSE})
    (group,) = projection(result).lazy
    assert group.names == ("x", "c")
    machine = Machine(projection(result), 0.1)
    machine.state |= {"x": 1.0, "c": 4.0}
    assert machine.lazy(70) == pytest.approx({"x": 4 - 3 * math.exp(-0.7), "c": 4.0}, rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 100.0), st.floats(0.1, 100.0), st.integers(0, 3000))
def test_one_trace_driving_another(tau: float, other: float, n: int) -> None:
    for second in (other, tau, tau * (1 + 1e-9)):
        machine = Machine(CHAIN, 0.1, {"tau": tau, "tau_z": second})
        machine.state |= {"x": 1.0, "z": 2.0}
        got = machine.lazy(n)
        with mpmath.workdps(40):  # scipy's expm loses half of the digits where the two are nearly equal
            a, b, time = 1 / mpmath.mpf(tau), 1 / mpmath.mpf(second), n * mpmath.mpf(0.1)
            share = (
                time * mpmath.exp(-a * time) if a == b else (mpmath.exp(-b * time) - mpmath.exp(-a * time)) / (a - b)
            )
            want = [float(mpmath.exp(-a * time) + 2 * a * share), float(2 * mpmath.exp(-b * time))]
        assert [got["x"], got["z"]] == pytest.approx(want, rel=1e-10, abs=1e-14)


CHAIN = projection(
    rule({"x": "(z - x) / tau", "z": "-z / tau_z"}, {"tau": 20.0, "tau_z": 5.0}, {"x": Site.PRE, "z": Site.PRE})
)


def test_bounds_of_a_lazy_variable() -> None:
    """Clipping at the end is clipping at every step, since a single linear equation never turns."""
    result = rule({"x": "(x0 - x) / tau"}, {"x0": -5.0, "tau": 10.0}, {"x": Site.SYNAPSE}, bounds={"x": (0.0, 2.0)})
    machine = Machine(projection(result), 0.1)
    machine.state["x"] = 1.5
    assert machine.lazy(5)["x"] == pytest.approx(-5 + 6.5 * math.exp(-0.05), rel=1e-13)
    assert machine.lazy(1000)["x"] == 0.0


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(0.0, 1.0), st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_bounds_of_what_a_decaying_variable_drives(p: float, w: float, pauses: list[int]) -> None:
    """p keeps its sign, so w goes one way: clipping when it is looked at is clipping at every step."""
    machine = Machine(DRIVEN, 0.1, {"tau": 3.0})
    machine.state |= {"w": w, "p": p}
    for pause in pauses:
        machine.state |= machine.lazy(pause)
    expected = w
    for n in range(sum(pauses)):
        expected = min(max(expected + 3.0 * p * (math.exp(-n / 30) - math.exp(-(n + 1) / 30)), 0.0), 1.0)
    assert machine.state["w"] == pytest.approx(expected, rel=1e-9, abs=1e-12)


DRIVEN = projection(
    rule({"w": "p", "p": "-p / tau"}, {"tau": 3.0}, {"w": Site.SYNAPSE, "p": Site.SYNAPSE}, bounds={"w": (0.0, 1.0)})
)


@pytest.mark.parametrize("equation", ["p - w", "p + q"])
def test_bounds_of_what_may_turn_are_stepped(equation: str) -> None:
    sites = {"w": Site.SYNAPSE, "p": Site.SYNAPSE, "q": Site.SYNAPSE}
    equations = {"w": equation, "p": "-p / tau", "q": "-q / (2 * tau)"}
    result = rule(equations, {"tau": 3.0}, sites, bounds={"w": (0.0, 1.0)})
    assert "it has bounds and depends on other variables" in reason(result, "w").why


@pytest.mark.parametrize(
    ("equations", "sites", "name", "why"),
    [
        ({"w": "c * d"}, {"w": Site.SYNAPSE, "c": Site.SYNAPSE, "d": Site.GLOBAL}, "w", "the coefficient of c changes"),
        ({"w": "-w * w"}, {"w": Site.SYNAPSE}, "w", "the coefficient of w in its own equation changes"),
        ({"w": "d - w"}, {"w": Site.SYNAPSE, "d": Site.GLOBAL}, "w", "it reads d"),
        ({"y": "(post.v - y) / a"}, {"y": Site.POST}, "y", "it reads post.v"),
        ({"x": "-x + t"}, {"x": Site.PRE}, "x", "it reads t"),
        ({"x": "-x + normal(0, 1)"}, {"x": Site.PRE}, "x", "it draws a random number"),
        ({"x": "-y", "y": "x"}, {"x": Site.PRE, "y": Site.PRE}, "x", "it is coupled both ways with y"),
        ({"x": "y - x", "y": "z - y", "z": "-z"}, dict.fromkeys("xyz", Site.PRE), "x", "chain of more than two"),
    ],
)
def test_what_must_be_stepped(equations: dict, sites: dict, name: str, why: str) -> None:
    result = rule(equations, {"a": 10.0}, sites)
    assert reason(result, name).how != "lazy"
    assert why in reason(result, name).why
    assert name in {s.name for s in projection(result).step if isinstance(s, Assign)}


def test_a_stepped_variable_beside_lazy_ones() -> None:
    equations = {"w": "c * d", "c": "-c / tau_c", "d": "-d / tau_d"}
    sites = {"w": Site.SYNAPSE, "c": Site.SYNAPSE, "d": Site.GLOBAL}
    result = rule(equations, {"tau_c": 1000.0, "tau_d": 200.0}, sites)
    assert hows(result, "s") == {"w": "euler", "c": "lazy", "d": "lazy"}
    assert "c, d are held at their values at the start of the step" in reason(result, "w").why
    machine = Machine(projection(result), 0.1)
    machine.state |= {"w": 1.0, "c": 2.0, "d": 3.0}
    machine.step()
    assert machine.state["w"] == pytest.approx(1.6, rel=1e-14)


def test_coupled_traces_are_stepped_exactly() -> None:
    result = rule({"x": "-k * y", "y": "k * x"}, {"k": 0.3}, {"x": Site.PRE, "y": Site.PRE})
    assert hows(result, "s") == {"x": "exact", "y": "exact"}
    machine = Machine(projection(result), 0.1)
    machine.state |= {"x": 1.0, "y": 0.0}
    machine.step(100)
    assert machine.state == pytest.approx({"x": math.cos(3.0), "y": math.sin(3.0)}, rel=1e-12)


def test_bounds_in_blocks_and_declared_start_values_of_new_synapses() -> None:
    from dataclasses import replace

    from tests.symbolic.models import network

    w = Read("w", Site.SYNAPSE)
    grow = GrowUniform(Const(2, Type.INT), (Assign("w", Binary("+", w, Const(7.0)), Site.SYNAPSE),), 0)
    sure = GrowUniform(Const(2, Type.INT), (Assign("w", Const(7.0), Site.SYNAPSE),), 0)
    blocks = (Block(PRE_SPIKE, (Assign("w", w, Site.SYNAPSE),)),)
    made = component({}, {"p": 1.0}, {"w": Site.SYNAPSE}, init={"w": 0.5}, bounds={"w": (0.0, 1.0)}, blocks=blocks)
    net = network(NEURON, made)
    given_ = replace(
        net.projections[0],
        initial=(("w", Draw("uniform", (Const(0.0), Const(1.0)), 0)),),
        rule=replace(made, blocks=(*blocks, Block(blocks[0].trigger, (grow, sure)))),
    )
    result = lower(replace(net, projections=(given_,)))
    pre, growing = projection(result).blocks
    assert "'min'" in repr(pre.body[0])
    statement, other = growing.body
    assert isinstance(statement, GrowUniform) and isinstance(other, GrowUniform)
    assert len(other.init) == 1  # its own value leaves nothing of the declared one
    declared, own = statement.init
    assert isinstance(declared, Assign) and declared.value == Const(0.5)
    assert isinstance(own, Assign) and "'min'" in repr(own.value)
    assert "Draw" in repr(projection(result).variables[0].init)
