"""The functions of one projection: arrivals, post spikes at once or later, stepped variables, blocks, new synapses."""

from __future__ import annotations

from plastlang.backends.c.access import emit_access, emit_remember
from plastlang.backends.c.arrivals import EDGE, Arrival, edge_reads, late_loop, owner_of, snapshot_fields
from plastlang.backends.c.batch import BatchEmitter, has_walk, is_each_alone
from plastlang.backends.c.connect import emit_connect
from plastlang.backends.c.pairs import emit_pairs
from plastlang.backends.c.populations import emit_block, emit_initial
from plastlang.backends.c.structure import emit_start, emit_structure
from plastlang.backends.cfamily.blocks import BlockEmitter
from plastlang.backends.cfamily.constants import emit_constants
from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.joined import LATE, Spikes, spikes_on
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import PostSpike, PreSpike, Read
from plastlang.ir.types import Site, Type


def emit_projection(unit: Unit) -> None:
    """Put all functions of a projection on the source."""
    owner = owner_of(unit)
    emit_initial(unit)
    emit_remember(unit)
    emit_start(unit)
    emit_pairs(unit)
    emit_connect(unit)
    fields = snapshot_fields(owner)
    arriving = spikes_on(owner.owner.blocks, PreSpike, unit.layout.dt) or (Spikes((), True, 0, None, False),)
    for key, spikes in _keyed(arriving):
        Arrival(unit, spikes, fields, key).emit()
    _one_after_the_other(unit, "arrive", arriving)
    if len(arriving) > 1 and not unit.layout.batched:
        scope = Scope(lines=[f"{unit.prefix}_arrive(m, step);", "p->arrivals.used = 0;", "return 0;"])
        unit.function("gather", "int32_t step", scope, "int64_t")
    if owner.schedule.post == "deferred":
        _flush(unit)
    _post(unit)
    if owner.owner.step:
        scope = Scope()
        frame = unit.frame(scope, scope.lines, Site.GLOBAL)
        scope.lines.append("(void)step;")
        body = owner.owner.step
        if has_walk(body) if not unit.layout.batched else not is_each_alone(unit, body):
            BatchEmitter(unit, frame, emit_structure, "step", "step", in_steps=True).run(owner.owner.step)
        else:
            BlockEmitter(unit, frame, emit_structure, "step").run(owner.owner.step)
        unit.function("step", "int32_t step", scope, about=f"{owner.owner.name}: stepped variables")
    for number, block in enumerate(owner.owner.blocks):
        if not isinstance(block.trigger, (PreSpike, PostSpike)):
            emit_block(unit, number, block, emit_structure)
    emit_access(unit)
    emit_constants(unit)


def _flush(unit: Unit) -> None:
    """Bring one row, or all, up to date with the post spikes before step `upto`."""
    prefix = unit.prefix
    one = Scope()
    one.lines = [
        f"{prefix}_arrival a;",
        f"{prefix}_snapshot(m, i, &a);",
        f"{prefix}_replay(m, &a, 0, p->n_post);",
        "p->history.visited[i] = upto;",
        "p->history.mark[i] = p->history.logged;",
    ]
    unit.function("flush_row", "int32_t i, int32_t upto", one)
    every = Scope()
    every.lines = [
        "if (p->history.logged == p->history.log_settled) {",
        "    return;",
        "}",
        "for (int32_t i = 0; i < p->n_pre; ++i) {",
        f"    {prefix}_flush_row(m, i, upto);",
        "}",
        "pl_history_settle(&p->history, upto);",
        "pl_history_survey(&p->history, &p->rows);",
    ]
    unit.function("flush", "int32_t upto", every)


# ---------------------------------------------------------------- post spikes


def _keyed(groups: tuple[Spikes, ...]) -> list[tuple[str, Spikes]]:
    """What ends the names of the functions of each group."""
    return [(f"_{number}" if len(groups) > 1 else "", spikes) for number, spikes in enumerate(groups)]


def _one_after_the_other(unit: Unit, name: str, groups: tuple[Spikes, ...]) -> None:
    """One function for spikes that act at several times."""
    if len(groups) > 1:
        scope = Scope()
        scope.lines = [f"{unit.prefix}_{name}{key}(m, step);" for key, spikes in _keyed(groups) if spikes.body]
        unit.function(name, "int32_t step", scope)


def _post(unit: Unit) -> None:
    groups = spikes_on(owner_of(unit).owner.blocks, PostSpike, unit.layout.dt)
    for key, spikes in _keyed(groups):
        if spikes.body:
            _post_spikes(unit, spikes, key)
    _one_after_the_other(unit, "post", groups)


def _post_spikes(unit: Unit, spikes: Spikes, key: str) -> None:
    owner, body = owner_of(unit), spikes.body
    scope = Scope()
    chosen = unit.frame(scope, [], Site.POST, locals={LATE: Value("late", Type.INT, Site.GLOBAL)})
    if spikes.chosen is not None:
        condition = chosen.text(spikes.chosen)
        chosen.lines += [f"if (!({condition})) {{", "    continue;", "}"]
    post = unit.frame(scope, [], Site.POST)
    edge = unit.frame(scope, [], Site.SYNAPSE, outer=post, outer_sites=frozenset({Site.POST, Site.GLOBAL}))
    if spikes.per_synapse:
        edge.locals[LATE] = Value("late", Type.INT, Site.GLOBAL)
    deferred = owner.schedule.post == "deferred"
    payload: dict[Read, str] = {}
    for statement in body:
        if statement.site not in EDGE:
            post.run(statement)
            edge.hoists.clear()
        elif deferred:
            for read in edge_reads((statement,)):
                if read in owner.schedule.payload and read not in payload:
                    payload[read] = post.hoisted(read)
        else:
            edge.run(statement)
    lines = [*chosen.lines, *post.lines]
    if deferred:
        lines += _push(unit, payload)
    elif edge.lines:
        lines += _incoming(edge)
    target = unit.layout.populations[owner.owner.target].number
    when, slots = "step", unit.layout.populations[owner.owner.target].slots
    if spikes.last:
        when = f"step + {slots - spikes.last}" if spikes.fixed else f"step + {slots} - late"
    found = [f"const pl_spikes *const spiked = pl_spikes_at(&m->populations[{target}], {when});"]
    if deferred:
        found += [
            "if (!pl_history_has_room(&p->history, spiked)) {",
            f"    {unit.prefix}_flush(m, step);",
            "}",
        ]
    found += [
        "for (int64_t k = 0; k < spiked->count; ++k) {",
        "    const int32_t j = spiked->neurons[k];",
        *indent(lines),
        "}",
    ]
    scope.lines = late_loop(spikes, found)
    unit.function(f"post{key}", "int32_t step", scope, about=f"{owner.owner.name}: post spikes")


def _push(unit: Unit, payload: dict[Read, str]) -> list[str]:
    owner = owner_of(unit)
    lines = [
        "int64_t log_place;",
        "const int64_t place = pl_history_push(&p->history, j, step, &log_place);",
        "(void)place;",
    ]
    for k, read in enumerate(owner.schedule.payload):
        type_ = unit.dialect.type(read.type)
        lines.append(f"(({type_} *)(void *)p->history.payload[{k}])[place] = {payload[read]};")
        lines.append(f"(({type_} *)(void *)p->history.log_payload[{k}])[log_place] = {payload[read]};")
    return lines


def _incoming(edge: Frame) -> list[str]:
    """The synapses onto `j`, found through the index; several of one pair follow one another."""
    return [
        "const int64_t last_in = p->incoming.start[j] + p->incoming.length[j];",
        "int64_t s = -1;",
        "for (int64_t e = p->incoming.start[j]; e < last_in; ++e) {",
        "    const int32_t i = p->incoming.post[e];",
        "    const bool again = e > p->incoming.start[j] && p->incoming.post[e - 1] == i;",
        "    s = again ? s + 1 : pl_rows_find(&p->rows, i, j);",
        *indent(edge.lines),
        "}",
    ]
