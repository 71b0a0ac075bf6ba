"""Ctrl-C during runs."""

from __future__ import annotations

import signal
from types import FrameType

import numpy as np
import pytest

import plastlang as pl
from plastlang.backends.cfamily.pieces import run_in_pieces
from plastlang.runtime import watch
from tests.api.interrupts import interrupt_while_it_runs, strike_everywhere
from tests.api.networks import learning


@pytest.mark.parametrize(("backend", "steps", "times"), [("c", 40, 40), ("reference", 4, 20)])
def test_an_interrupt_at_any_moment_leaves_the_model_whole_and_is_not_lost(
    backend: str, steps: int, times: int
) -> None:
    strike_everywhere(backend, steps, times)


@pytest.mark.parametrize("backend", ["c", "reference"])
@pytest.mark.parametrize("delay", [0.0, 0.05])
def test_an_interrupt_ends_a_run_between_two_steps(backend: str, delay: float) -> None:
    interrupt_while_it_runs(backend, delay)


def test_who_handles_interrupts_decides_whether_a_run_ends() -> None:
    came: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        came.append(number)

    model, calm = learning("c"), learning("c")
    calm.step(200)
    before = signal.signal(signal.SIGINT, handle)
    try:
        model.step(100)
        for expected in (1, 2):
            left = [signal.SIGINT]
            model.run("5 ms", progress=lambda _, left=left: left and signal.raise_signal(left.pop()))  # type: ignore[misc]
            assert len(came) == expected
    finally:
        signal.signal(signal.SIGINT, before)
    assert model.t == pytest.approx(20)
    assert np.array_equal(calm["ff"].w, model["ff"].w)


def test_pieces_hand_an_interrupt_on_when_they_are_done() -> None:
    done: list[int] = []

    def advance(steps: int) -> int:
        signal.raise_signal(signal.SIGINT)
        done.append(steps)
        return steps

    assert run_in_pieces(100, advance) == 16 and done == [16]  # the caller sees it by the steps
    with pytest.raises(KeyboardInterrupt):
        run_in_pieces(10, advance)
    assert done == [16, 10]
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        assert run_in_pieces(100, advance) == 16 and len(came) == 1
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert run_in_pieces(100, advance) == 100 and len(came) == 1  # who ignores interrupts has none
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("at", "done"), [(1, 16), (3, 16 + 32 + 64)])
def test_an_interrupt_ends_a_run_after_the_piece_in_which_it_comes(at: int, done: int) -> None:
    calls: list[int] = []

    def advance(steps: int) -> int:
        calls.append(steps)
        if len(calls) == at:
            signal.raise_signal(signal.SIGINT)
        return steps

    assert run_in_pieces(200, advance) == done == sum(calls)


def test_a_second_interrupt_does_not_cut_into_what_is_being_recorded() -> None:
    model = learning("c")
    taker = model._taker
    take = taker.take

    class Striking:
        next_stop = staticmethod(taker.next_stop)

        def take(self, executable: object) -> None:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            take(executable)  # type: ignore[arg-type]

    model._taker = Striking()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        model.run("30 ms")
    model._taker = taker
    calm = learning("c")
    calm.step(round(model.t / model.dt))
    assert np.array_equal(calm["outputs"].spikes.times, model["outputs"].spikes.times)


def test_a_nan_is_traced_back_whatever_interrupts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "neuron N:\n    state v = 1.005, root = 0\n    each step:\n        v -= 0.01\n        root = sqrt(v)\n"
    monkeypatch.setattr(watch, "_SHARE", 1e9)
    net = pl.Network(dt="1 ms")
    net.population(pl.load(text).N, 2, name="n")
    model = net.compile("c")
    inner = type(model._guarded.opened())
    run, reached, again = inner.run, 0, 0

    def struck(self: object, steps: int) -> int:
        nonlocal reached, again
        if model.executable.step < reached:  # the search runs from an earlier state
            again += 1
            steps = max(1, steps // 2)
            signal.raise_signal(signal.SIGINT)
        done = int(run(self, steps))  # type: ignore[arg-type]
        reached = max(reached, model.executable.step)
        return done

    monkeypatch.setattr(inner, "run", struck)
    with pytest.raises(pl.PlastError, match=r"root of population n, a variable of N, became NaN in step 100 \(at"):
        model.run("400 ms")
    assert again > 3 and model.executable.step == reached
