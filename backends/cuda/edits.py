"""What structural statements share: edits are put on the lists of their rows, room is looked for, rows change."""

from __future__ import annotations

from collections.abc import Sequence

from plastlang.backends.cfamily.layout import ProjectionLayout, has_draw
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.wishes import Growth
from plastlang.backends.cuda.blocks import KernelBlock
from plastlang.backends.cuda.blocks import kept as memory
from plastlang.backends.cuda.idle import renewed
from plastlang.backends.cuda.plan import Shape
from plastlang.ir.nodes import Assign, Builtin, Expr, Let, Stmt
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, walk

#: What the network says that follows each single edit.
FOLLOWING = frozenset({"synapses", "pre.out_degree", "post.in_degree"})


def _expressions(block: KernelBlock, growths: Sequence[Growth]) -> list[Expr]:
    """What is evaluated for a new synapse."""
    variables = [v for v in block.unit.owner.owner.variables if v.site in (Site.SYNAPSE, Site.PAIR)]
    return [*(v.init for v in variables), *(x for growth in growths for x in all_expressions(growth.init))]


def follows_edits(expressions: Sequence[Expr]) -> bool:
    """Whether new synapses of one statement can see each other: they are then made one after the other."""
    return any(isinstance(n, Builtin) and n.name in FOLLOWING for x in expressions for n in walk(x))


def emit_edits(
    block: KernelBlock, growths: Sequence[Growth], kept: str = "", wishes: str = "", replaces: bool = False
) -> None:  # fmt: skip
    """Add the kernels that carry out the edits in the work memory.

    Args:
        block: of the statement.
        growths: edits of kind k make a synapse with growths[k - 1].
        kept: C type of what is kept for each edit beside it, or "".
        wishes: edits are those of wishes that were "granted", or of those that "claimed" with the least number.
        replaces: a pair may lose synapses and get others.
    """
    number = block.unit.owner.number
    room = [f"pl_edits_room(m, p, pl_kernel, {number});"]
    if wishes:
        room.insert(0, f"pl_wishes_link(p, {'true' if wishes == 'claimed' else 'false'});")
    else:
        block.kernel(["pl_edits_link(p);"], Shape.SPREAD)
    block.kernel(room, Shape.BLOCK)
    expressions = _expressions(block, growths)
    if growths and follows_edits(expressions):
        block.kernel(_one_after_the_other(_make(block, growths, kept)), Shape.BLOCK)
    else:
        later = replaces and any(has_draw(x) for x in expressions)
        block.kernel(_rows_at_once(_make(block, growths, kept, later)), Shape.SPREAD)


def _rows_at_once(make: list[str]) -> list[str]:
    new = [
        "for (int32_t k = pl_lane(); k < row.fresh; k += 32) {",
        "    const int32_t a = pl_new_number(row.edits[k]);",
        "    const pl_edit *const edit = &work.edits[a];",
        "    const int64_t s = row.place[k];",
        *indent(make),
        "}",
    ]
    return [
        "const pl_work work = pl_work_now(p);",
        "const int64_t turns = pl_edits_turns(p, &work);",
        "for (int64_t turn = pl_warp(); turn < turns; turn += pl_warps()) {",
        f"    {'const pl_edited row = ' if make else '(void)'}pl_edits_row(p, &work, turn);",
        *indent(new if make else []),
        "}",
    ]


def _one_after_the_other(make: list[str]) -> list[str]:
    new = [
        "const int32_t a = (int32_t)from + __ffs((int)granted) - 1;",
        "pl_edits_one(p, &work, a);",
        "const pl_edit *const edit = &work.edits[a];",
        "if (edit->kind > 0 && pl_lane() == 0) {",
        "    const int64_t s = edit->place;",
        *indent(make),
        "}",
        "__syncwarp();",
    ]
    return [
        "const pl_work work = pl_work_now(p);",
        "for (int64_t from = 0; pl_warp() == 0 && from < work.head->count; from += 32) {",
        "    for (unsigned granted = pl_edits_granted(&work, from); granted != 0; granted &= granted - 1) {",
        *indent(new, 2),
        "    }",
        "}",
    ]


def _make(block: KernelBlock, growths: Sequence[Growth], kept: str, later: bool = False) -> list[str]:
    """Lines that give the new synapse `s` of the edit `a` its start values, and run the body of its grow.

    `later`: edits after this one have been done already, and its draws depend on how many older ones its pair had.
    """
    if not growths:
        return []
    unit = block.unit
    assert isinstance(unit.owner, ProjectionLayout)
    start = f"{unit.prefix}_start(m, i, j, s, step, {block.repeat}, {'later' if later else '0u'});"
    begin = [start, *renewed(unit)]
    lines = [
        "const int32_t i = edit->pre, j = edit->post;",
        *(["const uint32_t later = pl_edits_gone_later(&work, a);"] if later else []),
        *(unit.each_network(begin) if unit.layout.batched else begin),
    ]
    if kept:
        lines.append(f"const {kept} *const more = (const {kept} *)work.more + a;")
        lines.append("(void)more;")
    for number, growth in enumerate(growths, 1):
        if growth.init:
            older = "(pl_rows_ordinal(&p->rows, i, s) + later)" if later else ""
            lines += [f"if (edit->kind == {number}) {{", *indent(_grown(block, growth, older)), "}"]
    return lines


def _grown(block: KernelBlock, growth: Growth, older: str) -> list[str]:
    """The body of a grow for a new synapse: in each network of a batch, but for what they share."""
    unit = block.unit
    if not unit.layout.batched:
        return _statements(block, growth.init, {**block.locals, **growth.known}, older)[0]
    if not unit.sharing.writes_shared(growth.init):
        return unit.each_network(_statements(block, growth.init, {**block.locals, **growth.known}, older)[0])
    lines, names = list[str](), {**block.locals, **growth.known}
    for statement in growth.init:
        made, new = _statements(block, (statement,), names, older)
        if isinstance(statement, Let):
            value = memory(unit, statement.name, statement.value.type, Site.SYNAPSE)
            made.append(f"{value.text}[s] = {new[statement.name].text};")
            names[statement.name] = value
        once = isinstance(statement, Assign) and statement.name in unit.sharing.shared
        lines += ["{", *indent(made), "}"] if once else unit.each_network(made)
    return lines


def _statements(
    block: KernelBlock, body: Sequence[Stmt], names: dict[str, Value], older: str
) -> tuple[list[str], dict[str, Value]]:
    """Lines for the new synapse of one network, and the names that are known after them."""
    scope = Scope()
    new = block.unit.frame(
        scope, scope.lines, Site.SYNAPSE, now=block.now, repeat=block.repeat, locals=dict(names), older=older
    )  # fmt: skip
    for statement in body:
        new.run(statement)
    return scope.text(), new.locals
