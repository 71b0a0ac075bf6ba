"""What depends on parameters only becomes a derived value, computed once."""

from __future__ import annotations

import math
from dataclasses import replace

from plastlang.ir.nodes import (
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Derived,
    DerivedValue,
    Expr,
    Param,
    Population,
    Program,
    Projection,
    Select,
    Unary,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import children, map_children, map_population, map_projection, walk


def hoist(program: Program) -> Program:
    """Replace every largest real subexpression of literals, parameters, derived values and `dt` by a derived value.

    Before: a verified program, folded. After: outside of `derived`, an operation on such values alone is left only
    where its result is INT or BOOL; nothing is divided by such a value (`x / a` is `x * (1 / a)`); equal
    expressions of an owner share one derived value, at NEURON where a parameter of NEURON is used. Part of the
    meaning: derived values are computed in double and rounded once. The periods of `every` stay as they are.
    """
    return replace(
        program,
        populations=tuple(_population(p) for p in program.populations),
        projections=tuple(_projection(p) for p in program.projections),
    )


def _population(population: Population) -> Population:
    table = _Table(population)
    population = map_population(population, table.rewrite)
    return replace(population, derived=tuple(table.derived))


def _projection(projection: Projection) -> Projection:
    table = _Table(projection)
    projection = map_projection(projection, table.rewrite)
    return replace(projection, derived=tuple(table.derived))


class _Table:
    """The derived values of one owner, old and new."""

    def __init__(self, owner: Population | Projection):
        self.derived = list(owner.derived)
        # repr tells 0.0 from -0.0, which compare equal
        self._known = {repr(d.value): d.name for d in owner.derived}
        self._sites = {p.name: p.site for p in owner.parameters} | {d.name: d.site for d in owner.derived}
        self._taken = {v.name for v in owner.variables} | set(self._sites)
        self._number = 0

    def rewrite(self, expression: Expr) -> Expr:
        if _invariant(expression):
            if expression.type is Type.REAL and children(expression):
                return self._derive(expression)
        elif isinstance(expression, Binary) and expression.op == "/" and _invariant(expression.right):
            inverse = self._inverse(expression.right)
            if inverse is not None:
                return Binary("*", self.rewrite(expression.left), inverse)
        return map_children(expression, self.rewrite)

    def _inverse(self, divisor: Expr) -> Expr | None:
        if isinstance(divisor, Const):
            value = float(divisor.value)
            if value == 0 or not math.isfinite(1 / value):
                return None
            return Const(1 / value)
        return self._derive(Binary("/", Const(1.0), self.rewrite(divisor)))

    def _derive(self, expression: Expr) -> Expr:
        key = repr(expression)
        if key not in self._known:
            name = self._name()
            leaves = [e.name for e in walk(expression) if isinstance(e, (Param, Derived))]
            site = Site.NEURON if any(self._sites[leaf] is Site.NEURON for leaf in leaves) else Site.GLOBAL
            self.derived.append(DerivedValue(name, expression, site))
            self._known[key] = name
            self._sites[name] = site
        return Derived(self._known[key])

    def _name(self) -> str:
        while True:
            self._number += 1
            name = f"k{self._number}"
            if name not in self._taken:
                self._taken.add(name)
                return name


def _invariant(expression: Expr) -> bool:
    match expression:
        case Const() | Param() | Derived() | Builtin(name="dt"):
            return True
        case Unary() | Binary() | Select() | Call() | Cast():
            return all(_invariant(child) for child in children(expression))
        case _:
            return False
