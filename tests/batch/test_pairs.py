"""Constants of pairs that synapses keep: whatever brings synapses, they are those that the reference computes anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import plastlang as pl
from plastlang.backends.c.emit import emit
from plastlang.runtime.model import Model

TEXT = """
rule Signed:
    synapse shared w = 0
    param scale = 2
    pair place = random_sign()
    pair level = uniform(0, 1)
    pair scaled = scale * uniform(0, 1)
    on mark():
        w = place * level + scaled
    on rewire():
        let n = prune where w * place < 0.6
        grow n pairs uniformly:
            w = 3 * place * level
"""


def made(backend: str, batch: int) -> Model:
    net = pl.Network(dt="1 ms", seed=3)
    source = net.population(pl.rules.SpikeTimes, 6)
    target = net.population(pl.rules.SpikeTimes, 5)
    net.connect(source, target, pl.load(TEXT).Signed, pl.fixed_probability(0.5), name="wires")
    return net.compile(backend, batch=batch)


def looked_at(model: Model) -> dict[str, Any]:
    wires = model["wires"]
    return {"pre": wires.pre, "post": wires.post, "w": np.array(wires.w)}


def played(backend: str, batch: int) -> list[dict[str, Any]]:
    """What is there after each kind of change."""
    found = []
    with made(backend, batch) as model:
        for number in range(4):
            model.signal("mark")
            found.append(looked_at(model))
            model.signal("rewire")
            found.append(looked_at(model))
            model.step(2)
            if number == 0:
                model["wires"].scale = 5
        kept = model.executable.save()
        model.reset(seed=8)
        model.signal("mark")
        found.append(looked_at(model))
        model.executable.restore(kept)
        model.signal("mark")
        model.signal("rewire")
        found.append(looked_at(model))
        model["wires"].set_synapses([0, 0, 4, 5], [1, 1, 2, 4])
        model.signal("mark")
        found.append(looked_at(model))
    return found


@pytest.mark.parametrize("batch", [1, 3])
def test_synapses_keep_the_constants_of_their_pairs(batch: int) -> None:
    reference, compiled = played("reference", batch), played("c", batch)
    assert len({len(state["pre"]) for state in reference}) > 1
    for number, (one, other) in enumerate(zip(reference, compiled, strict=True)):
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name], err_msg=f"{name} in state {number}")


def test_only_what_the_pair_and_the_seed_decide_is_kept() -> None:
    with made("c", 1) as model:
        columns = emit(model.program, "single").layout.projections["wires"].columns
    assert [c.name for c in columns if c.kind == "pair"] == ["place", "level"]
