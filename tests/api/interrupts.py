"""Ctrl-C at any moment of a run: what the model is then, and whether the caller learns of it."""

from __future__ import annotations

import functools
import hashlib
import os
import signal
import sys
import threading
from types import FrameType

import numpy as np
import pytest

from plastlang.runtime.model import Model
from tests.api.networks import learning
from tests.api.test_checkpoints import same


def digest(model: Model) -> str:
    """Of everything that the future depends on."""
    saved = model.executable.save()
    return hashlib.sha256(b"".join(k.encode() + np.asarray(v).tobytes() for k, v in sorted(saved.items()))).hexdigest()


@functools.cache
def undisturbed(steps: int) -> tuple[str, ...]:
    """A digest for each of the first steps."""
    model = learning("c")
    found = [digest(model)]
    for _ in range(steps):
        model.step()
        found.append(digest(model))
    return tuple(found)


def struck(model: Model, steps: int, at: int) -> tuple[int, bool, bool]:
    """Run with SIGINT when for the `at`-th time a function (of Python or C) is called or left.

    Gives how often one was, whether there was an interrupt, and whether it came to the caller.
    """
    count, sent = 0, False

    def event(frame: FrameType, kind: str, argument: object) -> None:
        nonlocal count, sent
        count += 1
        if count == at:
            sent = True
            signal.raise_signal(signal.SIGINT)

    try:
        sys.setprofile(event)
        model.step(steps)
        sys.setprofile(None)
    except KeyboardInterrupt:
        sys.setprofile(None)
        return count, sent, True
    return count, sent, False


def strike_everywhere(backend: str, steps: int, times: int) -> None:
    """Interrupt runs of so many steps at so many moments: the model is always whole, and no interrupt is lost."""
    model, before = learning(backend), 0
    moments, _, _ = struck(model, steps, 0)
    for number in range(times):
        before = round(model.t / model.dt)
        _, sent, came = struck(model, steps, 1 + number * (moments + 2) // times)
        now = round(model.t / model.dt)
        assert sent == came and before <= now <= before + steps
        assert digest(model) == undisturbed((times + 1) * steps)[now]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    calm = learning("c")
    calm.step(round(model.t / model.dt))
    assert np.array_equal(calm["outputs"].spikes.times, model["outputs"].spikes.times)
    same(calm, model)


def interrupt_while_it_runs(backend: str, delay: float, rewiring: bool = True) -> None:
    """Interrupt a run from outside, a while after it has begun."""
    model = learning(backend, rewiring=rewiring)
    begun = threading.Event()

    def interrupt() -> None:
        begun.wait()
        threading.Event().wait(delay)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        model.run("100000 s", progress=lambda progress: begun.set())
    thread.join()
    steps = round(model.t / model.dt)
    calm = learning(backend, rewiring=rewiring)
    assert steps > 0
    calm.step(steps)
    same(calm, model)
    assert np.array_equal(calm["outputs"].spikes.times, model["outputs"].spikes.times)
    model.step()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
