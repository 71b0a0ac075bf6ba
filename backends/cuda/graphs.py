"""A sequence of launches as a graph, which the driver carries out without the host; PyCUDA has no word for it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from plastlang.backends.cuda.probe import DRIVER

#: Capture what this thread launches, and let other threads do as they like.
THREAD_LOCAL = 1


class Graphs:
    """Graphs of one stream, by its handle."""

    def __init__(self, stream: int):
        self._stream = ctypes.c_void_p(stream)
        self._driver: Any = ctypes.CDLL(DRIVER)
        self._made: list[ctypes.c_void_p] = []

    def record(self, launch: Callable[[], None]) -> ctypes.c_void_p | None:
        """What `launch` puts on the stream, as a graph; None where the driver has none (it was then not launched)."""
        graph, runnable = ctypes.c_void_p(), ctypes.c_void_p()
        driver = self._driver
        try:
            if driver.cuStreamBeginCapture_v2(self._stream, THREAD_LOCAL):
                return None
            try:
                launch()
            finally:
                failed = driver.cuStreamEndCapture(self._stream, ctypes.byref(graph))
            if failed or driver.cuGraphInstantiateWithFlags(ctypes.byref(runnable), graph, ctypes.c_ulonglong(0)):
                return None
            driver.cuGraphDestroy(graph)
        except AttributeError:  # a driver from before graphs
            return None
        self._made.append(runnable)
        return runnable

    def run(self, graph: ctypes.c_void_p) -> None:
        """Put a graph on the stream."""
        failed = self._driver.cuGraphLaunch(graph, self._stream)
        assert not failed, f"cuGraphLaunch gives {failed}"

    def close(self) -> None:
        """Give all graphs back."""
        for graph in self._made:
            self._driver.cuGraphExecDestroy(graph)
        self._made.clear()
