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

    An interrupt ends the run after the piece in which it comes; one that comes in the last piece is the caller's.
    What `advance` raises ends it, too.
    """
    interrupted = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True

    main = threading.current_thread() is threading.main_thread()
    previous = signals.signal(signals.SIGINT, stop) if main else None
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
        if main:
            signals.signal(signals.SIGINT, previous)
    if interrupted and done >= steps:
        signals.raise_signal(signals.SIGINT)  # it came in the last piece: the caller cannot see it by the steps done
    return done
