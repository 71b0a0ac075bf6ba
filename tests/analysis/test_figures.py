"""Figures show the numbers that they were given."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from plastlang.analysis import figures
from plastlang.analysis.maps import Connectivity, edits, profile
from plastlang.analysis.torus import Torus
from plastlang.diagnostics import MachineError

TORUS = Torus(8, 8)


def drawn(seed: int, synapses: int = 200) -> Connectivity:
    rng = np.random.default_rng(seed)
    pairs = rng.choice(TORUS.size**2, synapses, replace=False)
    return Connectivity.of(pairs // TORUS.size, pairs % TORUS.size, rng.random(synapses), TORUS)


def test_profiles_draw_probability_and_weight() -> None:
    start, end = drawn(1), drawn(2)
    figure = figures.profiles({"ff": start}, {"ff": end}, w_max=2.0)
    upper, lower = figure.axes
    before, after = upper.get_lines()
    assert np.array_equal(before.get_ydata(), profile(start).probability)
    assert np.array_equal(after.get_ydata(), profile(end).probability)
    seen = np.isfinite(profile(end).weight)
    assert np.array_equal(lower.get_lines()[1].get_ydata(), profile(end).weight[seen] / 2.0)
    assert upper.get_legend() is not None


def test_receptive_fields_share_one_scale() -> None:
    figure = figures.receptive_fields(drawn(1), drawn(2), [0, 9, 63])
    limits = {panel.images[0].get_clim() for panel in figure.axes}
    assert len(figure.axes) == 6
    assert len(limits) == 1


def test_edit_maps_show_rates() -> None:
    snapshots = [drawn(seed) for seed in range(4)]
    changes = edits(snapshots, np.arange(7))
    figure = figures.edit_maps({"ff": changes}, interval=2.0)
    shown = np.asarray(figure.axes[0].images[0].get_array())
    assert np.array_equal(shown, changes.formed.T / 2.0)


def test_degrees_show_the_mean() -> None:
    snapshots = [drawn(1, 64), drawn(2, 640)]
    figure = figures.degrees(np.array([0.0, 1.0]), {"ff": snapshots, "lateral": snapshots})
    assert np.array_equal(figure.axes[0].get_lines()[0].get_ydata(), [1.0, 10.0])
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["ff", "lateral"]


def test_save_makes_the_directory(tmp_path: Path) -> None:
    path = figures.save(figures.receptive_fields(drawn(1), drawn(2), [0]), tmp_path / "new" / "fields.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "plastlang.analysis.figures")
    with pytest.raises(MachineError, match=r"pip install 'plastlang\[plot\]'"):
        importlib.import_module("plastlang.analysis.figures")
