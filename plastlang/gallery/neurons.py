"""Measurements of neurons, chosen by what the neuron has: a threshold, a rate, a current, an input port."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.api import load
from plastlang.components import Component
from plastlang.diagnostics import PlastError
from plastlang.frontend.checked import CheckedVariable
from plastlang.gallery.curves import Curve, Panel, named
from plastlang.gallery.subject import Subject
from plastlang.ir.nodes import Renewal, Signal, Threshold
from plastlang.ir.types import Site
from plastlang.network import Network
from plastlang.runtime.connectivity import one_to_one
from plastlang.runtime.model import Model

#: Duration of a measurement (ms), most firing that is of interest (Hz), and neurons that are measured side by side.
DURATION, MOST, COUNT = 500.0, 100.0, 48
#: What is shown goes up to so many times the least input that makes it fire.
BEYOND = 8.0
#: Fine enough for the currents of a spike.
STEP = "0.025 ms"
#: When spikes arrive to which the response is shown, how long it is (ms), and how many states are shown.
TRAIN, RESPONSE, MOST_STATES = (20.0, 30.0, 40.0, 100.0), 200.0, 3
#: Spikes a second of the input that drives a neuron through a port.
INPUT_RATE = 200.0


def panels(subject: Subject) -> tuple[Panel, ...]:
    """All that can be shown of a neuron; none where it only repeats given spikes."""
    neuron = subject.component.checked
    match neuron.spiking:
        case Threshold():
            return _driven(subject) or _responses(subject)
        case Renewal():
            return (_raster(subject),)
        case _:
            return ()


#: Units of a current, and of one that is divided by the capacitance.
_DRIVES = ("pA", "mV / ms")


class _Drive:
    """How a neuron is driven: by a current or drive that is 0 by default, else by weights on its first input port."""

    def __init__(self, subject: Subject):
        neuron = subject.component.checked
        given = {name for name, _ in subject.values}
        currents = [
            p for p in neuron.parameters if p.dimension.symbol in _DRIVES and p.default == 0 and p.name not in given
        ]
        self.parameter = currents[0] if currents else None
        self.port = neuron.inputs[0] if neuron.inputs and not currents else None
        self.subject = subject

    @property
    def label(self) -> str:
        """What stands at the axis."""
        if self.parameter is not None:
            return named(self.parameter.name, self.parameter.dimension.symbol)
        assert self.port is not None
        return named(f"weight of {INPUT_RATE:g} Hz on {self.port.port}", self.port.dimension.symbol)

    def run(self, levels: NDArray[Any], record: str = "") -> tuple[NDArray[Any], Any]:
        """(Firing rates in Hz, recorded states) of one neuron at each level."""
        network = Network(STEP, seed=1)
        values: dict[str, Any] = dict(self.subject.values)
        if self.parameter is not None:
            values[self.parameter.name] = levels
        cells = network.population(self.subject.component, len(levels), name="cells", **values)
        if self.port is not None:
            unit = self.port.dimension.symbol
            text = f"neuron Times:\n    spike at times\nrule Drive:\n    synapse w{f': {unit}' if unit else ''} = 0\n"
            library = load(f"{text}    on pre spike:\n        deliver w\n")
            source = network.population(library.Times, len(levels), name="source")
            drive: Component = library.Drive
            network.connect(source, getattr(cells, self.port.port), drive, one_to_one(), name="drive")
        network.record(cells, "spikes")
        if record:
            network.record(cells, record, every="0.5 ms")
        with network.compile(precision="double") as model:
            if self.port is not None:
                model["drive"].w = levels
                _begin(model, DURATION)
                times = np.arange(1000.0 / INPUT_RATE, DURATION, 1000.0 / INPUT_RATE)
                model["source"].schedule(np.tile(np.arange(len(levels)), len(times)), np.repeat(times, len(levels)))
            model.run(DURATION)
            spikes = model["cells"].spikes
            rates = np.bincount(spikes.neurons, minlength=len(levels)) / (DURATION / 1000.0)
            states = model.recordings[f"cells.{record}"] if record else None
        return rates, states


def _begin(model: Model, duration: float) -> None:
    """Neurons that are trained wait for the signal that an example begins (plastlang.train)."""
    blocks = (b for population in model.program.populations for b in population.blocks)
    if any(isinstance(b.trigger, Signal) and b.trigger.name == "begin" for b in blocks):
        model.signal("begin", duration)


def _driven(subject: Subject) -> tuple[Panel, ...]:
    drive = _Drive(subject)
    if drive.parameter is None and drive.port is None:
        return ()
    coarse, rates = _scan(drive)
    firing = np.nonzero(rates > 0)[0]
    if not firing.size or rates.min() > MOST:  # it fires whatever comes
        return ()
    low = float(coarse[max(firing[0] - 1, 0)])
    beyond = np.nonzero(rates > MOST)[0]
    high = min(float(coarse[beyond[0] if beyond.size else firing[-1]]), BEYOND * float(coarse[firing[0]]))
    levels = np.linspace(low, high, COUNT)
    fine, _ = drive.run(levels)
    first = next(v for v in subject.component.checked.variables if v.site is Site.NEURON)
    index = int(np.argmin(np.abs(fine - fine.max() / 2)))  # half of what is shown: it surely fires
    _, states = drive.run(levels[index : index + 1], first.name)
    unit = first.dimension.symbol
    return (
        Panel("rate", drive.label, "spikes a second (Hz)", (Curve(subject.label, levels, fine),)),
        Panel(
            f"{first.name} of a neuron", "time (ms)", named(first.name, unit),
            (Curve(f"{subject.label} at {levels[index]:.3g}", states.times, states.values[:, 0]),),
        ),
    )  # fmt: skip


def _scan(drive: _Drive) -> tuple[NDArray[Any], NDArray[Any]]:
    """(Levels over many decades, rates): as far up as the neuron's equations can follow."""
    for top in (6, 5, 4, 3, 2, 1):
        levels = np.logspace(-3, top, COUNT)
        try:
            return levels, drive.run(levels)[0]
        except PlastError:  # a state became NaN
            continue
    return levels, np.zeros(COUNT)


def _responses(subject: Subject) -> tuple[Panel, ...]:
    """What spikes at the first input port do to the states of a neuron, such as a read-out, and of one beside it."""
    neuron = subject.component.checked
    if not neuron.inputs:
        return ()
    port = neuron.inputs[0]
    network = Network("1 ms", seed=1)
    values: dict[str, Any] = dict(subject.values)
    cell = network.population(subject.component, 2, name="cell", **values)
    unit = port.dimension.symbol
    library = load(
        f"neuron Times:\n    spike at times\nrule Drive:\n    synapse w = 1{f' {unit}' if unit else ''}\n"
        "    on pre spike:\n        deliver w\n"
    )
    source = network.population(library.Times, 1, name="source")
    network.connect(source, getattr(cell, port.port), library.Drive, one_to_one(), name="drive")
    names = [v for v in neuron.variables if v.site is Site.NEURON and not v.shared]
    for variable in names:
        network.record(cell, variable.name, every="1 ms")
    with network.compile(precision="double") as model:
        _begin(model, RESPONSE)
        model["source"].schedule(np.zeros(len(TRAIN), int), np.array(TRAIN))
        model.run(RESPONSE)
        seen: list[tuple[CheckedVariable, Any]] = [(v, model.recordings[f"cell.{v.name}"]) for v in names]
    return tuple(
        Panel(
            f"{v.name} after spikes of weight 1", "time (ms)", named(v.name, v.dimension.symbol),
            tuple(
                Curve(f"{subject.label}{label}", states.times, states.values[:, k])
                for k, label in enumerate(("", " without spikes"))
            ),
        )
        for v, states in seen
        if np.ptp(states.values) > 0
    )[:MOST_STATES]  # fmt: skip


def _raster(subject: Subject) -> Panel:
    network = Network(STEP, seed=1)
    values: dict[str, Any] = dict(subject.values)
    cells = network.population(subject.component, COUNT, name="cells", **values)
    network.record(cells, "spikes")
    with network.compile() as model:
        model.run(DURATION)
        spikes = model["cells"].spikes
    return Panel("spikes", "time (ms)", "neuron", (Curve(subject.label, spikes.times, spikes.neurons, "points"),))
