"""`format_module`: the one layout of a .plast file. `parse(format_module(tree)) == tree`; comments are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never

from plastlang.diagnostics import Source, Span
from plastlang.frontend import ast
from plastlang.frontend.comments import Places, Written, spaced, with_comments
from plastlang.frontend.expression_text import UNBROKEN, arguments_text, expression_text
from plastlang.frontend.wrap import LINE_WIDTH, wrapped

_INDENT = "    "


def format_module(module: ast.Module, source: Source | None = None) -> str:
    """The text of a tree in canonical layout, with as few brackets as its meaning needs.

    Args:
        module: the tree.
        source: the text it was parsed from; its comments and single blank lines are then kept.

    Returns:
        Text that parses to an equal tree, ending in a newline.
    """
    places = None if source is None else Places(source)
    lines = list(_Writer(places).module(module))
    if places is not None:
        lines = with_comments(lines, places)
    return "".join(_laid_out(spaced(lines)))


def _laid_out(lines: list[Written]) -> Iterator[str]:
    columns = _comment_columns(lines)
    for number, line in enumerate(lines):
        if line.blank:
            yield "\n"
        indent = _INDENT * line.depth
        if line.own_comment:
            yield f"{indent}{line.comment}\n"
            continue
        text = line.text if '"' in line.text else wrapped(line.text, len(indent))
        text = "\n".join(indent + part if part else "" for part in text.split("\n"))
        last = len(text) - text.rfind("\n") - 1
        gap = " " * max(2, columns.get(number, 0) - last)
        yield text + (gap + line.comment if line.comment else "") + "\n"


def _comment_columns(lines: list[Written]) -> dict[int, int]:
    """Where comments behind code begin, by line: those of neighbouring lines of one block stand below one another."""
    columns: dict[int, int] = {}

    def settle(group: list[int]) -> None:
        column = max((len(_INDENT) * lines[n].depth + len(lines[n].text) + 2 for n in group), default=0)
        if all(column + len(lines[n].comment) <= LINE_WIDTH for n in group):
            columns.update(dict.fromkeys(group, column))

    group: list[int] = []
    for number, line in enumerate(lines):
        if group and (line.blank or line.depth != lines[group[-1]].depth or not line.comment or line.own_comment):
            settle(group)
            group = []
        if line.comment and not line.own_comment and "\n" not in line.text:
            group.append(number)
    settle(group)
    return columns


def _escaped(text: str) -> str:
    """The inverse of `unescape`: backslashes and quotes that would be read otherwise get a backslash."""
    text = re.sub(r'\\(?=[\\"]|\Z)', r"\\\\", text)
    return re.sub(r'"(?="|\Z)', r"\"", text)


def _doc_text(doc: str) -> str:
    lines = doc.split("\n")
    if len(lines) == 1 and doc == doc.lstrip():
        return f'"""{_escaped(doc)}"""'
    inner = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    lead = "\n" if doc != doc.lstrip() or min(inner, default=0) > 0 else ""
    text = _escaped(doc + "\n")
    return f'"""{lead}{text}"""'


def _bounds(bounds: tuple[ast.Expression, ast.Expression] | None) -> str:
    return "" if bounds is None else f" in [{expression_text(bounds[0])}, {expression_text(bounds[1])}]"


def _item(item: ast.ParameterItem | ast.VariableItem) -> str:
    value = item.default if isinstance(item, ast.ParameterItem) else item.init
    return (
        item.name
        + (f": {item.unit}" if item.unit else "")
        + ("" if value is None else f" = {expression_text(value)}")
        + _bounds(item.bounds)
    )


def _call(call: ast.CallExpression) -> str:
    return f"{call.function}({arguments_text(call.arguments)})"


def _at(span: Span | None) -> int:
    return -1 if span is None else span.start


class _Writer:
    """Turns nodes into lines. `places` is where the docstrings and `else`s of the source stand, if there is one."""

    def __init__(self, places: Places | None):
        self.places = places

    # ------------------------------------------------------------ top level

    def module(self, module: ast.Module) -> Iterator[Written]:
        if module.doc:
            yield Written(0, _doc_text(module.doc), 0 if self.places is None else self.places.doc_from(0))
        blocky = bool(module.doc)
        for declaration in module.declarations:
            was, blocky = blocky, isinstance(declaration, ast.Component | ast.NetworkDeclaration)
            for number, line in enumerate(self.declaration(declaration)):
                line.wants_blank = number == 0 and (was or blocky)
                yield line

    def declaration(self, node: ast.Declaration) -> Iterator[Written]:
        at = _at(node.span)
        match node:
            case ast.Import(path, names):
                listed = f"{', '.join(names)} from " if names else ""
                path = re.sub(r'\\(?=[\\"]|\Z)', r"\\\\", path).replace('"', '\\"')
                yield Written(0, f'import {listed}"{path}"', at)
            case ast.ConstDeclaration(name, value):
                yield Written(0, f"const {name} = {expression_text(value)}", at)
            case ast.FunctionDeclaration(name, arguments, value):
                yield Written(0, f"fn {name}({', '.join(arguments)}) = {expression_text(value)}", at)
            case ast.Component(kind, name, doc, members):
                yield Written(0, f"{kind} {name}:", at)
                yield from self.doc(doc, at)
                for member in members:
                    yield from self.member(member)
            case ast.NetworkDeclaration(name, doc, parts):
                yield Written(0, f"network {name}:", at)
                yield from self.doc(doc, at)
                for part in parts:
                    yield from self.network_member(part)
            case _:
                assert_never(node)

    def doc(self, doc: str, owner: int) -> Iterator[Written]:
        if doc:
            yield Written(1, _doc_text(doc), -1 if self.places is None else self.places.doc_from(owner))

    # ------------------------------------------------------------ members

    def member(self, node: ast.Member) -> Iterator[Written]:
        at = _at(node.span)
        match node:
            case ast.ParameterDeclaration(items):
                yield Written(1, f"param {', '.join(_item(item) for item in items)}", at)
            case ast.VariableDeclaration(site, variables, required, shared):
                head = f"require {site}" if required else f"{site} shared" if shared else site
                yield Written(1, f"{head} {', '.join(_item(item) for item in variables)}", at)
            case ast.EquationDeclaration(name, value):
                yield Written(1, f"{name}' = {expression_text(value)}", at)
            case ast.LetDeclaration(name, value):
                yield Written(1, f"let {name} = {expression_text(value)}", at)
            case ast.InputDeclaration(port, variable):
                yield Written(1, f"input {port} -> {variable}", at)
            case ast.UseDeclaration(call, label):
                yield Written(1, f"use {_call(call)}{f' as {label}' if label else ''}", at)
            case ast.MethodDeclaration(name):
                yield Written(1, f"method {name}", at)
            case ast.SpikeDeclaration(kind, condition, body):
                shown = "" if condition is None else f" {expression_text(condition)}"
                yield from self.head(1, f"spike {'when' if kind == 'when' else f'at {kind}'}{shown}", at, body)
            case ast.BlockDeclaration(trigger, body, period, signal, arguments, after, longest):
                match trigger:
                    case "signal":
                        head = f"on {signal}" + (f"({', '.join(arguments)})" if arguments else "")
                    case "every":
                        assert period is not None
                        head = f"every {expression_text(period)}"
                    case "each step":
                        head = trigger
                    case _:
                        late = "" if after is None else f" after {expression_text(after)}"
                        head = f"on {trigger}{late}"
                        if longest is not None:
                            head += f" at most {expression_text(longest)}"
                yield from self.head(1, head, at, body)
            case _:
                assert_never(node)

    def network_member(self, node: ast.NetworkMember) -> Iterator[Written]:
        at = _at(node.span)
        match node:
            case ast.ParameterDeclaration():
                yield from self.member(node)
            case ast.TimestepDeclaration(value):
                yield Written(1, f"dt {expression_text(value)}", at)
            case ast.PopulationDeclaration(name, neuron, grid, size):
                place = ""
                if grid is not None:
                    periodic = ", periodic" if grid.periodic else ""
                    place = f" on grid({expression_text(grid.width)}, {expression_text(grid.height)}{periodic})"
                elif size is not None:
                    place = f" size {expression_text(size)}"
                yield Written(1, f"population {name} = {_call(neuron)}{place}", at)
            case ast.ProjectDeclaration(name, sources, target, port, rules, body):
                given = "" if name == "_".join((*sources, target)) else f"{name} = "
                goal = f"{target}.{port}" if port else target
                text = (
                    f"project {given}{' + '.join(sources)} -> {goal} with {' + '.join(_call(rule) for rule in rules)}"
                )
                yield Written(1, text + (":" if body else ""), at)
                for part in body:
                    yield self.projection_member(part)
            case ast.RecordDeclaration(owner, what, every):
                rhythm = "" if every is None else f" every {expression_text(every)}"
                yield Written(1, f"record {owner} {what}{rhythm}", at)
            case _:
                assert_never(node)

    def projection_member(self, node: ast.ProjectionMember) -> Written:
        at = _at(node.span)
        match node:
            case ast.ConnectDeclaration(kind, value):
                shown = kind if value is None else f"with probability {expression_text(value)}"
                return Written(2, f"connect {shown}", at)
            case ast.DelayDeclaration(delay):
                return Written(2, f"delay {expression_text(delay)}", at)
            case ast.InitDeclaration(name, start):
                return Written(2, f"{name} = {expression_text(start)}", at)
            case _:
                assert_never(node)

    # ------------------------------------------------------------ statements

    def head(self, depth: int, text: str, at: int, body: tuple[ast.Statement, ...]) -> Iterator[Written]:
        """A line and the block it opens; without statements it opens none."""
        yield Written(depth, text + (":" if body else ""), at)
        for statement in body:
            yield from self.statement(depth + 1, statement)

    def statement(self, depth: int, node: ast.Statement) -> Iterator[Written]:
        at = _at(node.span)
        match node:
            case ast.LetStatement(name, value):
                yield Written(depth, f"let {name} = {expression_text(value)}", at)
            case ast.Assignment(target, op, value):
                yield Written(depth, f"{expression_text(target)} {op} {expression_text(value)}", at)
            case ast.IfStatement():
                yield from self.choice(depth, "if", node)
            case ast.DeliverStatement(value, after, longest):
                text = f"deliver {expression_text(value)}"
                if after is not None and longest is not None:
                    text += f" after {expression_text(after)} at most {expression_text(longest)}"
                yield Written(depth, text, at)
            case ast.HoldStatement(name, duration):
                yield Written(depth, f"hold {name} for {expression_text(duration)}", at)
            case ast.PruneStatement(where, probability, bind):
                text = (f"let {bind} = " if bind else "") + "prune"
                if where is not None:
                    text += f" where {expression_text(where)}"
                elif probability is not None:
                    text += f" with probability {expression_text(probability, UNBROKEN)}"
                yield Written(depth, text, at)
            case ast.GrowStatement():
                yield from self.head(depth, _grow_text(node), at, node.body)
            case ast.PruneRankedStatement(count, order, key, per):
                yield Written(depth, f"prune {_counted(count)} synapses {_order(order, key)}{_per(per)}", at)
            case ast.GrowRankedStatement(count, order, key, per, body):
                text = f"grow {_counted(count)} pairs {_order(order, key)}{_per(per)}"
                yield from self.head(depth, text, at, body)
            case ast.GrowMatchedStatement(axonal, dendritic, probability, body):
                text = f"grow by matching {expression_text(axonal)} per pre with {expression_text(dendritic)} per post"
                if probability is not None:
                    text += f" with probability {expression_text(probability, UNBROKEN)}"
                yield from self.head(depth, text, at, body)
            case ast.SampleStatement(count, slots, body):
                what = "pairs" if slots is None else f"slots of {expression_text(slots)} per post"
                yield from self.head(depth, f"sample {expression_text(count)} {what}", at, body)
            case _:
                assert_never(node)

    def choice(self, depth: int, word: str, node: ast.IfStatement) -> Iterator[Written]:
        yield from self.head(depth, f"{word} {expression_text(node.condition)}", _at(node.span), node.then)
        match node.otherwise:
            case ():
                return
            case (ast.IfStatement() as other,):
                yield from self.choice(depth, "elif", other)
            case (first, *_):
                start = -1 if self.places is None else self.places.else_before(_at(first.span))
                yield from self.head(depth, "else", start, node.otherwise)


def _counted(count: ast.Expression) -> str:
    """A number behind `prune` or `grow`, in brackets where it begins with a word that may follow these."""
    text = expression_text(count)
    return f"({text})" if re.match(r"(?:where|with|from|at|by)\b", text) else text


def _order(order: str, key: ast.Expression | None) -> str:
    return order if key is None else f"with {order} {expression_text(key, UNBROKEN)}"


def _per(per: str) -> str:
    return f" per {per}" if per else ""


def _grow_text(node: ast.GrowStatement) -> str:
    if node.count is not None:
        return f"grow {expression_text(node.count)} pairs uniformly"
    text = "grow"
    if node.spiked:
        text += " from spiked pre"
    if node.probability is not None:
        text += f" with probability {expression_text(node.probability, UNBROKEN)}"
    if node.max_per_post is not None:
        text += f" at most {expression_text(node.max_per_post)} per post"
    if node.max_per_pre is not None:
        text += f" at most {expression_text(node.max_per_pre)} per pre"
    return text
