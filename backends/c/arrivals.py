"""Spikes of source neurons arrive: the neuron's own statements, then its row, with the post spikes that waited."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.joined import LATE, Spikes, spikes_on, statements_on
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import ConnectAll, ConnectProbability, Deliver, PostSpike, PreSpike, Read, Stmt
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import all_expressions, statements, walk

#: Sites whose statements run for synapses.
EDGE = (Site.SYNAPSE, Site.PAIR)
#: About how many ns a synapse takes when a spike arrives, or a post spike that waited for it; a row counts as 16.
_EVENT = 2


def owner_of(unit: Unit) -> ProjectionLayout:
    """The layout of the unit's projection."""
    assert isinstance(unit.owner, ProjectionLayout)
    return unit.owner


def edge_reads(body: tuple[Stmt, ...]) -> list[Read]:
    """Reads in the synapse statements, each once."""
    edge = [s for s in body if s.site in EDGE]
    return list(dict.fromkeys(n for x in all_expressions(edge) for n in walk(x) if isinstance(n, Read)))


def visits(unit: Unit, target: str) -> bool:
    """Whether arriving spikes concern the rows, and these the neurons of `target`."""
    owner = owner_of(unit)
    arriving = spikes_on(owner.owner.blocks, PreSpike, unit.layout.dt)
    if len(arriving) > 1:
        return False  # what acts first is done for all synapses before what acts next
    body = [s for spikes in arriving for s in spikes.body]
    looks = owner.schedule.post == "deferred" or any(s.site in EDGE for s in body)
    return owner.owner.target == target and bool(body) and looks


@dataclass(frozen=True, slots=True)
class _Field:
    """An array entry of the pre neuron that waiting post spikes need as it was before the arrival."""

    kind: str
    name: str
    type: Type


def snapshot_fields(owner: ProjectionLayout) -> list[_Field]:
    """What deferred post spikes read of the pre neuron."""
    if owner.schedule.post != "deferred":
        return []
    fields: dict[tuple[str, str], _Field] = {}
    for read in edge_reads(statements_on(owner.owner.blocks, PostSpike)):
        if read.of or read.site is not Site.PRE:
            continue
        found = owner.group(read.name)
        for name in (read.name,) if found is None else found[1].names:
            fields["value", name] = _Field("value", name, owner.variable(name).type)
            if read.before:
                fields["before", name] = _Field("before", name, owner.variable(name).type)
        if found is not None:
            fields["last", found[1].names[0]] = _Field("last", found[1].names[0], Type.INT)
        elif read.before:
            fields["stamp", read.name] = _Field("stamp", read.name, Type.INT)
    return list(fields.values())


def late_loop(spikes: Spikes, lines: list[str]) -> list[str]:
    """The lines for each number of steps, `late`, after which spikes may act."""
    if spikes.fixed:
        return lines
    return [f"for (int32_t late = 0; late <= {spikes.last}; ++late) {{", *indent(lines), "}"]


class Arrival:
    """Two passes: one neuron after the other what concerns the neuron itself, then the rows.

    Threads share the second one by post neuron. Where there are few of these and they get much, rows are shared
    instead, and each thread has sums of its own: so nobody looks at a row, or at the post spikes that
    wait for it, twice.
    """

    def __init__(self, unit: Unit, spikes: Spikes, fields: list[_Field], key: str = ""):
        """`key` ends the names of the functions, where the spikes of a projection act at several times."""
        self.unit, self.spikes, self.body, self.fields, self.key = unit, spikes, spikes.body, fields, key
        self.owner = owner_of(unit)
        self.deferred = self.owner.schedule.post == "deferred"
        self.edge = any(s.site in EDGE for s in self.body)
        self.type = f"{unit.prefix}_arrival{key}"

    def emit(self) -> None:
        """The struct of an arrival and the functions that fill and use it."""
        pre_scope, pre_lines = Scope(), list[str]()
        pre = self.unit.frame(pre_scope, pre_lines, Site.PRE)
        row_scope = Scope(numbers=pre_scope.numbers)
        row = self.unit.frame(
            row_scope, [], Site.SYNAPSE, outer=pre, outer_sites=frozenset({Site.PRE, Site.GLOBAL}),
            deliver="d += {value};", late=self._late(), known=self._now_names(row_scope),
        )  # fmt: skip
        if self.spikes.per_synapse:
            row.locals[LATE] = Value("late", Type.INT, Site.PRE)
        hoists: dict[str, Type] = {}
        for statement in self.body:
            if statement.site in EDGE:
                row.run(statement)
                hoists |= {name: expression.type for expression, name in row.hoists.items()}
            else:
                pre.run(statement)
                row.hoists.clear()
        # a value may be hoisted for a statement that needs only part of it
        kept = Scope(lines=row.lines).text()
        hoists = {n: t for n, t in hoists.items() if _is_used(n, kept)}
        self._struct(hoists)
        if self.deferred:
            self._snapshot()
            self._replay()
        if not self.body and not self.deferred:
            return
        if self.body:
            if self.edge or self.deferred:
                self._visit(row_scope, row.lines, hoists)
            self._gather(pre_scope, pre_lines, hoists)

    def _late(self) -> tuple[Deliver, ...]:
        """Deliveries that wait."""
        return tuple(s for s in statements(self.body) if isinstance(s, Deliver) and s.after is not None)

    def _now_names(self, scope: Scope) -> dict[object, str]:
        """Lazy POST variables, which are brought to now once for all rows."""
        names: dict[object, str] = {}
        self.now: list[Read] = []
        for read in edge_reads(self.body):
            if read.of or read.site is not Site.POST or self.owner.group(read.name) is None:
                continue
            plain = replace(read, before=False)
            type_ = self.unit.dialect.type(read.type)
            name = self.unit.names.of("now", f"{self.owner.owner.name}.{read.name}")
            scope.declare(name, f"{type_} *restrict {name} = p->now[{self.owner.index(read.name)}];")
            names[read] = names[plain] = f"{name}[j]"
            if plain not in self.now:
                self.now.append(plain)
        return names

    def _struct(self, hoists: dict[str, Type]) -> None:
        dialect = self.unit.dialect
        lines = ["int32_t row, since;", "uint64_t mark;", "int64_t before;"]
        lines += ["int32_t late;"] if self.spikes.per_synapse else []
        lines += [f"{dialect.type(f.type)} {f.kind}_{self.unit.names.of('f', f.name)};" for f in self.fields]
        lines += [f"{dialect.type(type_)} {name};" for name, type_ in hoists.items()]
        self.unit.lines += [f"typedef struct {self.type} {{", *indent(lines), f"}} {self.type};", ""]

    def _member(self, field: _Field) -> str:
        return f"{field.kind}_{self.unit.names.of('f', field.name)}"

    def _snapshot(self) -> None:
        scope = Scope()
        frame = self.unit.frame(scope, [], Site.PRE)
        lines = ["a->row = i;", "a->since = p->history.visited[i];", "a->mark = p->history.mark[i];"]
        lines += [f"a->{self._member(f)} = {frame.item(f.kind, f.name)};" for f in self.fields]
        scope.lines = lines
        self.unit.function("snapshot", f"int32_t i, {self.type} *a", scope)

    def _gather(self, scope: Scope, lines: list[str], hoists: dict[str, Type]) -> None:
        """First pass: the statements of the pre neuron, and what the second pass needs of it.

        The second pass is done at once where threads share the rows. Returns about how many ns it takes otherwise.
        """
        inner = self._chosen(scope)
        if self.edge or self.deferred:
            inner += [
                f"if (!pl_reserve(&p->arrivals, (int64_t)sizeof({self.type}))) {{",
                "    pl_no_memory(m);",
                "    return 0;",
                "}",
                f"{self.type} *const a = ({self.type} *)(void *)(p->arrivals.data + p->arrivals.used);",
                f"p->arrivals.used += (int64_t)sizeof({self.type});",
            ]
            if self.deferred:
                inner += [
                    f"{self.unit.prefix}_snapshot(m, i, a);",
                    "p->history.visited[i] = step;",
                    "p->history.mark[i] = p->history.logged;",
                ]
            else:
                inner.append("a->row = i;")
            inner += ["a->late = late;"] if self.spikes.per_synapse else []
        inner += lines
        if self.edge or self.deferred:
            inner += [f"a->{name} = {name};" for name in hoists]
            inner += ["a->before = events;", "events += 16 + p->rows.length[i];"]
        if self.deferred:
            inner.append("events += p->history.full[i] ? (int64_t)(p->history.logged - a->mark) : 0;")
        body = ["p->arrivals.used = 0;"]
        if self.edge or self.deferred:
            body.append("int64_t events = 0;")
        fixed = self.spikes.fixed
        ago = f"{self.owner.owner.delay_steps + (self.spikes.last if fixed else 0)}{'' if fixed else ' - late'}"
        found: list[str] = []
        for k, source in enumerate(self.owner.owner.sources):
            number = self.unit.layout.populations[source].number
            offset = f" + p->first[{k}]" if k else ""
            found += [
                "{",
                f"    const pl_population *const source = &m->populations[{number}];",
                "    const pl_spikes *const spiked =",
                f"        pl_spikes_at(source, step + source->slots - {ago});",
                "    for (int64_t k = 0; k < spiked->count; ++k) {",
                f"        const int32_t i = spiked->neurons[k]{offset};",
                *indent(inner, 2),
                "    }",
                "}",
            ]
        body += late_loop(self.spikes, found)
        prefix, key, name = self.unit.prefix, self.key, self.owner.owner.name
        if (self.edge or self.deferred) and self._by_rows():
            body += [
                f"if (pl_is_shared(m, {_EVENT} * events) && pl_few_posts(p, events)) {{",
                *([f"    {prefix}_now{key}(m, step, 0, p->n_post);"] if self.now else []),
                f"    pl_parallel(m, {prefix}_rows{key}, step, (int32_t)events, 1, {_EVENT} * events);",
                "    p->arrivals.used = 0;",
                "    return 0;",
                "}",
            ]
        scope.lines = [*body, f"return {_EVENT} * events;" if self.edge or self.deferred else "return 0;"]
        self.unit.function(f"gather{key}", "int32_t step", scope, "int64_t", about=f"{name}: spikes arrive")
        if self.unit.layout.batched or key:
            together = Scope(lines=[f"const int64_t work = {prefix}_gather{key}(m, step);", "(void)work;"])
            if self.edge or self.deferred:
                together.lines.append(f"pl_parallel(m, {prefix}_visit{key}, step, p->n_post, 16, work);")
            self.unit.function(f"arrive{key}", "int32_t step", together)

    def _chosen(self, scope: Scope) -> list[str]:
        """Go on to the next neuron if the delay of this one is another."""
        if self.spikes.chosen is None:
            return []
        lines: list[str] = []
        frame = self.unit.frame(scope, lines, Site.PRE, locals={LATE: Value("late", Type.INT, Site.GLOBAL)})
        condition = frame.text(self.spikes.chosen)
        return [*lines, f"if (!({condition})) {{", "    continue;", "}"]

    def _by_rows(self) -> bool:
        """Whether threads may share rows: what is delivered goes to sums that can be added later."""
        return not self._late()

    def _visit(self, scope: Scope, lines: list[str], hoists: dict[str, Type]) -> None:
        """Second pass: rows of some arrivals, as far as their posts are in [low, high)."""
        prefix, dialect = self.unit.prefix, self.unit.dialect
        dense, sparse = self._bring_now()
        row = [f"const {self.type} *const a = &arrivals[k];", "(void)a;"]
        row += [f"const {dialect.type(t)} {n} = a->{n};" for n, t in hoists.items()]
        row += ["const int32_t late = a->late;"] if self.spikes.per_synapse else []
        row += [
            "const int32_t i = a->row;",
            "if (k + 1 < end_at) {",
            "    pl_rows_prefetch(&p->rows, arrivals[k + 1].row);",
            "}",
        ]
        if self.deferred:
            row.append(f"{prefix}_replay(m, a, low, high);")
        if self.edge:
            row += ["int64_t first, end;", "pl_rows_part(&p->rows, i, low, high, &first, &end);"]
            if sparse:
                row += ["if (!dense) {", *indent(sparse), "}"]
            row += self._row(scope, lines)
        else:
            row.append("(void)i;")
        scope.lines = [
            *("(void)step;", "(void)dense;", "(void)sums;"),
            f"const {self.type} *const arrivals = (const {self.type} *)(const void *)p->arrivals.data;",
            "for (int64_t k = begin; k < end_at; ++k) {",
            *indent(row),
            "}",
        ]
        self.unit.function(
            f"walk{self.key}", "int32_t step, int64_t begin, int64_t end_at, int32_t low, int32_t high, bool dense, "
            "int64_t *restrict sums", scope,
        )  # fmt: skip
        if dense:
            now = Scope(lines=["(void)step;", *dense])
            self.unit.function(f"now{self.key}", "int32_t step, int32_t low, int32_t high", now)
        self._shares(bool(dense))

    def _shares(self, dense: bool) -> None:
        """A thread's share of the second pass: posts [low, high), or rows by the work in those before them."""
        prefix = self.unit.prefix
        size = f"(int64_t)sizeof({self.type})"
        array = f"const {self.type} *const arrivals = (const {self.type} *)(const void *)p->arrivals.data;"
        posts = Scope(lines=[f"const int64_t count = p->arrivals.used / {size};", "bool dense = false;"])
        if dense:
            posts.lines += [
                array,
                "int64_t events = 0;",
                "for (int64_t k = 0; k < count; ++k) {",
                "    events += p->rows.length[arrivals[k].row];",
                "}",
                "dense = 2 * events > p->n_post;",
                "if (dense) {",
                f"    {prefix}_now{self.key}(m, step, low, high);",
                "}",
            ]
        sums = "NULL"
        if self._delivers():
            target, port = self._port()
            sums = f"m->populations[{target}].inputs[{port}]"
        posts.lines.append(f"{prefix}_walk{self.key}(m, step, 0, count, low, high, dense, {sums});")
        self.unit.function(f"visit{self.key}", "int32_t step, int32_t low, int32_t high", posts)
        if not self._by_rows():
            return
        rows = Scope()
        rows.lines = [
            array,
            f"const int64_t count = p->arrivals.used / {size};",
            "int64_t begin = 0;",
            "while (begin < count && arrivals[begin].before < low) {",
            "    ++begin;",
            "}",
            "int64_t end_at = begin;",
            "while (end_at < count && arrivals[end_at].before < high) {",
            "    ++end_at;",
            "}",
        ]
        if self._delivers():
            rows.lines += ["int64_t own[PL_FEW_POSTS];", "memset(own, 0, (size_t)p->n_post * sizeof *own);"]
        own = "own" if self._delivers() else "NULL"
        rows.lines.append(f"{prefix}_walk{self.key}(m, step, begin, end_at, 0, p->n_post, true, {own});")
        if self._delivers():
            rows.lines.append(f"pl_add_sums(m, {sums}, own, p->n_post);")
        self.unit.function(f"rows{self.key}", "int32_t step, int32_t low, int32_t high", rows)

    def _delivers(self) -> bool:
        """Whether anything is delivered at once."""
        return any(isinstance(s, Deliver) and s.after is None for s in statements(self.body))

    def _port(self) -> tuple[int, int]:
        """The target and its port, by number."""
        target = self.unit.layout.populations[self.owner.owner.target]
        port = next((k for k, x in enumerate(target.owner.inputs) if x.port == self.owner.owner.port), 0)
        return target.number, port

    def _row(self, scope: Scope, lines: list[str]) -> list[str]:
        """The loop over a part of a row: in chunks, whose deliveries are added after their values are known.

        In a row that holds every post neuron once the posts are known without looking, and nothing has to be looked up.
        """
        delivers = self._delivers()
        late = range(len(self._late()))
        target = self.unit.layout.populations[self.owner.owner.target]
        port = self._port()[1]
        if late:
            array = f"m->populations[{target.number}].inputs[{target.late(port)}]"
            scope.declare("waiting", f"int64_t *restrict waiting = {array};")
        slots = target.waiting.get(port, 0) + 1
        place = f"(int64_t)((uint32_t)(step + {{after}}) % {slots}u) * p->n_post + {{post}}"
        delivery = ["int64_t d = 0;"] if delivers else []
        delivery += [line for k in late for line in (f"int64_t late_{k} = 0;", f"int32_t after_{k} = 0;")]
        inner = ["const int64_t s = c + b;", "const int32_t j = post[s];", "(void)j;", *delivery, *lines]
        chunk = [
            "const int32_t n = end - c < PL_BLOCK ? (int32_t)(end - c) : PL_BLOCK;",
            *(["int64_t q[PL_BLOCK];"] if delivers else []),
            *(f"int64_t late_q{k}[PL_BLOCK];" for k in late),
            *(f"int32_t after_q{k}[PL_BLOCK];" for k in late),
            "#pragma omp simd",
            "for (int32_t b = 0; b < n; ++b) {",
            *indent([*inner, *(["q[b] = d;"] if delivers else [])]),
            *(f"    {kind}_q{k}[b] = {kind}_{k};" for k in late for kind in ("late", "after")),
            "}",
        ]
        if delivers:
            chunk += ["for (int32_t b = 0; b < n; ++b) {", "    sums[post[c + b]] += q[b];", "}"]
        for k in late:
            at = place.format(after=f"after_q{k}[b]", post="post[c + b]")
            chunk += ["for (int32_t b = 0; b < n; ++b) {", f"    waiting[{at}] += late_q{k}[b];", "}"]
        scope.declare("post", "const int32_t *restrict post = p->rows.post;")
        some = ["for (int64_t c = first; c < end; c += PL_BLOCK) {", *indent(chunk), "}"]
        full = "p->history.full[i]" if self.deferred else "p->rows.extra == 0 && p->rows.length[i] == p->n_post"
        if not (self.deferred or isinstance(self.owner.owner.connect, (ConnectAll, ConnectProbability))):
            return some
        inner = ["const int64_t s = start + j;", "(void)s;", *delivery, *lines]
        inner += ["sums[j] += d;"] if delivers else []
        inner += [f"waiting[{place.format(after=f'after_{k}', post='j')}] += late_{k};" for k in late]
        every = [
            "const int64_t start = p->rows.start[i];",
            "#pragma omp simd",
            "for (int32_t j = low; j < high; ++j) {",
            *indent(inner),
            "}",
        ]
        return [f"if ({full}) {{", *indent(every), "} else {", *indent(some), "}"]

    def _bring_now(self) -> tuple[list[str], list[str]]:
        """Loops that bring the lazy POST variables to now: for all of them, or for those of one row."""
        if not self.now:
            return [], []
        result = []
        for tables, head in (
            (False, ["#pragma omp simd", "for (int32_t j = low; j < high; ++j) {"]),
            (True, ["for (int64_t s = first; s < end; ++s) {", "    const int32_t j = p->rows.post[s];"]),
        ):
            scope = Scope()
            outer = self.unit.frame(scope, [], Site.GLOBAL)
            frame = self.unit.frame(
                scope, [], Site.POST, tables=tables, now=False, outer=outer, outer_sites=frozenset({Site.GLOBAL})
            )  # fmt: skip
            for read in self.now:
                name = self.unit.names.of("now", f"{self.owner.owner.name}.{read.name}")
                type_ = self.unit.dialect.type(read.type)
                scope.declare(name, f"{type_} *restrict {name} = p->now[{self.owner.index(read.name)}];")
                frame.lines.append(f"{name}[j] = {frame.text(read)};")
            scope.lines = [*outer.lines, *head, *indent(frame.lines), "}"]
            result.append(["{", *indent(scope.text()), "}"])
        return result[0], result[1]

    # ------------------------------------------------------------ waiting post spikes

    def _replay(self) -> None:
        """Apply what a row has not seen, as far as its posts are in [low, high)."""
        owner, unit = self.owner, self.unit
        scope = Scope()
        body = tuple(s for s in statements_on(owner.owner.blocks, PostSpike) if s.site in EDGE)
        scope.lines = [
            "const int32_t i = a->row;",
            "const pl_history *const h = &p->history;",
            *(f"const {unit.dialect.type(f.type)} {self._member(f)} = a->{self._member(f)};" for f in self.fields),
            *(f"(void){self._member(f)};" for f in self.fields),
        ]
        ring = self._frame(scope, "payload")
        for statement in body:
            ring.run(statement)
        scope.lines += [
            "if (h->full[i]) {",
            *indent(self._log(scope, body)),
            "    return;",
            "}",
            "int64_t first, end;",
            "pl_rows_part(&p->rows, i, low, high, &first, &end);",
            "const int32_t *const newest = h->newest;",
            "const int32_t *const post = p->rows.post;",
            "for (int64_t s = first; s < end; ++s) {",
            "    const int32_t j = post[s];",
            "    if (newest[j] < a->since) {",
            "        continue;",
            "    }",
            "    for (uint32_t e = pl_history_from(h, j, a->since); e != h->head[j]; ++e) {",
            "        const int64_t place = (int64_t)j * PL_RING + (int64_t)(e % PL_RING);",
            "        const int32_t at = h->steps[place];",
            *indent([*ring.lines, "(void)at;"], 2),
            "    }",
            "}",
        ]
        unit.function("replay", f"const {self.type} *a, int32_t low, int32_t high", scope)

    def _log(self, scope: Scope, body: tuple[Stmt, ...]) -> list[str]:
        """Walk the log for a row onto every post neuron: first what depends on the event alone, then synapses."""
        event = self._frame(scope, "log_payload", tables=False)
        edge = replace(
            self._frame(scope, "log_payload"), outer=event, outer_sites=frozenset({Site.PRE, Site.POST, Site.GLOBAL})
        )  # fmt: skip
        for statement in body:
            edge.run(statement)
        values = {name: self.unit.dialect.type(x.type) for x, name in edge.hoists.items()}
        values = {name: type_ for name, type_ in values.items() if _is_used(name, edge.lines)}
        head = ["const int64_t place = from + b;", "const int32_t j = h->log_post[place], at = h->log_step[place];"]
        used = ["(void)j;", "(void)at;"]
        first = [*head, *event.lines, *used, *(f"all_{name}[b] = {name};" for name in values)]
        second = [
            *head, "(void)at;", "if (j < low || j >= high) {", "    continue;", "}", "const int64_t s = start + j;",
            *(f"const {type_} {name} = all_{name}[b];" for name, type_ in values.items()),
            *(f"(void){name};" for name in values), *edge.lines,
        ]  # fmt: skip
        return [
            "const int64_t start = p->rows.start[i];",
            "for (uint64_t e = a->mark; e != h->logged;) {",
            "    const int64_t from = (int64_t)(e % PL_LOG);",
            "    int64_t n = (int64_t)(h->logged - e) < PL_BLOCK ? (int64_t)(h->logged - e) : PL_BLOCK;",
            "    n = n < PL_LOG - from ? n : PL_LOG - from;",
            *(f"    {type_} all_{name}[PL_BLOCK];" for name, type_ in values.items()),
            *(["    #pragma omp simd", *_counted(first)] if values else []),
            *_counted(second),
            "    e += (uint64_t)n;",
            "}",
        ]

    def _frame(self, scope: Scope, array: str, tables: bool = True) -> Frame:
        """Where the synapse statements of the post blocks find things for the event (place, j, at) on synapse s."""
        unit = self.unit
        known: dict[object, str] = {}
        lines: list[str] = []
        for read, k in ((read, k) for k, read in enumerate(self.owner.schedule.payload)):
            type_, name = unit.dialect.type(read.type), scope.fresh("payload")
            lines.append(f"const {type_} {name} = ((const {type_} *)(const void *)h->{array}[{k}])[place];")
            known[read] = name
        snapshot = {(f.kind, f.name): self._member(f) for f in self.fields}
        return unit.frame(scope, lines, Site.SYNAPSE, step="at", snapshot=snapshot, known=known, tables=tables)


def _is_used(name: str, lines: list[str]) -> bool:
    return any(re.search(rf"\b{name}\b", line) for line in lines)


def _counted(body: list[str]) -> list[str]:
    return ["    for (int32_t b = 0; b < (int32_t)n; ++b) {", *indent(body, 2), "    }"]
