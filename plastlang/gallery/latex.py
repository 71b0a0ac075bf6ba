"""Equations of a component as LaTeX, from its syntax tree: what the page shows is what is compiled."""

from __future__ import annotations

from typing import assert_never

from plastlang.frontend import ast

_GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "pi",
    "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
})  # fmt: skip
_FUNCTIONS = {
    "exp": r"\exp", "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tanh": r"\tanh", "min": r"\min", "max": r"\max",
}  # fmt: skip
_OPERATORS = {"<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne", "and": r"\wedge", "or": r"\vee"}
# how tightly a form binds, weakest first
_CONDITIONAL, _LOGIC, _COMPARISON, _SUM, _PRODUCT, _POWER, _ATOM = range(7)


def equations(component: ast.Component) -> tuple[str, ...]:
    """Its `let`s, equations and threshold, one line of LaTeX each."""
    lines = []
    for member in component.members:
        match member:
            case ast.LetDeclaration(name, value):
                lines.append(f"{name_text(name)} = {expression(value)}")
            case ast.EquationDeclaration(name, value):
                lines.append(rf"\frac{{d {name_text(name)}}}{{dt}} = {expression(value)}")
            case ast.SpikeDeclaration("when", ast.Comparison() as condition):
                lines.append(rf"\text{{spike when }} {expression(condition)}")
            case ast.SpikeDeclaration("rate", value) if value is not None:
                lines.append(rf"\text{{spike at rate }} {expression(value)}")
            case _:
                pass
    return tuple(lines)


def name_text(name: str) -> str:
    """`tau_plus` as a symbol with an index."""
    head, *rest = [part for part in name.split("_") if part]
    symbol = f"\\{head}" if head in _GREEK else head if len(head) == 1 else rf"\mathrm{{{head}}}"
    return symbol if not rest else rf"{symbol}_{{\mathrm{{{','.join(rest)}}}}}"


def expression(node: ast.Expression) -> str:
    """An expression in LaTeX, with as few brackets as its meaning needs."""
    return _text(node)[0]


def _in(node: ast.Expression, least: int) -> str:
    text, binding = _text(node)
    return rf"\left({text}\right)" if binding < least else text


def _text(node: ast.Expression) -> tuple[str, int]:
    match node:
        case ast.Number(text, unit):
            mantissa, _, exponent = text.lower().partition("e")
            number = rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa
            unit = unit.replace("%", r"\%")
            return rf"{number}\,\mathrm{{{unit}}}" if unit else number, _PRODUCT if exponent else _ATOM
        case ast.Name(name):
            return name_text(name), _ATOM
        case ast.Attribute(value, name):
            return rf"{name_text(name)}^{{\mathrm{{{_plain(value)}}}}}", _POWER
        case ast.Before(value):
            return rf"{_in(value, _ATOM)}^{{-}}", _POWER
        case ast.UnaryOp("not", value):
            return rf"\neg {_in(value, _ATOM)}", _LOGIC
        case ast.UnaryOp(op, value):
            return f"{op}{_in(value, _PRODUCT)}", _SUM
        case ast.BinaryOp("/", left, right):
            return rf"\frac{{{expression(left)}}}{{{expression(right)}}}", _PRODUCT
        case ast.BinaryOp("**", left, right):
            return f"{_in(left, _ATOM)}^{{{expression(right)}}}", _POWER
        case ast.BinaryOp("*", left, right):
            dot = r" \cdot " if isinstance(right, ast.Number) else r"\, "
            return f"{_in(left, _PRODUCT)}{dot}{_in(right, _PRODUCT)}", _PRODUCT
        case ast.BinaryOp("%", left, right):
            return rf"{_in(left, _PRODUCT)} \bmod {_in(right, _PRODUCT)}", _PRODUCT
        case ast.BinaryOp("+" | "-" as op, left, right):
            return f"{_in(left, _SUM)} {op} {_in(right, _PRODUCT)}", _SUM
        case ast.BinaryOp(op, left, right):
            return rf"{_in(left, _COMPARISON)} {_OPERATORS[op]} {_in(right, _COMPARISON)}", _LOGIC
        case ast.Comparison(operands, ops):
            text = _in(operands[0], _SUM)
            for op, operand in zip(ops, operands[1:], strict=True):
                text += f" {_OPERATORS.get(op, op)} {_in(operand, _SUM)}"
            return text, _COMPARISON
        case ast.Conditional(condition, then, otherwise):
            return (
                rf"\begin{{cases}} {expression(then)} & \text{{if }} {expression(condition)} \\ "
                rf"{expression(otherwise)} & \text{{otherwise}} \end{{cases}}"
            ), _CONDITIONAL
        case ast.CallExpression("sqrt", (argument,)):
            return rf"\sqrt{{{expression(argument.value)}}}", _ATOM
        case ast.CallExpression("abs", (argument,)):
            return rf"\left|{expression(argument.value)}\right|", _ATOM
        case ast.CallExpression(function, arguments):
            inside = ", ".join(expression(a.value) for a in arguments)
            return rf"{_FUNCTIONS.get(function, name_text(function))}\left({inside}\right)", _ATOM
        case ast.Aggregate(call, over, of):
            where = f"{over} of {of}" if of else over
            return rf"{expression(call)}_{{\text{{over {where}}}}}", _ATOM
        case _:
            assert_never(node)


def _plain(node: ast.Expression) -> str:
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, name):
            return f"{_plain(value)}.{name}"
        case _:
            return expression(node)
