"""A CUDA source under construction: kernels with their numbers, and loops of threads and warps over instances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import comment, indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cfamily.unit import Unit
from plastlang.backends.cuda.plan import Launch, Networks, Shape, Uses, keeps_places
from plastlang.ir.nodes import Stmt
from plastlang.ir.sharing import Sharing
from plastlang.ir.types import Site

#: The rows of an end of a projection: their name, their neuron, an entry, how many there are.
ROWS = {Site.PRE: ("rows", "i", "s", "p->n_pre"), Site.POST: ("incoming", "j", "e", "p->n_post")}
#: Puts the statements of a loop's body on the lines of a frame.
Body = Callable[[Frame], None]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel of a source. `body` follows the beginning that `enter` names."""

    launch: Launch
    enter: str
    body: tuple[str, ...]

    def text(self, enter: str = "", function: str = 'extern "C" __global__') -> list[str]:
        """Its lines, with another beginning or as another kind of function."""
        return [
            f"{function} void {self.launch.kernel}(pl_model *m, void *data) {{",
            *indent([f"{enter or self.enter}(m, {self.launch.number})", "(void)data;", *self.body]),
            "}",
            "",
        ]


@dataclass(slots=True)
class Module:
    """The kernels of a source, each with a number, by which a stall names it, and the lines between them."""

    lines: list[str | Kernel] = field(default_factory=list)
    count: int = 0

    def kernel(
        self, name: str, body: list[str], shape: Shape, owner: str = "", site: Site = Site.GLOBAL,
        enter: str = "PL_ENTER", networks: Networks = Networks.ONCE, sequence: str = "", uses: Uses | None = None,
    ) -> Launch:  # fmt: skip
        """Put a kernel on the source. One that can stall says its number, `pl_kernel`."""
        stalls = any("pl_kernel" in line for line in body)
        launch = Launch(name, self.count, shape, owner, site, networks, sequence, uses, stalls)
        self.count += 1
        self.lines.append(Kernel(launch, enter, tuple(body)))
        return launch

    def text(self) -> list[str]:
        """All lines of the source."""
        return [text for line in self.lines for text in (line.text() if isinstance(line, Kernel) else [line])]


@dataclass(slots=True)
class CudaUnit(Unit):
    """The kernels of one owner."""

    module: Module = field(default_factory=Module)

    def frame(self, scope: Scope, lines: list[str], site: Site, **options: object) -> Frame:
        """A frame for instances of `site`. Single precision computes decay factors faster than it finds them."""
        options.setdefault("tables", self.dialect.real == "double")
        return Unit.frame(self, scope, lines, site, **options)

    def function(self, name: str, arguments: str, scope: Scope, result: str = "void", about: str = "") -> None:
        """Put a device function on the source."""
        more = f", {arguments}" if arguments else ""
        self.module.lines += [
            *([comment(about)] if about else []),
            f"PL_DEVICE {result} {self.prefix}_{name}(pl_model *m{more}) {{",
            *indent([self.pointer, "(void)p;", *scope.text()]),
            "}",
            "",
        ]

    def kernel(
        self, name: str, body: list[str], shape: Shape, site: Site = Site.GLOBAL, about: str = "",
        enter: str = "PL_ENTER", networks: Networks = Networks.ONCE, sequence: str = "", uses: Uses | None = None,
    ) -> Launch:  # fmt: skip
        """Put a kernel on the source, in which `p` is the owner and `step` the step."""
        if about:
            self.module.lines.append(comment(about))
        head = [self.pointer, "(void)p;", "const int32_t step = (int32_t)m->step;", "(void)step;"]
        return self.module.kernel(
            f"{self.prefix}_{name}", [*head, *body], shape, self.owner.owner.name, site, enter, networks, sequence,
            uses,
        )  # fmt: skip

    # ------------------------------------------------------------ batches

    @property
    def sharing(self) -> Sharing:
        """What the networks of a batch share of the owner."""
        return self.layout.sharing[self.owner.owner.name]

    def among(self, body: Iterable[Stmt]) -> Networks:
        """How the networks run statements that each of them has for itself: in order where they add to the same."""
        adds = self.layout.batched and self.sharing.writes_shared(body)
        return Networks.ORDER if adds else Networks.EACH

    def each_network(self, lines: Iterable[str]) -> list[str]:
        """The lines for one network of the batch after the other, as `m` and `p`."""
        return [
            "{",
            "    pl_model *const all = m;",
            "    for (int64_t b = 0; b < all->batch; ++b) {",
            "        pl_model *const m = all->networks[b];",
            f"        {self.pointer}",
            "        (void)p;",
            *indent(list(lines), 2),
            "    }",
            "}",
        ]

    def first_only(self, own: bool, line: str) -> list[str]:
        """A line that in a batch only the first network carries out, if it is about what all share."""
        return [line] if own or not self.layout.batched else ["if (m == m->first) {", f"    {line}", "}"]

    def over(self, site: Site, body: Body, outer: Frame, row: Sequence[str] = ()) -> list[str]:
        """Lines that run `body` for every instance of `site`, with as many threads as there are.

        `row`: what is done with each row `i` before its synapses.
        """
        match site:
            case Site.GLOBAL:
                inner = replace(outer, lines=[])
                body(inner)
                return ["if (pl_thread() == 0) {", *indent(inner.lines), "}"]
            case Site.SYNAPSE | Site.PAIR:
                return self.rows("p->n_pre", ["const int32_t i = (int32_t)k;", *row], body, outer)
            case _:
                size = {Site.NEURON: "p->size", Site.PRE: "p->n_pre", Site.POST: "p->n_post"}[site]
                index = "j" if site is Site.POST else "i"
                return self.each(site, size, [f"const int32_t {index} = (int32_t)k;"], body, outer)

    def each(self, site: Site, count: str, head: list[str], body: Body, outer: Frame) -> list[str]:
        """A thread for each k < `count`; `head` says which instance it is."""
        scope, before = Scope(numbers=outer.scope.numbers), list[str]()
        inner = self.inside(_around(outer, scope, before), site, frozenset({Site.GLOBAL}))
        body(inner)
        loop = [*head, *inner.lines]
        lines = [
            f"const int64_t instances = {count};",
            *before,
            "for (int64_t k = pl_thread(); k < instances; k += pl_threads()) {",
            *indent(loop),
            "}",
        ]
        return _closed(scope, lines) if inner.lines else []

    def rows(self, count: str, head: list[str], body: Body, outer: Frame) -> list[str]:
        """One or more warps for the row of each k < `count`, lanes along the row; `head` says which row it is."""
        return self._warps(count, head, Site.PRE, body, outer)

    def columns(self, count: str, head: list[str], body: Body, outer: Frame) -> list[str]:
        """One or more warps for the synapses onto the post of each k < `count`, found through the index."""
        return self._warps(count, head, Site.POST, body, outer)

    def rows_in_order(self, end: Site, fires: Sequence[str], body: Body, outer: Frame) -> list[str]:
        """One or more warps for each row, which go through the networks in which its neuron `fires`, in their order.

        A synapse is that of the same thread in all networks, so what they add to it comes in their order.
        """
        _, row, _, count = ROWS[end]
        scope, before = Scope(numbers=outer.scope.numbers), list[str]()
        middle, inner = self.levels(_around(outer, scope, before), end)
        body(inner)
        if not inner.lines:
            return []
        scope.lines = [*before, *middle.lines, *self._walk(end, inner.lines)]
        look = [
            "bool fires = false;",
            "if (first + pl_lane() < all->batch) {",
            *indent([*self._network("first + pl_lane()"), *fires]),
            "}",
            "for (unsigned who = __ballot_sync(0xffffffffu, fires); who != 0; who &= who - 1) {",
            *indent([*self._network("first + __ffs((int)who) - 1"), *scope.text()]),
            "}",
        ]
        return [
            f"const int64_t turns = {count}, share = pl_share(turns);",
            "pl_model *const all = m;",
            "for (int64_t turn = pl_warp(); turn < turns * share; turn += pl_warps()) {",
            f"    const int32_t {row} = (int32_t)(turn / share);",
            "    for (int64_t first = 0; first < all->batch; first += 32) {",
            *indent(look, 2),
            "    }",
            "}",
        ]

    def each_in_order(self, end: Site, fires: Sequence[str], body: Body, outer: Frame) -> list[str]:
        """A thread for each neuron of an end, which goes through the networks in which it `fires`, in order."""
        _, index, _, count = ROWS[end]
        scope, before = Scope(numbers=outer.scope.numbers), list[str]()
        inner = self.inside(_around(outer, scope, before), end, frozenset({Site.GLOBAL}))
        body(inner)
        if not inner.lines:
            return []
        scope.lines = [*before, *inner.lines]
        return [
            "pl_model *const all = m;",
            f"for (int64_t k = pl_thread(); k < {count}; k += pl_threads()) {{",
            f"    const int32_t {index} = (int32_t)k;",
            "    for (int64_t b = 0; b < all->batch; ++b) {",
            *indent([*self._network("b"), "bool fires;", *fires, "if (fires) {", *indent(scope.text()), "}"], 2),
            "    }",
            "}",
        ]

    def _network(self, number: str) -> list[str]:
        return [f"pl_model *const m = all->networks[{number}];", self.pointer, "(void)p;"]

    def _walk(self, end: Site, lines: list[str]) -> list[str]:
        """Lines for each entry of a row, among the warps that share it."""
        rows, row, entry, _ = ROWS[end]
        start, stride = f"p->{rows}.start[{row}]", "32 * share"
        return [
            f"const int64_t last = {start} + p->{rows}.length[{row}];",
            f"for (int64_t {entry} = {start} + turn % share * 32 + pl_lane(); {entry} < last; {entry} += {stride}) {{",
            *indent([*self.entry(end), *lines]),
            "}",
        ]

    def _warps(self, count: str, head: list[str], end: Site, body: Body, outer: Frame) -> list[str]:
        scope, before = Scope(numbers=outer.scope.numbers), list[str]()
        middle, inner = self.levels(_around(outer, scope, before), end)
        body(inner)
        if not inner.lines:
            return []
        loop = ["const int64_t k = turn / share;", *head, *middle.lines, *self._walk(end, inner.lines)]
        lines = [
            f"const int64_t turns = {count}, share = pl_share(turns);",
            *before,
            "for (int64_t turn = pl_warp(); turn < turns * share; turn += pl_warps()) {",
            *indent(loop),
            "}",
        ]
        return _closed(scope, lines)

    def entry(self, end: Site, places: bool = True) -> list[str]:
        """How the synapse of an entry is known: of a row (PRE), or of the index by post."""
        if end is Site.PRE:
            return ["const int32_t j = p->rows.post[s];", "(void)j;"]
        assert isinstance(self.owner, ProjectionLayout)
        place = "pl_rows_find(&p->rows, i, j) + pl_rows_ordinal(&p->incoming, j, e)"
        if places and keeps_places(self.owner):
            place = "((const int64_t *)p->incoming.column[0])[e]"
        return ["const int32_t i = p->incoming.post[e];", "(void)i;", f"const int64_t s = {place};"]

    def levels(self, outer: Frame, end: Site) -> tuple[Frame, Frame]:
        """A frame for the neuron at an end of a row, and one for each of its synapses."""
        middle = self.inside(outer, end, frozenset({Site.GLOBAL}))
        middle.locals = {k: v for k, v in outer.locals.items() if v.site in (end, Site.GLOBAL)}
        inner = self.inside(middle, Site.SYNAPSE, frozenset({end, Site.GLOBAL}))
        inner.locals = {k: v for k, v in outer.locals.items() if v.site not in (end, Site.GLOBAL)}
        return middle, inner

    def inside(self, outer: Frame, site: Site, sites: frozenset[Site]) -> Frame:
        """A frame for one instance inside a frame for what its neighbours share."""
        known = {k: v for k, v in outer.locals.items() if v.site is site}
        return self.frame(
            outer.scope, [], site, outer=outer, outer_sites=sites, step=outer.step, repeat=outer.repeat, now=outer.now,
            locals=known,
        )  # fmt: skip


def _around(outer: Frame, scope: Scope, lines: list[str]) -> Frame:
    """The frame of a kernel, for what all instances of a loop share."""
    return replace(outer, scope=scope, lines=lines, hoists={}, locals=dict(outer.locals))


def _closed(scope: Scope, lines: list[str]) -> list[str]:
    scope.lines = lines
    return ["{", *indent(scope.text()), "}"]
