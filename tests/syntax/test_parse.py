"""Trees: units behind numbers, precedence, words that are also names, spans, layout."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from plastlang.diagnostics import PlastError, Source, Span
from plastlang.frontend import ast
from plastlang.frontend.ast import BinaryOp, Comparison, Conditional, Name, Number, UnaryOp
from plastlang.frontend.habits import SOFT_WORDS
from plastlang.frontend.parse import parse
from tests.syntax.test_robust import TEXTS

A, B, C = Name("a"), Name("b"), Name("c")


def module(text: str) -> ast.Module:
    return parse(Source("<text>", text))


def expression(text: str) -> ast.Expression:
    (constant,) = module(f"const x = {text}\n").declarations
    assert isinstance(constant, ast.ConstDeclaration)
    return constant.value


def statements(text: str) -> tuple[ast.Statement, ...]:
    (component,) = module(
        "rule A:\n    every 1 ms:\n" + "".join(f"        {line}\n" for line in text.split("\n"))
    ).declarations
    assert isinstance(component, ast.Component)
    (block,) = component.members
    assert isinstance(block, ast.BlockDeclaration)
    return block.body


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("20 ms", Number("20", "ms")),
        ("5ms", Number("5", "ms")),
        ("-70 mV", UnaryOp("-", Number("70", "mV"))),
        ("30 %", Number("30", "%")),
        ("30 % + a", BinaryOp("+", Number("30", "%"), A)),
        ("30 % a", BinaryOp("%", Number("30"), A)),
        ("30 % (a)", BinaryOp("%", Number("30"), A)),
        ("7 % 4", BinaryOp("%", Number("7"), Number("4"))),
        ("30 % if a else b", Conditional(A, Number("30", "%"), B)),
        ("2 mV/ms", BinaryOp("/", Number("2", "mV"), Name("ms"))),
        ("20 if c else 3", Conditional(C, Number("20"), Number("3"))),
        ("5 or a", BinaryOp("or", Number("5"), A)),
        ("3 and a", BinaryOp("and", Number("3"), A)),
        ("1e-3 s", Number("1e-3", "s")),
        (".5", Number(".5")),
        ("-a ** 2", UnaryOp("-", BinaryOp("**", A, Number("2")))),
        ("a ** b ** c", BinaryOp("**", A, BinaryOp("**", B, C))),
        ("a ** -b", BinaryOp("**", A, UnaryOp("-", B))),
        ("a - b - c", BinaryOp("-", BinaryOp("-", A, B), C)),
        ("a - (b - c)", BinaryOp("-", A, BinaryOp("-", B, C))),
        ("not a == b", UnaryOp("not", Comparison((A, B), ("==",)))),
        ("a < b <= c", Comparison((A, B, C), ("<", "<="))),
        ("a or b and c", BinaryOp("or", A, BinaryOp("and", B, C))),
        ("a if b else b if c else a", Conditional(B, A, Conditional(C, B, A))),
        ("(a +\n b)", BinaryOp("+", A, B)),
        ("pre.pos.x@before", ast.Before(ast.Attribute(ast.Attribute(Name("pre"), "pos"), "x"))),
        ("f(a, s = 2 ms,)", ast.CallExpression("f", (ast.Argument("", A), ast.Argument("s", Number("2", "ms"))))),
    ],
)
def test_expressions(text: str, tree: ast.Expression) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("sample 10 pairs:\n    prune", ast.SampleStatement(Number("10"), None, (ast.PruneStatement(),))),
        (
            "sample 10 slots of 32 per post:\n    prune",
            ast.SampleStatement(Number("10"), Number("32"), (ast.PruneStatement(),)),
        ),
        ("grow 5 pairs uniformly", ast.GrowStatement(Number("5"))),
        (
            "grow from spiked pre with probability 30 % at most 32 per post",
            ast.GrowStatement(None, True, Number("30", "%"), Number("32")),
        ),
        ("grow at most 1 per pre at most 2 per post", ast.GrowStatement(None, False, None, Number("2"), Number("1"))),
        ("let n = prune where a", ast.PruneStatement(A, None, "n")),
        ("let n = prune", ast.LetStatement("n", Name("prune"))),
        ("prune with probability 5 %", ast.PruneStatement(None, Number("5", "%"))),
        ("hold v for 2 ms", ast.HoldStatement("v", Number("2", "ms"))),
        ("pre.x += 1", ast.Assignment(ast.Attribute(Name("pre"), "x"), "+=", Number("1"))),
    ],
)
def test_statements(text: str, tree: ast.Statement) -> None:
    assert statements(text) == (tree,)


def test_elif_is_an_if_in_otherwise() -> None:
    (choice,) = statements("if a:\n    x = 1\nelif b:\n    x = 2\nelse:\n    x = 3")
    (nested,) = statements("if a:\n    x = 1\nelse:\n    if b:\n        x = 2\n    else:\n        x = 3")
    assert choice == nested
    assert isinstance(choice, ast.IfStatement)
    assert isinstance(choice.otherwise[0], ast.IfStatement)


@pytest.mark.parametrize("word", sorted(SOFT_WORDS))
def test_soft_words_are_names_too(word: str) -> None:
    assert statements(f"{word} = 1 + {word}")[0] == ast.Assignment(
        Name(word), "=", BinaryOp("+", Number("1"), Name(word))
    )
    (component,) = module(
        f"rule {word}:\n    synapse {word} = 1\n    {word}' = -{word}\n    let {word} = a.{word}\n"
    ).declarations
    assert isinstance(component, ast.Component)
    assert component.name == word
    assert len(component.members) == 3


def test_docstrings_lose_their_indentation_and_escapes() -> None:
    (component,) = module('rule A:\n    """One.\n\n      two \\"\\"\\" \\\\ \\tau\n    three\n    """\n').declarations
    assert isinstance(component, ast.Component)
    assert component.doc == 'One.\n\n  two """ \\ \\tau\nthree'


def test_name_of_a_projection_without_one() -> None:
    (network,) = module("network N:\n    project a + b -> c.exc with Static()\n").declarations
    assert isinstance(network, ast.NetworkDeclaration)
    (project,) = network.members
    assert isinstance(project, ast.ProjectDeclaration)
    assert (project.name, project.sources, project.target, project.port) == ("a_b_c", ("a", "b"), "c", "exc")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    text = 'rule A:\n    """Doc\n    more."""\n\n    # own\n    synapse w = (1 +\n        2)  # there\n    post y = 0\n'
    assert module(text.replace("\n", end)) == module(text)


def test_indentation_may_have_any_width() -> None:
    assert module("rule A:\n on pre spike:\n    x = 1\n post y = 0\n") == module(
        "rule A:\n    on pre spike:\n        x = 1\n    post y = 0\n"
    )


def nodes(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for item in value:
            yield from nodes(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, Span):
        yield value
        for part in dataclasses.fields(value):
            yield from nodes(getattr(value, part.name))


@pytest.mark.parametrize("name", TEXTS)
def test_spans_hold_the_text_of_their_nodes(name: str) -> None:
    source = Source(name, TEXTS[name])
    for node in nodes(parse(source)):
        span = node.span  # type: ignore[attr-defined]
        assert isinstance(span, Span)
        assert span.source is source
        text = source.text[span.start : span.end]
        assert text
        if not isinstance(node, ast.Module):
            assert text == text.strip()
            for child in nodes(tuple(getattr(node, part.name) for part in dataclasses.fields(node))):  # type: ignore[arg-type]
                inner = child.span  # type: ignore[attr-defined]
                assert span.start <= inner.start <= inner.end <= span.end
        if isinstance(node, ast.Number | Name | BinaryOp | UnaryOp | Comparison | Conditional | ast.CallExpression):
            assert expression(f"({text})") == node


def test_errors_come_in_the_order_of_the_text() -> None:
    with pytest.raises(PlastError) as caught:
        module("rule A:\n    on pre spike:\n        x = (1\n        y = $\n        z = 2 +\n")
    starts = [diagnostic.span.start for diagnostic in caught.value.diagnostics if diagnostic.span]
    assert len(starts) == 3
    assert starts == sorted(starts)
