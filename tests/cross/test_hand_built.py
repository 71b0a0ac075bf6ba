"""The hand-built programs of tests/ir_programs.py on both backends."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang.backends.interface import Options, RuntimeFault
from plastlang.driver import backend
from plastlang.ir.nodes import Program
from tests import ir_programs
from tests.cross.hand_built import Pair, agree, beside_the_reference
from tests.cross.test_random_programs import QUICK
from tests.cross.versus import begin


def _pair(program: Program, precision: str, threads: int) -> Pair:
    return beside_the_reference(program, Options(precision, threads), backend("c").load)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", ir_programs.ALL)
def test_programs(name: str, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", QUICK)
    program = ir_programs.ALL[name]()
    agree(program, _pair(program, precision, 2), 80)


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
