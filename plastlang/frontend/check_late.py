"""Delays of spikes: `on pre spike after d at most 20 ms`."""

from __future__ import annotations

from collections.abc import Iterator

from plastlang.diagnostics import Diagnostic, Span, sentence
from plastlang.frontend import ast
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_values import Place
from plastlang.frontend.checked import CheckedComponent
from plastlang.frontend.dimensions import TIME
from plastlang.frontend.spans import head
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Expr,
    Param,
    PostSpike,
    PreSpike,
    Read,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import statements, walk

#: What the network gives and never changes.
_FIXED = {
    "dt", "distance", "pre.index", "post.index", "pre.group", "pre.size", "post.size", "pre.pos.x", "pre.pos.y",
    "post.pos.x", "post.pos.y",
}  # fmt: skip


def in_steps(time: Expr) -> Expr:
    """The number of steps nearest to a time."""
    return Cast(Call("round", (Binary("/", time, Builtin("dt", Type.REAL, Site.GLOBAL)),)), Type.INT)


def within(time: Expr, longest: float) -> Expr:
    """That number, kept between 0 and the steps of the longest time."""
    return Binary("min", Binary("max", in_steps(time), Const(0, Type.INT)), in_steps(Const(longest)))


def longest_time(e: Elaborator, node: ast.Expression, what: str) -> float | None:
    """A constant time above zero."""
    longest = e.constant(node, what)
    if longest is None:
        return None
    if not e.unifier.unify(longest[1], TIME):
        e.report_unit(node.span, f"{what} must be a time (ms)", longest[1])
        return None
    if longest[0] <= 0:
        e.reporter.error("P407", f"{what} must be above zero", node.span)
        return None
    return longest[0]


def spike_trigger(e: Elaborator, node: ast.BlockDeclaration) -> PreSpike | PostSpike | None:
    """The trigger of a block on a spike, or None if its delay is wrong."""
    kind = PreSpike if node.trigger == "pre spike" else PostSpike
    if node.after is None:
        return kind()
    if node.longest is not None:
        after = e.real(node.after, Place("the delay of a spike", draws=False), TIME)
        longest = longest_time(e, node.longest, "the longest delay")
        return None if after is None or longest is None else kind(within(after.expr, longest), longest)
    after = e.real(node.after, Place("the delay of a spike", draws=False), TIME)
    if after is None:
        return None
    if any(isinstance(n, (Read, Param, Builtin)) for n in walk(after.expr)):
        e.reporter.error(
            "P309",
            "how late a spike can be must be known before the run",
            node.after.span,
            "this is not constant",
            "say how long it is at most: `after d at most 20 ms`",
        )
        return None
    longest = longest_time(e, node.after, "the delay of a spike")
    return None if longest is None else kind(None, longest)


def changing_delays(component: CheckedComponent) -> Iterator[Diagnostic]:
    """Delays of spikes that depend on what changes: a spike that is under way would get lost, or come twice."""
    changing = {equation.name for equation in component.equations}
    for block in component.blocks:
        changing |= {s.name for s in statements(block.body) if isinstance(s, Assign)}
    for block in component.blocks:
        if isinstance(block.trigger, (PreSpike, PostSpike)) and block.trigger.after is not None:
            for name in dict.fromkeys(_moving(block.trigger.after, changing)):
                yield _changing(name, block.span)


def _moving(after: Expr, changing: set[str]) -> Iterator[str]:
    for node in walk(after):
        match node:
            case Read(of="", name=name) if name in changing:
                yield name
            case Read(of=of, name=name) if of:
                yield f"{of}.{name}"
            case Builtin(name=name) if name not in _FIXED:
                yield name
            case _:
                pass


def _changing(name: str, span: Span | None) -> Diagnostic:
    return Diagnostic(
        "P330",
        sentence(f"the delay of a spike depends on `{name}`, which changes"),
        None if span is None else head(span),
        "a delay that changes",
        ("a spike that is under way while the delay changes would get lost, or come twice",),
        "let it depend on parameters, positions, and variables that no equation and no statement changes",
    )
