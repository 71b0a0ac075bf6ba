"""Quantiles, found bit by bit (plast_aggregate.h): a warp for each row counts its synapses, a block those of all."""

from __future__ import annotations

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Value
from plastlang.backends.cuda.aggregates import COUNTS
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.ir.nodes import Reduce
from plastlang.ir.types import Site


def by_row(unit: CudaUnit, statement: Reduce, outer: Frame, result: Value) -> list[str]:
    """That of each row (PRE), or of the synapses onto each neuron (POST)."""
    end = statement.site
    row, rows, entry = ("j", "incoming", "e") if end is Site.POST else ("i", "rows", "s")
    middle, inner = unit.levels(outer, end)
    inner.lines += unit.entry(end)
    count = _counted(unit, statement, inner)
    look = [f"for (int64_t {entry} = first + pl_lane(); {entry} < last; {entry} += 32) {{", *indent(count), "}"]
    body = [
        f"const int32_t {row} = (int32_t)turn;",
        *middle.lines,
        f"const int64_t first = p->{rows}.start[{row}], last = first + p->{rows}.length[{row}];",
        *_passes(unit, ["int32_t mine = 0;", *look, "q.count = pl_warp_sum(mine);"]),
        "if (pl_lane() == 0) {",
        f"    {result.text}[{row}] = {_value(unit)};",
        "}",
    ]
    return [
        *_fraction(unit, statement, outer),
        f"for (int64_t turn = pl_warp(); turn < {COUNTS[end]}; turn += pl_warps()) {{",
        *indent(body),
        "}",
    ]


def of_all(unit: CudaUnit, statement: Reduce, outer: Frame, result: Value) -> list[str]:
    """That of all synapses or neurons, by one block."""

    def body(inner: Frame) -> None:
        inner.lines[:] = _counted(unit, statement, inner)

    look = [
        "if (threadIdx.x == 0) {",
        "    count = 0;",
        "}",
        "__syncthreads();",
        "int32_t mine = 0;",
        *unit.over(statement.over, body, outer),
        "atomicAdd(&count, (unsigned long long)mine);",
        "__syncthreads();",
        "q.count = (int64_t)count;",
        "__syncthreads();",
    ]
    return [
        "__shared__ unsigned long long count;",
        *_fraction(unit, statement, outer),
        *_passes(unit, look),
        "if (threadIdx.x == 0) {",
        f"    {result.text} = {_value(unit)};",
        "}",
    ]


def _counted(unit: CudaUnit, statement: Reduce, inner: Frame) -> list[str]:
    """Whether the value of an instance counts, behind what it takes to find it."""
    text = inner.text(statement.value)
    return [*inner.lines, f"mine += pl_counts{unit.dialect.suffix}(q.key, bit, {text});"]


def _passes(unit: CudaUnit, look: list[str]) -> list[str]:
    suffix = unit.dialect.suffix
    return [
        "pl_quantile q = {0, 0, 0};",
        f"for (int32_t bit = PL_BITS{suffix.upper()}; bit >= 0; --bit) {{",
        *indent([*look, f"pl_quantile_next{suffix}(&q, bit, fraction);"]),
        "}",
    ]


def _fraction(unit: CudaUnit, statement: Reduce, outer: Frame) -> list[str]:
    assert statement.fraction is not None
    return [f"const {unit.dialect.real} fraction = {outer.text(statement.fraction)};"]


def _value(unit: CudaUnit) -> str:
    return f"pl_quantile_value{unit.dialect.suffix}(&q)"
