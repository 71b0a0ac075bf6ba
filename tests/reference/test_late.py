"""Deliveries that wait."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang import driver
from plastlang.backends.interface import Options
from tests.programs.running import built

TEXT = """
neuron Times:
    spike at times

neuron Sum:
    state v = 0.0, seen = 0.0
    input cur -> v
    each step:
        seen = v
        v = 0

rule Late:
    synapse w = 1.0, d = 0 ms
    on pre spike:
        deliver w after d at most 4 ms
        deliver 0.25

network Net:
    dt 0.5 ms
    population t = Times() size 1
    population s = Sum() size 8
    project p = t -> s.cur with Late():
        connect all
        delay 1 ms
"""
DELAYS = np.array([0, 0.5, 1, 1.2, 1.25, 4, 9, -3])  # ms
STEPS = [0, 1, 2, 2, 2, 8, 8, 0]


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_each_synapse_has_a_delay_of_its_own(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", "-O0")
    model = driver.load(built(TEXT), backend, Options("double"))
    model.reset(1)
    model.connect("p")
    model.set("p", "d", DELAYS)
    model.set_schedule("t", np.zeros(2, np.int32), np.array([0, 1]))
    seen = []
    for _ in range(14):
        model.run(1)
        seen.append(np.array(model.get("s", "seen")))
    wanted = np.zeros((14, 8))
    for spike in (0, 1):
        for neuron, steps in enumerate(STEPS):
            wanted[spike + 2, neuron] += 0.25
            wanted[spike + 2 + steps, neuron] += 1
    np.testing.assert_array_equal(seen, wanted)


def test_what_waits_is_saved() -> None:
    model = driver.load(built(TEXT), "reference", Options("double"))
    model.reset(1)
    model.connect("p")
    model.set("p", "d", DELAYS)
    model.set_schedule("t", np.zeros(1, np.int32), np.zeros(1, np.int64))
    model.run(4)
    other = driver.load(built(TEXT), "reference", Options("double"))
    other.restore(model.save())
    total = np.zeros(8)
    for _ in range(9):
        other.run(1)
        total += other.get("s", "seen")
    assert total.tolist() == [steps >= 2 for steps in STEPS]
    assert np.asarray(model.save()["s/late/cur"]).shape == (8, 8)


def test_a_reset_forgets_what_waits() -> None:
    model = driver.load(built(TEXT), "reference", Options("double"))
    model.reset(1)
    model.connect("p")
    model.set("p", "d", DELAYS)
    model.set_schedule("t", np.zeros(1, np.int32), np.zeros(1, np.int64))
    model.run(4)
    model.reset(1)
    assert not np.asarray(model.save()["s/late/cur"]).any()
