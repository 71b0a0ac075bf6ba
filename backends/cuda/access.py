"""Values: from start, and between steps as the host wants them: constants, lazy values now, writes as in a block."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from plastlang.backends.cfamily.constants import constant_lines
from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cuda.blocks import SHAPES
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Launch, Launches, Networks, Shape
from plastlang.ir.nodes import Binary, Expr, Local, Read, Variable
from plastlang.ir.types import Site

# ---------------------------------------------------------------- start values


def emit_initial(unit: CudaUnit) -> Launches:
    """Start values of everything but synapses and pairs, in the order of declaration."""
    groups: list[list[Variable]] = []
    for variable in unit.owner.owner.variables:
        if variable.site in (Site.SYNAPSE, Site.PAIR):
            continue
        if groups and groups[-1][0].site is variable.site:
            groups[-1].append(variable)
        else:
            groups.append([variable])
    launches = []
    for number, group in enumerate(groups):

        def body(inner: Frame, group: list[Variable] = group) -> None:
            for variable in group:
                value = inner.text(variable.init)
                store = f"{inner.array('value', variable.name)}[{inner.at(variable.site)}] = {value};"
                inner.lines += unit.first_only(not variable.shared, store)

        about = f"{unit.owner.owner.name}: start values"
        launches.append(_kernel(unit, f"init_{number}", group[0].site, body, about, now=False, step="0"))
    return tuple(launches)


def emit_start(unit: CudaUnit) -> Launches:
    """A device function that gives a new synapse its declared start values, and a kernel for all synapses.

    `later`: how many older synapses of its pair were there when it came, and have gone since.
    """
    owner = unit.owner
    assert isinstance(owner, ProjectionLayout)
    scope = Scope()
    older = "(pl_rows_ordinal(&p->rows, i, s) + later)"
    frame = unit.frame(scope, scope.lines, Site.SYNAPSE, now=False, repeat="repeat", older=older)
    scope.lines += [f"(void){name};" for name in ("i", "j", "s", "step", "repeat", "later")]
    for column in owner.columns:
        if column.kind == "last":
            scope.lines += unit.first_only(column.own, f"{frame.item('last', column.name)} = step;")
    for variable in owner.owner.variables:
        if variable.site is Site.SYNAPSE:
            value = frame.text(variable.init)
            store = f"{frame.item('value', variable.name)} = {value};"
            scope.lines += unit.first_only(not variable.shared, store)
    for column in owner.columns:
        if column.kind == "before":
            value = frame.item("value", column.name)
            scope.lines += unit.first_only(column.own, f"{frame.item('before', column.name)} = {value};")
        if column.kind == "stamp":
            scope.lines += unit.first_only(column.own, f"{frame.item('stamp', column.name)} = step;")
    arguments = "int32_t i, int32_t j, int64_t s, int32_t step, uint32_t repeat, uint32_t later"
    unit.function("start", arguments, scope, about=f"{owner.owner.name}: a new synapse")

    def body(inner: Frame) -> None:
        inner.lines.append(f"{unit.prefix}_start(m, i, j, s, step, 0u, 0u);")

    return (_kernel(unit, "synapses", Site.SYNAPSE, body, f"{owner.owner.name}: start values of all synapses"),)


# ---------------------------------------------------------------- constants


def emit_constants(unit: CudaUnit) -> Launches:
    """What follows a change of parameters."""
    lines = constant_lines(unit)
    body = [*lines.declared, *(f"(void){line.split()[2]};" for line in lines.declared)]
    if lines.once:
        body += ["if (pl_thread() == 0) {", *indent(lines.once), "}"]
    if lines.each:
        loop = ["const int32_t i = (int32_t)k;", *lines.each]
        body += ["for (int64_t k = pl_thread(); k < p->size; k += pl_threads()) {", *indent(loop), "}"]
    about = f"{unit.owner.owner.name}: constants from parameters"
    shape, site = (Shape.EACH, Site.NEURON) if lines.each else (Shape.ONE, Site.GLOBAL)
    launches = [unit.kernel("constants", body, shape, site, about)] if body else []
    tables = unit.owner.tables if isinstance(unit.owner, ProjectionLayout) else []
    if tables:
        real, suffix = unit.dialect.real, unit.dialect.suffix
        fill = [
            f"(({real} *)p->tables[{k}])[n] = pl_exp{suffix}(({real})n * (({real} *)p->constants[{number}])[0]);"
            for k, (number, _) in enumerate(tables)
        ]
        loop = ["for (int64_t n = pl_thread(); n < PL_TABLE; n += pl_threads()) {", *indent(fill), "}"]
        launches.append(unit.kernel("tables", loop, Shape.SPREAD, about=f"{unit.owner.owner.name}: decay factors"))
    return tuple(launches)


# ---------------------------------------------------------------- reading and writing


def emit_get(unit: CudaUnit, variable: Variable) -> Launches:
    """The value now, of a variable that is not just stored: `is_computed`."""

    def body(inner: Frame) -> None:
        value = inner.text(Read(variable.name, variable.site, variable.type))
        inner.lines.append(f"(({unit.dialect.type(variable.type)} *)data)[{_place(inner, variable)}] = {value};")

    number = unit.owner.index(variable.name)
    return (_kernel(unit, f"get_{number}", _site(variable), body, f"{_name(unit, variable)}: values now", now=False),)


def is_computed(unit: CudaUnit, variable: Variable) -> bool:
    """Whether the value now is another one than what is stored."""
    lazy = isinstance(unit.owner, ProjectionLayout) and unit.owner.group(variable.name) is not None
    return lazy or variable.site is Site.PAIR


def emit_set(unit: CudaUnit, variable: Variable) -> Launches:
    """A write between steps, which `@before` reads in the step that follows."""

    def body(inner: Frame) -> None:
        type_ = unit.dialect.type(variable.type)
        inner.lines.append(f"const {type_} given_value = ((const {type_} *)data)[{_place(inner, variable)}];")
        inner.locals["given value"] = Value("given_value", variable.type, variable.site)
        inner.assign(variable.name, inner.text(_bounded(variable)))
        if variable.name in unit.owner.before:
            inner.lines.append(_remembered(inner, variable.name))

    number = unit.owner.index(variable.name)
    return (_kernel(unit, f"set_{number}", _site(variable), body, f"{_name(unit, variable)}: set", now=False),)


def emit_remember(unit: CudaUnit, name: str, names: Iterable[str]) -> Launches:
    """After a signal, what it wrote is what `@before` reads in the step that follows."""
    chosen = [unit.owner.variable(n) for n in dict.fromkeys(names) if n in unit.owner.before]
    launches = []
    for site, shared in dict.fromkeys((v.site, unit.layout.batched and v.shared) for v in chosen):

        def body(inner: Frame, site: Site = site, shared: bool = shared) -> None:
            some = [v for v in chosen if v.site is site and (unit.layout.batched and v.shared) == shared]
            inner.lines += [_remembered(inner, v.name) for v in some]

        networks = Networks.ONCE if shared else Networks.EACH
        end = "_shared" if shared else ""
        launches.append(_kernel(unit, f"{name}_remember_{site}{end}", site, body, "", networks))
    return tuple(launches)


def _kernel(
    unit: CudaUnit, name: str, site: Site, body: Callable[[Frame], None], about: str,
    networks: Networks = Networks.ONCE, **options: object,
) -> Launch:  # fmt: skip
    scope = Scope()
    outer = unit.frame(scope, scope.lines, Site.GLOBAL, **options)
    scope.lines += unit.over(site, body, outer)
    return unit.kernel(name, scope.text(), *SHAPES[site], about=about, networks=networks)


def _site(variable: Variable) -> Site:
    return Site.SYNAPSE if variable.site is Site.PAIR else variable.site


def _name(unit: CudaUnit, variable: Variable) -> str:
    return f"{unit.owner.owner.name}.{variable.name}"


def _place(inner: Frame, variable: Variable) -> str:
    """Where the instance's value stands in the host's array: synapses by their place in the pool."""
    return inner.at(variable.site)


def _remembered(inner: Frame, name: str) -> str:
    return f"{inner.item('before', name)} = {inner.item('value', name)};"


def _bounded(variable: Variable) -> Expr:
    value: Expr = Local("given value", variable.type)
    if variable.low is not None:
        value = Binary("max", value, variable.low)
    if variable.high is not None:
        value = Binary("min", value, variable.high)
    return value
