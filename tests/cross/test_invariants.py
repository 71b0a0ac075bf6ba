"""What holds for every program, on each backend by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plastlang import driver
from plastlang.backends.interface import Executable, Options
from plastlang.ir.types import Site
from tests.cross.looking import difference, look, recorded
from tests.cross.script import Action, Script, act, scripts
from tests.cross.test_random_programs import FEW, QUICK
from tests.cross.versus import Disagreement, Player, begin
from tests.programs.running import built
from tests.programs.strategies import programs

BACKENDS = ("reference", "c")


@pytest.fixture(autouse=True)
def _flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", QUICK)


def _load(text: str, backend: str, seed: int = 1, threads: int = 1, precision: str = "single") -> Executable:
    executable = driver.load(built(text), backend, Options(precision, threads))
    begin(executable, seed)
    return executable


@pytest.mark.parametrize("backend", BACKENDS)
@given(programs(most_neurons=12), scripts(longest=6))
@settings(FEW, max_examples=10)
def test_looking_changes_nothing(backend: str, text: str, script: Script) -> None:
    network = built(text)
    looked, left = (Player(network, backend, script, every, 1).play()[-2:] for every in (1, 0))
    for (_, a), (_, b) in zip(looked, left, strict=True):
        assert difference(a, b) is None


@pytest.mark.parametrize("backend", BACKENDS)
@given(programs(most_neurons=20), st.integers(0, 1000), st.lists(st.integers(1, 5), min_size=1, max_size=4))
@settings(FEW, max_examples=10)
def test_synapses_are_counted(backend: str, text: str, seed: int, pieces: list[int]) -> None:
    executable = _load(text, backend, seed)
    start = {p.name: len(executable.synapses(p.name)[0]) for p in executable.program.projections}
    sizes = {p.name: p.size for p in executable.program.populations}
    for number, steps in enumerate(pieces):
        executable.run(steps)
        act(executable, Action("signal", number, 3), 0)
        for projection in executable.program.projections:
            pre, post = executable.synapses(projection.name)
            n_pre, n_post = sum(sizes[s] for s in projection.sources), sizes[projection.target]
            formed, gone = executable.counts(projection.name)
            assert len(pre) == start[projection.name] + formed - gone
            out, into = executable.degrees(projection.name)
            assert np.array_equal(out, np.bincount(pre, minlength=n_pre))
            assert np.array_equal(into, np.bincount(post, minlength=n_post))
            assert np.all(np.diff(pre.astype(np.int64) * n_post + post) >= 0), "synapses are in the order (pre, post)"
            for variable in projection.variables:
                if variable.site is Site.SYNAPSE:
                    assert len(executable.get(projection.name, variable.name)) == len(pre)


@given(programs(most_neurons=200), scripts(longest=6))
@settings(FEW, max_examples=6)
def test_the_number_of_threads_cannot_be_seen(text: str, script: Script) -> None:
    network = built(text)
    one, *others = (Player(network, "c", script, 0, threads).play() for threads in (1, 2, 3, 8))
    for other in others:
        for (when, a), (_, b) in zip(one, other, strict=True):
            first = difference(a, b)
            if first is not None:
                raise Disagreement(f"{when}: {first}\n\n{script}\n{text}")


STDP = """
import LIF from "rules:lif.plast"
import Poisson from "rules:poisson.plast"
import PairSTDP, NearestPairSTDP from "rules:pair_stdp.plast"
network Net:
    param a_plus = 0.1, a_minus = 0.12
    dt 0.5 ms
    population src = Poisson(rate = 60 Hz) size 30
    population cells = LIF(v = normal(-60 mV, 5 mV)) size 20
    project ff = src -> cells.exc with {rule}(w_max = 600 nS, a_plus = a_plus, a_minus = a_minus):
        connect with probability 0.5
        w = uniform(100 nS, 600 nS)
    record src spikes
    record cells spikes
"""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rule", ["PairSTDP", "NearestPairSTDP"])
def test_without_learning_no_weight_changes(backend: str, rule: str) -> None:
    still = _load(STDP.format(rule=rule).replace("0.1,", "0,").replace("0.12", "0"), backend)
    learning = _load(STDP.format(rule=rule), backend)
    start = still.get("ff", "w").copy()
    for executable in (still, learning):
        executable.run(300)
        assert len(executable.take_spikes("cells")[0]) > 20
    assert still.get("ff", "w").tobytes() == start.tobytes()
    assert learning.get("ff", "w").tobytes() != start.tobytes()


@pytest.mark.parametrize("backend", BACKENDS)
def test_reading_a_trace_stores_nothing(backend: str) -> None:
    executable = _load(STDP.format(rule="PairSTDP"), backend)
    executable.run(100)
    saved = executable.save()
    for _ in range(3):
        first = {name: executable.get("ff", name).copy() for name in ("x", "y", "w")}
    for name, values in first.items():
        assert executable.get("ff", name).tobytes() == values.tobytes()
    again = executable.save()
    assert {k: v.tobytes() for k, v in saved.items()} == {k: v.tobytes() for k, v in again.items()}
    assert not np.array_equal(first["x"], saved["ff/state/x"]), "no trace had to be advanced"


@pytest.mark.parametrize("backend", BACKENDS)
def test_seeds(backend: str) -> None:
    def play(seed: int) -> dict[tuple[str, str], bytes]:
        executable = _load(STDP.format(rule="PairSTDP"), backend, seed)
        executable.run(60)
        return {key: values.tobytes() for key, values in {**look(executable), **recorded(executable)}.items()}

    first, same, other, far = play(3), play(3), play(4), play(3 + 2**32)
    assert first == same
    for different in (other, far):
        assert first["src", "(spikes)"] != different["src", "(spikes)"]
        assert first["ff", "(pre)"] != different["ff", "(pre)"]
        assert first["cells", "v"] != different["cells", "v"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_reset_is_a_new_start(backend: str) -> None:
    executable = _load(STDP.format(rule="PairSTDP"), backend, 5)
    executable.run(50)
    first = executable.save()
    executable.run(30)
    begin(executable, 5)
    executable.run(50)
    again = executable.save()
    assert {k: v.tobytes() for k, v in first.items()} == {k: v.tobytes() for k, v in again.items()}
