"""Figures of a map that forms. Each function returns a matplotlib Figure; `save` writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plastlang.analysis.maps import Connectivity, Edits, profile, receptive_field
from plastlang.analysis.torus import Floats
from plastlang.diagnostics import MachineError

try:
    import matplotlib
    from matplotlib.figure import Figure
except ImportError as error:
    raise MachineError("figures need matplotlib: pip install 'plastlang[plot]'") from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

START, END = "#8c8c8c", "#0b5fa5"
SECOND = "#c8501e"
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "image.cmap": "magma",
    "image.interpolation": "nearest",
}


def style() -> AbstractContextManager[None]:
    """The look that all figures share."""
    return matplotlib.rc_context(STYLE)


def profiles(start: Mapping[str, Connectivity], end: Mapping[str, Connectivity], w_max: float) -> Figure:
    """Connection probability and mean weight against displacement, at start and end, one column per projection."""
    with style():
        figure = Figure(figsize=(3.6 * len(start), 5.2))
        axes = figure.subplots(2, len(start), squeeze=False, sharex=True)
        for column, name in enumerate(start):
            for label, connectivity, colour in (("start", start[name], START), ("end", end[name], END)):
                measured = profile(connectivity)
                upper, lower = axes[:, column]
                upper.plot(measured.distance, measured.probability, color=colour, label=label)
                seen = np.isfinite(measured.weight)
                lower.plot(measured.distance[seen], measured.weight[seen] / w_max, "o-", ms=3, color=colour)
            upper.set_title(name)
            lower.set_xlabel("displacement (neurons)")
            lower.set_ylim(0, 1.05)
        axes[0, 0].set_ylabel("connection probability")
        axes[1, 0].set_ylabel("mean weight / maximum")
        axes[0, 0].legend()
    return figure


def receptive_fields(start: Connectivity, end: Connectivity, neurons: Sequence[int]) -> Figure:
    """Summed weights on the source layer for some target neurons, before and after; a cross marks the ideal place."""
    with style():
        figure = Figure(figsize=(1.5 * len(neurons) + 0.6, 3.3))
        axes = figure.subplots(2, len(neurons), squeeze=False)
        top = max(receptive_field(c, n).max() for c in (start, end) for n in neurons)
        for row, (label, connectivity) in enumerate((("start", start), ("end", end))):
            for column, neuron in enumerate(neurons):
                panel: Axes = axes[row, column]
                panel.imshow(receptive_field(connectivity, neuron), vmin=0, vmax=top)
                width = connectivity.torus.width
                panel.plot(neuron % width, neuron // width, "+", color="white", ms=7)
                panel.set_xticks([])
                panel.set_yticks([])
                for spine in panel.spines.values():
                    spine.set_visible(False)
                if row == 0:
                    panel.set_title(f"neuron {neuron}", fontweight="normal", fontsize=8)
            axes[row, 0].set_ylabel(label)
    return figure


def edit_maps(changes: Mapping[str, Edits], interval: float) -> Figure:
    """Formations and eliminations per second over time (snapshots `interval` s apart) and distance, one row each."""
    with style():
        figure = Figure(figsize=(7.2, 2.3 * len(changes)))
        axes = figure.subplots(len(changes), 2, squeeze=False, sharex=True, sharey="row")
        for row, (name, edit) in enumerate(changes.items()):
            rates = (edit.formed / interval, edit.eliminated / interval)
            top = max(1.0, *(float(rate.max()) for rate in rates))
            for column, (rate, what) in enumerate(zip(rates, ("formations", "eliminations"), strict=True)):
                panel = axes[row, column]
                extent = (0.0, len(rate) * interval, float(edit.edges[0]), float(edit.edges[-1]))
                image = panel.imshow(rate.T, origin="lower", aspect="auto", extent=extent, vmin=0, vmax=top)
                panel.set_title(f"{name}: {what}")
            axes[row, 0].set_ylabel("distance (neurons)")
            figure.colorbar(image, ax=axes[row], label="per second")
        for panel in axes[-1]:
            panel.set_xlabel("time (s)")
    return figure


def degrees(time: Floats, snapshots: Mapping[str, Sequence[Connectivity]]) -> Figure:
    """Mean in- and out-degree over time (s), with the standard deviation over neurons as a band."""
    with style():
        figure = Figure(figsize=(7.2, 2.6))
        axes = figure.subplots(1, 2, sharey=True)
        for (name, series), colour in zip(snapshots.items(), (END, SECOND, START), strict=False):
            for panel, degree in zip(axes, ("in_degree", "out_degree"), strict=True):
                values = [getattr(connectivity, degree) for connectivity in series]
                mean, deviation = np.array([v.mean() for v in values]), np.array([v.std() for v in values])
                panel.plot(time, mean, color=colour, label=name)
                panel.fill_between(time, mean - deviation, mean + deviation, color=colour, alpha=0.15, lw=0)
        for panel, title in zip(axes, ("in-degree", "out-degree"), strict=True):
            panel.set_title(title)
            panel.set_xlabel("time (s)")
            panel.set_ylim(bottom=0)
        axes[0].set_ylabel("synapses per neuron")
        axes[0].legend(loc="upper left")
    return figure


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure (the format follows the suffix), making the directory where needed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path
