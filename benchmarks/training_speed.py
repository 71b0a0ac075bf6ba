"""Time of training dense, static sparse and rewired (DEEP R) networks of published sizes, as ratios within one run.

    python benchmarks/training_speed.py [--task gestures|digits] [--steps 100] [--batch 8] [--repeats 3]

2048-512-11 neurons and 11 classes as for DVS gestures, 700-512-20 as for spoken digits (Knight, Senk & Nowotny, arXiv
2510.19764, 2025). Events are generated: every input has a rate of its own (log-normal), so that the mean is that of the
data. One batch is shown and one update made; the time of the update is in it. With 100 steps about 10 min on two cores,
most of it for the dense network.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import plastlang as pl
from plastlang import train

#: Inputs, classes, and mean rate of an input in Hz.
TASKS = {"gestures": (2048, 11, 20.0), "digits": (700, 20, 12.0)}
HIDDEN = 512
CONDITIONS = (
    ("dense", "Classifier", 1.0), ("static 1 %", "Classifier", 0.01), ("static 5 %", "Classifier", 0.05),
    ("DEEP R 1 %", "RewiringClassifier", 0.01), ("DEEP R 5 %", "RewiringClassifier", 0.05),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds for one batch, all repeats."""

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
    task: str, condition: tuple[str, str, float], steps: int, batch: int, repeats: int, hidden: int = HIDDEN
) -> Timing:
    """Compile, show one batch, then time batches."""
    inputs, classes, rate = TASKS[task]
    name, network, connectivity = condition
    settings = {"inputs": inputs, "hidden": hidden, "classes": classes, "p_in": connectivity, "p_rec": connectivity}
    examples = events(inputs, classes, rate, steps, batch)
    with getattr(pl.rules, network)(**settings).compile(batch=batch, seed=1) as model:
        synapses = len(model["from_source"]) + len(model["recurrent"])
        train.fit(model, examples, epochs=1, batch_size=batch)
        history = train.fit(model, examples, epochs=repeats, batch_size=batch)
    return Timing(name, synapses, tuple(row.seconds for row in history))


def table(timings: Sequence[Timing]) -> str:
    """In Markdown; each time beside that of the first, dense one."""
    lines = ["| network | synapses | s per batch | dense / this |", "|---|---|---|---|"]
    for t in timings:
        spread = f"{t.median:.3g} ({min(t.seconds):.3g} .. {max(t.seconds):.3g})"
        lines.append(f"| {t.name} | {t.synapses} | {spread} | {timings[0].median / t.median:.1f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=TASKS, default="gestures")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=HIDDEN)
    options = parser.parse_args(arguments)
    begun = time.perf_counter()
    found = [
        measure(options.task, condition, options.steps, options.batch, options.repeats, options.hidden)
        for condition in CONDITIONS
    ]
    sizes = f"{TASKS[options.task][0]}-{options.hidden}-{TASKS[options.task][1]}"
    print(f"{sizes}, {options.batch} examples of {options.steps} steps, one thread, single precision\n")
    print(table(found))
    print(f"\nmeasured in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
