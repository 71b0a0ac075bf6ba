"""The host side alone, on kernels written in Python: structs, records, stalls, faults, saving."""

from __future__ import annotations

import gc
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plastlang.backends.cfamily.layout import layout
from plastlang.backends.cuda import binding, memory, sharing, stalls, synapses
from plastlang.backends.cuda.binding import Model, Population, Projection, Record, Spikes
from plastlang.backends.cuda.executable import CudaExecutable
from plastlang.backends.cuda.plan import Launch, Plan, Shape
from plastlang.backends.interface import Options, RuntimeFault
from plastlang.backends.reference import backend as reference
from plastlang.diagnostics import MachineError
from plastlang.ir.nodes import Block, Deliver, PreSpike, Program, StateRecord
from tests.cuda.paper import PaperDevice, at
from tests.ir_programs import SYN, c, clock, i, lif, own, poisson, program, static, stdp

INCLUDE = Path(memory.__file__).resolve().parent.parent / "include"
STRUCTS = {"spikes": Spikes, "population": Population, "record": Record, "rows": binding.Rows,
           "projection": Projection, "model": Model}  # fmt: skip


def test_structs_lie_as_in_the_header(tmp_path: Path) -> None:
    lines = ["#include <stdio.h>", "#include <stddef.h>", "#include <stdbool.h>"]
    # the structs alone: the rest of the header is for kernels
    text = (INCLUDE / "plast_device.h").read_text()
    structs = re.findall(r"typedef struct pl_\w+ \{.*?\} pl_\w+;", text, re.S)
    lines += ["#include <stdint.h>", *structs, "int main(void) {"]
    for name, kind in STRUCTS.items():
        lines.append(f'printf("{name} %zu\\n", sizeof(pl_{name}));')
        for field in kind._fields_:
            lines.append(f'printf("{name}.{field[0]} %zu\\n", offsetof(pl_{name}, {field[0]}));')
    source = tmp_path / "sizes.c"
    source.write_text("\n".join([*lines, "return 0;", "}"]))
    subprocess.run(["gcc", "-o", tmp_path / "sizes", source], check=True)
    printed = subprocess.run([tmp_path / "sizes"], capture_output=True, text=True, check=True).stdout
    found = {line.split()[0]: int(line.split()[1]) for line in printed.splitlines()}
    for name, kind in STRUCTS.items():
        assert found[name] == binding.ctypes.sizeof(kind), name
        for field in kind._fields_:
            assert found[f"{name}.{field[0]}"] == getattr(kind, field[0]).offset, f"{name}.{field[0]}"


def test_numbers_are_those_of_the_header() -> None:
    text = (INCLUDE / "plast_device.h").read_text()
    assert f"#define PL_SPIKE_RUN {memory.RUN}\n" in text
    assert f"#define PL_SPARE {synapses.SPARE}\n" in text
    assert f"#define PL_TABLE {binding.TABLE}\n" in text
    for stall in stalls.Stall:
        assert f"PL_STALL_{stall.name} = {stall.value}" in text


def ends(m: Model) -> None:
    m.step += 1
    m.signals = 0


def loaded(node: Program, step: dict[str, Callable[[Model], None]], total: int = 1 << 30) -> CudaExecutable:
    """An executable whose step is these kernels; they see the model as a struct, and look whether they may run."""

    def entering(kernel: Callable[[Model], None]) -> Callable[[int, int], None]:
        def run(model: int, data: int) -> None:
            m = Model.from_address(model)
            if not (m.fault or m.stall):
                kernel(m)

        return run

    device = PaperDevice({name: entering(kernel) for name, kernel in step.items()}, total)
    launches = tuple(Launch(name, 10 + k, Shape.ONE) for k, name in enumerate(step))
    index = {p.name: () for p in node.projections}
    plan = Plan(launches, {}, {}, index, {}, {}, {}, {}, index)
    return CudaExecutable(node, Options(), device, device.compile("", ""), plan, layout(node))


def population(m: Model, number: int = 0) -> Population:
    return Population.from_address(m.populations + number * binding.ctypes.sizeof(Population))


def projection(m: Model) -> Projection:
    return Projection.from_address(m.projections)


def stall(m: Model, why: int, kernel: int, need: int, owner: int = 0) -> None:
    m.stall, m.stall_kernel, m.stall_owner, m.stall_need = why, kernel, owner, need


PAIRS = np.array([0, 0, 1, 2, 2, 2], np.int32), np.array([1, 3, 0, 0, 1, 3], np.int32)


def test_a_run_goes_on_from_the_kernel_that_stalled() -> None:
    seen: list[tuple[str, int]] = []

    def first(m: Model) -> None:
        seen.append(("first", m.step))

    def edits(m: Model) -> None:
        rows = projection(m).rows
        if m.step >= 5 and at(rows.capacity, 3, np.int32).min() < 20:
            stall(m, 1, 11, 20)
            return
        seen.append(("edits", m.step))

    net = program((clock("a", 3), clock("b", 4)), (static("p", ("a",), "b", c(1.0)),))
    model = loaded(net, {"first": first, "edits": edits, "ends": ends})
    model.set_synapses("p", *PAIRS)
    model.column("p", 0, np.arange(6, dtype=np.float32), False)
    assert model.run(40) == 40 and model.step == 40
    assert seen == [(name, step) for step in range(40) for name in ("first", "edits")]
    assert [list(x) for x in model.synapses("p")] == [list(x) for x in PAIRS]
    values = np.zeros(6, np.float32)
    model.column("p", 0, values, True)
    assert list(values) == [0, 1, 2, 3, 4, 5]


def test_a_kernel_that_gets_too_little_gets_more_each_time() -> None:
    asked: list[int] = []

    def edits(m: Model) -> None:
        asked.append(projection(m).work_room)
        if projection(m).work_room < 1 << 22:
            stall(m, 3, 10, 1 << 17)

    net = program((clock("a", 3), clock("b", 4)), (static("p", ("a",), "b", c(1.0)),))
    model = loaded(net, {"edits": edits, "ends": ends})
    model.run(1)
    assert asked == sorted(set(asked)) and asked[-1] >= 1 << 22 and len(asked) < 10


def test_records_are_fetched_when_they_are_full() -> None:
    """Every neuron spikes in every step, far more often than there is room for."""

    def spikes(m: Model) -> None:
        p = population(m)
        at(p.spike_steps, p.record_room, np.int64)[p.recorded : p.recorded + p.size] = m.step
        at(p.spike_neurons, p.record_room, np.int32)[p.recorded : p.recorded + p.size] = np.arange(p.size)[::-1]

    def tick(m: Model) -> None:
        p = population(m)
        if not m.committed:
            m.committed = 1
            p.recorded += p.size
        if p.record_room - p.recorded < p.size:
            stall(m, 4, 11, p.size)
            return
        m.committed = 0
        ends(m)

    model = loaded(program((clock("a", 10_000),), ()), {"spikes": spikes, "tick": tick})
    model.run(20)
    steps, neurons = model.take_spikes("a")
    assert np.array_equal(steps, np.repeat(np.arange(20), 10_000))
    assert np.array_equal(neurons, np.tile(np.arange(10_000), 20))
    assert not len(model.take_spikes("a")[0])


def test_states_are_fetched_and_kept_in_order() -> None:
    def states(m: Model) -> None:
        r = Record.from_address(m.records)
        if r.count == r.room:
            stall(m, 5, 10, 1)
            return
        at(r.values, r.room * 2, np.float32)[2 * r.count : 2 * r.count + 2] = m.step, -m.step
        at(r.steps, r.room, np.int64)[r.count] = m.step + 1
        r.count += 1

    net = program((lif("a", 2),), ())
    net = Program(net.name, net.dt, net.populations, net.projections, (StateRecord("a", "v", 1),))
    model = loaded(net, {"states": states, "ends": ends})
    model.run(3000)
    steps, values = model.take_states("a", "v")
    assert np.array_equal(steps, np.arange(1, 3001))
    assert np.array_equal(values, np.stack([np.arange(3000), -np.arange(3000)], axis=1))


def test_a_fault_names_population_port_and_step() -> None:
    def fails(m: Model) -> None:
        if m.step == 17:
            m.fault, m.input_word = 1, 2**64 - 1 - (1 << 50 | 3)

    model = loaded(program((clock("a", 1), lif("b", 1)), ()), {"fails": fails, "ends": ends})
    port = model.program.populations[1].inputs[0].port
    with pytest.raises(
        RuntimeFault, match=rf"^the input {port} of neuron 3 of population b is too large or no number in step 17$"
    ):
        model.run(100)
    assert model.step == 17


def test_what_is_saved_has_the_keys_of_the_reference_and_comes_back() -> None:
    net = program((poisson("a", 3, 0.1, 1), lif("b", 4)), (stdp("p", "a", "b", before=True, delay=3),))
    model = loaded(net, {"ends": ends})
    model.set_synapses("p", *PAIRS)
    model.run(4)
    first = model.save()
    expected = reference.load(net, Options())
    expected.set_synapses("p", *PAIRS)
    assert set(first) == set(expected.save())
    for key, value in expected.save().items():
        assert first[key].dtype == value.dtype and first[key].shape == value.shape, key
    rng = np.random.default_rng(3)
    changed = {
        key: rng.integers(0, 3, value.shape).astype(value.dtype)
        if key.split("/")[-2] in ("state", "last", "param") or key.endswith("next")
        else value
        for key, value in first.items()
        if "/" in key
    }
    changed |= {key: value for key, value in first.items() if "/" not in key}
    changed["a/spikes/2"] = np.array([0, 2], np.int32)
    model.restore(changed)
    again = model.save()
    assert all(np.array_equal(again[key], value) for key, value in changed.items())


def test_memory_is_given_back() -> None:
    net = program((poisson("a", 3, 0.1, 1), lif("b", 4)), (stdp("p", "a", "b", before=True),))
    model = loaded(net, {"ends": ends})
    device = model.memory.device
    assert isinstance(device, PaperDevice)
    model.set_synapses("p", *PAIRS)
    used = device.used
    for seed in range(3):
        model.reset(seed)
        model.set_synapses("p", *PAIRS)
        assert device.used == used == model.memory.bytes
    model.close()
    assert not device.memory


def test_too_little_memory_is_said() -> None:
    net = program((clock("a", 3), clock("b", 4)), (static("p", ("a",), "b", c(1.0)),))
    model = loaded(net, {"ends": ends}, total=200_000 + 3 * (1 << 16) * 12)
    many = np.zeros(300_000, np.int32)
    with pytest.raises(MachineError, match="room for 300000 synapses of p"):
        model.set_synapses("p", many, many)
    assert len(model.synapses("p")[0]) == 0 and not model.degrees("p")[1].any()
    model.set_synapses("p", *PAIRS)
    assert [list(x) for x in model.synapses("p")] == [list(x) for x in PAIRS]


def test_synapses_are_as_before_where_rows_cannot_grow() -> None:
    def edits(m: Model) -> None:
        if at(projection(m).rows.capacity, 3, np.int32).min() < 1 << 18:
            stall(m, 1, 10, 1 << 18)
        else:
            ends(m)

    net = program((clock("a", 3), clock("b", 4)), (static("p", ("a",), "b", c(1.0)),))
    model = loaded(net, {"edits": edits}, total=4_000_000)
    model.set_synapses("p", *PAIRS)
    model.column("p", 0, np.arange(6, dtype=np.float32), False)
    used = model.memory.bytes
    for _ in range(5):
        with pytest.raises(MachineError, match="room for 786438 synapses of p"):
            model.run(3)
    values = np.zeros(6, np.float32)
    model.column("p", 0, values, True)
    assert list(values) == [0, 1, 2, 3, 4, 5] and model.step == 0 and model.memory.bytes == used
    assert [list(x) for x in model.synapses("p")] == [list(x) for x in PAIRS]
    model.memory.device.total = 1 << 26  # type: ignore[attr-defined]
    assert model.run(3) == 3 and [list(x) for x in model.synapses("p")] == [list(x) for x in PAIRS]


def test_values_are_shared_without_a_copy() -> None:
    net = program((poisson("a", 3, 0.1, 1), lif("b", 4)), (stdp("p", "a", "b"),))
    model = loaded(net, {"ends": ends})
    array = model.on_device("b", "v")
    assert array is not None and array.shape == (4,) and array.dtype == np.float32
    seen = np.from_dlpack(array)
    model.put_stored("b", "v", np.array([1, 2, 3, 4]))
    assert list(seen) == [1, 2, 3, 4] and len(sharing._alive) == 1
    capsule = array.__dlpack__()
    assert len(sharing._alive) == 2
    del capsule, seen
    gc.collect()
    assert not sharing._alive
    assert not hasattr(array, "__cuda_array_interface__")
    held = model.on_device("b", "held")
    assert held is not None and np.from_dlpack(held).dtype == np.int32
    on_gpu = sharing.DeviceArray(4096, 7, np.dtype(np.float64), (sharing.CUDA, 1), lambda: None)
    assert on_gpu.__dlpack_device__() == (2, 1)
    assert on_gpu.__cuda_array_interface__["data"] == (4096, False)
    assert on_gpu.__cuda_array_interface__["typestr"] == "<f8" and on_gpu.__cuda_array_interface__["shape"] == (7,)
    assert model.on_device("p", "w") is None


def test_sums_that_wait_turn_with_the_step() -> None:
    late = Block(PreSpike(), (Deliver(own("w", SYN), after=i(3), longest=5.0), Deliver(own("w", SYN))))
    projection = static("p", ("a",), "b", c(1.0))
    net = program((clock("a", 3), lif("b", 4)), (replace(projection, blocks=(late,)),))
    model = loaded(net, {"ends": ends})
    ((port, steps),) = model.layout.populations["b"].waiting.items()
    model.run(5)
    sums = np.arange(steps * 4).reshape(steps, 4)
    model.put_waiting("b", port, sums)
    assert np.array_equal(model.waiting("b", port), sums)
    rows = model._late("b", port)
    assert np.array_equal(rows[5 % len(rows)], sums[0]) and np.array_equal(rows[6 % len(rows)], sums[1])
    saved = model.save()
    model.reset(1)
    assert not model.waiting("b", port).any()
    model.restore(saved)
    assert np.array_equal(model.waiting("b", port), sums)
