"""The parser that is made from plast.lark, and the tokens of a text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark, Token
from platformdirs import user_cache_path

from plastlang.frontend.transform import TreeBuilder


class _PlainTokens:
    """Keeps the terminals that no rule uses; the lines are made by `lay_out`."""

    always_accept = ("LINE_END", "COMMENT", "OPEN_DOC", "OPEN_STRING", "FOREIGN", "STRAY")

    def process(self, stream: Iterable[Token]) -> Iterator[Token]:
        yield from stream


def _tables_path(grammar: str) -> str | bool:
    """Where the parser's tables are kept between runs (making them takes half a second), or False for nowhere."""
    digest = hashlib.sha256(f"{_PlainTokens.always_accept}{grammar}".encode()).hexdigest()[:16]
    try:
        return str(user_cache_path("plastlang", ensure_exists=True) / f"grammar-{digest}.tables")
    except OSError:
        return False


@cache
def parser() -> Lark:
    """The one parser of the language."""
    grammar = resources.files("plastlang.grammar").joinpath("plast.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start="module",
        keep_all_tokens=True,
        maybe_placeholders=True,
        transformer=TreeBuilder(),
        postlex=_PlainTokens(),
        cache=_tables_path(grammar),
    )


def tokenize(text: str) -> list[Token]:
    """All tokens of a text, comments and line ends too; characters that fit nothing are STRAY tokens."""
    session: Any = parser().parse_interactive(text)
    return list(session.lexer_thread.lex(session.parser_state))
