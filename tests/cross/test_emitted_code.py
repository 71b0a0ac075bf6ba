"""The emitted C: no warning from gcc or clang, and nothing for the sanitizers to find."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from plastlang import driver
from plastlang.backends.interface import Options
from plastlang.frontend.sources import read_source
from tests.cross.test_library import NETWORKS, RULES
from tests.cross.test_random_programs import FEW
from tests.programs.running import built
from tests.programs.strategies import programs

INCLUDE = Path(__file__).parents[2] / "backends" / "include"
STRICT = ("-std=c11", "-fopenmp-simd", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only")
RANDOM_PROGRAMS = 20
#: So many of them run under the sanitizers, at each precision, beside half of the corners.
SANITIZED = 2


@cache
def texts() -> tuple[str, ...]:
    """Random programs, the same in every run."""
    found: list[str] = []

    @given(programs(most_neurons=12))
    @settings(FEW, max_examples=RANDOM_PROGRAMS, phases=[Phase.generate])
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return tuple(found)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_warnings(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler}")
    networks = [built(text) for text in (*NETWORKS.values(), *texts())]
    for path in sorted(RULES.glob("topographic_map*.plast")):
        module = driver.check(read_source(path))
        networks += [driver.build(driver.elaborate(module, name)) for name in module.networks if name in module.defined]
    files = []
    for number, network in enumerate(networks):
        for precision in ("single", "double") if number < len(NETWORKS) else (("single", "double")[number % 2],):
            file = tmp_path / f"p{number}_{precision}.c"
            file.write_text(driver.backend("c").emit(network.scheduled, Options(precision)), "utf-8")
            files.append(str(file))
    done = subprocess.run([compiler, *STRICT, "-I", str(INCLUDE), *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]


#: Corners that only long runs reach.
TOO_LONG = ("long_silence",)
#: Played in a process of its own, in which the sanitizers are there from the start.
PLAY = """
import sys
from pathlib import Path
from tests.cross.script import Action, Script
from tests.cross.versus import Player
from tests.programs.running import built
first = (Action("run", 20), Action("signal", 1, 9), Action("run", 5), Action("signal", 0, 2))
then = (Action("write", 5, 3), Action("run", 20), Action("rewire", 1, 5), Action("run", 5), Action("move", 0))
script = Script(3, sys.argv[1], 3, (*first, *then, Action("run", 5)))
for path in sys.argv[2:]:
    Player(built(Path(path).read_text("utf-8")), "c", script, 5, 3).play()
    print("played", path, flush=True)
"""


@pytest.mark.parametrize("precision", ["single", "double"])
def test_sanitizers(precision: str, tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc")
    library = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("gcc has no sanitizers here")
    half = 0 if precision == "single" else 1
    corners = [path for path in sorted(Path(__file__).parent.glob("corners/*.plast")) if path.stem not in TOO_LONG]
    files = corners[half::2]
    for number, text in enumerate(texts()[half : 2 * SANITIZED : 2]):
        files.append(tmp_path / f"p{number}.plast")
        files[-1].write_text(text, "utf-8")
    environment = {
        **os.environ,
        "CC": "gcc",
        "PLASTLANG_CFLAGS": "-O0 -g -DPL_WORTHWHILE=0 -fsanitize=address,undefined -fno-sanitize-recover=all",
        "PLASTLANG_CACHE": str(tmp_path / "cache"),
        "LD_PRELOAD": library,
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0",  # what Python leaves behind is not ours to judge
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-c", PLAY, precision, *map(str, files)],
        capture_output=True, text=True, check=False, env=environment, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-300:]}\n{done.stderr[:4000]}"
    assert done.stdout.count("played") == len(files)
