"""A GPU through PyCUDA."""

from __future__ import annotations

import atexit
import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cuda.cache import code_for
from plastlang.backends.cuda.device import Call
from plastlang.backends.cuda.graphs import Graphs
from plastlang.backends.cuda.probe import driver_version
from plastlang.backends.cuda.sharing import CUDA
from plastlang.backends.cuda.toolchain import OLDEST, Target, find_compiler
from plastlang.diagnostics import MachineError

#: Makes the device's context that of this thread for a while.
Current = Callable[[], AbstractContextManager[None]]

#: Threads of a block, and blocks for each multiprocessor.
BLOCK, BLOCKS_EACH = 256, 8


class PyCudaDevice:
    """Device `number` (`cuda.device.Device`), in its primary context, which CuPy and PyTorch use as well.

    Raises:
        MachineError: `probe.driver_version` says why; or there is no such device, or it is too old.
    """

    block = BLOCK

    def __init__(self, number: int = 0):
        self.newest = driver_version()
        import pycuda.driver as driver  # fails where the probe does

        self._driver = driver
        driver.init()
        count = driver.Device.count()
        if number >= count:
            raise MachineError(f"there is no GPU {number}: the driver finds {count}")
        device = driver.Device(number)
        self.name = device.name()
        major, minor = device.compute_capability()
        self.architecture = 10 * major + minor
        if self.architecture < OLDEST:
            raise MachineError(f"{self.name} is too old: compute capability {major}.{minor}, at least 7.5 is needed")
        self.spread = BLOCKS_EACH * device.get_attribute(driver.device_attribute.MULTIPROCESSOR_COUNT)
        self.dlpack_device = (CUDA, number)
        self._context = device.retain_primary_context()
        # the main thread lives as long as we do: its context may stay
        self._home = threading.current_thread() is threading.main_thread() and threading.get_ident()
        if self._home:
            self._context.push()
        with self.current():
            self._stream = driver.Stream()
        self.graphs = Graphs(self._stream.handle)
        self._allocated: dict[int, Any] = {}
        atexit.register(self._leave)

    @contextmanager
    def current(self) -> Iterator[None]:
        """The context is that of this thread meanwhile; in the main thread it always is."""
        if threading.get_ident() == self._home:
            yield
            return
        self._context.push()
        try:
            yield
        finally:
            self._driver.Context.pop()

    def _leave(self) -> None:
        self.close()
        if self._home:
            self._driver.Context.pop()
        self._context.detach()

    # ------------------------------------------------------------ code

    def compile(self, source: str, precision: str, mode: str = "deterministic") -> PyCudaModule:
        """Compile kernels, or take them from the cache, and load them."""
        compiler = find_compiler(self.newest)
        return self.load(code_for(source, Target(self.architecture), mode, compiler))

    def load(self, code: bytes) -> PyCudaModule:
        """Load compiled kernels: a cubin for this architecture, or PTX."""
        with self.current():
            module = self._driver.module_from_buffer(code)
            return PyCudaModule(module, self._driver, self._stream, self.graphs, self.current)

    # ------------------------------------------------------------ memory

    def allocate(self, bytes_: int, what: str) -> int:
        """Zeroed memory.

        Raises:
            MachineError: there is not enough.
        """
        with self.current():
            try:
                memory = self._driver.mem_alloc(bytes_)
            except self._driver.MemoryError:
                free, total = self._driver.mem_get_info()
                raise MachineError(
                    f"the GPU has too little memory: {what} needs {_size(bytes_)} more; of {_size(total)} on "
                    f"{self.name} {_size(free)} are free"
                ) from None
            self._allocated[int(memory)] = memory
            self.zero(int(memory), bytes_)
            return int(memory)

    def free(self, address: int) -> None:
        """Give memory back, once nothing uses it any more; what `close` has given back already is left alone."""
        if address in self._allocated:
            with self.current():
                self._stream.synchronize()
                self._allocated.pop(address).free()

    def write(self, address: int, values: NDArray[Any]) -> None:
        """Send values; in the order of the launches."""
        with self.current():
            self._driver.memcpy_htod(address, values.reshape(-1).view(np.uint8))

    def read(self, address: int, values: NDArray[Any]) -> None:
        """Fetch values after everything that was launched."""
        with self.current():
            self._stream.synchronize()
            self._driver.memcpy_dtoh(values.reshape(-1).view(np.uint8), address)

    def copy(self, target: int, source: int, bytes_: int) -> None:
        """From one place on the device to another."""
        with self.current():
            self._driver.memcpy_dtod(target, source, bytes_)

    def zero(self, address: int, bytes_: int) -> None:
        """Fill with zeros."""
        with self.current():
            self._driver.memset_d8(address, 0, bytes_)

    def close(self) -> None:
        """Give everything back."""
        with self.current():
            self._stream.synchronize()
            self.graphs.close()
            for memory in self._allocated.values():
                memory.free()
            self._allocated.clear()


class PyCudaModule:
    """Loaded kernels (`cuda.device.Module`)."""

    def __init__(self, module: Any, driver: Any, stream: Any, graphs: Graphs, current: Current):
        self._module, self._stream, self._graphs, self._current = module, stream, graphs, current
        self._event, self._error = driver.Event, driver.Error
        self._functions: dict[str, Any] = {}

    def launch(self, calls: Sequence[Call]) -> None:
        """Put the calls on the device."""
        with self._current():
            self._put(calls)

    def keep(self, calls: Sequence[Call]) -> Callable[[], None]:
        """What launches the calls: from the second time on as a graph, if the driver makes one of them."""
        times, graph = 0, None

        def again() -> None:
            nonlocal times, graph
            times += 1
            with self._current():
                if times == 2:
                    graph = self._graph(calls)
                if graph is not None:
                    self._graphs.run(graph)
                else:
                    self._put(calls)

        return again

    def timed(self, calls: Sequence[Call]) -> list[float]:
        """Run the calls once and wait; gives the seconds that each took on the device."""
        with self._current():
            events = [self._event() for _ in range(len(calls) + 1)]
            events[0].record(self._stream)
            for call, event in zip(calls, events[1:], strict=True):
                self._put([call])
                event.record(self._stream)
            events[-1].synchronize()
            return [first.time_till(second) / 1000 for first, second in pairwise(events)]

    def _graph(self, calls: Sequence[Call]) -> ctypes.c_void_p | None:
        for call in calls:
            self._function(call.kernel)  # loading one is not allowed while a graph is recorded
        try:
            return self._graphs.record(lambda: self._put(calls))
        except self._error:  # the driver does not record such launches
            return None

    def _put(self, calls: Sequence[Call]) -> None:
        for call in calls:
            self._function(call.kernel).prepared_async_call(
                (call.grid, call.networks, call.layers), (call.block, 1, 1), self._stream, call.model, call.data
            )

    def _function(self, name: str) -> Any:
        if name not in self._functions:
            function = self._module.get_function(name)
            function.prepare("PP")
            self._functions[name] = function
        return self._functions[name]


def _size(bytes_: int) -> str:
    return f"{bytes_ / 2**30:.2f} GiB" if bytes_ >= 2**28 else f"{bytes_ / 2**20:.2f} MiB"
