"""From the reductions of the parser to the syntax tree, with spans and a bound on the depth of expressions."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, replace
from inspect import cleandoc
from typing import Any, TypeAlias

from lark import Token, Transformer, v_args

from plastlang.diagnostics import Diagnostic, Source, Span
from plastlang.frontend import ast
from plastlang.frontend.habits import SPIKE_EVENT

#: Operators, brackets and function calls that may be inside one another; all later walks over a tree recurse.
MAX_EXPRESSION_DEPTH = 100

#: The text that is being parsed: the callbacks of the one cached parser make spans into it.
SOURCE: ContextVar[Source] = ContextVar("SOURCE")


class SyntaxFault(Exception):
    """A mistake that is only seen when a piece of the tree is made."""

    def __init__(self, diagnostic: Diagnostic):
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


@dataclass(frozen=True, slots=True)
class Part:
    """An expression on the parser's stack: its node, its extent (with parentheses) and its depth."""

    node: ast.Expression
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class Block:
    """The statements of a block and where it ends."""

    body: tuple[Any, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments of a call or names of a list."""

    items: tuple[Any, ...]
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Caps:
    """`at most ...` of a grow: the limits per end, and the last token."""

    limits: dict[str, ast.Expression]
    last: Token | None


Child: TypeAlias = Any  # Token, Part, a node, or None


def _start(child: Child) -> int:
    match child:
        case Token():
            return int(child.start_pos or 0)
        case Part():
            return child.start
    return int(child.span.start)


def _end(child: Child) -> int:
    match child:
        case Token():
            return int(child.end_pos or 0)
        case Part() | Block():
            return child.end
    return int(child.span.end)


def _span(first: Child, last: Child) -> Span:
    return Span(SOURCE.get(), _start(first), _end(last))


def _part(node: Any, first: Child, last: Child, *inside: Part | Arguments) -> Part:
    depth = 1 + max((child.depth for child in inside), default=0)
    if depth > MAX_EXPRESSION_DEPTH:
        span = Span(SOURCE.get(), _start(first), min(_end(last), _start(first) + 40))
        raise SyntaxFault(
            Diagnostic(
                "P117",
                f"This expression is nested more than {MAX_EXPRESSION_DEPTH} levels deep.",
                span,
                "in here",
                ("every operator of a chain `a + b + c + ...` and every bracket counts as one level",),
                "split it: give the parts names with `let`",
            )
        )
    start, end = _start(first), _end(last)
    return Part(replace(node, span=Span(SOURCE.get(), start, end)), start, end, depth)


def unescape(text: str) -> str:
    r"""The text of a string or docstring: `\"` is a quote and `\\` a backslash, every other backslash is itself."""
    return re.sub(r'\\(["\\])', r"\1", text)


def _doc(token: Token | None) -> str:
    """The text of a docstring without the indentation of its lines and without blanks at their ends."""
    if token is None:
        return ""
    text = re.sub(r"\r\n?", "\n", unescape(token[3:-3]))
    return "\n".join(line.rstrip() for line in cleandoc(text).split("\n")).strip("\n")


def _nodes(children: tuple[Child, ...]) -> tuple[Any, ...]:
    return tuple(child for child in children if child is not None and not isinstance(child, Token))


@v_args(inline=True)
class TreeBuilder(Transformer[Any, Any]):
    """One method per rule of plast.lark; arguments are the symbols of the rule, keywords included."""

    # ------------------------------------------------------------ top level

    def module(self, doc: Token | None, _end_of_line: Token | None, *declarations: Child) -> ast.Module:
        source = SOURCE.get()
        return ast.Module(_doc(doc), declarations, Span(source, 0, len(source.text)))

    def import_all(self, head: Token, path: Token, _nl: Token) -> ast.Import:
        return ast.Import(unescape(path[1:-1]), (), _span(head, path))

    def import_names(self, head: Token, names: Arguments, _from: Token, path: Token, _nl: Token) -> ast.Import:
        return ast.Import(unescape(path[1:-1]), names.items, _span(head, path))

    def const(self, head: Token, name: Token, _eq: Token, value: Part, _nl: Token) -> ast.ConstDeclaration:
        return ast.ConstDeclaration(str(name), value.node, _span(head, value))

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
        return ast.FunctionDeclaration(str(name), arguments, value.node, _span(head, value))

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
        return ast.Component(str(kind), str(name), _doc(doc), members, _span(kind, last))

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
        return ast.NetworkDeclaration(str(name), _doc(doc), members, _span(head, last))

    # ------------------------------------------------------------ neurons and rules

    def parameters(self, head: Token, *children: Child) -> ast.ParameterDeclaration:
        items = tuple(ast.ParameterItem(i.name, i.unit, i.init, i.bounds, i.span) for i in _nodes(children))
        return ast.ParameterDeclaration(items, _span(head, items[-1]))

    def variables(self, site: Token, *children: Child) -> ast.VariableDeclaration:
        items = _nodes(children)
        return ast.VariableDeclaration(str(site), items, False, _span(site, items[-1]))

    def required(self, head: Token, site: Token, *children: Child) -> ast.VariableDeclaration:
        items = _nodes(children)
        return ast.VariableDeclaration(str(site), items, True, _span(head, items[-1]))

    def site(self, token: Token) -> Token:
        return token

    def item(
        self, name: Token, _colon: Token | None, unit: Token | None, _eq: Token | None, init: Part | None, bounds: Any
    ) -> ast.VariableItem:
        last, limits = (init or unit or name, None) if bounds is None else (bounds[0], bounds[1])
        value = None if init is None else init.node
        return ast.VariableItem(str(name), str(unit or ""), value, limits, _span(name, last))

    def required_item(self, name: Token, _colon: Token | None, unit: Token | None) -> ast.VariableItem:
        return ast.VariableItem(str(name), str(unit or ""), None, None, _span(name, unit or name))

    def bounds(self, _in: Token, _open: Token, low: Part, _comma: Token, high: Part, close: Token) -> Any:
        return close, (low.node, high.node)

    def unit(self, *tokens: Token) -> Token:
        first, last = tokens[0], tokens[-1]
        return Token("UNIT", "".join(tokens), start_pos=first.start_pos, end_pos=last.end_pos)

    def unit_operator(self, token: Token) -> Token:
        return token

    def unit_exponent(self, *tokens: Token) -> Token:
        return self.unit(*tokens)

    def unit_factor(self, *tokens: Token | None) -> Token:
        return self.unit(*(token for token in tokens if token is not None))

    def equation(self, name: Token, _prime: Token, _eq: Token, value: Part, _nl: Token) -> ast.EquationDeclaration:
        return ast.EquationDeclaration(str(name), value.node, _span(name, value))

    def let_member(self, head: Token, name: Token, _eq: Token, value: Part, _nl: Token) -> ast.LetDeclaration:
        return ast.LetDeclaration(str(name), value.node, _span(head, value))

    def input(self, head: Token, port: Token, _arrow: Token, variable: Token, _nl: Token) -> ast.InputDeclaration:
        return ast.InputDeclaration(str(port), str(variable), _span(head, variable))

    def method(self, head: Token, name: Token, _nl: Token) -> ast.MethodDeclaration:
        return ast.MethodDeclaration(str(name), _span(head, name))

    def spike_when(self, head: Token, _when: Token, value: Part, body: Block) -> ast.SpikeDeclaration:
        return ast.SpikeDeclaration("when", value.node, body.body, _span(head, body if body.body else value))

    def spike_rate(self, head: Token, _at: Token, _rate: Token, value: Part, body: Block) -> ast.SpikeDeclaration:
        return ast.SpikeDeclaration("rate", value.node, body.body, _span(head, body if body.body else value))

    def spike_times(self, head: Token, _at: Token, times: Token, body: Block) -> ast.SpikeDeclaration:
        return ast.SpikeDeclaration("times", None, body.body, _span(head, body if body.body else times))

    def spike_end(self, token: Token) -> Token:
        return token

    def on_spike(self, head: Token, where: Token, _spike: Token, body: Block) -> ast.BlockDeclaration:
        return ast.BlockDeclaration(f"{where} spike", body.body, span=_span(head, body))

    def each_step(self, head: Token, _step: Token, body: Block) -> ast.BlockDeclaration:
        return ast.BlockDeclaration("each step", body.body, span=_span(head, body))

    def every(self, head: Token, period: Part, body: Block) -> ast.BlockDeclaration:
        return ast.BlockDeclaration("every", body.body, period=period.node, span=_span(head, body))

    def on_signal(
        self, head: Token, name: Token, _open: Token | None, names: Arguments | None, _close: Token | None, body: Block
    ) -> ast.BlockDeclaration:
        arguments = () if names is None else names.items
        return ast.BlockDeclaration("signal", body.body, signal=str(name), arguments=arguments, span=_span(head, body))

    def event(self, name: Token) -> Token:
        found = re.fullmatch(SPIKE_EVENT, name, re.IGNORECASE)
        if found is not None:
            ends = [found["end"].lower()] if found["end"] else ["pre", "post"]
            raise SyntaxFault(
                Diagnostic(
                    "P136",
                    f"There is no event `{name}`.",
                    _span(name, name),
                    "not an event",
                    ("spikes are `on pre spike` and `on post spike`; any other name is a signal that the host sends",),
                    "write " + " or ".join(f"`on {end} spike:`" for end in ends),
                )
            )
        return name

    # ------------------------------------------------------------ statements

    def block(self, _colon: Token, _nl: Token, _in: Token, *rest: Child) -> Block:
        return Block(rest[:-1], _end(rest[-2]))

    def body(self, block: Block | Token) -> Block:
        return block if isinstance(block, Block) else Block((), int(block.start_pos or 0))

    def let(self, head: Token, name: Token, _eq: Token, value: Part, _nl: Token) -> ast.LetStatement:
        return ast.LetStatement(str(name), value.node, _span(head, value))

    def assign_operator(self, token: Token) -> Token:
        return token

    def assignment(self, target: Part, op: Token, value: Part, _nl: Token) -> ast.Assignment:
        return ast.Assignment(target.node, str(op), value.node, _span(target, value))

    def if_statement(self, head: Token, condition: Part, then: Block, otherwise: Any) -> ast.IfStatement:
        match otherwise:
            case None:
                return ast.IfStatement(condition.node, then.body, (), _span(head, then))
            case Block():
                return ast.IfStatement(condition.node, then.body, otherwise.body, _span(head, otherwise))
        return ast.IfStatement(condition.node, then.body, (otherwise,), _span(head, otherwise))

    def else_part(self, _head: Token, block: Block) -> Block:
        return block

    def deliver(self, head: Token, value: Part, _nl: Token) -> ast.DeliverStatement:
        return ast.DeliverStatement(value.node, _span(head, value))

    def hold(self, head: Token, name: Token, _for: Token, duration: Part, _nl: Token) -> ast.HoldStatement:
        return ast.HoldStatement(str(name), duration.node, _span(head, duration))

    def prune(self, head: Token, probability: Part | None, _nl: Token) -> ast.PruneStatement:
        value = None if probability is None else probability.node
        return ast.PruneStatement(None, value, "", _span(head, probability or head))

    def prune_where(self, head: Token, _where: Token, condition: Part, _nl: Token) -> ast.PruneStatement:
        return ast.PruneStatement(condition.node, None, "", _span(head, condition))

    def prune_count(
        self, head: Token, name: Token, _eq: Token, _prune: Token, _where: Token, condition: Part, _nl: Token
    ) -> ast.PruneStatement:
        return ast.PruneStatement(condition.node, None, str(name), _span(head, condition))

    def grow(
        self, head: Token, spiked: Token | None, probability: Part | None, caps: Caps, body: Block
    ) -> ast.GrowStatement:
        last = body if body.body else caps.last or probability or spiked or head
        return ast.GrowStatement(
            None,
            spiked is not None,
            None if probability is None else probability.node,
            caps.limits.get("post"),
            caps.limits.get("pre"),
            body.body,
            _span(head, last),
        )

    def caps(self, *caps: tuple[Token, Part]) -> Caps:
        limits: dict[str, ast.Expression] = {}
        for where, limit in caps:
            if str(where) in limits:
                raise SyntaxFault(
                    Diagnostic(
                        "P139",
                        f"`at most ... per {where}` is said twice.",
                        _span(where, where),
                        "the second time",
                        (),
                        "remove one of the two",
                    )
                )
            limits[str(where)] = limit.node
        return Caps(limits, caps[-1][0] if caps else None)

    def grow_pairs(self, head: Token, count: Part, _pairs: Token, uniformly: Token, body: Block) -> ast.GrowStatement:
        return ast.GrowStatement(count.node, body=body.body, span=_span(head, body if body.body else uniformly))

    def spiked(self, _from: Token, _spiked: Token, pre: Token) -> Token:
        return pre

    def probability(self, _with: Token, _probability: Token, value: Part) -> Part:
        return value

    def cap(self, _at: Token, _most: Token, limit: Part, _per: Token, where: Token) -> tuple[Token, Part]:
        return where, limit

    def sample_pairs(self, head: Token, count: Part, _pairs: Token, block: Block) -> ast.SampleStatement:
        return ast.SampleStatement(count.node, None, block.body, _span(head, block))

    def sample_slots(
        self, head: Token, count: Part, _slots: Token, _of: Token, slots: Part, _per: Token, _post: Token, block: Block
    ) -> ast.SampleStatement:
        return ast.SampleStatement(count.node, slots.node, block.body, _span(head, block))

    # ------------------------------------------------------------ networks

    def timestep(self, head: Token, value: Part, _nl: Token) -> ast.TimestepDeclaration:
        return ast.TimestepDeclaration(value.node, _span(head, value))

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
        return ast.PopulationDeclaration(str(name), neuron, grid, None, _span(head, grid))

    def population_size(
        self, head: Token, name: Token, _eq: Token, neuron: ast.CallExpression, _size: Token, size: Part, _nl: Token
    ) -> ast.PopulationDeclaration:
        return ast.PopulationDeclaration(str(name), neuron, None, size.node, _span(head, size))

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
        return ast.GridExpression(width.node, height.node, periodic is not None, _span(head, close))

    def component_call(
        self, name: Token, _open: Token | None, arguments: Arguments | None, close: Token | None
    ) -> ast.CallExpression:
        items = () if arguments is None else arguments.items
        return ast.CallExpression(str(name), items, _span(name, close or name))

    def project(self, head: Token, name: Token | None, _eq: Token | None, *rest: Child) -> ast.ProjectDeclaration:
        arrow = next(i for i, child in enumerate(rest) if child == "->")
        sources = tuple(str(child) for child in rest[:arrow:2])
        target, _dot, port = rest[arrow + 1 : arrow + 4]
        rules = _nodes(rest[arrow + 4 : -1])
        body = rest[-1]
        return ast.ProjectDeclaration(
            str(name or "_".join((*sources, target))),
            sources,
            str(target),
            str(port or ""),
            rules,
            body.body,
            _span(head, body if body.body else rules[-1]),
        )

    def project_body(self, *children: Child) -> Block:
        return Block((), _start(children[0])) if len(children) == 1 else Block(children[3:-1], _end(children[-2]))

    def connect_probability(self, head: Token, value: Part, _nl: Token) -> ast.ConnectDeclaration:
        return ast.ConnectDeclaration("probability", value.node, _span(head, value))

    def connect_all(self, head: Token, last: Token, _nl: Token) -> ast.ConnectDeclaration:
        return ast.ConnectDeclaration("all", None, _span(head, last))

    def connect_one(self, head: Token, _one: Token, _to: Token, last: Token, _nl: Token) -> ast.ConnectDeclaration:
        return ast.ConnectDeclaration("one to one", None, _span(head, last))

    def connect_none(self, head: Token, last: Token, _nl: Token) -> ast.ConnectDeclaration:
        return ast.ConnectDeclaration("none", None, _span(head, last))

    def delay(self, head: Token, value: Part, _nl: Token) -> ast.DelayDeclaration:
        return ast.DelayDeclaration(value.node, _span(head, value))

    def initial(self, name: Token, _eq: Token, value: Part, _nl: Token) -> ast.InitDeclaration:
        return ast.InitDeclaration(str(name), value.node, _span(name, value))

    def record(
        self, head: Token, owner: Token, what: Token, _every: Token | None, period: Part | None, _nl: Token
    ) -> ast.RecordDeclaration:
        value = None if period is None else period.node
        return ast.RecordDeclaration(str(owner), str(what), value, _span(head, period or what))

    # ------------------------------------------------------------ expressions

    def conditional(self, then: Part, _if: Token, condition: Part, _else: Token, otherwise: Part) -> Part:
        node = ast.Conditional(condition.node, then.node, otherwise.node)
        return _part(node, then, otherwise, then, condition, otherwise)

    def binary(self, left: Part, op: Token, right: Part) -> Part:
        return _part(ast.BinaryOp(str(op), left.node, right.node), left, right, left, right)

    def unary(self, op: Token, value: Part) -> Part:
        return _part(ast.UnaryOp(str(op), value.node), op, value, value)

    def comparison_operator(self, token: Token) -> Token:
        return token

    def comparison_chain(self, *children: Child) -> Part:
        operands: tuple[Part, ...] = children[::2]
        node = ast.Comparison(tuple(part.node for part in operands), tuple(str(op) for op in children[1::2]))
        return _part(node, operands[0], operands[-1], *operands)

    def call(self, name: Token, _open: Token, arguments: Arguments | None, close: Token) -> Part:
        found = arguments or Arguments(())
        return _part(ast.CallExpression(str(name), found.items), name, close, found)

    def group(self, opening: Token, inner: Part, close: Token) -> Part:
        if inner.depth >= MAX_EXPRESSION_DEPTH:
            _part(inner.node, opening, close, inner)  # refuses
        return Part(inner.node, _start(opening), _end(close), inner.depth + 1)

    def reference(self, name: Token) -> Part:
        return _part(ast.Name(str(name)), name, name)

    def attribute(self, value: Part, _dot: Token, name: Token) -> Part:
        return _part(ast.Attribute(value.node, str(name)), value, name, value)

    def before(self, value: Part, _at: Token, before: Token) -> Part:
        return _part(ast.Before(value.node), value, before, value)

    def number(self, text: Token, unit: Token | None) -> Part:
        return _part(ast.Number(str(text), str(unit or "")), text, unit or text)

    def arguments(self, *children: Child) -> Arguments:
        items = [child for child in children if isinstance(child, tuple)]
        return Arguments(tuple(node for node, _depth in items), max(depth for _node, depth in items))

    def argument(self, name: Token | None, _eq: Token | None, value: Part) -> tuple[ast.Argument, int]:
        return ast.Argument(str(name or ""), value.node, _span(name or value, value)), value.depth

    def name(self, token: Token) -> Token:
        return token

    def initial_name(self, token: Token) -> Token:
        if not token.isascii():
            raise SyntaxFault(
                Diagnostic(
                    "P122",
                    f"A name is written with the letters a to z, digits and `_`; `{token}` is not.",
                    _span(token, token),
                    "not a name",
                    (),
                    _spelled_out(token),
                )
            )
        return token


_GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "η": "eta",
    "θ": "theta",
    "λ": "lambda_",
    "µ": "mu",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "φ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Δ": "Delta",
    "Σ": "Sigma",
    "Φ": "Phi",
    "Ω": "Omega",
}


def _spelled_out(name: str) -> str:
    spelled = "".join(_GREEK.get(letter, letter) for letter in name)
    return f"write `{spelled}`" if spelled.isascii() else "write the name with the letters a to z"
