"""Emitted code runs clean under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from plastlang.backends.c import backend
from plastlang.backends.interface import Options
from plastlang.passes.schedule import schedule
from tests import ir_programs
from tests.c.pairing import begin
for name in sys.argv[2:]:
    for threads in (1, 3):
        program = ir_programs.ALL[name]()
        executable = backend.load(schedule(program) if threads > 1 else program, Options(sys.argv[1], threads))
        begin(executable, 3)
        assert executable.run(120) == 120
        state = executable.save()
        executable.restore(state)
        for projection in program.projections:
            for variable in projection.variables:
                values = executable.get(projection.name, variable.name)
                if variable.site != "pair":
                    executable.set(projection.name, variable.name, values)
        assert executable.run(60) == 60
        executable.close()
"""


#: The networks of the library, as tests.cross.test_library has them, on the C backend alone.
LIBRARY = """
import sys
from plastlang import driver
from tests.cross.script import Action, Script
from tests.cross.test_library import NETWORKS, RULES
from tests.cross.versus import Player
from tests.programs.running import built
from plastlang.frontend.sources import read_source
names = sys.argv[2:]
networks = [built(NETWORKS[name]) for name in names if name in NETWORKS]
for name in names:
    if name not in NETWORKS:
        module = driver.check(read_source(RULES / f"{name}.plast"))
        networks.append(driver.build(driver.elaborate(module, "".join(w.title() for w in name.split("_")))))
actions = (Action("run", 100), Action("move", 1), Action("write", 3, 1), Action("run", 100))
for network in networks:
    for threads in (1, 3):
        Player(network, "c", Script(5, sys.argv[1], threads, actions), 50, threads).play()
"""


@pytest.mark.parametrize(
    ("script", "precision", "names"),
    [
        (RUN, "single", ("poisson_stdp_before", "rewiring_slots", "grow_and_prune", "several_sources")),
        (RUN, "double", ("two_rules", "rewiring_pairs", "stepped", "all_draws")),
        (LIBRARY, "single", ("pair_stdp", "map_rewiring_slots", "topographic_map")),
        (LIBRARY, "double", ("nearest_pair_stdp", "map_rewiring", "topographic_map_slots")),
    ],
)
def test_clean_under_sanitizers(script: str, precision: str, names: tuple[str, ...], tmp_path: Path) -> None:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("gcc is not here")
    found = [
        subprocess.run([gcc, f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    if not all(Path(path).is_absolute() for path in found):
        pytest.skip("gcc has no sanitizers here")
    environment = {
        **os.environ,
        "CC": gcc,
        "LD_PRELOAD": ":".join(found),
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PLASTLANG_CACHE": str(tmp_path),
        "PLASTLANG_CFLAGS": "-O1 -g -DPL_WORTHWHILE=0 -fsanitize=address,undefined -fno-sanitize-recover=all",
    }
    done = subprocess.run(
        [sys.executable, "-c", script, precision, *names],
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
