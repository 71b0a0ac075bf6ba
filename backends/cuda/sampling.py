"""`sample`: a thread for each sample decides what it wishes, then wishes are granted in the order of the samples."""

from __future__ import annotations

from dataclasses import replace

from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.wishes import Wishes, chosen_spike
from plastlang.backends.cuda.blocks import KernelBlock
from plastlang.backends.cuda.edits import emit_edits
from plastlang.backends.cuda.plan import Shape
from plastlang.ir.nodes import GrowThis, Projection, Sample
from plastlang.ir.types import Site
from plastlang.ir.walk import statements


def emit_sample(block: KernelBlock, statement: Sample) -> None:
    """Add the kernels of the statement."""
    _Sampling(block, statement).emit()


class _Sampling:
    """The kernels of one statement. Without limits on degrees a wish is granted to the least number that claims its
    key; with limits a block settles them in their order.
    """

    def __init__(self, block: KernelBlock, statement: Sample):
        self.block, self.statement, self.unit = block, statement, block.unit
        self.wishes = Wishes(block.unit, block.locals, "wish", "more")
        inside = list(statements(statement.body))
        grows = [s for s in inside if isinstance(s, GrowThis)]
        self.limited = any(s.max_in is not None or s.max_out is not None for s in grows)
        self.from_spiked = statement.slots is not None and any(s.partner == "spiked" for s in grows)
        self.kept = f"{self.unit.prefix}_wish{statement.purpose}"

    def emit(self) -> None:
        """Add the kernels."""
        decide = self._deciding()
        fields = self.wishes.fields()
        kept = self.kept if fields else ""
        if kept:
            self.unit.module.lines += [f"typedef struct {kept} {{", *indent(fields), f"}} {kept};", ""]
        self._begin(kept)
        self.block.kernel(decide, Shape.SPREAD)
        if self.limited:
            self.block.kernel(["__shared__ pl_turn turn;", "pl_settle_in_order(p, &turn);"], Shape.BLOCK)
        # in samples of pairs a pair gets one synapse, where there was none
        wishes = "granted" if self.limited else "claimed"
        emit_edits(self.block, self.wishes.growths, kept, wishes, replaces=self.statement.slots is not None)

    def _begin(self, kept: str) -> None:
        outer = self.block.frame()
        count = outer.text(self.statement.count)
        slots = "1" if self.statement.slots is None else outer.text(self.statement.slots)
        bytes_ = f"(int64_t)sizeof({kept})" if kept else "0"
        outer.scope.lines += [
            f"const int32_t slots = {slots};",
            f"const int32_t count = slots > 0 ? {count} : 0;",
            f"pl_work_begin(m, p, pl_kernel, {self.unit.owner.number}, count, {bytes_}, count, 0);",
        ]
        self.block.kernel(outer.scope.text(), Shape.SPREAD)

    # ------------------------------------------------------------ deciding

    def _deciding(self) -> list[str]:
        """Lines of the kernel that evaluates the samples on the network as it is."""
        outer = self.block.frame()
        slots = [] if self.statement.slots is None else [f"const int32_t slots = {outer.text(self.statement.slots)};"]
        deciding = replace(
            outer, site=Site.PAIR, lines=[], index={Site.PRE: "i", Site.POST: "j", Site.SYNAPSE: "s"},
            who=("(uint32_t)a", "0u"), locals=dict(outer.locals),
        )  # fmt: skip
        self.wishes.decide(self.statement.body, deciding)
        refused = "connected" if self.statement.slots is None else "!drawn"
        loop = [
            "const int32_t a = (int32_t)k;",
            *self._draw(),
            *self._more(),
            *deciding.lines,
            f"if (wish.kind > 0 && {refused}) {{",
            "    wish.kind = 0;",
            "}",
            *self._claim(),
            "work.edits[a] = wish;",
        ]
        outer.scope.lines += [
            *slots,
            *self._spiked(),
            "const pl_work work = pl_work_now(p);",
            "for (int64_t k = pl_thread(); k < work.head->count; k += pl_threads()) {",
            *indent(loop),
            "}",
        ]
        return outer.scope.text()

    def _more(self) -> list[str]:
        return [f"{self.kept} *const more = ({self.kept} *)work.more + a;"] if self.wishes.fields() else []

    def _claim(self) -> list[str]:
        claim = [] if self.limited else ["wish.claim = pl_claim(&work, wish.key, a);"]
        return ["if (wish.kind != 0) {", *indent(["pl_wishes(&work, a);", *claim]), "}"]

    def _draw(self) -> list[str]:
        """What a sample is about: a pair, or a slot of a post neuron."""
        counter = f"pl_counter({self.statement.purpose}u, 0u, {self.block.repeat})"
        words = f"const pl_words w = pl_philox((uint32_t)a, 0u, (uint32_t)step, {counter}, m->seed);"
        if self.statement.slots is None:
            return [
                words,
                "const int32_t i = (int32_t)pl_below(w.w0, (uint32_t)p->n_pre);",
                "const int32_t j = (int32_t)pl_below(w.w1, (uint32_t)p->n_post);",
                "const int64_t s = pl_rows_find(&p->rows, i, j);",
                "const bool connected = s >= 0;",
                "pl_edit wish = pl_wish((int64_t)i * p->n_post + j, i, j, 0);",
            ]
        return [
            words,
            "const int32_t j = (int32_t)pl_below(w.w0, (uint32_t)p->n_post);",
            "const int32_t slot = (int32_t)pl_below(w.w1, (uint32_t)slots);",
            "const bool connected = slot < p->rows.in_degree[j];",
            "bool drawn = true;",
            "int32_t i = 0, ordinal = 0;",
            "if (connected) {",
            "    const int64_t e = p->incoming.start[j] + slot;",
            "    i = p->incoming.post[e];",
            "    ordinal = (int32_t)pl_rows_ordinal(&p->incoming, j, e);",
            *self._partner(),
            "}",
            "const int64_t s = connected ? pl_rows_find(&p->rows, i, j) + ordinal : -1;",
            "(void)s;",
            "pl_edit wish = pl_wish((int64_t)j * slots + slot, i, j, ordinal);",
        ]

    def _sources(self) -> list[int]:
        projection = self.unit.owner.owner
        assert isinstance(projection, Projection)
        return [self.unit.layout.populations[name].number for name in projection.sources]

    def _spiked(self) -> list[str]:
        """The source neurons that spiked in this step, or between steps in the last one."""
        if not self.from_spiked:
            return []
        step = "step" if self.block.now else "step - 1"
        if self.unit.layout.batched:
            count = [f"spiked += {self._spikes_of(number, step)}->count;" for number in self._sources()]
            return ["int64_t spiked = 0;", *self.unit.each_network(count)]
        lines = []
        for k, number in enumerate(self._sources()):
            population = f"&m->populations[{number}]"
            lines.append(
                f"const pl_spikes *const spiked{k} = pl_spikes_at({population}, {step} + ({population})->slots);"
            )
        lines.append(f"const int64_t spiked = {' + '.join(f'spiked{k}->count' for k in range(len(lines)))};")
        return lines

    def _partner(self) -> list[str]:
        """The pre of an empty slot."""
        if not self.from_spiked:
            return ["} else {", "    i = (int32_t)pl_below(w.w2, (uint32_t)p->n_pre);"]
        sources = len(self._sources())
        if self.unit.layout.batched:
            return [*self._partner_in_batch(), "} else {", "    drawn = false;"]
        const = "const " if sources == 1 else ""
        lines = ["} else if (spiked > 0) {", f"    {const}int64_t chosen = (int64_t)pl_below(w.w2, (uint32_t)spiked);"]
        lines += indent(chosen_spike(sources))
        return [*lines, "} else {", "    drawn = false;"]

    @staticmethod
    def _spikes_of(number: int, step: str) -> str:
        """The spikes of a population in a step, in the network `m`."""
        return f"pl_spikes_at(&m->populations[{number}], {step} + m->populations[{number}].slots)"

    def _partner_in_batch(self) -> list[str]:
        """The spikes of the networks count one after the other."""
        step = "step" if self.block.now else "step - 1"
        find = []
        for k, number in enumerate(self._sources()):
            find += [
                f"const pl_spikes *const spiked{k} = {self._spikes_of(number, step)};",
                f"if (chosen >= 0 && chosen < spiked{k}->count) {{",
                f"    i = spiked{k}->neurons[chosen] + p->first[{k}];",
                "}",
                f"chosen -= spiked{k}->count;",
            ]
        lines = ["int64_t chosen = (int64_t)pl_below(w.w2, (uint32_t)spiked);", *self.unit.each_network(find)]
        return ["} else if (spiked > 0) {", *indent(lines)]
