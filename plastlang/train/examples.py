"""One example: input spikes, what they stand for, and how long it lasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plastlang.runtime.calls import bad_call

#: A class, or one number for each read-out.
Target: TypeAlias = "int | NDArray[np.float64]"


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """Spikes of the source and their meaning.

    Args:
        neurons: index of the source neuron of each spike.
        times: of each spike in ms since the beginning of the example, 0 <= time < duration.
        target: the class, or an array with one number for each read-out.
        duration: ms.
    """

    neurons: ArrayLike
    times: ArrayLike
    target: int | ArrayLike
    duration: float


@dataclass(frozen=True, slots=True)
class Spikes:
    """A checked example on the grid of time steps, spikes in the order (step, neuron), each once."""

    neurons: NDArray[np.int32]
    steps: NDArray[np.int64]
    target: Target
    length: int  # steps


@dataclass(frozen=True, slots=True)
class Shape:
    """What examples must fit: numbers of inputs and read-outs, whether they stand for classes, and dt in ms."""

    inputs: int
    outputs: int
    classes: bool
    dt: float


def checked(examples: object, shape: Shape) -> tuple[Spikes, ...]:
    """All examples on the grid of time steps.

    Raises:
        PlastError: there is none, or one of them does not fit; it is named by its number.
    """
    if not isinstance(examples, Iterable) or isinstance(examples, str | bytes):
        raise bad_call(f"a dataset is a sequence of train.Example, not {type(examples).__name__}", code="R401")
    found = tuple(_check(number, example, shape) for number, example in enumerate(examples))
    if not found:
        raise bad_call("the dataset is empty", "give at least one example", "R401")
    return found


def _check(number: int, example: object, shape: Shape) -> Spikes:
    where = f"example {number}"
    if not isinstance(example, Example):
        raise bad_call(f"{where} is {type(example).__name__}, no train.Example", code="R401")
    duration: object = example.duration
    if not isinstance(duration, int | float | np.number) or not 0 < float(duration) < np.inf:
        raise bad_call(f"{where} lasts {duration!r}; a duration is a number of ms above 0", code="R401")
    duration = float(duration)
    neurons, times = np.asarray(example.neurons), np.asarray(example.times)
    if neurons.ndim != 1 or neurons.shape != times.shape:
        shapes = f"{neurons.shape} and {times.shape}"
        raise bad_call(f"{where}: neurons and times must be two lists of one length, not {shapes}", code="R401")
    if neurons.size == 0:
        neurons, times = neurons.astype(np.int64), times.astype(np.float64)
    if neurons.dtype.kind not in "iu" or times.dtype.kind not in "iuf":
        kinds = f"{neurons.dtype} and {times.dtype}"
        raise bad_call(f"{where}: neurons must be whole numbers and times numbers, not {kinds}", code="R401")
    outside = (neurons < 0) | (neurons >= shape.inputs)
    if outside.any():
        there = f"the source has {shape.inputs} (0 to {shape.inputs - 1})"
        raise bad_call(f"{where}: a spike of neuron {neurons[outside][0]}, but {there}", code="R401")
    length = max(1, round(duration / shape.dt))
    inside = (times >= 0) & (times < duration)
    if not inside.all():
        late = times[~inside][0]
        hint = "drop such events, or make the example longer"
        raise bad_call(f"{where}: a spike at {late:g} ms, but it lasts from 0 to {duration:g} ms", hint, "R401")
    steps = np.minimum(np.rint(times / shape.dt).astype(np.int64), length - 1)
    step, neuron = np.divmod(np.unique(steps * shape.inputs + neurons.astype(np.int64)), shape.inputs)  # fast to sort
    return Spikes(neuron.astype(np.int32), step, _target(where, example.target, shape), length)


def _target(where: str, target: object, shape: Shape) -> Target:
    if shape.classes:
        label = np.asarray(target)
        if label.ndim or label.dtype.kind not in "iu":
            raise bad_call(f"{where}: a label is a whole number, not {target!r}", code="R401")
        if not 0 <= int(label) < shape.outputs:
            hint = f"there are {shape.outputs} read-outs (0 to {shape.outputs - 1})"
            raise bad_call(f"{where} has the label {int(label)}", hint, "R401")
        return int(label)
    values = np.asarray(target)
    if values.dtype.kind not in "iuf" or values.shape != (shape.outputs,) or not np.isfinite(values).all():
        raise bad_call(f"{where}: a target is {shape.outputs} finite numbers, one for each read-out", code="R401")
    return values.astype(np.float64)


def labels(examples: Sequence[Spikes]) -> NDArray[np.float64]:
    """The targets of examples, shape (examples,) or (examples, read-outs)."""
    return np.array([example.target for example in examples])
