"""Pairs of spikes against the closed form: at a time difference of 0, and where one of them is late."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from plastlang import driver
from plastlang.backends.interface import Executable, Options
from plastlang.driver import Built
from plastlang.explain import explain
from tests.cuda.playing import Machine
from tests.programs.running import built

TAU, A_PLUS, A_MINUS, DT = 20.0, 0.01, 0.0105, 0.5
#: What a pair at a time difference of 0 counts for -> the change of `w` in `on post spike`.
CHOICES = {
    "potentiation": "a_plus * x",
    "depression": "a_plus * x@before - a_minus * (x - x@before)",
    "both": "a_plus * x - a_minus * (x - x@before)",
    "neither": "a_plus * x@before",
}
RULE = """
rule {name}:
    param a_plus = 0.01, a_minus = 0.0105
    synapse w = 0.0
    pre x = 0.0
    post y = 0.0
    x' = -x / (20 ms)
    y' = -y / (20 ms)
    on pre spike:
        w -= a_minus * y
        x += 1
    on post spike:
        w += {change}
        y += 1
"""
LATE = """
rule late:
    param a_plus = 0.01, a_minus = 0.0105, back = 1.5 ms
    synapse w = 0.0, x = 0.0, axon = 0.0 ms
    post y = 0.0
    x' = -x / (20 ms)
    y' = -y / (20 ms)
    on pre spike after axon at most 4 ms:
        w -= a_minus * y
        x += 1
    on post spike after back at most 2 ms:
        w += a_plus * x
        y += 1
"""
NETWORK = """
neuron Times:
    spike at times

{rules}
network Net:
    dt 0.5 ms
    population a = Times() size 4
    population b = Times() size 4
{projections}
"""
PRE = np.array([3, 7, 8, 20, 21, 30])  # steps
POST = np.array([4, 6, 9, 21, 23, 31])
AXON = np.array([0.0, 1.0, 2.6, 4.0])  # ms


def _text() -> str:
    rules = [RULE.format(name=name, change=change) for name, change in CHOICES.items()] + [LATE]
    names = [*CHOICES, "late"]
    lines = [f"    project {name}_p = a -> b with {name}():\n        connect one to one" for name in names]
    return NETWORK.format(rules="\n".join(rules), projections="\n".join(lines))


def _reference(network: Built) -> Executable:
    return driver.load(network, "reference", Options("double"))


def _c(network: Built) -> Executable:
    return driver.load(network, "c", Options("double"))


def _cuda(network: Built) -> Executable:
    return Machine(seed=5).load(network.scheduled, Options("double"))


def _weights(executable: Executable) -> dict[str, NDArray[np.float64]]:
    executable.reset(1)
    for projection in executable.program.projections:
        executable.connect(projection.name)
    executable.set("late_p", "axon", AXON)
    everyone = np.arange(4, dtype=np.int32)
    for population, steps in (("a", PRE), ("b", POST)):
        executable.set_schedule(population, np.tile(everyone, len(steps)), np.repeat(steps, 4))
    executable.run(60)
    return {p.name: np.array(executable.get(p.name, "w")) for p in executable.program.projections}


def _pairs(pre: NDArray[np.int_], post: NDArray[np.int_], at_zero: float) -> float:
    """The sum over all pairs of spikes, in steps as the synapse sees them."""
    total = 0.0
    for k in pre:
        for m in post:
            gap = float(m - k) * DT
            total += at_zero if gap == 0 else A_PLUS * np.exp(-gap / TAU) if gap > 0 else -A_MINUS * np.exp(gap / TAU)
    return total


@pytest.mark.parametrize("load_on", [_reference, _c, _cuda])
def test_pairs_against_the_closed_form(load_on: Callable[[Built], Executable], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", "-O0")
    found = _weights(load_on(built(_text())))
    arrive = PRE + 1  # a delay of one step
    assert set(arrive) & set(POST), "some pairs have a time difference of 0"
    at_zero = {"potentiation": A_PLUS, "depression": -A_MINUS, "both": A_PLUS - A_MINUS, "neither": 0.0}
    for name, value in at_zero.items():
        np.testing.assert_allclose(found[f"{name}_p"], _pairs(arrive, POST, value), rtol=1e-12, err_msg=name)
    back = POST + 3  # 1.5 ms
    expected = [_pairs(arrive + round(axon / DT), back, A_PLUS) for axon in AXON]
    np.testing.assert_allclose(found["late_p"], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("potentiation", "counts in x, as `on post spike` reads it"),
        ("depression", "counts in x and does not count in x@before, as"),
        ("neither", "does not count in x@before, as `on post spike` reads it"),
    ],
)
def test_the_choice_is_explained(choice: str, said: str) -> None:
    network = built(_text())
    text = " ".join(explain(network.scheduled, network.lowered.explanations).split())
    part = text.partition(f"projection {choice}_p:")[2].partition("projection ")[0]
    assert f"in the step of the post spike {said}" in part
