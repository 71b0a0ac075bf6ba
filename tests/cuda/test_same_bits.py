"""Emitted CUDA on the emulator: the bits of the reference, whatever the order of threads, and nothing to object to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from plastlang.backends.interface import Executable, Options, RuntimeFault
from plastlang.driver import backend
from plastlang.ir.nodes import ConnectGiven, Program
from plastlang.passes import CANONICAL, SCHEDULING
from tests import ir_programs
from tests.cross import test_library, test_regressions
from tests.cross.looking import difference, look, recorded
from tests.cross.script import Action, Script, act, scripts
from tests.cross.versus import begin
from tests.cuda.playing import Machine, compare, machines
from tests.programs.strategies import programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
#: The same programs in every run; `--fuzz N` tries N times as many.
FEW = settings(deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)


def _pair(program: Program, precision: str, machine: Machine) -> tuple[Executable, Executable]:
    scheduled = program
    for step in (*CANONICAL, *SCHEDULING):
        scheduled = step(scheduled)
    options = Options(precision)
    return backend("reference").load(program, options), machine.load(scheduled, options)


@pytest.mark.parametrize("number", range(len(ir_programs.ALL)))
def test_hand_built_programs(number: int) -> None:
    program = list(ir_programs.ALL.values())[number]()
    pair = _pair(program, ("single", "double")[number % 2], Machine(seed=number, block=32 * (1 + number % 3)))
    for executable in pair:
        begin(executable, 77)
        for k, projection in enumerate(program.projections):
            if isinstance(projection.connect, ConnectGiven):
                act(executable, Action("rewire", k, 4), 0)
    for step in range(24):
        if step % 10 == 5:
            for executable in pair:
                act(executable, Action("signal", step, step // 10), 0)
        for executable in pair:
            executable.run(1)
        first = difference(*map(look, pair)) or difference(*map(recorded, pair))
        assert first is None, f"step {step}: {first}"


@pytest.mark.parametrize("precision", ["single", "double"])
def test_inputs_that_are_too_large_end_both_runs(precision: str) -> None:
    source = ir_programs.clock("src", 2)
    big = ir_programs.static("big", ("src",), "cells", ir_programs.c(2.0**18), connect=ir_programs.ConnectAll())
    also = ir_programs.static("also", ("src",), "late", ir_programs.c(2.0**18), connect=ir_programs.ConnectAll())
    cells, late = ir_programs.tally("cells", 3), ir_programs.tally("late", 70)
    program = ir_programs.program((source, late, cells), (big, also))
    said = []
    for executable in _pair(program, precision, Machine(order="reverse")):
        begin(executable, 1)
        executable.set_schedule("src", np.arange(2, dtype=np.int32), np.full(2, 2))
        assert executable.run(3) == 3
        with pytest.raises(RuntimeFault) as caught:
            executable.run(4)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("name", test_library.NETWORKS)
def test_the_library(name: str) -> None:
    precision = "double" if len(name) % 2 else "single"
    actions = (Action("run", 12), Action("move", 1), Action("run", 8), Action("write", 3, 1), Action("run", 8))
    compare(test_library.NETWORKS[name], Script(5, precision, 1, actions), Machine(), every=4)


@pytest.mark.parametrize("path", test_regressions.FILES, ids=lambda path: path.stem)
def test_kept_programs(path: Path) -> None:
    text = path.read_text("utf-8")
    script = Script.read(next(line for line in text.splitlines() if line.startswith("# play ")))
    steps = sum(action.number for action in script.actions if action.kind == "run")
    compare(text, script, Machine(checked=steps < 60), every=1 + steps // 8)


@given(programs(most_neurons=10), scripts(longest=6), machines())
@settings(FEW, max_examples=8)
def test_random_programs(text: str, script: Script, machine: Machine) -> None:
    compare(text, script, machine)


@given(programs(most_neurons=200), scripts(longest=3), machines())
@settings(FEW, max_examples=2)
def test_random_programs_of_many_blocks(text: str, script: Script, machine: Machine) -> None:
    compare(text, script, machine, every=3)
