"""From nothing to the first step, in new processes: import, cold start (empty cache), warm start.

Python has its bytecode, as it has in every start of an installed package but the first.
"""

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


def timed(code: str, cache: str, bytecode: str) -> float:
    environment = {**os.environ, "XDG_CACHE_HOME": cache, "PLASTLANG_CACHE": cache, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def rows() -> list[Row]:
    cold, warm = [], []
    with tempfile.TemporaryDirectory() as bytecode:
        for number in range(4):
            with tempfile.TemporaryDirectory() as cache:
                times = [timed(START, cache, bytecode) for _ in range(2)]
            if number:  # the first one made the bytecode
                cold.append(times[0])
                warm.append(times[1])
        imports = tuple(timed(IMPORT, bytecode, bytecode) for _ in range(5))
    return [
        Row("import plastlang", imports, "s", goal=0.2),
        Row("cold start of the map: source to first step", tuple(cold), "s", goal=1.5, peer=1.3, peer_name="GeNN"),
        Row("warm start of the map (after import)", tuple(warm), "s", goal=0.1),
    ]
