"""Emitted CUDA and its plan: accepted without a warning and without spills; every kernel has its place."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.backends.cuda.emit import Emitted, emit
from plastlang.backends.cuda.plan import Launch
from plastlang.backends.cuda.toolchain import Compiler, compilers
from plastlang.ir.nodes import Program
from plastlang.passes import CANONICAL, SCHEDULING
from tests import ir_programs

#: What nvcc and the assembler take for errors.
STRICT = ("-Xptxas", "-warn-spills,-Werror", "--Werror", "all-warnings")


def scheduled(name: str) -> Program:
    program = ir_programs.ALL[name]()
    for step in (*CANONICAL, *SCHEDULING):
        program = step(program)
    return program


def compiler(kind: str) -> Compiler:
    found = [c for c in compilers() if c.kind == kind]
    if not found:
        pytest.skip(f"there is no {kind}")
    return found[0]


@pytest.mark.parametrize(("name", "number"), [("signals", 0), ("stepped", 1), ("all_draws", 2), ("two_rules", 3)])
def test_no_warnings_and_no_spills(name: str, number: int, tmp_path: Path) -> None:
    nvcc = compiler("nvcc")
    source = emit(scheduled(name), ("single", "double")[number % 2]).source
    file = tmp_path / "kernels.cu"
    file.write_text(source)
    architecture = ("sm_75", "sm_80", "sm_90")[number % 3]
    command = [nvcc.path, f"-arch={architecture}", "-cubin", "--fmad=false", *STRICT, "-I", str(INCLUDE), str(file)]
    done = subprocess.run([*command, "-o", str(tmp_path / "k.cubin")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def launches(emitted: Emitted) -> list[Launch]:
    plan = emitted.plan
    groups = [plan.step, *plan.connect.values()]
    for each in (plan.constants, plan.start, plan.synapses, plan.get, plan.set, plan.signal, plan.index):
        groups += each.values()
    return [launch for group in groups for launch in group]


@pytest.mark.parametrize("name", ir_programs.ALL)
def test_every_kernel_is_launched_and_has_its_number(name: str) -> None:
    emitted = emit(scheduled(name), "single")
    entered = re.findall(r"void (\w+)\(pl_model \*m, void \*data\) \{\n +PL_ENTER\w*\(m, (\d+)\)", emitted.source)
    planned = launches(emitted)
    single = [part for launch in planned for part in launch.parts or (launch,)]
    assert len(dict(entered)) == len(entered) == len({launch.kernel for launch in single})
    assert {(x.kernel, str(x.number)) for x in single} == set(entered)
    assert len({launch.number for launch in (*planned, *single)}) == len({x.kernel for x in (*planned, *single)})
    kernels = re.findall(r'extern "C" __global__ void (\w+)\(', emitted.source)
    assert len(kernels) == len(set(kernels)) and set(kernels) == {launch.kernel for launch in planned}
    assert emitted.plan.step[-1].kernel == "plast_tick"


def test_the_text_does_not_depend_on_sizes() -> None:
    small = ir_programs.poisson_stdp()
    large = replace(small, populations=tuple(replace(p, size=7 * p.size) for p in small.populations))
    assert emit(small, "single").source == emit(large, "single").source
    assert emit(small, "single").plan == emit(large, "single").plan
