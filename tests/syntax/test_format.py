"""The formatter: what it writes parses to the same tree, is stable, and keeps comments."""

from __future__ import annotations

from hypothesis import given, settings

from plastlang.diagnostics import Source
from plastlang.frontend import ast
from plastlang.frontend.format import format_module
from plastlang.frontend.parse import parse
from tests.syntax.strategies import MODULES


@settings(max_examples=400, deadline=None)
@given(MODULES)
def test_formatted_trees_parse_to_the_same_tree(tree: ast.Module) -> None:
    text = format_module(tree)
    source = Source("<text>", text)
    again = parse(source)
    assert again == tree
    assert format_module(again) == text
    assert format_module(again, source) == text
