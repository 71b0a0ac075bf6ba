"""The same spike trains through Brian2, in a Python that has it (PLASTLANG_BRIAN2 names it; else this one).

Brian2 is the extra `peers`, which only tests need. In double precision on both sides the rules must agree to 1e-6 of
the weight; the dopamine rule to 2e-3, since Brian2 integrates by Runge-Kutta what plastlang solves.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import plastlang as pl
from tests.rules.trains import apart, synapses

PYTHON = os.environ.get("PLASTLANG_BRIAN2", sys.executable)
STEPS, DT = 400, 0.5
RULES = {
    "PairSTDP": {"w": "0.5 nS"}, "NearestPairSTDP": {}, "PreCentredSTDP": {}, "ReducedPairSTDP": {},
    "MultiplicativeSTDP": {}, "GuetigSTDP": {}, "TripletSTDP": {}, "NearestTripletSTDP": {}, "VogelsSprekeler": {},
    "TsodyksMarkram": {"w": 1}, "DopamineSTDP": {"d": "0.5 Hz", "w_max": "100 nS"},
}  # fmt: skip


@cache
def missing() -> str:
    """Why Brian2 cannot run, or nothing."""
    run = subprocess.run([PYTHON, "-c", "import brian2"], capture_output=True, text=True, check=False)
    remedy = "pip install 'plastlang[peers]', or let PLASTLANG_BRIAN2 name a Python that has it"
    return "" if run.returncode == 0 else f"{PYTHON} has no Brian2: {remedy}"


def peers(pre: list[list[int]], post: list[list[int]]) -> dict[str, list[float]]:
    """Final weights of every rule by Brian2, in one process, since starting it takes seconds."""
    jobs = [{"rule": name, "dt": DT, "steps": STEPS, "pre": pre, "post": post} for name in RULES]
    program = str(Path(__file__).with_name("simulate_brian2.py"))
    run = subprocess.run([PYTHON, program], input=json.dumps(jobs), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return dict(zip(RULES, json.loads(run.stdout.splitlines()[-1]), strict=True))


def test_same_trains_give_the_same_weights() -> None:
    if missing():
        pytest.skip(f"not compared with Brian2: {missing()}")

    @settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.lists(apart(STEPS), min_size=40, max_size=60))
    def compare(drawn: list[tuple[list[int], list[int]]]) -> None:
        pre, post = [a for a, _ in drawn], [b for _, b in drawn]
        for name, expected in peers(pre, post).items():
            tolerance = 2e-3 if name == "DopamineSTDP" else 1e-6
            close = pytest.approx(np.array(expected), rel=tolerance, abs=tolerance * 1e-3)
            assert ours(name, pre, post) == close, name

    compare()


def ours(name: str, pre: list[list[int]], post: list[list[int]]) -> np.ndarray:
    """Final weights, or for short-term plasticity what was delivered in all."""
    rule = getattr(pl.rules, name)(**RULES[name])
    if name != "TsodyksMarkram":
        ms = [[[step * DT for step in train] for train in side] for side in (pre, post)]
        model = synapses(rule, *ms, dt=f"{DT} ms")
        model.step(STEPS)
        return np.asarray(model["syn"].w)
    n = len(pre)
    who = np.concatenate([np.full(len(train), k) for k, train in enumerate(pre)]).astype(int)
    when = np.concatenate([np.array(train) for train in pre]) * DT
    alone = rule.compile(n, n, np.arange(n), np.arange(n), dt=DT, precision="double")
    return np.asarray(alone.run(STEPS * DT, (who, when)))
