"""Time of training dense, static sparse and rewired (DEEP R) networks of published sizes, as ratios within one run.

    python benchmarks/training_speed.py [--task gestures|digits] [--steps 100] [--batch 8] [--torch PYTHON]

2048-512-11 neurons and 11 classes as for DVS gestures, 700-512-20 as for spoken digits (Knight, Senk & Nowotny, arXiv
2510.19764, 2025). Events are generated: every input has a rate of its own (log-normal), so that the mean is that of the
data. The time of a batch is that from the end of an update to the end of the next one, within a training: the first
batch of a training fills caches and is left out. Each repeat times all networks one after the other, so that whatever
else the machine does concerns all; ratios are medians of those of the repeats. Times are those of the processor, not of
the clock: with one thread both are the same where nothing else runs.

`--torch`: also a dense step in that Python's PyTorch (benchmarks/peer_torch.py), by e-prop and by backpropagation
through time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import plastlang as pl
from plastlang import train

#: Batches of a training; all but the first are timed.
BATCHES = 4
#: Inputs, classes, and mean rate of an input in Hz.
TASKS = {"gestures": (2048, 11, 20.0), "digits": (700, 20, 12.0)}
HIDDEN = 512
CONDITIONS = (
    ("dense", "Classifier", 1.0), ("static 1 %", "Classifier", 0.01), ("static 5 %", "Classifier", 0.05),
    ("DEEP R 1 %", "RewiringClassifier", 0.01), ("DEEP R 5 %", "RewiringClassifier", 0.05),
)  # fmt: skip


class Clock(train.Callback):
    """When the minibatches of a training ended, by the clock `now` (s)."""

    def __init__(self, now: Callable[[], float]):
        self.now = now
        self.ends: list[float] = []

    def minibatch(self, training: Any) -> None:
        self.ends.append(self.now())

    @property
    def seconds(self) -> float:
        """The mean time of a batch after the first one."""
        return (self.ends[-1] - self.ends[0]) / (len(self.ends) - 1)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds for one batch, all repeats. `synapses`: of the input and recurrent projections."""

    name: str
    synapses: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def events(inputs: int, classes: int, rate: float, steps: int, n: int, seed: int = 1) -> list[train.Example]:
    """Poisson spikes of inputs with log-normal rates; no input twice in a step of 1 ms."""
    rng = np.random.default_rng(seed)
    rates = rng.lognormal(0, 1, inputs)
    chance = np.minimum(1, rates * rate / rates.mean() / 1000)
    found = []
    for number in range(n):
        spikes = np.nonzero(rng.random((steps, inputs)) < chance)
        found.append(train.Example(spikes[1], spikes[0], number % classes, steps))
    return found


def measure(
    task: str, conditions: Sequence[tuple[str, str, float]], steps: int, batch: int, repeats: int,
    hidden: int = HIDDEN, backend: str = "c", now: Callable[[], float] = time.process_time,
) -> list[Timing]:  # fmt: skip
    """Compile all networks, train each with a few batches, then time them in turn, by the clock `now` (s)."""
    inputs, classes, rate = TASKS[task]
    examples = events(inputs, classes, rate, steps, batch * BATCHES)
    found: list[list[float]] = [[] for _ in conditions]
    with ExitStack() as stack:
        models = []
        for _, network, p in conditions:
            net = getattr(pl.rules, network)(inputs=inputs, hidden=hidden, classes=classes, p_in=p, p_rec=p)
            models.append(stack.enter_context(net.compile(backend, batch=batch, seed=1)))
        synapses = [len(model["from_source"]) + len(model["recurrent"]) for model in models]
        for repeat in range(repeats + 1):
            for model, seconds in zip(models, found, strict=True):
                clock = Clock(now)
                train.fit(model, examples, epochs=1, batch_size=batch, callbacks=[clock])
                if repeat:
                    seconds.append(clock.seconds)
    names = [name for name, _, _ in conditions]
    return [Timing(n, s, tuple(seconds)) for n, s, seconds in zip(names, synapses, found, strict=True)]


def recurrent_rows(task: str, steps: int, batch: int, hidden: int = HIDDEN) -> int:
    """Rows of recurrent synapses that the dense network walks through in one batch: of neurons that have fired."""
    inputs, classes, rate = TASKS[task]
    net = pl.rules.Classifier(inputs=inputs, hidden=hidden, classes=classes, p_in=1.0, p_rec=1.0)
    with net.compile(batch=batch, seed=1) as model:
        for number, example in enumerate(events(inputs, classes, rate, steps, batch)):
            model.executable.set_schedule("source", np.asarray(example.neurons), np.asarray(example.times), number)
        model.signal("begin", steps)
        walked = 0
        for _ in range(steps):
            walked += int(np.any(model.executable.get("recurrent", "z") != 0, axis=0).sum())
            model.step()
    return walked


def least_bytes(task: str, steps: int, batch: int, hidden: int = HIDDEN, recurrent: int = 0) -> float:
    """Bytes that the dense network moves between caches and memory for one batch, at the least.

    Of a synapse that is walked, two traces of each network are read and written, and the summed gradient; a row is
    walked from the step after the first spike of its input in any example. An update reads and writes four numbers; an
    example begins with two traces written in each network. `recurrent`: rows of recurrent synapses that are walked.
    """
    inputs, classes, rate = TASKS[task]
    first = np.full(inputs, steps)
    for example in events(inputs, classes, rate, steps, batch):
        np.minimum.at(first, np.asarray(example.neurons), np.asarray(example.times).astype(int))
    walked = (float(np.sum(steps - first)) + recurrent) * hidden
    all_synapses = (inputs + hidden) * hidden
    return walked * (16 * batch + 8) + all_synapses * (8 * batch + 32)


def bandwidth(repeats: int = 5, values: int = 1 << 25) -> list[float]:
    """Bytes a second that one thread moves when it adds one array to another in memory."""
    a, b = np.ones(values, np.float32), np.ones(values, np.float32)
    found = []
    for _ in range(repeats):
        begun = time.process_time()
        np.add(a, b, out=a)
        found.append(12 * values / (time.process_time() - begun))
    return found


def torch(python: str, algorithm: str, task: str, steps: int, batch: int, repeats: int, hidden: int = HIDDEN) -> Timing:
    """The dense network in another Python's PyTorch.

    Raises:
        SystemExit: that Python has no torch.
    """
    inputs, classes, rate = TASKS[task]
    given = {"inputs": inputs, "hidden": hidden, "classes": classes, "rate": rate, "batch": batch, "steps": steps}
    options = [f"--{name}={value}" for name, value in {**given, "repeats": repeats, "algorithm": algorithm}.items()]
    if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode:
        sys.exit(f"error: {python} has no PyTorch that works; make an environment with it: pip install torch")
    script = str(Path(__file__).with_name("peer_torch.py"))
    done = subprocess.run([python, script, *options], capture_output=True, text=True, check=True)
    seconds = tuple(json.loads(done.stdout.splitlines()[-1]))
    return Timing(f"PyTorch, dense, {algorithm}", (inputs + hidden) * hidden, seconds)


def ratio(one: Timing, other: Timing) -> str:
    """`one` / `other`: the median of the repeats, and their range."""
    ratios = [a / b for a, b in zip(one.seconds, other.seconds, strict=True)]
    three = (statistics.median(ratios), min(ratios), max(ratios))
    middle, low, high = (f"{x:.1f}" if x >= 1 else f"{x:.2g}" for x in three)
    return f"{middle} ({low} .. {high})"


def table(timings: Sequence[Timing]) -> str:
    """In Markdown; each time beside that of the first, dense one."""
    lines = ["| network | synapses | s per batch | dense / this |", "|---|---|---|---|"]
    for t in timings:
        spread = f"{t.median:.3g} ({min(t.seconds):.3g} .. {max(t.seconds):.3g})"
        lines.append(f"| {t.name} | {t.synapses} | {spread} | {ratio(timings[0], t)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=TASKS, default="gestures")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--hidden", type=int, default=HIDDEN)
    parser.add_argument("--torch", metavar="PYTHON", help="a Python with torch, to train the dense network in")
    o = parser.parse_args(arguments)
    begun = time.perf_counter()
    speeds = bandwidth()
    found = measure(o.task, CONDITIONS, o.steps, o.batch, o.repeats, o.hidden)
    if o.torch:
        for algorithm in ("eprop", "backpropagation"):
            found.append(torch(o.torch, algorithm, o.task, o.steps, o.batch, o.repeats, o.hidden))
    speeds += bandwidth()
    sizes = f"{TASKS[o.task][0]}-{o.hidden}-{TASKS[o.task][1]}"
    print(f"{sizes}, {o.batch} examples of {o.steps} steps, one thread, single precision, {o.repeats} repeats\n")
    print(table(found))
    rows = recurrent_rows(o.task, o.steps, o.batch, o.hidden)
    least = least_bytes(o.task, o.steps, o.batch, o.hidden, rows) / statistics.median(speeds)
    rates = f"{statistics.median(speeds) / 1e9:.1f} ({min(speeds) / 1e9:.1f} .. {max(speeds) / 1e9:.1f}) GB/s"
    print(f"\nmemory, one thread: {rates}; dense / what it moves at that speed: {found[0].median / least:.2f}")
    for n, p in ((1, "1 %"), (2, "5 %")):
        over = [b / a - 1 for a, b in zip(found[n].seconds, found[n + 2].seconds, strict=True)]
        print(f"DEEP R over static at {p}: {statistics.median(over):+.1%} ({min(over):+.1%} .. {max(over):+.1%})")
    print(f"\nmeasured in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
