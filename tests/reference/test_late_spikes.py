"""Spikes that act late: when, and what a network may say of it."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang import driver
from plastlang.backends.interface import Options
from plastlang.diagnostics import PlastError
from tests.programs.running import built

TEXT = """
neuron Times:
    spike at times

rule Late:
    param back = 1 ms, far = 0.4 ms
    synapse at = -1.0, back_at = -1.0
    pre mine = pre.index * 0.5 ms
    pre told = -1.0
    post once = -1.0
    on pre spike after back at most 4 ms:
        at = step * 1.0
    on pre spike after mine at most 1 ms:
        told = step * 1.0
    on post spike after 2 ms:
        once = step * 1.0
    on post spike after far at most 3 ms:
        back_at = step * 1.0

rule Watch:
    require post once
    param share = 2 ms
    on post spike after share at most 5 ms:
        once = 0

network Net:
    dt 0.5 ms
    population a = Times() size 4
    population b = Times() size 3
    project p = a -> b with Late({}){}:
        connect all
        delay 1 ms
"""


def _run(arguments: str, back: np.ndarray | None = None) -> dict[str, np.ndarray]:
    model = driver.load(built(TEXT.format(arguments, "")), "reference", Options("double"))
    model.reset(1)
    model.connect("p")
    if back is not None:
        model.set("p", "Late.back", back)
    model.set_schedule("a", np.arange(4, dtype=np.int32), np.full(4, 3))
    model.set_schedule("b", np.arange(3, dtype=np.int32), np.full(3, 5))
    model.run(20)
    return {name: np.array(model.get("p", name)) for name in ("at", "told", "once", "back_at")}


def test_when_spikes_act() -> None:
    seen = _run("")
    assert seen["at"].tolist() == [3 + 2 + 2] * 12
    assert seen["told"].tolist() == [5, 6, 7, 7]  # the limit is 1 ms
    assert seen["once"].tolist() == [5 + 4] * 3
    assert seen["back_at"].tolist() == [5 + 1] * 12  # 0.4 ms are one step


def test_a_parameter_given_for_each_synapse_delays_each() -> None:
    back = np.array([0, 0.2, 0.3, 1, 2.5, 3.9, 4, 9, -1, 0.25, 0.75, 1.25])
    steps = [0, 0, 1, 2, 5, 8, 8, 8, 0, 0, 2, 2]
    assert _run("back = uniform(0 ms, 1 ms)", back)["at"].tolist() == [5 + k for k in steps]


@pytest.mark.parametrize(
    ("arguments", "more", "said"),
    [
        ("", " + Watch(share = uniform(0 ms, 1 ms))", "`share` cannot differ between synapses"),
        ("far = 1 ms * pre.index", "", ""),
    ],
)
def test_where_a_delay_of_each_synapse_is_possible(arguments: str, more: str, said: str) -> None:
    if not said:
        built(TEXT.format(arguments, more))
        return
    with pytest.raises(PlastError, match=said):
        built(TEXT.format(arguments, more))


def test_a_rule_cannot_change_the_delay_of_another() -> None:
    text = TEXT.replace("require post once\n", "require post once\n    require pre mine: ms\n")
    block = "    on post spike after share at most 5 ms:\n        once = 0\n"
    text = text.replace(block, "    on pre spike:\n        mine += 1 ms\n")
    with pytest.raises(PlastError, match="The delay of a spike depends on `mine`, which changes"):
        built(text.format("", " + Watch()"))
