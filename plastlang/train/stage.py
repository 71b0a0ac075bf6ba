"""Showing examples to a model: who is the source, who the read-out, and what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plastlang.ir.nodes import Population, Projection, Scheduled, Signal
from plastlang.runtime.calls import bad_call, unknown
from plastlang.runtime.model import Model
from plastlang.train.examples import Shape, Spikes

#: After an example, for what is under way to arrive.
_SILENT_STEPS = 1


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What came of examples: outputs (examples, read-outs), summed over their steps; losses (examples,) likewise."""

    outputs: NDArray[np.float64]
    losses: NDArray[np.float64]


class Stage:
    """A model with its roles found.

    Args:
        model: has a `spike at times` population, a read-out with `vote`, `loss`, `shown` and `label` or `target`, and
            the signals `begin(duration)` and `update(examples)`.
        source: its name, needed where several could be meant.
        readout: likewise.
    """

    def __init__(self, model: Model, source: str = "", readout: str = ""):
        self.model = model
        populations = model.program.populations
        self.source = _role("source", source, [p for p in populations if isinstance(p.spiking, Scheduled)], populations)
        self.readout = _role("read-out", readout, [p for p in populations if _is_readout(p)], populations)
        owners: tuple[Population | Projection, ...] = (*populations, *model.program.projections)
        signals = {b.trigger.name for owner in owners for b in owner.blocks if isinstance(b.trigger, Signal)}
        for name in ("begin", "update"):
            if name not in signals:
                raise bad_call(
                    f"nothing in the network listens to the signal `{name}`",
                    "training sends begin(duration) before each example and update(examples) after each minibatch",
                    "R403",
                )
        classes = any(v.name == "label" for v in self.readout.variables)
        self.shape = Shape(self.source.size, self.readout.size, classes, model.dt)
        self.together = model.executable.batch

    def show(self, examples: Sequence[Spikes]) -> Shown:
        """Run examples, one after the other or as many at once as the model has networks."""
        parts = [self._group(group) for group in self._groups(examples)]
        return Shown(np.concatenate([p.outputs for p in parts]), np.concatenate([p.losses for p in parts]))

    def _groups(self, examples: Sequence[Spikes]) -> Iterator[Sequence[Spikes]]:
        """Neighbours of one length, at most as many as there are networks."""
        start = 0
        for end in range(1, len(examples) + 1):
            full = end - start == self.together
            if end == len(examples) or full or examples[end].length != examples[start].length:
                yield examples[start:end]
                start = end

    def _group(self, examples: Sequence[Spikes]) -> Shown:
        executable, name = self.model.executable, self.readout.name
        for number, example in enumerate(examples):
            executable.set_schedule(self.source.name, example.neurons, example.steps + executable.step, number)
        for number in range(len(examples), self.together):
            executable.set_schedule(self.source.name, np.empty(0, np.int32), np.empty(0, np.int64), number)
        count = len(examples)
        targets = [example.target for example in examples]
        targets += [targets[0]] * (self.together - count)  # of networks that are not shown anything
        self._set("label" if self.shape.classes else "target", np.array(targets))
        self._set("shown", np.arange(self.together) < count)
        self._set("loss", np.zeros(self.together))
        length = examples[0].length
        self.model.signal("begin", length * self.model.dt)
        self.model.step(length + _SILENT_STEPS)
        outputs = np.array(executable.get(name, "vote"), np.float64).reshape(self.together, -1)
        losses = np.array(executable.get(name, "loss"), np.float64).reshape(self.together)
        return Shown(outputs[:count] / length, losses[:count] / length)

    def _set(self, variable: str, values: NDArray[np.generic]) -> None:
        array = values.astype(self.model.real)
        self.model.executable.set(self.readout.name, variable, array if self.together > 1 else array[0])


def _is_readout(population: Population) -> bool:
    names = {v.name for v in population.variables}
    return {"vote", "loss", "shown"} <= names and bool(names & {"label", "target"})


def _role(what: str, name: str, fit: list[Population], populations: tuple[Population, ...]) -> Population:
    """The population of that name, or the only one that fits."""
    if name:
        if name not in [p.name for p in populations]:
            raise unknown("the population", name, [p.name for p in populations])
        if name not in [p.name for p in fit]:
            raise bad_call(f"{name} cannot be the {what}", _needs(what), "R403")
        return next(p for p in fit if p.name == name)
    if len(fit) != 1:
        found = f"{', '.join(p.name for p in fit)} could be" if fit else "no population can be"
        hint = f"say which: {what.replace('-', '')}=..." if fit else _needs(what)
        raise bad_call(f"{found} the {what}", hint, "R403")
    return fit[0]


def _needs(what: str) -> str:
    if what == "source":
        return "its neuron must `spike at times`, as SpikeTimes does"
    return "its neuron needs vote, loss, shown, and label or target, as ClassReadOut and ValueReadOut have them"
