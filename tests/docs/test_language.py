"""docs/language.md: its examples are right, and it leaves nothing out."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest
from lark import Lark

import plastlang as pl
from plastlang.ir.types import DRAWS, FUNCTIONS
from tests.docs.blocks import ROOT, CodeBlock, blocks

PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
BLOCKS = blocks("docs/language.md")
LIBRARY = """
import Poisson from "rules:poisson.plast"
import Static from "rules:static.plast"
"""


@pytest.fixture
def rules_beside(tmp_path: Path) -> Path:
    """A directory with the library in it, as for a user whose files import one another."""
    for path in (ROOT / "rules").glob("*.plast"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_the_first_example_loads(rules_beside: Path) -> None:
    path = rules_beside / "example.plast"
    path.write_text(BLOCKS[0].text)
    assert pl.load(path)


def without_imports(block: CodeBlock) -> str:
    return "".join(line for line in block.text.splitlines(keepends=True) if not line.startswith("import "))


def test_all_examples_make_one_file_and_its_network_runs(rules_beside: Path) -> None:
    path = rules_beside / "example.plast"
    path.write_text(LIBRARY + "\n".join(without_imports(block) for block in BLOCKS))
    library = pl.load(path)
    for name in ("LIF", "MovingGaussian", "PairSTDP", "MapRewiring", "TopographicMap"):
        assert getattr(library, name).name == name
    with library.TopographicMap.compile(seed=1) as model:
        model.run("20 ms")
        assert model["ff"].in_degree.mean() == pytest.approx(6.26, abs=1)
        assert model["tectum"].size == 256


@pytest.mark.parametrize("name", [*FUNCTIONS, *DRAWS, "clip", "min", "max", "int", "distance"])
def test_every_function_is_documented(name: str) -> None:
    assert name in PAGE


def keywords() -> list[str]:
    text = (resources.files("plastlang.grammar") / "plast.lark").read_text(encoding="utf-8")
    grammar = Lark(text, parser="lalr", start="module", keep_all_tokens=True)
    return sorted({t.pattern.value for t in grammar.terminals if t.pattern.type == "str" and t.pattern.value.isalpha()})


@pytest.mark.parametrize("word", keywords())
def test_every_keyword_is_documented(word: str) -> None:
    assert word in PAGE
