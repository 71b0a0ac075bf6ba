"""The formatter: what it writes parses to the same tree, is stable, and keeps comments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plastlang.diagnostics import Source
from plastlang.frontend import ast
from plastlang.frontend.format import format_module
from plastlang.frontend.parse import parse
from tests.syntax.strategies import MODULES
from tests.syntax.test_robust import TEXTS


@settings(max_examples=30, deadline=None)
@given(MODULES)
def test_formatted_trees_parse_to_the_same_tree(tree: ast.Module) -> None:
    text = format_module(tree)
    source = Source("<text>", text)
    again = parse(source)
    assert again == tree
    assert format_module(again) == text
    assert format_module(again, source) == text


@pytest.mark.parametrize("name", TEXTS)
def test_rules_and_examples(name: str) -> None:
    source = Source(name, TEXTS[name])
    tree = parse(source)
    text = format_module(tree, source)
    again = Source(name, text)
    assert parse(again) == tree
    assert format_module(parse(again), again) == text
    assert comments(text) == comments(source.text)


def comments(text: str) -> list[str]:
    return sorted(comment.rstrip() for comment in re.findall(r"#[^\n]*", text))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_comments_anywhere_are_kept(data: st.DataObject) -> None:
    lines = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))].split("\n")
    for number in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(lines) - 1))
        if data.draw(st.booleans()):
            lines.insert(place, " " * data.draw(st.integers(0, 12)) + f"# own {number}")
        elif data.draw(st.booleans()):
            lines.insert(place, "")
        else:
            lines[place] += f"   # behind {number}"
    source = Source("<text>", "\n".join(lines))
    tree = parse(source)  # a comment inside a docstring is part of it
    text = format_module(tree, source)
    again = Source("<text>", text)
    assert parse(again) == tree
    assert format_module(parse(again), again) == text
    assert comments(text) == comments(source.text)


BEFORE = '''# about the file

"""Doc."""  # behind the doc
# before the import
import "a"   # imported

import "b"
const x = (3 + # inside
   # on its own
   4)   # last
# one

# two
rule A:   # head

    # first

    """Doc A

      more
    """
    param a = ((1)), b = (2 * 3) + (4 * (5 + 6))


    # block
    on pre spike:  # here
        if (a):  # if
            x = 1  # x
            # end of then
        # before else
        else:  # else
            y = 2
            # end of else
        # end of block
    # end of A
    on update ( ):
        if a:
            x = 1
        else:
            # before elif
            if b:
                y = 1
# tail
network N:
  dt 1 ms
  # last
# end
'''
AFTER = '''# about the file

"""Doc."""  # behind the doc

# before the import
import "a"  # imported

import "b"
# inside
const x = 3 + 4  # last
# on its own
# one

# two
rule A:  # head
    # first

    """Doc A

    more
    """
    param a = 1, b = 2 * 3 + 4 * (5 + 6)

    # block
    on pre spike:  # here
        if a:  # if
            x = 1  # x
            # end of then
        # before else
        else:  # else
            y = 2
            # end of else
        # end of block
    # end of A
    on update:
        if a:
            x = 1
            # before elif
        elif b:
            y = 1

# tail
network N:
    dt 1 ms
    # last
# end
'''


def test_the_layout() -> None:
    source = Source("<text>", BEFORE)
    assert format_module(parse(source), source) == AFTER


def test_long_lines_are_broken_inside_their_brackets() -> None:
    source = Source(
        "<text>",
        (
            "network N:\n    project a -> b with First(alpha = 20 ms, beta = 64 ms, gamma = 0.1, delta = 0.0375)"
            " + Second(epsilon = w, zeta = exp(-distance(pre, post) ** 2 / (2 * sigma ** 2)))\n"
        ),
    )
    assert format_module(parse(source), source) == (
        "network N:\n    project a -> b with First(alpha = 20 ms, beta = 64 ms, gamma = 0.1, delta = 0.0375)"
        " + Second(\n"
        "            epsilon = w, zeta = exp(-distance(pre, post) ** 2 / (2 * sigma ** 2)))\n"
    )


def test_comments_behind_neighbouring_lines_stand_below_one_another() -> None:
    source = Source(
        "<text>",
        "rule A:\n    synapse w = 1 # weight\n    pre trace = 0 # of the sender\n\n    post y = 0 # another\n"
        "    each step:\n        w = 1 # inner\n",
    )
    assert format_module(parse(source), source) == (
        "rule A:\n    synapse w = 1  # weight\n    pre trace = 0  # of the sender\n\n    post y = 0  # another\n"
        "    each step:\n        w = 1  # inner\n"
    )
    source = Source("<text>", "const a = 1  # one\nconst abcdef = 2  # two\nconst b = 3\nconst c = 4 # four\n")
    assert format_module(parse(source), source) == (
        "const a = 1       # one\nconst abcdef = 2  # two\nconst b = 3\nconst c = 4  # four\n"
    )


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "rules").glob("*.plast")), ids=lambda p: p.name)
def test_the_library_is_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    source = Source(str(path), text)
    assert format_module(parse(source), source) == text, "run: plastc fmt rules/*.plast"


def test_limits_are_not_broken() -> None:
    """A line without another place for a break stays long."""
    line = "    param " + ", ".join(f"parameter_{k} = 10 ms in [0 ms, inf]" for k in range(4))
    source = Source("<text>", f"rule R:\n{line}\n    synapse w = 1\n    on pre spike:\n        deliver w\n")
    assert format_module(parse(source), source) == source.text
