"""The text of `plastc explain`: where every variable lives, how it is integrated, what events cost, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, assert_never

from plastlang.ir.idle import walks
from plastlang.ir.nodes import (
    Assign,
    Connect,
    ConnectAll,
    ConnectGiven,
    ConnectOneToOne,
    ConnectProbability,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    Read,
    Renewal,
    Scheduled,
    Threshold,
)
from plastlang.ir.types import Site
from plastlang.ir.walk import expressions, statements, walk
from plastlang.passes.cost import EventCost, bytes_per_synapse, costs
from plastlang.passes.schedule import schedule_of

_HOW = {
    "exact": "exact",
    "lazy": "exact, lazy",
    "exponential_euler": "exponential Euler",
    "rk4": "Runge-Kutta 4",
    "euler": "Euler",
    "constant": "constant",
    "event": "by events",
}
_LIVES = {
    Site.GLOBAL: "once",
    Site.NEURON: "neuron",
    Site.PRE: "pre neuron",
    Site.POST: "post neuron",
    Site.SYNAPSE: "synapse",
    Site.PAIR: "pair (not stored)",
}


class Explained(Protocol):
    """What lowering has decided for a variable, and why."""

    @property
    def owner(self) -> str: ...
    @property
    def variable(self) -> str: ...
    @property
    def site(self) -> Site: ...
    @property
    def how(self) -> str: ...
    @property
    def why(self) -> str: ...


def explain(program: Program, explanations: Iterable[Explained], alone: str = "") -> str:
    """The explanation of a scheduled program, as plain text.

    Args:
        program: with schedules in its notes.
        explanations: one record for each variable of the source.
        alone: "neuron" or "rule" where the program was made to show one by itself; it has its name.
    """
    records = tuple(explanations)
    events = costs(program)
    head = f"{alone or 'network'} {program.name}: steps of {program.dt:g} ms"
    parts = [[head, "  costs are for single precision, with all branches taken; bytes are read or written"]]
    for population in program.populations:
        if alone and population.name != program.name:
            continue  # an end of the rule
        parts.append([*_population(population), *_owner(population, records, events)])
    for projection in program.projections:
        parts.append(
            [
                *(() if alone else _projection(program, projection)),
                *_memory(program, projection),
                *_owner(projection, records, events),
                *_post(program, projection),
                *_together(projection),
                *_walks(projection),
            ]
        )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _population(population: Population) -> Iterator[str]:
    grid = population.grid
    place = "" if grid is None else f" on a grid of {grid.width} x {grid.height}{', periodic' if grid.periodic else ''}"
    yield f"population {population.name}: {_number(population.size, 'neuron')}{place}"
    match population.spiking:
        case Threshold():
            yield "  spikes: a condition, tested for every neuron in every step"
        case Renewal(depends=depends):
            again = f", and anew when {_any(depends)} changes" if depends else ""
            yield f"  spikes: Poisson; the next one of each neuron is drawn ahead{again}"
        case Scheduled():
            yield "  spikes: given by the host"
        case _:
            yield "  spikes: none"


def _any(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _projection(program: Program, projection: Projection) -> Iterator[str]:
    target = f"{projection.target}{'.' if projection.port else ''}{projection.port}"
    ends = f"{' + '.join(projection.sources)} -> {target}"
    delay = f"delay {projection.delay_steps * program.dt:g} ms"
    yield f"projection {projection.name}: {ends}, {delay}, {_connect(projection.connect)}"


def _memory(program: Program, projection: Projection) -> Iterator[str]:
    parts = bytes_per_synapse(program, projection)
    listed = ", ".join(f"{name} {size}" for name, size in parts)
    yield f"  memory: {sum(size for _, size in parts)} bytes for each synapse ({listed})"


def _connect(connect: Connect) -> str:
    match connect:
        case ConnectProbability():
            return "connected by probability"
        case ConnectAll():
            return "all pairs connected"
        case ConnectOneToOne():
            return "connected one to one"
        case ConnectGiven():
            return "no synapses at first"
        case _:
            assert_never(connect)


def _owner(
    owner: Population | Projection, records: tuple[Explained, ...], events: tuple[EventCost, ...]
) -> Iterator[str]:
    units = {v.name: v.unit or "1" for v in owner.variables}
    rows = [
        (r.variable, units.get(r.variable, "1"), _LIVES[r.site], _HOW.get(r.how, r.how), r.why)
        for r in records
        if r.owner == owner.name
    ]
    if rows:
        yield ""
        yield from _table(("variable", "unit", "one for each", "integrated", "why"), rows)
    found = [
        (e.event, e.each, str(e.operations), str(e.functions), str(e.draws), str(e.moved))
        for e in events
        if e.owner == owner.name
    ]
    if found:
        yield ""
        yield from _table(("event", "counted", "operations", "functions", "draws", "bytes"), found)


def _post(program: Program, projection: Projection) -> Iterator[str]:
    schedule = schedule_of(program, projection.name)
    yield ""
    match schedule.post:
        case "none":
            yield "  post spikes cost synapses nothing: no synapse changes when its post neuron spikes"
        case kind:
            text = f"post spikes are {kind}: {schedule.reason}"
            yield textwrap.fill(text, 110, initial_indent="  ", subsequent_indent="  ")


def _together(projection: Projection) -> Iterator[str]:
    """What `on post spike` has seen of the pre spikes that arrive in the same step: the choice at a difference of 0."""
    blocks = {kind: [b for b in projection.blocks if isinstance(b.trigger, kind)] for kind in (PreSpike, PostSpike)}
    written = {s.name for b in blocks[PreSpike] for s in statements(b.body) if isinstance(s, Assign)}
    reads: dict[bool, dict[str, None]] = {False: {}, True: {}}
    for statement in (s for b in blocks[PostSpike] for s in statements(b.body)):
        own = statement.name if isinstance(statement, Assign) else ""
        for node in (n for x in expressions(statement) for n in walk(x)):
            if isinstance(node, Read) and not node.of and node.name in written - {own}:
                reads[node.before][f"{node.name}{'@before' if node.before else ''}"] = None
    seen, unseen = ", ".join(reads[False]), ", ".join(reads[True])
    if seen or unseen:
        what = [f"counts in {seen}"] if seen else []
        what += [f"does not count in {unseen}"] if unseen else []
        counts = " and ".join(what)
        text = f"a pre spike that arrives in the step of the post spike {counts}, as `on post spike` reads it"
        yield textwrap.fill(text, 110, initial_indent="  ", subsequent_indent="  ")


def _walks(projection: Projection) -> Iterator[str]:
    """What is skipped, and what a batch shares."""
    for found in walks(projection):
        if found is None:
            yield "  in each step every synapse is looked at: nothing says that it would do nothing"
            continue
        zero = [f"{r.of}.{r.name}" if r.of else r.name for r in found.zero]
        names = ", ".join((*zero, *found.rest))
        text = f"in each step the synapses of a pre neuron are skipped while these are exactly 0: {names}"
        yield textwrap.fill(text, 110, initial_indent="  ", subsequent_indent="  ")
    if shared := [v.name for v in projection.variables if v.shared]:
        yield f"  the networks of a batch share {', '.join(shared)}"


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    for row in (head, *rows):
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
