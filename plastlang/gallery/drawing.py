"""Panels as pictures. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plastlang.analysis.figures import END, SECOND, START, style
from plastlang.gallery.curves import Curve, Panel

_COLOURS = (END, SECOND, START, "#3b8f4a", "#7a4fa3", "#b08a1e")


def draw(title: str, groups: Sequence[Sequence[Panel]]) -> Figure:
    """One pair of axes for each title that occurs; the panels of all groups that have it share it."""
    titles = list(dict.fromkeys(panel.title for group in groups for panel in group))
    with style():
        figure = Figure(figsize=(3.8 * len(titles), 3.0))
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        for axes, name in zip(figure.subplots(1, len(titles), squeeze=False)[0], titles, strict=True):
            curves = []
            for group in groups:
                for panel in (panel for panel in group if panel.title == name):
                    curves += panel.curves
                    axes.set_xlabel(panel.x_label)
                    axes.set_ylabel(panel.y_label)
            for number, curve in enumerate(curves):
                _curve(axes, curve, _COLOURS[number % len(_COLOURS)])
            axes.set_title(name)
            if len(curves) > 1:
                axes.legend(fontsize=7)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Write the picture."""
    with style():
        figure.savefig(path, dpi=150)
    return path


def _curve(axes: Axes, curve: Curve, colour: str) -> None:
    match curve.kind:
        case "points":
            axes.plot(curve.x, curve.y, ".", ms=3, color=colour, label=curve.label)
        case "steps":
            axes.step(curve.x, curve.y, where="mid", color=colour, label=curve.label)
        case "stems":
            axes.vlines(curve.x, 0, curve.y, color=colour, label=curve.label)
        case _:
            axes.plot(curve.x, curve.y, color=colour, label=curve.label)
