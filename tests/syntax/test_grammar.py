"""The grammar file, the tables of words and the editor's grammar say the same."""

from __future__ import annotations

import json
import re
from importlib import resources

from plastlang.frontend.habits import RESERVED, SOFT_WORDS

FOLDER = resources.files("plastlang.grammar")
GRAMMAR = re.sub(r"//.*", "", FOLDER.joinpath("plast.lark").read_text(encoding="utf-8"))
KEYWORDS = set(re.findall(r'"([a-z]+)"', GRAMMAR))


def test_words_of_the_grammar_are_reserved_or_soft() -> None:
    assert KEYWORDS == RESERVED | SOFT_WORDS
    assert not RESERVED & SOFT_WORDS


def test_soft_words_are_those_of_the_rule_for_names() -> None:
    rules = re.search(r"^name:.*?(?=^\w+\.?\d*:(?<!initial_name:)|\Z)", GRAMMAR, re.DOTALL | re.MULTILINE)
    assert rules is not None
    assert set(re.findall(r'"([a-z]+)"', rules.group())) | {"periodic"} == SOFT_WORDS


def test_the_editor_knows_every_word() -> None:
    editor = json.loads(FOLDER.joinpath("plast.tmLanguage.json").read_text(encoding="utf-8"))
    repository = editor["repository"]
    words = {
        name: set(re.search(r"\(\?:(.*)\)", repository[name]["match"])[1].split("|")) for name in ("keyword", "word")
    }
    assert words["keyword"] == RESERVED
    assert words["word"] == SOFT_WORDS
    assert {include["include"][1:] for include in editor["patterns"]} == set(repository)
    for part in repository.values():
        for key in ("match", "begin", "end"):
            re.compile(part.get(key, ""))


def test_no_possessive_quantifier_stands_behind_a_group() -> None:
    """Python before 3.11.5 matches such groups wrongly (Debian 12 has 3.11.2): docstrings with quotes did not end."""
    text = FOLDER.joinpath("plast.lark").read_text(encoding="utf-8")
    patterns = re.findall(r"^[A-Z_.0-9]+: /(.*)/s?$", text, re.MULTILINE)
    assert len(patterns) > 8
    assert not [pattern for pattern in patterns if re.search(r"\)([*+?]|\{[^}]*\})\+", pattern)]
