"""Panels as pictures. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from plastlang.analysis.figures import END, SECOND, START, style
from plastlang.gallery.curves import Curve, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (END, SECOND, START, "#3b8f4a", "#7a4fa3", "#b08a1e")


def draw(title: str, groups: Sequence[Sequence[Panel]]) -> Figure:
    """One pair of axes for each kind of panel (title and labels); the panels of all groups that are of it share it."""
    from matplotlib.figure import Figure  # it is there: analysis.figures has said so

    kinds = list(dict.fromkeys(_kind(panel) for group in groups for panel in group))
    with style():
        figure = Figure(figsize=(3.8 * len(kinds), 3.0))
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            curves = [c for group in groups for panel in group if _kind(panel) == kind for c in panel.curves]
            name, x_label, y_label = kind
            axes.set_xlabel(x_label)
            axes.set_ylabel(y_label)
            for number, curve in enumerate(curves):
                _curve(axes, curve, _COLOURS[number % len(_COLOURS)])
            axes.set_title(name)
            if len(curves) > 1:
                axes.legend(fontsize=7)
    return figure


def _kind(panel: Panel) -> tuple[str, str, str]:
    return panel.title, panel.x_label, panel.y_label


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
