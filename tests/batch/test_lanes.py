"""Walks in which the networks of a batch lie side by side: which are, and that nothing but speed depends on it."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl
from plastlang import train
from plastlang.backends.c.emit import emit
from plastlang.ir.nodes import Program

BATCH = 3


def program(network: str, **values: float) -> Program:
    """A small classifier, scheduled."""
    with getattr(pl.rules, network)(inputs=9, hidden=7, classes=3, **values).compile(batch=BATCH, seed=1) as model:
        return model.program


def test_eligibilities_lie_in_lanes() -> None:
    emitted = emit(program("Classifier"), "single", BATCH)
    lanes = {name: place.lanes for name, place in emitted.layout.projections.items()}
    assert lanes == {"from_source": BATCH, "recurrent": BATCH, "forward": BATCH, "back": 1}
    assert f"[(int64_t)(s) * {BATCH} + b]" in emitted.source
    assert all(p.lanes == 1 for p in emit(program("Classifier"), "single").layout.projections.values())


@pytest.mark.parametrize(("precision", "batch"), [("single", 3), ("double", 4), ("single", 4), ("single", 12)])
def test_the_reference_gives_the_same_bits_while_rows_move(precision: str, batch: int) -> None:
    """Rewired in every update, with other values of eligibilities in each network that the host wrote.

    Multiples of four networks are turned four by four in single precision; more than eight add to sums in two parts.
    """
    rng = np.random.default_rng(1)
    examples = [train.Example(rng.integers(0, 9, 40), rng.uniform(0, 30, 40), k % 3, 30) for k in range(2 * batch)]
    found = []
    for backend in ("reference", "c"):
        net = pl.rules.RewiringClassifier(inputs=9, hidden=7, classes=3, p_in=0.5, p_rec=0.4, l1=1.0, rate=0.2)
        with net.compile(backend, batch=batch, seed=2, precision=precision) as model:
            shape = model.executable.get("from_source", "filtered").shape
            assert shape == (batch, len(model["from_source"]))
            given = np.random.default_rng(3).normal(size=shape).astype(model.real)
            model.executable.set("from_source", "filtered", given)
            assert (model.executable.get("from_source", "filtered") == given).all()
            train.fit(model, examples, epochs=2, batch_size=batch)
            model.executable.set("recurrent", "e_a", model.executable.get("recurrent", "e_a") + model.real(0.5))
            model.step(7)
            state = dict(model.executable.save())
            model.executable.restore(state)
            model.step(3)
            found.append(model.executable.save())
            moved = float(model["from_source"].get("moved"))
    assert moved > 3
    assert found[0].keys() == found[1].keys()
    for key in found[0]:
        np.testing.assert_array_equal(found[0][key], found[1][key], err_msg=key)
