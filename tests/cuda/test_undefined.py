"""Kernels do nothing that C++ leaves undefined: signed numbers do not overflow, shifts and casts stay in range."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.cuda.device import Call
from plastlang.backends.interface import Options
from plastlang.passes import CANONICAL, SCHEDULING
from tests import ir_programs
from tests.cross.script import Action, act
from tests.cross.versus import begin
from tests.cuda.emulator import EmulatedDevice, Schedule
from tests.cuda.test_emulator import HEAD


@pytest.mark.parametrize("name", ["all_draws", "grow_and_prune", "rewiring_slots", "signals", "stdp_pair_before"])
def test_nothing_is_undefined(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    program = ir_programs.ALL[name]()
    for step in (*CANONICAL, *SCHEDULING):
        program = step(program)
    device = EmulatedDevice(Schedule("random"), undefined=True)
    executable = CudaBackend(device).load(program, Options())
    begin(executable, 3)
    for number in range(4):
        executable.run(10)
        act(executable, Action("signal", number, number), 0)
        act(executable, Action("rewire", number, 4), 0)
    executable.close()
    assert "runtime error" not in capfd.readouterr().err


@pytest.mark.parametrize("body", ["out[0] = 2147483647 + n;", "out[0] = 1 << n;", "out[0] = (int)(n * 1e9);"])
def test_what_is_undefined_is_said(body: str, capfd: pytest.CaptureFixture[str]) -> None:
    device = EmulatedDevice(undefined=True)
    model, out = device.allocate(32, "model"), device.allocate(4, "out")
    device.write(model, np.array([64, out, out, out]))
    device.compile(HEAD.format(body=body), "single").launch([Call("k", 1, 1, model)])
    device.close()
    assert "runtime error" in capfd.readouterr().err
