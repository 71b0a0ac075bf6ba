"""A run that is saved, loaded and continued is the run that was never interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import plastlang as pl
from plastlang.runtime.files import replace_file
from plastlang.runtime.model import Model
from tests.api.networks import counting, learning


def same(one: Model, other: Model) -> None:
    mine, yours = one.executable.save(), other.executable.save()
    assert set(mine) == set(yours)
    for name, value in mine.items():
        assert np.array_equal(value, yours[name]), name


def test_a_run_goes_on_to_the_last_bit(tmp_path: Path) -> None:
    through, first = learning(), learning()
    through.run("40 ms")
    first.run("17 ms")
    path = first.save(tmp_path / "half.npz")
    second = learning(seed=99)
    second.load(path)
    assert second.t == pytest.approx(17) and second.seed == 5
    second.run("23 ms")
    same(through, second)


def test_another_process_goes_on(tmp_path: Path) -> None:
    through, first = learning(), learning()
    through.run("12 ms")
    first.run("5 ms")
    first.save(tmp_path / "half.npz")
    code = (
        "import sys; from tests.api.networks import learning; m = learning(); m.load(sys.argv[1]); m.run('7 ms');"
        "m.save(sys.argv[2])"
    )
    files = [str(tmp_path / name) for name in ("half.npz", "whole.npz")]
    subprocess.run([sys.executable, "-c", code, *files], check=True, timeout=60)
    last = learning()
    last.load(files[1])
    same(through, last)


def test_signals_of_the_same_step_go_on(tmp_path: Path) -> None:
    through, _ = counting()
    through.signal("reward", 1, 1)
    path = through.save(tmp_path / "c.npz")
    other, _ = counting()
    other.load(path)
    for model in (through, other):
        model.signal("reward", 2, 1)
        model.run("1 ms")
    same(through, other)


def test_a_checkpoint_of_another_program_is_refused(tmp_path: Path) -> None:
    path = learning().save(tmp_path / "c.npz")
    model = learning(rewiring=False)
    before = dict(model.executable.save())
    with pytest.raises(pl.PlastError, match=r"was saved by another program .* a checkpoint fits the program"):
        model.load(path)
    for name, value in model.executable.save().items():
        assert np.array_equal(value, before[name])


def test_another_precision_is_refused(tmp_path: Path) -> None:
    path = counting()[0].save(tmp_path / "c.npz")
    with pytest.raises(pl.PlastError, match="was saved in single precision, this model computes in double"):
        counting(precision="double")[0].load(path)


def test_damage_and_foreign_files_are_said(tmp_path: Path) -> None:
    model = learning()
    model.run("3 ms")
    path = model.save(tmp_path / "c.npz")
    whole = path.read_bytes()
    (tmp_path / "text").write_text("hello")
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    np.save(tmp_path / "array.npy", np.arange(3))
    for name in ("text", "other.npz", "array.npy"):
        with pytest.raises(pl.PlastError, match="is not a plastlang checkpoint, or it is damaged"):
            model.load(tmp_path / name)
    with pytest.raises(pl.PlastError, match="cannot read"):
        model.load(tmp_path)
    broken = tmp_path / "broken.npz"
    rng = np.random.default_rng(1)
    for place in (0, 1, 10, len(whole) // 2, len(whole) - 1):
        broken.write_bytes(whole[:place])
        with pytest.raises(pl.PlastError, match="damaged"):
            model.load(broken)
    before = dict(model.executable.save())
    for place in rng.integers(0, len(whole), 60):
        flipped = bytearray(whole)
        flipped[place] ^= 0x55
        broken.write_bytes(bytes(flipped))
        try:
            model.load(broken)
        except pl.PlastError as error:
            assert "\n" not in str(error)
        for name, value in model.executable.save().items():
            assert np.array_equal(value, before[name]), (place, name)


def test_a_killed_save_leaves_the_old_file_whole(tmp_path: Path) -> None:
    model = learning()
    path = model.save(tmp_path / "c.npz")
    old = path.read_bytes()
    code = (
        "import sys, pathlib\nfrom plastlang.runtime.files import replace_file\n"
        "with replace_file(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); print('now', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "now\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert path.read_bytes() == old
    model.load(path)


def test_a_save_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    path.write_text("old")
    with pytest.raises(RuntimeError), replace_file(path) as file:
        file.write(b"new")
        raise RuntimeError
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["c.npz"]
    with pytest.raises(pl.MachineError, match="cannot write"):
        learning().save(tmp_path / "no" / "such" / "place.npz")
