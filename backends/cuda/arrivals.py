"""Spikes at both ends of a projection: statements of the neuron, a thread each, and of synapses, warps along rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.joined import LATE, Spikes, spikes_on
from plastlang.backends.cfamily.layout import PopulationLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import outliving
from plastlang.backends.cuda.blocks import grouped, meet, run_keeping, site_of
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Launch, Launches, Networks, Shape
from plastlang.backends.cuda.uses import of_spikes
from plastlang.ir.nodes import Deliver, PostSpike, PreSpike, Stmt
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import statements


def projection_of(unit: CudaUnit) -> ProjectionLayout:
    """The layout of the unit's projection."""
    assert isinstance(unit.owner, ProjectionLayout)
    return unit.owner


@dataclass(frozen=True, slots=True)
class _Firing:
    """Whose spikes act at an end of a projection, as text.

    Attributes:
        lists: find the lists of spikes.
        count: how many there are.
        neuron: declares the neuron of spike `k`.
        fires: whether the neuron is among them.
        alone: no other blocks act at spikes of this end.
    """

    end: Site
    lists: tuple[str, ...]
    count: str
    neuron: str
    fires: str
    alone: bool


def emit_arrivals(unit: CudaUnit) -> Launches:
    """`on pre spike`: for the source neurons whose spikes arrive in this step, ascending over all sources."""
    groups = spikes_on(projection_of(unit).owner.blocks, PreSpike, unit.layout.dt)
    firing = [_arriving(unit, group, len(groups) == 1) for group in groups]
    return tuple(
        launch
        for n, (group, who) in enumerate(zip(groups, firing, strict=True))
        for launch in _spikes(unit, _name("arrive", n), group, who)
    )


def _name(kind: str, number: int) -> str:
    """What the names of the kernels of a group of blocks begin with."""
    return f"{kind}{number}" if number else kind


def _arriving(unit: CudaUnit, spikes: Spikes, alone: bool) -> _Firing:
    owner = projection_of(unit).owner
    lists, neuron, fires = list[str](), "", ""
    for k in range(len(owner.sources) - 1, -1, -1):
        number = unit.layout.populations[owner.sources[k]].number
        source = f"&m->populations[{number}]"
        lists.insert(0, f"const pl_spikes *const spiked{k} = pl_spikes_at({source}, step + {_back(unit, k, spikes)});")
        here = f"spiked{k}->neurons[k - {_before(k)}] + p->first[{k}]" if k else "spiked0->neurons[k]"
        neuron = here if not neuron else f"k < {_before(k + 1)} ? {here} : {neuron}"
        among = f"pl_spiked(spiked{k}, {f'i - p->first[{k}]' if k else 'i'})"
        fires = among if not fires else f"i < p->first[{k + 1}] ? {among} : {fires}"
    count = _before(len(owner.sources))
    return _Firing(Site.PRE, tuple(lists), count, f"const int32_t i = {neuron};", fires, alone)


def _back(unit: CudaUnit, source: int, spikes: Spikes) -> str:
    """What is added to the step, so that the remainder of division by `slots` is that of the step of the spike."""
    owner = projection_of(unit).owner
    slots = unit.layout.populations[owner.sources[source]].slots
    return _ago(slots - owner.delay_steps, spikes)


def _ago(steps: int, spikes: Spikes) -> str:
    """So many steps, less those by which the spikes act late."""
    return str(steps - spikes.last) if spikes.fixed else f"{steps} - late"


def _before(source: int) -> str:
    """How many spikes the sources before this one have."""
    return f"({' + '.join(f'spiked{k}->count' for k in range(source))})" if source else "0"


def emit_post(unit: CudaUnit) -> Launches:
    """`on post spike`: for the target neurons that spiked in this step."""
    owner = projection_of(unit).owner
    target = unit.layout.populations[owner.target]
    launches: list[Launch] = []
    groups = spikes_on(owner.blocks, PostSpike, unit.layout.dt)
    for number, spikes in enumerate(groups):
        when = "step" if spikes.fixed and not spikes.last else f"step + {_ago(target.slots, spikes)}"
        lists = [f"const pl_spikes *const spiked0 = pl_spikes_at(&m->populations[{target.number}], {when});"]
        neuron = "const int32_t j = spiked0->neurons[k];"
        who = _Firing(
            Site.POST, tuple(lists), "spiked0->count", neuron, "pl_spiked(spiked0, j)", len(groups) == 1
        )  # fmt: skip
        launches += _spikes(unit, _name("post", number), spikes, who)
    return tuple(launches)


def _spikes(unit: CudaUnit, name: str, spikes: Spikes, who: _Firing) -> Launches:
    """Kernels for statements at a spike."""
    body, end = spikes.body, who.end
    groups = grouped(body)
    lasting = outliving(tuple(body), groups)
    known = {LATE: Value("late", Type.INT, Site.GLOBAL)}
    chosen = () if spikes.chosen is None else (spikes.chosen,)
    networks, sequence = _networks(unit, end), f"{unit.prefix}_{end}"
    inside = networks is Networks.ORDER and who.alone and spikes.fixed and not chosen and _separate(unit, groups)
    if inside:  # a launch goes through the networks by itself
        networks, sequence = Networks.ONCE, ""
    launches: list[Launch] = []
    for number, group in enumerate(groups):
        site = site_of(group[0])
        scope = Scope()
        outer = unit.frame(scope, scope.lines, Site.GLOBAL, locals=dict(known))
        new: dict[str, Value] = {}
        head = [who.neuron, *_chosen(unit, spikes, end, scope)]

        def run(inner: Frame, group: list[Stmt] = group, site: Site = site, new: dict[str, Value] = new) -> None:
            delivered = [s for s in statements(group) if isinstance(s, Deliver)]
            inner.late = tuple(s for s in delivered if s.after is not None)
            if len(delivered) > len(inner.late):
                inner.deliver = "delivered += {value};"
                inner.lines.append("int64_t delivered = 0;")
            for k in range(len(inner.late)):
                inner.lines += [f"int64_t late_{k} = 0;", f"int32_t after_{k} = 0;"]
            new.update(run_keeping(unit, inner, group, lasting, site))
            if len(delivered) > len(inner.late):
                inner.lines.append(f"pl_deliver(&{_sums(unit, inner)}[j], delivered);")
            inner.lines += [f"pl_deliver(&{_waiting(unit, inner, k)}, late_{k});" for k in range(len(inner.late))]

        if inside:
            fires = [*who.lists, f"fires = {who.fires};"]
            lines = (unit.rows_in_order if site is Site.SYNAPSE else unit.each_in_order)(end, fires, run, outer)
        elif site is Site.SYNAPSE:
            walk = unit.rows if end is Site.PRE else unit.columns
            lines = walk(who.count, head, run, outer)
        else:
            lines = unit.each(site, who.count, head, run, outer)
        known.update(new)
        if lines:
            found = [*(() if inside else who.lists), *lines]
            if not spikes.fixed:
                found = [f"for (int32_t late = 0; late <= {spikes.last}; ++late) {{", *indent(found), "}"]
            scope.lines += found
            about = f"{unit.owner.owner.name}: {'spikes arrive' if end is Site.PRE else 'post spikes'}"
            launches.append(
                unit.kernel(
                    f"{name}_{number}", scope.text(), Shape.SPREAD, about=about, networks=networks, sequence=sequence,
                    uses=of_spikes(unit, group, chosen, bool(lasting)),
                )
            )
    return tuple(launches)


def _networks(unit: CudaUnit, end: Site) -> Networks:
    """How networks run what happens at the spikes of one end."""
    kind = PreSpike if end is Site.PRE else PostSpike
    blocks = projection_of(unit).owner.blocks
    return unit.among([s for block in blocks if isinstance(block.trigger, kind) for s in block.body])


def _separate(unit: CudaUnit, groups: Sequence[Sequence[Stmt]]) -> bool:
    """Whether what the networks share passes from none of the groups to another."""
    sharing = unit.sharing
    return not any(meet(sharing, a, b) for k, a in enumerate(groups) for b in groups[k + 1 :])


def _chosen(unit: CudaUnit, spikes: Spikes, end: Site, scope: Scope) -> list[str]:
    """Go on to the next neuron if the delay of this one is another."""
    if spikes.chosen is None:
        return []
    lines: list[str] = []
    frame = unit.frame(scope, lines, end, locals={LATE: Value("late", Type.INT, Site.GLOBAL)})
    condition = frame.text(spikes.chosen)
    return [*lines, f"if (!({condition})) {{", "    continue;", "}"]


def _port(unit: CudaUnit) -> tuple[PopulationLayout, int]:
    """The population and the number of the port that the projection delivers to."""
    owner = projection_of(unit).owner
    target = unit.layout.populations[owner.target]
    return target, next(k for k, x in enumerate(target.owner.inputs) if x.port == owner.port)


def _sums(unit: CudaUnit, inner: Frame) -> str:
    """The sums of this step."""
    target, port = _port(unit)
    return inner.scope.declare("sums", f"int64_t *sums = m->populations[{target.number}].inputs[{port}];")


def _waiting(unit: CudaUnit, inner: Frame, number: int) -> str:
    """The sum of a later step."""
    target, port = _port(unit)
    array = f"m->populations[{target.number}].inputs[{target.late(port)}]"
    waiting = inner.scope.declare("waiting", f"int64_t *waiting = {array};")
    return f"{waiting}[(int64_t)((uint32_t)(step + after_{number}) % {target.waiting[port] + 1}u) * p->n_post + j]"
