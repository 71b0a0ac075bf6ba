"""Structural statements, and what a new synapse starts with."""

from __future__ import annotations

from dataclasses import replace

from plastlang.backends.c.aggregates import emit_reduce
from plastlang.backends.c.idle import quiet
from plastlang.backends.c.making import make
from plastlang.backends.c.pairs import first_only, pair_lines
from plastlang.backends.c.ranking import emit_grow_matched, emit_grow_ranked, emit_prune_ranked
from plastlang.backends.c.sampling import Sampling
from plastlang.backends.cfamily.blocks import Structural
from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.idle import has_walks
from plastlang.ir.nodes import (
    GrowMatched,
    GrowRanked,
    GrowUniform,
    PruneRanked,
    PruneWhere,
    Reduce,
    Sample,
)
from plastlang.ir.types import Site, Type


def emit_start(unit: Unit) -> None:
    """A function that gives a new synapse its declared start values."""
    scope = Scope()
    frame = unit.frame(scope, scope.lines, Site.SYNAPSE, now=False, repeat="repeat")
    scope.lines += [f"(void){name};" for name in ("i", "j", "s", "step", "repeat")]
    owner = unit.owner
    assert isinstance(owner, ProjectionLayout)
    scope.lines += first_only(unit, pair_lines(owner, frame))
    synaptic = [v for v in owner.owner.variables if v.site is Site.SYNAPSE]
    for column in owner.columns:
        if column.kind == "last":
            scope.lines.append(f"{frame.item('last', column.name)} = step;")
    for variable in synaptic:
        only_first = unit.layout.batched and variable.shared
        inner = replace(frame, lines=[]) if only_first else frame
        inner.lines.append(f"{inner.item('value', variable.name)} = {inner.text(variable.init)};")
        if only_first:
            scope.lines += ["if (m->number == 0) {", *indent(inner.lines), "}"]
    for column in owner.columns:
        if column.kind == "before":
            scope.lines.append(f"{frame.item('before', column.name)} = {frame.item('value', column.name)};")
        if column.kind == "stamp":
            scope.lines.append(f"{frame.item('stamp', column.name)} = step;")
    if has_walks(owner.owner):
        scope.lines.append(f"{quiet(owner)} = 0;")
    arguments = "int32_t i, int32_t j, int64_t s, int32_t step, uint32_t repeat"
    unit.function("start", arguments, scope, about=f"{owner.owner.name}: a new synapse")


def emit_structure(unit: Unit, statement: Structural, frame: Frame) -> None:
    """Put a structural statement, or a reduction, on the lines of a block."""
    match statement:
        case Reduce():
            emit_reduce(unit, statement, frame)
        case PruneWhere():
            _prune(unit, statement, frame)
        case PruneRanked():
            emit_prune_ranked(unit, statement, frame)
        case GrowUniform():
            _grow_uniform(unit, statement, frame)
        case GrowRanked(init=init):
            emit_grow_ranked(unit, statement, frame, lambda: make(unit, frame, init, {}))
        case GrowMatched(init=init):
            emit_grow_matched(unit, statement, frame, lambda: make(unit, frame, init, {}))
        case Sample():
            Sampling(unit, statement, frame).emit()


def _prune(unit: Unit, statement: PruneWhere, frame: Frame) -> None:
    gone = frame.scope.fresh("gone")
    frame.lines += [f"uint8_t *const {gone} = pl_flags(m, p);", f"if ({gone} == NULL) {{", "    return;", "}"]

    def body(loop: Scope, inner: Frame) -> None:
        inner.lines.append(f"{gone}[q++] = {inner.text(statement.condition)};")

    loop = unit.loop(Site.SYNAPSE, body, frame)
    frame.lines += ["{", "    int64_t q = 0;", *indent(loop), "}"]
    call = f"pl_prune(m, p, {gone});"
    if statement.bind:
        local = frame.scope.fresh(unit.names.of("l", statement.bind))
        frame.lines.append(f"const int32_t {local} = {call}")
        frame.locals[statement.bind] = Value(local, Type.INT, Site.GLOBAL)
    else:
        frame.lines.append(f"(void){call}")


def _grow_uniform(unit: Unit, statement: GrowUniform, frame: Frame) -> None:
    wanted = frame.scope.fresh("wanted")
    frame.lines.append(f"const int32_t {wanted} = {frame.text(statement.count)};")
    made = make(unit, frame, statement.init, {})
    counter = f"pl_counter({statement.purpose}u, 0u, {frame.repeat})"
    frame.lines += [
        f"if ({wanted} >= (int64_t)p->n_pre * p->n_post - (p->rows.total - p->rows.extra)) {{",
        "    for (int32_t i = 0; i < p->n_pre; ++i) {",
        "        for (int32_t j = 0; j < p->n_post; ++j) {",
        "            if (pl_rows_find(&p->rows, i, j) >= 0) {",
        "                continue;",
        "            }",
        *indent(made, 3),
        "        }",
        "    }",
        "} else {",
        f"    for (int32_t grown = 0, a = 0; grown < {wanted}; ++a) {{",
        f"        const pl_words w = pl_philox((uint32_t)a, 0u, (uint32_t)step, {counter}, m->seed);",
        "        const int32_t i = (int32_t)pl_below(w.w0, (uint32_t)p->n_pre);",
        "        const int32_t j = (int32_t)pl_below(w.w1, (uint32_t)p->n_post);",
        "        if (pl_rows_find(&p->rows, i, j) >= 0) {",
        "            continue;",
        "        }",
        *indent(made, 2),
        "        ++grown;",
        "    }",
        "}",
    ]
