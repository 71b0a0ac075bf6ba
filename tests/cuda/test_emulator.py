"""The emulator itself, on small kernels: what CUDA's words do, and that bugs are found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plastlang.backends.cuda.device import Call
from plastlang.diagnostics import MachineError
from tests.cuda.emulator import ORDERS, EmulatedDevice, Schedule, Violation, build
from tests.cuda.emulator.libraries import SPARE

#: A kernel on integers; `n` of them behind `in`, the results behind `out`.
HEAD = """
#include "plast_math.h"
struct arguments {{ int n; int *in; int *out; long long *sum; }};
extern "C" __global__ void k(arguments *m, void *) {{
    const int n = m->n;
    int *const in = m->in;
    int *const out = m->out;
    long long *const sum = m->sum;
    const int t = (int)(blockIdx.x * blockDim.x + threadIdx.x), all = (int)(gridDim.x * blockDim.x);
    const int lane = t & 31;
    (void)in, (void)out, (void)sum, (void)n, (void)t, (void)all, (void)lane;
{body}
}}
"""
SCHEDULES = [*(Schedule(order) for order in ORDERS), Schedule("random", 3, 8000)]


def play(
    body: str, schedule: Schedule | None = None, grid: int = 1, block: int = 64, n: int = 64, checked: bool = True,
    numbers: NDArray[np.int32] | None = None, ptx: bool = False,
) -> tuple[NDArray[np.int32], int]:  # fmt: skip
    """Run a kernel with in = 0, 1, ..., n - 1, or `numbers`. Gives out and sum."""
    device = EmulatedDevice(schedule, checked, ptx=ptx)
    places = [device.allocate(4 * n, "in"), device.allocate(4 * n, "out"), device.allocate(8, "sum")]
    model = device.allocate(32, "model")
    device.write(model, np.array([n, *places], np.int64))
    device.write(places[0], np.arange(n, dtype=np.int32) if numbers is None else numbers)
    module = device.compile(HEAD.format(body=body), "single")
    module.launch([Call("k", grid, block, model)])
    out, total = np.zeros(n, np.int32), np.zeros(1, np.int64)
    device.read(places[1], out)
    device.read(places[2], total)
    device.close()
    return out, int(total[0])


# ---------------------------------------------------------------- what CUDA's words do

SUM = """
    __shared__ int parts[64];
    int mine = 0;
    for (int k = t; k < n; k += all) mine += in[k];
    parts[threadIdx.x] = mine;
    __syncthreads();
    for (int d = (int)blockDim.x / 2; d > 0; d /= 2) {
        if (threadIdx.x < d) parts[threadIdx.x] += parts[threadIdx.x + d];
        __syncthreads();
    }
    if (threadIdx.x == 0) atomicAdd((unsigned long long *)sum, (unsigned long long)parts[0]);
"""
SCAN = """
    __shared__ int x[64];
    x[threadIdx.x] = in[t];
    __syncthreads();
    for (int d = 1; d < (int)blockDim.x; d *= 2) {
        const int other = (int)threadIdx.x >= d ? x[(int)threadIdx.x - d] : 0;
        __syncthreads();
        x[threadIdx.x] += other;
        __syncthreads();
    }
    out[t] = x[threadIdx.x];
"""
WARP_SUM = """
    __shared__ int x[64];
    x[threadIdx.x] = in[t];
    __syncwarp();
    for (int d = 16; d > 0; d /= 2) {
        const int other = x[threadIdx.x ^ d];
        __syncwarp();
        x[threadIdx.x] += other;
        __syncwarp();
    }
    out[t] = x[threadIdx.x];
"""


@given(order=st.sampled_from(ORDERS), seed=st.integers(0, 2**32), grid=st.integers(1, 5), warps=st.sampled_from([1, 2]),
       n=st.integers(1, 300), checked=st.booleans())  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_sum(order: str, seed: int, grid: int, warps: int, n: int, checked: bool) -> None:
    schedule = Schedule(order, seed, 4000)
    assert play(SUM, schedule, grid, 32 * warps, n, checked)[1] == n * (n - 1) // 2


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_scans_in_blocks_and_warps(schedule: Schedule) -> None:
    assert np.array_equal(play(SCAN, schedule)[0], np.cumsum(np.arange(64)))
    assert np.array_equal(play(WARP_SUM, schedule)[0], np.arange(64).reshape(2, 32).sum(1).repeat(32))


WORDS: list[tuple[str, Any]] = [
    ("__shfl_sync(~0u, lane * 3, 5)", np.full(32, 15)),
    ("__shfl_sync(~0u, lane, 1, 8)", np.arange(32) // 8 * 8 + 1),
    ("__shfl_up_sync(~0u, lane, 3)", np.where(np.arange(32) < 3, np.arange(32), np.arange(32) - 3)),
    ("__shfl_down_sync(~0u, lane, 3)", np.where(np.arange(32) > 28, np.arange(32), np.arange(32) + 3)),
    ("__shfl_xor_sync(~0u, lane, 5)", np.arange(32) ^ 5),
    ("(int)__shfl_sync(~0u, (double)lane + 0.5, 7)", np.full(32, 7)),
    ("(int)__ballot_sync(~0u, lane % 3 == 0)", np.full(32, sum(1 << k for k in range(0, 32, 3)), np.int64)),
    ("__any_sync(~0u, lane == 31)", np.ones(32)),
    ("__all_sync(~0u, lane < 31)", np.zeros(32)),
    ("(int)__match_any_sync(~0u, lane / 16)", np.repeat([0xFFFF, 0xFFFF0000], 16)),
    ("lane < 16 ? (int)__ballot_sync(0xffffu, 1) : (int)__ballot_sync(0xffff0000u, lane == 16)",
     np.repeat([0xFFFF, 0x10000], 16)),
    ("__syncthreads_count(lane < 5)", np.full(32, 5)),
    ("__syncthreads_or(lane == 5)", np.ones(32)),
    ("__syncthreads_and(lane == 5)", np.zeros(32)),
    ("__popc(lane) + 100 * __ffs(lane) + 10000 * __clz(lane)",
     [bin(k).count("1") + 100 * (k & -k).bit_length() + 10000 * (32 - k.bit_length()) for k in range(32)]),
    ("(int)__umulhi(0x80000000u, (unsigned)lane) + __ldg(in + lane)", np.arange(32) // 2 + np.arange(32)),
    ("__float_as_int(__int_as_float(lane)) + (int)__double_as_longlong(__longlong_as_double(lane))",
     2 * np.arange(32)),
]  # fmt: skip


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_words(schedule: Schedule) -> None:
    body = "\n".join(f"out[{32 * k} + t] = {value};" for k, (value, _) in enumerate(WORDS))
    found = play(body, schedule, block=32, n=32 * len(WORDS))[0].reshape(-1, 32)
    for (value, expected), row in zip(WORDS, found, strict=True):
        assert np.array_equal(row, np.asarray(expected).astype(np.int64).astype(np.uint32).view(np.int32)), value


def test_atomics() -> None:
    body = """
    atomicMax(&out[0], t); atomicMin(&out[1], -t); atomicOr(&out[2], 1 << (t & 7)); atomicExch(&out[3], 5);
    atomicCAS(&out[4], 0, 9); atomicAdd(&out[5], 2); atomicMin((unsigned *)&out[6], (unsigned)t);
    atomicAdd((float *)&out[7], 1.5f); atomicAnd(&out[8], t); atomicMax((long long *)sum, (long long)-t + 40);
    """
    out, total = play(body, Schedule("random"), grid=2)
    assert list(out[:7]) == [127, -127, 255, 5, 9, 256, 0] and out[8] == 0 and total == 40
    assert out[7:8].view(np.float32)[0] == 192


# ---------------------------------------------------------------- bugs

PLANTED = {
    "a bound off by one": ("for (int k = t; k <= n; k += all) out[k] = in[k];", "out of bounds"),
    "a missing barrier": (SUM.replace("= mine;\n    __syncthreads();", "= mine;"), "race|not initialised"),
    "a missing trailing barrier": (
        SCAN.replace("other;\n        __syncthreads();", "other;"), "race"),
    "a missing __syncwarp": (WARP_SUM.replace("other;\n        __syncwarp();", "other;"), "race"),
    "an addition by all threads": ("out[0] += 1;", "race"),
    "a sum without atomics": ("sum[0] += in[t];", "race"),
    "a barrier for some threads": ("if (threadIdx.x < 40) __syncthreads();", "divergent barrier|deadlock"),
    "a wrong bound of a scan": (SCAN.replace("x >= d", "x >= d - 1"), "shared variable"),
}  # fmt: skip


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("bug", PLANTED)
def test_planted_bugs_are_found(bug: str, schedule: Schedule) -> None:
    body, message = PLANTED[bug]
    with pytest.raises(Violation, match=message):
        play(body, schedule)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("*(long long *)(out + 1) = 3;", "not aligned"),
        ("__shared__ int x[64]; out[t] = x[threadIdx.x];", "not initialised"),
        ("*(int *)64 = t;", "0x40 is no memory of the device"),
        ("out[-1] = 0;", "out of bounds"),
        ("if (blockIdx.x == 0) out[0] = 1; else atomicAdd(&out[0], 1);", "race"),
        ("if (blockIdx.x == 0) out[0] = 1; else in[0] = out[0];", "race"),
        ("if (lane < 16) out[lane] = __shfl_sync(~0u, t, 0);", "which has ended|deadlock"),
        ("if (lane < 16) __syncwarp(); else __syncthreads();", "divergent barrier|deadlock"),
        ("if (lane < 16) __syncwarp(0xffffu); else __syncwarp(1u);", "is not in its own mask"),
        ("__syncwarp(lane == 3 ? 0xffu : ~0u);", "wait for different lanes"),
        ("if (lane < 16) __syncwarp(0xffffu); else __syncwarp();", "which has ended|deadlock"),
        ("if (lane < 16) __ballot_sync(~0u, 1);\n else __any_sync(~0u, 1);", "different places"),
        ("if (lane < 16) out[lane] = __shfl_sync(0xffffu, t, 20);", "not in its mask"),
        ("if (threadIdx.x < 40) __syncthreads();\n else __syncthreads();", "different lines"),
        ("out[lane] = 3;", "race"),  # two warps write the same number
        ("static const int x[2] = {1, 2}; ((int *)x)[t & 1] = 0;", "constant"),
        ("int x[4] = {t}; int *volatile y = x; int **const z = (int **)(out + 2 * (t >> 5)); if (lane == 0) *z = y;\n"
         "__syncthreads(); **z = 1;", "local memory of another thread"),
    ],
)  # fmt: skip
def test_other_bugs_are_found(body: str, message: str) -> None:
    for schedule in SCHEDULES:
        with pytest.raises(Violation, match=message):
            play(body, schedule, grid=2, block=64)


#: Ways to copy a struct from `from` to `to`; what `x` and `pair` are is in COPY.
COPIES = {
    "an assignment": "*to = *from;",
    "a start value": "const pair x = *from; *to = x;",
    "an assignment of a part": "to->inner = from->inner;",
    "what a call takes": "to->inner.a = pair::first(*from);",
    "what a call gives": "to->inner.a = from->inner.a; *to = pair::made(t);",
    "an initialiser": "to->inner.a = from->inner.a; *to = pair{{t, t}, t};",
    "zeros": "to->inner.a = from->inner.a; *to = pair{};",
    "memcpy": "memcpy(to, from, sizeof *to);",
}
COPY = """
    struct couple {{ int a, b; }};
    struct pair {{
        couple inner;
        int c;
        static __attribute__((noinline)) int first(pair x) {{ return x.inner.a; }}
        static __attribute__((noinline)) pair made(int x) {{ return {{{{x, x}}, x}}; }}
    }};
    const int how = n % 4;  // 1: a race, 2: a write, 3: a read out of bounds
    pair *const from = (pair *)in + (how == 3 ? t + 64 : t);
    pair *const to = (pair *)out + (how == 1 ? t / 2 : how == 2 ? t + 64 : t);
    {copy}
"""
#: What g++ does not let anybody see.
HIDDEN = ("what a call takes", "what a call gives")


@pytest.mark.parametrize("copy", COPIES)
def test_copies_of_structs_are_seen(copy: str) -> None:
    if copy in HIDDEN and build.compiler("checked") == "g++":
        pytest.skip(f"there is no clang++, and g++ does not show {copy} by value")

    body = COPY.format(copy=COPIES[copy])
    play(body, SCHEDULES[2], n=192)
    for how, message in enumerate(("race", "writes .* out of bounds", "reads .* out of bounds"), 1):
        with pytest.raises(Violation, match=message):
            play(body, SCHEDULES[2], n=192 + how)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_what_is_in_order_is_no_race(schedule: Schedule) -> None:
    body = """
    const volatile int *const flag = &out[0];
    for (int turn = 0; turn < 3; ++turn) {
        if (*flag < 0) return;
        atomicAdd(&out[0], 1);
        in[t] = in[t] + 1;
        __syncthreads();
        if (lane == 0) out[1 + (t >> 5)] = in[t + 31];
        __syncwarp();
        in[t] = out[1 + (t >> 5)] + turn;
        __syncthreads();
    }
    char *const bytes = (char *)(out + 32);  // neighbours in a word
    bytes[t] = (char)t;
    """
    out = play(body, schedule, grid=2, n=128)[0]
    assert out[0] == 3 * 128 and np.array_equal(out[32:64].view(np.int8), np.arange(128).astype(np.int8))


#: What each thread does in each phase, and which barrier follows, is read from `in`; the cells are in `out`.
PHASES = """
    const int phases = n / (all + 1);
    for (int phase = 0; phase < phases; ++phase) {
        const int what = in[phase * (all + 1) + t], barrier = in[phase * (all + 1) + all];
        int *const cell = out + what / 8;
        int found = 0;
        switch (what % 8) {
        case 1: found = *cell; break;
        case 2: *cell = t; break;
        case 3: atomicAdd(cell, 1); break;
        case 4: found = *(volatile int *)cell; break;
        }
        (void)found;
        if (barrier == 1) __syncwarp();
        if (barrier == 2) __syncthreads();
    }
"""
READ, WRITE, ATOMIC, VOLATILE = 1, 2, 3, 4
CONFLICTS = {frozenset(pair) for pair in ((READ, WRITE), (WRITE,), (WRITE, ATOMIC), (WRITE, VOLATILE), (READ, ATOMIC))}
BLOCK = 64
Accesses = list[tuple[int, int, int, int]]


def are_a_race(accesses: Accesses, barriers: list[int]) -> bool:
    """Whether any two accesses (phase, thread, kind, cell) conflict with no barrier of both threads between them."""
    for p, t, kind, cell in accesses:
        for q, u, other, same in accesses:
            if t == u or cell != same or q < p or frozenset((kind, other)) not in CONFLICTS:
                continue
            between = barriers[p:q] if t // BLOCK == u // BLOCK else []
            if not (2 in between or (1 in between and t // 32 == u // 32)):
                return True
    return False


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 2, 31, 32, 33, 63, 64, 65]),
                       st.sampled_from([READ, READ, READ, WRITE, ATOMIC, VOLATILE]), st.integers(0, 1)), max_size=9),
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
    st.sampled_from(SCHEDULES),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_races_are_found_where_there_are_any(accesses: Accesses, barriers: list[int], schedule: Schedule) -> None:
    table = np.zeros((len(barriers), 2 * BLOCK + 1), np.int32)
    table[:, -1] = barriers
    for phase, thread, kind, cell in accesses:
        table[phase, thread] = kind + 8 * cell
    done = [(p, t, int(what) % 8, int(what) // 8) for (p, t), what in np.ndenumerate(table[:, :-1]) if what]
    try:
        play(PHASES, schedule, 2, BLOCK, table.size, numbers=table.ravel())
        found = False
    except Violation as violation:
        assert "race" in str(violation)
        found = True
    assert found == are_a_race(done, barriers)


def test_a_report_says_where() -> None:
    with pytest.raises(Violation) as caught:
        play("if (t > 0) __syncwarp(0xfffffffeu << 0);\n    out[n] = 7;", block=32)
    assert str(caught.value).splitlines()[0].startswith("k<<<1, 32>>>: thread ")
    assert "out of bounds" in str(caught.value) and "0 bytes behind the 256 of out" in str(caught.value)
    assert "out[n] = 7;" in str(caught.value) and "model.cu:" in str(caught.value)


# ---------------------------------------------------------------- memory


@pytest.fixture
def device() -> Iterator[EmulatedDevice]:
    device = EmulatedDevice(total=1 << 20)
    yield device
    device.close()


def test_memory_is_zero_and_keeps_what_it_is_given(device: EmulatedDevice) -> None:
    first, second = device.allocate(400, "first"), device.allocate(400, "second")
    values = np.full(100, 7, np.int32)
    device.read(first, values)
    assert not values.any()
    device.write(second, np.arange(100, dtype=np.int32))
    device.copy(first, second, 200)
    device.zero(second, 400)
    device.read(first, values)
    assert np.array_equal(values, np.where(np.arange(100) < 50, np.arange(100), 0))
    device.read(second, values)
    assert not values.any()


def test_the_host_has_to_stay_inside(device: EmulatedDevice) -> None:
    address = device.allocate(400, "first")
    with pytest.raises(Violation, match="not inside"):
        device.write(address + 4, np.zeros(100, np.int32))
    device.free(address)
    with pytest.raises(Violation, match="not inside"):
        device.read(address, np.zeros(1, np.int32))
    with pytest.raises(AssertionError, match="not allocated"):
        device.free(address)


def test_there_is_only_so_much(device: EmulatedDevice) -> None:
    with pytest.raises(MachineError, match="the rows needs 2000000 bytes more"):
        device.allocate(2_000_000, "the rows")


def test_what_is_given_back_is_not_touched(device: EmulatedDevice) -> None:
    old, model = device.allocate(256, "old"), device.allocate(32, "model")
    device.write(model, np.array([64, old, old, old]))
    module = device.compile(HEAD.format(body="out[t] = 1;"), "single")
    module.launch([Call("k", 1, 32, model)])
    device.free(old)
    with pytest.raises(Violation, match="given back, byte 0 of the 256 of old"):
        module.launch([Call("k", 1, 32, model)])


def test_kernels_that_do_not_stay_leave_nothing() -> None:
    place = build.engine_path().parent
    before = {path.name for path in place.glob("*.so")}
    for number in range(SPARE + 3):
        device = EmulatedDevice(keep=False)
        body = f"out[t] = {number};"
        device.compile(HEAD.format(body=body), "single")
        device.compile(HEAD.format(body=body), "single")
        device.close()
    assert len({path.name for path in place.glob(f"*-{os.getpid()}-*.so")} - before) <= SPARE
