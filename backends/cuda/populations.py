"""The kernels of one population: its step, which neurons spike, what spiking does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import PopulationLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import outliving
from plastlang.backends.cuda.blocks import grouped, marks_rate, run_keeping, site_of
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Launch, Launches, Networks, Shape, Uses
from plastlang.backends.cuda.uses import of_advance, of_due, of_spiking
from plastlang.ir.nodes import Assign, InputSum, Read, Renewal, Scheduled, Stmt, Threshold
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, statements, walk


def population_of(unit: CudaUnit) -> PopulationLayout:
    """The layout of the unit's population."""
    assert isinstance(unit.owner, PopulationLayout)
    return unit.owner


# ---------------------------------------------------------------- the step


def emit_advance(unit: CudaUnit) -> Launches:
    """The step. Its last kernel empties the input ports and finds out whose threshold is passed."""
    population = population_of(unit).owner
    groups = grouped(population.step)
    if (population.inputs or isinstance(population.spiking, Threshold)) and (
        not groups or site_of(groups[-1][0]) is not Site.NEURON
    ):
        groups.append([])
    lasting = outliving(population.step, groups)
    launches: list[Launch] = []
    known: dict[str, Value] = {}
    for number, group in enumerate(groups):
        site = site_of(group[0]) if group else Site.NEURON
        scope = Scope()
        outer = unit.frame(scope, scope.lines, Site.GLOBAL, locals=dict(known))

        last = number == len(groups) - 1

        def body(inner: Frame, group: list[Stmt] = group, site: Site = site, last: bool = last) -> None:
            if site is Site.NEURON:
                known.update(_neuron(unit, inner, group, lasting, last))
            else:
                known.update(run_keeping(unit, inner, group, lasting, site))

        scope.lines += unit.over(site, body, outer)
        scope.lines += marks_rate(unit, group)
        shape = Shape.ONE if site is Site.GLOBAL else Shape.EACH
        about = f"{population.name}: advance"
        enter, each = "PL_ENTER_ADVANCE", Networks.EACH
        launches.append(
            unit.kernel(f"step_{number}", scope.text(), shape, site, about, enter, each, uses=of_advance(unit))
        )
    return tuple(launches)


def _neuron(unit: CudaUnit, frame: Frame, group: Sequence[Stmt], lasting: set[str], last: bool) -> dict[str, Value]:
    """Statements of one neuron, whose variables are held in registers meanwhile."""
    population = population_of(unit).owner
    spiking = population.spiking
    condition = spiking.condition if last and isinstance(spiking, Threshold) else None
    expressions = [*all_expressions(group), *(() if condition is None else (condition,))]
    nodes = [n for x in expressions for n in walk(x)]
    written = {s.name for s in statements(group) if isinstance(s, Assign)}
    registers = {n.name for n in nodes if isinstance(n, Read) and n.site is Site.NEURON} | written
    frame.registers = frozenset(registers)
    inside = replace(frame, lines=[])
    new = run_keeping(unit, inside, group, lasting, Site.NEURON)
    spikes = None if condition is None else inside.text(condition)
    start, end = _registers(unit, frame, sorted(registers), written)
    ports = _ports(unit, frame, {n.port for n in nodes if isinstance(n, InputSum)}, last)
    frame.lines += [*start, *ports, *inside.lines, *end]
    if spikes is not None:
        frame.scope.declare("counts", "int32_t *const counts = pl_run_counts(p, step);")
        frame.lines += [
            f"const bool spikes = {spikes};",
            "p->flags[i] = spikes;",
            "if (spikes) {",
            "    pl_count_spike(counts, i);",
            "}",
        ]
    return new


def _registers(unit: CudaUnit, frame: Frame, names: list[str], written: set[str]) -> tuple[list[str], list[str]]:
    """Lines that load a neuron's variables, and that store those that were written."""
    start, end = [], []
    for name in names:
        register = unit.names.of("v", name)
        array = frame.array("value", name)
        type_ = unit.dialect.type(unit.owner.variable(name).type)
        start.append(f"{'' if name in written else 'const '}{type_} {register} = {array}[i];")
        if name in written:
            if name in unit.owner.before:
                old, stamp = frame.array("before", name), frame.array("stamp", name)
                end += [f"if ({stamp}[i] != step) {{", f"    {old}[i] = {array}[i];", f"    {stamp}[i] = step;", "}"]
            end.append(f"{array}[i] = {register};")
    return start, end


def _ports(unit: CudaUnit, frame: Frame, read: set[str], last: bool) -> list[str]:
    """Take what arrived at each port; at the end see that it was in range, and leave zero."""
    lines = []
    real, suffix = unit.dialect.real, unit.dialect.suffix
    owner = population_of(unit)
    for number, port in enumerate(owner.owner.inputs):
        name = unit.names.of("input", port.port)
        if port.port not in read and not last:
            continue
        sums = frame.scope.declare(f"sum_{name}", f"int64_t *restrict sum_{name} = p->inputs[{number}];")
        total, late = f"{sums}[i]", ""
        if number in owner.waiting:
            turn = f"(int64_t)((uint32_t)step % {owner.waiting[number] + 1}u) * p->size"
            array = f"int64_t *restrict late_{name} = p->inputs[{owner.late(number)}] + {turn};"
            late = frame.scope.declare(f"late_{name}", array)
            lines.append(f"const int64_t all_{name} = {sums}[i] + {late}[i];")
            total = f"all_{name}"
        lines.append(f"const {real} {name} = pl_take_input{suffix}({total});")
        if last:
            bad = f"if (pl_bad_input{suffix}({name})) {{"
            lines += [bad, f"    pl_overflow(m, {owner.number}, {number}, i);", "}"]
            lines += [f"{array}[i] = 0;" for array in (sums, late) if array]
    return lines


# ---------------------------------------------------------------- spikes


def emit_spikes(unit: CudaUnit, recorded: bool) -> Launches:
    """The list of the neurons that spike, ascending, and what follows for each of them."""
    spiking = population_of(unit).owner.spiking
    match spiking:
        case None:
            return ()
        case Threshold():
            return (_collect(unit, spiking, "p->flags[i] != 0", recorded),)
        case Renewal():
            return (_due(unit, spiking), _collect(unit, spiking, "p->next[i] == step", recorded))
        case Scheduled():
            return (_scheduled(unit, spiking, recorded),)


def _collect(unit: CudaUnit, spiking: Threshold | Renewal, spikes: str, recorded: bool) -> Launch:
    """A warp for each run of neurons: it knows from the counts how many spike before them."""
    scope = Scope()
    outer = unit.frame(scope, scope.lines, Site.GLOBAL)
    inner = unit.frame(scope, [], Site.NEURON, outer=outer, outer_sites=frozenset({Site.GLOBAL}))
    _follow(inner, spiking, recorded)
    redraw = "at > 0" if marks_rate(unit, spiking.body) else "0"
    scope.lines += [
        "const int32_t *const counts = pl_run_counts(p, step);",
        "int32_t *const next_counts = pl_run_counts(p, (int64_t)step + 1);",
        "pl_spikes *const spiked = pl_spikes_at(p, step);",
        "for (int64_t run = pl_warp(); run < pl_runs(p); run += pl_warps()) {",
        "    int64_t at = pl_spikes_before(counts, run);",
        "    for (int32_t c = 0; c < PL_SPIKE_RUN && counts[run] > 0; c += 32) {",
        "        const int32_t i = (int32_t)(run * PL_SPIKE_RUN) + c + pl_lane();",
        f"        const bool spikes = i < p->size && {spikes};",
        "        const unsigned mask = __ballot_sync(0xffffffffu, spikes);",
        "        if (spikes) {",
        "            const int64_t k = at + pl_rank(mask);",
        "            spiked->neurons[k] = i;",
        *indent(inner.lines, 3),
        "        }",
        "        at += __popc(mask);",
        "    }",
        "    if (pl_lane() == 0) {",
        "        next_counts[run] = 0;",
        "        if (run == pl_runs(p) - 1) {",
        "            spiked->count = at;",
        *([f"            p->redraw = {redraw};"] if isinstance(spiking, Renewal) else []),
        "        }",
        "    }",
        "}",
    ]
    return _kernel(unit, "spikes", scope, "spikes", of_spiking(unit))


def _kernel(unit: CudaUnit, name: str, scope: Scope, about: str, uses: Uses) -> Launch:
    """A kernel of the spikes of a population."""
    spiking = population_of(unit).owner.spiking
    assert spiking is not None
    return unit.kernel(
        name, scope.text(), Shape.EACH, Site.NEURON, f"{unit.owner.owner.name}: {about}",
        networks=unit.among(spiking.body), sequence=f"{unit.prefix}_spikes", uses=uses,
    )  # fmt: skip


def _scheduled(unit: CudaUnit, spiking: Scheduled, recorded: bool) -> Launch:
    scope = Scope()
    outer = unit.frame(scope, scope.lines, Site.GLOBAL)

    def body(inner: Frame) -> None:
        inner.lines.append("spiked->neurons[k] = i;")
        _follow(inner, spiking, recorded)

    scope.lines += [
        "pl_spikes *const spiked = pl_spikes_at(p, step);",
        "const int64_t from = pl_schedule_from(p, step), end = pl_schedule_from(p, (int64_t)step + 1);",
        *unit.each(
            Site.NEURON, "end - from", ["const int32_t i = (int32_t)p->schedule[2 * (from + k) + 1];"], body, outer
        ),
        "if (pl_thread() == 0) {",
        "    spiked->count = end - from;",
        "    p->cursor = end;",
        "}",
    ]
    return _kernel(unit, "spikes", scope, "spikes", of_spiking(unit))


def _follow(inner: Frame, spiking: Threshold | Renewal | Scheduled, recorded: bool) -> None:
    """What follows for neuron `i`, the `k`-th that spikes."""
    if recorded:
        inner.lines += ["p->spike_steps[p->recorded + k] = step;", "p->spike_neurons[p->recorded + k] = i;"]
    if isinstance(spiking, Renewal):
        value = _next(inner, spiking, 0, "step")
        inner.lines.append(f"p->next[i] = {value};")
    for statement in spiking.body:
        inner.run(statement)


def _next(inner: Frame, spiking: Renewal, kind: int, base: str) -> str:
    """The step of the next spike."""
    rate = inner.text(spiking.rate)
    words = replace(inner, who=("(uint32_t)i", f"{kind}u")).words(spiking.purpose)
    return f"pl_renewal({words}, {base}, (double)({rate}), m->dt)"


def _due(unit: CudaUnit, spiking: Renewal) -> Launch:
    """Whose next spike is now; where the rate may have changed it is drawn anew."""
    scope = Scope()
    outer = unit.frame(scope, scope.lines, Site.GLOBAL)

    def body(inner: Frame) -> None:
        drawing = replace(inner, lines=[])
        value = _next(drawing, spiking, 1, "(int64_t)step - 1")
        inner.lines += ["if (p->redraw) {", *indent([*drawing.lines, f"p->next[i] = {value};"]), "}"]
        inner.lines += ["if (p->next[i] == step) {", "    pl_count_spike(counts, i);", "}"]

    scope.lines.append("int32_t *const counts = pl_run_counts(p, step);")
    scope.lines += unit.over(Site.NEURON, body, outer)
    return _kernel(unit, "due", scope, "next spikes", of_due(unit))
