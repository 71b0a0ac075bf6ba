"""The loop of training: epochs, minibatches, and what is done between them."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plastlang.diagnostics import Diagnostic, PlastError
from plastlang.runtime.calls import bad_call, whole
from plastlang.runtime.model import Model
from plastlang.runtime.run import interruptible
from plastlang.train.callbacks import Callback, Checkpoint
from plastlang.train.examples import Example, Spikes, checked, labels
from plastlang.train.history import Epoch, Evaluation, History
from plastlang.train.keeping import Place, read_training
from plastlang.train.stage import Stage

_WHOLE = "a checkpoint that was written before is whole"


def evaluate(model: Model, examples: Iterable[Example], source: str = "", readout: str = "") -> Evaluation:
    """What a model makes of examples. The model is afterwards as it was before, to the last bit.

    Args:
        model: see `fit`.
        examples: with their targets.
        source: name of the input population, where it is not plain which it is.
        readout: likewise of the read-out.
    """
    stage = Stage(model, source, readout)
    return _evaluate(stage, checked(examples, stage.shape))


def predict(model: Model, examples: Iterable[Example], source: str = "", readout: str = "") -> NDArray[np.int64]:
    """The class that a model finds for each example. See `evaluate`."""
    return evaluate(model, examples, source, readout).predictions


def _evaluate(stage: Stage, examples: Sequence[Spikes]) -> Evaluation:
    executable = stage.model.executable
    before = executable.save()
    try:
        shown = stage.show(examples)
    finally:
        executable.restore(before)
    return Evaluation(shown.outputs, labels(examples), float(shown.losses.mean()))


def fit(
    model: Model,
    examples: Iterable[Example],
    *,
    epochs: int,
    batch_size: int = 32,
    validation: Iterable[Example] | None = None,
    seed: int = 0,
    callbacks: Iterable[Callback] = (),
    resume: str | Path | None = None,
    source: str = "",
    readout: str = "",
) -> History:
    """Train a model: before each example `begin(duration)`, after each minibatch `update(examples)`.

    Args:
        model: with a `spike at times` population, a read-out such as ClassReadOut, and rules that learn.
        examples: are shuffled anew in each epoch.
        epochs: how often each example is shown.
        batch_size: examples between two updates.
        validation: examples to be evaluated after each epoch.
        seed: of the order of the examples.
        callbacks: what is done between minibatches and epochs.
        resume: a checkpoint of `Checkpoint`; training goes on where it was, and ends with the same bits as if it had
            never stopped. Where there is no such file it begins anew.
        source: name of the input population, where it is not plain which it is.
        readout: likewise of the read-out.

    Raises:
        PlastError: the examples do not fit the network, the loss is no number any more, or the checkpoint is of another
            training.
        KeyboardInterrupt: after Ctrl-C, at the end of a minibatch; a `Checkpoint` has then been written.
    """
    stage = Stage(model, source, readout)
    data = checked(examples, stage.shape)
    held_out = None if validation is None else checked(validation, stage.shape)
    size = whole(batch_size, "batch_size", 1)
    settings = {"examples": _fingerprint(data), "batch_size": size, "seed": whole(seed, "seed", 0, 2**63)}
    ordered = sorted(callbacks, key=lambda c: isinstance(c, Checkpoint))  # they keep what the others have noted
    for callback in ordered:
        if not isinstance(callback, Callback):
            raise bad_call(f"{callback!r} is no callback", "take for example train.ProgressBar()", "R401")
    run = Run(stage, data, held_out, whole(epochs, "epochs"), size, settings, tuple(ordered))
    if resume is not None and Path(resume).exists():
        run.take(Path(resume))
    return run.go()


@dataclass(slots=True)
class Run:
    """A training that goes on; callbacks look at it."""

    stage: Stage
    data: Sequence[Spikes]
    held_out: Sequence[Spikes] | None
    epochs: int
    batch_size: int
    settings: dict[str, int]
    callbacks: tuple[Callback, ...]
    rows: list[Epoch] = field(default_factory=list)
    done: int = 0  # examples of this epoch
    loss: float = 0.0  # summed over them
    correct: int = 0
    stopped: str = ""
    interrupted: bool = False
    _since: float = field(default_factory=time.perf_counter)

    @property
    def model(self) -> Model:
        return self.stage.model

    @property
    def epoch(self) -> int:
        """The number of the epoch that is going on, from 1."""
        return len(self.rows) + 1

    @property
    def minibatches(self) -> int:
        """Minibatches done in this epoch."""
        return -(-self.done // self.batch_size)

    @property
    def fraction(self) -> float:
        """How much of all epochs is done."""
        return (len(self.rows) + self.done / len(self.data)) / self.epochs if self.epochs else 1.0

    def stop(self, why: str) -> None:
        """End the training when this epoch's callbacks are done."""
        self.stopped = why

    def place(self) -> Place:
        """Everything about the training that is not in the model."""
        kept = {callback.name: callback.keep() for callback in self.callbacks}
        return Place(tuple(self.rows), self.done, self.loss, self.correct, self.stopped, self.settings, kept)

    def take(self, path: Path) -> None:
        """Go on from a checkpoint."""
        place = read_training(path, self.model)
        if place.settings != self.settings:
            names = {"examples": "other examples", "batch_size": "another batch_size", "seed": "another seed"}
            wrong = next(text for key, text in names.items() if place.settings.get(key) != self.settings[key])
            raise bad_call(f"{path} was written by a training with {wrong}", "resume with the same", "R404")
        self.rows, self.done, self.loss, self.correct = list(place.rows), place.done, place.loss, place.correct
        self.stopped = place.stopped
        for callback in self.callbacks:
            if callback.name in place.callbacks:
                callback.take(place.callbacks[callback.name])

    def go(self) -> History:
        with interruptible() as stop:
            for callback in self.callbacks:
                callback.start(self)
            try:
                while len(self.rows) < self.epochs and not self.stopped:
                    self._epoch(lambda: stop.requested)
            finally:
                for callback in self.callbacks:
                    callback.end(self)
        return History(tuple(self.rows), self.stopped)

    def _epoch(self, requested: Callable[[], bool]) -> None:
        self._since = time.perf_counter()
        order = np.random.default_rng((self.settings["seed"], len(self.rows))).permutation(len(self.data))
        while self.done < len(self.data):
            self._minibatch([self.data[i] for i in order[self.done : self.done + self.batch_size]])
            self.interrupted = requested()
            for callback in self.callbacks:
                callback.minibatch(self)
            if self.interrupted:
                raise KeyboardInterrupt
        self._close_epoch()
        for callback in self.callbacks:
            callback.epoch(self)

    def _minibatch(self, examples: Sequence[Spikes]) -> None:
        number = self.minibatches + 1
        try:
            shown = self.stage.show(examples)
        except PlastError as error:  # the run itself may have found what became of the values
            where = f"it was minibatch {number} of epoch {self.epoch} of a training; {_WHOLE}"
            raise PlastError(tuple(replace(d, notes=(*d.notes, where)) for d in error.diagnostics)) from None
        total = float(shown.losses.sum())
        if not np.isfinite(total):
            message = f"the loss became {total:g} in minibatch {number} of epoch {self.epoch}"
            hint = "lower the learning rate or the start values of the weights"
            raise PlastError((Diagnostic("R402", message, notes=(f"the training ended there; {_WHOLE}",), hint=hint),))
        self.model.signal("update", len(examples))
        self.loss += total
        if self.stage.shape.classes:
            self.correct += int((shown.outputs.argmax(axis=1) == labels(examples)).sum())
        self.done += len(examples)

    def _close_epoch(self) -> None:
        found = None if self.held_out is None else _evaluate(self.stage, self.held_out)
        count = len(self.data)
        accuracy = self.correct / count if self.stage.shape.classes else None
        seconds = time.perf_counter() - self._since
        loss, right = (found.loss, found.accuracy) if found else (None, None)
        self.rows.append(Epoch(self.epoch, self.loss / count, accuracy, loss, right, seconds))
        self.done, self.loss, self.correct = 0, 0.0, 0


def _fingerprint(data: Sequence[Spikes]) -> int:
    """Tells one dataset from another."""
    found = 0
    for example in data:
        for part in (example.neurons, example.steps, np.asarray(example.target, np.float64), np.int64(example.length)):
            found = zlib.crc32(np.ascontiguousarray(part).tobytes(), found)
    return found
