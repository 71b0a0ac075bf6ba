"""Expressions as text, with as few brackets as their meaning needs."""

from __future__ import annotations

import re
from typing import assert_never

from plastlang.frontend import ast

# how tightly a form binds, weakest first, as in plast.lark
_CONDITIONAL, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGNED, _POWER, _ATOM = range(10)
#: For `expression_text`: a conditional expression gets brackets, which make it easier to read in a phrase.
UNBROKEN = _OR
_BINARY: dict[str, tuple[int, int, int]] = {  # of the whole, least of the left side, least of the right side
    "or": (_OR, _OR, _AND),
    "and": (_AND, _AND, _NOT),
    "+": (_SUM, _SUM, _PRODUCT),
    "-": (_SUM, _SUM, _PRODUCT),
    "*": (_PRODUCT, _PRODUCT, _SIGNED),
    "/": (_PRODUCT, _PRODUCT, _SIGNED),
    "%": (_PRODUCT, _PRODUCT, _SIGNED),
    "**": (_POWER, _ATOM, _SIGNED),
}
#: A number without a unit at the end of a text: `%` behind it could be read as percent.
_BARE_NUMBER = re.compile(r"(?:^|[^\w.])(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$")
#: What makes it modulo: a right side that begins with a number, a bracket or a name that is no word of the language.
_CLEAR_OPERAND = re.compile(
    r"[\d.(]|(?!(?:after|at|with|pairs|synapses|slots|per|uniformly|of|for|every|size|from|where|not)\b)[^\W\d]"
)


def expression_text(node: ast.Expression, least: int = _CONDITIONAL) -> str:
    """The text of an expression; in brackets if it binds more weakly than `least`."""
    text, binding = _text(node)
    return f"({text})" if binding < least else text


def _text(node: ast.Expression) -> tuple[str, int]:
    match node:
        case ast.Number(text, unit):
            return f"{text} {unit}" if unit else text, _ATOM
        case ast.Name(name):
            return name, _ATOM
        case ast.Attribute(value, name):
            return f"{expression_text(value, _ATOM)}.{name}", _ATOM
        case ast.Before(value):
            return f"{expression_text(value, _ATOM)}@before", _ATOM
        case ast.UnaryOp("not", value):
            return f"not {expression_text(value, _NOT)}", _NOT
        case ast.UnaryOp(op, value):
            return op + expression_text(value, _SIGNED), _SIGNED
        case ast.BinaryOp(op, left, right):
            whole, least_left, least_right = _BINARY[op]
            before, behind = expression_text(left, least_left), expression_text(right, least_right)
            if op == "%" and _BARE_NUMBER.search(before) and not _CLEAR_OPERAND.match(behind):
                behind = f"({behind})"
            return f"{before} {op} {behind}", whole
        case ast.Comparison(operands, ops):
            text = expression_text(operands[0], _SUM)
            for op, operand in zip(ops, operands[1:], strict=True):
                text += f" {op} {expression_text(operand, _SUM)}"
            return text, _COMPARISON
        case ast.Conditional(condition, then, otherwise):
            return (
                f"{expression_text(then, _OR)} if {expression_text(condition, _OR)} else {expression_text(otherwise)}"
            ), _CONDITIONAL
        case ast.CallExpression(function, arguments):
            return f"{function}({arguments_text(arguments)})", _ATOM
        case ast.Aggregate(call, over, of):
            return f"{expression_text(call)} over {over}{f' of {of}' if of else ''}", _ATOM
        case _:
            assert_never(node)


def arguments_text(arguments: tuple[ast.Argument, ...]) -> str:
    """The arguments of a call, without the brackets."""
    return ", ".join((f"{a.name} = " if a.name else "") + expression_text(a.value) for a in arguments)
