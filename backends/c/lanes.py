"""Walks over the synapses of a batch, all networks side by side: a vector operation is for one synapse in all of them.

What each network has for itself at synapses is in lanes: the B values of synapse `s` are entries s B .. s B + B - 1 of
a column. What a walk reads of the neurons is brought into the same order first, so that nothing is gathered. What all
networks add to a shared variable is added lane after lane, which is the order of the networks. Where they do nothing
else, a vector operation is for several synapses of one network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout, Scratch, has_draw
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.idle import Idle, resting, sums_of
from plastlang.ir.nodes import Assign, Binary, Builtin, EachStep, Expr, InputSum, Let, Local, Projection, Read, Stmt
from plastlang.ir.sharing import Sharing, addend
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import all_expressions, children, walk

_ENDS = (Site.PRE, Site.POST, Site.GLOBAL)
_INDEX = {Site.PRE: "i", Site.POST: "j", Site.GLOBAL: "0"}
#: Neurons that are brought into lanes at a time, so that what is written stays in the cache.
_GRAIN = 128
#: Synapses of a row whose sums are made together.
_BLOCK = 4
#: Networks that add to a row before it is stored.
_TOGETHER = 8


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


def only_sums(body: Sequence[Stmt], sharing: Sharing) -> bool:
    """Whether synapses have nothing of a network's own: then there is nothing to keep side by side."""
    kept = any(isinstance(s, Assign) and s.name not in sharing.shared for s in body)
    reads = (n for s in body for x in _parts(s) for n in walk(x) if isinstance(n, Read))
    return not kept and not any(r.site is Site.SYNAPSE and r.name in sharing.own for r in reads)


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


def _ending(unit: Unit, type_: Type) -> str:
    """What ends the name of a function of plast_lanes.h."""
    return {Type.REAL: unit.dialect.suffix, Type.INT: "i", Type.BOOL: "b"}[type_]


@dataclass(frozen=True, slots=True)
class _Staged:
    """A value of each neuron (or of the network): its scratch arrays, one of each network and one in lanes."""

    expression: Expr
    site: Site
    single: int
    lanes: int


class Lanes:
    """Emits one walk. `name` is that of its functions."""

    def __init__(
        self, unit: Unit, sharing: Sharing, body: Sequence[Stmt], name: str, nothing: Idle | None, moves: bool
    ):  # fmt: skip
        assert isinstance(unit.owner, ProjectionLayout)
        self.unit, self.owner, self.sharing = unit, unit.owner, sharing
        self.body, self.name, self.nothing, self.moves = body, name, nothing, moves
        self.staged: list[_Staged] = []
        self.turned = not only_sums(body, sharing)

    def emit(self, fresh: Frame) -> list[str]:
        """Put the functions on the source; returns the lines that bring what is read into order."""
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
        if any(s.expression == expression for s in self.staged):
            return
        scratch = self.owner.scratch
        scratch.append(Scratch(site, expression.type))
        single = lanes = len(scratch) - 1
        if self.turned:
            scratch.append(Scratch(site, expression.type, own=False, lanes=self.owner.lanes))
            lanes = single + 1
        self.staged.append(_Staged(expression, site, single, lanes))

    def _type(self, staged: _Staged) -> str:
        return self.unit.dialect.type(staged.expression.type)

    def _single(self, staged: _Staged) -> tuple[str, list[str]]:
        """The name of an array of pointers to the value in each network, and the lines that fill it."""
        name, type_ = f"single_{staged.single}", self._type(staged)
        place = f"m->networks[b].projections[{self.owner.number}].scratch[{staged.single}]"
        return name, [
            f"const {type_} *{name}[{self.owner.lanes}];",
            f"for (int32_t b = 0; b < {self.owner.lanes}; ++b) {{",
            f"    {name}[b] = (const {type_} *){place};",
            "}",
        ]

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
                    name, type_ = f"value_{staged.single}", self._type(staged)
                    scope.declare(name, f"{type_} *restrict {name} = ({type_} *)p->scratch[{staged.single}];")
                    inner.lines.append(f"{name}[{at}] = {inner.text(staged.expression)};")

            loop = self.unit.loop(site, body, outer, part=True, simd=True)
            outer.lines += ["(void)step;", "(void)low;", "(void)high;", *loop]
            name = f"{self.name}_{site.name.lower()}"
            self.unit.function(name, "int32_t step, int32_t low, int32_t high", outer.scope)
            function = f"{self.unit.prefix}_{name}"
            before, after = self._turning(here) if self.turned else ([], [])
            self.unit.lines += [
                f"PL_PHASE void {function}_all(pl_model *m, int32_t step, int32_t low, int32_t high) {{",
                *indent(before),
                f"    for (int32_t from = low; from < high; from += {_GRAIN}) {{",
                f"        const int32_t to = high - from > {_GRAIN} ? from + {_GRAIN} : high;",
                f"        for (int64_t b = 0; b < {self.owner.lanes}; ++b) {{",
                f"            {function}(&m->networks[b], step, from, to);",
                "        }",
                *indent(after, 2),
                "    }",
                "}",
                "",
            ]
            work = f"{len(here) * self.owner.lanes} * (int64_t){size}"
            calls.append(f"pl_parallel(m, {function}_all, {fresh.step}, {size}, PL_BLOCK, {work});")
        return calls

    def _turning(self, here: Sequence[_Staged]) -> tuple[list[str], list[str]]:
        """Lines before a loop over blocks of neurons, and those that bring a block from..to into lanes."""
        before, after = [self.unit.pointer], list[str]()
        for staged in here:
            name, lines = self._single(staged)
            kind = _ending(self.unit, staged.expression.type)
            array = f"({self._type(staged)} *)p->scratch[{staged.lanes}]"
            before += lines
            after.append(f"pl_join_lanes{kind}({name}, {array}, from, to, {self.owner.lanes});")
        return before, after

    def _fresh(self, frame: Frame) -> Frame:
        scope = Scope(numbers=frame.scope.numbers)
        return self.unit.frame(
            scope, scope.lines, Site.GLOBAL, now=frame.now, repeat=frame.repeat, step="step"
        )  # fmt: skip

    # ------------------------------------------------------------ the walk

    def _walk(self, fresh: Frame) -> None:
        scope = Scope(numbers=fresh.scope.numbers)
        frame = self.unit.frame(scope, [], Site.SYNAPSE, now=fresh.now, repeat=fresh.repeat, lane="b")
        inside = self._lanes(scope, frame) if self.turned else self._sums(scope, frame)
        scope.declare("rows_post", "const int32_t *restrict rows_post = p->rows.post;")
        before, skip = self._skip(frame)
        scope.lines = [
            "(void)step;",
            *scope.lines,
            *before,
            "for (int32_t i = low; i < high; ++i) {",
            *indent(skip),
            *indent(inside),
            "}",
        ]
        self.unit.function(f"{self.name}_all", "int32_t step, int32_t low, int32_t high", scope)

    def _lanes(self, scope: Scope, frame: Frame) -> list[str]:
        """The row `i`, a vector for each synapse."""
        unit, lanes = self.unit, self.owner.lanes
        for staged in self.staged:
            name = f"lanes_{staged.lanes}"
            array = f"(({self._type(staged)} *)p->scratch[{staged.lanes}])"
            scope.declare(name, f"const {self._type(staged)} *restrict {name} = {array};")
            frame.known[staged.expression] = f"{name}[(int64_t){_INDEX[staged.site]} * {lanes} + b]"
        before: list[str] = []
        after: list[str] = []
        for statement in self.body:
            if isinstance(statement, Assign) and statement.name in self.sharing.shared:
                added = addend(statement)
                assert added is not None and isinstance(statement.value, Binary)
                sum_, array = scope.fresh("sum"), frame.array("value", statement.name)
                type_ = unit.dialect.type(statement.value.type)
                before.append(f"{type_} {sum_}[{_BLOCK * lanes}];")
                frame.lines.append(f"{sum_}[q * {lanes} + b] = {frame.text(added)};")
                minus = "true" if statement.value.op == "-" else "false"
                call = f"pl_add_lanes{_ending(unit, statement.value.type)}"
                after.append(f"{call}({array} + first, {sum_}, n, {lanes}, {minus});")
            else:
                frame.run(statement)
        return [
            "const int64_t row_end = p->rows.start[i] + p->rows.length[i];",
            f"for (int64_t first = p->rows.start[i]; first < row_end; first += {_BLOCK}) {{",
            f"    const int32_t n = row_end - first < {_BLOCK} ? (int32_t)(row_end - first) : {_BLOCK};",
            *indent(before),
            "    for (int32_t q = 0; q < n; ++q) {",
            "        const int64_t s = first + q;",
            "        const int32_t j = rows_post[s];",
            "        (void)j;",
            "        #pragma omp simd",
            f"        for (int32_t b = 0; b < {lanes}; ++b) {{",
            *indent(frame.lines, 3),
            "        }",
            "    }",
            *indent(after),
            "}",
        ]

    def _sums(self, scope: Scope, frame: Frame) -> list[str]:
        """The row `i`, a vector for several synapses of one network: nothing is kept in lanes."""
        for staged in self.staged:
            name, lines = self._single(staged)
            scope.lines += lines
            frame.known[staged.expression] = f"{name}[b][{_INDEX[staged.site]}]"
        parts = []
        for first in range(0, self.owner.lanes, _TOGETHER):
            body, row = self._some(scope, frame, range(first, min(first + _TOGETHER, self.owner.lanes)))
            parts.append(
                [
                    *row,
                    "if (p->rows.extra == 0 && p->rows.length[i] == p->n_post) {",
                    "    const int64_t start = p->rows.start[i];",
                    "    #pragma omp simd",
                    "    for (int32_t j = 0; j < p->n_post; ++j) {",
                    "        const int64_t s = start + j;",
                    *indent(body, 2),
                    "    }",
                    "} else {",
                    "    const int64_t row_end = p->rows.start[i] + p->rows.length[i];",
                    "    for (int64_t s = p->rows.start[i]; s < row_end; ++s) {",
                    "        const int32_t j = rows_post[s];",
                    "        (void)j;",
                    *indent(body, 2),
                    "    }",
                    "}",
                ]
            )
        return [line for part in parts for line in ("{", *indent(part), "}")]

    def _some(self, scope: Scope, frame: Frame, networks: range) -> tuple[list[str], list[str]]:
        """What some networks add at synapse `s`, one after the other; and what is the same for the row."""
        sums: dict[str, tuple[str, str]] = {}
        before, row, lines, after = list[str](), list[str](), list[str](), list[str]()
        for b in networks:
            one = self.unit.frame(scope, [], Site.SYNAPSE, now=frame.now, repeat=frame.repeat)
            for staged in self.staged:
                value = f"single_{staged.single}[{b}][{_INDEX[staged.site]}]"
                if staged.site is not Site.POST:
                    name = f"row_{staged.single}_{b}"
                    row.append(f"const {self._type(staged)} {name} = {value};")
                    value = name
                one.known[staged.expression] = value
            for statement in self.body:
                if not isinstance(statement, Assign):
                    one.run(statement)
                    continue
                added = addend(statement)
                assert added is not None and isinstance(statement.value, Binary)
                if statement.name not in sums:
                    name, array = scope.fresh("sum"), one.array("value", statement.name)
                    sums[statement.name] = name, array
                    before.append(f"{self.unit.dialect.type(statement.value.type)} {name} = {array}[s];")
                    after.append(f"{array}[s] = {name};")
                name = sums[statement.name][0]
                one.lines.append(f"{name} = {name} {statement.value.op} {one.text(added)};")
            lines += one.lines
        return [*before, *lines, *after], row

    def _skip(self, frame: Frame) -> tuple[list[str], list[str]]:
        """A row is skipped where nothing would happen in any network; what moves in one is looked at in all.

        Returns the lines before the loop over rows, and those at the beginning of each.
        """
        lanes, suffix = self.owner.lanes, self.unit.dialect.suffix
        quiet = f"uint8_t *const quiet = p->quiet + (int64_t)i * {lanes};"
        moved = [f"memset(quiet, 1, {lanes});"] if self.moves else []
        if self.nothing is None:
            return [], [quiet, *moved] if moved else []
        projection = self.owner.owner
        tests = [f"pl_is_zero{suffix}({frame.item('value', n)})" for n in sorted(resting(projection))]
        sums = sorted(n for n in sums_of(projection) if self.owner.variable(n).type is Type.REAL)
        tests += [f"pl_is_sum{suffix}({frame.item('value', n)})" for n in sums]
        zeros = [f"pl_is_zero{suffix}({frame.known[read]})" for read in self.nothing.zero]
        until = f"b < {lanes}" if self.turned else f"b < {lanes} && rests"  # all at once where they are neighbours
        look = [
            f"for (int32_t b = 0; {until}; ++b) {{",
            f"    rests &= {' & '.join(['(quiet[b] != 1)', *zeros])};",
            "}",
        ]
        return [
            "bool tame = true;",
            f"for (int32_t b = 0; b < {lanes}; ++b) {{",
            f"    tame = tame && m->networks[b].projections[{self.owner.number}].tame;",
            "}",
        ], [
            quiet,
            f"if (tame && !pl_all_move(quiet, {lanes})) {{",
            "    int32_t rests = 1;",
            *indent(look),
            f"    for (int32_t b = 0; b < {lanes} && rests; ++b) {{",
            "        if (quiet[b] == 0) {",
            "            for (int64_t s = p->rows.start[i]; s < p->rows.start[i] + p->rows.length[i]; ++s) {",
            f"                rests &= {' & '.join(tests) or '1'};",
            "            }",
            "            quiet[b] = rests ? 2 : 1;",
            "        }",
            "    }",
            "    if (rests) {",
            "        continue;",
            "    }",
            "}",
            *moved,
        ]
