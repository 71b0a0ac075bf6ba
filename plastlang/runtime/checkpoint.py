"""Checkpoints: everything that the future of a run depends on, in one .npz file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.diagnostics import PlastError
from plastlang.runtime.calls import bad_call
from plastlang.runtime.files import replace_file

_MAGIC = "plastlang checkpoint"
_FORMAT = 1
_HEADER = "header"


@dataclass(frozen=True, slots=True)
class Header:
    """What a checkpoint says about itself.

    `program` is the hash of the program's text, so that state never gets into another network.
    """

    program: str
    version: str
    precision: str
    seed: int


def write_checkpoint(path: Path, header: Header, state: Mapping[str, NDArray[np.generic]]) -> None:
    """Write a checkpoint; whatever stood at `path` stays whole until the new one is complete."""
    text = json.dumps({"magic": _MAGIC, "format": _FORMAT, **asdict(header)}, sort_keys=True)
    arrays: dict[str, Any] = {_HEADER: np.frombuffer(text.encode(), dtype=np.uint8)}
    arrays |= {f"state/{name}": np.asarray(value) for name, value in state.items()}
    with replace_file(path) as file:
        np.savez(file, **arrays)


def read_checkpoint(path: Path) -> tuple[Header, dict[str, NDArray[np.generic]]]:
    """Read a whole checkpoint, checksums included.

    Raises:
        PlastError: there is no such file, it is damaged, or it is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile) or _HEADER not in file.files:
                raise _foreign(path)
            header = json.loads(bytes(file[_HEADER].tobytes()).decode())
            if not isinstance(header, dict) or header.pop("magic", None) != _MAGIC:
                raise _foreign(path)
            if (number := header.pop("format", None)) != _FORMAT:
                raise bad_call(
                    f"{path} is a checkpoint of format {number}, written by plastlang {header.get('version')}",
                    f"this plastlang reads format {_FORMAT}", "R105",
                )  # fmt: skip
            state = {name.removeprefix("state/"): file[name] for name in file.files if name.startswith("state/")}
            return Header(**header), state
    except PlastError:
        raise
    except FileNotFoundError:
        raise bad_call(f"there is no checkpoint {path}", code="R105") from None
    except OSError as error:
        raise bad_call(f"cannot read {path}: {error.strerror or 'it is damaged'}", code="R105") from None
    except (zipfile.BadZipFile, EOFError, ValueError, KeyError, TypeError, AttributeError, NotImplementedError):
        raise _foreign(path) from None
    except Exception as error:  # zlib and zipfile have more ways to say that bytes are wrong than they document
        raise bad_call(f"{path} is damaged: {error}", code="R105") from None


def check_state(
    path: Path, header: Header, state: Mapping[str, NDArray[np.generic]], now: Header,
    current: Mapping[str, NDArray[np.generic]],
) -> None:  # fmt: skip
    """Raise PlastError where a checkpoint does not fit a model whose own state is `current`."""
    if header.program != now.program:
        raise bad_call(
            f"{path} was saved by another program ({header.program[:12]}, this one is {now.program[:12]})",
            "a checkpoint fits the program that wrote it", "R105",
        )  # fmt: skip
    if header.precision != now.precision:
        raise bad_call(
            f"{path} was saved in {header.precision} precision, this model computes in {now.precision}",
            f"compile with precision={header.precision!r}", "R105",
        )  # fmt: skip
    sizes = [int(found.get("batch", np.array(1))) for found in (state, current)]
    if sizes[0] != sizes[1]:
        raise bad_call(
            f"{path} was saved with a batch of {sizes[0]}, this model has one of {sizes[1]}",
            f"compile with batch={sizes[0]}", "R105",
        )  # fmt: skip
    if missing := sorted(set(current) - set(state)):
        raise bad_call(f"{path} is damaged: {missing[0]} is missing", code="R105")
    if extra := sorted(set(state) - set(current)):
        raise bad_call(f"{path} is damaged: {extra[0]} belongs to no part of the program", code="R105")
    for name, old in current.items():
        if np.asarray(old).dtype != state[name].dtype or np.ndim(old) != state[name].ndim:
            raise bad_call(f"{path} is damaged: {name} has the wrong type", code="R105")


def _foreign(path: Path) -> PlastError:
    return bad_call(f"{path} is not a plastlang checkpoint, or it is damaged", code="R105")
