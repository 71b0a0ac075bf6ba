"""Builds PyCUDA without a GPU: into this environment, or as wheels that a machine without a network can install.

    python benchmarks/pycuda_wheels.py             # into the environment of this Python
    python benchmarks/pycuda_wheels.py --to DIR    # wheels of PyCUDA and all that it needs
    pip install --no-index --find-links DIR pycuda # there

It needs the CUDA toolkit (CUDA_HOME, or /usr/local/cuda) and a C++ compiler. Where there is no driver to link with, one
without contents takes its place; the driver of the machine is used when it runs.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "pycuda>=2026.1"


def toolkit() -> Path:
    """Where the CUDA toolkit is."""
    for place in (os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda"):
        if place and (Path(place) / "include" / "cuda.h").is_file():
            return Path(place)
    sys.exit("the CUDA toolkit is needed to build PyCUDA; set CUDA_HOME to where it is")


def empty_driver(header: Path, directory: Path) -> None:
    """A libcuda.so that has every name of cuda.h, to link with: with none of them the linker would leave it out."""
    text = header.read_text(encoding="utf-8", errors="replace")
    names = set(re.findall(r"\b(cu[A-Z]\w*)\(", text)) | set(re.findall(r"\b(cu[A-Z]\w*_v\d+)\b", text))
    source = directory / "empty.c"
    source.write_text("".join(f"int {name}(void) {{ return 3; }}\n" for name in sorted(names)))
    command = ["gcc", "-w", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", directory / "libcuda.so", source]
    subprocess.run(command, check=True)


def build(directory: Path, target: Path) -> None:
    """The wheel of PyCUDA, into `target`."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    download = ["download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", directory, VERSION]
    subprocess.run([*pip, *download], check=True)
    archive = next(directory.glob("pycuda-*.tar.gz"))
    with tarfile.open(archive) as file:
        file.extractall(directory, filter="data")
    source = directory / archive.name.removesuffix(".tar.gz")
    root = toolkit()
    empty_driver(root / "include" / "cuda.h", directory)
    has_curand = (root / "include" / "curand.h").is_file()
    (source / "siteconf.py").write_text(
        f"CUDA_ROOT = {str(root)!r}\nCUDA_ENABLE_CURAND = {has_curand}\nCUDADRV_LIB_DIR = [{str(directory)!r}]\n"
        f"CUDART_LIB_DIR = [{str(root / 'lib64')!r}]\n"
    )
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", target, source], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, metavar="DIR", help="leave wheels there instead of installing")
    target = parser.parse_args().to
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", "setuptools", "wheel", "numpy"], check=True)
    with tempfile.TemporaryDirectory(prefix="pycuda-") as place:
        directory = Path(place)
        if target is None:
            build(directory, directory)
            subprocess.run([*pip, "install", next(directory.glob("pycuda-*.whl"))], check=True)
            return
        target.mkdir(parents=True, exist_ok=True)
        build(directory, target)
        wheel = next(target.glob("pycuda-*.whl"))
        subprocess.run([*pip, "wheel", "-w", target, wheel], check=True)


if __name__ == "__main__":
    main()
