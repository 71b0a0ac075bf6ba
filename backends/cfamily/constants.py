"""From the host's parameters (double) to the constants that a program reads: rounded parameters and derived values."""

from __future__ import annotations

from dataclasses import dataclass, field

from plastlang.backends.cfamily.layout import OwnerLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import Dialect, indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import Builtin, Derived, Expr, InputSum, Local, Param, Read
from plastlang.ir.types import Site, Type


@dataclass(frozen=True, slots=True)
class _Double:
    """Names in derived values: parameters, earlier derived values and dt, in double."""

    owner: OwnerLayout

    def leaf(self, expression: Param | Derived | Read | Local | Builtin | InputSum) -> str:
        match expression:
            case Param(type=type_):
                number, site = self.owner.constant(expression)
                value = f"p->parameters[{number}][{'0' if site is Site.GLOBAL else 'i'}]"
                return f"pl_cast({value})" if type_ is Type.INT else value
            case Derived():
                return f"d{self.owner.constant(expression)[0]}"
            case Builtin(name="dt"):
                return "m->dt"
            case _:
                raise AssertionError(f"{expression} is not a constant")

    def words(self, purpose: int) -> str:
        raise AssertionError("a draw in a constant")

    def replacement(self, expression: Expr) -> str | None:
        return None


@dataclass(slots=True)
class ConstantLines:
    """What follows a change of parameters: `declared` names derived values, `once` and `each` store them."""

    declared: list[str] = field(default_factory=list)
    once: list[str] = field(default_factory=list)
    each: list[str] = field(default_factory=list)


def constant_lines(unit: Unit) -> ConstantLines:
    """Lines for the constants of an owner: those it has once, and those of neuron `i`."""
    owner, double = unit.owner, Dialect("double")
    places = _Double(owner)
    result = ConstantLines()
    for number, parameter in enumerate(owner.owner.parameters):
        lines, at = (result.once, "0") if parameter.site is Site.GLOBAL else (result.each, "i")
        lines.append(_store(unit, number, at, parameter.type, f"p->parameters[{number}][{at}]"))
    for k, derived in enumerate(owner.owner.derived):
        number = len(owner.owner.parameters) + k
        type_ = derived.value.type
        declaration = f"const {double.type(type_)} d{number} = {double.expression(derived.value, places)};"
        if derived.site is Site.GLOBAL:
            result.declared.append(declaration)
            result.once.append(_store(unit, number, "0", type_, f"d{number}"))
        else:
            result.each += [declaration, _store(unit, number, "i", type_, f"d{number}")]
    return result


def emit_constants(unit: Unit) -> None:
    """A function that follows a change of parameters."""
    owner, lines = unit.owner, constant_lines(unit)
    scope = Scope(lines=[*lines.declared, *lines.once])
    if isinstance(owner, ProjectionLayout):
        real, suffix = unit.dialect.real, unit.dialect.suffix
        for k, (number, _) in enumerate(owner.tables):
            rate = f"(({real} *)p->constants[{number}])[0]"
            scope.lines.append(f"pl_fill_table{suffix}(({real} *)p->tables[{k}], {rate});")
    if lines.each:
        scope.lines += ["for (int32_t i = 0; i < p->size; ++i) {", *indent(lines.each), "}"]
    unit.function("constants", "", scope, about=f"{owner.owner.name}: constants from parameters")


def _store(unit: Unit, number: int, at: str, type_: Type, value: str) -> str:
    name = unit.dialect.type(type_)
    cast = f"pl_cast({value})" if type_ is Type.INT and value.startswith("p->") else f"({name})({value})"
    return f"(({name} *)p->constants[{number}])[{at}] = {cast};"
