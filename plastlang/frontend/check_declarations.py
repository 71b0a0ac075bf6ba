"""Parameters and variables of one component: their units, start values and bounds."""

from __future__ import annotations

from dataclasses import dataclass, field

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.builtins import RESERVED
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_statements import Statements
from plastlang.frontend.check_values import (
    SITE_WORDS,
    BrokenName,
    ParameterName,
    Place,
    Reporter,
    Value,
    VariableName,
)
from plastlang.frontend.dimensions import Vector
from plastlang.frontend.limits import infinite
from plastlang.frontend.units import UnitError, read_unit
from plastlang.ir.nodes import (
    Const,
    Expr,
    Read,
)
from plastlang.ir.types import VISIBLE, Site, Type
from plastlang.ir.walk import walk

_SITES = {
    "state": Site.NEURON,
    "global": Site.GLOBAL,
    "pre": Site.PRE,
    "post": Site.POST,
    "synapse": Site.SYNAPSE,
    "pair": Site.PAIR,
}


@dataclass(slots=True)
class Declared:
    """A variable on its way to a CheckedVariable."""

    item: ast.VariableItem
    name: VariableName
    init: Expr | None = None
    low: Expr | None = None
    high: Expr | None = None
    shared: bool = False


@dataclass(slots=True)
class Declarations:
    """Checks the declarations of one neuron or rule."""

    declaration: ast.Component
    e: Elaborator
    s: Statements
    reporter: Reporter
    parameters: list[tuple[ast.ParameterItem, Vector, float | None, tuple[float, float] | None]] = field(
        default_factory=list
    )
    variables: list[Declared] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.declaration.kind

    # ------------------------------------------------------------ declarations

    def declare(self, name: str, span: Span | None) -> bool:
        """Whether `name` can be declared; reports where not."""
        if name in self.e.entries:
            self.reporter.error("P204", f"`{name}` is declared already", span, "declared again", "choose another name")
            return False
        if name in RESERVED[self.kind]:
            self.reporter.error("P206", f"`{name}` is built in", span, "cannot be declared", "choose another name")
            self.e.entries[name] = BrokenName(name, span)
            return False
        if name in self.e.consts:
            self.reporter.error(
                "P204", f"`{name}` is a constant of the file", span, "declared again", "choose another name"
            )
            self.e.entries[name] = BrokenName(name, span)
            return False
        return True

    def unit(self, text: str, span: Span | None) -> Vector | None:
        try:
            return read_unit(text)[1]
        except UnitError as error:
            self.e.report_unknown_unit(error, span)
            return None

    def parameter(self, item: ast.ParameterItem) -> None:
        """One `param`."""
        if not self.declare(item.name, item.span):
            return
        self.e.entries[item.name] = BrokenName(item.name, item.span)
        if not item.unit and item.default is None:
            self.reporter.error(
                "P408",
                f"parameter `{item.name}` has neither a default nor a unit",
                item.span,
                "unit not known",
                f"write `{item.name}: mV`, or `{item.name}: 1` for a number",
            )
            return
        vector = self.unit(item.unit, item.span) if item.unit else self.e.unifier.fresh()
        if vector is None:
            return
        self.e.entries[item.name] = ParameterName(item.name, vector, item.span)
        default = (
            self._number(item.default, f"the default of `{item.name}`", vector) if item.default is not None else None
        )
        if item.default is not None and default is None:
            self.e.entries[item.name] = BrokenName(item.name, item.span)
            return
        bounds = None
        if item.bounds is not None:
            low, high = (self._limit(bound, item.name, vector) for bound in item.bounds)
            bounds = (low, high) if low is not None and high is not None else None
            self._ordered(item, bounds, default)
        self.parameters.append((item, vector, default, bounds))

    def _number(self, node: ast.Expression, what: str, vector: Vector) -> float | None:
        found = self.e.constant(node, what)
        if found is None:
            return None
        if not self.e.unifier.unify(found[1], vector):
            self.e.report_unit(node.span, f"{what} must be {self.e.say(vector)}", found[1])
            return None
        return found[0]

    def _limit(self, node: ast.Expression, name: str, vector: Vector) -> float | None:
        none = infinite(node)
        return self._number(node, f"a bound of `{name}`", vector) if none is None else none

    def _ordered(
        self, item: ast.ParameterItem | ast.VariableItem, bounds: tuple[float, float] | None, value: float | None
    ) -> None:
        if bounds is None:
            return
        start = item.default if isinstance(item, ast.ParameterItem) else item.init
        if bounds[0] > bounds[1]:
            self.reporter.error(
                "P407",
                f"the lower bound of `{item.name}` is above the upper one",
                item.bounds[0].span if item.bounds else None,
                "lower bound",
                "write `in [LOW, HIGH]`",
            )
        elif value is not None and not bounds[0] <= value <= bounds[1]:
            self.reporter.error(
                "P407", f"the start of `{item.name}` is outside its bounds", start.span if start else None, "outside"
            )

    def variable(self, declaration: ast.VariableDeclaration, item: ast.VariableItem) -> None:
        """Makes the name known; `start` gives it its value."""
        if not self.declare(item.name, item.span):
            return
        vector = (
            self.unit(item.unit, item.span)
            if item.unit
            else self.e.unifier.fresh(item.name if item.init is None else "")
        )
        if vector is None:
            self.e.entries[item.name] = BrokenName(item.name, item.span)
            return
        name = VariableName(item.name, _SITES[declaration.site], Type.REAL, vector, declaration.required, item.span)
        self.e.entries[item.name] = name
        self.variables.append(Declared(item, name, shared=declaration.shared))

    def start(self, number: int) -> None:
        """Start value and bounds of a variable; its type is that of the start value."""
        declared = self.variables[number]
        item, name = declared.item, declared.name
        pair = name.site is Site.PAIR
        if item.init is not None:
            place = Place(f"the start value of `{item.name}`", state=not pair, pairs=True)
            value = self.e.elaborate(item.init, place)
            if value is not None and value.type is Type.BOOL:
                self.e.as_type(value, Type.REAL, item.init.span, "")
                value = None
            if value is not None and not self.e.unifier.unify(value.vector, name.vector):
                self.e.report_unit(item.init.span, f"`{item.name}` must be {self.e.say(name.vector)}", value.vector)
                value = None
            if value is not None and self._start_visible(value, declared, number):
                declared.name = VariableName(name.name, name.site, value.type, name.vector, name.required, name.span)
                self.e.entries[item.name] = declared.name
                declared.init = value.expr
            else:
                self.e.entries[item.name] = BrokenName(item.name, item.span)
        if item.bounds is not None and isinstance(self.e.entries[item.name], VariableName):
            declared.low, declared.high = (self._bound(bound, declared) for bound in item.bounds)
            low, high, init = declared.low, declared.high, declared.init
            if isinstance(low, Const) and isinstance(high, Const):
                self._ordered(item, (low.value, high.value), init.value if isinstance(init, Const) else None)

    def _start_visible(self, value: Value, declared: Declared, number: int) -> bool:
        item, site = declared.item, declared.name.site
        earlier = {other.item.name for other in self.variables[:number]}
        for found, span, name in self.e.trail:
            if found not in VISIBLE[site]:
                self.reporter.error(
                    "P301",
                    f"the start value of `{item.name}` cannot depend on `{name}`",
                    span,
                    f"one value for {SITE_WORDS[found]}",
                    "",
                    (f"`{item.name}` has one value for {SITE_WORDS[site]}",),
                )
                return False
        for part in walk(value.expr):
            if isinstance(part, Read) and not part.of and part.name not in earlier:
                self.reporter.error(
                    "P309",
                    f"the start value of `{item.name}` reads `{part.name}`, which is not there yet",
                    item.init.span if item.init else None,
                    f"`{part.name}` is declared later" if part.name != item.name else "its own value",
                    "declare it before" if part.name != item.name else "",
                )
                return False
        return True

    def _bound(self, node: ast.Expression, declared: Declared) -> Expr | None:
        if infinite(node) is not None:
            return None
        what = f"a bound of `{declared.item.name}`"
        value = self.e.elaborate(node, Place(what, draws=False, state=False))
        if value is None:
            return None
        if not self.e.unifier.unify(value.vector, declared.name.vector):
            self.e.report_unit(node.span, f"{what} must be {self.e.say(declared.name.vector)}", value.vector)
            return None
        if not self.s.visible(value, declared.name.site, what):
            return None
        typed = self.e.as_type(value, declared.name.type, node.span, what)
        return typed.expr if typed else None
