"""docs/rules.md names every neuron and rule of the library, and tests that exist and are about it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from plastlang import library
from tests.rules import test_against_nest
from tests.rules.table import CHECKS, NEURONS, PAGE, text

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "python -m tests.rules.table writes it"


def test_every_neuron_and_rule_is_in_the_table() -> None:
    assert set(CHECKS) == {entry.name for entry in library.index().values() if entry.kind != "network"}
    files = {Path(entry.path).name for entry in library.index().values()}
    assert files == {path.name for path in (ROOT / "rules").glob("*.plast")}


@pytest.mark.parametrize("name", CHECKS)
def test_the_test_exists(name: str) -> None:
    path, _, function = CHECKS[name][1].partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert function in {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def test_neurons_said_to_be_compared_are() -> None:
    source = Path(test_against_nest.__file__).read_text(encoding="utf-8")
    for ours, theirs in NEURONS.items():
        assert f'"{ours}"' in source and f'"{theirs}"' in source


def test_every_file_says_where_its_rules_are_from() -> None:
    """A name with a year, in the file's docstring or in that of each neuron and rule that has equations of its own."""
    for path in (ROOT / "rules").glob("*.plast"):
        if path.name not in ("static.plast", "spike_times.plast", "poisson.plast"):
            assert re.search(r"\b(19|20)\d\d\b", path.read_text(encoding="utf-8")), path.name
