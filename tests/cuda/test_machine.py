"""What is said where a GPU cannot be used, which compiler is taken, and what `plastc compile --backend cuda` leaves."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

from plastlang import cli
from plastlang.backends.cuda import backend as cuda
from plastlang.backends.cuda import cache, probe, toolchain
from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.cuda.emit import emit
from plastlang.backends.cuda.toolchain import CompileError, Compiler, Target, find_compiler
from plastlang.backends.interface import Options
from plastlang.diagnostics import MachineError
from tests.cli.test_plastc import NETWORK
from tests.ir_programs import lif, program, stdp

NET = program((lif("a", 5), lif("b", 4)), (stdp("p", "a", "b", before=True),))


def driver(tmp_path: Path, result: int, version: int = 13000) -> str:
    """A driver that cuInit finds in this state."""
    source = tmp_path / "driver.c"
    source.write_text(
        f"int cuInit(unsigned flags) {{ (void)flags; return {result}; }}\n"
        f"int cuDriverGetVersion(int *version) {{ *version = {version}; return 0; }}\n"
        'int cuGetErrorName(int code, const char **to) { *to = code == 100 ? "CUDA_ERROR_NO_DEVICE" : 0; return 0; }\n'
        'int cuGetErrorString(int code, const char **to) { *to = code == 100 ? "no device" : 0; return 0; }\n'
    )
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "libcuda.so", source], check=True)
    return str(tmp_path / "libcuda.so")


@pytest.fixture
def with_pycuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyCUDA counts as installed; none of these tests gets as far as importing it."""
    real = importlib.util.find_spec
    monkeypatch.setattr(probe.importlib.util, "find_spec", lambda name: real("json" if name == "pycuda" else name))


def test_pycuda_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MachineError, match=r"^the backend 'cuda' needs PyCUDA: `pip install 'plastlang\[cuda\]'`"):
        probe.driver_version()


def test_there_is_no_driver(monkeypatch: pytest.MonkeyPatch, with_pycuda: None) -> None:
    monkeypatch.setattr(probe, "DRIVER", "/nowhere/libcuda.so.1")
    with pytest.raises(MachineError, match=r"^there is no NVIDIA driver on this machine \(/nowhere.*--backend c"):
        probe.driver_version()


@pytest.mark.parametrize(
    ("code", "said"), [(100, "CUDA_ERROR_NO_DEVICE: no device"), (7, "an error that the driver does not explain")]
)
def test_the_driver_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, with_pycuda: None, code: int, said: str
) -> None:
    monkeypatch.setattr(probe, "DRIVER", driver(tmp_path, code))
    with pytest.raises(MachineError, match=rf"^the NVIDIA driver does not start: cuInit gives {code}, {said}; see"):
        probe.driver_version()


def test_a_driver_that_starts_says_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, with_pycuda: None
) -> None:
    monkeypatch.setattr(probe, "DRIVER", driver(tmp_path, 0, 12080))
    assert probe.driver_version() == 12


def test_the_driver_is_older_than_the_toolkit(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = Compiler("nvrtc", "/new/libnvrtc.so", (13, 1)), Compiler("nvcc", "/old/nvcc", (12, 8))
    monkeypatch.setattr(toolchain, "compilers", lambda: (new,))
    with pytest.raises(MachineError, match=r"older.*up to CUDA 12, /new/libnvrtc.so makes code for CUDA 13\.1"):
        find_compiler(12)
    monkeypatch.setattr(toolchain, "compilers", lambda: (new, old))
    assert find_compiler(12) is old and find_compiler(13) is new and find_compiler() is new


def test_there_is_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "compilers", lambda: ())
    with pytest.raises(MachineError, match=r"^there is no compiler for CUDA: `pip install nvidia-cuda-nvrtc`"):
        find_compiler()


#: What `plastc run` says. A driver that is too old and too little memory are in test_pycuda.py: there PyCUDA is needed.
SAID = {
    "PyCUDA": "error: the backend 'cuda' needs PyCUDA: `pip install 'plastlang[cuda]'`, or use --backend c, which "
    "gives the same numbers\n",
    "driver": "error: there is no NVIDIA driver on this machine (/nowhere/libcuda.so.1: cannot open shared object "
    "file: No such file or directory); install one, or use --backend c, which gives the same numbers\n",
    "cuInit": "error: the NVIDIA driver does not start: cuInit gives 100, CUDA_ERROR_NO_DEVICE: no device; see what "
    "nvidia-smi says, or use --backend c, which gives the same numbers\n",
}


@pytest.mark.parametrize("missing", SAID)
def test_plastc_says_it_with_exit_code_3(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], with_pycuda: None
) -> None:
    if missing == "PyCUDA":
        find = importlib.util.find_spec
        monkeypatch.setattr(probe.importlib.util, "find_spec", lambda name: None if name == "pycuda" else find(name))
    monkeypatch.setattr(probe, "DRIVER", driver(tmp_path, 100) if missing == "cuInit" else "/nowhere/libcuda.so.1")
    monkeypatch.setattr(cuda, "_device", None)
    file = tmp_path / "small.plast"
    file.write_text(NETWORK)
    with pytest.raises(SystemExit) as end:
        cli.main(["run", str(file), "--backend", "cuda", "--quiet"])
    assert end.value.code == 3 and capsys.readouterr().err == SAID[missing]


# ---------------------------------------------------------------- compilers

ALL = toolchain.compilers()
needs_compiler = pytest.mark.skipif(not ALL, reason="neither NVRTC nor nvcc: no machine code is made")


@pytest.mark.parametrize("compiler", ALL, ids=lambda c: c.kind)
def test_every_compiler_makes_both_forms_and_says_what_is_wrong(compiler: Compiler) -> None:
    source = emit(NET, "single").source
    code = compiler.compile(source, Target(75))
    assert code[:4] == b"\x7fELF"
    text = compiler.compile(source, Target(80, "ptx"), "fast").decode()
    assert ".target sm_80" in text and "fma.rn.f32" in text
    exact = compiler.compile(source, Target(80, "ptx")).decode()
    for wrong in ("fma.rn.f", ".approx", ".ftz", "mad.f"):
        assert wrong not in exact, wrong
    with pytest.raises(CompileError, match="refuses the emitted CUDA"):
        compiler.compile("void f( {", Target(75))


@needs_compiler
def test_machine_code_is_kept_by_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLASTLANG_CACHE", str(tmp_path / "kept"))
    source = 'extern "C" __global__ void nothing(void) {}\n'
    made = cache.code_for(source, Target(75), "deterministic", ALL[0])
    names = sorted(p.suffix for p in (tmp_path / "kept").iterdir())
    assert names == [".cu", ".cubin"]

    def refuse(*arguments: object) -> bytes:
        raise AssertionError("compiled again")

    again = Compiler("nvrtc", "other", ALL[0].version)
    monkeypatch.setattr(Compiler, "compile", refuse)
    assert cache.code_for(source, Target(75), "deterministic", ALL[0]) == made
    keys = {
        cache.cache_key(text, target, mode, again)
        for text in (source, source + " ")
        for target in (Target(75), Target(80), Target(80, "ptx"))
        for mode in toolchain.MODES
    }
    assert len(keys) == 12


@needs_compiler
def test_plastc_compiles_for_gpus_without_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.plast"
    file.write_text(NETWORK)
    with pytest.raises(SystemExit) as end:
        cli.main(["compile", str(file), "-o", str(tmp_path / "built"), "--backend", "cuda", "--mode", "fast", "--json"])
    assert not end.value.code
    manifest = json.loads(capsys.readouterr().out)
    assert (manifest["backend"], manifest["mode"]) == ("cuda", "fast")
    names = {p.name for p in (tmp_path / "built").iterdir()}
    assert {"model.cu", "plast_device.h", "model.sm_75.cubin", "model.sm_80.cubin", "model.sm_90.cubin",
            "model.compute_75.ptx", "manifest.json"} <= names  # fmt: skip
    assert set(manifest["files"]) == names
    assert manifest["files"]["model.sm_90.cubin"] == "machine code for GPUs of compute capability 9.0"
    with pytest.raises(SystemExit) as end:
        cli.main(["emit", str(file), "--stage", "code", "--backend", "cuda"])
    assert not end.value.code and capsys.readouterr().out.rstrip() == (tmp_path / "built/model.cu").read_text().rstrip()


class Keeper:
    """A device that takes code, and keeps it."""

    name, spread, block = "keeper", 1, 32

    def __init__(self, architecture: int):
        self.architecture = architecture

    def load(self, code: bytes) -> None:
        raise StopIteration(code.decode())


@pytest.mark.parametrize(
    ("architecture", "expected"), [(75, "sm_75"), (86, "sm_80"), (89, "sm_80"), (90, "sm_90"), (120, "compute_75")]
)
def test_a_gpu_gets_the_code_that_it_runs(tmp_path: Path, architecture: int, expected: str) -> None:
    for name in ("sm_75.cubin", "sm_80.cubin", "sm_90.cubin", "compute_75.ptx"):
        (tmp_path / f"model.{name}").write_text(name.partition(".")[0])
    device = Keeper(architecture)
    with pytest.raises(StopIteration, match=f"^{expected}$"):
        CudaBackend(device).open(NET, Options(), tmp_path)  # type: ignore[arg-type]
    with pytest.raises(MachineError, match="holds no code for this GPU; run plastc compile again"):
        CudaBackend(Keeper(90)).open(NET, Options(), tmp_path / "empty")  # type: ignore[arg-type]


def test_the_reference_has_no_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.plast"
    file.write_text(NETWORK)
    with pytest.raises(SystemExit) as end:
        cli.main(["emit", str(file), "--stage", "code", "--backend", "reference"])
    assert end.value.code == 1 and "the reference backend makes no code" in capsys.readouterr().err
