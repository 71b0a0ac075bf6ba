"""Watch a topographic map form: 60 s of biological time, a table beside published figures, and figures in out/.

    python examples/topographic_map.py [--for 60] [--seed 1] [--scale 1] [--out out]

The model is rules/topographic_map.plast (Knight, Senk & Nowotny, arXiv 2510.19764, 2025).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import plastlang as pl
from plastlang.analysis import figures, maps
from plastlang.analysis.torus import Torus

G_MAX = 200.0  # nS
SIGMA_FORM = 2.5  # of the feed-forward formation rule, in neurons

#: After 60 s at scale 1, from an independent implementation of the published model (mean of 3 seeds, +-3 %).
REFERENCE = {
    "in-degree, feed-forward": 24.0,
    "in-degree, lateral": 8.0,
    "mean weight / maximum, feed-forward": 0.79,
    "mean weight / maximum, lateral": 0.55,
    "formations, feed-forward": 11_000,
    "eliminations, feed-forward": 6_400,
    "rate of the target layer at the end (Hz)": 41,
}


def snapshots(model: pl.Model, projection: str, torus: Torus) -> list[maps.Connectivity]:
    """What was recorded of a projection, ready for analysis."""
    recorded = model.recordings[f"{projection}.connectivity"]
    return [maps.Connectivity.of(s.pre, s.post, s.values["w"], torus) for s in recorded]


def measure(model: pl.Model, ff: maps.Connectivity, lateral: maps.Connectivity) -> dict[str, float]:
    """The figures of the table."""
    spikes = model["tectum"].spikes
    last = min(model.t, 10_000.0)
    return {
        "in-degree, feed-forward": float(ff.in_degree.mean()),
        "in-degree, lateral": float(lateral.in_degree.mean()),
        "mean weight / maximum, feed-forward": float(ff.weight.mean()) / G_MAX,
        "mean weight / maximum, lateral": float(lateral.weight.mean()) / G_MAX,
        "formations, feed-forward": model["ff"].formations,
        "eliminations, feed-forward": model["ff"].eliminations,
        "rate of the target layer at the end (Hz)": 1000
        * float(np.sum(spikes.times >= model.t - last))
        / (last * model["tectum"].size),
    }


def show(measured: dict[str, float], quality: maps.Quality, comparable: bool) -> None:
    """Print both tables."""
    console = Console()
    table = Table("after the run", "here", "reference", title="Topographic map")
    for name, value in measured.items():
        table.add_row(name, _number(value), _number(REFERENCE[name]) if comparable else "(60 s, scale 1)")
    console.print(table)
    table = Table("receptive fields", "here", "shuffled control", "p (Wilcoxon)", title="Feed-forward projection")
    for name, row in (
        ("sigma, by synapses", quality.sigma_conn),
        ("sigma, by weights", quality.sigma_weight),
        ("distance from the ideal place, by synapses", quality.deviation_conn),
        ("distance from the ideal place, by weights", quality.deviation_weight),
    ):
        table.add_row(name, f"{row.value:.3f}", f"{row.control:.3f}", f"{row.p:.1e}")
    console.print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def draw(out: Path, seconds: np.ndarray, ff: list[maps.Connectivity], lateral: list[maps.Connectivity]) -> list[Path]:
    """Save all figures."""
    start, end = {"feed-forward": ff[0], "lateral": lateral[0]}, {"feed-forward": ff[-1], "lateral": lateral[-1]}
    torus = ff[0].torus
    examples = [row * torus.width + column for row, column in ((2, 3), (5, 11), (8, 7), (11, 1), (13, 13))]
    bins = np.arange(0, 9)
    changes = {"feed-forward": maps.edits(ff, bins), "lateral": maps.edits(lateral, bins)}
    interval = float(seconds[1] - seconds[0])
    return [
        figures.save(figures.profiles(start, end, G_MAX), out / "profiles.png"),
        figures.save(figures.receptive_fields(ff[0], ff[-1], examples), out / "receptive_fields.png"),
        figures.save(figures.edit_maps(changes, interval), out / "edits.png"),
        figures.save(figures.degrees(seconds, {"feed-forward": ff, "lateral": lateral}), out / "degrees.png"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--for", dest="seconds", type=float, default=60.0, help="biological time in s (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=int, default=1, help="layers of 16 x 16 times this squared (default 1)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out"))
    arguments = parser.parse_args()

    begun = time.perf_counter()
    network = pl.rules.TopographicMap(s=arguments.scale)
    model = network.compile(backend="c", seed=arguments.seed, threads=arguments.threads)
    compiled = time.perf_counter() - begun
    print(f"compiled in {compiled:.2f} s; running {arguments.seconds:g} s of biological time", flush=True)
    begun = time.perf_counter()
    model.run(f"{arguments.seconds} s", progress=True)
    elapsed = time.perf_counter() - begun

    torus = Torus(16 * arguments.scale, 16 * arguments.scale)
    ff, lateral = snapshots(model, "ff", torus), snapshots(model, "lateral", torus)
    quality = maps.quality(ff[-1], SIGMA_FORM, seed=arguments.seed)
    comparable = arguments.scale == 1 and arguments.seconds == 60
    show(measure(model, ff[-1], lateral[-1]), quality, comparable)
    print(f"{arguments.seconds / elapsed:.1f} times real time on {arguments.threads} thread(s)")
    seconds = model.recordings["ff.connectivity"].times / 1000
    for path in draw(arguments.out, seconds, ff, lateral):
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pl.PlastError as error:
        sys.exit(pl.render(error.diagnostics))
    except pl.MachineError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
