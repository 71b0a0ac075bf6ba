"""Emitted CUDA on the emulator: the bits of the reference, whatever the order of threads, and nothing to object to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from plastlang.backends.interface import Options, RuntimeFault
from plastlang.ir.nodes import Program
from tests import ir_programs
from tests.cross import library_networks, test_library, test_regressions
from tests.cross.hand_built import Pair, agree, beside_the_reference
from tests.cross.script import Action, Script, scripts
from tests.cross.versus import begin
from tests.cuda.playing import Machine, compare, machines
from tests.programs.strategies import programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
#: The same programs in every run; `--fuzz N` tries N times as many.
FEW = settings(deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)

#: Noise, deliveries that wait, and sums over more neurons than are summed at once.
NOISE_AND_SUMS = """
neuron Noisy:
    param tau = 10 ms, sigma = 0.4
    state v = uniform(0, 1), mean_v = 0.0, most = 0.0
    input cur -> v
    v' = -v / tau + sigma * sqrt(2 / tau) * xi
    spike when v > 1.0:
        v = 0
    every 2 ms:
        mean_v = mean(v) over neurons
        most = max(v) over neurons
    each step:
        mean_v = mean_v + sum(v * v) over neurons

rule Sums:
    synapse w = uniform(0.01, 0.1), d = uniform(0 ms, 3 ms)
    pre big = 0.0, n = 0.0
    post total = 0.0, least = 0.0
    global all = 0.0
    on pre spike:
        deliver w after d at most 2 ms
        deliver 0.01
    each step:
        total = sum(w) over synapses of post
        least = min(w) over synapses of post
        big = max(w) over synapses of pre
        n = mean(w) over synapses of pre
        all = sum(w) over synapses
        all = all + mean(total) over post
    every 3 ms:
        w *= 0.9 + 0.1 * least / total
network Net:
    dt 0.5 ms
    population a = Noisy() size {}
    population b = Noisy(sigma = 0.7) size {}
    project p = a + b -> b.cur with Sums():
        connect with probability 0.1
    record a spikes
    record b v every 3 ms
"""


def _pair(program: Program, precision: str, machine: Machine) -> Pair:
    return beside_the_reference(program, Options(precision), machine.load)


@pytest.mark.parametrize("number", range(len(ir_programs.ALL)))
def test_hand_built_programs(number: int) -> None:
    program = list(ir_programs.ALL.values())[number]()
    machine = Machine(seed=number, block=32 * (1 + number % 3))
    agree(program, _pair(program, ("single", "double")[number % 2], machine), 24)


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


@pytest.mark.parametrize("name", library_networks.NETWORKS)
def test_the_catalogue(name: str) -> None:
    """Unwatched: what the emulator would object to does not depend on the size of a program."""
    begun = (Action("signal", 0, 12), Action("run", 12), Action("signal", 0, 14), Action("rewire", 0, 3))
    script = Script(7, "double" if len(name) % 2 else "single", 1, (*begun, Action("run", 12)))
    compare(library_networks.NETWORKS[name], script, Machine(checked=False), every=6)


@pytest.mark.parametrize(("precision", "sizes"), [("single", (40, 520)), ("double", (30, 290))])
def test_noise_and_sums(precision: str, sizes: tuple[int, int]) -> None:
    actions = (Action("run", 4), Action("move", 1), Action("run", 3), Action("write", 3, 1), Action("run", 3))
    compare(NOISE_AND_SUMS.format(*sizes), Script(5, precision, 1, actions), Machine(checked=precision == "double"), 2)


@pytest.mark.parametrize("path", test_regressions.FILES, ids=lambda path: path.stem)
def test_kept_programs(path: Path) -> None:
    text = path.read_text("utf-8")
    script = Script.read(next(line for line in text.splitlines() if line.startswith("# play ")))
    steps = sum(action.number for action in script.actions if action.kind == "run")
    compare(text, script, Machine(checked=steps < 60), every=1 + steps // 8)


@given(programs(most_neurons=10), scripts(longest=6), machines())
@settings(FEW, max_examples=5)
def test_random_programs(text: str, script: Script, machine: Machine) -> None:
    compare(text, script, machine)


@given(programs(most_neurons=10), scripts(longest=40), machines())
@settings(FEW, max_examples=5)
def test_random_programs_in_long_runs(text: str, script: Script, machine: Machine) -> None:
    """What is not looked at after each step is launched many steps at once."""
    compare(text, script, machine, every=17)


@given(programs(most_neurons=200), scripts(longest=3), machines())
@settings(FEW, max_examples=1)
def test_random_programs_of_many_blocks(text: str, script: Script, machine: Machine) -> None:
    compare(text, script, machine, every=3)
