"""The wheel holds what the tree holds: a package or data file that pyproject.toml does not list is caught here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Where each directory of the tree goes inside the wheel.
PLACES = {
    "plastlang": "plastlang",
    "backends": "plastlang/backends",
    "grammar": "plastlang/grammar",
    "rules": "plastlang/rules",
}


def copy_tree(to: Path) -> Path:
    for name in ("pyproject.toml", "MANIFEST.in", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, to / name)
    for name in PLACES:
        shutil.copytree(ROOT / name, to / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def expected(tree: Path) -> set[str]:
    """What ought to be in the wheel: every file that is not a cache."""
    names = set()
    for directory, place in PLACES.items():
        base = tree / directory
        for path in base.rglob("*"):
            inside = path.relative_to(base)
            linked = any((base / parent).is_symlink() for parent in [inside, *inside.parents])
            if path.is_file() and not linked and "__pycache__" not in path.parts:
                names.add(f"{place}/{inside.as_posix()}")
    return names


def build_wheel(tree: Path) -> Path:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tree / "dist"), str(tree)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = (tree / "dist").glob("*.whl")
    return wheel


def wheel_content(tree: Path) -> set[str]:
    with zipfile.ZipFile(build_wheel(tree)) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_wheel_holds_the_tree_and_nothing_else(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path)
    assert wheel_content(tree) == expected(tree)


def test_what_is_installed_from_the_wheel_works(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_wheel(copy_tree(tmp_path))) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import plastlang as pl; print(pl.__file__)\n"
        "model = pl.rules.TopographicMap.compile(backend='reference', seed=1); model.step(2)\n"
        "print(len(model['ff']) > 1000, model.t)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    where, answer = done.stdout.splitlines()
    assert Path(where) == tmp_path / "site" / "plastlang" / "__init__.py"
    assert answer == "True 0.2"


@pytest.mark.parametrize(
    "planted",
    ["backends/planted/__init__.py", "plastlang/planted/__init__.py", "rules/planted.txt", "grammar/planted.x"],
)
def test_a_file_that_is_not_listed_is_noticed(tmp_path: Path, planted: str) -> None:
    tree = copy_tree(tmp_path)
    (tree / planted).parent.mkdir(exist_ok=True)
    (tree / planted).write_text("")
    directory, rest = planted.split("/", 1)
    assert expected(tree) - wheel_content(tree) == {f"{PLACES[directory]}/{rest}"}
