"""A small task: which of four groups of inputs fires most."""

from __future__ import annotations

import numpy as np

import plastlang as pl
from plastlang import train

LIBRARY = pl.load("rules/classifier.plast")


def examples(n: int, seed: int = 0, classes: int = 3) -> list[train.Example]:
    """12 inputs; those of the class (index % classes) fire early."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    values = rng.random((n, 12)) * 0.5 + 0.5 * (np.arange(12) % classes == labels[:, None])
    return train.latency(values, labels, "20 ms", "15 ms")


def model(
    name: str = "RewiringClassifier", backend: str = "c", seed: int = 1, batch: int = 1, precision: str = "single",
    **parameters: object,
) -> pl.Model:  # fmt: skip
    settings = {"inputs": 12, "hidden": 20, "classes": 3, "p_in": 0.4, "p_rec": 0.1, "rate": 0.02, "scale_in": 2}
    return getattr(LIBRARY, name)(**settings | parameters).compile(
        backend=backend, seed=seed, batch=batch, precision=precision
    )
