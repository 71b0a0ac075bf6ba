"""The same spike trains through NEST, in a Python that has it (PLASTLANG_NEST names it; else this one).

Both sides compute in double precision. Rules must agree to 1e-9 of the weight. How times correspond: NEST's connections
have a delay of at least one step, so simulate_nest.py lets post neurons fire that much early, and a job ends with a pre
spike, at which NEST brings weights up to date. Trains hold no coincidences, of which NEST has its own idea. Spikes of
neurons are dated at the end of their step by NEST and at its beginning here; v at one time is the same.
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


PLAYED = pl.load('''
neuron Played:
    """Its voltage is what the host says."""
    state v = -70.6 mV, g = 0 nS
    input exc -> g
    spike at times
''')


def test_voltages_of_nest_move_the_weights_of_clopath(nest: Nest) -> None:
    """Clopath and clopath_synapse, below threshold: what differs is of first order in the step, and small.

    NEST takes the filtered voltages of a step before and potentiates at the beginning of steps.
    """

    def differences(dt: float, currents: list[int], pre: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        """Change of the weights here, and what NEST's change differs from it."""
        trains = [[*(float(t) for t in sorted(train)), 90.0] for train in pre]
        answer = nest(theta_plus=-66.0, dt=dt, ms=95.0, current=[float(c) for c in currents], pre=trains)
        assert not answer["spikes"]
        net = pl.Network(dt=f"{dt} ms", seed=1)
        sources = net.population(PLAYED.Played, len(pre), name="pre")
        cells = net.population(PLAYED.Played, len(pre), name="post")
        net.connect(sources, cells.exc, pl.rules.Clopath(theta_plus="-66 mV"), pl.one_to_one(), name="syn")
        model = net.compile(precision="double")
        model["pre"].schedule(np.repeat(np.arange(len(pre)), [len(t) for t in trains]), np.concatenate(trains))
        v = np.array(answer["v"])
        for step in range(round(90 / dt) + 2):
            model["post"].v = v[:, step]
            model.step()
        change = np.asarray(model["syn"].w) - 0.5
        return change, change - (np.array(answer["w"]) - 0.5)

    @fewer
    @given(
        st.lists(st.integers(0, 60), min_size=8, max_size=8),
        st.lists(st.lists(st.integers(5, 80), min_size=1, max_size=8, unique=True), min_size=8, max_size=8),
    )
    def compare(more: list[int], pre: list[list[int]]) -> None:
        currents = [70 * k + extra for k, extra in enumerate(more)]
        _, coarse = differences(0.1, currents, pre)
        change, fine = differences(0.02, currents, pre)
        assert (np.abs(fine) < 0.01 * np.abs(change) + 5e-5).all() and np.abs(change).max() > 2e-3
        assert np.abs(fine).max() < 0.3 * np.abs(coarse).max()

    compare()


# ---------------------------------------------------------------- neurons

CELLS = 6
inputs = st.lists(
    st.tuples(*(st.lists(st.integers(1, 900), max_size=size, unique=True).map(sorted) for size in (30, 10))),
    min_size=CELLS, max_size=CELLS,
)  # fmt: skip
currents = st.lists(st.integers(50, 200), min_size=CELLS, max_size=CELLS)


def traces(
    name: str, dt: float, steps: int, trains: dict[str, tuple[str, list[list[float]]]], **values: Any
) -> tuple[list[np.ndarray], np.ndarray]:
    """Times of the spikes of each of the CELLS neurons, and v at the end of every step."""
    net = pl.Network(dt=f"{dt} ms", seed=1)
    cells = net.population(getattr(pl.rules, name), CELLS, name="cells", **values)
    for port, (weight, _) in trains.items():
        source = net.population(LIBRARY.Told, CELLS, name=f"to_{port}")
        net.connect(source, getattr(cells, port), pl.rules.Static(w=weight), pl.one_to_one())
    net.record(cells, "spikes")
    net.record(cells, "v", every=f"{dt} ms")
    model = net.compile(precision="double")
    for port, (_, times) in trains.items():
        who = np.repeat(np.arange(CELLS), [len(train) for train in times])
        model[f"to_{port}"].schedule(who, np.array([t for train in times for t in train]))
    model.step(steps)
    spikes = model.recordings["cells.spikes"]
    fired = [np.asarray(spikes.times)[np.asarray(spikes.neurons) == k] for k in range(CELLS)]
    return fired, np.asarray(model.recordings["cells.v"].values)[: steps - 1].T


def test_current_neurons_agree_in_every_step(nest: Nest) -> None:
    """LIFCurrent and iaf_psc_exp: both are solved exactly."""
    dt, steps = 0.1, 1000
    values = {
        "C_m": 200.0, "tau_m": 20.0, "tau_syn_ex": 5.0, "tau_syn_in": 10.0, "E_L": -70.0, "V_m": -70.0,
        "V_reset": -70.0, "V_th": -54.0, "t_ref": 5.0,
    }  # fmt: skip

    @fewer
    @given(inputs)
    def compare(drawn: list[tuple[list[int], list[int]]]) -> None:
        exc, inh = ([[step * dt for step in cell[k]] for cell in drawn] for k in (0, 1))
        jobs = [[[1500.0, a], [-700.0, b]] for a, b in zip(exc, inh, strict=True)]
        expected = nest(model="iaf_psc_exp", dt=dt, ms=steps * dt, values=[values] * CELLS, trains=jobs)
        fired, v = traces("LIFCurrent", dt, steps, {"exc": ("1500 pA", exc), "inh": ("-700 pA", inh)})
        assert v == pytest.approx(np.array(expected["v"]), abs=1e-9)
        for found, wanted in zip(fired, expected["spikes"], strict=True):
            assert found + dt == pytest.approx(wanted, abs=1e-9)

    compare()


def test_exponential_neurons_spike_together(nest: Nest) -> None:
    """AdEx and aeif_cond_exp: Runge-Kutta of fixed and of adaptive steps. Before the first spike v agrees to
    1e-6 mV, and spikes to 2 steps.
    """
    dt, steps = 0.02, 4500
    values = {
        "C_m": 281.0, "g_L": 30.0, "E_L": -70.6, "V_th": -50.4, "Delta_T": 2.0, "V_reset": -70.6, "V_peak": -40.0,
        "tau_w": 144.0, "a": 4.0, "b": 80.5, "tau_syn_ex": 5.0, "tau_syn_in": 10.0, "E_ex": 0.0, "E_in": -80.0,
        "I_e": 400.0, "t_ref": 0.0, "V_m": -70.6, "gsl_error_tol": 1e-9,
    }  # fmt: skip

    @fewer
    @given(inputs)
    def compare(drawn: list[tuple[list[int], list[int]]]) -> None:
        exc, inh = ([[step / 10 for step in cell[k]] for cell in drawn] for k in (0, 1))
        jobs = [[[8.0, a], [-5.0, b]] for a, b in zip(exc, inh, strict=True)]
        expected = nest(model="aeif_cond_exp", dt=dt, ms=steps * dt, values=[values] * CELLS, trains=jobs)
        fired, v = traces("AdEx", dt, steps, {"exc": ("8 nS", exc), "inh": ("5 nS", inh)}, i_offset="400 pA")
        for k, (found, wanted) in enumerate(zip(fired, expected["spikes"], strict=True)):
            assert found + dt == pytest.approx(wanted, abs=2.5 * dt)
            calm = int((wanted[0] if wanted else steps * dt) / dt) - 100  # not the upstroke
            assert v[k, : max(calm, 0)] == pytest.approx(np.array(expected["v"][k][: max(calm, 0)]), abs=1e-6)

    compare()


def test_squid_axons_agree_in_every_step(nest: Nest) -> None:
    """HodgkinHuxley and hh_psc_alpha, spikes included: v to 0.01 mV of 100."""
    dt, steps = 0.01, 5000
    gates = {"V_m": -65.0, "Act_m": 0.0529325, "Inact_h": 0.5961208, "Act_n": 0.3176769}

    @fewer
    @given(currents)
    def compare(drawn: list[int]) -> None:
        values = [gates | {"I_e": 5.0 * c} for c in drawn]
        expected = nest(model="hh_psc_alpha", dt=dt, ms=steps * dt, values=values, trains=[])
        fired, v = traces("HodgkinHuxley", dt, steps, {}, i_offset=5.0 * np.array(drawn), e_leak="-54.402 mV")
        assert v == pytest.approx(np.array(expected["v"]), abs=0.01)
        assert all(len(train) for train, c in zip(fired, drawn, strict=True) if c > 130)

    compare()


def test_quadratic_neurons_spike_together(nest: Nest) -> None:
    """Izhikevich and izhikevich: NEST goes by Euler steps, so that spikes of the first 60 ms agree to 0.2 ms."""
    dt, steps = 0.01, 6000
    values = {
        "a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0, "V_th": 30.0, "V_m": -65.0, "U_m": -13.0,
        "consistent_integration": True,
    }  # fmt: skip

    @fewer
    @given(currents)
    def compare(drawn: list[int]) -> None:
        given_to = [values | {"I_e": 0.1 * c} for c in drawn]
        expected = nest(model="izhikevich", dt=dt, ms=steps * dt, values=given_to, trains=[])
        fired, _ = traces("Izhikevich", dt, steps, {}, i_offset=0.1 * np.array(drawn))
        for found, wanted in zip(fired, expected["spikes"], strict=True):
            assert found + dt == pytest.approx(wanted, abs=0.2)
        assert all(len(train) for train in fired)

    compare()


@pytest.mark.parametrize("name", ["LIF", "LIFConductance"])
def test_conductance_neurons_spike_together(nest: Nest, name: str) -> None:
    """LIF, LIFConductance and iaf_cond_exp: v to 0.1 mV before the first spike, as steps here are of first order."""
    dt, steps = 0.02, 4500
    big = 100.0 if name == "LIF" else 1.0  # 20 nF and 200 pF
    rest, threshold = (-70.0, -54.0) if name == "LIF" else (-60.0, -50.0)
    values = {
        "C_m": 200.0 * big, "g_L": 10.0 * big, "E_L": rest, "V_m": rest, "V_reset": rest, "V_th": threshold,
        "tau_syn_ex": 5.0, "tau_syn_in": 10.0, "E_ex": 0.0, "E_in": -80.0, "t_ref": 5.0,
    }  # fmt: skip

    @fewer
    @given(inputs)
    def compare(drawn: list[tuple[list[int], list[int]]]) -> None:
        exc, inh = ([[step / 10 for step in cell[k]] for cell in drawn] for k in (0, 1))
        if name == "LIF":
            inh = [[] for _ in exc]
        jobs = [[[3.0 * big, a], [-2.0, b]] for a, b in zip(exc, inh, strict=True)]
        expected = nest(model="iaf_cond_exp", dt=dt, ms=steps * dt, values=[values] * CELLS, trains=jobs)
        ports = {"exc": (f"{3 * big} nS", exc)} | ({} if name == "LIF" else {"inh": ("2 nS", inh)})
        fired, v = traces(name, dt, steps, ports)
        for k, (found, wanted) in enumerate(zip(fired, expected["spikes"], strict=True)):
            first = int(min([steps * dt, *wanted[:1], *found[:1]]) / dt) - 1
            assert v[k, :first] == pytest.approx(np.array(expected["v"][k][:first]), abs=0.1)
            assert found[:1] + dt == pytest.approx(wanted[:1], abs=0.3)

    compare()
