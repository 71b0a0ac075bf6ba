"""PyCUDA as it is, on a stand-in for the driver: launches, copies, graphs, threads and errors of the real path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cuda import standin

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    standin.pycuda_library() is None,
    reason="PyCUDA is not installed (`make pycuda` builds it, without a GPU): its launches and copies are not tested",
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return standin.make_driver(tmp_path_factory.mktemp("driver")).parent


def session(driver: Path, *arguments: str, **variables: str) -> Any:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(driver), "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(
        [sys.executable, "-m", "tests.cuda.standin.session", *arguments], cwd=ROOT, env=environment,
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr and "WARNING" not in done.stderr, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_bits_are_those_of_the_reference(driver: Path) -> None:
    assert session(driver, "same_bits") == {"different": [], "steps": 100, "device": "emulated GPU"}


def test_steps_run_as_graphs(driver: Path) -> None:
    found = session(driver, "graphs")
    # 16 steps by themselves, then to be recorded, and four times as a graph less the first; then three single steps
    assert found == {"steps": 67, "launched": [16, 16, 1, 1], "replayed": 3 + 2, "graphs": 2}


def test_kernels_are_timed_by_events(driver: Path) -> None:
    found = session(driver, "profile")
    assert found.pop("kernels") >= 6 and found == {"positive": True, "same": True, "steps": 5}


def test_any_thread_may_run_a_model(driver: Path) -> None:
    assert session(driver, "other_thread") == {"steps": 20}


def test_values_are_shared(driver: Path) -> None:
    assert session(driver, "shared") == {"same": True, "place": [2, 0]}


def test_too_little_memory_is_said_with_numbers_and_given_back(driver: Path) -> None:
    found = session(driver, "memory", STANDIN_MEMORY="100000")
    assert found["said"].startswith("the GPU has too little memory: ") and "emulated GPU" in found["said"]
    assert found["left"] == 0


def test_a_driver_that_does_not_start(driver: Path) -> None:
    said = session(driver, "refused", STANDIN_BROKEN="1")["said"]
    assert said.startswith("the NVIDIA driver does not start: cuInit gives 100, CUDA_ERROR_NO_DEVICE")


def test_plastc_says_what_is_missing_with_exit_code_3(driver: Path) -> None:
    assert session(driver, "plastc", "older") == {
        "code": 3, "said": "error: the NVIDIA driver is older than the CUDA toolkit: the driver goes up to CUDA 13, "
        "/new/nvcc makes code for CUDA 14.1; update the driver, or install a compiler for CUDA 13\n",
    }  # fmt: skip
    assert session(driver, "plastc", "memory", STANDIN_MEMORY="20000") == {
        "code": 3, "said": "error: the GPU has too little memory: the recorded spikes of outputs needs 0.50 MiB more; "
        "of 0.02 MiB on emulated GPU 0.02 MiB are free\n",
    }  # fmt: skip
