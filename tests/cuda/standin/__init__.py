"""A stand-in for the driver's library, on top of the emulator, so that PyCUDA itself runs without a GPU."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

from tests.cuda.emulator import build

HERE = Path(__file__).parent


def pycuda_library() -> Path | None:
    """PyCUDA's own library, where PyCUDA is installed; it is not imported."""
    found = importlib.util.find_spec("pycuda")
    if found is None or found.origin is None:
        return None
    return next(Path(found.origin).parent.glob("_driver*.so"), None)


def make_driver(directory: Path) -> Path:
    """Build `libcuda.so.1` into a directory: what driver.cpp has, and refusals of all else that PyCUDA names."""
    library = pycuda_library()
    assert library is not None
    listing = ["nm", "-D", "--undefined-only", library]
    wanted = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    own = (HERE / "driver.cpp").read_text()
    missing = [name for name in re.findall(r" U (cu[A-Z]\w*)", wanted) if f"API {name}(" not in own]
    refusals = directory / "refusals.c"
    refusals.write_text("".join(f"int {name}(void) {{ return 801; }}\n" for name in missing))
    engine, target = build.engine_path(), directory / "libcuda.so.1"
    object_ = directory / "refusals.o"
    subprocess.run(["gcc", "-fPIC", "-c", "-o", object_, refusals], check=True)
    command = ["g++", "-std=gnu++17", "-O1", "-fPIC", "-shared", "-Wall", "-Wl,-soname,libcuda.so.1"]
    command += ["-o", str(target), str(HERE / "driver.cpp"), str(object_), str(engine), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target
