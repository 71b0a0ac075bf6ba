"""The same spike trains through NEST, in a Python that has it (PLASTLANG_NEST names it; else this one).

Both sides compute in double precision. Rules must agree to 1e-9 of the weight. How times correspond: NEST's connections
have a delay of at least one step, so simulate_nest.py lets post neurons fire that much early, and a job ends with a pre
spike, at which NEST brings weights up to date. Trains hold no coincidences, of which NEST has its own idea.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import plastlang as pl
from tests.rules.trains import LIBRARY, apart, synapses

PYTHON = os.environ.get("PLASTLANG_NEST", sys.executable)
STEPS, DT, COUNT = 400, 0.5, 48
LAST = 420  # the step of the last pre spike, after all others
RULES: dict[str, dict[str, Any]] = {
    "PairSTDP": {}, "MultiplicativeSTDP": {}, "GuetigSTDP": {}, "PowerLawSTDP": {}, "NearestPairSTDP": {},
    "PreCentredSTDP": {}, "ReducedPairSTDP": {}, "TripletSTDP": {}, "VogelsSprekeler": {}, "TsodyksMarkram": {"w": 1},
    "DopamineSTDP": {"w_max": "100 nS"},
}  # fmt: skip
fewer = settings(
    max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large, HealthCheck.too_slow],
)  # fmt: skip


@cache
def missing() -> str:
    """Why NEST cannot run, or nothing."""
    run = subprocess.run([PYTHON, "-c", "import nest"], capture_output=True, text=True, check=False)
    remedy = "make peers, or pip install nest-simulator and let PLASTLANG_NEST name a Python that has it"
    return "" if run.returncode == 0 else f"{PYTHON} has no NEST: {remedy}"


class Nest:
    """A process that answers jobs, since to start it takes seconds."""

    def __init__(self) -> None:
        program = str(Path(__file__).with_name("simulate_nest.py"))
        self.process = subprocess.Popen(
            [PYTHON, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def __call__(self, **job: Any) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def nest() -> Iterator[Nest]:
    if missing():
        pytest.skip(f"not compared with NEST: {missing()}")
    peer = Nest()
    yield peer
    assert peer.process.stdin is not None
    peer.process.stdin.close()
    peer.process.wait(30)


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize("name", RULES)
def test_same_trains_give_the_same_weights(nest: Nest, name: str) -> None:
    @fewer
    @given(
        st.lists(apart(STEPS), min_size=COUNT, max_size=COUNT),
        st.lists(st.integers(2, STEPS - 2), max_size=4, unique=True).map(sorted),
    )
    def compare(drawn: list[tuple[list[int], list[int]]], rewards: list[int]) -> None:
        pre = [[*(step * DT for step in a), LAST * DT] for a, _ in drawn]
        post = [[step * DT for step in b] for _, b in drawn]
        expected = nest(rule=name, dt=DT, ms=LAST * DT + 5, pre=pre, post=post, reward=[r * DT for r in rewards])
        assert ours(name, pre, post, rewards) == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)

    compare()


def ours(name: str, pre: list[list[float]], post: list[list[float]], rewards: list[int]) -> np.ndarray:
    """Weights after the last pre spike, or for short-term plasticity what was delivered in all."""
    rule = getattr(pl.rules, name)(**RULES[name])
    if name == "TsodyksMarkram":
        alone = rule.compile(COUNT, COUNT, np.arange(COUNT), np.arange(COUNT), dt=DT, precision="double")
        who = np.repeat(np.arange(COUNT), [len(train) for train in pre])
        return np.asarray(alone.run(LAST * DT + 5, (who, np.concatenate([np.array(train) for train in pre]))))
    model = synapses(rule, pre, post, f"{DT} ms", "current" if name == "PowerLawSTDP" else "exc")
    if name == "DopamineSTDP":
        done = 0
        for step in rewards:
            model.step(step - done)
            model.signal("reward", 5.0)  # a dopaminergic spike is worth 1 / tau_n
            done = step
        model.step(LAST - done)  # w is a continuous function of time: that at the last spike
    else:
        model.step(LAST + 1)
    return np.asarray(model["syn"].w)
