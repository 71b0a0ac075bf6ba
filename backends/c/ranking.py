"""Synapses with the smallest or largest values go, absent pairs come; vacant elements are matched at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout, Scratch
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cfamily.unit import Unit, around
from plastlang.ir.decisions import rank_number
from plastlang.ir.nodes import Expr, GrowMatched, GrowRanked, PruneRanked
from plastlang.ir.types import Site, Type

_AT = {Site.GLOBAL: "0", Site.PRE: "i", Site.POST: "j"}
#: Gives the lines that make the synapse (i, j).
Make = Callable[[], list[str]]


def emit_prune_ranked(unit: Unit, statement: PruneRanked, frame: Frame) -> None:
    """Put `prune N synapses with smallest ...` on the lines of a block."""
    frame.lines.append("{")
    inside = _inside(frame)
    wanted = _counts(unit, statement, inside)

    def body(scope: Scope, inner: Frame) -> None:
        key = _key(unit, inner, statement)
        inner.lines += _checked(f"pl_rank_push(&list, {_AT[statement.per]}, {key}, q++)", "list")

    inside.lines += [
        "pl_bytes list = {NULL, 0, 0};",
        "int64_t q = 0;",
        *unit.loop(Site.SYNAPSE, body, inside),
        "uint8_t *const gone = pl_flags(m, p);",
        *_checked("gone != NULL", "list"),
        f"pl_rank_mark(&list, {wanted}, gone, p->rows.total);",
        "pl_release(&list);",
        "(void)pl_prune(m, p, gone);",
    ]
    frame.lines += [*indent(inside.lines), "}"]


def emit_grow_ranked(unit: Unit, statement: GrowRanked, frame: Frame, make: Make) -> None:
    """Put `grow N pairs with largest ...` on the lines of a block."""
    frame.lines.append("{")
    inside = _inside(frame)
    wanted = _counts(unit, statement, inside)
    count = f"{wanted}[{_AT[statement.per]}]"
    pair, scope = _pair_frame(unit, inside)
    key = _key(unit, pair, statement)
    offer = [
        *pair.lines,
        *_checked(f"pl_rank_offer(&list, {count}, {key}, (int64_t)i * p->n_post + j)", "list", "chosen"),
    ]
    take = _checked(f"pl_rank_take(&list, {count}, &chosen)", "list", "chosen")
    scope.lines = _absent(statement.per, offer, take)
    inside.lines += [
        "pl_bytes list = {NULL, 0, 0}, chosen = {NULL, 0, 0};",
        "{",
        *indent(scope.text()),
        "}",
        "pl_release(&list);",
        "pl_rank_by_place(&chosen);",
        "for (int64_t q = 0; q < pl_rank_count(&chosen); ++q) {",
        "    const int32_t i = (int32_t)(pl_rank_items(&chosen)[q].place / p->n_post);",
        "    const int32_t j = (int32_t)(pl_rank_items(&chosen)[q].place % p->n_post);",
        *indent(make()),
        "}",
        "pl_release(&chosen);",
    ]
    frame.lines += [*indent(inside.lines), "}"]


def emit_grow_matched(unit: Unit, statement: GrowMatched, frame: Frame, make: Make) -> None:
    """Put `grow by matching ...` on the lines of a block."""
    frame.lines.append("{")
    inside = _inside(frame)
    inside.lines.append("pl_bytes axons = {NULL, 0, 0}, dendrites = {NULL, 0, 0};")
    for site, vacant, name, ordinal in (
        (Site.PRE, statement.axonal, "axons", 1),
        (Site.POST, statement.dendritic, "dendrites", 2),
    ):
        inside.lines += unit.loop(site, _elements(statement, vacant, name, site, ordinal, frame), inside)
        inside.lines.append(f"pl_rank_sort(&{name});")
    inside.lines += [
        "int64_t matches = pl_rank_count(&axons);",
        "matches = matches < pl_rank_count(&dendrites) ? matches : pl_rank_count(&dendrites);",
        *_accept(unit, statement, inside),
        "for (int64_t q = 0; q < matches; ++q) {",
        *indent(_MATCH),
        *(
            ["    if (pl_rank_items(&axons)[q].key == 0) {", "        continue;", "    }"]
            if statement.probability
            else []
        ),
        *indent(make()),
        "}",
        "pl_release(&axons);",
        "pl_release(&dendrites);",
    ]
    frame.lines += [*indent(inside.lines), "}"]


_MATCH = [
    "const int32_t i = (int32_t)(pl_rank_items(&axons)[q].place >> 31);",
    "const int32_t j = (int32_t)(pl_rank_items(&dendrites)[q].place >> 31);",
]


def _elements(
    statement: GrowMatched, vacant: Expr, name: str, site: Site, ordinal: int, frame: Frame
) -> Callable[[Scope, Frame], None]:
    counter = f"pl_counter({statement.purpose}u, {ordinal}u, {frame.repeat})"

    def body(scope: Scope, inner: Frame) -> None:
        call = f"pl_rank_elements(m, &{name}, {_AT[site]}, {inner.text(vacant)}, step, {counter})"
        inner.lines += _checked(call, "axons", "dendrites")

    return body


def _accept(unit: Unit, statement: GrowMatched, inside: Frame) -> list[str]:
    """Which matches are made, decided before any is: the key of the axonal element is 1 or 0 then."""
    if statement.probability is None:
        return []
    pair, scope = _pair_frame(unit, inside)
    pair = replace(pair, who=("(uint32_t)q", "0u"))
    chance = pair.text(statement.probability)
    u = f"pl_u{unit.dialect.suffix}({pair.words(statement.purpose)})"
    granted = f"pl_chance(m, {u}, {chance}, {statement.purpose}u, i, j)"
    lines = [*_MATCH, *pair.lines, f"pl_rank_items(&axons)[q].key = {granted};"]
    scope.lines = ["for (int64_t q = 0; q < matches; ++q) {", *indent(lines), "}"]
    return ["{", *indent(scope.text()), "}"]


# ---------------------------------------------------------------- parts


def _inside(frame: Frame) -> Frame:
    return replace(frame, lines=[], locals=dict(frame.locals))


def _counts(unit: Unit, statement: PruneRanked | GrowRanked, frame: Frame) -> str:
    """Put the numbers on the lines; gives the array of them, one for each group."""
    if statement.per is Site.GLOBAL:
        frame.lines.append(f"const int32_t wanted[1] = {{{frame.text(statement.count)}}};")
        return "wanted"
    unit.owner.scratch.append(Scratch(statement.per, Type.INT))
    place = f"((int32_t *)p->scratch[{len(unit.owner.scratch) - 1}])"

    def body(scope: Scope, inner: Frame) -> None:
        inner.lines.append(f"{place}[{_AT[statement.per]}] = {inner.text(statement.count)};")

    frame.lines += unit.loop(statement.per, body, frame)
    return place


def _key(unit: Unit, frame: Frame, statement: PruneRanked | GrowRanked) -> str:
    """The rank of a synapse or pair. Whoever has none that is a number comes last, and is noted."""
    assert isinstance(unit.owner, ProjectionLayout)
    number = rank_number((p.owner for p in unit.layout.projections.values()), unit.owner.owner, statement)
    value = f"{'-' if statement.largest else ''}(double){frame.text(statement.key)}"
    return f"pl_rank_of(m, {value}, {number}u, {frame.at(Site.PRE)}, {frame.at(Site.POST)})"


def _pair_frame(unit: Unit, frame: Frame) -> tuple[Frame, Scope]:
    """A frame for any pair (i, j)."""
    scope = Scope(numbers=frame.scope.numbers)
    pair = unit.frame(
        scope, [], Site.SYNAPSE, now=frame.now, step=frame.step, repeat=frame.repeat, locals=dict(frame.locals)
    )  # fmt: skip
    return replace(pair, site=Site.PAIR), scope


def _checked(call: str, *lists: str) -> list[str]:
    """End the block, with a fault, where there is no memory."""
    released = [f"    pl_release(&{name});" for name in lists]
    return [f"if (!({call})) {{", *released, "    pl_no_memory(m);", "    return;", "}"]


def _absent(per: Site, offer: list[str], take: list[str]) -> list[str]:
    """Loops over the absent pairs, group by group."""
    if per is Site.POST:
        inner = ["if (pl_rows_find(&p->rows, i, j) >= 0) {", "    continue;", "}", *offer]
        return around(Site.POST, [*around(Site.PRE, inner), *take])
    row = [
        "const int64_t row_end = p->rows.start[i] + p->rows.length[i];",
        "int64_t at = p->rows.start[i];",
        *around(
            Site.POST,
            [
                "while (at < row_end && p->rows.post[at] < j) {",
                "    ++at;",
                "}",
                "if (at < row_end && p->rows.post[at] == j) {",
                "    continue;",
                "}",
                *offer,
            ],
        ),
    ]
    if per is Site.PRE:
        return around(Site.PRE, [*row, *take])
    return [*around(Site.PRE, row), *take]
