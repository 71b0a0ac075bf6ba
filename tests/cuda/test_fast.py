"""The fast mode in lockstep with the deterministic one: one step from the same state stays within docs/numerics.md.

It runs on the CPU in two ways: its source, with contraction and the functions of the C library, which err as little as
a GPU's; and what NVIDIA's compiler makes of it, with approximations that err by as much as its manual allows.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.interface import Options
from plastlang.ir.nodes import ConnectGiven, Program
from plastlang.passes import CANONICAL, SCHEDULING
from tests import ir_programs
from tests.cuda.emulator import EmulatedDevice
from tests.cuda.test_kernels import compiler

by_processor = pytest.mark.skipif(
    platform.machine() != "x86_64" or " fma " not in Path("/proc/cpuinfo").read_text(),
    reason="this processor does not multiply and add at once: the fast mode cannot be imitated",
)
#: Bits that are lost: a chain of at most 8 operations on values of one magnitude, each within 4 ulp.
LOST = {"single": 32 * 2.0**-23, "double": 32 * 2.0**-52}

#: Functions of the C library that the fast mode calls; the emulator knows of <math.h> only what the other mode uses.
DECLARED = "".join(
    f'extern "C" {kind} {name}{end}({kind}{second});\n'
    for kind, end in (("float", "f"), ("double", ""))
    for name, second in (
        *((n, "") for n in ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh")),
        ("pow", f", {kind}"),
    )
)


class FastDevice(EmulatedDevice):
    """An emulated device whose compiler contracts and takes functions from the C library."""

    def compile(self, source: str, precision: str, mode: str = "deterministic") -> Any:
        if mode == "deterministic":
            return super().compile(source, precision)
        head = f'{DECLARED}#pragma GCC target("fma")\n#pragma GCC optimize("fp-contract=fast")\n#define PL_FAST\n'
        # another spelling of the include, since the usual one stands for headers that are compiled already
        return super().compile(head + source.replace('#include "', '#include  "'), precision)


def scheduled(name: str) -> Program:
    program = ir_programs.ALL[name]()
    for step in (*CANONICAL, *SCHEDULING):
        program = step(program)
    return program


def by_nvidia() -> EmulatedDevice:
    """What runs is PTX."""
    compiler("nvrtc")
    return EmulatedDevice(ptx=True)


@pytest.mark.parametrize("device", [pytest.param(lambda: FastDevice(checked=False), marks=by_processor), by_nvidia])
@pytest.mark.parametrize(
    ("name", "precision", "differs"),
    [("poisson_stdp", "single", True), ("two_rules", "double", True), ("rewiring_slots", "single", False)],
)
def test_one_step_from_the_same_state(
    name: str, precision: str, differs: bool, device: Callable[[], EmulatedDevice]
) -> None:
    program = scheduled(name)
    exact, fast = (
        CudaBackend(device()).load(program, Options(precision, mode=mode))
        for mode in ("deterministic", "fast")
    )
    rng = np.random.default_rng(5)
    sizes = {p.name: p.size for p in program.populations}
    exact.reset(3)
    for projection in program.projections:
        if isinstance(projection.connect, ConnectGiven):
            n_pre, n_post = sum(sizes[s] for s in projection.sources), sizes[projection.target]
            pairs = rng.integers(0, n_pre, 30).astype(np.int32), rng.integers(0, n_post, 30).astype(np.int32)
            exact.set_synapses(projection.name, *pairs)
        else:
            exact.connect(projection.name)
    different = 0
    for _ in range(60):
        fast.restore(exact.save())
        exact.run(1)
        fast.run(1)
        one, other = exact.save(), fast.save()
        for key, value in one.items():
            if value.dtype.kind != "f" or "/param/" in key:
                assert np.array_equal(value, other[key]), key
                continue
            allowed = LOST[precision] * max(1.0, float(np.abs(value).max(initial=0.0)))
            assert np.abs(value - other[key]).max(initial=0.0) <= allowed, key
            different += int((value != other[key]).sum())
    assert different > 0 or not differs, "the fast mode was not another one"
