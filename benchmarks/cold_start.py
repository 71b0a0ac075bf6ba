"""From nothing to the first step, in new processes: import, cold start (empty cache), warm start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.timing import Row

IMPORT = "import time; b = time.perf_counter(); import plastlang; print(time.perf_counter() - b)"
START = (
    "import time, plastlang as pl\n"
    "import plastlang.api, plastlang.network, plastlang.library\n"
    "b = time.perf_counter()\n"
    "m = pl.rules.TopographicMap.compile(seed=1)\n"
    "m.step()\n"
    "print(time.perf_counter() - b)\n"
)


def timed(code: str, cache: str) -> float:
    environment = {**os.environ, "XDG_CACHE_HOME": cache, "PLASTLANG_CACHE": cache}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def rows() -> list[Row]:
    cold, warm = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(timed(START, cache))
            warm.append(timed(START, cache))
    with tempfile.TemporaryDirectory() as cache:
        imports = tuple(timed(IMPORT, cache) for _ in range(5))
    return [
        Row("import plastlang", imports, "s", goal=0.2),
        Row("cold start of the map: source to first step", tuple(cold), "s", goal=1.5, peer=1.3, peer_name="GeNN"),
        Row("warm start of the map (after import)", tuple(warm), "s", goal=0.1),
    ]
