"""Sums, counts and the like: their values, their order, and what they give where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plastlang.backends.reference.aggregates import RUN, reduced, summed_in_runs
from plastlang.ir.nodes import Assign, Block, Const, EachStep, Local, Program, Reduce
from plastlang.ir.types import Site, Type
from tests import ir_programs as ir
from tests.ir_programs import SYN, G, c, op, own

from .running import load

PAIRS = [(0, 0), (0, 1), (1, 1), (1, 1), (3, 0), (3, 2)]
WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])


def reducing(kind: str, over: Site, site: Site) -> Program:
    """`out` is the reduction of the weights (of `w > 3` for counts; of the index for neurons) in each step."""
    value = own("w", SYN) if over is SYN else ir.Cast(ir.Builtin(f"{over.value}.index", Type.INT, over), Type.REAL)
    if kind == "count":
        value = op(">", value, c(3))
    statement = Reduce("r.n", kind, value, over, site)
    read = Local("r.n", statement.type)
    out = ir.Variable("out", site, c(-1))
    store = Assign("out", read if read.type is Type.REAL else ir.Cast(read, Type.REAL), site)
    body = (Block(EachStep(), (statement, store)),)
    projection = ir.static("net", ("src",), "sum", c(1), 1, body, None, (out,))
    return ir.program((ir.clock("src", 4), ir.tally("sum", 4)), (projection,))


@pytest.mark.parametrize(
    ("kind", "over", "site", "wanted"),
    [
        ("sum", SYN, Site.POST, [17, 14, 32, 0]),
        ("sum", SYN, Site.PRE, [3, 12, 0, 48]),
        ("sum", SYN, G, 63),
        ("mean", SYN, Site.POST, [8.5, 14 / 3, 32, np.nan]),
        ("mean", SYN, G, 10.5),
        ("count", SYN, Site.PRE, [0, 2, 0, 2]),
        ("count", SYN, G, 4),
        ("min", SYN, Site.POST, [1, 2, 32, np.inf]),
        ("max", SYN, Site.PRE, [2, 8, -np.inf, 32]),
        ("max", SYN, G, 32),
        ("sum", Site.PRE, G, 6),
        ("mean", Site.POST, G, 1.5),
        ("count", Site.POST, G, 0),
        ("min", Site.PRE, G, 0),
    ],
)
def test_values(kind: str, over: Site, site: Site, wanted: object) -> None:
    model = load(reducing(kind, over, site), PAIRS)
    model.set("net", "w", WEIGHTS)
    model.run(1)
    np.testing.assert_allclose(model.get("net", "out"), wanted, rtol=1e-15)


def test_sums_of_a_neuron_are_made_in_double_in_the_order_of_synapses() -> None:
    model = load(reducing("sum", SYN, Site.POST), [(0, 0), (1, 0), (2, 0)], precision="single")
    model.set("net", "w", np.array([2.0**60, 1.0, -(2.0**60)], np.float32))
    model.run(1)
    assert model.get("net", "out")[0] == 0.0  # the 1 is lost, as it must be in this order
    model.set("net", "w", np.array([2.0**60, -(2.0**60), 1.0], np.float32))
    model.run(1)
    assert model.get("net", "out")[0] == 1.0


@given(arrays(np.float64, st.integers(0, 3 * RUN), elements=st.floats(-1e3, 1e3)))
@settings(max_examples=30, deadline=None)
def test_runs_are_summed_one_after_the_other(values: np.ndarray) -> None:
    total = 0.0
    for start in range(0, values.size, RUN):
        run = 0.0
        for value in values[start : start + RUN]:
            run += float(value)
        total += run
    assert summed_in_runs(values).tobytes() == np.array([total]).tobytes()


def test_whole_numbers_wrap() -> None:
    big = np.array([2**31 - 1, 1], np.int32)
    group = np.zeros(2, np.int64)
    assert reduced("sum", big, Type.INT, group, 1, np.dtype(np.float32)).tolist() == [-(2**31)]


def test_the_least_of_zeros_has_no_sign_and_nan_takes_no_part() -> None:
    values = np.array([-0.0, np.nan, 0.0], np.float32)
    group = np.zeros(3, np.int64)
    least = reduced("min", values, Type.REAL, group, 1, np.dtype(np.float32))
    assert least.tobytes() == np.zeros(1, np.float32).tobytes()


def test_constants_are_counted_too() -> None:
    statement = Reduce("r.n", "count", Const(True, Type.BOOL), SYN, Site.POST)
    store = Assign("out", ir.Cast(Local("r.n", Type.INT), Type.REAL), Site.POST)
    out = ir.Variable("out", Site.POST, c(0))
    projection = ir.static("net", ("src",), "sum", c(1), 1, (Block(EachStep(), (statement, store)),), None, (out,))
    model = load(ir.program((ir.clock("src", 4), ir.tally("sum", 4)), (projection,)), PAIRS)
    model.run(1)
    assert model.get("net", "out").tolist() == [2, 3, 1, 0]
