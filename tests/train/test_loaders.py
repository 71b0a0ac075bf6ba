"""Published formats, read from small files that are written here in the same form."""

from __future__ import annotations

import builtins
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from plastlang import train
from plastlang.diagnostics import MachineError, PlastError

h5py = pytest.importorskip("h5py", reason="h5py (plastlang[train]) is not installed, so no file of SHD can be written")


def heidelberg_file(path: Path, **replace: object) -> Path:
    """As published: spikes/times in s (float16), spikes/units (uint16), one array each for an example; labels."""
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes")
        times = group.create_dataset("times", (2,), dtype=h5py.vlen_dtype(np.float16))
        units = group.create_dataset("units", (2,), dtype=h5py.vlen_dtype(np.uint16))
        times[0], times[1] = np.array([0.25, 0.5], np.float16), np.array([0.125, 0.75, 1.0], np.float16)
        units[0], units[1] = np.array([3, 699]), np.array([0, 1, 2])
        file["labels"] = replace.get("labels", np.array([19, 4], np.uint16))
        file["extra/keys"] = np.array([b"zero", b"one"])
        file["extra/speaker"] = np.array([3, 11], np.uint16)
    return path


def test_heidelberg(tmp_path: Path) -> None:
    path = heidelberg_file(tmp_path / "shd_train.h5")
    first, second = train.heidelberg(path)
    assert (list(first.neurons), list(first.times), first.target) == ([3, 699], [250, 500], 19)
    assert (list(second.neurons), list(second.times), second.target) == ([0, 1, 2], [125, 750, 1000], 4)
    assert first.duration == second.duration == 1001
    cut = train.heidelberg(path, "0.6 s")
    assert [list(e.times) for e in cut] == [[250, 500], [125]] and cut[0].duration == 600


def test_files_that_are_not_of_heidelberg(tmp_path: Path) -> None:
    with pytest.raises(PlastError, match="there is no file"):
        train.heidelberg(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(PlastError, match=r"is no file of SHD or SSC .*; it must hold spikes/times, spikes/units"):
        train.heidelberg(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = np.zeros(3)
    with pytest.raises(PlastError, match="is no file of SHD or SSC"):
        train.heidelberg(tmp_path / "other.h5")
    with pytest.raises(PlastError, match="has 2 lists of times, 2 of units and 3 labels"):
        train.heidelberg(heidelberg_file(tmp_path / "short.h5", labels=np.arange(3)))


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = heidelberg_file(tmp_path / "shd.h5"), builtins.__import__

    def without(name: str, *rest: object, **named: object) -> object:
        if name == "h5py":
            raise ImportError(name)
        return real(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MachineError, match=r"needs h5py; install it with `pip install plastlang\[train\]`"):
        train.heidelberg(path)


def aer_bytes(x: int, y: int, polarity: int, microseconds: int) -> bytes:
    return bytes([x, y, polarity << 7 | microseconds >> 16, microseconds >> 8 & 255, microseconds & 255])


def n_mnist_directory(path: Path) -> Path:
    for label in range(10):
        (path / str(label)).mkdir(parents=True)
        (path / str(label) / "00002.bin").write_bytes(aer_bytes(label, 33, 1, 70_000) + aer_bytes(33, 0, 0, 305_123))
        (path / str(label) / "00001.bin").write_bytes(aer_bytes(1, 2, 0, 1_500))
    return path


def test_n_mnist(tmp_path: Path) -> None:
    directory = n_mnist_directory(tmp_path / "Train")
    found = train.n_mnist(directory)
    assert [e.target for e in found] == [n // 2 for n in range(20)]
    assert (list(found[0].neurons), list(found[0].times)) == ([2 * 34 + 1], [1.5])
    assert (list(found[7].neurons), list(found[7].times)) == ([(34 + 33) * 34 + 3], [70])  # the later event is left out
    x, y, polarity, times = train.aer_file(directory / "3" / "00002.bin")
    assert (list(x), list(y), list(polarity)) == ([3, 33], [33, 0], [1, 0]) and list(times) == [70, 305.123]
    assert len(train.n_mnist(directory, "400 ms", limit=1)) == 10


def test_a_clock_that_runs_over(tmp_path: Path) -> None:
    (tmp_path / "one.bin").write_bytes(
        aer_bytes(1, 2, 1, 8_000) + aer_bytes(0, 240, 0, 8_190) + aer_bytes(3, 4, 0, 500) + aer_bytes(0, 240, 0, 0)
        + aer_bytes(5, 6, 0, 0)
    )  # fmt: skip
    x, _, _, times = train.aer_file(tmp_path / "one.bin")
    assert list(x) == [1, 3, 5] and list(times) == [8.0, 8.692, 16.384]


def test_bad_aer(tmp_path: Path) -> None:
    directory = n_mnist_directory(tmp_path / "Train")
    (directory / "5" / "00001.bin").write_bytes(b"1234567")
    with pytest.raises(PlastError, match="is cut off: 7 bytes are no whole number of events"):
        train.n_mnist(directory)
    (directory / "5" / "00001.bin").write_bytes(aer_bytes(34, 0, 0, 1))
    with pytest.raises(PlastError, match="has events outside of 34 x 34 pixels"):
        train.n_mnist(directory)
    with pytest.raises(PlastError, match="has no folder 0; give the unpacked directory Train or Test"):
        train.n_mnist(tmp_path)


EVENTS = np.array(
    [(0, 0, 1, 0), (127, 127, 0, 999_000), (5, 4, 1, 2_000_000)],
    dtype=[("x", np.int16), ("y", np.int16), ("p", bool), ("t", np.int64)],
)


def test_events_of_tonic() -> None:
    """The form of tonic.datasets.DVSGesture: structured events and a label, times in microseconds."""
    (example,) = train.tonic_examples([(EVENTS, 10)], "1 s", (128, 128, 2), shrink=4)
    assert list(example.neurons) == [32 * 32, 32 * 32 - 1] and list(example.times) == [0, 999]
    assert (example.target, example.duration) == (10, 1000)
    with pytest.raises(PlastError, match="the dataset does not say its sensor_size; give sensor_size"):
        train.tonic_examples([(EVENTS, 1)], "1 s")
    with pytest.raises(PlastError, match="example 0 has events outside of 64 x 64 pixels"):
        train.tonic_examples([(EVENTS, 1)], "1 s", (64, 64, 2))
    with pytest.raises(PlastError, match="example 0 has no events with the fields x, t and p"):
        train.tonic_examples([(np.zeros(3), 1)], "1 s", (64, 64, 2))


NO_TONIC = "tonic (plastlang[tonic]) is not installed, so it reads nothing"


def local(tonic: ModuleType, name: str) -> Any:
    """A data set of tonic under its own name, which is that of its folder; it would download what is not all there."""
    return type(name, (getattr(tonic.datasets, name),), {"_check_exists": lambda self: True})


def test_dvs_gesture_by_tonic(tmp_path: Path) -> None:
    """tonic itself reads a file in the layout of its DVSGesture; what it gives is taken as it is."""
    tonic = pytest.importorskip("tonic", reason=NO_TONIC)
    folder = tmp_path / "DVSGesture" / "ibmGestureTest" / "user24_led"
    folder.mkdir(parents=True)
    rows = np.array([[0, 0, 1, 0.0], [127, 126, 0, 500.0]])
    np.save(folder / "3.npy", rows)
    (example,) = train.tonic_examples(local(tonic, "DVSGesture")(str(tmp_path), train=False), "1 s", shrink=4)
    assert list(example.neurons) == [1024, 1023] and list(example.times) == [0, 500] and example.target == 3


def test_n_mnist_is_read_as_by_tonic(tmp_path: Path) -> None:
    tonic = pytest.importorskip("tonic", reason=NO_TONIC)
    directory = n_mnist_directory(tmp_path / "NMNIST" / "Train")
    over = aer_bytes(4, 5, 1, 8_000) + aer_bytes(0, 240, 0, 8_190) + aer_bytes(6, 7, 0, 3)
    (directory / "4" / "00003.bin").write_bytes(over)
    same(train.tonic_examples(local(tonic, "NMNIST")(str(tmp_path)), "300 ms"), train.n_mnist(directory))


def test_heidelberg_digits_are_read_as_by_tonic(tmp_path: Path) -> None:
    tonic = pytest.importorskip("tonic", reason=NO_TONIC)
    (tmp_path / "SHD").mkdir()
    path = heidelberg_file(tmp_path / "SHD" / "shd_train.h5")
    same(train.tonic_examples(local(tonic, "SHD")(str(tmp_path)), "0.9 s"), train.heidelberg(path, "0.9 s"))


def same(theirs: list[train.Example], ours: list[train.Example]) -> None:
    assert len(theirs) == len(ours) > 0
    for their, our in zip(theirs, ours, strict=True):
        assert their.target == our.target and their.duration == our.duration
        assert np.array_equal(their.neurons, our.neurons) and np.allclose(their.times, our.times, rtol=0, atol=1e-3)
