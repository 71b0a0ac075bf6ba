"""Kernels that share a launch, steps in which `every` blocks are not due, and several steps as one sequence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plastlang.backends.cuda import populations, together
from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.cuda.device import Call
from plastlang.backends.cuda.executable import CudaExecutable
from plastlang.backends.cuda.kernels import Module
from plastlang.backends.cuda.plan import Launch, Launches, Networks, Shape, Uses
from plastlang.backends.cuda.stalls import Stall
from plastlang.backends.cuda.steps import FEW, KEPT, Steps
from plastlang.backends.interface import Options
from tests import ir_programs
from tests.cross.hand_built import agree, beside_the_reference
from tests.cross.looking import difference, look, recorded
from tests.cross.script import Action, Script, scripts
from tests.cross.versus import Disagreement, Player, begin
from tests.cuda.emulator import ORDERS, Schedule, Violation
from tests.cuda.playing import Machine, compare, machines
from tests.cuda.test_mutations import Mutating
from tests.cuda.test_same_bits import FEW as FEW_EXAMPLES
from tests.cuda.test_same_bits import SLOW
from tests.cuda.test_stalls import stalled  # noqa: F401 - a fixture
from tests.programs.running import built
from tests.programs.strategies import programs

# ---------------------------------------------------------------- which kernels share a launch

NAMES = st.frozensets(st.sampled_from("abcde"), max_size=2)


@st.composite
def steps(draw: st.DrawFn) -> Launches:
    """Some kernels of a step, of any kind, the last of which uses everything."""
    module, launches = Module(), list[Launch]()
    for number in range(draw(st.integers(0, 12))):
        uses = draw(st.none() | st.builds(Uses, NAMES, NAMES, NAMES))
        body = ["pl_kernel;"] if draw(st.booleans()) else []
        launch = module.kernel(f"k{number}", body, Shape.EACH, networks=draw(st.sampled_from(Networks)), uses=uses)
        sequence, apart = draw(st.sampled_from(["", "s", "t"])), draw(st.booleans())
        every = draw(st.frozensets(st.sampled_from([("p", 0), ("p", 1), ("q", 0)]), max_size=1))
        launches.append(replace(launch, sequence=sequence, apart=apart and sequence != "", every=every))
    return (*launches, module.kernel("end", [], Shape.ONE))


def emitted(step: Launches) -> Module:
    module = Module()
    for launch in step:
        module.kernel(launch.kernel, ["pl_kernel;"] if launch.stalls else [], launch.shape)
    return module


@given(steps(), st.booleans())
def test_what_meets_stays_in_order_and_apart(step: Launches, batched: bool) -> None:
    launches = together.together(step, emitted(step), batched)
    place = {part.kernel: k for k, launch in enumerate(launches) for part in launch.parts or (launch,)}
    assert sorted(place) == sorted(launch.kernel for launch in step)
    for k, first in enumerate(step):
        for second in step[k + 1 :]:
            if first.uses is None or second.uses is None or first.uses.meet(second.uses):
                assert place[first.kernel] < place[second.kernel]
    for launch in launches:
        assert len({(part.stalls, part.networks) for part in launch.parts}) <= 1
        assert not any(part.apart or part.networks is Networks.ORDER for part in launch.parts)
        assert launch.every == frozenset().union(*(part.every for part in launch.parts)) or not launch.parts or (
            not launch.every and any(not part.every for part in launch.parts)
        )  # fmt: skip


@given(steps())
def test_a_sequence_stays_together(step: Launches) -> None:
    order = [launch.kernel for launch in together.together(step, emitted(step), batched=True)]
    for first, second in pairwise(step):
        alone = all(launch.apart or launch.networks is Networks.ORDER for launch in (first, second))
        if alone and first.sequence and first.sequence == second.sequence:
            assert order.index(second.kernel) == order.index(first.kernel) + 1


def test_kernels_that_add_to_the_same_share_a_launch() -> None:
    adds = Uses(adds=frozenset({"inputs"}))
    reads = Uses(reads=frozenset({"inputs"}))
    assert not adds.meet(adds) and not reads.meet(reads)
    assert adds.meet(reads) and reads.meet(adds)


# ---------------------------------------------------------------- which steps launch what


class Remembering:
    """A module that remembers what was launched."""

    def __init__(self) -> None:
        self.launched: list[str] = []
        self.kept = 0

    def launch(self, calls: Sequence[Call]) -> None:
        self.launched += [call.kernel for call in calls]

    def keep(self, calls: Sequence[Call]) -> Callable[[], None]:
        self.kept += 1
        return lambda: self.launch(calls)


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=3), st.integers(0, 10**6),
    st.lists(st.integers(1, 70), min_size=1, max_size=4), st.lists(st.integers(1, 40), max_size=2),
)  # fmt: skip
def test_blocks_are_launched_where_they_are_due(
    periods: list[int], first: int, pieces: list[int], then: list[int]
) -> None:
    """Some pieces of a run; then some periods change, and it goes on."""
    blocks = [frozenset({("p", k)}) for k in range(len(periods))]
    step = (
        Launch("always", 0, Shape.ONE),
        *(Launch(f"block{k}", k, Shape.ONE, every=block) for k, block in enumerate(blocks)),
        Launch("any", 9, Shape.ONE, every=frozenset().union(*blocks)),
    )
    module = Remembering()
    run = Steps(step, module)

    def calls(launches: Launches) -> list[Call]:
        return [Call(launch.kernel, 1, 1, 0) for launch in launches]

    for changed in (periods, then):
        periods = [*changed, *periods[len(changed) :]][: len(periods)]
        for k, period in enumerate(periods):
            run.period("p", k, period)
        for piece in pieces:
            module.launched.clear()
            run.launch(first, piece, calls)
            expected: list[str] = []
            for n in range(first, first + piece):
                due = [k for k, period in enumerate(periods) if (n + 1) % period == 0]
                expected += ["always", *(f"block{k}" for k in due), *(["any"] if due else [])]
            assert module.launched == expected
            first += piece


def test_sequences_are_not_kept_without_end() -> None:
    """Two periods without a common divisor: there are more sequences of many steps than are kept."""
    step = (Launch("always", 0, Shape.ONE), *(
        Launch(f"block{k}", k, Shape.ONE, every=frozenset({("p", k)})) for k in range(2)))  # fmt: skip
    module = Remembering()
    run = Steps(step, module)
    run.period("p", 0, 61)
    run.period("p", 1, 1009)
    run.launch(0, 61 * 1009, lambda launches: [Call(launch.kernel, 1, 1, 0) for launch in launches])
    assert module.kept <= KEPT + 4 and module.launched.count("always") == 61 * 1009


# ---------------------------------------------------------------- two projections that rewire at once

NETWORK = """
neuron Noise:
    spike at rate 200 Hz

neuron Sums:
    state v = 0 mV
    v' = -v / (20 ms)
    input drive -> v
    spike when v > 1 mV:
        v = 0 mV

rule Rewires:
    synapse w = uniform() in [0, 1]
    pre x = 0
    post y = 0
    on pre spike:
        x += 1
        deliver w * 1 mV
    on post spike:
        y += 1
        w += 0.01 * x
    every 2 ms:
        sample 25 pairs:
            if connected:
                if w < 0.3:
                    prune
            else:
                grow

network Net:
    dt 1 ms
    population noise = Noise() size 40
    population cells = Sums() size 30
    project ff = noise -> cells.drive with Rewires():
        connect none
    project lateral = cells -> cells.drive with Rewires():
        connect none
    record cells spikes
"""


def played(device: Mutating, steps: int = 40) -> str:
    """What a run on the device brings to light, beside one on the reference: "" where there is nothing."""
    network = built(NETWORK)
    reference = Player(network, "reference", Script(), 1, 1).load()
    views = []
    try:
        emulated = CudaBackend(device).load(network.scheduled, Options())
        for executable in (reference, emulated):
            begin(executable, 5)
            executable.run(steps)
            views.append({**look(executable), **recorded(executable)})
    except Violation as violation:
        return str(violation)
    return "bits" if difference(*views) else ""


@pytest.mark.parametrize("order", ORDERS)
def test_stalls_of_two_in_one_launch(order: str, stalled: Counter[Stall]) -> None:  # noqa: F811
    assert played(Mutating("", "", Schedule(order, 4, 3000))) == ""
    # each has no work memory at first, and no room in a row for what it grows
    assert stalled[Stall.WORK] >= 2 and stalled[Stall.ROWS] >= 10


def test_stalls_that_mix_are_found(stalled: Counter[Stall]) -> None:  # noqa: F811
    """As if the first one that stalls were not told from the others."""
    cas = r"if \(atomicCAS\(\(unsigned long long \*\)&m->stall, 0ull, \(unsigned long long\)why\) == 0ull\)"
    assert "race" in played(Mutating(cas, "m->stall = why;", Schedule("random", 1, 3000)))


def test_kernels_that_meet_are_found_in_a_shared_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nobody knew that it takes the spikes that are due to list them."""
    monkeypatch.setattr(populations, "of_due", lambda unit: Uses())
    monkeypatch.setattr(populations, "of_spiking", lambda unit: Uses())
    assert re.search("race|bits|not initialised", played(Mutating("", "", Schedule("random", 1, 3000))))


# ---------------------------------------------------------------- grids


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that may share a launch gets several blocks, however few it asks for."""
    narrow = CudaExecutable._call

    def call(self: CudaExecutable, launch: Launch, data: int = 0) -> Call:
        found = narrow(self, launch, data)
        return found if launch.apart else replace(found, grid=max(3, found.grid), block=max(64, found.block))

    monkeypatch.setattr(CudaExecutable, "_call", call)


@given(programs(most_neurons=10), scripts(longest=6), machines())
@settings(FEW_EXAMPLES, max_examples=5, suppress_health_check=[*SLOW, HealthCheck.function_scoped_fixture])
def test_kernels_take_any_grid(wide: None, text: str, script: Script, machine: Machine) -> None:
    compare(text, script, machine)


@pytest.mark.parametrize("number", range(len(ir_programs.ALL)))
def test_kernels_of_hand_built_programs_take_any_grid(wide: None, number: int) -> None:
    program = list(ir_programs.ALL.values())[number]()
    machine = Machine(seed=number)
    agree(program, beside_the_reference(program, Options("single"), machine.load), 12)


# ---------------------------------------------------------------- long runs


@pytest.mark.parametrize("order", ORDERS)
def test_runs_of_many_steps_at_once(order: str) -> None:
    """Blocks of three periods, one of which is not a whole number of the others."""
    text = NETWORK.replace("every 2 ms", "every wait").replace(
        "    synapse w", "    param wait = 2 ms in [1 ms, inf]\n    synapse w").replace(
        "    on post spike:", "    every 3 ms:\n        w *= 0.9\n    on post spike:").replace(
        "project lateral = cells -> cells.drive with Rewires()",
        "project lateral = cells -> cells.drive with Rewires(wait = 7 ms)")  # fmt: skip
    script = Script(actions=(Action("run", 5 * FEW + 3), Action("run", 2 * FEW)))
    try:
        compare(text, script, Machine(order, 2, 3000), every=0)
    except Disagreement as error:
        pytest.fail(str(error))
