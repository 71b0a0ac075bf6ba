"""Results do not depend on the number of threads, nor on which phases are shared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plastlang.backends.c import backend
from plastlang.backends.interface import Options
from plastlang.ir.nodes import ConnectAll, Program
from plastlang.passes.schedule import schedule
from tests import ir_programs as programs
from tests.c.pairing import begin, same_records, same_state


def full() -> Program:
    """Every source onto every target, which spike often."""
    plastic = programs.stdp("plastic", "src", "cells", before=True, connect=ConnectAll())
    return programs.program((programs.poisson("src", 150, 0.05, 1), programs.lif("cells", 90, 11.0)), (plastic,), 0.5)


def moving() -> Program:
    """Rates that change, drawn anew in several parts."""
    program = programs.moving_rate()
    source = replace(program.populations[0], size=400, grid=programs.Grid(20, 20, False))
    return replace(program, populations=(source, replace(program.populations[1], size=400)))


#: All phases are shared; then the calling thread takes back at once what workers have not begun; then they also rest.
FLAGS = ("-O1 -DPL_WORTHWHILE=0", "-O1 -DPL_WORTHWHILE=0 -DPL_PATIENCE=0", "-O1 -DPL_WORTHWHILE=20 -DPL_PATIENCE=0")


@pytest.mark.parametrize("flags", FLAGS, ids=["patient", "impatient", "resting"])
@pytest.mark.parametrize(
    "make",
    [lambda: programs.rewiring_pairs(16, 60), programs.ALL["rewiring_slots"], full, moving],
    ids=["map", "slots", "full", "moving"],
)
@pytest.mark.parametrize("precision", ["single", "double"])
def test_threads_do_not_change_a_bit(
    make: object, precision: str, flags: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", flags)
    assert callable(make)
    program = schedule(make())
    runs = [backend.load(program, Options(precision, threads)) for threads in (1, 2, 3, 7)]
    for executable in runs:
        begin(executable, 5)
        assert executable.run(150) == 150
        executable.set_threads(2)
        assert executable.run(50) == 50
    for executable in runs[1:]:
        same_state(runs[0].save(), executable.save())
        executable.close()
    assert runs[0].step == 200
    for executable in (backend.load(program, Options(precision, 4)), backend.load(program, Options(precision, 2))):
        begin(executable, 5)
        executable.run(200)
        same_state(runs[0].save(), executable.save())
    first, second = (backend.load(program, Options(precision, n)) for n in (1, 3))
    for executable in (first, second):
        begin(executable, 6)
        executable.run(60)
    same_records(first, second)
