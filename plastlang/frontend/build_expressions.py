"""Expressions and names of the syntax tree."""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer, v_args

from plastlang.diagnostics import Diagnostic
from plastlang.frontend import ast
from plastlang.frontend.parts import (
    MAX_EXPRESSION_DEPTH,
    Arguments,
    Child,
    Part,
    SyntaxFault,
    end_of,
    part_of,
    span_of,
    start_of,
)


@v_args(inline=True)
class ExpressionBuilder(Transformer[Any, Any]):
    """One method per rule of plast.lark for expressions."""

    def conditional(self, then: Part, _if: Token, condition: Part, _else: Token, otherwise: Part) -> Part:
        node = ast.Conditional(condition.node, then.node, otherwise.node)
        return part_of(node, then, otherwise, then, condition, otherwise)

    def binary(self, left: Part, op: Token, right: Part) -> Part:
        return part_of(ast.BinaryOp(str(op), left.node, right.node), left, right, left, right)

    def unary(self, op: Token, value: Part) -> Part:
        return part_of(ast.UnaryOp(str(op), value.node), op, value, value)

    def comparison_operator(self, token: Token) -> Token:
        return token

    def comparison_chain(self, *children: Child) -> Part:
        operands: tuple[Part, ...] = children[::2]
        node = ast.Comparison(tuple(part.node for part in operands), tuple(str(op) for op in children[1::2]))
        return part_of(node, operands[0], operands[-1], *operands)

    def call(self, name: Token, _open: Token, arguments: Arguments | None, close: Token) -> Part:
        found = arguments or Arguments(())
        return part_of(ast.CallExpression(str(name), found.items), name, close, found)

    def aggregate(
        self, name: Token, _open: Token, arguments: Arguments | None, close: Token, _over: Token, reach: Any
    ) -> Part:
        over, of, last = reach
        found = arguments or Arguments(())
        call = ast.CallExpression(str(name), found.items, span_of(name, close))
        return part_of(ast.Aggregate(call, over, of), name, last, found)

    def reach(self, over: Token, _of: Token | None = None, end: Token | None = None) -> tuple[str, str, Token]:
        return str(over), str(end or ""), end or over

    def group(self, opening: Token, inner: Part, close: Token) -> Part:
        if inner.depth >= MAX_EXPRESSION_DEPTH:
            part_of(inner.node, opening, close, inner)  # refuses
        return Part(inner.node, start_of(opening), end_of(close), inner.depth + 1)

    def reference(self, name: Token) -> Part:
        return part_of(ast.Name(str(name)), name, name)

    def attribute(self, value: Part, _dot: Token, name: Token) -> Part:
        return part_of(ast.Attribute(value.node, str(name)), value, name, value)

    def before(self, value: Part, _at: Token, before: Token) -> Part:
        return part_of(ast.Before(value.node), value, before, value)

    def number(self, text: Token, unit: Token | None) -> Part:
        return part_of(ast.Number(str(text), str(unit or "")), text, unit or text)

    def arguments(self, *children: Child) -> Arguments:
        items = [child for child in children if isinstance(child, tuple)]
        return Arguments(tuple(node for node, _depth in items), max(depth for _node, depth in items))

    def argument(self, name: Token | None, _eq: Token | None, value: Part) -> tuple[ast.Argument, int]:
        return ast.Argument(str(name or ""), value.node, span_of(name or value, value)), value.depth

    def name(self, token: Token) -> Token:
        return token

    def initial_name(self, token: Token) -> Token:
        if not token.isascii():
            raise SyntaxFault(
                Diagnostic(
                    "P122",
                    f"A name is written with the letters a to z, digits and `_`; `{token}` is not.",
                    span_of(token, token),
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
