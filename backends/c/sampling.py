"""`sample`: which pairs or slots are looked at, what they wish, and what is granted."""

from __future__ import annotations

from dataclasses import replace

from plastlang.backends.c.batch import call_each
from plastlang.backends.c.making import everywhere, make, upto
from plastlang.backends.cfamily.blocks import touched_later, touches
from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cfamily.unit import Unit
from plastlang.backends.cfamily.wishes import Wishes, chosen_spike
from plastlang.ir.nodes import (
    Builtin,
    GrowThis,
    Let,
    Local,
    Projection,
    PruneThis,
    Sample,
)
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, statements, walk

#: How many samples ahead of its use a row is fetched.
AHEAD = 8
#: About how many ns a sample takes.
_SAMPLE = 80


class Sampling:
    """`sample`: every body is evaluated first, then wishes are granted in the order of the samples."""

    def __init__(self, unit: Unit, statement: Sample, frame: Frame):
        self.unit, self.statement, self.frame = unit, statement, frame
        self.type = frame.scope.fresh(f"{unit.prefix}_wish{statement.purpose}")
        self.wishes = Wishes(unit, frame.locals, "mine->wish", "mine")

    def emit(self) -> None:
        """Put the statement on the lines of the block."""
        frame, statement = self.frame, self.statement
        deciding = replace(
            frame, site=Site.PAIR, lines=[], index={Site.PRE: "i", Site.POST: "j", Site.SYNAPSE: "s"},
            who=("(uint32_t)a", "0u"), scope=Scope(numbers=frame.scope.numbers), locals=dict(frame.locals),
        )  # fmt: skip
        self.wishes.decide(statement.body, deciding)
        count = f"{frame.text(statement.count)}"
        slots = "1" if statement.slots is None else frame.text(statement.slots)
        self.unit.lines += [
            f"typedef struct {self.type} {{",
            *indent(["pl_wish wish;", *self.wishes.fields()]),
            f"}} {self.type};",
            "",
        ]
        deciding.scope.lines = self._judge(deciding.lines)
        frame.lines += [
            "{",
            f"    const int32_t count = {count}, slots = {slots};",
            "    if (count > 0 && slots > 0) {",
            "        pl_claims claims;",
            f"        char *const wishes = pl_wishes(m, p, count, slots, (int64_t)sizeof({self.type}), &claims);",
            "        if (wishes == NULL) {",
            "            return;",
            "        }",
            *indent(self._judged(deciding.scope), 2),
            "        for (int32_t block = 0; block < count; block += PL_SAMPLES) {",
            "            for (uint32_t some = *pl_wished(&claims, block); some != 0; some &= some - 1) {",
            "                const int32_t a = block + pl_lowest(some);",
            *indent(self._grant(), 4),
            "            }",
            "        }",
            "    }",
            "}",
        ]

    def _judge(self, lines: list[str]) -> list[str]:
        """What samples low .. high - 1 wish; `lines` evaluate the body of one."""
        return [
            *self._spiked(),
            *self._pairs(),
            "for (int32_t block = low; block < high; block += PL_SAMPLES) {",
            "    const int32_t stop = high - block < PL_SAMPLES ? high : block + PL_SAMPLES;",
            "    uint32_t some = 0;",
            "    for (int32_t a = block; a < stop; ++a) {",
            *indent(self._draw(lines), 2),
            "        some |= (uint32_t)(mine->wish.kind != 0) << (a - block);",
            "    }",
            "    *pl_wished(&claims, block) = some;",
            "}",
        ]

    def _judged(self, scope: Scope) -> list[str]:
        """Judge all samples: by several threads, where what is judged is known without the names of the block."""
        if not self._is_apart():
            return ["const int32_t low = 0, high = count;", *scope.text()]
        owner = self.unit.owner
        assert isinstance(owner, ProjectionLayout)
        inside = Scope()
        inside.lines = [
            "(void)step;",
            "const pl_claims claims = pl_claims_of(p);",
            "char *const wishes = p->arrivals.data;",
            "const int32_t slots = claims.slots;",
            "(void)slots;",
            *scope.text(),
        ]
        name = f"judge{self.statement.purpose}"
        about = f"{owner.owner.name}: what samples wish"
        self.unit.function(name, "int32_t step, int32_t low, int32_t high", inside, about=about)
        judge = f"{self.unit.prefix}_{name}"
        lines = [f"pl_parallel(m, {judge}, step, count, PL_SAMPLES, {_SAMPLE} * (int64_t)count);"]
        if self._waits():
            lines += [
                "for (int32_t block = 0; block < count; block += PL_SAMPLES) {",
                "    const uint32_t wished = *pl_wished(&claims, block);",
                "    for (uint32_t some = wished; some != 0; some &= some - 1) {",
                "        const int32_t a = block + pl_lowest(some);",
                f"        const pl_wish *const wish = &(({self.type} *)(void *)wishes + a)->wish;",
                "        if (wish->kind == PL_WAITS) {",
                f"            {self.unit.prefix}_flush_row(m, wish->pre, {upto(self.frame)});",
                f"            {judge}(m, step, a, a + 1);",
                "        }",
                "    }",
                "    *pl_wished(&claims, block) = wished;",
                "}",
            ]
        return lines

    def _is_apart(self) -> bool:
        """Whether a function can judge: it sees no `let` of the block, and no argument or number of a signal."""
        statement = self.statement
        bound = {s.name for s in statements(statement.body) if isinstance(s, Let)}
        used = {n.name for x in all_expressions(statement.body) for n in walk(x) if isinstance(n, Local)}
        return not self.unit.layout.batched and self.frame.repeat == "0u" and used <= bound

    def _waits(self) -> bool:
        """Whether the body looks at what deferred post spikes change."""
        owner = self.unit.owner
        assert isinstance(owner, ProjectionLayout)
        return touches(self.statement.body, touched_later(owner))

    def _from_spiked(self) -> bool:
        return any(isinstance(s, GrowThis) and s.partner == "spiked" for s in statements(self.statement.body))

    def _sources(self) -> list[int]:
        projection = self.unit.owner.owner
        assert isinstance(projection, Projection)
        return [self.unit.layout.populations[name].number for name in projection.sources]

    def _spiked(self) -> list[str]:
        """The source neurons that spiked in this step, or between steps in the last one."""
        if self.statement.slots is None or not self._from_spiked():
            return []
        step = "step" if self.frame.now else "step - 1"
        if self.unit.layout.batched:
            return [
                "int64_t spiked = 0;",
                *call_each("spiked += " + " + ".join(self._spikes_of(k, step) for k in self._sources()) + ";"),
            ]
        lines = []
        for k, number in enumerate(self._sources()):
            population = f"&m->populations[{number}]"
            lines.append(
                f"const pl_spikes *const spiked{k} = pl_spikes_at({population}, {step} + ({population})->slots);"
            )
        lines.append(f"const int64_t spiked = {' + '.join(f'spiked{k}->count' for k in range(len(lines)))};")
        return lines

    @staticmethod
    def _spikes_of(population: int, step: str, member: str = "count") -> str:
        """The list of a population's spikes in network `n`."""
        place = f"&n->populations[{population}]"
        return f"pl_spikes_at({place}, {step} + ({place})->slots)->{member}"

    def _words(self) -> str:
        counter = f"pl_counter({self.statement.purpose}u, 0u, {self.frame.repeat})"
        return f"pl_philox((uint32_t)a, 0u, (uint32_t)step, {counter}, m->seed)"

    def _pairs(self) -> list[str]:
        """The pairs of all samples at once, so that their rows, which may lie anywhere, can be fetched ahead."""
        if self.statement.slots is not None:
            return []
        body = [
            f"const pl_words w = {self._words()};",
            f"pl_wish *const wish = &(({self.type} *)(void *)wishes + a)->wish;",
            "wish->pre = (int32_t)pl_below(w.w0, (uint32_t)p->n_pre);",
            "wish->post = (int32_t)pl_below(w.w1, (uint32_t)p->n_post);",
            "pl_rows_prefetch_place(&p->rows, wish->pre);",
        ]
        used = {n.name for x in all_expressions(self.statement.body) for n in walk(x) if isinstance(n, Builtin)}
        if "distance" in used:
            body += [f"__builtin_prefetch(&p->near_{axis}[wish->pre]);" for axis in "xy"]
            body += [f"__builtin_prefetch(&p->post_{axis}[wish->post]);" for axis in "xy"]
        if any(isinstance(s, GrowThis) for s in statements(self.statement.body)):
            body.append("__builtin_prefetch(&p->rows.in_degree[wish->post]);")
        return ["for (int32_t a = low; a < high; ++a) {", *indent(body), "}"]

    def _draw(self, judge: list[str]) -> list[str]:
        """What a sample is about, a pair or a slot of a post neuron, and the lines that judge it."""
        lines = [f"{self.type} *const mine = ({self.type} *)(void *)wishes + a;"]
        if self.statement.slots is None:
            lines += [
                f"if (a + {AHEAD} < high) {{",
                f"    pl_rows_prefetch_posts(&p->rows, mine[{AHEAD}].wish.pre);",
                "}",
                "const int32_t i = mine->wish.pre, j = mine->wish.post;",
                "const int64_t s = pl_rows_find(&p->rows, i, j);",
                "const bool connected = s >= 0, drawn = true;",
                "const int32_t ordinal = 0;",
                "const int64_t key = (int64_t)i * p->n_post + j;",
            ]
        else:
            lines += [
                f"const pl_words w = {self._words()};",
                "const int32_t j = (int32_t)pl_below(w.w0, (uint32_t)p->n_post);",
                "const int32_t slot = (int32_t)pl_below(w.w1, (uint32_t)slots);",
                "const bool connected = slot < p->rows.in_degree[j];",
                "const int64_t key = (int64_t)j * slots + slot;",
                "bool drawn = true;",
                "int32_t i = 0, ordinal = 0;",
                "int64_t s = -1;",
                "if (connected) {",
                "    pl_synapse_slot(p, j, slot, &i, &ordinal);",
                "    s = pl_rows_find(&p->rows, i, j) + ordinal;",
                *self._partner(),
                "}",
            ]
        lines += [
            "(void)s;",
            "mine->wish = (pl_wish){key, 0, i, j, ordinal, INT32_MAX, INT32_MAX, drawn, connected};",
        ]
        if not self._waits():
            return [*lines, *judge]
        if not self._is_apart():
            flush = everywhere(self.unit, f"{self.unit.prefix}_flush_row", f"i, {upto(self.frame)}")
            return [*lines, "if (connected) {", *indent(flush), "}", *judge]
        # rows are brought up to date by the calling thread, after which the sample is judged
        waits = f"if (connected && p->history.visited[i] < {upto(self.frame)}) {{"
        return [*lines, waits, "    mine->wish.kind = PL_WAITS;", "} else {", *indent(judge), "}"]

    def _partner(self) -> list[str]:
        """The pre of an empty slot."""
        if not self._from_spiked():
            return ["} else {", "    i = (int32_t)pl_below(w.w2, (uint32_t)p->n_pre);"]
        lines = ["} else if (spiked > 0) {", "    int64_t chosen = (int64_t)pl_below(w.w2, (uint32_t)spiked);"]
        sources = len(self._sources())
        if self.unit.layout.batched:
            step = "step" if self.frame.now else "step - 1"
            found = []
            for k, number in enumerate(self._sources()):
                found += [
                    f"const int64_t count{k} = {self._spikes_of(number, step)};",
                    f"if (chosen >= 0 && chosen < count{k}) {{",
                    f"    i = {self._spikes_of(number, step, 'neurons')}[chosen] + p->first[{k}];",
                    "}",
                    f"chosen -= count{k};",
                ]
            return [*lines, *indent(call_each("\n".join(found))), "} else {", "    drawn = false;"]
        lines += indent(chosen_spike(sources))
        return [*lines, "} else {", "    drawn = false;"]

    def _grant(self) -> list[str]:
        lines = [
            f"{self.type} *const mine = ({self.type} *)(void *)wishes + a;",
            "pl_wish *const wish = &mine->wish;",
            "if (wish->kind == 0) {",
            "    continue;",
            "}",
            "int64_t *const claim = pl_claim_at(&claims, wish->key);",
            "if (*claim == wish->key) {",
            "    continue;",
            "}",
        ]
        prunes = any(isinstance(s, PruneThis) for s in statements(self.statement.body))
        if prunes:
            lines += [
                "if (wish->kind == -1) {",
                f"    pl_prune_wish(p, wishes, (int64_t)sizeof({self.type}), a);",
                "    wish->kind = -2;",
                "    *claim = wish->key;",
                "    continue;",
                "}",
            ]
        if not self.wishes.growths:
            return lines
        full = "p->rows.in_degree[wish->post] >= wish->max_in || p->rows.length[wish->pre] >= wish->max_out"
        refused = f"!wish->drawn || {full}"
        if self.statement.slots is None:
            refused += " || wish->connected"
        lines += [f"if ({refused}) {{", "    continue;", "}", "const int32_t i = wish->pre, j = wish->post;"]
        for number, growth in enumerate(self.wishes.growths, 1):
            made = make(self.unit, self.frame, growth.init, growth.known)
            lines += [f"if (wish->kind == {number}) {{", *indent(made), "}"]
        return [*lines, "*claim = wish->key;"]
