"""The loop of a run: pieces of a twentieth of a second, recordings and progress between them, clean interrupts."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import FrameType

from plastlang.backends.interface import Executable

#: Wall-clock seconds between two looks at the outside world.
_PIECE = 0.05


@dataclass(frozen=True, slots=True)
class Progress:
    """Handed to a progress callback: simulated and wall-clock time since the run began.

    `done` and `total` in steps, `simulated` and `goal` in ms, `elapsed` in s; `factor` is simulated over elapsed time.
    """

    done: int
    total: int
    simulated: float
    goal: float
    elapsed: float

    @property
    def factor(self) -> float:
        return self.simulated / 1000 / self.elapsed if self.elapsed > 0 else 0.0


@dataclass(slots=True)
class Stop:
    """Set by Ctrl-C; looked at between steps.

    `ours`: Ctrl-C comes here, and not to somebody who had asked for it before. `busy`: the state is on its way from one
    step to another, so that nothing may cut in.
    """

    requested: bool = False
    ours: bool = False
    busy: bool = False


@contextmanager
def interruptible() -> Iterator[Stop]:
    """Ctrl-C asks for a stop at the next boundary; a second Ctrl-C interrupts at once, as ever, unless it is busy.

    Whoever enters looks at `requested` once more after the end: nothing comes to it any more.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # someone else wants it
        yield stop
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.requested and not stop.busy:
            raise KeyboardInterrupt
        stop.requested = True

    stop.ours = True
    signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def advance(
    executable: Executable,
    steps: int,
    next_stop: Callable[[int], int],
    between: Callable[[bool], None],
    report: Callable[[Progress], None] | None,
    stop: Stop,
    lock: AbstractContextManager[object],
) -> bool:
    """Run `steps` steps; False where Ctrl-C ended it early, at the end of a step.

    Args:
        executable: what runs.
        steps: how many.
        next_stop: the step (after the given one) at which `between` has something to take.
        between: called between pieces, at the latest at every `next_stop`; False where a step was not done to its end.
        report: called after every piece.
        stop: of the `interruptible` that this runs in. Where Ctrl-C is somebody else's, so is the decision to end.
        lock: held during a piece and what follows it, not while the outside world is looked at.
    """
    dt = executable.program.dt
    first = executable.step
    end = first + steps
    begun = time.perf_counter()
    piece = 64
    while executable.step < end:
        now = executable.step
        todo = min(end, next_stop(now), now + piece) - now
        start = time.perf_counter()
        stop.busy = True
        try:
            with lock:
                ended = False
                try:
                    done = executable.run(todo)
                    ended = True
                finally:
                    between(ended)
        finally:
            stop.busy = False
        took = time.perf_counter() - start
        piece = max(1, min(1 << 20, int(done * _PIECE / took) if took > 0 else piece * 2, piece * 4))
        if report is not None:
            gone = executable.step - first
            report(Progress(gone, steps, gone * dt, steps * dt, time.perf_counter() - begun))
        if stop.requested or (done < todo and stop.ours):
            return False
    return True
