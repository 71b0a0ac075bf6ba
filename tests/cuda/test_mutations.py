"""Bugs planted into emitted kernels and their headers: the emulator or the comparison of bits finds each."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import pytest

from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.interface import Executable, Options
from plastlang.backends.reference import backend as reference
from plastlang.ir.nodes import Program
from plastlang.passes import CANONICAL, SCHEDULING
from tests import ir_programs
from tests.cross.looking import View, difference, look, recorded
from tests.cross.versus import begin
from tests.cuda.emulator import ORDERS, EmulatedDevice, Schedule, Violation
from tests.cuda.emulator.device import EmulatedModule

STEPS = 12
#: What is planted: a pattern of the source with its headers, what stands in its place, and what says that it was found:
#: part of a report, or "bits".
PLANTED = {
    "a bound off by one": (r"k < instances;", "k <= instances;", "out of bounds"),
    "a missing barrier": (
        r"(counts\[warp\] = __popc\(mask\);\n    \})\n    __syncthreads\(\);", r"\1", "race|not initialised"),
    "a missing trailing barrier": (
        r"(r->length\[i\] = \(int32_t\)\(kept - start\);\n    \})\n    __syncwarp\(\);", r"\1", "race"),
    "a missing __syncwarp": (r"__syncwarp\(\);\n(    pl_warp_sort\(sorted)", r"\1", "race"),
    "an addition by all threads": (
        r"if \(pl_lane\(\) == 0\) \{\n        r->length\[i\] = length - gone \+ fresh;",
        "{\n        r->length[i] += fresh - gone;", "race"),
    "a sum without atomics": (
        r"atomicAdd\(\(unsigned long long \*\)sum, \(unsigned long long\)value\)", "*sum += value", "race"),
    "a barrier for some threads": (
        r"__syncthreads\(\);(\n    \*all = sum;)", r"if (threadIdx.x < 40) __syncthreads();\1", "divergent barrier"),
    "a copy of a struct by all threads": (
        r"(if \(counts_it && number < w\.head->count\) \{)", r"w.edits[0] = pl_edit(w.edits[0]); \1", "race"),
    "a wrong bound of a scan": (r"before \+= k < warp", "before += k <= warp", "bits|race|out of bounds"),
    # what the bits alone can show
    "a wrong rank": (r"\(1u << pl_lane\(\)\) - 1u", "(2u << pl_lane()) - 1u", "bits|race|out of bounds"),
    "a wrong counter of a draw": (r"pl_philox\(\(uint32_t\)a, 0u", "pl_philox((uint32_t)a, 1u", "bits"),
}  # fmt: skip
#: The same for wishes that are settled in their order.
SETTLING = {
    "a wish that does not wait for its pre": (
        r"\(before_pre < 0 \|\| turn->settled\[before_pre\] != 0\)", "true", "race|bits"),
    "a wish that does not wait for its post": (
        r"\(before_post < 0 \|\| turn->settled\[before_post\] != 0\)", "true", "race|bits"),
    "a round without a barrier": (r"__syncthreads\(\);\n(\s*if \(now\))", r"\1", "race"),
    "wishes in any order": (r"pl_wishes_in_order\(&w, turn->counts\);", "", "bits"),
    "a turn that forgets the last wish": (r"from \+ me < w\.head->wishes;", "from + me + 1 < w.head->wishes;", "bits"),
    "a key that several get": (r"if \(!claimed\) \{\n        return;\n    \}", "", "bits|out of bounds"),
}  # fmt: skip
SCHEDULES = [Schedule(order, 1, 0 if order == "in order" else 4000) for order in ORDERS]


def expanded(source: str) -> str:
    """A source with its headers in their places."""

    def text(match: re.Match[str]) -> str:
        return expanded((INCLUDE / match[1]).read_text("utf-8"))

    return re.sub(r'#include "(plast_\w+\.h)"', text, source)


class Mutating(EmulatedDevice):
    """A device whose compiler plants a bug."""

    def __init__(self, pattern: str, replacement: str, schedule: Schedule):
        EmulatedDevice.__init__(self, schedule, block=64)
        self.pattern, self.replacement = pattern, replacement

    def compile(self, source: str, precision: str, mode: str = "deterministic") -> EmulatedModule:
        whole = expanded(source)
        changed, count = re.subn(self.pattern, self.replacement, whole)
        assert count or not self.pattern, "the source has no such place"
        return EmulatedDevice.compile(self, changed, precision, mode)


def spread() -> Program:
    """Spikes, delivery, state, pruning and growing, each on more than one warp."""
    return ir_programs.grow_and_prune(24)


def settling() -> Program:
    """More wishes than a block of them has threads, about few neurons whose degrees are limited."""
    return ir_programs.rewiring_slots(attempts=150)


@functools.cache
def scheduled(made: Callable[[], Program]) -> Program:
    program = made()
    for step in (*CANONICAL, *SCHEDULING):
        program = step(program)
    return program


def views(executable: Executable) -> list[View]:
    begin(executable, 7)
    seen: list[View] = []
    for _ in range(STEPS):
        executable.run(1)
        seen.append({**look(executable), **recorded(executable)})
    return seen


@functools.cache
def expected(made: Callable[[], Program]) -> tuple[View, ...]:
    return tuple(views(reference.load(made(), Options())))


def found(pattern: str, replacement: str, schedule: Schedule, made: Callable[[], Program] = spread) -> str:
    """What a run with a planted bug brings to light."""
    device = Mutating(pattern, replacement, schedule)
    try:
        seen = views(CudaBackend(device).load(scheduled(made), Options()))
    except Violation as violation:
        return str(violation)
    return "bits" if any(difference(a, b) for a, b in zip(expected(made), seen, strict=True)) else "nothing"


@pytest.mark.parametrize("made", [spread, settling])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.order)
def test_nothing_is_found_where_nothing_is_planted(made: Callable[[], Program], schedule: Schedule) -> None:
    assert found("", "", schedule, made) == "nothing"


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.order)
@pytest.mark.parametrize("bug", PLANTED)
def test_what_is_planted_is_found(bug: str, schedule: Schedule) -> None:
    pattern, replacement, message = PLANTED[bug]
    assert re.search(message, found(pattern, replacement, schedule))


@pytest.mark.parametrize("bug", SETTLING)
def test_what_is_planted_into_settling_is_found(bug: str) -> None:
    pattern, replacement, message = SETTLING[bug]
    assert re.search(message, found(pattern, replacement, SCHEDULES[-1], settling))
