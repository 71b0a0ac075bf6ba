"""Run all benchmarks, or those named; print one table and write docs/benchmarks.md.

    python benchmarks/run.py [machine cuba coba stdp_dense map_scaling lazy cold_start ...] [--no-write]
    python benchmarks/run.py --brian2 /path/to/python     also runs three of the networks in that Python's Brian2
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.timing import Row  # noqa: E402  (the repository is put on the path first)

BRIAN2 = ("cuba", "coba", "stdp_dense")
NAMES = ("machine", "cuba", "coba", "stdp_dense", "map_scaling", "rewiring_cost", "lazy", "cold_start", "threads")
HEAD = """# Benchmarks

Written by `make bench`. One thread, dt 0.1 ms, single precision, wall-clock seconds for one second of biological time
unless a row says otherwise; median of the repeats, with the least and the greatest. Building is only in the cold start.
Goals and the times of peers come from another, faster machine (2 cores, shared: +-30 %), the peers in double
precision but for GeNN: they are there for scale. The rows "run beside it" are of this machine and run; Brian2 here
against Brian2 there says how the machines compare, and so do the rows "this machine": where the goals come from, a
whole LIF update with exp took 0.31 ns a neuron in cache (AVX-512), and reading memory 0.028 ns a byte.
Ratio: peer / plastlang.

What limits where a goal is missed (found by leaving parts out of the emitted loops):
- CUBA, COBA, maps: the step of the neurons, which is arithmetic and not memory (the same time a neuron from 256 to
  12 800 of them). COBA: 120 vector instructions for eight neurons, of which exp and the division 45, the two 64-bit
  input sums 40. CUBA: a third of the time goes into rows, a few of them a step, which come from the third cache.
- STDP: to apply the post spikes that waited for a row: 190 of them, an exp and a store into one of 100 weights each.
- Rewiring: two draws (10 ns each) and two exp or comparisons a sample; in large layers cache misses on the rows.
- Cold start: the tables of the grammar (half a second, once on a machine), sympy (a third), and the C compiler, which
  works on two halves of the program at the same time where two cores are free; 1.5 s of its time, evenly over its
  passes. Warm start: half is loading modules of Python, the rest reading back and making the network.
- Two threads: rows, steps of neurons and Poisson draws are one phase, judging samples is another. To begin and to end
  one takes 0.5 us, as a core sees what the other one has written after 0.2 us (0.4 us there and back, measured), of
  the 6 us that a step of CUBA takes. One thread alone gathers what arrives, lists spikes, keeps post spikes, grants
  samples, and applies eager post spikes. On a loaded machine threads that find no core are left out.
"""


def number(value: float) -> str:
    return f"{value:.3g}"


def line(row: Row) -> str:
    spread = f" ({number(min(row.values))} .. {number(max(row.values))})" if len(row.values) > 1 else ""
    goal = "" if row.goal is None else f"{'>=' if row.at_least else '<='} {number(row.goal)}"
    met = {True: "yes", False: "**no**", None: ""}[row.met]
    peer = "" if row.peer is None else f"{number(row.peer)} ({row.peer_name})"
    ratio = ""
    if row.peer is not None:
        ratio = f"{number(row.peer / row.median)}"
        if len(row.values) > 1:
            ratio += f" ({number(row.peer / max(row.values))} .. {number(row.peer / min(row.values))})"
    return f"| {row.name} | {number(row.median)}{spread} {row.unit} | {goal} | {met} | {peer} | {ratio} |"


def brian2(python: str, name: str) -> float:
    """Seconds for one of biological time in Brian2."""
    script = str(ROOT / "benchmarks" / "peer_brian2.py")
    done = subprocess.run([python, script, name], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])[name])


def machine() -> str:
    """Processor, cores, compiler, Python."""
    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            processor = next(text.split(":")[1].strip() for text in file if text.startswith("model name"))
    except (OSError, StopIteration):
        pass
    compiler = next((name for name in (os.environ.get("CC"), "gcc", "clang") if name and shutil.which(name)), "")
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout if compiler else "ziglang"
    load = f"load average {os.getloadavg()[0]:.1f} when it began"
    return f"{processor}, {os.cpu_count()} cores, {load}; {version.splitlines()[0]}; Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}")
    parser.add_argument("--no-write", action="store_true", help="print only")
    parser.add_argument("--brian2", metavar="PYTHON", help="a Python with brian2, to run the same networks in")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    where = machine()
    title = "| what | measured | goal | met | peer | ratio |\n|---|---|---|---|---|---|"
    print(title)
    lines = [title]
    for name in arguments.names or NAMES:
        rows = importlib.import_module(f"benchmarks.{name}").rows()
        if arguments.brian2 and name in BRIAN2:
            beside = replace(rows[0], peer=brian2(arguments.brian2, name), peer_name="Brian2 C++, run beside it")
            rows.insert(1, replace(beside, name=f"{name}, against Brian2", goal=None))
        for row in rows:
            lines.append(line(row))
            print(lines[-1], flush=True)
    if not arguments.no_write:
        when = datetime.now(UTC).strftime("%Y-%m-%d")
        text = f"{HEAD}\n{when}; {where}\n\n" + "\n".join(lines) + "\n"
        (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
