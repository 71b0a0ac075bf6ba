"""Figures of a run: rasters, degrees over time, histograms of synapse variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from plastlang.diagnostics import MachineError
from plastlang.runtime.files import writing
from plastlang.runtime.model import Model
from plastlang.runtime.recording import Connectivity, Degrees, Spikes, States

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise MachineError("figures need matplotlib: pip install 'plastlang[plot]'") from error

#: More spikes than these are thinned out in a raster: they would be one black block.
_MOST_DOTS = 200_000


def draw(model: Model, directory: Path) -> list[Path]:
    """Draw everything that was recorded; one PNG for each recording. Returns the files."""
    written = []
    for name, recording in model.recordings.items():
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        match recording:
            case Spikes():
                _raster(axes, recording)
            case Degrees():
                _degrees(axes, recording)
            case States():
                axes.plot(recording.times / 1000, recording.values[:, :10])
                axes.set_ylabel(name)
            case Connectivity():
                _weights(axes, model, name.partition(".")[0], recording)
        if not isinstance(recording, Connectivity):
            axes.set_xlabel("time (s)")
        axes.set_title(name)
        path = directory / f"{name}.png"
        with writing(path):
            figure.savefig(path, dpi=120)
        written.append(path)
    return written


def _raster(axes: Any, spikes: Spikes) -> None:
    every = max(1, len(spikes.times) // _MOST_DOTS + (len(spikes.times) > _MOST_DOTS))
    axes.plot(spikes.times[::every] / 1000, spikes.neurons[::every], ",", color="black", rasterized=True)
    axes.set_ylabel("neuron" if every == 1 else f"neuron (1 of {every} spikes)")


def _degrees(axes: Any, degrees: Degrees) -> None:
    into = degrees.in_degree.astype(np.float64)
    mean, deviation = into.mean(axis=1), into.std(axis=1)
    axes.fill_between(degrees.times / 1000, mean - deviation, mean + deviation, alpha=0.25, lw=0)
    axes.plot(degrees.times / 1000, mean, label="in-degree, mean and deviation")
    axes.legend(frameon=False)
    axes.set_ylabel("synapses per target neuron")


def _weights(axes: Any, model: Model, owner: str, connectivity: Connectivity) -> None:
    for snapshot, label in ((connectivity[0], "start"), (connectivity[-1], "end")):
        for name, values in snapshot.values.items():
            if values.size:
                unit = model[owner].unit(name)
                axes.hist(values, bins=40, histtype="step", label=f"{name} at the {label}{f' ({unit})' * bool(unit)}")
    if axes.patches:
        axes.legend(frameon=False)
    axes.set_ylabel("synapses")
