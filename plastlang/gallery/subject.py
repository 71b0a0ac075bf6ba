"""What a picture or a page is about: a neuron or rule with values for its parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plastlang import library
from plastlang.api import load
from plastlang.components import Component, argument
from plastlang.diagnostics import Source
from plastlang.driver import source_of
from plastlang.frontend import ast
from plastlang.frontend.parse import parse
from plastlang.runtime.calls import bad_call

_SUBJECT = re.compile(r"\s*(?P<where>[^()]*?\.plast:)?(?P<name>[^\W\d]\w*)\s*(?:\((?P<values>.*)\))?\s*")


@dataclass(frozen=True, slots=True)
class Subject:
    """A component, the values given to it as text, how it is called in a legend, and its place in the source."""

    component: Component
    values: tuple[tuple[str, str], ...]
    label: str
    source: Source
    tree: ast.Component


def subject(text: str, values: tuple[tuple[str, str], ...] = ()) -> Subject:
    """`PairSTDP`, `PairSTDP(tau_plus = 17 ms)` from the library, `FILE.plast:NAME(...)` from a file.

    Raises:
        PlastError: no such file, component or parameter, or the file is wrong.
    """
    match = _SUBJECT.fullmatch(text)
    if match is None:
        raise bad_call(
            f"{text!r} is no neuron or rule",
            "write NAME, NAME(parameter = value, ...), or FILE.plast:NAME for one of your own files",
        )
    name = match["name"]
    given = (*_values(match["values"] or "", text), *values)
    if match["where"]:
        source = source_of(match["where"][:-1])
        found = getattr(load(match["where"][:-1]), name)
    else:
        found = library.component(name)
        source = source_of(library.index()[name].path)
    if not isinstance(found, Component):
        raise bad_call(f"{name} is a network, not a neuron or rule", f"plastc run {source.path} --plot draws it")
    for key, _ in given:
        argument(found.checked, key)
    tree = next((d for d in parse(source).declarations if isinstance(d, ast.Component) and d.name == name), None)
    if tree is None:
        raise bad_call(f"{name} is imported by {source.path}, not defined there", "name the file that defines it")
    shown = ", ".join(f"{key} = {value}" for key, value in given)
    return Subject(found, given, f"{name}({shown})" if shown else name, source, tree)


def _values(text: str, whole: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise bad_call(f"{part!r} in {whole!r} is not NAME = VALUE", "write for example tau_plus = 17 ms")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)
