"""The exact flow of x' = A x + b over one step, from the entries of A dt.

`exp(A dt)` and `phi(A dt) = integral of exp(A s dt) over s in [0, 1]` are sums over chains of couplings. A chain of
single variables gives divided differences of exp; two variables coupled both ways are solved by the closed form of the
2 x 2 exponential. What is longer or more entangled has no closed form here and is left to a numerical method.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeAlias

from plastlang.ir.nodes import Binary, Const, Expr, Select
from plastlang.symbolic.blocks import coupled
from plastlang.symbolic.build import ONE, ZERO, add, call, divide, multiply, negate, not_zero, subtract, total
from plastlang.symbolic.constants import Constants
from plastlang.symbolic.divided import HIGHEST, divided, series

Entries: TypeAlias = "Mapping[tuple[str, str], Expr]"
_DRIVE = ""  # the constant inflow, as a variable of rate 0


class NoClosedForm(Exception):
    """The sentence says why."""


class Propagator:
    """Entries of exp(A dt) and phi(A dt), made when they are asked for.

    Args:
        names: the variables.
        entries: (row, column) -> entry of A dt, a derived value or a number; what is absent is 0.
        constants: where the entries of the result are put.
    """

    def __init__(self, names: tuple[str, ...], entries: Entries, constants: Constants) -> None:
        self._entries = dict(entries)
        self._constants = constants
        inflows = {n: tuple(j for j in names if (n, j) in entries and j != n) for n in names}
        self._blocks = coupled(names, inflows)
        self._inflows = inflows

    def flow(self, row: str, column: str) -> Expr:
        """Entry of exp(A dt)."""
        return self._sum(row, column, f"p_{row}_{column}")

    def response(self, row: str, column: str) -> Expr:
        """Entry of phi(A dt): what a constant inflow of 1 per step into `column` adds to `row` in one step."""
        self._entries[column, _DRIVE] = ONE
        self._inflows = {**self._inflows, column: (*self._inflows[column], _DRIVE)}
        self._blocks[_DRIVE] = (_DRIVE,)
        try:
            return self._sum(row, _DRIVE, f"q_{row}_{column}")
        finally:
            del self._entries[column, _DRIVE]
            self._inflows = {**self._inflows, column: self._inflows[column][:-1]}

    def rate(self, name: str) -> Expr:
        """Its own entry of A dt."""
        return self._entry(name, name)

    def _sum(self, row: str, column: str, name: str) -> Expr:
        parts = [self._chain(chain, row, column, name) for chain in self._chains(row, column)]
        return self._constants.derive(total(parts), name) if parts else ZERO

    def _chains(self, row: str, column: str) -> list[tuple[tuple[str, ...], ...]]:
        """Every way from the block of `row` up to the block of `column`, as sequences of blocks."""
        first = self._blocks[row]
        if column in first:
            return [(first,)]
        sources = sorted({self._blocks[j] for i in first for j in self._inflows.get(i, ())} - {first})
        return [(first, *rest) for source in sources for rest in self._chains(source[0], column)]

    def _chain(self, chain: tuple[tuple[str, ...], ...], row: str, column: str, name: str) -> Expr:
        if max(len(block) for block in chain) > 2:
            block = max(chain, key=len)
            raise NoClosedForm(f"{', '.join(block[:-1])} and {block[-1]} are coupled, more than two at a time")
        if all(len(block) == 1 for block in chain):
            return self._single(tuple(block[0] for block in chain), name)
        if len(chain) == 1:
            return self._pair_flow(chain[0], row, column, name)
        if len(chain) == 2:
            return self._pair_driven(chain[0], chain[1], row, column, name)
        pair = next(block for block in chain if len(block) == 2)
        raise NoClosedForm(f"{pair[0]} and {pair[1]} are coupled and stand in a chain of {len(chain)} equations")

    def _entry(self, row: str, column: str) -> Expr:
        return self._entries.get((row, column), ZERO)

    def _single(self, chain: tuple[str, ...], name: str) -> Expr:
        if len(chain) - 1 > HIGHEST:
            raise NoClosedForm(f"{chain[0]} stands at the end of a chain of {len(chain)} equations")
        points = tuple(self._entry(i, i) for i in chain)
        value = divided(points, f"{name}_exp" if len(chain) > 1 else name, self._constants)
        for i, j in pairwise(chain):
            value = multiply(self._entry(i, j), value)
        return value

    # -- two variables coupled both ways: [[a, b], [c, d]] = mean I + M, M M = gap I

    def _pair(self, pair: tuple[str, ...]) -> tuple[Expr, Expr, Expr]:
        """mean, gap (of either sign: real or complex rates), half the difference a - d."""
        i, j = pair
        name = f"{i}_{j}"
        a, d = self._entry(i, i), self._entry(j, j)
        mean = self._constants.derive(multiply(Const(0.5), add(a, d)), f"{name}_mean")
        half = self._constants.derive(multiply(Const(0.5), subtract(a, d)), f"{name}_half")
        gap = add(multiply(half, half), multiply(self._entry(i, j), self._entry(j, i)))
        return mean, self._constants.derive(gap, f"{name}_gap"), half

    def _waves(self, pair: tuple[str, ...]) -> tuple[Expr, Expr, Expr]:
        """root = sqrt(|gap|), even = e^mean cosh(root), odd = e^mean sinh(root) / root (cos and sin where gap < 0)."""
        mean, gap, _ = self._pair(pair)
        name, derive = f"{pair[0]}_{pair[1]}", self._constants.derive
        root = derive(call("sqrt", call("abs", gap)), f"{name}_root")
        oscillates = Binary("<", gap, ZERO)
        up, down = derive(add(mean, root), f"{name}_up"), derive(subtract(mean, root), f"{name}_down")
        growing = multiply(Const(0.5), add(call("exp", up), call("exp", down)))
        turning = multiply(call("exp", mean), call("cos", root))
        even = derive(Select(oscillates, turning, growing), f"{name}_even")
        safe = derive(not_zero(root), f"{name}_root_safe")
        swing = multiply(call("exp", mean), divide(call("sin", safe), safe))
        odd = derive(Select(oscillates, swing, divided((up, down), f"{name}_growth", self._constants)), f"{name}_odd")
        return root, even, odd

    def _deviation(self, pair: tuple[str, ...], row: str, column: str) -> Expr:
        """Entry of M."""
        _, _, half = self._pair(pair)
        if row != column:
            return self._entry(row, column)
        return half if row == pair[0] else negate(half)

    def _pair_flow(self, pair: tuple[str, ...], row: str, column: str, name: str) -> Expr:
        _, even, odd = self._waves(pair)
        unit = even if row == column else ZERO
        return add(unit, multiply(odd, self._deviation(pair, row, column)))

    def _pair_driven(self, upper: tuple[str, ...], lower: tuple[str, ...], row: str, column: str, name: str) -> Expr:
        """A pair driven by a single variable, or the reverse: the couplings times g(pair), g(z) = exp[z, rate]."""
        pair, single = (upper, lower[0]) if len(upper) == 2 else (lower, upper[0])
        parts: list[Expr] = []
        for member in pair:
            if len(upper) == 2:
                parts.append(multiply(self._pair_response(pair, single, row, member), self._entry(member, single)))
            else:
                parts.append(multiply(self._entry(single, member), self._pair_response(pair, single, member, column)))
        return total(parts)

    def _pair_response(self, pair: tuple[str, ...], single: str, row: str, column: str) -> Expr:
        """Entry of g(pair) = level I + second M, where second = exp[z1, z2, rate]."""
        mean, gap, _ = self._pair(pair)
        root, even, odd = self._waves(pair)
        name, derive = f"{pair[0]}_{pair[1]}_{single}", self._constants.derive
        rate = self._entry(single, single)
        offset = derive(subtract(mean, rate), f"{name}_offset")
        # rates mean +- i root and `rate`: the direct formula, and the series where all three are close
        size = derive(subtract(multiply(offset, offset), gap), f"{name}_size")
        far = Binary(">", size, Const(0.25))
        direct = divide(add(subtract(multiply(odd, offset), even), call("exp", rate)), Select(far, size, ONE))
        centre = derive(add(rate, multiply(Const(2.0 / 3.0), offset)), f"{name}_mean")
        near = multiply(call("exp", centre), self._near(offset, gap, name))
        turning = Select(far, direct, near)
        up, down = derive(add(mean, root), f"{name}_up"), derive(subtract(mean, root), f"{name}_down")
        growing = divided((up, down, rate), f"{name}_growth", self._constants)
        second = derive(Select(Binary("<", gap, ZERO), turning, growing), f"{name}_second")
        level = derive(subtract(odd, multiply(offset, second)), f"{name}_level")
        unit = level if row == column else ZERO
        return add(unit, multiply(second, self._deviation(pair, row, column)))

    def _near(self, offset: Expr, gap: Expr, name: str) -> Expr:
        """The series for the rates e + offset +- sqrt(gap) and e, which lie about their mean e + 2 offset / 3."""
        third = self._constants.derive(divide(offset, Const(3.0)), f"{name}_third")
        inner = subtract(multiply(third, third), gap)  # product of the pair's deviations
        last = multiply(Const(-2.0), third)
        e2 = self._constants.derive(add(inner, multiply(multiply(Const(2.0), third), last)), f"{name}_e2")
        e3 = self._constants.derive(multiply(inner, last), f"{name}_e3")
        return self._constants.derive(series((e2, e3), 2), f"{name}_near")
