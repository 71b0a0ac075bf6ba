"""What a picture shows: numbers of curves, apart from how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (x, y); `kind` "line", "points", "steps" or "stems"."""

    label: str
    x: NDArray[Any]
    y: NDArray[Any]
    kind: str = "line"


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves in one pair of axes. Panels with one title and the same labels can be laid over each other."""

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]


def named(name: str, unit: str) -> str:
    """A name with its unit, for an axis."""
    return f"{name} ({unit})" if unit else name
