"""What the kernels of a step read and write, by the names of what they are about.

Of a population: NAME, its variables; what it takes to find who spikes; the spikes; the sums of its inputs. Of a
projection: NAME.VARIABLE (a lazy group by its first), its rows, and the memory of its blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Uses
from plastlang.ir.nodes import Assign, Deliver, Expr, Read, Stmt
from plastlang.ir.walk import all_expressions, statements, walk

#: Inputs that are too large: who finds them comes after all that arrives, and before all that has faults of its own.
BAD_INPUTS = "inputs that are too large"


def _firing(population: str) -> str:
    return f"{population}: who spikes"


def _spikes(population: str) -> str:
    return f"{population}: spikes"


def _inputs(population: str) -> str:
    return f"{population}: inputs"


def _of(unit: CudaUnit) -> set[str]:
    """Everything of the owner but its spikes and inputs."""
    owner = unit.owner
    name = owner.owner.name
    if not isinstance(owner, ProjectionLayout):
        return {name, _firing(name)}
    return {f"{name}: rows", f"{name}: memory", *(_variable(owner, v.name) for v in owner.owner.variables)}


def _variable(owner: ProjectionLayout, variable: str) -> str:
    group = owner.group(variable)
    return f"{owner.owner.name}.{group[1].names[0] if group else variable}"


def of_advance(unit: CudaUnit) -> Uses:
    """The step of a population."""
    writes = {*_of(unit), _inputs(unit.owner.owner.name)}
    return Uses(writes=frozenset(writes), adds=frozenset({BAD_INPUTS}))


def of_due(unit: CudaUnit) -> Uses:
    """Whose next spike is now."""
    name = unit.owner.owner.name
    return Uses(frozenset({name}), frozenset({_firing(name)}))


def of_spiking(unit: CudaUnit) -> Uses:
    """The list of those who spike, and what follows for them."""
    return Uses(writes=frozenset({*_of(unit), _spikes(unit.owner.owner.name)}))


def of_spikes(unit: CudaUnit, group: Sequence[Stmt], more: Iterable[Expr], keeps: bool) -> Uses:
    """Statements of a projection at spikes. `more`: what is evaluated beside them; `keeps`: values for later ones."""
    owner = unit.owner
    assert isinstance(owner, ProjectionLayout)
    name = owner.owner.name
    more = tuple(more)
    nodes = [n for x in (*all_expressions(group), *more) for n in walk(x)]
    reads = {_variable(owner, n.name) for n in nodes if isinstance(n, Read) and not n.of}
    writes = {_variable(owner, s.name) for s in statements(group) if isinstance(s, Assign)}
    delivers = any(isinstance(s, Deliver) for s in statements(group))
    return Uses(
        frozenset({BAD_INPUTS, *reads, *_ends(owner, more), f"{name}: rows"}),
        frozenset({*writes, *({f"{name}: memory"} if keeps else ())}),
        frozenset({_inputs(owner.owner.target)} if delivers else ()),
    )


def of_block(unit: CudaUnit) -> Uses:
    """Any kernel of a block that runs for all instances, a structural statement's as well."""
    owner = unit.owner
    ends = _ends(owner) if isinstance(owner, ProjectionLayout) else ()
    return Uses(frozenset({BAD_INPUTS, *ends}), frozenset(_of(unit)))


def _ends(owner: ProjectionLayout, more: Iterable[Expr] = ()) -> set[str]:
    """What a projection may want to know of its ends: their spikes, and the variables if any expression reads one."""
    projection = owner.owner
    bodies = (projection.step, *(block.body for block in projection.blocks))
    expressions = [*(x for b in bodies for x in all_expressions(b)), *(v.init for v in projection.variables), *more]
    read = {n.of for x in expressions for n in walk(x) if isinstance(n, Read)}
    ends = {"pre": projection.sources, "post": (projection.target,)}
    variables = {name for end, names in ends.items() if end in read for name in names}
    return {*variables, *(_spikes(name) for names in ends.values() for name in names)}
