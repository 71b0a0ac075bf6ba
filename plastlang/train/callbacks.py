"""What can be done between minibatches and epochs."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from plastlang.diagnostics import MachineError
from plastlang.runtime.calls import bad_call, whole
from plastlang.train.keeping import write_training

if TYPE_CHECKING:
    from plastlang.train.fitting import Run


class Callback:
    """Does nothing; override what is needed. `keep` and `take` carry what it notes through a checkpoint (JSON)."""

    @property
    def name(self) -> str:
        """Under which its notes are kept."""
        return type(self).__name__

    def start(self, run: Run) -> None: ...

    def minibatch(self, run: Run) -> None:
        """After each update."""

    def epoch(self, run: Run) -> None:
        """After each epoch; `run.rows[-1]` is what came of it."""

    def end(self, run: Run) -> None:
        """However the training ended."""

    def keep(self) -> Any:
        return None

    def take(self, kept: Any) -> None: ...


class Checkpoint(Callback):
    """Writes a checkpoint after each epoch, after Ctrl-C, and every so many minibatches. `fit(resume=path)` reads it.

    Args:
        path: the file. A checkpoint that is there stays whole until the new one is complete.
        minibatches: how often within an epoch; 0 for never.
    """

    def __init__(self, path: str | Path, minibatches: int = 0):
        self.path = Path(path)
        self.every = whole(minibatches, "minibatches")

    def start(self, run: Run) -> None:
        """Say at once, and not after the first epoch, that the file cannot be written."""
        if self.path.is_dir() or not self.path.parent.is_dir():
            why = "it is a directory" if self.path.is_dir() else f"there is no directory {self.path.parent}"
            raise MachineError(f"cannot write {self.path}: {why}")

    def minibatch(self, run: Run) -> None:
        if run.interrupted or (self.every and run.minibatches % self.every == 0):
            write_training(self.path, run.model, run.place())

    def epoch(self, run: Run) -> None:
        write_training(self.path, run.model, run.place())


class EarlyStopping(Callback):
    """Ends the training when a column of the history has not become better for some epochs.

    Args:
        column: `"validation_accuracy"`, `"validation_loss"`, `"loss"` or `"accuracy"`; a loss should fall, an accuracy
            rise.
        patience: epochs to wait for something better.
        least: by how much it must be better.
    """

    def __init__(self, column: str = "validation_loss", patience: int = 5, least: float = 0.0):
        if column not in ("validation_accuracy", "validation_loss", "loss", "accuracy"):
            raise bad_call(f"{column!r} is no column of the history", "take loss, accuracy, or validation_...", "R401")
        self.column, self.patience, self.least = column, whole(patience, "patience", 1), least
        self.best, self.waited = math.inf, 0

    def epoch(self, run: Run) -> None:
        value = getattr(run.rows[-1], self.column)
        if value is None:
            raise bad_call(f"there is no {self.column} to stop by", "give fit(..., validation=...)", "R401")
        value = -value if self.column.endswith("accuracy") else value
        if value < self.best - self.least:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        if self.waited >= self.patience:
            run.stop(f"{self.column} has not become better for {self.patience} epochs")

    def keep(self) -> Any:
        return [None if math.isinf(self.best) else self.best, self.waited]

    def take(self, kept: Any) -> None:
        best, self.waited = kept
        self.best = math.inf if best is None else best


class LearningRate(Callback):
    """Sets the parameter `rate` of all optimisers at the beginning of each epoch.

    Args:
        schedule: number of the epoch (from 0) -> rate. See `cosine` and `step_decay`.
        parameter: another parameter to be set so.
    """

    def __init__(self, schedule: Callable[[int], float], parameter: str = "rate"):
        self.schedule, self.parameter = schedule, parameter

    def start(self, run: Run) -> None:
        if not self._owners(run):
            raise bad_call(
                f"no projection has a parameter `{self.parameter}`", "give LearningRate(parameter=...)", "R403"
            )
        self._set(run)

    def epoch(self, run: Run) -> None:
        self._set(run)

    def _owners(self, run: Run) -> list[tuple[str, str]]:
        projections = run.model.program.projections
        return [
            (o.name, p.name) for o in projections for p in o.parameters if p.name.rpartition(".")[2] == self.parameter
        ]

    def _set(self, run: Run) -> None:
        for owner, parameter in self._owners(run):
            run.model.set_parameter(owner, parameter, float(self.schedule(len(run.rows))))


def cosine(start: float, end: float, epochs: int) -> Callable[[int], float]:
    """From `start` down to `end` along half a cosine."""
    return lambda epoch: end + (start - end) * (1 + math.cos(math.pi * min(epoch, epochs) / epochs)) / 2


def step_decay(start: float, factor: float, every: int) -> Callable[[int], float]:
    """`start`, multiplied with `factor` after every so many epochs."""
    return lambda epoch: start * factor ** (epoch // every)


class RewiringRecord(Callback):
    """How many synapses moved at each update, for each projection with the variable `moved_last` (`DeepR` has it)."""

    def __init__(self) -> None:
        self._moved: dict[str, list[int]] = {}

    @property
    def moved(self) -> dict[str, NDArray[np.int64]]:
        """By projection: synapses moved, one number for each update."""
        return {name: np.array(counts, np.int64) for name, counts in self._moved.items()}

    def start(self, run: Run) -> None:
        for projection in run.model.program.projections:
            if any(v.name == "moved_last" for v in projection.variables):
                self._moved.setdefault(projection.name, [])
        if not self._moved:
            raise bad_call("no projection has the variable `moved_last`", "compose its rules with DeepR", "R403")

    def minibatch(self, run: Run) -> None:
        for name, counts in self._moved.items():
            counts.append(int(run.model[name].moved_last))

    def keep(self) -> Any:
        return self._moved

    def take(self, kept: Any) -> None:
        self._moved = {name: list(counts) for name, counts in kept.items()}


class ProgressBar(Callback):
    """Loss, accuracy and the time left: a bar on a terminal, one line for each epoch elsewhere.

    Args:
        stream: where to write; stderr without one.
    """

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream or sys.stderr
        self._bar: Any = None
        self._begun, self._from = 0.0, 0.0

    def start(self, run: Run) -> None:
        self._begun, self._from = time.perf_counter(), run.fraction
        if not self.stream.isatty():
            return
        from rich.console import Console  # takes a tenth of a second to load, and only people at a terminal need it
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(file=self.stream))
        self._bar.start()
        self._bar.add_task("training", total=1.0, completed=run.fraction)

    def minibatch(self, run: Run) -> None:
        if self._bar is None:
            return
        text = f"epoch {run.epoch}/{run.epochs}: loss {run.loss / run.done:.4f}"
        if run.stage.shape.classes:
            text += f", accuracy {run.correct / run.done:.1%}"
        self._bar.update(self._bar.task_ids[0], completed=run.fraction, description=text)

    def epoch(self, run: Run) -> None:
        if self._bar is not None:
            self._bar.console.print(str(run.rows[-1]), highlight=False)
            return
        gone = time.perf_counter() - self._begun
        part = run.fraction - self._from
        left = gone * (1 - run.fraction) / part if part > 0 else 0.0
        print(f"{run.rows[-1]} ({run.rows[-1].seconds:.1f} s, {left:.0f} s left)", file=self.stream, flush=True)

    def end(self, run: Run) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
