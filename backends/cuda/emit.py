"""From a program to the text of one CUDA source, and to the launches of its kernels.

The text depends on the structure of the program, not on sizes or values.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from plastlang.backends.cfamily.layout import Layout, PopulationLayout, ProjectionLayout, layout
from plastlang.backends.cfamily.printer import Dialect, Names, comment
from plastlang.backends.cfamily.scope import Value
from plastlang.backends.cuda.access import (
    emit_constants,
    emit_get,
    emit_initial,
    emit_remember,
    emit_set,
    emit_start,
    is_computed,
)
from plastlang.backends.cuda.arrivals import emit_arrivals, emit_post
from plastlang.backends.cuda.blocks import KernelBlock
from plastlang.backends.cuda.connect import emit_connect, emit_places
from plastlang.backends.cuda.idle import reserve
from plastlang.backends.cuda.kernels import CudaUnit, Module
from plastlang.backends.cuda.plan import Launch, Launches, Networks, Plan, Shape
from plastlang.backends.cuda.populations import emit_advance, emit_spikes
from plastlang.backends.cuda.structure import emit_index, emit_structure, emit_view
from plastlang.backends.cuda.together import together
from plastlang.ir.nodes import (
    Assign,
    Block,
    ConnectProbability,
    EachStep,
    Every,
    Program,
    PruneRanked,
    Reduce,
    Signal,
    SpikeRecord,
)
from plastlang.ir.schedule import Schedule
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import statements


@dataclass(frozen=True, slots=True)
class Emitted:
    """A source, what the host launches, and where it finds things in the structs."""

    source: str
    plan: Plan
    layout: Layout


@dataclass(slots=True)
class _Launches:
    """Launches under construction; those of a step by phase."""

    arrive: list[Launch] = field(default_factory=list)
    advance: list[Launch] = field(default_factory=list)
    step: list[Launch] = field(default_factory=list)
    spikes: list[Launch] = field(default_factory=list)
    post: list[Launch] = field(default_factory=list)
    each: list[Launch] = field(default_factory=list)
    every: list[Launch] = field(default_factory=list)
    constants: dict[str, Launches] = field(default_factory=dict)
    start: dict[str, Launches] = field(default_factory=dict)
    synapses: dict[str, Launches] = field(default_factory=dict)
    get: dict[tuple[str, str], Launches] = field(default_factory=dict)
    set: dict[tuple[str, str], Launches] = field(default_factory=dict)
    signal: dict[tuple[str, int], Launches] = field(default_factory=dict)
    connect: dict[str, tuple[Launch, Launch]] = field(default_factory=dict)
    index: dict[str, Launches] = field(default_factory=dict)


def emit(program: Program, precision: str, batched: bool = False) -> Emitted:
    """The CUDA source of a program at "single" or "double" precision; `batched`: for any number of networks."""
    dialect = Dialect("float" if precision == "single" else "double")
    places, names, module = layout(_at_once(program), batched), Names(), Module()
    _index_for_sums(places)
    owners = (*places.populations.values(), *places.projections.values())
    launches = _Launches()
    recorded = {r.population for r in program.records if isinstance(r, SpikeRecord)}
    for owner in owners:
        unit = CudaUnit(dialect, names, places, owner, module=module)
        if isinstance(owner, PopulationLayout):
            launches.advance += emit_advance(unit)
            launches.spikes += emit_spikes(unit, owner.owner.name in recorded)
        else:
            _projection(unit, launches)
        _blocks(unit, launches)
        _access(unit, launches)
    plan = _plan(launches, _ends(module, program), module, batched)
    lines = [
        comment(f"{program.name}: made by plastlang, {precision} precision. docs/numerics.md says what it computes."),
        *(["#define PL_BATCH"] if batched else []),
        '#include "plast_device.h"',
        '#include "plast_device_rows.h"',
        *(['#include "plast_device_ranking.h"'] if any(p.structural for p in places.projections.values()) else []),
        "",
        *module.text(),
    ]
    return Emitted("\n".join(lines) + "\n", plan, places)


def _at_once(program: Program) -> Program:
    """The program with post spikes applied at once: what is put off on a CPU saves nothing here."""
    notes = []
    for owner, key, value in program.notes:
        if isinstance(value, Schedule) and value.post == "deferred":
            value = Schedule("eager", "on a GPU post spikes are applied at once", (), True)
        notes.append((owner, key, value))
    return replace(program, notes=tuple(notes))


def _index_for_sums(places: Layout) -> None:
    """Sums over the synapses onto a neuron, and ranks among them, go along the index by post."""
    for place in places.projections.values():
        for statement in (s for b in place.owner.blocks for s in statements(b.body)):
            match statement:
                case Reduce(over=Site.SYNAPSE, site=Site.POST) | PruneRanked(per=Site.POST):
                    place.incoming = True
                case _:
                    pass


def _projection(unit: CudaUnit, launches: _Launches) -> None:
    owner = unit.owner
    assert isinstance(owner, ProjectionLayout)
    name = owner.owner.name
    reserve(owner)
    launches.synapses[name] = emit_start(unit)
    if isinstance(owner.owner.connect, ConnectProbability):
        launches.connect[name] = emit_connect(unit)
    launches.index[name] = (*emit_index(unit), *emit_places(unit), *emit_view(unit))
    launches.arrive += emit_arrivals(unit)
    launches.post += emit_post(unit)
    block = KernelBlock(unit, "step", emit_structure, in_steps=True)
    block.run(owner.owner.step)
    launches.step += block.launches


def _blocks(unit: CudaUnit, launches: _Launches) -> None:
    """Blocks that run for all instances: in each step, in some steps, at a signal."""
    for number, block in enumerate(unit.owner.owner.blocks):
        match block.trigger:
            case EachStep():
                kernels = KernelBlock(unit, f"block{number}", emit_structure, in_steps=True)
                kernels.run(block.body)
                launches.each += kernels.launches
            case Every():
                due = (f"if ((step + 1) % p->periods[{number}] != 0) {{", "    return;", "}")
                kernels = KernelBlock(unit, f"block{number}", emit_structure, head=due, every=number)
                kernels.run(block.body)
                kernels.forget(block.body)
                launches.every += kernels.launches
            case Signal():
                launches.signal[unit.owner.owner.name, number] = _signal(unit, number, block, block.trigger)
            case _:
                pass


def _signal(unit: CudaUnit, number: int, block: Block, trigger: Signal) -> Launches:
    head = ("const uint32_t repeat = (uint32_t)(m->signals > 0 ? m->signals - 1 : 0);", "(void)repeat;")
    real = unit.dialect.real
    given = {
        name: Value(f"(({real})m->given[{k}])", Type.REAL, Site.GLOBAL) for k, name in enumerate(trigger.arguments)
    }  # fmt: skip
    kernels = KernelBlock(
        unit, f"block{number}", emit_structure, head=head, now=False, repeat="repeat", locals=given
    )  # fmt: skip
    kernels.run(block.body)
    kernels.forget(block.body)
    written = [s.name for s in statements(block.body) if isinstance(s, Assign)]
    return (*kernels.launches, *emit_remember(unit, f"block{number}", written))


def _access(unit: CudaUnit, launches: _Launches) -> None:
    name = unit.owner.owner.name
    launches.start[name] = emit_initial(unit)
    for variable in unit.owner.owner.variables:
        if is_computed(unit, variable):
            launches.get[name, variable.name] = emit_get(unit, variable)
        if variable.site is not Site.PAIR:
            launches.set[name, variable.name] = emit_set(unit, variable)
    # the tables that expressions use are known when all of them have been emitted
    launches.constants[name] = emit_constants(unit)


def _ends(module: Module, program: Program) -> Launches:
    """What every step ends with: records, and the step to the next one."""
    launches = []
    if any(not isinstance(r, SpikeRecord) for r in program.records):
        states = ["pl_record_states(m);"]
        launches.append(module.kernel("plast_states", states, Shape.SPREAD, networks=Networks.EACH))
    tick = ["if (pl_thread() == 0) {", f"    pl_tick(m, pl_kernel, {len(program.populations)});", "}"]
    launches.append(module.kernel("plast_tick", tick, Shape.ONE, enter="PL_ENTER_TICK"))
    return tuple(launches)


def _plan(launches: _Launches, ends: Launches, module: Module, batched: bool) -> Plan:
    step = (
        *launches.arrive, *launches.advance, *launches.step, *launches.spikes, *launches.post, *launches.each,
        *launches.every, *ends,
    )  # fmt: skip
    return Plan(
        together(step, module, batched), launches.constants, launches.start, launches.synapses, launches.get,
        launches.set, launches.signal, launches.connect, launches.index,
    )  # fmt: skip
