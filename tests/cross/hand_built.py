"""Hand-built programs (tests/ir_programs.py) on the reference and on another backend, side by side."""

from __future__ import annotations

from collections.abc import Callable

from plastlang.backends.interface import Executable, Options
from plastlang.driver import backend
from plastlang.ir.nodes import ConnectGiven, Program
from plastlang.passes import CANONICAL, SCHEDULING
from tests.cross.looking import difference, look, recorded
from tests.cross.script import Action, act
from tests.cross.versus import begin

Pair = tuple[Executable, Executable]


def beside_the_reference(program: Program, options: Options, load: Callable[[Program, Options], Executable]) -> Pair:
    """The program as it stands on the reference, and with all passes on the other one."""
    scheduled = program
    for step in (*CANONICAL, *SCHEDULING):
        scheduled = step(scheduled)
    return backend("reference").load(program, options), load(scheduled, options)


def agree(program: Program, pair: Pair, steps: int) -> None:
    """Both have the same bits after every step; now and then a signal is sent."""
    for executable in pair:
        begin(executable, 77)
        for number, projection in enumerate(program.projections):
            if isinstance(projection.connect, ConnectGiven):
                act(executable, Action("rewire", number, 4), 0)
    for step in range(steps):
        if step % 10 == 5:
            for executable in pair:
                act(executable, Action("signal", step, step // 10), 0)
        for executable in pair:
            executable.run(1)
        first = difference(*map(look, pair)) or difference(*map(recorded, pair))
        assert first is None, f"step {step}: {first}"
