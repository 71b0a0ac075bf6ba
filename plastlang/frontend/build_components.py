"""Neurons and rules of the syntax tree: their members and the statements of their blocks."""

from __future__ import annotations

import re
from typing import Any

from lark import Token, v_args

from plastlang.diagnostics import Diagnostic
from plastlang.frontend import ast
from plastlang.frontend.build_expressions import ExpressionBuilder
from plastlang.frontend.habits import SPIKE_EVENT, STEP_EVENT
from plastlang.frontend.parts import (
    Arguments,
    Block,
    Caps,
    Child,
    Part,
    SyntaxFault,
    end_of,
    nodes_of,
    span_of,
)


@v_args(inline=True)
class ComponentBuilder(ExpressionBuilder):
    """One method per rule of plast.lark for members and statements."""

    # ------------------------------------------------------------ neurons and rules

    def parameters(self, head: Token, *children: Child) -> ast.ParameterDeclaration:
        items = tuple(ast.ParameterItem(i.name, i.unit, i.init, i.bounds, i.span) for i in nodes_of(children))
        return ast.ParameterDeclaration(items, span_of(head, items[-1]))

    def variables(self, site: Token, shared: Token | None, *children: Child) -> ast.VariableDeclaration:
        items = nodes_of(children)
        return ast.VariableDeclaration(str(site), items, False, shared is not None, span_of(site, items[-1]))

    def required(self, head: Token, site: Token, *children: Child) -> ast.VariableDeclaration:
        items = nodes_of(children)
        return ast.VariableDeclaration(str(site), items, True, False, span_of(head, items[-1]))

    def site(self, token: Token) -> Token:
        return token

    def item(
        self, name: Token, _colon: Token | None, unit: Token | None, _eq: Token | None, init: Part | None, bounds: Any
    ) -> ast.VariableItem:
        last, limits = (init or unit or name, None) if bounds is None else (bounds[0], bounds[1])
        value = None if init is None else init.node
        return ast.VariableItem(str(name), str(unit or ""), value, limits, span_of(name, last))

    def required_item(self, name: Token, _colon: Token | None, unit: Token | None) -> ast.VariableItem:
        return ast.VariableItem(str(name), str(unit or ""), None, None, span_of(name, unit or name))

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
        return ast.EquationDeclaration(str(name), value.node, span_of(name, value))

    def let_member(self, head: Token, name: Token, _eq: Token, value: Part, _nl: Token) -> ast.LetDeclaration:
        return ast.LetDeclaration(str(name), value.node, span_of(head, value))

    def input(self, head: Token, port: Token, _arrow: Token, variable: Token, _nl: Token) -> ast.InputDeclaration:
        return ast.InputDeclaration(str(port), str(variable), span_of(head, variable))

    def method(self, head: Token, name: Token, _nl: Token) -> ast.MethodDeclaration:
        return ast.MethodDeclaration(str(name), span_of(head, name))

    def use(
        self, head: Token, call: ast.CallExpression, _as: Token | None, label: Token | None, _nl: Token
    ) -> ast.UseDeclaration:  # fmt: skip
        return ast.UseDeclaration(call, "" if label is None else str(label), span_of(head, label or call))

    def spike_when(self, head: Token, _when: Token, value: Part, body: Block) -> ast.SpikeDeclaration:
        return ast.SpikeDeclaration("when", value.node, body.body, span_of(head, body if body.body else value))

    def spike_rate(self, head: Token, _at: Token, _rate: Token, value: Part, body: Block) -> ast.SpikeDeclaration:
        return ast.SpikeDeclaration("rate", value.node, body.body, span_of(head, body if body.body else value))

    def spike_times(self, head: Token, _at: Token, times: Token, body: Block) -> ast.SpikeDeclaration:
        return ast.SpikeDeclaration("times", None, body.body, span_of(head, body if body.body else times))

    def spike_end(self, token: Token) -> Token:
        return token

    def on_spike(
        self, head: Token, where: Token, _spike: Token, late: tuple[Part, Part | None] | None, body: Block
    ) -> ast.BlockDeclaration:
        after, longest = late or (None, None)
        return ast.BlockDeclaration(
            f"{where} spike", body.body, after=None if after is None else after.node,
            longest=None if longest is None else longest.node, span=span_of(head, body),
        )  # fmt: skip

    def late(
        self, _after: Token, after: Part, _at: Token | None, _most: Token | None, longest: Part | None
    ) -> tuple[Part, Part | None]:
        return after, longest

    def each_step(self, head: Token, _step: Token, body: Block) -> ast.BlockDeclaration:
        return ast.BlockDeclaration("each step", body.body, span=span_of(head, body))

    def every(self, head: Token, period: Part, body: Block) -> ast.BlockDeclaration:
        return ast.BlockDeclaration("every", body.body, period=period.node, span=span_of(head, body))

    def on_signal(
        self, head: Token, name: Token, _open: Token | None, names: Arguments | None, _close: Token | None, body: Block
    ) -> ast.BlockDeclaration:
        arguments = () if names is None else names.items
        return ast.BlockDeclaration(
            "signal", body.body, signal=str(name), arguments=arguments, span=span_of(head, body)
        )

    def event(self, name: Token) -> Token:
        if re.fullmatch(STEP_EVENT, name, re.IGNORECASE):
            raise SyntaxFault(
                Diagnostic(
                    "P136",
                    f"There is no event `{name}`.",
                    span_of(name, name),
                    "not an event",
                    (),
                    "write `each step:`",
                )
            )
        found = re.fullmatch(SPIKE_EVENT, name, re.IGNORECASE)
        if found is not None:
            ends = [found["end"].lower()] if found["end"] else ["pre", "post"]
            raise SyntaxFault(
                Diagnostic(
                    "P136",
                    f"There is no event `{name}`.",
                    span_of(name, name),
                    "not an event",
                    ("spikes are `on pre spike` and `on post spike`; any other name is a signal that the host sends",),
                    "write " + " or ".join(f"`on {end} spike:`" for end in ends),
                )
            )
        return name

    # ------------------------------------------------------------ statements

    def block(self, _colon: Token, _nl: Token, _in: Token, *rest: Child) -> Block:
        return Block(rest[:-1], end_of(rest[-2]))

    def body(self, block: Block | Token) -> Block:
        return block if isinstance(block, Block) else Block((), int(block.start_pos or 0))

    def let(self, head: Token, name: Token, _eq: Token, value: Part, _nl: Token) -> ast.LetStatement:
        return ast.LetStatement(str(name), value.node, span_of(head, value))

    def assign_operator(self, token: Token) -> Token:
        return token

    def assignment(self, target: Part, op: Token, value: Part, _nl: Token) -> ast.Assignment:
        return ast.Assignment(target.node, str(op), value.node, span_of(target, value))

    def if_statement(self, head: Token, condition: Part, then: Block, otherwise: Any) -> ast.IfStatement:
        match otherwise:
            case None:
                return ast.IfStatement(condition.node, then.body, (), span_of(head, then))
            case Block():
                return ast.IfStatement(condition.node, then.body, otherwise.body, span_of(head, otherwise))
        return ast.IfStatement(condition.node, then.body, (otherwise,), span_of(head, otherwise))

    def else_part(self, _head: Token, block: Block) -> Block:
        return block

    def deliver(
        self, head: Token, value: Part, _after: Token | None, after: Part | None, _at: Token | None,
        _most: Token | None, longest: Part | None, _nl: Token,
    ) -> ast.DeliverStatement:  # fmt: skip
        if after is None or longest is None:
            return ast.DeliverStatement(value.node, span=span_of(head, value))
        return ast.DeliverStatement(value.node, after.node, longest.node, span_of(head, longest))

    def hold(self, head: Token, name: Token, _for: Token, duration: Part, _nl: Token) -> ast.HoldStatement:
        return ast.HoldStatement(str(name), duration.node, span_of(head, duration))

    def prune(self, head: Token, probability: Part | None, _nl: Token) -> ast.PruneStatement:
        value = None if probability is None else probability.node
        return ast.PruneStatement(None, value, "", span_of(head, probability or head))

    def prune_where(self, head: Token, _where: Token, condition: Part, _nl: Token) -> ast.PruneStatement:
        return ast.PruneStatement(condition.node, None, "", span_of(head, condition))

    def prune_count(
        self, head: Token, name: Token, _eq: Token, _prune: Token, _where: Token, condition: Part, _nl: Token
    ) -> ast.PruneStatement:
        return ast.PruneStatement(condition.node, None, str(name), span_of(head, condition))

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
            span_of(head, last),
        )

    def caps(self, *caps: tuple[Token, Part]) -> Caps:
        limits: dict[str, ast.Expression] = {}
        for where, limit in caps:
            if str(where) in limits:
                raise SyntaxFault(
                    Diagnostic(
                        "P139",
                        f"`at most ... per {where}` is said twice.",
                        span_of(where, where),
                        "the second time",
                        (),
                        "remove one of the two",
                    )
                )
            limits[str(where)] = limit.node
        return Caps(limits, caps[-1][0] if caps else None)

    def grow_pairs(self, head: Token, count: Part, _pairs: Token, uniformly: Token, body: Block) -> ast.GrowStatement:
        return ast.GrowStatement(count.node, body=body.body, span=span_of(head, body if body.body else uniformly))

    def order(self, first: Token, order: Token | None = None, key: Part | None = None) -> tuple[str, Part | Token]:
        return ("uniformly", first) if order is None or key is None else (str(order), key)

    def per(self, _per: Token, end: Token) -> Token:
        return end

    def prune_ranked(
        self, head: Token, count: Part, _synapses: Token, order: tuple[str, Any], per: Token | None, _nl: Token
    ) -> ast.PruneRankedStatement:
        name, key = order
        value = key.node if isinstance(key, Part) else None
        return ast.PruneRankedStatement(count.node, name, value, str(per or ""), span_of(head, per or key))

    def grow_ranked(
        self, head: Token, count: Part, _pairs: Token, _with: Token, order: Token, key: Part, per: Token | None,
        body: Block,
    ) -> ast.GrowRankedStatement:  # fmt: skip
        last = body if body.body else per or key
        return ast.GrowRankedStatement(count.node, str(order), key.node, str(per or ""), body.body, span_of(head, last))

    def grow_matched(
        self, head: Token, _by: Token, matching: Token, axonal: Part, _per: Token, _pre: Token, _with: Token,
        dendritic: Part, _per2: Token, post: Token, probability: Part | None, body: Block,
    ) -> ast.GrowMatchedStatement:  # fmt: skip
        last = body if body.body else probability or post
        chance = None if probability is None else probability.node
        return ast.GrowMatchedStatement(axonal.node, dendritic.node, chance, body.body, span_of(head, last))

    def spiked(self, _from: Token, _spiked: Token, pre: Token) -> Token:
        return pre

    def probability(self, _with: Token, _probability: Token, value: Part) -> Part:
        return value

    def cap(self, _at: Token, _most: Token, limit: Part, _per: Token, where: Token) -> tuple[Token, Part]:
        return where, limit

    def sample_pairs(self, head: Token, count: Part, _pairs: Token, block: Block) -> ast.SampleStatement:
        return ast.SampleStatement(count.node, None, block.body, span_of(head, block))

    def sample_slots(
        self, head: Token, count: Part, _slots: Token, _of: Token, slots: Part, _per: Token, _post: Token, block: Block
    ) -> ast.SampleStatement:
        return ast.SampleStatement(count.node, slots.node, block.body, span_of(head, block))
