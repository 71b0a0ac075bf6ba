"""Rows whose walk is provably nothing are skipped, and no bit of any result changes."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang import driver
from plastlang.backends.c.emit import emit
from plastlang.backends.interface import Executable, Options
from plastlang.driver import Built
from plastlang.explain import explain
from plastlang.ir.idle import Idle, idle, resting
from plastlang.ir.nodes import EachStep
from plastlang.ir.types import Site
from tests.cross.looking import difference, look
from tests.programs.running import built

TEXT = """
neuron Post:
    state v = 0, psi = uniform(0, 1), learn = 0
    v' = -v / (10 ms)
    input e -> v
    spike when v > 0.6:
        v = 0
    each step:
        psi = max(0, 1 - abs(v))
        learn = 0.5 - psi - v
neuron In:
    spike at times
rule EProp:
    param decay = 0.9
    synapse shared w = 0.3, grad = 0
    synapse e = 0, filtered = 0
    pre z = 0, came = 0
    on pre spike:
        deliver 0.3
        came += 1
    on begin:
        z = 0
        filtered = 0
        e = 0
    on update(rate):
        w -= rate * grad
        grad = 0
    each step:
        let now = post.psi * (z - 0.1 * e)
        grad += filtered * post.learn + 0.01 * now
        filtered = decay * (filtered + now)
        e = 0.99 * (e + now)
        z = 0.95 * (z + came)
        came = 0
network Net:
    dt 1 ms
    population a = In() size 30
    population b = Post() size 9
    project p = a -> b.e with EProp():
        connect with probability 0.7
"""


@pytest.fixture(autouse=True)
def _flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", "-O1 -DPL_WORTHWHILE=0")


def _found(text: str) -> Idle | None:
    projection = built(text).program.projections[0]
    block = next(b for b in projection.blocks if isinstance(b.trigger, EachStep))
    group = tuple(s for s in block.body if s.site in (Site.SYNAPSE, Site.PAIR))
    return idle(projection, group, block.body[: block.body.index(group[0])])


def test_what_rests_is_found_in_the_equations() -> None:
    assert resting(built(TEXT).program.projections[0]) == {"e", "filtered"}
    found = _found(TEXT)
    assert found is not None and found.moves
    assert found.rest == ("e", "filtered") and found.sums == ("grad",)
    assert [r.name for r in found.zero] == ["z"] and {r.name for r in found.tame} == {"psi", "learn"}
    assert [c.name for c in found.positive] == ["EProp.decay"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("grad += filtered * post.learn + 0.01 * now", "grad += filtered * post.learn + 0.01"),  # adds without a trace
        ("grad += filtered * post.learn + 0.01 * now", "grad += filtered * w"),  # w may be infinite
        ("grad += filtered * post.learn + 0.01 * now", "grad += filtered / post.learn"),  # 0 / 0
        ("grad += filtered * post.learn + 0.01 * now", "grad += filtered * exp(post.learn)"),  # may overflow
        ("filtered = decay * (filtered + now)", "filtered = decay * (filtered + now) + 0.1"),  # drives itself
    ],
)
def test_what_may_be_something_is_not_skipped(old: str, new: str) -> None:
    text = TEXT.replace(old, new)
    assert text != TEXT
    found = _found(text)
    assert found is None or "filtered" not in found.rest


def played(executable: Executable, batch: int, strange: float) -> list[dict[tuple[str, str], np.ndarray]]:
    executable.reset(3)
    executable.connect("p")
    seen = []
    for example in range(3):
        executable.begin_signal()
        executable.signal("p", "begin", ())
        for network in range(batch):
            source = np.random.default_rng([example, network])
            neurons = source.integers(0, 12 + 3 * network, 25).astype(np.int32)  # the others never spike
            executable.set_schedule("a", neurons, executable.step + source.integers(0, 15, 25), network)
        for piece in range(3):
            executable.run(5)
            seen.append(dict(look(executable)))
            if (example, piece) == (0, 1):
                grad = np.array(executable.get("p", "grad"))
                grad[::3] = -0.0
                executable.set("p", "grad", grad)
            if (example, piece) == (1, 1):
                v = np.array(executable.get("b", "v"))
                v[..., 4] = strange
                executable.set("b", "v", v)
        if example == 1:
            executable.set_parameter("p", "EProp.decay", -0.5)
        executable.begin_signal()
        executable.signal("p", "update", (0.01,))
    seen.append({("", key): np.asarray(values) for key, values in executable.save().items()})
    return seen


@pytest.mark.parametrize("strange", [0.3, -np.inf, -1e30])
@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (1, 3), (3, 2)])
def test_no_bit_changes(batch: int, threads: int, strange: float) -> None:
    network: Built = built(TEXT)
    assert "continue;" in emit(network.scheduled, "single", batch > 1).source
    expected = played(driver.load(network, "reference", Options(batch=batch)), batch, strange)
    found = played(driver.load(network, "c", Options(threads=threads, batch=batch)), batch, strange)
    for a, b in zip(expected, found, strict=True):
        assert difference(a, b) is None


def test_rows_that_rest_are_skipped() -> None:
    network = built(TEXT)
    executable = driver.load(network, "c", Options())
    executable.reset(3)
    executable.connect("p")
    executable.set_schedule("a", np.array([4, 7], np.int32), np.array([2, 9]))
    executable.run(20)
    quiet = executable.memory.owners["p"].quiet  # type: ignore[attr-defined]
    assert [int(i) for i in np.flatnonzero(quiet == 1)] == [4, 7] and np.count_nonzero(quiet == 2) == 28
    executable.signal("p", "begin", ())
    assert not quiet.any()


def test_explain_says_what_is_skipped() -> None:
    network = built(TEXT)
    text = explain(network.scheduled, network.lowered.explanations)
    assert "in each step the synapses of a pre neuron are skipped while these are exactly 0: z, e, filtered" in text
    assert "the networks of a batch share w, grad" in text
    other = built(TEXT.replace("0.01 * now", "0.01"))
    text = explain(other.scheduled, other.lowered.explanations)
    assert "every synapse is looked at: nothing says that it would do nothing" in text
