"""Run in a process of its own, in which libcuda.so.1 is the stand-in: PyCUDA as it is, from plastlang's Python API."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pycuda.driver

import plastlang as pl
from plastlang import cli
from plastlang.backends.cuda import backend, pycuda_device, toolchain
from plastlang.diagnostics import MachineError
from tests.api.networks import learning
from tests.cli.test_plastc import NETWORK
from tests.cuda.emulator import build


def emulated(source: str, *rest: object) -> bytes:
    """What the stand-in takes for machine code."""
    return b"emulated kernels: " + str(build.compiled(source, "checked")).encode() + b"\0"


def same_bits() -> object:
    """A network that learns, on the reference and through PyCUDA: what differs in the end."""
    runs = []
    for name in ("reference", "cuda"):
        model = learning(name)
        model.run("10 ms")
        runs.append((model.executable.save(), model.recordings, model))
    (expected, _, _), (found, _, model) = runs
    different = [key for key in expected if not np.array_equal(expected[key], found[key])]
    return {"different": different, "steps": model.executable.step, "device": backend.device().name}


def shared() -> object:
    """What other packages see of the memory."""
    model = learning("cuda", rewiring=False)
    array = model["outputs"].on_device("v")
    interface = array.__cuda_array_interface__
    values = np.zeros(array.shape, array.dtype)
    pycuda.driver.memcpy_dtoh(values, interface["data"][0])
    return {"same": bool(np.array_equal(values, model["outputs"].v)), "place": array.__dlpack_device__()}


def other_thread() -> object:
    """A model is used by a thread that did not make it."""
    model = learning("cuda", rewiring=False)
    thread = threading.Thread(target=model.run, args=("2 ms",))
    thread.start()
    thread.join()
    return {"steps": model.executable.step}


def memory() -> object:
    """There is too little of it."""
    try:
        learning("cuda", rewiring=False)
    except MachineError as error:
        return {"said": str(error), "left": len(backend.device()._allocated)}  # type: ignore[attr-defined]
    return {"said": ""}


def graphs() -> object:
    """Many steps at once are a graph from the second time on: their kernels are launched once more, to be recorded."""
    model = learning("cuda", rewiring=False)
    module = model.executable._module  # type: ignore[attr-defined]
    launched, replayed = [], []
    put, run = module._put, module._graphs.run
    module._put = lambda calls: (launched.append(tuple(calls)), put(calls))
    module._graphs.run = lambda graph: (replayed.append(graph.value), run(graph))
    model.executable._advance(67)  # type: ignore[attr-defined]
    ticks = [sum(call.kernel == "plast_tick" for call in calls) for calls in launched]
    return {
        "steps": model.executable.step, "launched": [n for n in ticks if n], "replayed": len(replayed),
        "graphs": len(set(replayed)),
    }  # fmt: skip


def profile() -> object:
    """Seconds of each kernel, by events."""
    model, other = (learning("cuda", rewiring=False) for _ in range(2))
    seconds = model.executable.profile(5)  # type: ignore[attr-defined]
    other.step(5)
    return {
        "kernels": len(seconds), "positive": all(value > 0 for value in seconds.values()),
        "same": bool(np.array_equal(model["outputs"].v, other["outputs"].v)), "steps": model.executable.step,
    }  # fmt: skip


def plastc() -> object:
    """What `plastc run` says where the toolkit is newer than the driver ("older"), or memory is short ("memory")."""
    if sys.argv[2] == "older":
        toolchain.compilers = lambda: (toolchain.Compiler("nvcc", "/new/nvcc", (14, 1)),)  # type: ignore[assignment]
        pycuda_device.find_compiler = toolchain.find_compiler
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stderr(said):
        file = Path(place) / "small.plast"
        file.write_text(NETWORK)
        try:
            cli.main(["run", str(file), "--backend", "cuda", "--quiet"])
        except SystemExit as end:
            return {"code": end.code, "said": said.getvalue()}
    return {}


def refused() -> object:
    """The driver does not start."""
    try:
        pl.load("rules:lif.plast")
        learning("cuda", rewiring=False)
    except MachineError as error:
        return {"said": str(error)}
    return {"said": ""}


pycuda_device.code_for = emulated
pycuda_device.find_compiler = lambda newest: None
print(json.dumps(globals()[sys.argv[1]]()))
