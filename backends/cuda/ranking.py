"""`prune N synapses` and `grow N pairs` by rank: a key for each candidate, then the smallest keys are chosen."""

from __future__ import annotations

from dataclasses import replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Value
from plastlang.backends.cfamily.wishes import Growth
from plastlang.backends.cuda.blocks import SHAPES, KernelBlock, kept
from plastlang.backends.cuda.edits import emit_edits
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Shape
from plastlang.ir.decisions import rank_number
from plastlang.ir.nodes import GrowRanked, PruneRanked
from plastlang.ir.types import Site, Type

#: Kernels that find the bound between what is chosen of all and what is not (PL_DIGITS).
DIGITS = 13


def emit_prune_ranked(block: KernelBlock, statement: PruneRanked) -> None:
    """Add the kernels of `prune N synapses with smallest ...`."""
    unit, number = block.unit, block.unit.owner.number
    by_post = statement.per is Site.POST
    wanted = _wanted(block, statement)
    ranks = f"const pl_ranks ranks = pl_ranks_of_synapses(p, {'true' if by_post else 'false'});"
    front = "p->rows.room + (p->has_incoming ? p->incoming.room : 0)"
    begin = f"pl_ranks_begin(m, p, pl_kernel, {number}, ranks, {front}, p->rows.room);"
    block.kernel([ranks, begin], Shape.SPREAD)
    outer = block.frame()

    def body(inner: Frame) -> None:
        inner.lines.append(f"ranks.keys[s] = {_key(unit, inner, statement)};")

    outer.scope.lines += [ranks, *unit.over(Site.SYNAPSE, body, outer)]
    block.kernel(outer.scope.text(), *SHAPES[Site.SYNAPSE])
    match statement.per:
        case Site.GLOBAL:
            _select_of_all(block, ranks, "p->rows.room", wanted, "pl_flags(p, 0)")
        case Site.PRE:
            row = "pl_select_row(ranks.keys, pl_flags(p, 0), p->rows.start[k], 1, p->rows.length[k]"
            _select_by_row(block, ranks, "p->n_pre", f"{row}, {wanted.text}[k]);")
        case _:
            block.kernel([ranks, "pl_rank_index(p, &ranks);"], Shape.WARPS, Site.POST)
            row = "pl_select_row(ranks.index_keys, pl_flags(p, 1), p->incoming.start[k], 1, p->incoming.length[k]"
            _select_by_row(block, ranks, "p->n_post", f"{row}, {wanted.text}[k]);")
            block.kernel(["pl_flags_from_index(p);"], Shape.WARPS, Site.POST)
    assert isinstance(unit.owner, ProjectionLayout)
    if unit.owner.incoming and not by_post:
        block.kernel(["pl_flags_index(p);"], Shape.WARPS, Site.POST)
    removed = kept(unit, "removed", Type.INT, Site.GLOBAL)
    block.kernel([f"pl_prune(p, &{removed.text});"], Shape.WARPS, Site.PRE)


def emit_grow_ranked(block: KernelBlock, statement: GrowRanked) -> None:
    """Add the kernels of `grow N pairs with largest ...`."""
    unit, number = block.unit, block.unit.owner.number
    wanted = _wanted(block, statement)
    ranks = "const pl_ranks ranks = pl_ranks_of_pairs(p);"
    begin = f"pl_ranks_begin(m, p, pl_kernel, {number}, ranks, 0, pl_pairs(p));"
    before = len(block.launches)
    first = block.kernel([ranks, begin], Shape.SPREAD)
    outer = block.frame()
    frame = unit.frame(outer.scope, [], Site.SYNAPSE, now=block.now, repeat=block.repeat, locals=dict(block.locals))
    pair = replace(frame, site=Site.PAIR)
    key = _key(unit, pair, statement)
    outer.scope.lines += [
        ranks,
        "for (int64_t k = pl_thread(); k < pl_pairs(p); k += pl_threads()) {",
        "    const int32_t i = (int32_t)(k / p->n_post), j = (int32_t)(k % p->n_post);",
        "    if (pl_rows_find(&p->rows, i, j) < 0) {",
        *indent([*pair.lines, f"ranks.keys[k] = {key};"], 2),
        "    }",
        "}",
    ]
    block.kernel(outer.scope.text(), Shape.SPREAD)
    match statement.per:
        case Site.GLOBAL:
            _select_of_all(block, ranks, "pl_pairs(p)", wanted, "ranks.flags")
        case Site.PRE:
            row = f"pl_select_row(ranks.keys, ranks.flags, k * p->n_post, 1, p->n_post, {wanted.text}[k]);"
            _select_by_row(block, ranks, "p->n_pre", row)
        case _:
            row = f"pl_select_row(ranks.keys, ranks.flags, k, p->n_post, p->n_pre, {wanted.text}[k]);"
            _select_by_row(block, ranks, "p->n_post", row)
    block.kernel([ranks, "pl_chosen_count(p, &ranks);"], Shape.WARPS, Site.PRE)
    scan = [
        "__shared__ int32_t counts[32];",
        ranks,
        "if (blockIdx.x == 0) {",
        "    pl_block_scan(ranks.counts, p->n_pre, &ranks.counts[p->n_pre], counts);",
        "}",
    ]
    block.kernel(scan, Shape.BLOCK)
    # where there is no room for the edits everything is done again, since the memory with the keys goes
    edits = f"pl_work_begin(m, p, {first.number}, {number}, ranks.counts[p->n_pre], 0, 0, ranks.bytes);"
    block.kernel([ranks, edits], Shape.SPREAD)
    block.kernel([ranks, "pl_chosen_grow(p, &ranks);"], Shape.WARPS, Site.PRE)
    emit_edits(block, [Growth(statement.init, {})])
    again = [replace(launch, sequence=first.kernel, apart=True) for launch in block.launches[before:]]
    block.launches[before:] = again


def _wanted(block: KernelBlock, statement: PruneRanked | GrowRanked) -> Value:
    """How many are wanted: of all, or of each neuron."""
    place = kept(block.unit, "wanted", Type.INT, statement.per)
    outer = block.frame()

    def body(inner: Frame) -> None:
        at = f"[{inner.at(statement.per)}]" if place.indexed else ""
        inner.lines.append(f"{place.text}{at} = {inner.text(statement.count)};")

    outer.scope.lines += block.unit.over(statement.per, body, outer)
    block.kernel(outer.scope.text(), *SHAPES[statement.per])
    return place


def _key(unit: CudaUnit, frame: Frame, statement: PruneRanked | GrowRanked) -> str:
    """The rank of a synapse or pair. Whoever has none that is a number comes last, and is noted."""
    assert isinstance(unit.owner, ProjectionLayout)
    number = rank_number((p.owner for p in unit.layout.projections.values()), unit.owner.owner, statement)
    value = f"{'-' if statement.largest else ''}(double){frame.text(statement.key)}"
    return f"pl_rank_of(m, {value}, {number}u, {frame.at(Site.PRE)}, {frame.at(Site.POST)})"


def _select_of_all(block: KernelBlock, ranks: str, places: str, wanted: Value, flags: str) -> None:
    for digit in range(DIGITS):
        count = f"pl_select_digit(&ranks, {places}, {digit}, {wanted.text}, counts, &bound);"
        block.kernel(["__shared__ int32_t counts[256];", "__shared__ pl_bound bound;", ranks, count], Shape.SPREAD)
    flag = f"pl_select_flag(&ranks, {flags}, {places}, {wanted.text}, &bound);"
    block.kernel(["__shared__ pl_bound bound;", ranks, flag], Shape.SPREAD)


def _select_by_row(block: KernelBlock, ranks: str, rows: str, select: str) -> None:
    loop = [f"for (int64_t k = pl_warp(); k < {rows}; k += pl_warps()) {{", f"    {select}", "}"]
    block.kernel([ranks, *loop], Shape.SPREAD)
