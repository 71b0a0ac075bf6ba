"""What the checker works with: values, the names of a component, where an expression stands, collected errors."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from plastlang.diagnostics import Diagnostic, PlastError, Severity, Span, sentence
from plastlang.frontend.ast import Expression
from plastlang.frontend.dimensions import Vector
from plastlang.ir.nodes import Expr
from plastlang.ir.types import Site, Type


@dataclass(frozen=True, slots=True)
class Value:
    """An elaborated expression. `integer` is set for a whole literal, which is INT or REAL as its surroundings want.

    `state`: it reads a variable or a count that changes. `size`: operations when written out.
    """

    expr: Expr
    vector: Vector
    site: Site = Site.GLOBAL
    integer: int | None = None
    draws: bool = False
    state: bool = False
    size: int = 1

    @property
    def type(self) -> Type:
        return self.expr.type


@dataclass(frozen=True, slots=True)
class ParameterName:
    """A `param` of the component."""

    name: str
    vector: Vector
    span: Span | None


@dataclass(frozen=True, slots=True)
class VariableName:
    """A variable of the component."""

    name: str
    site: Site
    type: Type
    vector: Vector
    required: bool
    span: Span | None


@dataclass(frozen=True, slots=True)
class LetName:
    """A `let` of the component."""

    name: str
    value: Expression
    span: Span | None


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name whose value is known when the network is checked (a parameter of the network)."""

    name: str
    value: Value
    span: Span | None


@dataclass(frozen=True, slots=True)
class BrokenName:
    """Declared, but what it is could not be made out: using it says nothing more."""

    name: str
    span: Span | None


Entry: TypeAlias = ParameterName | VariableName | LetName | KnownName | BrokenName


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands (`what`, for messages) and what it may use there."""

    what: str
    draws: bool = True
    state: bool = True
    parameters: bool = True
    before: bool = False
    sample: str = ""  # "pair" or "slot"
    connected: bool | None = None
    pairs: bool = False  # of state, constants of the pair only
    aggregates: bool = False
    absent: bool = False  # of pairs without a synapse
    noise: bool = False  # white noise


@dataclass(slots=True)
class Reporter:
    """Errors and warnings in the order found; messages are made sentences."""

    found: list[Diagnostic] = field(default_factory=list)

    def error(
        self, code: str, message: str, span: Span | None, label: str = "", hint: str = "", notes: tuple[str, ...] = ()
    ) -> None:
        diagnostic = Diagnostic(code, sentence(message), span, label, notes, hint)
        if diagnostic not in self.found:
            self.found.append(diagnostic)

    def warn(self, code: str, message: str, span: Span | None, label: str = "", hint: str = "") -> None:
        self.found.append(Diagnostic(code, sentence(message), span, label, (), hint, Severity.WARNING))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.found if d.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.found if d.severity is Severity.WARNING)

    def raise_errors(self) -> None:
        """Raises PlastError with every error, in the order of the text, if there is one."""
        if self.errors:
            raise PlastError(tuple(sorted(self.errors, key=_place)))


def _place(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.span
    return (span.source.path, span.start) if span else ("", -1)


def nearest(name: str, known: Iterable[str]) -> str:
    """The name of `known` that `name` may be a slip of, or ''."""
    candidates = [candidate for candidate in known if candidate]
    folded = {candidate.lower().replace("_", ""): candidate for candidate in candidates}
    same = folded.get(name.lower().replace("_", ""))
    if same is not None and same != name:
        return same
    close = difflib.get_close_matches(name, candidates, 1, 0.6 if len(name) > 3 else 0.5)
    return close[0] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"did you mean `{near}`?" if near else ""


SITE_WORDS = {
    Site.GLOBAL: "the whole group",
    Site.NEURON: "each neuron",
    Site.PRE: "each pre neuron",
    Site.POST: "each post neuron",
    Site.SYNAPSE: "each synapse",
    Site.PAIR: "each pair of neurons",
}
