"""`parse`: from the text of a .plast file to its syntax tree, or to all its syntax errors at once."""

from __future__ import annotations

from plastlang.diagnostics import Diagnostic, PlastError, Source, Span
from plastlang.frontend import ast
from plastlang.frontend.grammar import tokenize
from plastlang.frontend.layout import lay_out
from plastlang.frontend.parts import SOURCE
from plastlang.frontend.read_lines import LineReader
from plastlang.frontend.recovered import Recovered, without_losses

#: Errors of the layout behind which no line of the file can be trusted, and those behind which one declaration cannot.
_HOPELESS = ("P110",)
_UNCERTAIN = ("P111",)


def parse(source: Source) -> ast.Module:
    """The syntax tree of a text.

    Raises:
        PlastError: with every syntax error that can be told apart, in the order of the text.
    """
    recovered = parse_with_errors(source)
    if recovered.diagnostics:
        raise PlastError(recovered.diagnostics)
    return recovered.module


def parse_with_errors(source: Source) -> Recovered:
    """The syntax tree of a text as far as it can be read, and every syntax error that can be told apart."""
    token = SOURCE.set(source)
    try:
        return _parse(source)
    except PlastError as error:
        return _nothing(source, error.diagnostics)
    finally:
        SOURCE.reset(token)


def _behind_tab(diagnostic: Diagnostic) -> bool:
    """Whether it is of a line with a tab in its indentation, which has been told and can be read in several ways."""
    if diagnostic.span is None:
        return False
    text, place = diagnostic.span.source.text, diagnostic.span.start
    before = text[text.rfind("\n", 0, place) + 1 : place]
    return "\t" in before[: len(before) - len(before.lstrip())]


def _nothing(source: Source, found: tuple[Diagnostic, ...]) -> Recovered:
    return Recovered(ast.Module("", (), Span(source, 0, len(source.text))), found)


def _parse(source: Source) -> Recovered:
    text = source.text
    nul = text.find("\0")
    if nul >= 0:
        raise PlastError(
            (Diagnostic("P104", "The file holds a NUL character; it is not a text.", Span(source, nul, nul + 1)),)
        )
    layout = lay_out(source, tokenize(text))
    reader = LineReader(source, layout.lines)
    reader.diagnostics.extend(layout.diagnostics)
    reader.run()
    found = [d for d in reader.diagnostics if d.code in _HOPELESS or not _behind_tab(d)]
    if not found and not any(line.tokens[0].type != "DOC" for line in layout.lines):
        found.append(
            Diagnostic(
                "P105",
                "The file declares nothing.",
                Span(source, 0, 0),
                "empty",
                (),
                "write a `neuron`, a `rule` or a `network`; `plastc rules` shows the ones that are installed",
            )
        )
    found.sort(key=lambda d: (d.span.start, d.span.end) if d.span else (0, 0))
    diagnostics = tuple(found)
    if diagnostics and (reader.hopeless or any(d.code in _HOPELESS for d in diagnostics)):
        return _nothing(source, diagnostics)
    reader.close(layout.closes, len(text))
    if diagnostics and "$END" not in reader.accepts():
        return _nothing(source, diagnostics)
    module = reader.stacks.end(len(text))
    assert isinstance(module, ast.Module)
    if not diagnostics:
        return Recovered(module)
    reader.uncertain += [d.span.end for d in diagnostics if d.code in _UNCERTAIN and d.span]
    module, names, partial = without_losses(module, reader.losses())
    return Recovered(module, diagnostics, names | reader.names, partial, tuple(reader.faulty), reader.nameless)
