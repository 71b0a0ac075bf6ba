"""A long run in pieces, so that an interrupt is seen soon."""

from __future__ import annotations

import signal as signals
import threading
import time
from collections.abc import Callable
from types import FrameType

#: A run returns to Python about this often (s).
PIECE = 0.03


def run_in_pieces(steps: int, advance: Callable[[int], int]) -> int:
    """Call `advance` with numbers of steps until `steps` are done; gives the steps done.

    An interrupt ends the run after the piece in which it comes, and never cuts into one. Who handles interrupts gets it
    then; where nobody does, the caller sees it by the steps done, or as KeyboardInterrupt if it came in the last piece.
    What `advance` raises ends the run, too.
    """
    interrupted = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True

    main = threading.current_thread() is threading.main_thread()
    before = signals.getsignal(signals.SIGINT) if main else None
    ours = callable(before)  # not where interrupts are ignored, or handled by other than Python
    if ours:
        signals.signal(signals.SIGINT, stop)
    done, piece = 0, 16
    try:
        while done < steps and not interrupted:
            begun = time.perf_counter()
            done += advance(min(piece, steps - done))
            took = time.perf_counter() - begun
            if took < PIECE / 2:
                piece *= 2
            elif piece > 1 and took > PIECE:
                piece //= 2
    finally:
        if ours:
            signals.signal(signals.SIGINT, before)
    if interrupted and (done >= steps or before is not signals.default_int_handler):
        signals.raise_signal(signals.SIGINT)
    return done
