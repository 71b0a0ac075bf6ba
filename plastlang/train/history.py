"""What a training was: one row for each epoch; what an evaluation found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the examples. Accuracies are None where the read-outs stand for numbers.

    `loss` is the mean over examples and steps; `seconds` is wall-clock time, validation included.
    """

    number: int
    loss: float
    accuracy: float | None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        text = f"epoch {self.number}: loss {self.loss:.4f}"
        if self.accuracy is not None:
            text += f", accuracy {self.accuracy:.1%}"
        if self.validation_loss is not None:
            text += f", validation loss {self.validation_loss:.4f}"
        if self.validation_accuracy is not None:
            text += f", accuracy {self.validation_accuracy:.1%}"
        return text


@dataclass(frozen=True, slots=True)
class History:
    """All epochs, also those before the run was resumed. `stopped` says why it ended early, '' if it did not."""

    epochs: tuple[Epoch, ...]
    stopped: str = ""

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __len__(self) -> int:
        return len(self.epochs)

    def column(self, name: str) -> NDArray[np.float64]:
        """One of the columns (`"loss"`, `"validation_accuracy"`, ...) as an array; NaN where there was nothing."""
        return np.array([np.nan if getattr(row, name) is None else getattr(row, name) for row in self.epochs])


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a model makes of examples.

    `outputs`: (examples, read-outs), for classes the softmax averaged over the steps of the example, for numbers the
    averaged output. `targets`: the labels, or (examples, read-outs). `loss`: mean over examples and steps.
    """

    outputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    loss: float

    @property
    def predictions(self) -> NDArray[np.int64]:
        """The class of the largest output, for each example."""
        found: NDArray[np.int64] = self.outputs.argmax(axis=1)
        return found

    @property
    def accuracy(self) -> float | None:
        """The fraction of examples whose class was found; None where the read-outs stand for numbers."""
        return float(np.mean(self.predictions == self.targets)) if self.targets.ndim == 1 else None

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Counts, shape (class, prediction)."""
        counts = np.zeros((self.outputs.shape[1],) * 2, np.int64)
        np.add.at(counts, (self.targets.astype(np.int64), self.predictions), 1)
        return counts
