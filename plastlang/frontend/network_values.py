"""Parameters, times and counts of one `network`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plastlang.diagnostics import PlastError
from plastlang.frontend import ast
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_values import BrokenName, KnownName, Reporter, Value
from plastlang.frontend.checked import (
    CheckedModule,
)
from plastlang.frontend.dimensions import TIME, Vector
from plastlang.frontend.limits import infinite
from plastlang.frontend.units import UnitError, parse_quantity, read_unit
from plastlang.ir.nodes import Const

LARGEST_POPULATION = 2**31 - 1


@dataclass(slots=True)
class NetworkValues:
    """Evaluates what is written in a network with the values of its parameters."""

    declaration: ast.NetworkDeclaration
    module: CheckedModule
    reporter: Reporter
    broken: frozenset[str]
    e: Elaborator = field(init=False)

    def __post_init__(self) -> None:
        self.e = Elaborator(
            "network", self.reporter, self.module.consts, self.module.functions, self.broken, self.components
        )

    @property
    def components(self) -> frozenset[str]:
        return frozenset(self.module.components)

    def parameter(self, item: ast.ParameterItem, parameters: Mapping[str, object], template: bool) -> None:
        """One `param` of the network: given, or its default."""
        name = item.name
        if name in self.e.entries or name in self.module.consts:
            self.reporter.error(
                "P204", f"`{name}` is declared already", item.span, "declared again", "choose another name"
            )
            return
        self.e.entries[name] = BrokenName(name, item.span)
        vector: Vector | None = None
        if item.unit:
            try:
                vector = read_unit(item.unit)[1]
            except UnitError as error:
                self.e.report_unknown_unit(error, item.span)
                return
        number: float | None = None
        if item.default is not None:
            found = self.e.constant(item.default, f"the default of `{name}`")
            if found is None:
                return
            number = found[0]
            if vector is None:
                vector = self.e.unifier.close(found[1])
            elif not self.e.unifier.unify(found[1], vector):
                self.e.report_unit(item.default.span, f"the default of `{name}` must be {self.e.say(vector)}", found[1])
                return
        if name in parameters:
            number = self._given(item, parameters[name], vector)
            if number is None:
                return
        if number is None or (vector is None and item.default is None):
            if not template:
                self.reporter.error("P530", f"parameter `{name}` of the network must be given", item.span, "no default")
            return
        if item.bounds is not None and not self._inside(item, number):
            return
        whole = float(number).is_integer() and abs(number) < 2**31 and not vector
        self.e.entries[name] = KnownName(
            name, Value(Const(number), vector or (), integer=int(number) if whole else None), item.span
        )

    def _given(self, item: ast.ParameterItem, value: object, vector: Vector | None) -> float | None:
        if isinstance(value, str):
            try:
                number, got = parse_quantity(value)
            except PlastError as error:
                for diagnostic in error.diagnostics:
                    self.reporter.error(
                        diagnostic.code, f"parameter `{item.name}`: {diagnostic.message}", None, "", diagnostic.hint
                    )
                return None
            if vector is not None and got != vector and number != 0:
                self.reporter.error(
                    "P531", f"parameter `{item.name}` must be {self.e.say(vector)}, not {self.e.say(got)}", None
                )
                return None
            return number
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(float(value)) < float("inf"):
            self.reporter.error("P531", f"parameter `{item.name}` must be a number, not {value!r}", None)
            return None
        return float(value)

    def _inside(self, item: ast.ParameterItem, number: float) -> bool:
        assert item.bounds is not None
        found = [self._limit(bound, item.name) for bound in item.bounds]
        if found[0] is None or found[1] is None:
            return False
        if not found[0] <= number <= found[1]:
            self.reporter.error(
                "P525", f"parameter `{item.name}` is {number:g}, outside its bounds", item.span, "bounds stand here"
            )
            return False
        return True

    def _limit(self, node: ast.Expression, name: str) -> float | None:
        none = infinite(node)
        if none is not None:
            return none
        found = self.e.constant(node, f"a bound of `{name}`")
        return None if found is None else found[0]

    def time(self, node: ast.Expression, what: str, code: str) -> float | None:
        """A positive time in ms."""
        found = self.e.constant(node, what)
        if found is None:
            return None
        number, vector, _ = found
        if not self.e.unifier.unify(vector, TIME):
            self.e.report_unit(node.span, f"{what} must be a time", vector, hint="write for example `1 ms`")
            return None
        if number <= 0:
            self.reporter.error(code, f"{what} must be above zero", node.span)
            return None
        return number

    def whole(self, node: ast.Expression, what: str) -> int | None:
        """A count of at least one."""
        found = self.e.constant(node, what)
        if found is None:
            return None
        number, vector, _ = found
        if not self.e.unifier.unify(vector, ()):
            self.e.report_unit(node.span, f"{what} must be a number", vector)
            return None
        if number != int(number) or not 1 <= number <= LARGEST_POPULATION:
            limits = f"of at most {LARGEST_POPULATION}" if number > LARGEST_POPULATION else "of at least 1"
            self.reporter.error("P526", f"{what} must be a whole number {limits}, not {number:g}", node.span)
            return None
        return int(number)
