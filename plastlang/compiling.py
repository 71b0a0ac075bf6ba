"""Writing a compiled network to a directory: what `plastc compile` does."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plastlang import __version__, driver
from plastlang.backends.interface import Options
from plastlang.compiled import FORMAT, MANIFEST, PROGRAM, SCHEDULE, SOURCE, VALUES
from plastlang.diagnostics import MachineError
from plastlang.frontend.checked import CheckedModule
from plastlang.ir.text import to_text
from plastlang.runtime.calls import bad_call
from plastlang.runtime.files import replace_file, writing


def write(
    file: Path, directory: Path, network: str, values: Mapping[str, str], backend: str, precision: str,
    mode: str = "deterministic", batch: int = 1,
) -> dict[str, Any]:
    """Compile the network of a file, or `batch` of it side by side, into a directory; gives the manifest.

    Raises:
        PlastError: the file is wrong, or the networks of a batch cannot share what they have to.
        MachineError: no compiler, or the directory cannot be written.
    """
    source = driver.source_of(file)
    module = driver.check(source)
    files = {SOURCE: "the text that was compiled"}
    manifest: dict[str, Any] = {"format": FORMAT, "version": __version__, "backend": backend, "precision": precision}
    manifest["mode"] = driver.check_mode(mode, backend)
    manifest["batch"] = batch
    texts = {SOURCE: source.text}
    if not module.networks:
        if network or values:
            driver.network_name(module, network)  # says that there is none
        make_directory(directory)
        texts |= _imports(module, file)
        files |= dict.fromkeys(_imports(module, file), "a file that it imports")
        program = hashlib.sha256(source.text.encode()).hexdigest()
        manifest |= {"kind": "rules", "name": file.stem.removeprefix("rules:"), "program": program}
        manifest |= {"components": list(module.defined), "records": []}
        return _finish(directory, manifest, files, texts)
    driver.backend(backend)  # one that is not there is said before the work
    checked = driver.elaborate(module, network, values)
    built = driver.build(checked)
    if batch > 1:
        driver.check_batch(built)
    make_directory(directory)  # where something is wrong with the file, none is left behind
    texts |= {PROGRAM: to_text(built.program), SCHEDULE: to_text(built.scheduled)}
    files |= {PROGRAM: "the program, which the reference runs", SCHEDULE: "the program as it was emitted"}
    arrays = {f"{owner}/{name}": array for (owner, name), array in driver.neuron_parameters(built.lowered).items()}
    if arrays:
        files[VALUES] = "parameters that differ from neuron to neuron"
        with replace_file(directory / VALUES) as output:
            np.savez(output, **arrays)  # type: ignore[arg-type]
    if backend != "reference":
        options = Options(precision, mode=mode, batch=batch)
        with writing(directory):
            files |= driver.compiling_backend(backend).write(built.scheduled, options, directory)
    manifest |= {
        "kind": "network", "name": checked.name, "program": built.identity, "parameters": dict(values),
        "machine": f"{platform.system()} {platform.machine()}", "dt": checked.dt,
        "records": [[record.owner, record.what, record.every] for record in checked.records],
    }  # fmt: skip
    return _finish(directory, manifest, files, texts)


def _imports(module: CheckedModule, file: Path) -> dict[str, str]:
    """The files beside `file` that its components come from; the library is wherever plastlang is."""
    found: dict[str, str] = {}
    for component in module.components.values():
        origin = component.span.source if component.span else module.source
        if origin.path == str(file) or origin.path.startswith("rules:"):
            continue
        name = os.path.relpath(origin.path, file.parent)
        if name.startswith(".."):
            raise bad_call(f"{file} imports {origin.path}, which lies outside its directory", "move it there", "R106")
        found[name] = origin.text
    return found


def _finish(directory: Path, manifest: dict[str, Any], files: dict[str, str], texts: dict[str, str]) -> dict[str, Any]:
    """Write texts and, last of all, the manifest: a directory with a manifest is whole."""
    for name, text in texts.items():
        make_directory((directory / name).parent)
        with replace_file(directory / name) as output:
            output.write(text.encode())
    hashes = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in files}
    manifest |= {"hashes": hashes, "files": files | {MANIFEST: "what all this is"}}
    with replace_file(directory / MANIFEST) as output:
        output.write((json.dumps(manifest, indent=2) + "\n").encode())
    return manifest


def make_directory(path: Path) -> None:
    """A directory to write to, made where it is not there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"cannot make the directory {path}: {error.strerror}") from error
