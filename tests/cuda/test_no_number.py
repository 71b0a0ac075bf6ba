"""Values that are no good on the emulator: what is told, and when, is what the reference tells."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl
from plastlang.backends.cuda import backend as cuda
from plastlang.runtime.model import Model
from tests.cuda.emulator import EmulatedDevice

DELIVERS = {
    "at once": "    on pre spike:\n        deliver w / z",
    "after a delay": "    on pre spike:\n        deliver w / z after 3 ms at most 5 ms",
    "after a delay of each synapse": "    on pre spike:\n"
    "        deliver w * log(z - 1) after post.index * 2 ms at most 9 ms",
    "for a late spike": "    on pre spike after 4 ms:\n        deliver w / z",
}

#: Each makes x NaN at the synapse from neuron 0 to neuron 1.
LATE = {
    "pre": "    on pre spike after 4 ms:\n        x = sqrt(0.5 - post.index)",
    "pre, each synapse": "    on pre spike after (1 + post.index) * 2 ms at most 9 ms:\n"
    "        x = sqrt(0.5 - post.index)",
    "post": "    on post spike after 3 ms:\n        x = sqrt(0.5 - post.index)",
}


@pytest.fixture(autouse=True)
def emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_device", EmulatedDevice())


def delivering(backend: str, body: str) -> Model:
    library = pl.load(f"rule Ratio:\n    pre z = 0\n    synapse w = 1 nS\n{body}\n")
    net = pl.Network(dt="1 ms")
    clocks = net.population(pl.rules.SpikeTimes, 2, name="clocks")
    cells = net.population(pl.rules.LIF, 3, name="cells")
    net.connect(clocks, cells.exc, library.Ratio(), pl.all_to_all(), name="wires")
    model = net.compile(backend)
    model[clocks].schedule([1, 0], [2, 5])
    return model


def late(backend: str, body: str) -> Model:
    library = pl.load(f"neuron Times:\n    spike at times\n\nrule Late:\n    synapse x = 1\n{body}\n")
    net = pl.Network(dt="1 ms")
    clocks = net.population(library.Times, 2, name="clocks")
    net.connect(clocks, clocks, library.Late(), pl.all_to_all(), name="wires")
    model = net.compile(backend)
    model[clocks].schedule([0, 1], [30, 31])
    return model


def told(model: Model, duration: str) -> str:
    with pytest.raises(pl.PlastError) as caught:
        model.run(duration)
    return f"{caught.value} at {model.t:g} ms"


@pytest.mark.parametrize(("name", "step"), [*zip(DELIVERS, (3, 6, 3, 7), strict=True)])
def test_what_is_delivered_and_no_number_is_told_in_its_step(name: str, step: int) -> None:
    body = DELIVERS[name]
    said = [told(delivering(backend, body), "20 ms") for backend in ("reference", "c", "cuda")]
    assert f"The input exc of neuron 0 of population cells is too large or no number in step {step}." in said[0]
    assert body.splitlines()[-1].strip() in said[0]
    assert said[1] == said[0] and said[2] == said[0]


@pytest.mark.parametrize(("name", "step"), [*zip(LATE, (35, 35, 34), strict=True)])
def test_nan_that_a_late_spike_makes_is_traced_to_its_step(name: str, step: int) -> None:
    models = [late(backend, LATE[name]) for backend in ("reference", "c", "cuda")]
    said = [told(model, "110 ms") for model in models]
    where = f"x of projection wires, a variable of Late, became NaN in step {step} (at {step} ms)"
    assert f"{where}: the synapse from neuron 0 to neuron 1" in said[0]
    assert all(words.split(" at ")[:-1] == said[0].split(" at ")[:-1] for words in said)
    for model in models:
        model.run("5 ms")
        assert np.isnan(model["wires"].x[1]) and model["wires"].x[0] == np.float32(np.sqrt(np.float32(0.5)))
