"""Whatever parses is checked or refused with diagnostics that can be shown; what is accepted is well formed."""

from __future__ import annotations

import re
from importlib import resources

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plastlang.diagnostics import PlastError, Source, render
from plastlang.frontend.check import check_module
from plastlang.frontend.checked import CheckedModule
from plastlang.frontend.networks import check_network
from plastlang.frontend.parse import parse
from plastlang.ir.verify import verify
from plastlang.symbolic import lower
from tests.check.cases import NET

LIBRARY = [
    item.read_text(encoding="utf-8")
    for item in resources.files("plastlang.rules").iterdir()
    if item.name.endswith(".plast")
]
TEXTS = [*sorted(LIBRARY), NET]
TOKENS = [re.findall(r"\s+|\w+|\W", text) for text in TEXTS]
WORDS = sorted({token for tokens in TOKENS for token in tokens if not token.isspace()})


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A program of the library with some of its words exchanged, taken out or put in."""
    tokens = list(draw(st.sampled_from(TOKENS)))
    for _ in range(draw(st.integers(1, 4))):
        places = [number for number, token in enumerate(tokens) if not token.isspace()]
        place = draw(st.sampled_from(places))
        word = draw(st.sampled_from(WORDS) | st.sampled_from([tokens[other] for other in places]))
        tokens[place] = draw(st.sampled_from([word, "", f"{word} {tokens[place]}"]))
    return "".join(tokens)


def checked(text: str) -> CheckedModule | None:
    source = Source("rules:mutant.plast", text)
    try:
        return check_module(parse(source), source)
    except PlastError as error:
        assert error.diagnostics and render(error.diagnostics)
        for diagnostic in error.diagnostics:
            span = diagnostic.span
            assert span is None or 0 <= span.start <= span.end <= len(span.source.text)
        return None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutants())
def test_mutated_programs(text: str) -> None:
    module = checked(text)
    for name in module.networks if module else ():
        assert module is not None
        try:
            program = lower(check_network(module, name)).program
        except PlastError as error:
            assert render(error.diagnostics)
        else:
            verify(program)
