"""Accuracy of dense, static sparse and rewired (DEEP R) classifiers at equal connectivity, with paired tests.

    python -m benchmarks.training_accuracy --task digits --task yin-yang --seeds 20 --report     # or: make accuracy

A run takes five to ten seconds on one quiet core. Each is kept in out/training/ as one line of JSON as soon as it is
done, and is not run again. The report puts all of them into training_accuracy.csv, and figure and table into docs/.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import plastlang as pl
from plastlang import train

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "out" / "training"
HIDDEN, BATCH = 128, 4
CONNECTIVITY = (0.01, 0.05, 0.10)
EPOCHS = {"digits": 5, "yin-yang": 5, "digits (10 epochs)": 10, "manifolds": 5}
KINDS = {"Classifier": "static", "RewiringClassifier": "DEEP R"}

Split = tuple[list[train.Example], list[train.Example]]


def digits() -> Split:
    """The handwritten digits of scikit-learn (8 x 8 pixels), latency-coded: 1347 to learn from, 450 held out."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    examples = train.latency(images[order] / 16, labels[order], "40 ms", "25 ms")
    return examples[:1347], examples[1347:]


def yin_yang() -> Split:
    """Yin-Yang (Kriener et al. 2022), x and y each seen by 32 receptive fields: 999 points, and 450 held out."""
    found = []
    for n, seed in ((999, 1), (450, 2)):
        values, labels = train.yin_yang(n, seed)
        found.append(train.latency(receptive_fields(values[:, :2], 32), labels, "40 ms", "25 ms"))
    return found[0], found[1]


def manifolds() -> Split:
    """Ten random manifolds (Zenke & Vogels 2021; dimension 1, smoothness 1): 1000 points, and 500 held out."""
    values, labels = train.random_manifolds(1500, seed=1, inputs=64)
    examples = train.latency(1 - values, labels, "40 ms", "25 ms", least=0)
    return examples[:1000], examples[1000:]


def receptive_fields(values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Each value from 0 to 1 seen by `n` Gaussian receptive fields: (examples, values) -> (examples, values n)."""
    distance = values[:, :, None] - np.linspace(0, 1, n)
    return np.exp(-(distance**2) / (2 * (1.5 / n) ** 2)).reshape(len(values), -1)


TASKS = {
    "digits": (digits, 64, 10), "yin-yang": (yin_yang, 64, 3), "digits (10 epochs)": (digits, 64, 10),
    "manifolds": (manifolds, 64, 10),
}  # fmt: skip


def run(task: str, kind: str, connectivity: float, seed: int, data: Split) -> dict[str, object]:
    """Train once; seed decides start weights, connectivity and order of the examples."""
    _, inputs, classes = TASKS[task]
    library = pl.load(ROOT / "rules" / "classifier.plast")
    settings = {"l1": 0.001} if kind == "RewiringClassifier" else {}
    network = getattr(library, kind)(
        inputs=inputs, hidden=HIDDEN, classes=classes, p_in=connectivity, p_rec=connectivity, rate=0.005, **settings
    )
    begun = time.perf_counter()
    record = [train.RewiringRecord()] if settings else []
    rate = train.LearningRate(train.cosine(0.01, 0.001, EPOCHS[task]))
    with network.compile(seed=seed, batch=BATCH) as model:
        synapses = {name: len(model[name]) for name in ("from_source", "recurrent")}
        history = train.fit(
            model, data[0], epochs=EPOCHS[task], batch_size=BATCH, seed=seed, callbacks=[rate, *record]
        )  # fmt: skip
        accuracy = train.evaluate(model, data[1]).accuracy
    return {
        "task": task, "kind": kind, "connectivity": connectivity, "seed": seed, "synapses": synapses,
        "accuracy": accuracy, "curve": [row.accuracy for row in history],
        "moved": {name: counts.tolist() for r in record for name, counts in r.moved.items()},
        "seconds": round(time.perf_counter() - begun, 1),
    }  # fmt: skip


def conditions(first: int, seeds: int, connectivity: Sequence[float]) -> list[tuple[str, float, int]]:
    """Seed by seed, so that whatever has been run is a set of pairs; 1 is dense, and static."""
    of_one = [(kind, p) for p in connectivity for kind in KINDS if p < 1 or kind == "Classifier"]
    return [(kind, p, seed) for seed in range(first, seeds) for kind, p in of_one]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=TASKS, action="append", default=[])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--connectivity", type=float, nargs="+", default=(*CONNECTIVITY, 1.0))
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args(arguments)
    KEPT.mkdir(parents=True, exist_ok=True)
    for task in options.task:
        data = TASKS[task][0]()
        for kind, connectivity, seed in conditions(options.first, options.seeds, options.connectivity):
            path = KEPT / f"{task}-{kind}-{connectivity:g}-{seed}.json"
            if not path.exists():
                found = run(task, kind, connectivity, seed, data)
                path.write_text(json.dumps(found))
                print(
                    f"{task} {kind} {connectivity:.0%} seed {seed}: {found['accuracy']:.1%} in {found['seconds']} s",
                    flush=True,
                )
    if options.report:
        from benchmarks.training_report import report

        report([json.loads(path.read_text()) for path in sorted(KEPT.glob("*.json"))])


if __name__ == "__main__":
    main()
