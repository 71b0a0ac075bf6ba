"""From a program to the text of one C source.

The text depends on the structure of the program, not on sizes or values.
"""

from __future__ import annotations

from plastlang.backends.c.batch import call_each
from plastlang.backends.c.batch_run import run_batch, signal_batch
from plastlang.backends.c.emitted import Emitted
from plastlang.backends.c.lanes import set_lanes
from plastlang.backends.c.pairs import has_pairs, keep_pairs
from plastlang.backends.c.parts import in_parts
from plastlang.backends.c.phases import advance_together, call_block, has
from plastlang.backends.c.populations import emit_population
from plastlang.backends.c.projections import emit_projection
from plastlang.backends.cfamily.layout import OwnerLayout, PopulationLayout, ProjectionLayout, layout
from plastlang.backends.cfamily.printer import Dialect, Names, comment, indent
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import (
    ConnectAll,
    ConnectOneToOne,
    ConnectProbability,
    EachStep,
    Every,
    PostSpike,
    PreSpike,
    Program,
    Signal,
)


def emit(program: Program, precision: str, batch: int = 1) -> Emitted:
    """The C source of a program at "single" or "double" precision, for one network or a batch."""
    dialect = Dialect("float" if precision == "single" else "double")
    batched = batch > 1
    places = layout(program, batched)
    for projection in places.projections.values():
        set_lanes(projection, places.sharing[projection.owner.name], batch)
        keep_pairs(projection)
    names = Names()
    units = [Unit(dialect, names, places, o) for o in (*places.populations.values(), *places.projections.values())]
    for unit in units:
        if isinstance(unit.owner, PopulationLayout):
            emit_population(unit)
        else:
            emit_projection(unit)
    lines = [
        comment(f"{program.name}: made by plastlang, {precision} precision. docs/numerics.md says what it computes."),
        '#include "plast_host.h"',
        "",
        *in_parts(units, [*(run_batch(units) if batched else _run(units)), *_host(units)]),
    ]
    return Emitted("\n".join(lines) + "\n", places)


def _run(units: list[Unit]) -> list[str]:
    """One step after the other, phase by phase."""
    populations = [u for u in units if isinstance(u.owner, PopulationLayout)]
    projections = [u for u in units if isinstance(u.owner, ProjectionLayout)]
    body: list[str] = []
    body += ["int64_t work = 0;", *(f"work += {u.prefix}_gather(m, step);" for u in projections if has(u, PreSpike))]
    function, calls = advance_together(populations, projections)
    body += [*calls, "(void)work;"]
    body += ["if (m->fault != PL_FINE) {", "    return done;", "}"]
    body += [f"{u.prefix}_step(m, step);" for u in projections if u.owner.owner.step]
    body += [f"{u.prefix}_spikes(m, step);" for u in populations]
    body += [f"{u.prefix}_post(m, step);" for u in projections if has(u, PostSpike)]
    for kind in (EachStep, Every):
        for unit in units:
            for number, block in enumerate(unit.owner.owner.blocks):
                if isinstance(block.trigger, kind):
                    body += call_block(unit, number, block)
    body += [
        "m->step += 1;",
        "m->signals = 0;",
        "pl_record_states(m, m->record_count, m->step);",
        "if (m->fault != PL_FINE || m->nan_word != 0) {",
        "    return done;",
        "}",
    ]
    return [
        *function,
        comment("Advance by `steps`; returns the steps done, fewer after a fault."),
        "PL_API int64_t plast_run(pl_model *m, int64_t steps);",
        "PL_API int64_t plast_run(pl_model *m, int64_t steps) {",
        "    for (int64_t done = 0; done < steps; ++done) {",
        "        const int32_t step = (int32_t)m->step;",
        *indent(body, 2),
        "    }",
        "    return steps;",
        "}",
        "",
    ]


def _host(units: list[Unit]) -> list[str]:
    """What the host calls by the number of an owner: populations, then projections."""
    lines: list[str] = []
    lines += _dispatch("void plast_init(pl_model *m, int64_t owner)", [f"{u.prefix}_init(m);" for u in units])
    lines += _dispatch("void plast_constants(pl_model *m, int64_t owner)", [f"{u.prefix}_constants(m);" for u in units])
    lines += _dispatch(
        "void plast_get(pl_model *m, int64_t owner, int64_t variable, void *out)",
        [f"{u.prefix}_get(m, (int32_t)m->step, variable, out);" for u in units],
    )
    lines += _dispatch(
        "void plast_set(pl_model *m, int64_t owner, int64_t variable, const void *given)",
        [f"{u.prefix}_set(m, (int32_t)m->step, variable, given);" for u in units],
    )
    lines += _dispatch("void plast_flush(pl_model *m, int64_t owner)", [_flush(u.owner, u.prefix) for u in units])
    lines += _dispatch("void plast_start(pl_model *m, int64_t owner)", [_start(u) for u in units])
    lines += _dispatch("void plast_pairs_again(pl_model *m, int64_t owner)", [_pairs(u) for u in units])
    lines += _dispatch(
        "bool plast_connect(pl_model *m, int64_t owner, int32_t *lengths, pl_bytes *posts, double *chance)",
        [_connect(u) for u in units], "return true;",
    )  # fmt: skip
    calls = []
    for unit in units:
        own = [
            f"if (block == {number}) {{ {unit.prefix}_block{number}(m, (int32_t)m->step, repeat, given); }}"
            for number, b in enumerate(unit.owner.owner.blocks)
            if isinstance(b.trigger, Signal)
        ]
        calls.append(" ".join(own))
    if units and units[0].layout.batched:
        calls = [signal_batch(unit) for unit in units]
    lines += _dispatch(
        "void plast_signal(pl_model *m, int64_t owner, int64_t block, uint32_t repeat, const double *given)", calls
    )
    return lines


def _dispatch(head: str, calls: list[str], last: str = "") -> list[str]:
    names = [a.split()[-1].lstrip("*") for a in head[head.index("(") + 1 : -1].split(",")]
    lines = [f"PL_API {head};", f"PL_API {head} {{"]
    lines += [f"    (void){name};" for name in names]
    lines.append("    switch (owner) {")
    for number, call in enumerate(calls):
        if call:
            lines += [f"    case {number}:", f"        {call}", "        break;"]
    return [*lines, "    default:", "        break;", "    }", *([f"    {last}"] if last else []), "}", ""]


def _flush(owner: OwnerLayout, prefix: str) -> str:
    deferred = isinstance(owner, ProjectionLayout) and owner.schedule.post == "deferred"
    return f"{prefix}_flush(m, (int32_t)m->step);" if deferred else ""


def _start(unit: Unit) -> str:
    """Start values for all synapses, new as they are."""
    if not isinstance(unit.owner, ProjectionLayout):
        return ""
    unit_lines = [
        "{",
        f"const pl_rows *const r = &m->projections[{unit.owner.number}].rows;",
        "for (int32_t i = 0; i < r->count; ++i) {",
        "for (int64_t s = r->start[i]; s < r->start[i] + r->length[i]; ++s) {",
        *(
            call_each(f"{unit.prefix}_start(n, i, r->post[s], s, (int32_t)m->step, 0u);")
            if unit.layout.batched
            else [f"{unit.prefix}_start(m, i, r->post[s], s, (int32_t)m->step, 0u);"]
        ),
        "}",
        "}",
        "}",
    ]
    return "\n        ".join(unit_lines)


def _pairs(unit: Unit) -> str:
    kept = isinstance(unit.owner, ProjectionLayout) and has_pairs(unit.owner)
    return f"{unit.prefix}_pairs(m);" if kept else ""


def _connect(unit: Unit) -> str:
    if not isinstance(unit.owner, ProjectionLayout):
        return ""
    match unit.owner.owner.connect:
        case ConnectProbability():
            return f"return {unit.prefix}_connect(m, lengths, posts, chance);"
        case ConnectAll():
            return f"return pl_connect_all(&m->projections[{unit.owner.number}], lengths, posts);"
        case ConnectOneToOne():
            return f"return pl_connect_one_to_one(&m->projections[{unit.owner.number}], lengths, posts);"
        case _:
            return ""
