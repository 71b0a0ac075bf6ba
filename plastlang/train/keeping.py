"""Checkpoints of a training: the state of the model and the place in the training, in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plastlang.runtime.calls import bad_call
from plastlang.runtime.checkpoint import read_checkpoint, write_checkpoint
from plastlang.runtime.model import Model
from plastlang.train.history import Epoch

_KEY = "training"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a training is: epochs done, and the sums of the one that is going on."""

    rows: tuple[Epoch, ...]
    done: int
    loss: float
    correct: int
    stopped: str
    settings: Mapping[str, int]
    callbacks: Mapping[str, Any]


def write_training(path: Path, model: Model, place: Place) -> None:
    """Write a checkpoint; whatever stood at `path` stays whole until the new one is complete."""
    text = json.dumps({"format": _FORMAT, **asdict(place)}, sort_keys=True)
    state = {**model.executable.save(), _KEY: np.frombuffer(text.encode(), dtype=np.uint8)}
    write_checkpoint(path, model.header, state)


def read_training(path: Path, model: Model) -> Place:
    """Take the state of a checkpoint into the model, and give its place in the training.

    Raises:
        PlastError: damaged, of another network, or no checkpoint of a training. The model is as it was before.
    """
    header, state = read_checkpoint(path)
    kept = state.pop(_KEY, None)
    if kept is None:
        raise bad_call(f"{path} holds a model but no training", "use model.load to read it", "R404")
    text = json.loads(bytes(kept.tobytes()).decode())
    if text.pop("format") != _FORMAT:
        raise bad_call(f"{path} was written by another version of plastlang ({header.version})", code="R404")
    model.take(path, header, state)
    return Place(**(text | {"rows": tuple(Epoch(**row) for row in text["rows"])}))
