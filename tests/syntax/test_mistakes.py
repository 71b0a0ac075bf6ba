"""Every syntax diagnostic, as it is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import plastlang.frontend
from plastlang.diagnostics import PlastError, Source, render
from plastlang.frontend.parse import parse
from tests.syntax.mistaken import MISTAKEN

EXPECTED = Path(__file__).parent / "expected"
_SYNTAX_FILES = (
    "parse",
    "layout",
    "read_lines",
    "transform",
    "parts",
    "build_components",
    "build_expressions",
    "mistakes",
    "line_mistakes",
    "expression_mistakes",
)


def shown(name: str) -> str:
    with pytest.raises(PlastError) as caught:
        parse(Source(f"{name}.plast", MISTAKEN[name]))
    return render(caught.value.diagnostics)


@pytest.mark.parametrize("name", MISTAKEN)
def test_what_is_said_of_a_mistake(name: str) -> None:
    assert shown(name) == (EXPECTED / f"{name}.txt").read_text(encoding="utf-8")


def test_there_are_no_expectations_without_a_text() -> None:
    assert {path.stem for path in EXPECTED.glob("*.txt")} == set(MISTAKEN)


def test_every_code_of_the_syntax_is_pinned() -> None:
    folder = Path(plastlang.frontend.__file__).parent
    codes = {code for name in _SYNTAX_FILES for code in re.findall(r'"(P1\d\d)"', (folder / f"{name}.py").read_text())}
    pinned = {code for path in EXPECTED.glob("*.txt") for code in re.findall(r"\[(P1\d\d)\]", path.read_text())}
    assert codes - {"P112"} <= pinned
    assert "P112" in pinned
