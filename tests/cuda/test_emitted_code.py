"""The CUDA emitted for the library: no warning, no spills, nothing that would change a bit, on any architecture."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from plastlang import driver
from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.backends.cuda.emit import emit
from plastlang.backends.cuda.toolchain import ARCHITECTURES, MODES, Target
from plastlang.frontend.sources import read_source
from plastlang.ir.nodes import Program
from tests.cross.library_networks import NETWORKS as CATALOGUE
from tests.cross.test_library import NETWORKS, RULES
from tests.cross.test_regressions import FILES
from tests.cuda.test_kernels import STRICT, compiler
from tests.programs.running import built

#: Networks of the library itself, with the files that they are in.
WHOLE = {name: path for path in sorted(RULES.glob("*.plast")) for name in re.findall(
    r"^network (\w+)", path.read_text("utf-8"), re.MULTILINE)}  # fmt: skip
MAPS = tuple(name for name, path in WHOLE.items() if path.name.startswith("topographic_map"))
NAMES = (*NETWORKS, *MAPS, "quantiles")
#: Every neuron and every rule of the library is in one of these.
QUANTILES = next(path.read_text("utf-8") for path in FILES if path.stem == "quantiles")
TEXTS = {**NETWORKS, **CATALOGUE, "quantiles": QUANTILES}


@functools.cache
def scheduled(name: str) -> Program:
    """A network of the library, with all passes."""
    if name in TEXTS:
        return built(TEXTS[name]).scheduled
    return driver.build(driver.elaborate(driver.check(read_source(WHOLE[name])), name)).scheduled


def accepted(
    name: str, precision: str, architectures: Sequence[int], place: Path, mode: str = "deterministic",
    batched: bool = False,
) -> None:  # fmt: skip
    """Compile with the strictest settings."""
    nvcc, file = compiler("nvcc"), place / "model.cu"
    file.write_text(emit(scheduled(name), precision, batched).source, "utf-8")
    targets = [f"-gencode=arch=compute_{each},code=sm_{each}" for each in architectures]
    command = [nvcc.path, *targets, "-fatbin", *MODES[mode], *STRICT, "-I", str(INCLUDE), str(file)]
    done = subprocess.run([*command, "-o", place / "model.fatbin"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def rounds_once(name: str, precision: str) -> None:
    """No contraction, no approximation, nothing flushed to zero; each addition and multiplication is there."""
    source = emit(scheduled(name), precision).source
    ptx = compiler("nvrtc").compile(source, Target(ARCHITECTURES[0], "ptx")).decode()
    assert not re.findall(r"^.*(?:\bfma\.|\bmad\.f|\.approx|\.ftz).*$", ptx, re.MULTILINE)
    # without a rounding the assembler of the driver may still make one of two
    assert not re.search(r"\b(add|sub|mul)\.f(32|64)", ptx)
    assert re.search(r"\badd\.rn\.f(32|64)", ptx) and re.search(r"\bmul\.rn\.f(32|64)", ptx)
    assert set(re.findall(r"\b(?:div|sqrt|rcp)\.(?:\w+\.)?f(?:32|64)", ptx)) <= {
        f"{word}.rn.f{bits}" for word in ("div", "sqrt", "rcp") for bits in (32, 64)
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_no_warnings_and_no_spills(name: str, tmp_path: Path) -> None:
    """At one precision on one architecture each."""
    number = list(NETWORKS).index(name)
    accepted(name, ("single", "double")[number % 2], (ARCHITECTURES[number % 3],), tmp_path)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", NAMES)
def test_every_operation_rounds_once(name: str, precision: str) -> None:
    rounds_once(name, precision)


@pytest.mark.long
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["TopographicMap", "Classifier", "RewiringClassifier"])
def test_batches_everywhere(name: str, mode: str, tmp_path: Path) -> None:
    accepted(name, "single", ARCHITECTURES, tmp_path, mode, batched=True)


@pytest.mark.long
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", [*TEXTS, *WHOLE])
def test_the_whole_library_everywhere(name: str, precision: str, mode: str, tmp_path: Path) -> None:
    """On all architectures; where bits are promised, nothing rounds them otherwise."""
    accepted(name, precision, ARCHITECTURES, tmp_path, mode)
    if mode == "deterministic":
        rounds_once(name, precision)
