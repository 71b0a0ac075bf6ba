"""Spikes at both ends of a projection: statements of the neuron, a thread each, and of synapses, warps along rows."""

from __future__ import annotations

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.joined import LATE, Spikes, spikes_on
from plastlang.backends.cfamily.layout import PopulationLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import outliving
from plastlang.backends.cuda.blocks import grouped, run_keeping, site_of
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


def emit_arrivals(unit: CudaUnit) -> Launches:
    """`on pre spike`: for the source neurons whose spikes arrive in this step, ascending over all sources."""
    groups = spikes_on(projection_of(unit).owner.blocks, PreSpike, unit.layout.dt)
    return tuple(launch for n, group in enumerate(groups) for launch in _arriving(unit, group, _name("arrive", n)))


def _name(kind: str, number: int) -> str:
    """What the names of the kernels of a group of blocks begin with."""
    return f"{kind}{number}" if number else kind


def _arriving(unit: CudaUnit, spikes: Spikes, name: str) -> Launches:
    owner = projection_of(unit).owner
    lists, neuron = list[str](), ""
    for k in range(len(owner.sources) - 1, -1, -1):
        number = unit.layout.populations[owner.sources[k]].number
        source = f"&m->populations[{number}]"
        lists.insert(0, f"const pl_spikes *const spiked{k} = pl_spikes_at({source}, step + {_back(unit, k, spikes)});")
        here = f"spiked{k}->neurons[k - {_before(k)}] + p->first[{k}]" if k else "spiked0->neurons[k]"
        neuron = here if not neuron else f"k < {_before(k + 1)} ? {here} : {neuron}"
    count = _before(len(owner.sources))
    return _spikes(unit, name, spikes, Site.PRE, lists, count, f"const int32_t i = {neuron};")


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
    for number, spikes in enumerate(spikes_on(owner.blocks, PostSpike, unit.layout.dt)):
        when = "step" if spikes.fixed and not spikes.last else f"step + {_ago(target.slots, spikes)}"
        lists = [f"const pl_spikes *const spiked0 = pl_spikes_at(&m->populations[{target.number}], {when});"]
        neuron = "const int32_t j = spiked0->neurons[k];"
        launches += _spikes(unit, _name("post", number), spikes, Site.POST, lists, "spiked0->count", neuron)
    return tuple(launches)


def _spikes(
    unit: CudaUnit, name: str, spikes: Spikes, end: Site, lists: list[str], count: str, neuron: str
) -> Launches:  # fmt: skip
    """Kernels for statements at a spike. `lists` find the spikes, `neuron` says which one is spike `k`."""
    body = spikes.body
    groups = grouped(body)
    lasting = outliving(tuple(body), groups)
    known = {LATE: Value("late", Type.INT, Site.GLOBAL)}
    chosen = () if spikes.chosen is None else (spikes.chosen,)
    launches: list[Launch] = []
    for number, group in enumerate(groups):
        site = site_of(group[0])
        scope = Scope()
        outer = unit.frame(scope, scope.lines, Site.GLOBAL, locals=dict(known))
        new: dict[str, Value] = {}
        head = [neuron, *_chosen(unit, spikes, end, scope)]

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

        if site is Site.SYNAPSE:
            walk = unit.rows if end is Site.PRE else unit.columns
            lines = walk(count, head, run, outer)
        else:
            lines = unit.each(site, count, head, run, outer)
        known.update(new)
        if lines:
            found = [*lists, *lines]
            if not spikes.fixed:
                found = [f"for (int32_t late = 0; late <= {spikes.last}; ++late) {{", *indent(found), "}"]
            scope.lines += found
            about = f"{unit.owner.owner.name}: {'spikes arrive' if end is Site.PRE else 'post spikes'}"
            launches.append(
                unit.kernel(
                    f"{name}_{number}", scope.text(), Shape.SPREAD, about=about, networks=_networks(unit, end),
                    sequence=f"{unit.prefix}_{end}", uses=of_spikes(unit, group, chosen, bool(lasting)),
                )
            )
    return tuple(launches)


def _networks(unit: CudaUnit, end: Site) -> Networks:
    """How networks run what happens at the spikes of one end."""
    kind = PreSpike if end is Site.PRE else PostSpike
    blocks = projection_of(unit).owner.blocks
    return unit.among([s for block in blocks if isinstance(block.trigger, kind) for s in block.body])


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
