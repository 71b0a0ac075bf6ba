"""Threads that share a model, copies, processes, and what objects say of themselves."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

import plastlang as pl
from plastlang.runtime.run import Progress
from tests.api.networks import counting, learning


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """A thread that has begun, and what it raises."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


@pytest.mark.parametrize("backend", ["c", "reference"])
def test_a_model_runs_once_at_a_time(backend: str) -> None:
    model, undisturbed = learning(backend), learning(backend)
    entered, leave = threading.Event(), threading.Event()

    def wait(_: Progress) -> None:
        entered.set()
        leave.wait(10)

    thread, raised = in_thread(lambda: model.run("20 ms", progress=wait))
    assert entered.wait(10)
    for call in (lambda: model.run("1 ms"), model.step, model.reset, lambda: model.load("nowhere.npz")):
        with pytest.raises(pl.PlastError, match=r"the model is running|no checkpoint"):
            call()
    assert model.t > 0 and len(model.executable.save()) > 3  # looking is allowed, between two pieces
    leave.set()
    thread.join(10)
    undisturbed.run("20 ms")
    saved, expected = model.executable.save(), undisturbed.executable.save()
    assert not raised and all(np.array_equal(saved[name], expected[name]) for name in expected)
    model.run("1 ms")


def test_closing_waits_for_the_piece_that_runs() -> None:
    model = learning("c")
    begun = threading.Event()
    thread, raised = in_thread(lambda: model.run("1000 s", progress=lambda _: begun.set()))
    assert begun.wait(10)
    time.sleep(0.05)
    model.close()
    thread.join(10)
    assert [str(error) for error in raised] == ["the model is closed; compile or open it again"]


def test_what_shows_progress_cannot_run_the_model_and_may_close_it() -> None:
    model = learning("c")
    with pytest.raises(pl.PlastError, match="running; another thread, or the function that shows progress"):
        model.run("1 ms", progress=lambda _: model.run("1 ms"))
    model.run("1 ms", progress=lambda _: None)
    with pytest.raises(pl.PlastError, match="the model is closed"):
        model.run("1000 s", progress=lambda _: model.close())


def test_models_are_not_copied() -> None:
    model, _ = counting()
    for call in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(pl.PlastError, match="a model cannot be copied or sent; save it"):
            call(model)
        if call is not copy.copy:
            with pytest.raises(pl.PlastError, match="a model cannot be copied or sent; save it"):
                call(model["counters"])
    model.run("1 ms")
    spikes = model.recordings["clocks.spikes"]
    assert isinstance(spikes, pl.Spikes)
    assert np.array_equal(pickle.loads(pickle.dumps(spikes)).times, spikes.times)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_process_has_a_model_of_its_own() -> None:
    model = learning("c")
    model.run("5 ms")
    child = os.fork()
    if child == 0:
        model.run("5 ms")
        os._exit(7 if model.t == pytest.approx(10) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert model.t == pytest.approx(5)


def test_objects_say_in_a_line_what_they_are() -> None:
    net = pl.Network(name="shown")
    assert repr(net) == "<network shown: nothing in it yet>"
    a, b = net.population(pl.rules.Poisson, 5, name="a"), net.population(pl.rules.LIF, 3, name="b")
    c = net.connect(a, b.exc, pl.rules.PairSTDP(w_max="2 nS"), pl.all_to_all(), name="c")
    for what, every in (("degree", "1 ms"), ("connectivity", "1 ms")):
        net.record(c, what, every=every)
    net.record(b, "spikes")
    net.record(b, "v", every="0.5 ms")
    assert [repr(item) for item in (net, a, b.exc, c)] == [
        "<network shown: a, b, c>", "<population a: 5 Poisson>", "<port exc of b>",
        "<projection c: PairSTDP, 5 to 3 neurons>",
    ]  # fmt: skip
    assert "exc" in dir(b)
    assert repr(pl.rules.PairSTDP(w_max="2 nS") + pl.rules.MapRewiring(g="w")) == (
        "PairSTDP(w_max='2 nS') + MapRewiring(g='w')"
    )
    model = net.compile("reference")
    model.run("1 ms")
    shown = model.recordings
    assert repr(shown) == "<recordings: b.spikes, b.v, c.degree, c.connectivity>"
    assert [repr(shown[name]) for name in shown] == [
        "<0 spikes of 0 neurons>", "<states of shape (2, 3), 0.5 to 1 ms>", "<degrees at 2 times, 0 to 1 ms>",
        "<connectivity at 2 times, 0 to 1 ms>",
    ]  # fmt: skip
    snapshots = shown["c.connectivity"]
    assert isinstance(snapshots, pl.Connectivity) and repr(snapshots[0]) == "<15 synapses at 0 ms: w>"
    rule = pl.rules.PairSTDP.compile(2, 1, [0, 1], [0, 0], backend="reference")
    assert repr(rule) == "<rule alone, 2 to 1 neurons: w, x, y>"
    assert {"step", "w", "in_degree"} <= set(dir(rule))
    assert repr(model) == "<model shown on reference, at 1 ms: a, b, c>"


def test_the_package_lists_what_is_meant_for_use() -> None:
    assert {"load", "rules", "Network", "open", "train"} <= set(dir(pl))
    assert not {"Any", "importlib", "TYPE_CHECKING", "annotations"} & set(dir(pl))
