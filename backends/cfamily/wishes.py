"""What the body of a sample wishes, and the values of it that a new synapse needs: alike in C and CUDA."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Value
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import Expr, GrowThis, If, Let, Local, PruneThis, Stmt
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import all_expressions, walk


@dataclass(frozen=True, slots=True)
class Growth:
    """The body of a grow, and values of the wish that it uses."""

    init: tuple[Stmt, ...]
    known: dict[str, Value]


class Wishes:
    """The wishes of one `sample`: a number for each of its grows from 1 on, -1 for a prune.

    Args:
        unit: of the projection.
        outside: what the block knows outside the sample.
        wish: where the wish is kept, as text of C.
        kept: the struct of the values that a new synapse needs, likewise.
    """

    def __init__(self, unit: Unit, outside: Mapping[str, Value], wish: str, kept: str):
        self._unit, self._outside, self._wish, self._kept = unit, outside, wish, kept
        self.growths: list[Growth] = []
        self._fields: dict[str, Type] = {}

    def fields(self) -> list[str]:
        """Members of the struct of values."""
        return [f"{self._unit.dialect.type(type_)} {name};" for name, type_ in self._fields.items()]

    def decide(self, body: tuple[Stmt, ...], frame: Frame) -> None:
        """Put the body of a sample on the lines of a frame."""
        for statement in body:
            match statement:
                case Let():
                    frame.run(statement)
                case If(condition=condition, then=then, otherwise=otherwise):
                    frame.lines.append(f"if ({frame.text(condition)}) {{")
                    for branch, closing in ((then, "} else {"), (otherwise, "}")):
                        inside = replace(frame, lines=[], locals=dict(frame.locals))
                        self.decide(branch, inside)
                        frame.lines += [*indent(inside.lines), closing]
                case PruneThis(probability=probability, purpose=purpose):
                    self._wishes(frame, probability, purpose, [f"{self._wish}.kind = -1;"])
                case GrowThis():
                    self._wishes(frame, statement.probability, statement.purpose, self._grow(statement, frame))
                case _:
                    raise AssertionError(f"{statement} in a sample")

    def _wishes(self, frame: Frame, probability: Expr | None, purpose: int, then: list[str]) -> None:
        condition = f"{self._wish}.kind == 0"
        if probability is not None:
            suffix = self._unit.dialect.suffix
            u = f"pl_u{suffix}({frame.words(purpose)})"
            condition += f" && pl_chance(m, {u}, {frame.text(probability)}, {purpose}u, i, j)"
        frame.lines += [f"if ({condition}) {{", *indent(then), "}"]

    def _grow(self, statement: GrowThis, frame: Frame) -> list[str]:
        """The wish with the values of the sample that its body uses."""
        number = len(self.growths) + 1
        known: dict[str, Value] = {}
        lines = [f"{self._wish}.kind = {number};"]
        for member, limit in (("max_in", statement.max_in), ("max_out", statement.max_out)):
            if limit is not None:
                lines.append(f"{self._wish}.{member} = {frame.text(limit)};")
        for expression in all_expressions(statement.init):
            for node in walk(expression):
                if not isinstance(node, Local) or node.name in known or node.name not in frame.locals:
                    continue
                value = frame.locals[node.name]
                if self._outside.get(node.name) == value:
                    continue
                field = f"{self._unit.names.of('l', node.name)}_{number}"
                self._fields[field] = node.type
                lines.append(f"{self._kept}->{field} = {value.text};")
                known[node.name] = Value(f"{self._kept}->{field}", node.type, Site.SYNAPSE)
        self.growths.append(Growth(statement.init, known))
        return lines


def chosen_spike(sources: int) -> list[str]:
    """Lines that make the `chosen`-th of the spikes of several populations the source neuron i."""
    lines = []
    for k in range(sources):
        lines += [
            f"if (chosen >= 0 && chosen < spiked{k}->count) {{",
            f"    i = spiked{k}->neurons[chosen] + p->first[{k}];",
            "}",
        ]
        if k + 1 < sources:
            lines.append(f"chosen -= spiked{k}->count;")
    return lines
