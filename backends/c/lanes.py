"""Walks over the synapses of a batch, all networks side by side: a vector operation is for one synapse in all of them.

What each network has for itself at synapses is in lanes: the B values of synapse `s` are entries s B .. s B + B - 1 of
a column. What a walk reads of the neurons is brought into the same order first, so that nothing is gathered. What all
networks add to a shared variable is added lane after lane, which is the order of the networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from plastlang.backends.cfamily.frame import Frame, Scope
from plastlang.backends.cfamily.layout import ProjectionLayout, Scratch, has_draw
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.idle import Idle, resting, sums_of
from plastlang.ir.nodes import Assign, Binary, Builtin, EachStep, Expr, InputSum, Let, Local, Projection, Read, Stmt
from plastlang.ir.sharing import Sharing, addend
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import all_expressions, children, walk

_ENDS = (Site.PRE, Site.POST, Site.GLOBAL)
#: Neurons that are brought into lanes at a time, so that what is written stays in the cache.
_GRAIN = 128


def set_lanes(owner: ProjectionLayout, sharing: Sharing, batch: int) -> None:
    """Put own columns in lanes where a step has a walk that gains by it."""
    projection = owner.owner
    if batch > 1 and not projection.lazy and not owner.before and any(_walks(projection, sharing)):
        owner.lanes = batch


def _walks(projection: Projection, sharing: Sharing) -> Iterator[bool]:
    for body in (projection.step, *(b.body for b in projection.blocks if isinstance(b.trigger, EachStep))):
        lets = sharing.own_lets(body)
        own = tuple(s for s in body if s.site is Site.SYNAPSE and sharing.is_own(s, lets))
        yield bool(own) and fits(own, sharing)


def fits(body: Sequence[Stmt], sharing: Sharing) -> bool:
    """Whether synapse statements that happen in each network can be done for all of them at once."""
    bound: set[str] = set()
    sums: list[str] = []
    for statement in body:
        match statement:
            case Let(name=name, value=value):
                bound.add(name)
                read = value
            case Assign(name=name, site=Site.SYNAPSE, value=value) if name in sharing.shared:
                added = addend(statement)
                if added is None or not isinstance(value, Binary) or value.op not in ("+", "-"):
                    return False
                sums.append(name)
                read = added
            case Assign(site=Site.SYNAPSE, value=value):
                read = value
            case _:
                return False
        if not _plain(read, bound):
            return False
    added_to = set(sums)
    reads = [n.name for s in body for x in _parts(s) for n in walk(x) if isinstance(n, Read) and not n.of]
    return len(added_to) == len(sums) and not added_to.intersection(reads)


def _parts(statement: Stmt) -> Iterable[Expr]:
    added = addend(statement) if isinstance(statement, Assign) else None
    return all_expressions((statement,)) if added is None else (added,)


def _plain(expression: Expr, bound: set[str]) -> bool:
    if has_draw(expression):
        return False
    for node in walk(expression):
        match node:
            case Read(site=site, before=before) if before or site is Site.PAIR:
                return False
            case Local(name=name) if name not in bound:
                return False
            case InputSum() | Builtin():
                return False
            case _:
                pass
    return True


@dataclass(frozen=True, slots=True)
class _Staged:
    """A value of each neuron (or of the network) in lanes: the number of its scratch array."""

    expression: Expr
    site: Site
    number: int


class Lanes:
    """Emits one walk. `name` is that of its functions."""

    def __init__(
        self, unit: Unit, sharing: Sharing, body: Sequence[Stmt], name: str, nothing: Idle | None, moves: bool
    ):  # fmt: skip
        assert isinstance(unit.owner, ProjectionLayout)
        self.unit, self.owner, self.sharing = unit, unit.owner, sharing
        self.body, self.name, self.nothing, self.moves = body, name, nothing, moves
        self.staged: list[_Staged] = []

    def emit(self, fresh: Frame) -> list[str]:
        """Put the functions on the source; returns the lines that bring what is read into lanes."""
        for statement in self.body:
            for expression in _parts(statement):
                self._stage(expression)
        for read in self.nothing.zero if self.nothing is not None else ():
            self._put(read, Site.PRE)
        calls = self._staging(fresh)
        self._walk(fresh)
        return calls

    # ------------------------------------------------------------ what is read of the neurons

    def _stage(self, expression: Expr) -> None:
        """Find the largest parts of an expression that only need one end."""
        reads = [n for n in walk(expression) if isinstance(n, Read)]
        sites = {r.site for r in reads}
        local = any(isinstance(n, Local) for n in walk(expression))
        if sites and not local and sites <= set(_ENDS) and len(sites - {Site.GLOBAL}) <= 1:
            if self.sharing.own_reads(expression):
                self._put(expression, next(iter(sites - {Site.GLOBAL}), Site.GLOBAL))
            return
        for child in children(expression):
            self._stage(child)

    def _put(self, expression: Expr, site: Site) -> None:
        if all(s.expression != expression for s in self.staged):
            self.owner.scratch.append(Scratch(site, expression.type, own=False, lanes=self.owner.lanes))
            self.staged.append(_Staged(expression, site, len(self.owner.scratch) - 1))

    def _pointer(self, staged: _Staged) -> str:
        return f"(({self.unit.dialect.type(staged.expression.type)} *)p->scratch[{staged.number}])"

    def _staging(self, fresh: Frame) -> list[str]:
        """One function for each site, cut by neurons."""
        calls: list[str] = []
        for site, at, size in ((Site.PRE, "i", "p->n_pre"), (Site.POST, "j", "p->n_post"), (Site.GLOBAL, "0", "1")):
            here = [s for s in self.staged if s.site is site]
            if not here:
                continue
            outer = self._fresh(fresh)

            def body(scope: Scope, inner: Frame, here: list[_Staged] = here, at: str = at) -> None:
                for staged in here:
                    place = f"{self._pointer(staged)}[(int64_t){at} * {self.owner.lanes} + m->number]"
                    inner.lines.append(f"{place} = {inner.text(staged.expression)};")

            loop = self.unit.loop(site, body, outer, part=True)
            outer.lines += ["(void)step;", "(void)low;", "(void)high;", *loop]
            name = f"{self.name}_{site.name.lower()}"
            self.unit.function(name, "int32_t step, int32_t low, int32_t high", outer.scope)
            function = f"{self.unit.prefix}_{name}"
            self.unit.lines += [
                f"PL_PHASE void {function}_all(pl_model *m, int32_t step, int32_t low, int32_t high) {{",
                f"    for (int32_t from = low; from < high; from += {_GRAIN}) {{",
                f"        const int32_t to = high - from > {_GRAIN} ? from + {_GRAIN} : high;",
                f"        for (int64_t b = 0; b < {self.owner.lanes}; ++b) {{",
                f"            {function}(&m->networks[b], step, from, to);",
                "        }",
                "    }",
                "}",
                "",
            ]
            work = f"{len(here) * self.owner.lanes} * (int64_t){size}"
            calls.append(f"pl_parallel(m, {function}_all, {fresh.step}, {size}, PL_BLOCK, {work});")
        return calls

    def _fresh(self, frame: Frame) -> Frame:
        scope = Scope(numbers=frame.scope.numbers)
        return self.unit.frame(
            scope, scope.lines, Site.GLOBAL, now=frame.now, repeat=frame.repeat, step="step"
        )  # fmt: skip

    # ------------------------------------------------------------ the walk

    def _walk(self, fresh: Frame) -> None:
        unit, lanes = self.unit, self.owner.lanes
        scope = Scope(numbers=fresh.scope.numbers)
        frame = unit.frame(scope, [], Site.SYNAPSE, now=fresh.now, repeat=fresh.repeat, lane="b")
        index = {Site.PRE: "i", Site.POST: "j", Site.GLOBAL: "0"}
        for staged in self.staged:
            type_, name = unit.dialect.type(staged.expression.type), f"lanes_{staged.number}"
            scope.declare(name, f"const {type_} *restrict {name} = {self._pointer(staged)};")
            frame.known[staged.expression] = f"{name}[(int64_t){index[staged.site]} * {lanes} + b]"
        before: list[str] = []
        after: list[str] = []
        for statement in self.body:
            if isinstance(statement, Assign) and statement.name in self.sharing.shared:
                added = addend(statement)
                assert added is not None and isinstance(statement.value, Binary)
                sum_, array = scope.fresh("sum"), frame.array("value", statement.name)
                type_ = unit.dialect.type(statement.value.type)
                before.append(f"{type_} add_{sum_}[{lanes}];")
                frame.lines.append(f"add_{sum_}[b] = {frame.text(added)};")
                after += [
                    f"{type_} {sum_} = {array}[s];",
                    f"for (int32_t b = 0; b < {lanes}; ++b) {{",
                    f"    {sum_} = {sum_} {statement.value.op} add_{sum_}[b];",
                    "}",
                    f"{array}[s] = {sum_};",
                ]
            else:
                frame.run(statement)
        inner = [
            *before,
            "#pragma omp simd",
            f"for (int32_t b = 0; b < {lanes}; ++b) {{",
            *indent(frame.lines),
            "}",
            *after,
        ]
        scope.declare("rows_post", "const int32_t *restrict rows_post = p->rows.post;")
        scope.lines = [
            "(void)step;",
            "for (int32_t i = low; i < high; ++i) {",
            *indent(self._skip(frame)),
            "    const int64_t row_end = p->rows.start[i] + p->rows.length[i];",
            "    for (int64_t s = p->rows.start[i]; s < row_end; ++s) {",
            "        const int32_t j = rows_post[s];",
            "        (void)j;",
            *indent(inner, 2),
            "    }",
            "}",
        ]
        unit.function(f"{self.name}_all", "int32_t step, int32_t low, int32_t high", scope)

    def _skip(self, frame: Frame) -> list[str]:
        """A row is skipped where nothing would happen in any network; what moves in one is looked at in all."""
        lanes, suffix = self.owner.lanes, self.unit.dialect.suffix
        network = f"pl_projection *const o = &m->networks[b].projections[{self.owner.number}];"
        known = [
            f"for (int32_t b = 0; b < {lanes}; ++b) {{",
            f"    {network}",
            "    o->quiet[i] = 1;",
            "}",
        ]
        active = known if self.moves else []
        if self.nothing is None:
            return active
        projection = self.owner.owner
        tests = [f"pl_is_zero{suffix}({frame.item('value', n)})" for n in sorted(resting(projection))]
        sums = sorted(n for n in sums_of(projection) if self.owner.variable(n).type is Type.REAL)
        tests += [f"pl_is_sum{suffix}({frame.item('value', n)})" for n in sums]
        zeros = [f"pl_is_zero{suffix}({frame.known[read]})" for read in self.nothing.zero]
        return [
            "bool active = false;",
            f"for (int32_t b = 0; b < {lanes} && !active; ++b) {{",
            f"    {network}",
            f"    if (!({' && '.join(['o->tame', 'o->quiet[i] != 1', *zeros])})) {{",
            "        active = true;",
            "        break;",
            "    }",
            "    if (o->quiet[i] == 0) {",
            "        int32_t rests = 1;",
            "        for (int64_t s = p->rows.start[i]; s < p->rows.start[i] + p->rows.length[i]; ++s) {",
            f"            rests &= {' & '.join(tests) or '1'};",
            "        }",
            "        o->quiet[i] = rests ? 2 : 1;",
            "    }",
            "    active = o->quiet[i] != 2;",
            "}",
            "if (!active) {",
            "    continue;",
            "}",
            *active,
        ]

