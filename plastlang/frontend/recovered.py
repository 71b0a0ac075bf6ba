"""A file as far as it could be read: its tree without what was unreadable, and what that leaves uncertain."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Any

from plastlang.diagnostics import Diagnostic, Span
from plastlang.frontend import ast

#: Codes of names that are not declared.
_UNKNOWN = ("P201", "P202", "P203", "P205", "P503", "P512", "P521", "P522", "P523")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What `parse_with_errors` gives. Without diagnostics, `module` is the whole file.

    Attributes:
        module: what could be read; without declarations where nothing that follows could be trusted.
        diagnostics: the syntax errors, in the order of the text.
        names: words of lines that could not be read: they may have been declared there.
        partial: declarations of which lines are missing; of them, nothing is said but what their lines say.
        faulty: extents of the lines of which something has been said; nothing more is said of these.
        nameless: whether something is declared of which the name is not known, so that any unknown name may be it.
    """

    module: ast.Module
    diagnostics: tuple[Diagnostic, ...] = ()
    names: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    faulty: tuple[tuple[int, int], ...] = ()
    nameless: bool = False

    def follows(self, diagnostic: Diagnostic) -> bool:
        """Whether an error may come from what could not be read."""
        return (self.nameless and diagnostic.code in _UNKNOWN) or self._spoken_of(diagnostic.span)

    def _spoken_of(self, span: Span | None) -> bool:
        """Whether a place lies in a line of which something has been said already."""
        if span is None or self.module.span is None or span.source is not self.module.span.source:
            return False
        return any(start <= span.start < end for start, end in self.faulty)


@dataclass(frozen=True, slots=True)
class Losses:
    """Of a tree that was read with errors: what in it does not come from the text, and what is missing.

    Attributes:
        stand_ins: where lines begin for which a sound head was put in; what they open is taken out again.
        lost: where lines begin that are not in the tree.
        uncertain: places at which it is not known which block a line belongs to; their declarations are taken out.
    """

    stand_ins: frozenset[int]
    lost: tuple[int, ...]
    uncertain: tuple[int, ...]


#: The variable of the statement that fills a block whose lines could not be read: no name of a text.
FILLER = ""


def without_losses(module: ast.Module, losses: Losses) -> tuple[ast.Module, frozenset[str], frozenset[str]]:
    """The tree with only what comes from the text; the names taken out, and the declarations that have gaps."""
    starts = [_start(declaration) for declaration in module.declarations]

    def owners(places: tuple[int, ...]) -> set[int]:
        return {max(0, bisect_right(starts, place) - 1) for place in places}

    removed = owners(losses.uncertain)
    gaps = owners(losses.lost)
    kept: list[ast.Declaration] = []
    names: set[str] = set()
    partial: set[str] = set()
    for number, declaration in enumerate(module.declarations):
        name = "" if isinstance(declaration, ast.Import) else declaration.name
        if starts[number] in losses.stand_ins:
            continue
        if number in removed:
            names.add(name)
            continue
        if number in gaps:
            partial.add(name)
            declaration = _cleaned(declaration, losses.stand_ins)
        kept.append(declaration)
    return replace(module, declarations=tuple(kept)), frozenset(names), frozenset(partial)


def _start(node: Any) -> int:
    span: Span | None = node.span
    return -1 if span is None else span.start


def _cleaned(node: Any, stand_ins: frozenset[int]) -> Any:
    """A node without what stands in for unreadable lines below it."""
    changes = {
        name: tuple(_cleaned(child, stand_ins) for child in getattr(node, name) if _is_of_text(child, stand_ins))
        for name in ("members", "body", "then", "otherwise")
        if hasattr(node, name)
    }
    return replace(node, **changes) if changes else node


def _is_of_text(node: Any, stand_ins: frozenset[int]) -> bool:
    if isinstance(node, ast.Assignment):
        return not (isinstance(node.target, ast.Name) and node.target.name == FILLER)
    return _start(node) not in stand_ins
