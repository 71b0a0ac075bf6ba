"""A run in pieces: an interrupt is never lost, wherever it comes."""

from __future__ import annotations

import signal

import pytest

from plastlang.backends.cfamily.pieces import run_in_pieces


@pytest.mark.parametrize(("at", "done", "seen"), [(1, 16, 0), (3, 112, 0), (4, 200, 1)])
def test_an_interrupt_ends_the_run_or_reaches_the_caller(at: int, done: int, seen: int) -> None:
    calls: list[int] = []
    asked: list[int] = []

    def advance(steps: int) -> int:
        calls.append(steps)
        if len(calls) == at:
            signal.raise_signal(signal.SIGINT)
        return steps

    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    try:
        assert run_in_pieces(200, advance) == done  # pieces of 16, 32, 64 and the 88 that are left
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(asked) == seen
