"""Calls of an owner's functions within a step."""

from __future__ import annotations

from plastlang.backends.c.arrivals import visits
from plastlang.backends.c.populations import is_divisible, owner_of
from plastlang.backends.c.work import step_work
from plastlang.backends.cfamily.layout import PopulationLayout
from plastlang.backends.cfamily.printer import comment, indent
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import Block, EachStep, Renewal, Threshold


def advance(unit: Unit) -> str:
    """The step of a population: by several threads unless it also writes values of the whole population."""
    size = f"m->populations[{unit.owner.number}].size"
    if not is_divisible(unit):
        return f"{unit.prefix}_step(m, step, 0, {size});"
    return f"pl_parallel(m, {unit.prefix}_step, step, {size}, PL_BLOCK, {size} * INT64_C({step_work(unit)}) / 1000);"


def advance_together(populations: list[Unit], projections: list[Unit]) -> tuple[list[str], list[str]]:
    """A function that does all that concerns a part of each population until it is known who spikes, and its calls.

    Rows that bring input to the neurons, their step, and the draws of Poisson sources: each thread needs nothing that
    another one computes, so one phase is enough. The calls come after those that gather what arrives.
    """
    parts: list[str] = []
    work, after = list[str](), list[str]()
    for unit in populations:
        owner = owner_of(unit).owner
        calls = [f"{p.prefix}_visit(m, step, first, end);" for p in projections if visits(p, owner.name)]
        population = f"m->populations[{unit.owner.number}]"
        if is_divisible(unit):
            if owner.step or isinstance(owner.spiking, Threshold):
                calls.append(f"{unit.prefix}_step(m, step, first, end);")
                work.append(f"{population}.size * INT64_C({step_work(unit)}) / 1000")
            if isinstance(owner.spiking, Renewal):
                calls.append(f"{unit.prefix}_due(m, step, first, end);")
                work.append(f"pl_renewal_work(&{population}, step)")
        else:
            after.append(advance(unit))
        if calls:
            parts += [
                "{",
                f"    const int32_t size = {population}.size;",
                "    const int32_t first = pl_cut(size, PL_BLOCK, low);",
                "    const int32_t end = pl_cut(size, PL_BLOCK, high);",
                "    if (first < end) {",
                *indent(calls, 2),
                "    }",
                "}",
            ]
    if not parts:
        return [], after
    return [
        comment("Rows that bring input, steps of neurons, draws of sources: a part of each population."),
        "PL_PHASE void plast_advance(pl_model *m, int32_t step, int32_t low, int32_t high) {",
        *indent(parts),
        "}",
        "",
    ], [
        *(f"work += {text};" for text in work),
        "pl_parallel(m, plast_advance, step, PL_UNITS, 1, work);",
        *after,
    ]


def has(unit: Unit, kind: type) -> bool:
    return any(isinstance(b.trigger, kind) and b.body for b in unit.owner.owner.blocks)


def call_block(unit: Unit, number: int, block: Block) -> list[str]:
    call = f"{unit.prefix}_block{number}(m, step);"
    if isinstance(block.trigger, EachStep):
        return [call]
    kind = "populations" if isinstance(unit.owner, PopulationLayout) else "projections"
    period = f"m->{kind}[{unit.owner.number}].periods[{number}]"
    return [f"if ((step + 1) % {period} == 0) {{", f"    {call}", "}"]
