"""`grow by matching`: vacant elements in a random order, then the m-th of one kind with the m-th of the other."""

from __future__ import annotations

from dataclasses import replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Value
from plastlang.backends.cfamily.wishes import Growth
from plastlang.backends.cuda.blocks import SHAPES, KernelBlock, kept
from plastlang.backends.cuda.edits import emit_edits
from plastlang.backends.cuda.plan import Shape
from plastlang.ir.nodes import Expr, GrowMatched
from plastlang.ir.types import Site, Type

#: Ordinals of the draws that order the axonal and the dendritic elements.
KINDS = (1, 2)


def emit_grow_matched(block: KernelBlock, statement: GrowMatched) -> None:
    """Add the kernels of the statement."""
    unit = block.unit
    sides = (
        ("p->n_pre", _vacant(block, statement.axonal, Site.PRE)),
        ("p->n_post", _vacant(block, statement.dendritic, Site.POST)),
    )
    totals = [kept(unit, "elements", Type.INT, Site.GLOBAL).text for _ in sides]
    scans = [
        f"pl_block_scan({vacant.text}, {count}, &{total}, counts);"
        for (count, vacant), total in zip(sides, totals, strict=True)
    ]
    block.kernel(["__shared__ int32_t counts[32];", "if (blockIdx.x == 0) {", *indent(scans), "}"], Shape.BLOCK)
    known = [f"const int32_t axons = {totals[0]}, dendrites = {totals[1]};"]
    least, both = "axons < dendrites ? axons : dendrites", "(int64_t)axons + dendrites"
    bytes_ = f"2 * ({both}) * (int64_t)sizeof(pl_element)"  # as they are drawn, and sorted
    begin = f"pl_work_begin(m, p, pl_kernel, {unit.owner.number}, {least}, 0, 0, {bytes_});"
    block.kernel([*known, begin], Shape.SPREAD)
    elements = [*known, f"pl_element *const elements = pl_elements(p, {both});"]
    drawn = [*known, f"pl_element *const drawn = pl_elements(p, 2 * ({both}));"]
    fill = []
    for (count, vacant), at, total, ordinal in zip(sides, ("0", "axons"), ("axons", "dendrites"), KINDS, strict=True):
        counter = f"pl_counter({statement.purpose}u, {ordinal}u, {block.repeat})"
        fill.append(f"pl_elements_of(m, drawn + {at}, {vacant.text}, {count}, {total}, {counter});")
    block.kernel([*drawn, *fill], Shape.SPREAD)
    sort = ["pl_elements_sort(drawn, axons);", "pl_elements_sort(drawn + axons, dendrites);"]
    block.kernel([*drawn, *sort], Shape.SPREAD)
    place = [
        f"pl_element *const elements = drawn + ({both});",
        "pl_elements_place(drawn, axons, elements);",
        "pl_elements_place(drawn + axons, dendrites, elements + axons);",
    ]
    block.kernel([*drawn, *place], Shape.SPREAD)
    _match(block, statement, elements)
    emit_edits(block, [Growth(statement.init, {})])


def _vacant(block: KernelBlock, count: Expr, site: Site) -> Value:
    """How many elements each neuron has."""
    place = kept(block.unit, "vacant", Type.INT, site)
    outer = block.frame()

    def body(inner: Frame) -> None:
        inner.lines.append(f"const int32_t vacant = {inner.text(count)};")
        inner.lines.append(f"{place.text}[{inner.at(site)}] = vacant > 0 ? vacant : 0;")

    outer.scope.lines += block.unit.over(site, body, outer)
    block.kernel(outer.scope.text(), *SHAPES[site])
    return place


def _match(block: KernelBlock, statement: GrowMatched, elements: list[str]) -> None:
    """An edit for each match; with a probability, each draws whether it is granted."""
    unit, outer = block.unit, block.frame()
    frame = unit.frame(outer.scope, [], Site.SYNAPSE, now=block.now, repeat=block.repeat, locals=dict(block.locals))
    pair, granted = replace(frame, site=Site.PAIR, who=("(uint32_t)a", "0u")), "true"
    if statement.probability is not None:
        chance = pair.text(statement.probability)
        u = f"pl_u{unit.dialect.suffix}({pair.words(statement.purpose)})"
        granted = f"pl_chance(m, {u}, {chance}, {statement.purpose}u, i, j)"
    loop = [
        "const int32_t i = (int32_t)(elements[a].place >> 31), j = (int32_t)(elements[axons + a].place >> 31);",
        *pair.lines,
        f"pl_edit_grow(&work, a, i, j, {granted});",
    ]
    outer.scope.lines += [
        *elements,
        "const pl_work work = pl_work_now(p);",
        "for (int64_t a = pl_thread(); a < work.head->count; a += pl_threads()) {",
        *indent(loop),
        "}",
    ]
    block.kernel(outer.scope.text(), Shape.SPREAD)
