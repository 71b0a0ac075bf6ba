"""From the reductions of the parser to the syntax tree, with spans and a bound on the depth of expressions."""

from __future__ import annotations

import re
from inspect import cleandoc

from lark import Token, v_args

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.build_components import ComponentBuilder
from plastlang.frontend.parts import (
    SOURCE,
    Arguments,
    Block,
    Child,
    Part,
    end_of,
    nodes_of,
    span_of,
    start_of,
)


def unescape(text: str) -> str:
    r"""The text of a string or docstring: `\"` is a quote and `\\` a backslash, every other backslash is itself."""
    return re.sub(r'\\(["\\])', r"\1", text)


def _doc(token: Token | None) -> str:
    """The text of a docstring without the indentation of its lines and without blanks at their ends."""
    if token is None:
        return ""
    text = re.sub(r"\r\n?", "\n", unescape(token[3:-3]))
    return "\n".join(line.rstrip() for line in cleandoc(text).split("\n")).strip("\n")


@v_args(inline=True)
class TreeBuilder(ComponentBuilder):
    """One method per rule of plast.lark; arguments are the symbols of the rule, keywords included."""

    # ------------------------------------------------------------ top level

    def module(self, doc: Token | None, _end_of_line: Token | None, *declarations: Child) -> ast.Module:
        source = SOURCE.get()
        return ast.Module(_doc(doc), declarations, Span(source, 0, len(source.text)))

    def import_all(self, head: Token, path: Token, _nl: Token) -> ast.Import:
        return ast.Import(unescape(path[1:-1]), (), span_of(head, path))

    def import_names(self, head: Token, names: Arguments, _from: Token, path: Token, _nl: Token) -> ast.Import:
        return ast.Import(unescape(path[1:-1]), names.items, span_of(head, path))

    def const(self, head: Token, name: Token, _eq: Token, value: Part, _nl: Token) -> ast.ConstDeclaration:
        return ast.ConstDeclaration(str(name), value.node, span_of(head, value))

    def function(
        self,
        head: Token,
        name: Token,
        _open: Token,
        names: Arguments | None,
        _close: Token,
        _eq: Token,
        value: Part,
        _nl: Token,
    ) -> ast.FunctionDeclaration:
        arguments = () if names is None else names.items
        return ast.FunctionDeclaration(str(name), arguments, value.node, span_of(head, value))

    def names(self, *children: Token) -> Arguments:
        return Arguments(tuple(str(name) for name in children[::2]))

    def component_kind(self, kind: Token) -> Token:
        return kind

    def component(
        self,
        kind: Token,
        name: Token,
        colon: Token,
        _nl: Token,
        _in: Token,
        doc: Token | None,
        _end_of_doc: Token | None,
        *rest: Child,
    ) -> ast.Component:
        members = rest[:-1]
        last = members[-1] if members else doc or colon
        return ast.Component(str(kind), str(name), _doc(doc), members, span_of(kind, last))

    def network(
        self,
        head: Token,
        name: Token,
        colon: Token,
        _nl: Token,
        _in: Token,
        doc: Token | None,
        _end_of_doc: Token | None,
        *rest: Child,
    ) -> ast.NetworkDeclaration:
        members = rest[:-1]
        last = members[-1] if members else doc or colon
        return ast.NetworkDeclaration(str(name), _doc(doc), members, span_of(head, last))

    # ------------------------------------------------------------ networks

    def timestep(self, head: Token, value: Part, _nl: Token) -> ast.TimestepDeclaration:
        return ast.TimestepDeclaration(value.node, span_of(head, value))

    def population_grid(
        self,
        head: Token,
        name: Token,
        _eq: Token,
        neuron: ast.CallExpression,
        _on: Token,
        grid: ast.GridExpression,
        _nl: Token,
    ) -> ast.PopulationDeclaration:
        return ast.PopulationDeclaration(str(name), neuron, grid, None, span_of(head, grid))

    def population_size(
        self, head: Token, name: Token, _eq: Token, neuron: ast.CallExpression, _size: Token, size: Part, _nl: Token
    ) -> ast.PopulationDeclaration:
        return ast.PopulationDeclaration(str(name), neuron, None, size.node, span_of(head, size))

    def grid(
        self,
        head: Token,
        _open: Token,
        width: Part,
        _comma: Token,
        height: Part,
        _second: Token | None,
        periodic: Token | None,
        close: Token,
    ) -> ast.GridExpression:
        return ast.GridExpression(width.node, height.node, periodic is not None, span_of(head, close))

    def component_call(
        self, name: Token, _open: Token | None, arguments: Arguments | None, close: Token | None
    ) -> ast.CallExpression:
        items = () if arguments is None else arguments.items
        return ast.CallExpression(str(name), items, span_of(name, close or name))

    def project(self, head: Token, name: Token | None, _eq: Token | None, *rest: Child) -> ast.ProjectDeclaration:
        arrow = next(i for i, child in enumerate(rest) if child == "->")
        sources = tuple(str(child) for child in rest[:arrow:2])
        target, _dot, port = rest[arrow + 1 : arrow + 4]
        rules = nodes_of(rest[arrow + 4 : -1])
        body = rest[-1]
        return ast.ProjectDeclaration(
            str(name or "_".join((*sources, target))),
            sources,
            str(target),
            str(port or ""),
            rules,
            body.body,
            span_of(head, body if body.body else rules[-1]),
        )

    def project_body(self, *children: Child) -> Block:
        return Block((), start_of(children[0])) if len(children) == 1 else Block(children[3:-1], end_of(children[-2]))

    def connect_probability(self, head: Token, value: Part, _nl: Token) -> ast.ConnectDeclaration:
        return ast.ConnectDeclaration("probability", value.node, span_of(head, value))

    def connect_all(self, head: Token, last: Token, _nl: Token) -> ast.ConnectDeclaration:
        return ast.ConnectDeclaration("all", None, span_of(head, last))

    def connect_one(self, head: Token, _one: Token, _to: Token, last: Token, _nl: Token) -> ast.ConnectDeclaration:
        return ast.ConnectDeclaration("one to one", None, span_of(head, last))

    def connect_none(self, head: Token, last: Token, _nl: Token) -> ast.ConnectDeclaration:
        return ast.ConnectDeclaration("none", None, span_of(head, last))

    def delay(self, head: Token, value: Part, _nl: Token) -> ast.DelayDeclaration:
        return ast.DelayDeclaration(value.node, span_of(head, value))

    def initial(self, name: Token, _eq: Token, value: Part, _nl: Token) -> ast.InitDeclaration:
        return ast.InitDeclaration(str(name), value.node, span_of(name, value))

    def record(
        self, head: Token, owner: Token, what: Token, _every: Token | None, period: Part | None, _nl: Token
    ) -> ast.RecordDeclaration:
        value = None if period is None else period.node
        return ast.RecordDeclaration(str(owner), str(what), value, span_of(head, period or what))
