"""The parser that is made from plast.lark, and the tokens of a text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_analysis import Shift
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


class Stacks:
    """The stacks of the parser, fed token by token.

    As `lark`'s own feeding, but for symbols that pass their only child on (`sum: product: ...`, a dozen below every
    name): such a chain of reductions depends only on the two topmost states and the next token, and is found once.
    """

    def __init__(self) -> None:
        self._interactive: Any = parser().parse_interactive("")
        state = self._interactive.parser_state
        self.states: list[Any] = state.state_stack
        self.values: list[Any] = state.value_stack
        self._table: Any = state.parse_conf.states
        self._callbacks: Any = state.parse_conf.callbacks
        self._passed: dict[tuple[Any, Any, str], Any] = _passed()

    def accepts(self) -> set[str]:
        """The terminals that fit next."""
        return set(self._interactive.accepts())

    def feed(self, token: Token) -> None:
        """Takes one token.

        Raises:
            UnexpectedToken: it does not fit here.
        """
        states, values, table, passed, kind = self.states, self.values, self._table, self._passed, token.type
        while True:
            top = states[-1]
            try:
                action, argument = table[top][kind]
            except KeyError:
                raise UnexpectedToken(token, set()) from None  # type: ignore[no-untyped-call]
            if action is Shift:
                states.append(argument)
                values.append(token)
                return
            jump = passed.get((states[-2] if len(states) > 1 else None, top, kind))
            if jump is None and _passes_on(argument):
                jump = passed[states[-2], top, kind] = self._pass(states[-2], top, kind)
            if jump is not None:
                states[-1] = jump
                continue
            size = len(argument.expansion)
            children = values[-size:] if size else []
            if size:
                del states[-size:], values[-size:]
            values.append(self._callbacks[argument](children))
            states.append(table[states[-1]][argument.origin.name][1])

    def _pass(self, below: Any, top: Any, kind: str) -> Any:
        """The state on top after all reductions that only pass a child on."""
        while True:
            action, argument = self._table[top].get(kind, (Shift, None))
            if action is Shift or not _passes_on(argument):
                return top
            top = self._table[below][argument.origin.name][1]

    def end(self, position: int) -> Any:
        """The value of the whole text, whose last token has been fed."""
        return self._interactive.feed_eof(Token("$END", "", start_pos=position, end_pos=position))


def _passes_on(rule: Any) -> bool:
    return bool(rule.options.expand1) and len(rule.expansion) == 1 and rule.alias is None


@cache
def _passed() -> dict[tuple[Any, Any, str], Any]:
    return {}
