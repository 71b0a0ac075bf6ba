"""What the host reads and writes through functions: lazy values now, constants of pairs, writes as in a block."""

from __future__ import annotations

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import Binary, Expr, Local, Read, Variable
from plastlang.ir.types import Site


def emit_access(unit: Unit) -> None:
    """Functions `get` and `set` with a case for each variable that needs one."""
    variables = list(enumerate(unit.owner.owner.variables))
    _cases(
        unit,
        "get",
        "int32_t step, int64_t variable, void *out",
        [(k, _get(unit, v)) for k, v in variables if _is_computed(unit, v)],
    )
    _cases(
        unit, "set", "int32_t step, int64_t variable, const void *given",
        [(k, _set(unit, v)) for k, v in variables if v.site is not Site.PAIR],
    )  # fmt: skip


def emit_remember(unit: Unit) -> None:
    """A function after which `@before` gives the value as it is now."""
    variables = enumerate(unit.owner.owner.variables)
    cases = [(k, _remember(unit, v)) for k, v in variables if v.name in unit.owner.before]
    _cases(unit, "remember", "int64_t variable", cases)


def _is_computed(unit: Unit, variable: Variable) -> bool:
    lazy = isinstance(unit.owner, ProjectionLayout) and unit.owner.group(variable.name) is not None
    return lazy or variable.site in (Site.PAIR, Site.SYNAPSE)


def _cases(unit: Unit, name: str, arguments: str, cases: list[tuple[int, list[str]]]) -> None:
    scope = Scope()
    scope.lines = [f"(void){a.split()[-1].lstrip('*')};" for a in arguments.split(",")]
    scope.lines.append("switch (variable) {")
    for number, lines in cases:
        scope.lines += [f"case {number}:", *indent([*lines, "break;"])]
    scope.lines += ["default:", "    break;", "}"]
    unit.function(name, arguments, scope)


def _block(unit: Unit, variable: Variable, pointer: str, value: str, store: str) -> list[str]:
    """A block with a counter `q` that runs along the host's dense array."""
    type_ = unit.dialect.type(variable.type)
    scope = Scope()
    outer = unit.frame(scope, [], Site.GLOBAL, now=False)
    site = Site.SYNAPSE if variable.site is Site.PAIR else variable.site

    def body(loop: Scope, inner: Frame) -> None:
        if store == "get":
            of = Read(variable.name, variable.site, variable.type)
            inner.lines.append(f"dense[q] = {inner.text(of)};")
        else:
            inner.lines.append(f"const {type_} given_value = dense[q];")
            inner.locals["given value"] = Value("given_value", variable.type, variable.site)
            inner.assign(variable.name, inner.text(_bounded(variable)))
        inner.lines.append("++q;")

    loop = unit.loop(site, body, outer)
    return ["{", f"    {pointer}", "    int64_t q = 0;", *indent(loop), "}"]


def _bounded(variable: Variable) -> Expr:
    value: Expr = Local("given value", variable.type)
    if variable.low is not None:
        value = Binary("max", value, variable.low)
    if variable.high is not None:
        value = Binary("min", value, variable.high)
    return value


def _get(unit: Unit, variable: Variable) -> list[str]:
    return _block(unit, variable, f"{unit.dialect.type(variable.type)} *const dense = out;", "", "get")


def _set(unit: Unit, variable: Variable) -> list[str]:
    lines = _block(unit, variable, f"const {unit.dialect.type(variable.type)} *const dense = given;", "", "set")
    if variable.name in unit.owner.before:
        lines.append(f"{unit.prefix}_remember(m, {unit.owner.index(variable.name)});")
    return lines


def _remember(unit: Unit, variable: Variable) -> list[str]:
    scope = Scope()
    outer = unit.frame(scope, [], Site.GLOBAL)

    def body(loop: Scope, inner: Frame) -> None:
        inner.lines.append(f"{inner.item('before', variable.name)} = {inner.item('value', variable.name)};")

    return unit.loop(variable.site, body, outer)
