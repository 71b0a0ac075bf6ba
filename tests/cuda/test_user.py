"""The CUDA backend as its user meets it, on the emulator: the same as the others, from Python and in checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import plastlang as pl
from plastlang import cli
from plastlang.backends.cuda import backend as cuda
from tests.api.interrupts import interrupt_while_it_runs, strike_everywhere
from tests.api.networks import counting, learning
from tests.api.test_checkpoints import same
from tests.cli.test_plastc import NETWORK
from tests.cuda.emulator import EmulatedDevice


@pytest.fixture(autouse=True)
def emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_device", EmulatedDevice(checked=False))


def test_the_same_run_to_the_last_bit() -> None:
    reference, device = learning("reference"), learning("cuda")
    for model in (reference, device):
        model.run("12 ms")
        model.run("8 ms")
    same(reference, device)
    assert np.array_equal(reference["outputs"].spikes.times, device["outputs"].spikes.times)
    assert np.array_equal(reference["ff"].in_degree, device["ff"].in_degree)
    assert reference["ff"].formations == device["ff"].formations
    assert reference["ff"].eliminations == device["ff"].eliminations
    assert device["ff"].formations > 0


@pytest.mark.parametrize(("first", "second"), [("c", "cuda"), ("cuda", "c"), ("cuda", "reference"), ("cuda", "cuda")])
def test_a_checkpoint_goes_from_one_backend_to_the_other(first: str, second: str, tmp_path: Path) -> None:
    through, start, end = learning("reference"), learning(first), learning(second, 1, seed=99)
    through.run("16 ms")
    start.run("9 ms")
    end.load(start.save(tmp_path / "c.npz"))
    end.run("7 ms")
    same(through, end)


def test_recordings_and_parameters() -> None:
    models = [counting(name)[0] for name in ("reference", "cuda")]
    for model in models:
        model["clocks"].schedule([0, 1, 1, 2], ([0.1, 0.1, 0.5, 0.9], "ms"))
        model.run("0.6 ms")
        model.set_parameter("counters", "bias", 2.0)
        model.run("0.6 ms")
        model["counters"].n = 7
        model.run("0.2 ms")
    same(*models)
    recorded = [model.recordings for model in models]
    for name in ("clocks.spikes", "counters.n"):
        assert np.array_equal(recorded[0][name].times, recorded[1][name].times)
    assert np.array_equal(recorded[0]["counters.n"].values, recorded[1]["counters.n"].values)


def test_values_read_are_copies() -> None:
    model = learning("cuda", rewiring=False)
    values = model["outputs"].v
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 0
    before = values.copy()
    model.run("3 ms")
    assert np.array_equal(values, before) and not np.array_equal(model["outputs"].v, before)
    shared = np.from_dlpack(model["outputs"].on_device("v"))
    model.run("3 ms")
    assert np.array_equal(shared, model["outputs"].v)
    with pytest.raises(pl.PlastError, match="w of ff does not lie on the GPU as it is read; use get"):
        model["ff"].on_device("w")


def test_other_backends_have_nothing_on_a_gpu() -> None:
    with pytest.raises(pl.PlastError, match='v of outputs is not on a GPU; compile with backend="cuda"'):
        learning("reference", rewiring=False)["outputs"].on_device("v")


def test_a_rule_alone_gives_the_same() -> None:
    rng = np.random.default_rng(4)
    made = [
        pl.rules.PairSTDP.compile(4, 3, np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4), backend=backend)
        for backend in ("cuda", "reference")
    ]
    for _ in range(40):
        pre, post = np.flatnonzero(rng.random(4) < 0.2), np.flatnonzero(rng.random(3) < 0.2)
        delivered = [rule.step(pre, post) for rule in made]
        assert np.array_equal(*delivered)
    assert np.array_equal(made[0].w, made[1].w) and np.array_equal(made[0].x, made[1].x)


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_an_interrupt_ends_a_run_between_two_steps(delay: float) -> None:
    interrupt_while_it_runs("cuda", delay, rewiring=False)


def test_an_interrupt_at_any_moment_leaves_the_model_whole_and_is_not_lost() -> None:
    strike_everywhere("cuda", 18, 14)


def test_a_closed_model_has_given_its_memory_back() -> None:
    device = cuda.device()
    used = len(device._sizes)  # type: ignore[attr-defined]
    with learning("cuda") as model:
        model.run("1 ms")
        assert len(device._sizes) > used  # type: ignore[attr-defined]
    assert len(device._sizes) == used  # type: ignore[attr-defined]
    with pytest.raises(pl.PlastError, match="the model is closed"):
        model.run("1 ms")


def test_plastc_runs_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.plast"
    file.write_text(NETWORK)
    found = []
    for name in ("cuda", "reference"):
        out = tmp_path / name
        with pytest.raises(SystemExit) as end:
            cli.main(["run", str(file), "--backend", name, "--for", "5 ms", "--quiet", "-o", str(out)])
        assert not end.value.code
        with np.load(out / "recordings.npz") as arrays:
            found.append({key: arrays[key] for key in arrays.files})
    assert set(found[0]) == set(found[1])
    assert all(np.array_equal(found[0][key], found[1][key]) for key in found[0])


def test_what_was_compiled_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "small.plast"
    file.write_text(NETWORK)
    built = tmp_path / "built"
    with pytest.raises(SystemExit) as end:
        cli.main(["compile", str(file), "--backend", "cuda", "-o", str(built)])
    if end.value.code == 3:
        pytest.skip("there is no compiler for CUDA: nothing is written that could be opened")
    opened, reference = pl.open(built, seed=3), pl.load(file).Small.compile(backend="reference", seed=3)
    for model in (opened, reference):
        model.run("5 ms")
    same(opened, reference)
