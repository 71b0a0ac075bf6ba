"""From the host's parameters (double) to the constants that a program reads: rounded parameters and derived values."""

from __future__ import annotations

from dataclasses import dataclass

from plastlang.backends.cfamily.frame import Scope
from plastlang.backends.cfamily.layout import OwnerLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import Dialect, indent
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


def emit_constants(unit: Unit) -> None:
    """A function that follows a change of parameters."""
    owner, double = unit.owner, Dialect("double")
    places = _Double(owner)
    once: list[str] = []
    each: list[str] = []
    for number, parameter in enumerate(owner.owner.parameters):
        lines, at = (once, "0") if parameter.site is Site.GLOBAL else (each, "i")
        lines.append(_store(unit, number, at, parameter.type, f"p->parameters[{number}][{at}]"))
    for k, derived in enumerate(owner.owner.derived):
        number = len(owner.owner.parameters) + k
        lines, at = (once, "0") if derived.site is Site.GLOBAL else (each, "i")
        type_ = derived.value.type
        lines.append(f"const {double.type(type_)} d{number} = {double.expression(derived.value, places)};")
        lines.append(_store(unit, number, at, type_, f"d{number}"))
    if isinstance(owner, ProjectionLayout):
        real, suffix = unit.dialect.real, unit.dialect.suffix
        for k, (number, _) in enumerate(owner.tables):
            once.append(f"pl_fill_table{suffix}(p->tables[{k}], (({real} *)p->constants[{number}])[0]);")
    scope = Scope(lines=once)
    if each:
        scope.lines += ["for (int32_t i = 0; i < p->size; ++i) {", *indent(each), "}"]
    unit.function("constants", "", scope, about=f"{owner.owner.name}: constants from parameters")


def _store(unit: Unit, number: int, at: str, type_: Type, value: str) -> str:
    name = unit.dialect.type(type_)
    cast = f"pl_cast({value})" if type_ is Type.INT and value.startswith("p->") else f"({name})({value})"
    return f"(({name} *)p->constants[{number}])[{at}] = {cast};"
