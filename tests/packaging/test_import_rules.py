"""import-linter holds the layering of pyproject.toml, and planted violations are caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on a copy of the tree, which stands first on the path there."""
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as c; c()"
    command = [sys.executable, "-c", code, "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=120)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("plastlang", "backends", "grammar", "rules"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_tree_keeps_the_rules(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("plastlang/ir/planted.py", "import plastlang.frontend", "The order of the stages"),
        ("plastlang/frontend/planted.py", "import plastlang.runtime", "The order of the stages"),
        ("plastlang/diagnostics.py", "import plastlang.ir", "The order of the stages"),
        ("backends/c/planted.py", "import plastlang.backends.reference", "The backends know nothing of one another"),
        ("backends/reference/planted.py", "import plastlang.backends.c", "The backends know nothing of one another"),
        ("plastlang/runtime/planted.py", "import lark", "Lark lives in the frontend"),
        ("plastlang/frontend/planted.py", "import pint", "Pint lives in frontend/units.py"),
        ("backends/c/planted.py", "import sympy", "sympy lives in symbolic"),
        ("plastlang/symbolic/planted.py", "import pycuda", "PyCUDA lives in backends.cuda"),
        ("plastlang/planted.py", "import sympy", "sympy lives in symbolic"),
    ],
)
def test_a_planted_violation_is_caught(tree: Path, module: str, line: str, contract: str) -> None:
    with (tree / module).open("a") as file:
        file.write(f"\n{line}\n")
    result = lint(tree)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout
