"""Figure and table of the accuracies that training_accuracy.py has kept."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "benchmarks" / "training_accuracy.csv"
DENSE, STATIC, DEEP_R = "dense", "static", "DEEP R"
BEGIN, END = "<!-- accuracies: begin -->", "<!-- accuracies: end -->"
COLUMNS = ("task", "connectivity", "kind", "seed", "input synapses", "recurrent synapses", "moved", "accuracy")

#: (task, connectivity) -> kind -> seed -> accuracy
Table = dict[tuple[str, float], dict[str, dict[int, float]]]


@dataclass(frozen=True, slots=True)
class Paired:
    """Differences of the runs that two kinds have a seed in common for, and the p-value of the paired t-test."""

    differences: NDArray[np.float64]
    p: float

    def __str__(self) -> str:
        if not self.differences.size:
            return ""
        return f"{100 * self.differences.mean():+.1f} points, p = {self.p:.2g} (n = {self.differences.size})"


def record(runs: Sequence[Mapping[str, Any]]) -> str:
    """Every run, as comma-separated values."""
    rows = []
    for run in runs:
        kind = DEEP_R if run["kind"] == "RewiringClassifier" else STATIC if run["connectivity"] < 1 else DENSE
        moved = sum(sum(counts) for counts in run["moved"].values())
        synapses = [run["synapses"][name] for name in ("from_source", "recurrent")]
        rows.append((run["task"], run["connectivity"], kind, run["seed"], *synapses, moved, round(run["accuracy"], 6)))
    return "".join(",".join(map(str, row)) + "\n" for row in (COLUMNS, *sorted(rows)))


def collect(text: str) -> Table:
    """The accuracies of a record by condition."""
    found: Table = {}
    for run in csv.DictReader(text.splitlines()):
        condition = found.setdefault((run["task"], float(run["connectivity"])), {})
        condition.setdefault(run["kind"], {})[int(run["seed"])] = float(run["accuracy"])
    return dict(sorted(found.items()))


def paired(one: Mapping[int, float], other: Mapping[int, float]) -> Paired:
    """`other` - `one`, seed by seed; two-sided."""
    from scipy import stats

    differences = np.array([other[seed] - one[seed] for seed in sorted(set(one) & set(other))])
    if len(differences) < 2 or np.ptp(differences) == 0:
        return Paired(differences, float("nan"))
    return Paired(differences, float(stats.ttest_1samp(differences, 0).pvalue))


def lines(table: Table) -> str:
    """The table in Markdown."""
    heads = ("task", "connectivity", STATIC, DEEP_R, f"{DEEP_R} - {STATIC}", f"{DEEP_R} - {DENSE}")
    found = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for (task, connectivity), kinds in table.items():
        dense = table.get((task, 1.0), {}).get(DENSE, {})
        if DENSE in kinds:
            found.append(f"| {task} | dense | {_cell(dense)} |  |  |  |")
            continue
        static, moved = kinds.get(STATIC, {}), kinds.get(DEEP_R, {})
        cells = [task, f"{connectivity:.0%}", _cell(static), _cell(moved), paired(static, moved), paired(dense, moved)]
        found.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(found)


def _cell(values: Mapping[int, float]) -> str:
    if not values:
        return ""
    array = 100 * np.array(list(values.values()))
    spread = f" ± {array.std(ddof=1):.1f}" if array.size > 1 else ""
    return f"{array.mean():.1f}{spread} % (n = {array.size})"


def draw(table: Table, path: Path) -> None:
    """Accuracy against connectivity, one line for each pair of seeds; dense networks as a band of mean ± deviation."""
    from matplotlib import pyplot as plt

    tasks = sorted({task for task, _ in table})
    figure, axes = plt.subplots(1, len(tasks), figsize=(4.5 * len(tasks), 3.2), layout="constrained", squeeze=False)
    for axis, task in zip(axes[0], tasks, strict=True):
        sparse = [p for t, p in table if t == task and p < 1]
        for place, connectivity in enumerate(sparse):
            kinds = table[task, connectivity]
            for offset, kind, colour in ((-0.14, STATIC, "C0"), (0.14, DEEP_R, "C1")):
                values = 100 * np.array(list(kinds.get(kind, {}).values()))
                if not values.size:
                    continue
                axis.plot(np.full(values.size, place + offset), values, "o", color=colour, markersize=3)
                axis.plot(place + 2 * offset, values.mean(), "_", color=colour, label=None if place else kind, mew=3)
            for seed in set(kinds.get(STATIC, {})) & set(kinds.get(DEEP_R, {})):
                ends = [100 * kinds[kind][seed] for kind in (STATIC, DEEP_R)]
                axis.plot([place - 0.14, place + 0.14], ends, color="0.8", zorder=0, linewidth=0.8)
        dense = 100 * np.array(list(table.get((task, 1.0), {}).get(DENSE, {}).values()))
        if dense.size > 1:
            middle, spread = dense.mean(), dense.std(ddof=1)
            axis.axhspan(middle - spread, middle + spread, color="C2", alpha=0.2, linewidth=0)
            axis.axhline(middle, color="C2", linewidth=0.8, label=DENSE)
        axis.set(title=task, ylabel="accuracy, held out (%)", xlabel="connectivity", xticks=range(len(sparse)))
        axis.set_xticklabels([f"{p:.0%}" for p in sparse])
        axis.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def report(runs: Sequence[Mapping[str, Any]]) -> None:
    """Put the table into docs/training.md, the figure beside it, and all runs into training_accuracy.csv."""
    RECORD.write_text(record(runs), encoding="utf-8")
    table = collect(RECORD.read_text(encoding="utf-8"))
    draw(table, ROOT / "docs" / "figures" / "training_accuracy.png")
    page = ROOT / "docs" / "training.md"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{lines(table)}\n{END}{rest.split(END)[1]}", encoding="utf-8")
