"""The CUDA backend on a GPU: are the bits right, do the sanitizers find anything, how fast is it. Writes docs/gpu.md.

    python benchmarks/gpu.py [bits sanitizer map balanced training] [--largest S] [--batch B] [--no-write]

bits: programs on the GPU and on the reference, and what differs. sanitizer: the same programs under compute-sanitizer
(memcheck, racecheck, initcheck, synccheck). map: the topographic map from s = 1 up to 10^8 synapses, beside real time,
with the share of each part. balanced: 10^5 neurons with 10^8 synapses; those between excitatory neurons learn.
training: the classifiers of training_speed.py, dense, static and rewired, 2048-512-11 and 700-512-20.

A machine without a network: `python benchmarks/pycuda_wheels.py --to wheels` elsewhere, and there
`pip install --no-index --find-links wheels pycuda`.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import plastlang as pl  # noqa: E402  (the repository is put on the path first)
from benchmarks import training_speed  # noqa: E402
from plastlang.backends import cuda, reference  # noqa: E402
from plastlang.backends.cuda.executable import CudaExecutable  # noqa: E402
from plastlang.backends.interface import Options  # noqa: E402
from plastlang.ir.nodes import ConnectGiven, Program, Scheduled  # noqa: E402
from plastlang.passes import CANONICAL, SCHEDULING  # noqa: E402

TARGET = ROOT / "docs" / "gpu.md"
#: The part of it that is written by hand begins with this.
KEPT = "## Without a GPU"
PARTS = ("bits", "sanitizer", "map", "balanced", "training")
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
#: Scales of the map: layers of 16 s x 16 s neurons with 32 synapses onto each; the last has 10^8.
SCALES = (1, 2, 3, 4, 5, 6, 7, 14, 28, 56, 110)
#: Parts of a step, by the names of kernels.
SHARES = (
    ("neurons", r"pop_"), ("arriving spikes", r"proj_.*_arrive"), ("post spikes", r"proj_.*_post"),
    ("rewiring and blocks", r"proj_.*_block"), ("synapses in each step", r"proj_"), ("records, end of step", r"plast_"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A title, what it shows, the head of the table, and its rows."""

    title: str
    about: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [f"| {' | '.join(self.head)} |", f"|{'---|' * len(self.head)}"]
        return "\n".join([f"## {self.title}", self.about, "", *lines, *(f"| {' | '.join(r)} |" for r in self.rows)])


# ---------------------------------------------------------------- (1) bits


def programs() -> dict[str, Program]:
    """Small programs that between them use everything there is."""
    from tests import ir_programs  # the tests' own

    found = {}
    for name, make in ir_programs.ALL.items():
        program = make()
        for step in (*CANONICAL, *SCHEDULING):
            program = step(program)
        found[name] = program
    return found


def drive(model: Any, program: Program, steps: int) -> dict[str, Any]:
    """Give a program synapses and spikes, run it, and take everything that it holds."""
    rng = np.random.default_rng(7)
    model.reset(5)
    sizes = {p.name: p.size for p in program.populations}
    for projection in program.projections:
        n_pre, n_post = sum(sizes[s] for s in projection.sources), sizes[projection.target]
        pre, post = (rng.integers(0, n, 30).astype(np.int32) for n in (n_pre, n_post))
        if isinstance(projection.connect, ConnectGiven):
            model.set_synapses(projection.name, pre, post)
        else:
            model.connect(projection.name)
    for population in program.populations:
        if isinstance(population.spiking, Scheduled):
            neurons, when = rng.integers(0, population.size, 60), rng.integers(0, steps, 60)
            model.set_schedule(population.name, neurons.astype(np.int32), when.astype(np.int64))
    model.run(steps)
    state = dict(model.save())
    for population in program.populations:
        steps_, neurons = model.take_spikes(population.name)
        state |= {f"{population.name}/recorded/steps": steps_, f"{population.name}/recorded": neurons}
    return state


def different_bits(expected: dict[str, Any], found: dict[str, Any]) -> tuple[int, int]:
    """(bits that differ, bits in all). A wrong shape counts as all of its bits; one NaN is as good as another."""
    wrong = total = 0
    for key, value in expected.items():
        if value.dtype.kind in "US":
            continue
        total += 8 * value.nbytes
        other = found[key]
        if other.shape != value.shape or other.dtype != value.dtype:
            wrong += 8 * value.nbytes
            continue
        both_nan = np.isnan(value) & np.isnan(other) if value.dtype.kind == "f" else np.zeros(value.shape, np.bool_)
        bytes_ = [np.ascontiguousarray(np.where(both_nan, 0, x).astype(value.dtype)).view(np.uint8) if x.ndim else
                  np.frombuffer(x.tobytes(), np.uint8) for x in (value, other)]  # fmt: skip
        wrong += int(np.unpackbits(bytes_[0].reshape(-1) ^ bytes_[1].reshape(-1)).sum())
    return wrong, total


def bits(names: Sequence[str] = (), steps: int = 200) -> Table:
    """How many bits differ after some steps, for each program and precision."""
    rows = []
    for name, program in programs().items():
        if names and name not in names:
            continue
        for precision in ("single", "double"):
            expected, found = (
                drive(backend.load(program, Options(precision)), program, steps)
                for backend in (reference.backend, cuda.backend)
            )
            wrong, total = different_bits(expected, found)
            rows.append((name, precision, str(wrong), str(total)))
    about = f"State, structure and spikes after {steps} steps, against the reference backend."
    return Table("Bits", about, ("program", "precision", "bits that differ", "bits compared"), tuple(rows))


# ---------------------------------------------------------------- (2) sanitizers


def sanitizer(names: Sequence[str] = (), tools: Sequence[str] = TOOLS) -> Table:
    """What compute-sanitizer finds in the same programs."""
    command = shutil.which("compute-sanitizer") or shutil.which(
        "compute-sanitizer", path=os.pathsep.join((os.environ.get("CUDA_HOME", "") + "/bin", "/usr/local/cuda/bin"))
    )
    head = ("tool", "result")
    if command is None:
        return Table("Sanitizers", "", head, (("compute-sanitizer", "not on this machine: nothing was looked at"),))
    rows = []
    for tool in tools:
        child = [sys.executable, __file__, "--drive", *(names or programs())]
        done = subprocess.run(
            [command, "--tool", tool, "--error-exitcode", "9", *child], capture_output=True, text=True, check=False
        )
        found = [line.strip("= ") for line in done.stdout.splitlines() if "ERROR SUMMARY" in line or "hazard" in line]
        rows.append((tool, "; ".join(found[-2:]) or f"exit code {done.returncode}: {done.stderr[-200:]}"))
    return Table("Sanitizers", f"compute-sanitizer over {len(names or programs())} programs.", head, tuple(rows))


# ---------------------------------------------------------------- (3) the map


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds for one second of biological time, the share of each part, the traffic of arriving spikes (bytes/s)."""

    synapses: int
    seconds: float
    shares: dict[str, float]
    traffic: float


def executable(model: pl.Model) -> CudaExecutable:
    """What runs a model on the device."""
    found = model.executable.opened()
    assert isinstance(found, CudaExecutable)
    return found


def part_of(kernel: str) -> str:
    """The part of a step that a kernel belongs to."""
    return next(name for name, pattern in SHARES if re.match(pattern, kernel))


def measure(model: pl.Model, biological: float, profiled: int) -> Timing:
    """Run for some biological time (s), then some steps a kernel at a time."""
    running = executable(model)
    model.run(biological * 200)  # ms: a fifth of it to warm up
    begun = time.perf_counter()
    model.run(biological * 1000)
    seconds = (time.perf_counter() - begun) / biological
    moved = 0.0
    kernels: dict[str, float] = {}
    degrees = {p.name: model.executable.degrees(p.name)[0] for p in model.program.projections}
    for _ in range(profiled):
        for name, took in running.profile(1).items():
            kernels[name] = kernels.get(name, 0.0) + took
        moved += sum(arriving_bytes(running, p.name, degrees[p.name]) for p in model.program.projections)
    total = sum(kernels.values())
    shares = {name: sum(t for k, t in kernels.items() if part_of(k) == name) / total for name, _ in SHARES}
    traffic = moved / max(1e-9, sum(t for k, t in kernels.items() if part_of(k) == "arriving spikes"))
    return Timing(int(sum(d.sum() for d in degrees.values())), seconds, shares, traffic)


def arriving_bytes(running: CudaExecutable, projection: str, degrees: Any) -> float:
    """Bytes that the spikes which arrived in the last step make a GPU read and write, at the least.

    For each synapse its post, its columns (read, and written where the rule writes), and an input sum.
    """
    place = running.layout.projections[projection]
    values = sum(running.memory.dialect.size(c.type) for c in place.columns)
    moved, first = 0.0, 0
    for source in place.owner.sources:
        size = running.memory.sizes[source]
        ago = place.owner.delay_steps + 1
        slots = running.layout.populations[source].slots
        if ago <= slots:
            spiked = running.spikes_ago(source, ago)
            moved += float(degrees[first : first + size][spiked].sum()) * (4 + 2 * values + 16)
        first += size
    return moved


def bandwidth(device: Any, bytes_: int = 1 << 30) -> float:
    """Bytes a second that a copy on the device reads and writes."""
    source, target = device.allocate(bytes_, "a copy"), device.allocate(bytes_, "a copy")
    small = np.zeros(16, np.uint8)
    best = 0.0
    for _ in range(5):
        device.read(target, small)
        begun = time.perf_counter()
        device.copy(target, source, bytes_)
        device.read(target, small)
        best = max(best, 2 * bytes_ / (time.perf_counter() - begun))
    device.free(source)
    device.free(target)
    return best


def shared(timing: Timing) -> tuple[str, ...]:
    return tuple(f"{100 * timing.shares[name]:.0f} %" for name, _ in SHARES)


def map_table(
    scales: Iterable[int] = SCALES, biological: float = 1.0, profiled: int = 100, copied: int = 1 << 30
) -> Table:
    """The topographic map at each scale, and at s = 7 in fast mode."""
    peak = bandwidth(cuda.backend.device(), copied)
    rows = []
    for scale, mode in [(s, "deterministic") for s in scales] + [(7, "fast")] * (7 in scales):
        try:
            with pl.rules.TopographicMap(s=scale).compile("cuda", seed=1, mode=mode) as model:
                found = measure(model, biological, profiled)
        except pl.MachineError as error:  # those before it are known
            rows.append((str(scale), mode, str(error), *[""] * (3 + len(SHARES))))
            continue
        rows.append((
            str(scale), mode, f"{found.synapses:.3g}", f"{found.seconds:.3g}", f"{1 / found.seconds:.3g}",
            *shared(found), f"{100 * found.traffic / peak:.0f} %",
        ))  # fmt: skip
    head = ("s", "mode", "synapses", "s for 1 s", "times real time", *(n for n, _ in SHARES), "arrivals / bandwidth")
    about = (
        "Shares are those of kernels that run one at a time, without launches that are shared. "
        "Goals: s = 7 at least 10 times real time, rewiring at most 10 %, arriving spikes at least 60 % of the "
        f"bandwidth of a copy ({peak / 1e9:.0f} GB/s here), deterministic at most 1.3 times the time of fast."
    )
    return Table("Topographic map", about, head, tuple(rows))


# ---------------------------------------------------------------- (4) a balanced network


def balanced(neurons: int = 100_000, synapses: int = 1000) -> pl.Network:
    """Excitatory neurons (80 %) and inhibitory ones, each with `synapses` inputs; those among excitatory ones learn."""
    net = pl.Network(dt="0.1 ms", seed=1)
    chance, weight = pl.fixed_probability(synapses / neurons), 400 / synapses
    excites, inhibits = (pl.rules.Static(w=f"{w:.6g} nS") for w in (weight, 10 * weight))
    stdp = pl.rules.PairSTDP(a_plus=0.005, a_minus=0.00525, w_max=f"{2 * weight:.6g} nS")
    layers = []
    for name, size in (("exc", neurons * 4 // 5), ("inh", neurons // 5)):
        layer = net.population(pl.rules.LIFConductance, size, name=name, v=pl.uniform("-65 mV", "-50 mV"))
        noise = net.population(pl.rules.Poisson, size, name=f"noise_{name}", rate="2 kHz")
        net.connect(noise, layer.exc, pl.rules.Static(w="1 nS"), pl.one_to_one())
        layers.append(layer)
    exc, inh = layers
    net.connect(exc, exc.exc, stdp, chance, name="learning", w=f"{weight:.6g} nS", delay="1.5 ms")
    net.connect(exc, inh.exc, excites, chance, delay="1.5 ms")
    for layer in layers:
        net.connect(inh, layer.inh, inhibits, chance, delay="0.8 ms")
    net.record(exc, "spikes")
    return net


def balanced_table(neurons: int = 100_000, synapses: int = 1000, biological: float = 1.0, profiled: int = 100) -> Table:
    rows = []
    for mode in ("deterministic", "fast"):
        with balanced(neurons, synapses).compile("cuda", mode=mode) as model:
            found = measure(model, biological, profiled)
            spikes = len(model["exc"].spikes.times)
            rate = spikes / (0.8 * neurons) / (model.t / 1000)
            memory = executable(model).memory.bytes / 2**30
        figures = (f"{found.synapses:.3g}", f"{rate:.1f} Hz", f"{memory:.2f} GiB", f"{found.seconds:.3g}")
        rows.append((mode, *figures, *shared(found)))
    head = ("mode", "synapses", "excitatory rate", "memory", "s for 1 s", *(name for name, _ in SHARES))
    return Table("Balanced network with STDP", f"{neurons} neurons, dt 0.1 ms.", head, tuple(rows))


# ---------------------------------------------------------------- (5) training


def training_table(
    batch: int = 64, steps: int = 100, repeats: int = 3, hidden: int = training_speed.HIDDEN,
    tasks: Sequence[str] = tuple(training_speed.TASKS), conditions: int = len(training_speed.CONDITIONS),
) -> Table:  # fmt: skip
    """One batch and its update, of all networks in turn; ratios to the dense one within a task."""
    rows = []
    for task in tasks:
        found = training_speed.measure(
            task, training_speed.CONDITIONS[:conditions], steps, batch, repeats, hidden, "cuda", time.perf_counter
        )  # fmt: skip
        inputs, classes, _ = training_speed.TASKS[task]
        for timing in found:
            figures = (f"{timing.synapses}", f"{timing.median:.3g}", training_speed.ratio(found[0], timing))
            rows.append((f"{inputs}-{hidden}-{classes}", timing.name, *figures))
    head = ("network", "connectivity", "synapses", "s per batch", "dense / this")
    about = (
        f"e-prop and Adam on {batch} examples of {steps} steps; medians of {repeats} repeats, of ratios also their "
        "range. Goals: static 1 % at least 30 times, DEEP R 1 % at least 25 times faster than dense."
    )
    return Table("Training", about, head, tuple(rows))


# ---------------------------------------------------------------- all of it


def machine() -> str:
    """GPU, driver, date."""
    device: Any = cuda.backend.device()
    newest = getattr(device, "newest", "?")
    capability = getattr(device, "architecture", 0) / 10
    return (
        f"{device.name} (compute capability {capability}), driver for CUDA {newest}, "
        f"Python {platform.python_version()}, plastlang {pl.__version__}, {datetime.now(UTC):%Y-%m-%d}"
    )


def page(tables: Sequence[Table], before: str = "") -> str:
    """The whole of docs/gpu.md. `before`: as it was; what needs no GPU to be known is kept of it."""
    head = ("# The CUDA backend on a GPU", f"Written by `benchmarks/gpu.py`: {machine()}.")
    _, found, kept = before.partition(KEPT)
    return "\n\n".join([*head, *map(str, tables), *([f"{found}{kept}".rstrip()] if found else [])]) + "\n"


def done_or_why_not(name: str, part: Callable[[], Table]) -> Table:
    """What a part gives, or a table that says what the machine lacks for it."""
    try:
        return part()
    except pl.MachineError as error:
        return Table(name.capitalize(), "", ("not done",), ((str(error),),))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help="what to do (without any: all)")
    parser.add_argument("--largest", type=int, default=max(SCALES), metavar="S", help="the largest scale of the map")
    parser.add_argument("--batch", type=int, default=64, help="examples that are trained at once")
    parser.add_argument("--no-write", action="store_true", help="print alone")
    parser.add_argument("--drive", nargs="+", metavar="PROGRAM", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive:  # what runs under the sanitizers
        for name, program in programs().items():
            if name in given.drive:
                drive(cuda.backend.load(program, Options()), program, 50)
        return
    scales = [s for s in SCALES if s <= given.largest]
    make = {
        "bits": bits, "sanitizer": sanitizer, "map": lambda: map_table(scales), "balanced": balanced_table,
        "training": lambda: training_table(given.batch),
    }  # fmt: skip
    cuda.backend.device()  # without a GPU the page stays as it is
    tables: list[Table] = []
    for name in given.parts or PARTS:
        tables.append(done_or_why_not(name, make[name]))
        print(f"{tables[-1]}\n", flush=True)
        if not given.no_write:  # what is known is kept, whatever comes of the next part
            TARGET.write_text(page(tables, TARGET.read_text("utf-8") if TARGET.exists() else ""), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except pl.MachineError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
