"""The whole program: purposes, delays, records, determinism, time."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from plastlang.diagnostics import PlastError
from plastlang.frontend.checked import CheckedNetwork, CheckedPopulation, CheckedProjection, CheckedRecord
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Block,
    Builtin,
    ConnectProbability,
    Const,
    Draw,
    Every,
    GrowThis,
    If,
    PruneThis,
    Sample,
    SpikeRecord,
    StateRecord,
)
from plastlang.ir.text import to_text
from plastlang.ir.types import Site, Type
from plastlang.ir.verify import verify
from plastlang.symbolic import lower
from tests.symbolic.models import component, network, neuron
from tests.symbolic.test_exact import CURRENT, DRIVEN
from tests.symbolic.test_holds import LIF
from tests.symbolic.test_methods import ADEX, ADEX_VALUES, CONDUCTANCE, START, VALUES

ZERO, ONE = Const(0.0), Const(1.0)


def everything() -> CheckedNetwork:
    """Neurons of every kind, a rule with traces, draws and structure."""
    sites = {"w": Site.SYNAPSE, "c": Site.SYNAPSE, "x": Site.PRE, "y": Site.POST}
    connected = Builtin("connected", Type.BOOL, Site.PAIR)
    grow = GrowThis(ONE, (Assign("w", Draw("uniform", (ZERO, ONE), 5), Site.SYNAPSE),), "pair", 0)
    choice = If(connected, (PruneThis(Const(0.1), 0),), (grow,), Site.SYNAPSE)
    rewire = Block(Every(Const(1.0)), (Sample(Const(10, Type.INT), None, (choice,), 0),))
    rule = component(
        {"x": "-x / tau_x", "y": "-y / tau_y", "c": "(a * x - c) / tau_c"},
        {"tau_x": 20.0, "tau_y": 30.0, "tau_c": 500.0, "a": 0.1, "high": 1.0},
        sites, bounds={"w": (0.0, 1.0)}, blocks=(rewire,),
    )  # fmt: skip
    neurons = (LIF, CURRENT, DRIVEN, neuron(ADEX, ADEX_VALUES), neuron(CONDUCTANCE, VALUES, init=START))
    populations = [CheckedPopulation(f"p{n}", neuron_, 4, None) for n, neuron_ in enumerate(neurons)]
    noisy = Draw("normal", (Const(-60.0), Const(5.0)), 0)
    populations[0] = replace(populations[0], initial=(("v", noisy), ("g", Draw("uniform", (ZERO, ONE), 0))))
    projections = tuple(
        CheckedProjection(f"s{n}", (f"p{n}",), "p1", "exc", rule, ConnectProbability(Const(0.2), 0), delay)
        for n, delay in enumerate((None, 0.1, 1.5))
    )
    records = (
        CheckedRecord("p0", "spikes", None), CheckedRecord("p1", "v", 2.0), CheckedRecord("s0", "degree", 10.0),
    )  # fmt: skip
    return CheckedNetwork("everything", "", 0.1, tuple(populations), projections, records)


def test_purposes_are_numbered_through() -> None:
    program = lower(everything()).program
    verify(program)
    text = repr(program)
    purposes = [int(part.split(")")[0].split(",")[0]) for part in text.split("purpose=")[1:]]
    assert sorted(purposes) == list(range(1, len(purposes) + 1))
    assert len(purposes) == 2 + 3 * 5  # two start values; connect, sample, prune, grow and its draw, three times
    first = program.populations[0].variables
    assert [v.init.purpose for v in first if isinstance(v.init, Draw)] == [1, 2]


def test_delays_and_records() -> None:
    program = lower(everything()).program
    assert [p.delay_steps for p in program.projections] == [1, 1, 15]
    assert program.records == (SpikeRecord("p0"), StateRecord("p1", "v", 20))


def digest() -> str:
    result = lower(everything())
    return hashlib.sha256((to_text(result.program) + repr(result.explanations)).encode()).hexdigest()


def test_the_same_text_gives_the_same_program_in_any_process() -> None:
    here = digest()
    assert digest() == here
    code = "from tests.symbolic.test_program import digest; print(digest())"
    for seed in ("1", "4711"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        got = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        assert got.stdout.strip() == here


def test_a_typical_network_is_lowered_quickly() -> None:
    net = replace(everything(), populations=everything().populations[:2], projections=everything().projections[:1])
    best = min(_seconds(net) for _ in range(3))
    assert best < 0.4


def _seconds(net: CheckedNetwork) -> float:
    start = time.process_time()
    lower(net)
    return time.process_time() - start


def test_missing_values_are_the_users_fault() -> None:
    net = network(LIF)
    without = replace(LIF, parameters=(replace(LIF.parameters[0], default=None), *LIF.parameters[1:]))
    with pytest.raises(PlastError, match="v_rest of Made has no value"):
        lower(replace(net, populations=(replace(net.populations[0], neuron=without),)))
    given = replace(net.populations[0], neuron=without, parameters=(("v_rest", Const(-65.0)),))
    program = lower(replace(net, populations=(given,))).program
    assert program.populations[0].parameters[0].default == -65.0
    open_ = replace(LIF, variables=(replace(LIF.variables[0], init=None), *LIF.variables[1:]))
    with pytest.raises(PlastError, match="v of Made has no start value"):
        lower(replace(net, populations=(replace(net.populations[0], neuron=open_),)))


def test_derived_names_avoid_those_of_the_user() -> None:
    model = neuron({"v": "-v / _z_v"}, {"_z_v": 10.0, "_p_v_v": 1.0}, init={"v": 1.0})
    population = lower(network(model)).program.populations[0]
    assert {d.name for d in population.derived} == {"_z_v_2", "_p_v_v_2"}
    assert isinstance(population.step[0], Assign) and isinstance(population.step[0].value, Binary)
