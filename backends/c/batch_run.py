"""A step of a batch: phases in which each network is alone are done by several threads, network by network."""

from __future__ import annotations

from dataclasses import dataclass

from plastlang.backends.c.batch import call_each, is_each_alone, sharing_of_unit
from plastlang.backends.c.phases import advance, call_block, has
from plastlang.backends.cfamily.joined import statements_on
from plastlang.backends.cfamily.layout import PopulationLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import comment, indent
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import EachStep, Every, PostSpike, PreSpike, Signal, Stmt


@dataclass(slots=True)
class _Steps:
    """The body of a step: runs of what each network does alone (`m` is the network), and what is done for all."""

    parts: list[list[str]]
    lines: list[str]

    def alone(self, call: str, *more: str) -> None:
        """Something that each network does by itself."""
        if self.parts and self.lines and self.lines[-1] == self._call():
            self.parts[-1] += [call, *more]
            return
        self.parts.append([call, *more])
        self.lines.append(self._call())

    def _call(self) -> str:
        return f"pl_parallel(m, plast_part{len(self.parts)}, step, (int32_t)m->batch, 1, work);"

    def together(self, *lines: str) -> None:
        """Something that is done for all networks."""
        self.lines += lines


def run_batch(units: list[Unit]) -> list[str]:
    """The functions that advance a batch."""
    populations = [u for u in units if isinstance(u.owner, PopulationLayout)]
    projections = [u for u in units if isinstance(u.owner, ProjectionLayout)]
    steps = _Steps([], [])
    for unit in projections:
        if has(unit, PreSpike):
            _event(steps, unit, PreSpike, f"{unit.prefix}_arrive")
    for unit in populations:
        steps.alone(advance(unit))
    steps.together("if (pl_batch_fault(m)) {", "    return done;", "}")
    for unit in projections:
        if body := unit.owner.owner.step:
            call = f"{unit.prefix}_step(m, step);"
            steps.alone(call) if is_each_alone(unit, body) else steps.together(call)
    for unit in populations:
        assert isinstance(unit.owner, PopulationLayout)
        spiking = unit.owner.owner.spiking
        call = f"{unit.prefix}_spikes"
        if spiking is not None and _adds(unit, spiking.body):
            steps.together(*call_each(f"{call}(n, step);"))
        else:
            steps.alone(f"{call}(m, step);")
    for unit in projections:
        if has(unit, PostSpike):
            _event(steps, unit, PostSpike, f"{unit.prefix}_post")
    for kind in (EachStep, Every):
        for unit in units:
            for number, block in enumerate(unit.owner.owner.blocks):
                if isinstance(block.trigger, kind):
                    lines = call_block(unit, number, block)
                    steps.alone(*lines) if is_each_alone(unit, block.body) else steps.together(*lines)
    return [*_parts(steps), *_run(steps, populations)]


def _adds(unit: Unit, body: tuple[Stmt, ...]) -> bool:
    return bool(sharing_of_unit(unit).writes_shared(body))


def _event(steps: _Steps, unit: Unit, kind: type, function: str) -> None:
    """Spikes; where they add to what is shared, one network after the other, with threads inside each."""
    if _adds(unit, statements_on(unit.owner.owner.blocks, kind)):
        steps.together(*call_each(f"n->pool = m->pool; {function}(n, step); n->pool = NULL;"))
    else:
        steps.alone(f"{function}(m, step);")


def _parts(steps: _Steps) -> list[str]:
    lines: list[str] = []
    for number, part in enumerate(steps.parts, 1):
        lines += [
            f"PL_PHASE void plast_part{number}(pl_model *all, int32_t step, int32_t low, int32_t high) {{",
            "    (void)step;",
            "    for (int32_t b = low; b < high; ++b) {",
            "        pl_model *const m = &all->networks[b];",
            *indent(part, 2),
            "    }",
            "}",
            "",
        ]
    return lines


def _run(steps: _Steps, populations: list[Unit]) -> list[str]:
    sizes = " + ".join(f"m->populations[{u.owner.number}].size" for u in populations)
    return [
        comment("Advance all networks by `steps`; returns the steps done, fewer after a fault."),
        "PL_API int64_t plast_run(pl_model *m, int64_t steps);",
        "PL_API int64_t plast_run(pl_model *m, int64_t steps) {",
        f"    const int64_t work = m->batch * 4 * (int64_t)({sizes or 0});",
        "    (void)work;",
        "    for (int64_t done = 0; done < steps; ++done) {",
        "        const int32_t step = (int32_t)m->step;",
        "        pl_batch_step(m);",
        *indent(steps.lines, 2),
        "        m->step += 1;",
        "        m->signals = 0;",
        "        pl_batch_step(m);",
        "        pl_record_states(m, m->record_count, m->step);",
        "        if (pl_batch_fault(m) || m->nan_word != 0) {",
        "            return done;",
        "        }",
        "    }",
        "    return steps;",
        "}",
        "",
    ]


def signal_batch(unit: Unit) -> str:
    """The call of an owner's signal blocks."""
    calls = []
    for number, block in enumerate(unit.owner.owner.blocks):
        if isinstance(block.trigger, Signal):
            call = f"{unit.prefix}_block{number}({{}}, (int32_t)m->step, repeat, given);"
            alone = is_each_alone(unit, block.body)
            lines = call_each(call.format("n")) if alone else [call.format("m")]
            calls.append(f"if (block == {number}) {{ pl_batch_step(m); {' '.join(lines)} (void)pl_batch_fault(m); }}")
    return " ".join(calls)
