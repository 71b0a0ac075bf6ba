"""What happens at events, as a list in words and LaTeX, from the syntax tree: nested as the blocks are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from plastlang.frontend import ast
from plastlang.gallery.latex import expression, name_text


def events(component: ast.Component) -> tuple[str, ...]:
    """Lines of a Markdown list: one item for each event, below it what happens then."""
    lines: list[str] = []
    for member in component.members:
        match member:
            case ast.BlockDeclaration():
                lines += _item(0, _when(member), member.body)
            case ast.SpikeDeclaration(_, _, body) if body:
                lines += _item(0, "When it fires", body)
            case ast.UseDeclaration(call):
                lines.append(f"- All that `{call.function}` does.")
            case _:
                pass
    return tuple(lines)


def _when(block: ast.BlockDeclaration) -> str:
    late = ""
    if block.after is not None:
        most = "" if block.longest is None else f", at most {_math(block.longest)}"
        late = f", {_math(block.after)} late{most}"
    match block.trigger:
        case "pre spike":
            return f"When a spike of the source arrives{late}"
        case "post spike":
            return f"When the target fires{late}"
        case "every":
            assert block.period is not None
            return f"Every {_math(block.period)}"
        case "signal":
            given = f" with {', '.join(f'${name_text(a)}$' for a in block.arguments)}" if block.arguments else ""
            return f"At the signal `{block.signal}`{given}"
        case _:
            return "In each step"


def _math(node: ast.Expression) -> str:
    return f"${expression(node)}$"


def _item(depth: int, text: str, body: tuple[ast.Statement, ...]) -> Iterator[str]:
    yield f"{'    ' * depth}- {text}{':' if body else ''}"
    for statement in body:
        yield from _statement(depth + 1, statement)


def _statement(depth: int, node: ast.Statement) -> Iterator[str]:
    match node:
        case ast.LetStatement(name, value):
            yield from _item(depth, f"${name_text(name)} := {expression(value)}$", ())
        case ast.Assignment(target, op, value):
            yield from _item(depth, f"${_assigned(target, op, value)}$", ())
        case ast.IfStatement():
            yield from _choice(depth, "if", node)
        case ast.DeliverStatement(value, after, longest):
            late = "" if after is None or longest is None else f", {_math(after)} late, at most {_math(longest)}"
            yield from _item(depth, f"the target receives {_math(value)}{late}", ())
        case ast.HoldStatement(name, duration):
            yield from _item(depth, f"${name_text(name)}$ keeps its value for {_math(duration)}", ())
        case ast.PruneStatement(where, probability, bind):
            which = "the synapse goes" if where is None else f"all synapses with {_math(where)} go"
            yield from _item(depth, f"{which}{_probably(probability)}{_counted_as(bind)}", ())
        case ast.PruneRankedStatement(count, order, key, per):
            yield from _item(depth, f"{_math(count)} synapses{_ranked(order, key)}{_per(per)} go", ())
        case ast.GrowStatement(count, spiked, probability, per_post, per_pre, body):
            text = "a synapse is made" if count is None else f"{_math(count)} synapses are made, places drawn uniformly"
            text += " from a source that has just fired" if spiked else ""
            text += "".join(
                f", at most {_math(most)} per {side}"
                for most, side in ((per_post, "target"), (per_pre, "source")) if most is not None
            )  # fmt: skip
            yield from _item(depth, text + _probably(probability), body)
        case ast.GrowRankedStatement(count, order, key, per, body):
            yield from _item(depth, f"{_math(count)} synapses are made at places{_ranked(order, key)}{_per(per)}", body)
        case ast.GrowMatchedStatement(axonal, dendritic, probability, body):
            text = (
                f"the vacant elements, {_math(axonal)} of each source and {_math(dendritic)} of each target, are "
                f"matched at random; each match becomes a synapse{_probably(probability)}"
            )
            yield from _item(depth, text, body)
        case ast.SampleStatement(count, slots, body):
            what = "pairs are" if slots is None else f"of the {_math(slots)} slots of each target are"
            yield from _item(depth, f"{_math(count)} {what} drawn uniformly; for each", body)
        case _:
            assert_never(node)


def _choice(depth: int, word: str, node: ast.IfStatement) -> Iterator[str]:
    connected = node.condition == ast.Name("connected")
    yield from _item(depth, f"{word} {'there is a synapse' if connected else _math(node.condition)}", node.then)
    match node.otherwise:
        case ():
            return
        case (ast.IfStatement() as other,):
            yield from _choice(depth, "or if", other)
        case others:
            yield from _item(depth, "otherwise", others)


def _assigned(target: ast.Expression, op: str, value: ast.Expression) -> str:
    left = expression(target)
    if op == "=":
        return rf"{left} \leftarrow {expression(value)}"
    combined = expression(ast.BinaryOp(op[0], target, value))
    return rf"{left} \leftarrow {combined}"


def _ranked(order: str, key: ast.Expression | None) -> str:
    return " drawn uniformly" if key is None else f" with the {order} {_math(key)}"


def _per(per: str) -> str:
    return f" of each {'target' if per == 'post' else 'source'}" if per else ""


def _probably(probability: ast.Expression | None) -> str:
    return "" if probability is None else f" with probability {_math(probability)}"


def _counted_as(bind: str) -> str:
    return f"; ${name_text(bind)}$ is their number" if bind else ""
