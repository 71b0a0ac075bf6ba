"""Reductions: sums, counts, means, least and largest values over all synapses or neurons."""

from __future__ import annotations

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import Scratch
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit, around
from plastlang.ir.nodes import Reduce
from plastlang.ir.types import Site, Type


def emit_reduce(unit: Unit, statement: Reduce, frame: Frame) -> None:
    """Put a reduction on the lines of a block."""
    if statement.kind == "quantile":
        _quantile(unit, statement, frame)
        return
    in_runs = statement.site is Site.GLOBAL and statement.type is Type.REAL and statement.kind in ("sum", "mean")
    if in_runs and statement.over is not Site.SYNAPSE:
        _in_runs(unit, statement, frame)
        return
    # the sum over a projection is that of its rows
    place = Site.PRE if in_runs else statement.site
    number = {Site.GLOBAL: "1", Site.PRE: "p->n_pre", Site.POST: "p->n_post"}[place]
    acc = frame.scope.fresh("acc")
    lines = _accumulators(unit, statement, acc, number, place is Site.GLOBAL)
    at = {Site.GLOBAL: "0", Site.PRE: "i", Site.POST: "j"}[place]

    def body(scope: Scope, inner: Frame) -> None:
        value = inner.text(statement.value)
        inner.lines += _added(unit, statement, f"{acc}[{at}]", f"{acc}_n[{at}]", value)

    lines += unit.loop(statement.over, body, frame)
    if in_runs:
        total = frame.scope.fresh("total")
        lines += [f"pl_sum {total} = {{{{0}}, {{0}}}};", f"for (int32_t i = 0; i < {number}; ++i) {{",
                  f"    pl_sum_add(&{total}, {acc}[i]);", "}"]  # fmt: skip
        frame.lines += lines
        _bind(unit, statement, frame, _rounded(unit, statement, f"pl_sum_total(&{total})", "(double)p->rows.total"))
    elif place is Site.GLOBAL:
        frame.lines += lines
        _bind(unit, statement, frame, _rounded(unit, statement, f"{acc}[0]", f"(double){acc}_n[0]"))
    else:
        frame.lines += lines
        _keep(unit, statement, frame, _rounded(unit, statement, f"{acc}[{at}]", f"(double){acc}_n[{at}]"))


def _in_runs(unit: Unit, statement: Reduce, frame: Frame) -> None:
    """The sum over neurons."""
    total = frame.scope.fresh("total")
    number = {Site.NEURON: "p->size", Site.PRE: "p->n_pre", Site.POST: "p->n_post"}[statement.over]

    def body(scope: Scope, inner: Frame) -> None:
        inner.lines.append(f"pl_sum_add(&{total}, (double){inner.text(statement.value)});")

    frame.lines += [f"pl_sum {total} = {{{{0}}, {{0}}}};", *unit.loop(statement.over, body, frame)]
    _bind(unit, statement, frame, _rounded(unit, statement, f"pl_sum_total(&{total})", f"(double){number}"))


def _quantile(unit: Unit, statement: Reduce, frame: Frame) -> None:
    """Bit by bit (plast_aggregate.h): each pass counts, for each group, the values that have the bits found so far."""
    assert statement.fraction is not None
    suffix, single = unit.dialect.suffix, statement.site is Site.GLOBAL
    at = {Site.GLOBAL: "0", Site.PRE: "i", Site.POST: "j"}[statement.site]
    number = {Site.GLOBAL: "1", Site.PRE: "p->n_pre", Site.POST: "p->n_post"}[statement.site]
    found, fraction = frame.scope.fresh("found"), frame.scope.fresh("fraction")
    frame.lines.append(f"const {unit.dialect.real} {fraction} = {frame.text(statement.fraction)};")
    reserved = _reserved(f"(int64_t){number} * (int64_t)sizeof(pl_quantile)")
    rows = f"pl_quantile *const {found} = (pl_quantile *)(void *)p->arrivals.data;"
    clear = f"memset({found}, 0, (size_t){number} * sizeof *{found});"
    frame.lines += [f"pl_quantile {found}[1] = {{{{0, 0, 0}}}};"] if single else [*reserved, rows, clear]

    def body(scope: Scope, inner: Frame) -> None:
        value = inner.text(statement.value)
        inner.lines.append(f"{found}[{at}].count += pl_counts{suffix}({found}[{at}].key, bit, {value});")

    frame.lines += [
        f"for (int32_t bit = PL_BITS{suffix.upper()}; bit >= 0; --bit) {{",
        *indent(unit.loop(statement.over, body, frame)),
        f"    for (int32_t k = 0; k < {number}; ++k) {{",
        f"        pl_quantile_next{suffix}(&{found}[k], bit, {fraction});",
        "    }",
        "}",
    ]
    (_bind if single else _keep)(unit, statement, frame, f"pl_quantile_value{suffix}(&{found}[{at}])")


def _kind(unit: Unit, statement: Reduce) -> tuple[str, str]:
    """The C type of an accumulator, and what it begins with."""
    real, suffix = unit.dialect.real, unit.dialect.suffix.upper()
    match statement.kind, statement.type:
        case "min", Type.REAL:
            return real, f"PL_INF{suffix}"
        case "max", Type.REAL:
            return real, f"-PL_INF{suffix}"
        case "min", _:
            return "int32_t", "INT32_MAX"
        case "max", _:
            return "int32_t", "INT32_MIN"
        case _, Type.REAL:
            return "double", "0.0"
        case _:
            return "int64_t", "0"


def _accumulators(unit: Unit, statement: Reduce, acc: str, number: str, single: bool) -> list[str]:
    type_, start = _kind(unit, statement)
    mean = statement.kind == "mean"
    if single:
        counts = [f"int32_t {acc}_n[1] = {{0}};"] if mean else []
        return [f"{type_} {acc}[1] = {{{start}}};", *counts]
    bytes_ = f"(int64_t){number} * (int64_t)(sizeof(double){' + sizeof(int32_t)' if mean else ''})"
    counts = (
        [f"int32_t *const {acc}_n = (int32_t *)(void *)(p->arrivals.data + (int64_t){number} * 8);"] if mean else []
    )
    return [
        *_reserved(bytes_),
        f"{type_} *const {acc} = ({type_} *)(void *)p->arrivals.data;",
        *counts,
        f"for (int32_t k = 0; k < {number}; ++k) {{",
        f"    {acc}[k] = {start};",
        *([f"    {acc}_n[k] = 0;"] if mean else []),
        "}",
    ]


def _reserved(bytes_: str) -> list[str]:
    """Memory for a value of each row."""
    return [
        "p->arrivals.used = 0;",
        f"if (!pl_reserve(&p->arrivals, {bytes_} + 1)) {{",
        "    pl_no_memory(m);",
        "    return;",
        "}",
    ]


def _added(unit: Unit, statement: Reduce, acc: str, count: str, value: str) -> list[str]:
    match statement.kind:
        case "sum" | "count":
            return [f"{acc} += {value};"]
        case "mean":
            return [f"{acc} += (double){value};", f"++{count};"]
        case kind:
            real = statement.type is Type.REAL
            type_, sign = unit.dialect.type(statement.type), "<" if kind == "min" else ">"
            nothing = unit.dialect.real
            # -0 counts as 0
            return ["{", f"    const {type_} x = {value}{f' + ({nothing})0' if real else ''};",
                    f"    {acc} = x {sign} {acc} ? x : {acc};", "}"]  # fmt: skip


def _rounded(unit: Unit, statement: Reduce, value: str, count: str) -> str:
    type_ = unit.dialect.type(statement.type)
    if statement.kind == "mean":
        value = f"({value} / {count})"
    return f"({type_}){'(uint32_t)' if statement.type is Type.INT and statement.kind == 'sum' else ''}{value}"


def _bind(unit: Unit, statement: Reduce, frame: Frame, value: str) -> None:
    local = frame.scope.fresh(unit.names.of("l", statement.name))
    frame.lines.append(f"const {unit.dialect.type(statement.type)} {local} = {value};")
    frame.locals[statement.name] = Value(local, statement.type, Site.GLOBAL)


def _keep(unit: Unit, statement: Reduce, frame: Frame, value: str) -> None:
    """One value for each neuron at an end, for the loops that come after."""
    owner, type_ = unit.owner, unit.dialect.type(statement.type)
    owner.scratch.append(Scratch(statement.site, statement.type))
    place = f"(({type_} *)p->scratch[{len(owner.scratch) - 1}])"
    at = "i" if statement.site is Site.PRE else "j"
    frame.lines += around(statement.site, [f"{place}[{at}] = {value};"])
    frame.locals[statement.name] = Value(place, statement.type, statement.site, indexed=True)
