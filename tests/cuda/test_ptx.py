"""The PTX that NVIDIA's compiler makes of emitted kernels, run on the emulator: the bits of the reference.

What the compiler is told (restrict pointers, types that nothing else has, rounding) it may use as it does on a device.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings

from plastlang import driver
from plastlang.backends.cuda.device import Call
from plastlang.backends.cuda.toolchain import Target
from plastlang.driver import Built
from plastlang.frontend.sources import read_source
from tests.cross.script import Action, Script, scripts
from tests.cross.versus import Disagreement
from tests.cuda import test_batches
from tests.cuda.emulator import EmulatedDevice, Schedule, Violation, build, libraries
from tests.cuda.emulator.ptx import translated
from tests.cuda.emulator.ptx_values import Unknown
from tests.cuda.playing import Machine, compare, compare_built, machines
from tests.cuda.test_emitted_code import TEXTS, WHOLE
from tests.cuda.test_emulator import PLANTED, SCHEDULES, WORDS, play
from tests.cuda.test_kernels import compiler
from tests.cuda.test_same_bits import FEW
from tests.programs.running import built
from tests.programs.strategies import programs

MACHINE = Machine(preempt=300, ptx=True)
#: Of the library, one of each kind; the others take minutes.
SHORT = ("pair_stdp", "map_rewiring", "training", "rates", "TopographicMap")


@pytest.fixture(autouse=True)
def nvrtc() -> None:
    """Nothing can be said without NVIDIA's compiler."""
    compiler("nvrtc")


def network(name: str) -> Built:
    """A network of the library."""
    if name in TEXTS:
        return built(TEXTS[name])
    return driver.build(driver.elaborate(driver.check(read_source(WHOLE[name])), name))


def runs(name: str, precision: str, steps: int = 10) -> None:
    """A network with an action of the host between two runs."""
    script = Script(5, precision, 1, (Action("run", steps), Action("move", 1), Action("run", steps)))
    compare_built(network(name), script, MACHINE, steps // 2, name)


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("name", SHORT)
def test_networks(name: str) -> None:
    runs(name, ("single", "double")[SHORT.index(name) % 2])


@pytest.mark.long
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", [*TEXTS, *WHOLE])
def test_the_whole_library(name: str, precision: str) -> None:
    runs(name, precision, 20)


@given(programs(most_neurons=8), scripts(), machines())
@settings(FEW, max_examples=6)
def test_random_programs(text: str, script: Script, machine: Machine) -> None:
    compare(text, script, replace(machine, ptx=True), 5)


def test_a_batch() -> None:
    script = Script(3, "single", 1, (Action("run", 7), Action("move", 1), Action("run", 6)))
    test_batches.compare(built(test_batches.ADDING), script, 3, MACHINE)


# ---------------------------------------------------------------- that it can fail


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_words_of_cuda(schedule: Schedule) -> None:
    body = "\n".join(f"out[{32 * k} + t] = {value};" for k, (value, _) in enumerate(WORDS))
    found = play(body, schedule, block=32, n=32 * len(WORDS), ptx=True)[0].reshape(-1, 32)
    for (value, expected), row in zip(WORDS, found, strict=True):
        assert np.array_equal(row, np.asarray(expected).astype(np.int64).astype(np.uint32).view(np.int32)), value


@pytest.mark.parametrize("bug", PLANTED)
def test_bugs_of_kernels_are_found(bug: str) -> None:
    body, message = PLANTED[bug]
    with pytest.raises(Violation, match=message if bug != "a wrong bound of a scan" else "out of bounds"):
        play(body, SCHEDULES[-1], ptx=True)


def fused(ptx: str) -> str:
    """Products and sums are rounded once, where they stand one after the other."""
    product, total = r"(mul\.rn\.f32 \s*(%f\d+), (\S+), (\S+);\s+)", r"add\.rn\.f32 (\s*%f\d+), \2, (\S+);"
    return re.sub(product + total, r"\1fma.rn.f32 \5, \3, \4, \6;", ptx)


#: What a compiler might do wrong.
WRONGS: dict[str, tuple[str, Callable[[str], str]]] = {
    "products that are not rounded": ("pair_stdp", fused),
    "barriers that are lost": ("training", lambda ptx: re.sub(r"bar\.(sync|warp\.sync)\s[^;]*;", "", ptx)),
    "numbers that are compared wrongly": (
        "pair_stdp", lambda ptx: re.sub(r"setp\.(gt|geu|ge|leu)\.f32", "setp.lt.f32", ptx)),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONGS)
def test_wrong_code_is_found(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, change = WRONGS[wrong]

    def changed(ptx: str, checked: bool) -> str:
        other = change(ptx)
        if other == ptx:
            pytest.fail("nothing was changed")
        return translated(other, checked)

    monkeypatch.setattr(build, "translated", changed)
    monkeypatch.setattr(libraries, "_libraries", {})
    script = Script(5, "single", 1, (Action("run", 40),))
    with pytest.raises((Disagreement, Violation)):
        compare(TEXTS[name], script, replace(MACHINE, keep=False), 10)


# ---------------------------------------------------------------- instructions

NAN, INF, NAN64 = "0f7FC00000", "0f7F800000", "0d7FF8000000000000"
#: An instruction with a target of number 9, and the bits that NVIDIA's "Parallel Thread Execution ISA" says it gives.
INSTRUCTIONS = [
    ("add.s32 %r9, 2147483647, 1", 0x80000000), ("sub.s64 %rd9, 0, 1", 2**64 - 1),
    ("mul.lo.s32 %r9, 65536, 65537", 65536), ("mul.hi.u32 %r9, -1, -1", 0xFFFFFFFE),
    ("mul.hi.s32 %r9, -2, 3", 0xFFFFFFFF), ("mul.wide.s32 %rd9, -1, 2", 2**64 - 2),
    ("mul.wide.u32 %rd9, -1, 2", 0x1FFFFFFFE), ("mad.lo.s32 %r9, 3, 4, -5", 7), ("div.s32 %r9, -7, 2", 2**32 - 3),
    ("rem.s32 %r9, -7, 2", 2**32 - 1), ("div.u32 %r9, -7, 2", 0x7FFFFFFC), ("abs.s32 %r9, -7", 7),
    ("neg.s64 %rd9, 7", 2**64 - 7), ("min.s32 %r9, -1, 1", 2**32 - 1), ("min.u32 %r9, -1, 1", 1),
    ("max.s64 %rd9, -1, 1", 1), ("not.b64 %rd9, 0", 2**64 - 1), ("xor.b32 %r9, 6, 3", 5),
    # a shift by more than there are bits leaves none, or signs
    ("shl.b32 %r9, 1, 31", 0x80000000), ("shl.b32 %r9, 1, 32", 0), ("shr.u32 %r9, -1, 32", 0),
    ("shr.s32 %r9, -8, 1", 2**32 - 4), ("shr.s32 %r9, -8, 99", 2**32 - 1), ("shr.s64 %rd9, -8, 64", 2**64 - 1),
    ("shl.b64 %rd9, 1, 40", 1 << 40), ("popc.b32 %r9, 255", 8), ("clz.b32 %r9, 1", 31), ("clz.b32 %r9, 0", 32),
    ("brev.b32 %r9, 1", 0x80000000), ("bfind.shiftamt.u32 %r9, 1", 31), ("bfind.shiftamt.u32 %r9, 0", 2**32 - 1),
    ("bfi.b64 %rd9, 5, 3, 32, 32", 5 << 32 | 3), ("mov.b64 %rd9, {%r1, %r2}", 2 << 32 | 1),
    ("selp.f32 %f9, 0f3F800000, 0f40000000, %p1", 0x3F800000), ("cvt.s64.s32 %rd9, -1", 2**64 - 1),
    ("cvt.u64.u32 %rd9, -1", 2**32 - 1), ("cvt.u32.u64 %r9, -1", 2**32 - 1),
    # what is too large becomes the largest; NaN is 0 where nothing has 64 bits
    (f"cvt.rzi.s32.f32 %r9, {NAN}", 0), (f"cvt.rzi.s32.f32 %r9, {INF}", 0x7FFFFFFF),
    ("cvt.rzi.s32.f32 %r9, 0fC0200000", 2**32 - 2), ("cvt.rzi.s32.f64 %r9, 0dC202A05F20000000", 0x80000000),
    (f"cvt.rzi.s32.f64 %r9, {NAN64}", 0x80000000), ("cvt.rzi.s64.f64 %rd9, 0d7FE0000000000000", 2**63 - 1),
    (f"cvt.rzi.s64.f64 %rd9, {NAN64}", 2**63), ("cvt.rzi.u32.f32 %r9, 0fBF800000", 0),
    ("cvt.rn.f32.s32 %f9, 16777217", 0x4B800000), ("cvt.rn.f64.s64 %fd9, -1", 0xBFF0 << 48),
    ("cvt.rni.f32.f32 %f9, 0f40200000", 0x40000000), ("cvt.rmi.f64.f64 %fd9, 0dBFE0000000000000", 0xBFF0 << 48),
    ("cvt.rni.f32.f32 %f9, 0fBE800000", 0x80000000), ("cvt.rn.f32.f64 %f9, 0d3FF0000010000000", 0x3F800000),
    # two roundings, or one
    ("mul.rn.f32 %f9, 0f3F800001, 0f3F800001", 0x3F800002),
    ("fma.rn.f32 %f9, 0f3F800001, 0f3F800001, 0fBF800002", 0x28800000),
    ("div.rn.f32 %f9, 0f3F800000, 0f40400000", 0x3EAAAAAB), ("sqrt.rn.f32 %f9, 0f40000000", 0x3FB504F3),
    ("rcp.rn.f64 %fd9, 0d4008000000000000", 0x3FD5555555555555), ("abs.f64 %fd9, 0dBFF0000000000000", 0x3FF0 << 48),
    ("neg.f32 %f9, 0f00000000", 0x80000000),
    # towards minus infinity; into [0, 1]
    ("fma.rm.f32 %f9, 0f3F800001, 0f3F800001, 0f00000000", 0x3F800002), ("cvt.sat.f32.f32 %f9, 0fBF800000", 0),
    ("fma.rm.f32 %f9, 0fBF800001, 0f3F800001, 0f00000000", 0xBF800003), ("cvt.sat.f32.f32 %f9, 0f40000000", 0x3F800000),
    (f"cvt.sat.f32.f32 %f9, {NAN}", 0), (f"min.f32 %f9, {NAN}, 0f3F800000", 0x3F800000),
    ("max.f32 %f9, 0f80000000, 0f00000000", 0), ("min.f64 %fd9, 0d0000000000000000, 0d8000000000000000", 1 << 63),
]  # fmt: skip
#: Whether 1 and NaN, 1 and 1, 2 and 1 compare so.
COMPARED = {
    "eq": (0, 1, 0), "ne": (0, 0, 1), "lt": (0, 0, 0), "le": (0, 1, 0), "gt": (0, 0, 1), "ge": (0, 1, 1),
    "equ": (1, 1, 0), "neu": (1, 0, 1), "ltu": (1, 0, 0), "leu": (1, 1, 0), "gtu": (1, 0, 1), "geu": (1, 1, 1),
    "num": (0, 1, 1), "nan": (1, 0, 0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """A compiler that gives a text as it is."""

    version: tuple[int, int] = (0, 0)

    def compile(self, source: str, target: Target, mode: str) -> bytes:
        """Nothing to do."""
        return source.encode()


#: The beginning of a kernel, and how registers are stored.
HEAD = """.visible .entry k(
    .param .u64 k_param_0,
    .param .u64 k_param_1
)
{
.reg .b32 %r<10>; .reg .b64 %rd<10>; .reg .f32 %f<10>; .reg .f64 %fd<10>; .reg .pred %p<3>;
ld.param.u64 %rd1, [k_param_0];
mov.u32 %r1, 1;
mov.u32 %r2, 2;
setp.eq.s32 %p1, 1, 1;"""
STORED = {"r": "u32", "rd": "u64", "f": "f32", "fd": "f64"}


def carried_out(instructions: list[str]) -> list[int]:
    """The bits of %r9, %rd9, %f9 or %fd9 (%r1 is 1, %r2 is 2, %p1 holds) after each."""
    lines = []
    for k, text in enumerate(instructions):
        found = re.search(r"%(r|rd|f|fd)9", text)
        assert found
        lines += [f"{text};", f"st.global.{STORED[found[1]]} [%rd1+{8 * k}], %{found[1]}9;"]
    ptx = "\n".join([HEAD, *lines, "ret;", "}"])
    device = EmulatedDevice(ptx=True)
    place = device.allocate(8 * len(instructions), "out")
    device.compile(ptx, "single").launch([Call("k", 1, 1, place)])
    bits = np.zeros(len(instructions), np.uint64)
    device.read(place, bits)
    device.close()
    return [int(value) for value in bits]


def test_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "nvrtc", Given)
    found = carried_out([text for text, _ in INSTRUCTIONS])
    assert [(text, hex(bits)) for (text, _), bits in zip(INSTRUCTIONS, found, strict=True)] == [
        (text, hex(bits)) for text, bits in INSTRUCTIONS]  # fmt: skip


@pytest.mark.parametrize("type_", ["f32", "f64"])
def test_comparisons(type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "nvrtc", Given)
    one, two = {"f32": ("0f3F800000", "0f40000000"), "f64": ("0d3FF0000000000000", "0d4000000000000000")}[type_]
    pairs = ((one, NAN if type_ == "f32" else NAN64), (one, one), (two, one))
    texts = [f"setp.{how}.{type_} %p2, {a}, {b};\nselp.u32 %r9, 1, 0, %p2" for how in COMPARED for a, b in pairs]
    assert carried_out(texts) == [value for values in COMPARED.values() for value in values]


@pytest.mark.parametrize("text", [
    "lg2.approx.f32 %f9, %f1", "add.ftz.f32 %f9, %f1, %f1", "add.rz.f32 %f9, %f1, %f1", "cvt.rz.f32.f64 %f9, %fd1",
    "setp.lt.and.s32 %p1, %r1, %r1, %p1", "tex.1d %f9, %f1",
])  # fmt: skip
def test_what_is_not_known_is_said(text: str) -> None:
    with pytest.raises(Unknown, match=re.escape(text)):
        translated(f"{HEAD}\n{text};\n}}", True)
