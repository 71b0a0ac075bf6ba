"""Figure and table of the accuracies that training_accuracy.py has kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- accuracies: begin -->", "<!-- accuracies: end -->"

#: (task, connectivity) -> kind -> seed -> accuracy
Table = dict[tuple[str, float], dict[str, dict[int, float]]]


def collect(runs: Sequence[Mapping[str, Any]]) -> Table:
    """Runs by condition."""
    found: Table = {}
    for run in runs:
        kind = "DEEP R" if run["kind"] == "RewiringClassifier" else "static"
        found.setdefault((run["task"], run["connectivity"]), {}).setdefault(kind, {})[run["seed"]] = run["accuracy"]
    return dict(sorted(found.items()))


def paired(static: Mapping[int, float], moved: Mapping[int, float]) -> tuple[NDArray[np.float64], float]:
    """Differences DEEP R - static of the seeds that both have, and the p-value of the paired t-test (two-sided)."""
    from scipy import stats

    seeds = sorted(set(static) & set(moved))
    differences = np.array([moved[seed] - static[seed] for seed in seeds])
    if len(seeds) < 2 or np.ptp(differences) == 0:
        return differences, float("nan")
    return differences, float(stats.ttest_1samp(differences, 0).pvalue)


def lines(table: Table) -> str:
    """The table in Markdown."""
    found = ["| task | connectivity | static | DEEP R | DEEP R - static | p (paired t) |", "|---|---|---|---|---|---|"]
    for (task, connectivity), kinds in table.items():
        cells = [_cell(kinds.get(kind, {})) for kind in ("static", "DEEP R")]
        differences, p = paired(kinds.get("static", {}), kinds.get("DEEP R", {}))
        test = ["", ""] if not differences.size else [f"{100 * differences.mean():+.1f} points", f"{p:.2g}"]
        found.append("| " + " | ".join([task, f"{connectivity:.0%}", *cells, *test]) + " |")
    return "\n".join(found)


def _cell(values: Mapping[int, float]) -> str:
    if not values:
        return ""
    array = 100 * np.array(list(values.values()))
    spread = f" ± {array.std(ddof=1):.1f}" if array.size > 1 else ""
    return f"{array.mean():.1f}{spread} % (n = {array.size})"


def draw(table: Table, path: Path) -> None:
    """Accuracy against connectivity, one line for each pair of seeds."""
    from matplotlib import pyplot as plt

    tasks = sorted({task for task, _ in table})
    figure, axes = plt.subplots(1, len(tasks), figsize=(4.5 * len(tasks), 3.2), layout="constrained", squeeze=False)
    for axis, task in zip(axes[0], tasks, strict=True):
        sparse = [p for t, p in table if t == task and p < 1]
        for place, connectivity in enumerate(sparse):
            kinds = table[task, connectivity]
            for seed, value in kinds.get("static", {}).items():
                other = kinds.get("DEEP R", {}).get(seed)
                axis.plot(place - 0.12, 100 * value, "o", color="C0", label="static" if not place + seed else None)
                if other is not None:
                    axis.plot(place + 0.12, 100 * other, "o", color="C1", label="DEEP R" if not place + seed else None)
                    axis.plot([place - 0.12, place + 0.12], [100 * value, 100 * other], color="0.7", zorder=0)
        for number, value in enumerate(table.get((task, 1.0), {}).get("static", {}).values()):
            axis.axhline(100 * value, color="C2", linewidth=0.8, label="dense" if not number else None)
        axis.set(title=task, ylabel="accuracy, held out (%)", xticks=range(len(sparse)))
        axis.set_xticklabels([f"{p:.0%}" for p in sparse])
        axis.set_xlabel("connectivity")
        axis.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def report(runs: Sequence[Mapping[str, Any]]) -> None:
    """Put the table into docs/training.md and the figure beside it."""
    table = collect(runs)
    draw(table, ROOT / "docs" / "figures" / "training_accuracy.png")
    page = ROOT / "docs" / "training.md"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{lines(table)}\n{END}{rest.split(END)[1]}", encoding="utf-8")
