"""With no room to spare rows are full at every edit: they move on the device, or the host makes room all the time.

Whichever it is, the bits stay the reference's.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from plastlang.backends.cuda import memory, stalls, synapses
from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.cuda.executable import CudaExecutable
from plastlang.backends.cuda.memory import Placed
from plastlang.backends.cuda.stalls import Stall, Stalls
from plastlang.backends.interface import Options
from plastlang.backends.reference import backend as reference
from plastlang.ir.nodes import ConnectGiven, Program, StateRecord
from plastlang.passes import CANONICAL, SCHEDULING
from tests import ir_programs
from tests.cross.script import Action, Script
from tests.cross.versus import Disagreement
from tests.cuda.emulator import EmulatedDevice, Schedule, Violation
from tests.cuda.playing import Machine
from tests.cuda.playing import compare as versus
from tests.cuda.test_batches import compare as compare_batch
from tests.cuda.test_mutations import Mutating
from tests.cuda.test_structure import text_of
from tests.programs.running import built


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> Counter[Stall]:
    """How often each stall comes where there is just what is needed."""
    seen: Counter[Stall] = Counter()
    make_room = Stalls.make_room

    def counted(self: Stalls) -> None:
        self._memory.look()
        seen[Stall(self._memory.model.stall)] += 1
        make_room(self)

    def tight(lengths: np.ndarray, growing: bool, more: int = 0) -> tuple[np.ndarray, np.ndarray]:
        capacity = (lengths + more).astype(np.int32)
        return np.concatenate([[0], np.cumsum(capacity[:-1], dtype=np.int64)]), capacity

    monkeypatch.setattr(stalls.Stalls, "make_room", counted)
    monkeypatch.setattr(synapses, "roomy", tight)
    monkeypatch.setattr(synapses, "reserve", lambda places: 0)
    monkeypatch.setattr(memory, "WORK", 16)
    monkeypatch.setattr(memory, "SPIKES_KEPT", 0)
    monkeypatch.setattr(memory, "STATES_KEPT", 1)
    return seen


@pytest.mark.parametrize("name", ["rewiring_pairs", "rewiring_slots", "grow_and_prune", "signals"])
def test_the_bits_are_the_same_with_no_room_to_spare(name: str, stalled: Counter[Stall]) -> None:
    compare(name, EmulatedDevice(Schedule("random", 3, 3000)))
    assert stalled[Stall.STATES] + stalled[Stall.SPIKES] >= 20
    if name != "signals":
        assert stalled[Stall.WORK] >= 1 and stalled[Stall.ROWS] >= 1
    if name == "rewiring_slots":
        assert stalled[Stall.INCOMING] >= 1


def compare(name: str, device: EmulatedDevice) -> CudaExecutable:
    """Run a program on the reference and on a device, and compare all of it; gives what ran on the device."""
    program = ir_programs.ALL[name]()
    watched = [(p.name, v.name) for p in program.populations for v in p.variables][:1]
    records = (*program.records, *(StateRecord(owner, variable, 1) for owner, variable in watched))
    program = Program(program.name, program.dt, program.populations, program.projections, records)
    scheduled = program
    for step in (*CANONICAL, *SCHEDULING):
        scheduled = step(scheduled)
    models = reference.load(program, Options()), CudaBackend(device).load(scheduled, Options())
    sizes = {p.name: p.size for p in program.populations}
    for model in models:
        model.reset(11)
        for projection in program.projections:
            if isinstance(projection.connect, ConnectGiven):
                rng = np.random.default_rng(2)
                n_pre, n_post = sum(sizes[s] for s in projection.sources), sizes[projection.target]
                model.set_synapses(projection.name, rng.integers(0, n_pre, 12), rng.integers(0, n_post, 12))
            else:
                model.connect(projection.name)
        model.run(25)
    expected, found = (model.save() for model in models)
    assert [key for key in expected if not np.array_equal(expected[key], found[key])] == []
    for population in sizes:
        for one, other in zip(*(model.take_spikes(population) for model in models), strict=True):
            assert np.array_equal(one, other)
    for owner, variable in watched:
        for one, other in zip(*(model.take_states(owner, variable) for model in models), strict=True):
            assert np.array_equal(one, other)
    assert isinstance(models[1], CudaExecutable)
    return models[1]


#: What is planted into the moving of rows: a pattern of the headers, what stands in its place, what tells, and how many
#: places there are behind the rows.
PLANTED = {
    "nothing": (r"^", "", "^$", 150),
    "values stay behind": (
        r"pl_rows_carry\(r, k < length, from \+ k, to \+ k\)",
        "if (k < length) { r->post[to + k] = r->post[from + k]; }", "bits", 150),
    "all rows go to one place": (
        r"\(long long\)atomicAdd\(\(unsigned long long \*\)&r->used, \(unsigned long long\)capacity\)",
        "(long long)r->used", "race|bits", 150),
    "a row goes beyond the pool": (r"if \(to \+ capacity > r->room\)", "if (to > r->room)", "out of bounds", 10),
    "a missing __syncwarp": (r"__syncwarp\(\); /\* all lanes have read where the row was \*/", "", "race", 150),
}  # fmt: skip


@pytest.mark.parametrize("bug", PLANTED)
def test_rows_that_are_full_move_on_the_device(
    bug: str, stalled: Counter[Stall], monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern, planted, message, behind = PLANTED[bug]
    monkeypatch.setattr(synapses, "reserve", lambda places: behind)
    found = ""
    try:
        model = compare("rewiring_slots", Mutating(pattern, planted, Schedule("random", 3, 3000)))
        rows = model.memory.projections[0].rows
        starts = model.memory.read(Placed(rows.start, rows.count, synapses.LONG))
        assert (np.diff(starts) < 0).any() and rows.used <= rows.room, "rows were not moved by the device"
    except Violation as violation:
        found = str(violation)
    except AssertionError:
        found = "bits"
    assert re.search(message, found), found


def test_rows_are_moved_by_the_device_alone_where_there_is_room(
    stalled: Counter[Stall], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synapses, "reserve", lambda places: 2000)
    for name in ("rewiring_pairs", "grow_and_prune"):
        compare(name, EmulatedDevice(Schedule("reverse", 1, 3000)))
    assert stalled[Stall.ROWS] == stalled[Stall.INCOMING] == 0


def test_where_places_count_rows_keep_their_order(stalled: Counter[Stall], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of synapses with equal keys `prune` takes the first one, by its place in the pool."""
    script = Script(3, "single", 1, (Action("run", 9), Action("signal", 0, 3), Action("run", 6)))
    monkeypatch.setattr(synapses, "reserve", lambda places: 3000)
    versus(text_of("ranks"), script, Machine("random", 3))
    assert stalled[Stall.ROWS] > stalled[Stall.INCOMING] == 0  # the index may move
    monkeypatch.setattr(synapses.Synapses, "_size", lambda self, kind, places: (places + 3000, places))
    with pytest.raises(Disagreement):
        versus(text_of("ranks"), script, Machine("random", 3))


#: Rows of all networks grow, and each has values of its own in them.
GROWING = """
neuron N:
    state u = uniform(0, 1)
    input cur -> u
    u' = (0.3 - u) / (5 ms)
    spike when u > 0.6:
        u = 0
rule Grow:
    synapse w = uniform(0, 0.1)
    synapse shared seen = 0.0
    on pre spike:
        deliver w
        w += 0.01
        seen += 1
    every 2 ms:
        prune where seen > 3
        grow 12 pairs uniformly:
            w = uniform(0.1, 0.2)
network Growing:
    dt 1 ms
    population n = N() size 12
    project p = n -> n.cur with Grow():
        connect with probability 0.1
"""


@pytest.mark.parametrize("behind", [0, 400])
def test_rows_grow_in_a_batch(behind: int, stalled: Counter[Stall], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the values of every network, by the host (no places behind the rows) or on the device; a run goes on."""
    monkeypatch.setattr(synapses, "reserve", lambda places: behind)
    actions = (Action("run", 6), Action("move", 1), Action("run", 6))
    compare_batch(built(GROWING), Script(3, "single", 1, actions), 3, Machine("random", 5))
    assert (stalled[Stall.ROWS] >= 2) == (behind == 0)
