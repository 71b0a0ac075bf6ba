"""An executable that threads may share: one call at a time, one run at a time, and none once it is closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from plastlang.backends.interface import Executable
from plastlang.diagnostics import PlastError
from plastlang.runtime.calls import bad_call


class Guarded:
    """Stands for an executable, whose attributes it has.

    `lock` is held during every call. Who holds it for several calls keeps others from seeing what is between them.
    """

    def __init__(self, executable: Executable):
        self.lock = threading.RLock()
        self._inner: Executable | None = executable
        self._running = False

    @property
    def closed(self) -> bool:
        return self._inner is None

    def opened(self) -> Executable:
        """What it stands for. Raises PlastError once it is closed."""
        if self._inner is None:
            raise bad_call("the model is closed", "compile or open it again", "R103")
        return self._inner

    @property
    def step(self) -> int:
        with self.lock:
            return self.opened().step

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.opened(), name)
        if not callable(value):
            return value

        def call(*values: Any, **named: Any) -> Any:
            with self.lock:
                self.opened()
                return value(*values, **named)

        self.__dict__[name] = call  # found at once from now on
        return call

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A run, or what must not happen during one.

        Raises:
            PlastError: there is a run, of another thread or of the caller's caller.
        """
        with self.lock:
            if self._running:
                raise _running()
            self._running = True
        try:
            yield
        finally:
            self._running = False

    def close(self) -> None:
        """Give the memory back, when the call that is under way in another thread has ended."""
        with self.lock:
            if self._inner is not None:
                self._inner.close()
                self._inner = None


def _running() -> PlastError:
    return bad_call(
        "the model is running", "another thread, or the function that shows progress, has to wait for the end", "R109"
    )
