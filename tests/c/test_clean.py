"""Emitted C compiles without a warning, and its loops over neurons vectorise."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from plastlang.backends.c.emit import emit
from plastlang.backends.c.toolchain import FLAGS, GCC_LEVEL
from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.passes.schedule import schedule
from tests import ir_programs as programs

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Werror")


def _compile(compiler: str, source: str, place: Path, *flags: str) -> str:
    path = place / "model.c"
    path.write_text(source)
    command = [compiler, *FLAGS, *flags, "-I", str(INCLUDE), "-o", str(place / "model.so"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    return done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("name", programs.ALL)
def test_no_warning(compiler: str, name: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not here")
    # -O1 shows the same warnings sooner; clang's report of loops that it leaves as they are is no fault of the source
    more = ["-O1", *(["-Wno-pass-failed"] if compiler == "clang" else [])]
    for number, precision in enumerate(("single", "double")):
        program = programs.ALL[name]()
        _compile(compiler, emit(schedule(program) if number else program, precision).source, tmp_path, *STRICT, *more)


def test_emission_is_deterministic() -> None:
    for make in programs.ALL.values():
        assert emit(make(), "single").source == emit(make(), "single").source


@pytest.mark.parametrize("name", ["lif_fixed_input", "poisson_stdp"])
def test_the_neuron_loop_vectorises(name: str, tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not here")
    source = emit(schedule(programs.ALL[name]()), "single").source
    told = _compile("gcc", source, tmp_path, *GCC_LEVEL, "-march=x86-64-v3", "-fopt-info-vec")
    lines = source.splitlines()
    start = next(
        k for k, line in enumerate(lines, 1) if re.search(r"_cells_step\(pl_model", line) and line.endswith("{")
    )
    loop = next(k for k in range(start, len(lines)) if "#pragma omp simd" in lines[k - 1])
    vectorised = {int(m.group(1)) for m in re.finditer(r"model\.c:(\d+):\d+: optimized: *loop vectorized", told)}
    assert vectorised & {loop, loop + 1}, f"line {loop}: {told}"
