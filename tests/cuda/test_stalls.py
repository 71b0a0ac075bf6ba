"""With no room to spare every edit stalls: the host makes room all the time, and the bits stay the reference's."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from plastlang.backends.cuda import memory, stalls, synapses
from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.cuda.stalls import Stall, Stalls
from plastlang.backends.interface import Options
from plastlang.backends.reference import backend as reference
from plastlang.ir.nodes import ConnectGiven, Program, StateRecord
from plastlang.passes import CANONICAL, SCHEDULING
from tests import ir_programs
from tests.cuda.emulator import EmulatedDevice, Schedule


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
    monkeypatch.setattr(memory, "WORK", 16)
    monkeypatch.setattr(memory, "SPIKES_KEPT", 0)
    monkeypatch.setattr(memory, "STATES_KEPT", 1)
    return seen


@pytest.mark.parametrize("name", ["rewiring_pairs", "rewiring_slots", "grow_and_prune", "signals"])
def test_the_bits_are_the_same_with_no_room_to_spare(name: str, stalled: Counter[Stall]) -> None:
    program = ir_programs.ALL[name]()
    watched = [(p.name, v.name) for p in program.populations for v in p.variables][:1]
    records = (*program.records, *(StateRecord(owner, variable, 1) for owner, variable in watched))
    program = Program(program.name, program.dt, program.populations, program.projections, records)
    scheduled = program
    for step in (*CANONICAL, *SCHEDULING):
        scheduled = step(scheduled)
    device = EmulatedDevice(Schedule("random", 3, 3000))
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
    assert not watched or stalled[Stall.STATES] + stalled[Stall.SPIKES] >= 20
    if name != "signals":
        assert stalled[Stall.WORK] >= 1 and stalled[Stall.ROWS] >= 1
    if name == "rewiring_slots":
        assert stalled[Stall.INCOMING] >= 1
