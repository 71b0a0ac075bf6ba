"""The hand-built programs of tests/ir_programs.py on both backends."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang.backends.interface import Executable, Options, RuntimeFault
from plastlang.driver import backend
from plastlang.ir.nodes import ConnectGiven, Program
from plastlang.passes import CANONICAL, SCHEDULING
from tests import ir_programs
from tests.cross.looking import difference, look, recorded
from tests.cross.script import Action, act
from tests.cross.test_random_programs import QUICK
from tests.cross.versus import begin


def _pair(program: Program, precision: str, threads: int) -> tuple[Executable, Executable]:
    """The program as it stands on the reference, and with all passes on C."""
    scheduled = program
    for step in (*CANONICAL, *SCHEDULING):
        scheduled = step(scheduled)
    options = Options(precision, threads)
    return backend("reference").load(program, options), backend("c").load(scheduled, options)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", ir_programs.ALL)
def test_programs(name: str, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", QUICK)
    program = ir_programs.ALL[name]()
    pair = _pair(program, precision, 2)
    for executable in pair:
        begin(executable, 77)
        for number, projection in enumerate(program.projections):
            if isinstance(projection.connect, ConnectGiven):
                act(executable, Action("rewire", number, 4), 0)
    for step in range(80):
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
    program = ir_programs.program((source, ir_programs.tally("cells", 3)), (big,))
    said = []
    for executable in _pair(program, precision, 1):
        begin(executable, 1)
        executable.set_schedule("src", np.arange(2, dtype=np.int32), np.full(2, 2))
        assert executable.run(3) == 3
        with pytest.raises(RuntimeFault) as caught:
            executable.run(4)
        said.append(str(caught.value))
    assert said[0] == said[1]
