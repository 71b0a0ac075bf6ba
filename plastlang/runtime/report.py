"""What a run came to, for people and for tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plastlang.runtime.model import Model
from plastlang.runtime.progress import seconds
from plastlang.runtime.recording import Spikes


def summary(model: Model, stages: Mapping[str, float], interrupted: bool) -> dict[str, Any]:
    """Times, rates, degrees and means of a run, ready for JSON. `stages`: seconds by name, with "run" among them."""
    report: dict[str, Any] = {
        "network": model.program.name, "backend": model.backend, "seed": model.seed, "simulated_ms": model.t,
        "interrupted": interrupted, "real_time_factor": model.t / 1000 / max(stages.get("run", 0.0), 1e-9),
        "stages": {name: round(value, 6) for name, value in stages.items()},
    }  # fmt: skip
    report["populations"] = {}
    for name in model.populations:
        entry: dict[str, Any] = {"neurons": model[name].size}
        if f"{name}.spikes" in model.recordings:
            recorded = model.recordings[f"{name}.spikes"]
            assert isinstance(recorded, Spikes)
            entry["spikes"] = len(recorded.times)
            entry["rate_hz"] = len(recorded.times) / model[name].size / (model.t / 1000) if model.t else 0.0
        report["populations"][name] = entry
    report["projections"] = {name: _projection(model, name) for name in model.projections}
    return report


def _projection(model: Model, name: str) -> dict[str, Any]:
    view = model[name]
    into = view.in_degree
    entry: dict[str, Any] = {
        "synapses": len(view), "mean_in_degree": float(into.mean()) if into.size else 0.0,
        "formations": view.formations, "eliminations": view.eliminations,
    }  # fmt: skip
    values = {variable: view.get(variable) for variable in view.variables}
    entry["means"] = {
        variable: {"mean": float(np.mean(value, dtype=np.float64)), "unit": view.unit(variable)}
        for variable, value in values.items()
        if np.ndim(value) and np.size(value) == len(view) and len(view)
    }
    return entry


def summary_text(report: Mapping[str, Any], verbose: bool = False) -> str:
    """The summary as lines of text."""
    end = " (interrupted)" if report["interrupted"] else ""
    lines = [f"{report['network']}: {seconds(report['simulated_ms'])} simulated{end}"]
    for name, entry in report["populations"].items():
        spikes = f", {entry['spikes']} spikes, {entry['rate_hz']:.2f} Hz" if "spikes" in entry else ""
        lines.append(f"  {name}: {entry['neurons']} neurons{spikes}")
    for name, entry in report["projections"].items():
        edits = f", {entry['formations']} formed, {entry['eliminations']} eliminated"
        changes = edits if entry["formations"] or entry["eliminations"] else ""
        lines.append(f"  {name}: {entry['synapses']} synapses, in-degree {entry['mean_in_degree']:.2f}{changes}")
        for variable, value in entry["means"].items():
            lines.append(f"    mean {variable}: {value['mean']:.4g} {value['unit']}".rstrip())
    if verbose:
        lines.append("  " + ", ".join(f"{stage} {value:.3f} s" for stage, value in report["stages"].items()))
        lines.append(f"  {report['real_time_factor']:.3g} times real time")
    for file in report.get("files", ()):
        lines.append(f"  wrote {file}")
    return "\n".join(lines)
