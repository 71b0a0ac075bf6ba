"""The order of a step, delays, time differences, lazy reads: worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plastlang.backends.interface import RuntimeFault
from plastlang.ir.nodes import (
    Assign,
    Block,
    DerivedValue,
    EachStep,
    Every,
    If,
    Let,
    Local,
    Parameter,
    PostSpike,
    PreSpike,
    Program,
    Read,
    Select,
    Signal,
    StateRecord,
    Unary,
    Variable,
)
from tests import ir_programs as ir
from tests.ir_programs import INT, POST, PRE, SYN, G, N, c, call, i, op, own

from .running import load


def clocked(projection_blocks: tuple[Block, ...] = (), delay: int = 1, size: int = 3) -> Program:
    """Clocked sources onto neurons that add up their input; weight 1."""
    projection = ir.static("net", ("src",), "sum", c(1), delay, projection_blocks)
    return ir.program((ir.clock("src", size), ir.tally("sum", size, threshold=0.5)), (projection,))


@pytest.mark.parametrize("delay", [1, 2, 7])
def test_delay(delay: int) -> None:
    """A spike of step 3 is in the input of step 3 + delay and nowhere else."""
    executable = load(clocked(delay=delay), [(0, 0), (0, 2), (1, 1)], spikes={"src": [(3, 0)]})
    for step in range(3 + delay):
        executable.run(1)
        assert executable.get("sum", "total").tolist() == [0, 0, 0], step
    executable.run(1)
    assert executable.get("sum", "last").tolist() == [1, 0, 1]
    executable.run(1)
    assert executable.get("sum", "last").tolist() == [0, 0, 0]
    assert executable.get("sum", "total").tolist() == [1, 0, 1]
    steps, neurons = executable.take_spikes("sum")
    assert steps.tolist() == [3 + delay] * 2 and neurons.tolist() == [0, 2]


def test_order_of_phases() -> None:
    """Each phase appends a digit: arrivals 1, step of the projection 2, post spikes 3, each step 4, every 5."""

    def digit(number: int) -> Assign:
        return Assign("log", op("+", op("*", own("log", SYN), c(10)), c(number)), SYN)

    blocks = (
        Block(Every(c(1.0)), (digit(5),)),
        Block(EachStep(), (digit(4),)),
        Block(PostSpike(), (digit(3),)),
        Block(PreSpike(), (digit(1),)),
    )
    base = clocked(blocks)
    projection = base.projections[0]
    projection = replace(projection, variables=(*projection.variables, Variable("log", SYN, c(0))), step=(digit(2),))
    executable = load(replace(base, projections=(projection,)), [(0, 0)], spikes={"src": [(0, 0)]})
    executable.run(1)
    assert executable.get("net", "log").tolist() == [245]
    executable.run(1)  # the spike arrives, and the target spikes in the same step
    assert executable.get("net", "log").tolist() == [24512345]


def test_projection_step_sees_neurons_after_their_advance() -> None:
    step = (Assign("seen", Read("last", POST, ir.REAL, "post"), SYN),)
    base = clocked()
    projection = base.projections[0]
    projection = replace(projection, variables=(*projection.variables, Variable("seen", SYN, c(-1))), step=step)
    executable = load(replace(base, projections=(projection,)), [(0, 0)], spikes={"src": [(0, 0)]})
    executable.run(2)
    assert executable.get("net", "seen").tolist() == [1]


def test_all_conditions_before_any_body() -> None:
    """The spike body writes what the condition reads; every neuron is tested on the old value."""
    cells = ir.lif("cells", 3, drive=20.0)
    executable = load(ir.program((cells,), ()), ())
    executable.run(100)
    steps, neurons = executable.take_spikes("cells")
    assert np.array_equal(neurons, np.tile([0, 1, 2], neurons.size // 3))
    assert np.array_equal(steps, np.repeat(steps[::3], 3))


def test_lif_against_closed_form() -> None:
    """From 0 towards 12 the threshold 10 is passed after tau log(12 / 2) = 17.9 ms; then two refractory steps."""
    program = ir.program((ir.lif("cells", 1, drive=12.0),), ())
    executable = load(Program("lif", 1.0, program.populations, (), (*program.records, StateRecord("cells", "v", 5))))
    executable.run(100)
    steps, _ = executable.take_spikes("cells")
    assert steps.tolist() == [17, 37, 57, 77, 97]  # the state after step n is the state at n + 1 ms
    taken, values = executable.take_states("cells", "v")
    assert taken.tolist() == list(range(5, 101, 5)) and values.shape == (20, 1)
    assert values[:3, 0] == pytest.approx([12 * (1 - np.exp(-t / 10)) for t in (5, 10, 15)], rel=1e-14)
    assert executable.take_states("cells", "v")[0].size == 0


# ---------------------------------------------------------------- STDP by hand

PLUS, MINUS, TAU = 0.1, 0.12, 20.0


def weight_after(before: bool, pre: list[int], post: list[int], steps: int = 60, delay: int = 1) -> float:
    spikes = {"pre": [(s, 0) for s in pre], "post": [(s, 0) for s in post]}
    executable = load(ir.stdp_pair(before, delay), [(0, 0)], spikes=spikes)
    executable.run(steps)
    return float(executable.get("plastic", "w")[0])


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("delay", [1, 4])
def test_window(before: bool, delay: int) -> None:
    """A pre spike of step 20 - delay arrives in step 20."""
    for post in (5, 12, 19, 21, 30, 45):
        difference = post - 20
        change = PLUS * np.exp(-difference / TAU) if difference > 0 else -MINUS * np.exp(difference / TAU)
        assert weight_after(before, [20 - delay], [post], delay=delay) == pytest.approx(1 + change, rel=1e-14)


def test_time_difference_of_zero() -> None:
    """Arrival and post spike in one step: the pre spike comes first; `@before` leaves it out."""
    assert weight_after(False, [19], [20]) == pytest.approx(1 + PLUS, rel=1e-15)
    assert weight_after(True, [19], [20]) == 1.0
    earlier = PLUS * np.exp(-5 / TAU)
    assert weight_after(True, [14, 19], [20]) == pytest.approx(1 + earlier, rel=1e-14)
    assert weight_after(False, [14, 19], [20]) == pytest.approx(1 + earlier + PLUS, rel=1e-14)


def test_a_trace_is_one_exp_from_its_last_write() -> None:
    executable = load(ir.stdp_pair(), [(0, 0)], spikes={"pre": [(0, 0), (10, 0)]}, precision="double")
    first = float(np.exp(np.float64(10) * (-1 / TAU)))
    executable.run(12)  # writes in steps 1 and 11; the value is that at the start of step 12
    assert executable.save()["plastic/last/x"].tolist() == [11]
    assert executable.save()["plastic/state/x"][0] == pytest.approx(first + 1, rel=1e-15)
    executable.run(30)
    assert executable.get("plastic", "x")[0] == pytest.approx((first + 1) * np.exp(-31 / TAU), rel=1e-14)


def test_reading_stores_nothing() -> None:
    watched, alone = (load(ir.poisson_stdp(), seed=3, precision="single") for _ in range(2))
    for _ in range(50):
        watched.run(1)
        for name in ("x", "y", "w"):
            watched.get("plastic", name)
        watched.save()
    alone.run(50)
    kept, plain = watched.save(), alone.save()
    assert all(np.array_equal(kept[key], plain[key]) for key in plain)


def test_bounds() -> None:
    low = weight_after(False, list(range(1, 50, 2)), list(range(1, 50, 2)))
    assert 0 <= low <= 2
    assert weight_after(False, [10], [*range(11, 60)]) == 2.0
    assert weight_after(False, [*range(5, 55)], [3], 56) == 0.0
    executable = load(ir.stdp_pair(), [(0, 0)])
    executable.set("plastic", "w", np.array([7.0]))
    assert executable.get("plastic", "w").tolist() == [2.0]
    executable.set("plastic", "w", np.array([-1.0]))
    assert executable.get("plastic", "w").tolist() == [0.0]


# ---------------------------------------------------------------- @before and signals


def before_program() -> Program:
    """`seen` gets x@before in `each step`, after x was doubled there; a signal adds to x."""
    blocks = (
        Block(
            EachStep(),
            (
                Assign("x", op("*", own("x", PRE), c(2)), PRE),
                Assign("seen", own("x", PRE, before=True), SYN),
            ),
        ),
        Block(Signal("add", ("much",)), (Assign("x", op("+", own("x", PRE), Local("much")), PRE),)),
        Block(Signal("look", ()), (Assign("seen", own("x", PRE, before=True), SYN),)),
    )
    projection = ir.static(
        "net", ("src",), "sum", c(1), 1, blocks, None, (Variable("x", PRE, c(1)), Variable("seen", SYN, c(0)))
    )
    return ir.program((ir.clock("src", 2), ir.tally("sum", 2)), (projection,))


def test_before_is_the_value_at_the_start_of_the_step() -> None:
    executable = load(before_program(), [(0, 0), (1, 1)])
    executable.run(1)
    assert executable.get("net", "seen").tolist() == [1, 1]
    assert executable.get("net", "x").tolist() == [2, 2]
    executable.begin_signal()
    executable.signal("net", "add", (5.0,))  # counts as part of the step before
    executable.run(1)
    assert executable.get("net", "seen").tolist() == [7, 7]
    assert executable.get("net", "x").tolist() == [14, 14]


def test_before_in_a_signal_is_the_value_now() -> None:
    executable = load(before_program(), [(0, 0)])
    executable.run(2)
    executable.signal("net", "add", (1.0,))
    executable.signal("net", "look", ())
    assert executable.get("net", "seen").tolist() == [5]


def test_signal_draws_differ_by_call() -> None:
    executable = load(ir.signals(), seed=4)
    seen = []
    for _ in range(3):
        executable.set("cells", "v", np.zeros(4))
        executable.begin_signal()
        executable.signal("cells", "kick", (1.0,))
        seen.append(executable.get("cells", "v").tolist())
    assert len({tuple(v) for v in seen}) == 3
    assert int(executable.get("cells", "kicks")) == 3


# ---------------------------------------------------------------- statements


def test_statements_run_one_after_the_other() -> None:
    """An if writes what the next statement reads; a let keeps the value it had."""
    x = own("x", SYN)
    body = (
        Let("old", x, SYN),
        If(op(">", x, c(1)), (Assign("x", c(10), SYN),), (Assign("x", Unary("-", x), SYN),), SYN),
        Assign("x", op("+", x, Local("old")), SYN),
        Assign("sum", op("+", own("sum", G), c(1)), G),
    )
    variables = (Variable("x", SYN, ir.Cast(ir.built("post.index"), ir.REAL)), Variable("sum", G, c(0)))
    projection = ir.static("net", ("src",), "sum", c(1), 1, (Block(Every(c(2.0)), body),), None, variables)
    executable = load(ir.program((ir.clock("src", 3), ir.tally("sum", 3)), (projection,)), [(0, 0), (1, 1), (2, 2)])
    executable.run(1)
    assert executable.get("net", "x").tolist() == [0, 1, 2]
    executable.run(1)
    assert executable.get("net", "x").tolist() == [0, 0, 12]
    assert executable.get("net", "sum").shape == () and executable.get("net", "sum") == 1


def test_integers_wrap_and_reals_do_not_stop() -> None:
    body = (
        Assign("k", op("*", own("k", N, INT), i(3)), N),
        Assign("x", op("/", c(1), op("-", own("x", N), own("x", N))), N),
        Assign("m", Select(op("<", own("k", N, INT), i(0)), call("log", c(-1)), c(2)), N),
    )
    variables = (Variable("k", N, i(2**30), INT), Variable("x", N, c(3)), Variable("m", N, c(0)))
    population = ir.Population("p", 1, None, (), (), variables, (), body, None, ())
    executable = load(Program("p", 1.0, (population,), ()))
    executable.run(1)
    assert executable.get("p", "k").tolist() == [(3 * 2**30 + 2**31) % 2**32 - 2**31]
    assert executable.get("p", "x").tolist() == [np.inf]
    assert np.isnan(executable.get("p", "m")[0])


def test_derived_values_follow_in_double() -> None:
    parameters = (Parameter("tau", 10.0),)
    derived = (
        DerivedValue("a", op("/", ir.built("dt"), ir.Param("tau"))),
        DerivedValue("b", call("exp", Unary("-", ir.Derived("a")))),
    )
    body = (Assign("x", ir.Derived("b"), N),)
    population = ir.Population("p", 1, None, parameters, derived, (Variable("x", N, c(0)),), (), body, None, ())
    executable = load(Program("p", 0.1, (population,), ()), precision="single")
    executable.run(1)
    assert executable.get("p", "x")[0] == np.float32(np.exp(-0.01))
    executable.set_parameter("p", "tau", 3.0)
    executable.run(1)
    assert executable.get("p", "x")[0] == np.float32(np.exp(-0.1 / 3.0))
    assert executable.get_parameter("p", "tau") == 3.0


# ---------------------------------------------------------------- inputs


def test_input_sums_are_exact_and_do_not_depend_on_order() -> None:
    """1e5 + 1e-3 - 1e5 would lose the small weight in float."""
    executable = load(clocked(), [(0, 0), (1, 0), (2, 0)], precision="single", spikes={"src": [(0, 0), (0, 1), (0, 2)]})
    executable.set("net", "w", np.array([1e5, 1e-3, -1e5]))
    executable.run(2)
    assert executable.get("sum", "last")[0] == pytest.approx(1e-3, abs=2.4e-10)


@pytest.mark.parametrize(("precision", "count"), [("single", 2), ("double", 2)])
def test_overflow_is_a_fault(precision: str, count: int) -> None:
    spikes = {"src": [(4, k) for k in range(count)]}
    executable = load(clocked(), [(k, 1) for k in range(count)], precision=precision, spikes=spikes)
    executable.set("net", "w", np.full(count, 1e9))
    with pytest.raises(RuntimeFault, match=r"input exc of neuron 1 of population sum .* step 5"):
        executable.run(10)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -1e9, 1e30, 2.0**19])
def test_one_delivery_that_is_too_large_or_no_number_is_a_fault(precision: str, value: float) -> None:
    executable = load(clocked(), [(0, 1)], precision=precision, spikes={"src": [(0, 0)]})
    executable.set("net", "w", np.array([value]))
    with pytest.raises(RuntimeFault, match="input exc of neuron 1 of population sum is too large or no number"):
        executable.run(2)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("value", [2.0**18, -(2.0**18), 2.0**18 - 0.03125])
def test_the_largest_delivery_arrives_as_it_is(precision: str, value: float) -> None:
    executable = load(clocked(), [(0, 1)], precision=precision, spikes={"src": [(0, 0)]})
    executable.set("net", "w", np.array([value]))
    executable.run(2)
    assert executable.get("sum", "last").tolist() == [0, value, 0]
