"""The functions of one population: start values, the step, spikes, blocks."""

from __future__ import annotations

from dataclasses import replace

from plastlang.backends.c.access import emit_access, emit_remember
from plastlang.backends.c.aggregates import emit_reduce
from plastlang.backends.c.batch import BatchEmitter, call_each, each_network, has_walk, is_each_alone
from plastlang.backends.c.idle import forget
from plastlang.backends.cfamily.blocks import BlockEmitter, EmitStructure, Structural
from plastlang.backends.cfamily.constants import emit_constants
from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import PopulationLayout, reads
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import (
    Assign,
    Block,
    EachStep,
    Reduce,
    Renewal,
    Scheduled,
    Signal,
    Stmt,
    Threshold,
    Variable,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import statements


def emit_population(unit: Unit) -> None:
    """Put all functions of a population on the source."""
    emit_initial(unit)
    emit_remember(unit)
    _step(unit)
    _spikes(unit)
    for number, block in enumerate(owner_of(unit).owner.blocks):
        emit_block(unit, number, block)
    emit_access(unit)
    emit_constants(unit)


def owner_of(unit: Unit) -> PopulationLayout:
    """The layout of the unit's population."""
    assert isinstance(unit.owner, PopulationLayout)
    return unit.owner


def emit_initial(unit: Unit) -> None:
    """Start values of everything but synapses and pairs, in the order of declaration."""
    scope = Scope()
    frame = unit.frame(scope, scope.lines, Site.GLOBAL, now=False, step="0")
    step = ["const int32_t now = (int32_t)m->step;", "(void)now;"]
    for variable in unit.owner.owner.variables:
        if variable.site in (Site.SYNAPSE, Site.PAIR):
            continue

        def body(loop: Scope, inner: Frame, declared: Variable = variable) -> None:
            value = inner.text(declared.init)
            inner.lines.append(f"{inner.array('value', declared.name)}[{inner.at(declared.site)}] = {value};")

        loop = unit.loop(variable.site, body, frame)
        if unit.layout.batched and variable.shared:
            loop = ["if (m->number == 0) {", *indent(loop), "}"]
        frame.lines += loop
    scope.lines[:0] = step
    unit.function("init", "", scope, about=f"{unit.owner.owner.name}: start values")


def emit_block(
    unit: Unit, number: int, block: Block, structure: EmitStructure | None = None, upto: str = "step + 1"
) -> None:
    """A function for an `each step`, `every` or signal block."""
    if has_walk(block.body) if not unit.layout.batched else not is_each_alone(unit, block.body):
        _emit_together(unit, number, block, structure or _reduction, upto)
        return
    trigger = block.trigger
    scope = Scope()
    is_signal = isinstance(trigger, Signal)
    frame = unit.frame(
        scope, scope.lines, Site.GLOBAL, now=not is_signal, repeat="repeat" if is_signal else "0u",
    )  # fmt: skip
    arguments = "int32_t step"
    if isinstance(trigger, Signal):
        arguments += ", uint32_t repeat, const double *given"
        scope.lines += ["(void)repeat;", "(void)given;"]
        for k, name in enumerate(trigger.arguments):
            local = scope.fresh(unit.names.of("l", name))
            scope.lines.append(f"const {unit.dialect.real} {local} = ({unit.dialect.real})given[{k}];")
            frame.locals[name] = Value(local, Type.REAL, Site.GLOBAL)
    scope.lines.append("(void)step;")
    BlockEmitter(unit, frame, structure or _reduction, "step" if is_signal else upto).run(block.body)
    if is_signal:
        scope.lines += _remember(unit, block.body)
    scope.lines += [*mark_rate(unit, block.body), *forget(unit, block.body)]
    kind = type(trigger).__name__.lower()
    unit.function(f"block{number}", arguments, scope, about=f"{unit.owner.owner.name}: {kind}")


def _emit_together(unit: Unit, number: int, block: Block, structure: EmitStructure, upto: str) -> None:
    """A function whose loops threads share: for one network, or all of a batch."""
    trigger = block.trigger
    scope = Scope()
    is_signal = isinstance(trigger, Signal)
    repeat = "(uint32_t)m->repeat" if is_signal else "0u"
    frame = unit.frame(scope, scope.lines, Site.GLOBAL, now=not is_signal, repeat=repeat)
    in_steps = isinstance(trigger, EachStep)
    emitter = BatchEmitter(
        unit, frame, structure, "step" if is_signal else upto, f"block{number}", in_steps=in_steps
    )  # fmt: skip
    arguments = "int32_t step"
    if isinstance(trigger, Signal):
        arguments += ", uint32_t repeat, const double *given"
        scope.lines += ["(void)given;", "m->repeat = repeat;"]
        scope.lines += call_each("n->repeat = repeat;") if unit.layout.batched else []
        real = unit.dialect.real
        emitter.arguments({name: f"({real})given[{k}]" for k, name in enumerate(trigger.arguments)})
    scope.lines.append("(void)step;")
    emitter.run(block.body)
    after = [*(_remember(unit, block.body) if is_signal else []), *mark_rate(unit, block.body)]
    after += [] if in_steps else forget(unit, block.body)
    scope.lines += each_network(unit, after) if after and unit.layout.batched else after
    kind = type(trigger).__name__.lower() + (", all networks" if unit.layout.batched else "")
    unit.function(f"block{number}", arguments, scope, about=f"{unit.owner.owner.name}: {kind}")


def _reduction(unit: Unit, statement: Structural, frame: Frame) -> None:
    assert isinstance(statement, Reduce), "a structural statement in a population"
    emit_reduce(unit, statement, frame)


def _remember(unit: Unit, body: tuple[Stmt, ...]) -> list[str]:
    """After a signal, what it wrote is what `@before` reads in the step that follows."""
    return [
        f"{unit.prefix}_remember(m, {unit.owner.index(name)});"
        for name in dict.fromkeys(s.name for s in statements(body) if isinstance(s, Assign))
        if name in unit.owner.before
    ]


def mark_rate(unit: Unit, body: tuple[Stmt, ...]) -> list[str]:
    """The rates of a Renewal are taken anew after a block that writes what they depend on."""
    spiking = unit.owner.owner.spiking if isinstance(unit.owner, PopulationLayout) else None
    if isinstance(spiking, Renewal):
        written = {s.name for s in statements(body) if isinstance(s, Assign)}
        if written.intersection(spiking.depends):
            return ["p->redraw = 1;"]
    return []


# ---------------------------------------------------------------- the step


def _step(unit: Unit) -> None:
    population = owner_of(unit).owner
    spiking = population.spiking
    condition = spiking.condition if isinstance(spiking, Threshold) else None
    scope = Scope()
    head: list[str] = []
    outer = unit.frame(scope, head, Site.GLOBAL)
    written = {s.name for s in statements(population.step) if isinstance(s, Assign) and s.site is Site.NEURON}
    read = {r.name for r in reads(population) if r.site is Site.NEURON}
    registers = frozenset(read | written)
    inner = unit.frame(scope, [], Site.NEURON, outer=outer, outer_sites=frozenset({Site.GLOBAL}), registers=registers)
    for statement in population.step:
        if statement.site is Site.GLOBAL:
            outer.run(statement)
            inner.hoists.clear()
        else:
            inner.run(statement)
    spikes = None if condition is None else inner.text(condition)
    lines: list[str] = []
    start, end = _registers(unit, inner, sorted(registers), written)
    ports = _ports(unit, scope)
    lines += [*start, *ports, *inner.lines, *end]
    if spikes is not None:
        lines.append(f"flags[i - from] = {spikes};")  # as wide as REAL, so that loops stay in registers
    body = list(head)
    bad = [f"bad_{unit.names.of('input', port.port)}" for port in population.inputs]
    if lines:
        reduction = f" reduction(| : {', '.join(bad)})" if bad else ""
        begin, stop = ("low", "high") if spikes is None else ("from", "to")
        loop = [f"#pragma omp simd{reduction}", f"for (int32_t i = {begin}; i < {stop}; ++i) {{", *indent(lines), "}"]
        body += loop if spikes is None else _in_chunks(loop)
    for number, name in enumerate(bad):
        scope.declare(name, f"int32_t {name} = 0;")
        arguments = f"{unit.owner.number}, {number}, p->inputs[{number}], low, high"
        body += [f"if ({name} != 0) {{", f"    pl_overflow(m, {arguments});", "}"]
    scope.lines = ["(void)step;", "(void)low;", "(void)high;", *body, *mark_rate(unit, population.step)]
    unit.function("step", "int32_t step, int32_t low, int32_t high", scope, about=f"{population.name}: advance")


def _in_chunks(loop: list[str]) -> list[str]:
    return [
        "int32_t flags[PL_CHUNK];",
        "for (int32_t from = low; from < high; from += PL_CHUNK) {",
        "    const int32_t to = from + PL_CHUNK < high ? from + PL_CHUNK : high;",
        "    if (to - from < PL_CHUNK) {",
        "        memset(flags, 0, sizeof flags);",
        "    }",
        *indent(loop),
        "    pl_mark(p, flags, from, to);",
        "}",
    ]


def _registers(unit: Unit, frame: Frame, names: list[str], written: set[str]) -> tuple[list[str], list[str]]:
    """Lines that load variables into C variables of a neuron's own, and that store them."""
    start, end = [], []
    for name in names:
        register = unit.names.of("v", name)
        array = frame.array("value", name)
        type_ = unit.dialect.type(unit.owner.variable(name).type)
        start.append(f"{'' if name in written else 'const '}{type_} {register} = {array}[i];")
        if name in written:
            if name in unit.owner.before:
                old, stamp = frame.array("before", name), frame.array("stamp", name)
                end.append(f"{old}[i] = {stamp}[i] == step ? {old}[i] : {array}[i];")
                end.append(f"{stamp}[i] = step;")
            end.append(f"{array}[i] = {register};")
    return start, end


def _ports(unit: Unit, scope: Scope) -> list[str]:
    """Take what arrived at each port, and leave 1 where that is out of range, else 0."""
    lines = []
    real, suffix = unit.dialect.real, unit.dialect.suffix
    for number, port in enumerate(owner_of(unit).owner.inputs):
        name = unit.names.of("input", port.port)
        sums = scope.declare(f"sum_{name}", f"int64_t *restrict sum_{name} = p->inputs[{number}];")
        if number in owner_of(unit).waiting:
            slots, late = owner_of(unit).waiting[number] + 1, f"late_{name}"
            place = f"p->inputs[{owner_of(unit).late(number)}] + (int64_t)((uint32_t)step % {slots}u) * p->size"
            scope.declare(late, f"int64_t *restrict {late} = {place};")
            lines += [f"{sums}[i] += {late}[i];", f"{late}[i] = 0;"]
        lines += [
            f"const {real} {name} = pl_take_input{suffix}({sums}[i]);",
            f"const int32_t out_{name} = pl_bad_input{suffix}({name});",
            f"{sums}[i] = out_{name};",
            f"bad_{name} |= out_{name};",
        ]
    return lines


# ---------------------------------------------------------------- spikes


def _spikes(unit: Unit) -> None:
    population = owner_of(unit).owner
    spiking = population.spiking
    scope = Scope()
    lines: list[str] = ["(void)step;"]
    match spiking:
        case None:
            lines.append("pl_spikes_at(p, step)->count = 0;")
        case Threshold():
            lines.append("const pl_spikes *const spiked = pl_collect(m, p, step);")
        case Renewal():
            _renewal(unit, spiking)
            if unit.layout.batched or not is_divisible(unit):
                lines.append(f"{unit.prefix}_due(m, step, 0, p->size);")
            lines += ["p->redraw = 0;", "const pl_spikes *const spiked = pl_collect(m, p, step);"]
        case Scheduled():
            lines.append("const pl_spikes *const spiked = pl_scheduled(m, p, step);")
    if spiking is not None:
        outer_lines: list[str] = []
        outer = unit.frame(scope, outer_lines, Site.GLOBAL)
        inner = unit.frame(scope, [], Site.NEURON, outer=outer, outer_sites=frozenset({Site.GLOBAL}))
        for statement in spiking.body:
            inner.run(statement)
        if inner.lines:
            loop = ["const int32_t i = spiked->neurons[k];", *inner.lines]
            marked = mark_rate(unit, spiking.body)
            lines += [
                "if (spiked->count > 0) {",
                *indent([*outer_lines, "for (int64_t k = 0; k < spiked->count; ++k) {", *indent(loop), "}", *marked]),
                "}",
            ]
        lines.append("pl_record_spikes(m, p, spiked, step);")
    scope.lines = lines
    unit.function("spikes", "int32_t step", scope, about=f"{population.name}: spikes")


def is_divisible(unit: Unit) -> bool:
    """Whether threads share a population's step, and with it what a Renewal draws."""
    population = owner_of(unit).owner
    return not (any(s.site is Site.GLOBAL for s in population.step) or mark_rate(unit, population.step))


def _renewal(unit: Unit, spiking: Renewal) -> None:
    """Next spikes of neurons low .. high - 1: anew for all where the rate may have changed, or for those that spike."""
    scope = Scope()
    head: list[str] = []
    outer = unit.frame(scope, head, Site.GLOBAL)
    loops = []
    for kind, base in ((1, "(int64_t)step - 1"), (0, "step")):
        inner = unit.frame(scope, [], Site.NEURON, outer=outer, outer_sites=frozenset({Site.GLOBAL}))
        rate = inner.text(spiking.rate)
        words = replace(inner, who=("(uint32_t)i", f"{kind}u")).words(spiking.purpose)
        loops.append([*inner.lines, f"p->next[i] = pl_renewal({words}, {base}, (double)({rate}), m->dt);"])
    scope.lines = [
        *head,
        "if (p->redraw) {",
        "    for (int32_t i = low; i < high; ++i) {",
        *indent(loops[0], 2),
        "    }",
        "}",
        "for (int32_t b = low / PL_BLOCK; b * PL_BLOCK < high; ++b) {",
        "    if (p->redraw) {",
        "        pl_quiet(p, b);",
        "    }",
        "    p->spiking[b] = p->quiet[b] > step ? 0 : pl_due(p, b, step);",
        "    if (p->spiking[b] == 0) {",
        "        continue;",
        "    }",
        "    for (uint64_t rest = p->spiking[b]; rest != 0; rest &= rest - 1) {",
        "        const int32_t i = b * PL_BLOCK + pl_lowest(rest);",
        *indent(loops[1], 2),
        "    }",
        "    pl_quiet(p, b);",
        "}",
    ]
    about = f"{owner_of(unit).owner.name}: whose spikes are due, and the next ones"
    unit.function("due", "int32_t step, int32_t low, int32_t high", scope, about=about)
