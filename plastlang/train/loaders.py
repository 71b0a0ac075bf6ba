"""Published sets of spike trains, read from their files as they are distributed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.diagnostics import MachineError
from plastlang.runtime.calls import bad_call
from plastlang.runtime.durations import milliseconds
from plastlang.train.examples import Example

#: Pixels of N-MNIST along each side.
_N_MNIST = 34
#: Row of an event that says that the clock has run over.
_OVERFLOW = 240


def heidelberg(path: str | Path, duration: object = None) -> list[Example]:
    """Spiking Heidelberg Digits or Spiking Speech Commands (Cramer et al., IEEE TNNLS 33, 2744-2757, 2022): 700 inputs.

    Args:
        path: an HDF5 file such as shd_train.h5, unpacked.
        duration: of every example; later spikes are left out. Without one it is that of the longest in the file.

    Raises:
        PlastError: no such file, or not in this format.
        MachineError: h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise MachineError("reading HDF5 files needs h5py; install it with `pip install plastlang[train]`") from None
    file = _existing(path)
    try:
        with h5py.File(file, "r") as content:
            times = [np.asarray(t, np.float64) * 1000 for t in content["spikes"]["times"]]
            units = [np.asarray(u, np.int64) for u in content["spikes"]["units"]]
            labels = np.asarray(content["labels"], np.int64)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise bad_call(
            f"{path} is no file of SHD or SSC ({error})", "it must hold spikes/times, spikes/units, labels", "R401"
        ) from None
    if not len(times) == len(units) == len(labels):
        raise bad_call(
            f"{path} has {len(times)} lists of times, {len(units)} of units and {len(labels)} labels", code="R401"
        )
    length = _length(duration, times)
    return [_cut(u, t, int(label), length) for t, u, label in zip(times, units, labels, strict=True)]


def aer_file(path: str | Path) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Events of a file of N-MNIST or N-Caltech101 (Orchard et al., Front. Neurosci. 9, 437, 2015).

    Five bytes each: x, y, and 24 bits of which the highest is the polarity and the others are microseconds. An event in
    row 240 is none: the clock of the sensor has run over, and all that follows is 2^13 microseconds later.

    Returns:
        x, y, polarity (1 on, 0 off), time in ms.
    """
    raw = np.frombuffer(_existing(path).read_bytes(), np.uint8)
    if raw.size % 5:
        raise bad_call(f"{path} is cut off: {raw.size} bytes are no whole number of events", code="R401")
    b = raw.reshape(-1, 5).astype(np.int64)
    microseconds = (b[:, 2] & 127) << 16 | b[:, 3] << 8 | b[:, 4]
    over = b[:, 1] == _OVERFLOW
    microseconds += np.cumsum(over) << 13
    b, microseconds = b[~over], microseconds[~over]
    return b[:, 0], b[:, 1], b[:, 2] >> 7, microseconds / 1000


def n_mnist(directory: str | Path, duration: object = "300 ms", limit: int | None = None) -> list[Example]:
    """N-MNIST from its unpacked directory `Train` or `Test`, with folders 0 to 9: 34 x 34 x 2 = 2312 inputs.

    Args:
        directory: has the folders.
        duration: of every example; later events are left out.
        limit: of each class only so many.
    """
    length, found = milliseconds(duration, "duration"), []
    for label in range(10):
        folder = Path(directory) / str(label)
        if not folder.is_dir():
            raise bad_call(f"{directory} has no folder {label}", "give the unpacked directory Train or Test", "R401")
        for path in sorted(folder.glob("*.bin"))[:limit]:
            x, y, polarity, times = aer_file(path)
            if x.size and max(int(x.max()), int(y.max())) >= _N_MNIST:
                raise bad_call(f"{path} has events outside of 34 x 34 pixels", code="R401")
            found.append(_cut((polarity * _N_MNIST + y) * _N_MNIST + x, times, label, length))
    return found


def tonic_examples(
    dataset: Iterable[tuple[Any, int]], duration: object, sensor_size: tuple[int, int, int] | None = None,
    shrink: int = 1,
) -> list[Example]:  # fmt: skip
    """A data set of tonic, such as `tonic.datasets.DVSGesture(path)`, or any pairs (events, label) of its kind.

    Args:
        dataset: events are structured arrays with the fields x, y (if there is one), p and t in microseconds.
        duration: of every example; later events are left out.
        sensor_size: (width, height, polarities); that of the dataset without one.
        shrink: so many pixels along each side become one; 4 makes 32 x 32 x 2 = 2048 inputs of DVS gestures.
    """
    size = sensor_size or getattr(dataset, "sensor_size", None)
    if size is None:
        raise bad_call(
            "the dataset does not say its sensor_size", "give sensor_size=(width, height, polarities)", "R401"
        )
    length = milliseconds(duration, "duration")
    width, height = -(-size[0] // shrink), -(-size[1] // shrink)
    found = []
    for number, (events, label) in enumerate(dataset):
        names = getattr(getattr(events, "dtype", None), "names", None) or ()
        if not {"x", "t", "p"} <= set(names):
            raise bad_call(f"example {number} has no events with the fields x, t and p", code="R401")
        x = events["x"].astype(np.int64) // shrink
        y = events["y"].astype(np.int64) // shrink if "y" in names else np.zeros_like(x)
        if x.size and (x.min() < 0 or x.max() >= width or y.min() < 0 or y.max() >= height):
            raise bad_call(f"example {number} has events outside of {size[0]} x {size[1]} pixels", code="R401")
        polarity = np.minimum(events["p"].astype(np.int64), size[2] - 1)
        found.append(_cut((polarity * height + y) * width + x, events["t"] / 1000, int(label), length))
    return found


def _cut(neurons: NDArray[np.int64], times: NDArray[np.float64], label: int, length: float) -> Example:
    inside = times < length
    return Example(neurons[inside], times[inside], label, length)


def _length(duration: object, times: list[NDArray[np.float64]]) -> float:
    if duration is not None:
        return milliseconds(duration, "duration")
    longest = max((float(t.max()) for t in times if t.size), default=0.0)
    return float(np.floor(longest) + 1)


def _existing(path: str | Path) -> Path:
    file = Path(path)
    if not file.is_file():
        raise bad_call(f"there is no file {path}", code="R401")
    return file
