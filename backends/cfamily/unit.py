"""A C source under construction: the functions of one owner, and loops over the instances of a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import Layout, OwnerLayout, PopulationLayout
from plastlang.backends.cfamily.printer import Dialect, Names, comment, indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.diagnostics import Span
from plastlang.ir.nodes import Let, Local, Stmt
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, statements, walk

#: Arguments that every function of an owner begins with.
INDEX: dict[Site, dict[Site, str]] = {
    Site.GLOBAL: {},
    Site.NEURON: {Site.NEURON: "i"},
    Site.PRE: {Site.PRE: "i"},
    Site.POST: {Site.POST: "j"},
    Site.SYNAPSE: {Site.PRE: "i", Site.POST: "j", Site.SYNAPSE: "s"},
}


#: Functions that compilers may put in their callers.
_SMALL = frozenset({"snapshot", "start"})
#: Functions that run between steps, at the host's wish.
_RARE = frozenset({"init", "get", "set", "remember", "constants"})


@dataclass(slots=True)
class Unit:
    """The text of one owner's functions."""

    dialect: Dialect
    names: Names
    layout: Layout
    owner: OwnerLayout
    lines: list[str] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """What the names of the owner's functions begin with."""
        kind = "pop" if isinstance(self.owner, PopulationLayout) else "proj"
        return self.names.of(kind, self.owner.owner.name)

    @property
    def pointer(self) -> str:
        """How the owner is found in the model."""
        kind = "population" if isinstance(self.owner, PopulationLayout) else "projection"
        return f"pl_{kind} *const p = &m->{kind}s[{self.owner.number}];"

    def frame(self, scope: Scope, lines: list[str], site: Site, **options: object) -> Frame:
        """A frame for instances of `site` under their usual names."""
        frame = Frame(self.dialect, self.names, self.layout, self.owner, scope, lines, site, INDEX[site])
        return replace(frame, **options)  # type: ignore[arg-type]

    def function(self, name: str, arguments: str, scope: Scope, result: str = "void", about: str = "") -> None:
        """Put a finished function on the source."""
        if about:
            self.lines.append(comment(about))
        body = [self.pointer, "(void)p;", *scope.text()]
        more = f", {arguments}" if arguments else ""
        kind = "PL_LOCAL" if name in _SMALL else "PL_COLD" if name in _RARE else "PL_PHASE"
        self.lines += [f"{kind} {result} {self.prefix}_{name}(pl_model *m{more}) {{", *indent(body), "}", ""]

    # ------------------------------------------------------------ loops

    def loop(
        self, site: Site, body: Callable[[Scope, Frame], None], outer: Frame, part: bool = False,
        row: Sequence[str] = (), simd: bool = False, **options: object,
    ) -> list[str]:  # fmt: skip
        """A C block that runs `body` for every instance of `site`.

        `part`: in rows or neurons low .. high - 1. `row`: lines before the synapses of each row; `body` may add some.
        `simd`: neurons have nothing to do with one another, so several may be done at a time.
        """
        scope = Scope(numbers=outer.scope.numbers)
        before: list[str] = []
        inner = self.frame(
            scope, [], site, outer=replace(outer, scope=scope, lines=before), outer_sites=frozenset({Site.GLOBAL}),
            step=outer.step, repeat=outer.repeat, now=outer.now, locals=dict(_indexed(outer.locals)), **options,
        )  # fmt: skip
        inner.outer.locals = {k: v for k, v in outer.locals.items() if v.site is Site.GLOBAL}  # type: ignore[union-attr]
        body(scope, inner)
        loop = around(site, inner.lines, part, row)
        neurons = site in (Site.NEURON, Site.PRE, Site.POST)
        scope.lines = [*before, *(["#pragma omp simd"] if simd and neurons else []), *loop]
        return ["{", *indent(scope.text()), "}"]


def _indexed(known: Mapping[str, Value]) -> dict[str, Value]:
    return {k: v for k, v in known.items() if v.indexed}


def around(site: Site, body: list[str], part: bool = False, row: Sequence[str] = ()) -> list[str]:
    """The loop over all instances of a site, or those of rows or neurons low .. high - 1."""
    low = "low" if part else "0"

    def end(count: str) -> str:
        return "high" if part else f"p->{count}"

    match site:
        case Site.GLOBAL:
            return body
        case Site.NEURON:
            return [f"for (int32_t i = {low}; i < {end('size')}; ++i) {{", *indent(body), "}"]
        case Site.PRE:
            return [f"for (int32_t i = {low}; i < {end('n_pre')}; ++i) {{", *indent(body), "}"]
        case Site.POST:
            return [f"for (int32_t j = {low}; j < {end('n_post')}; ++j) {{", *indent(body), "}"]
        case _:
            return [
                f"for (int32_t i = {low}; i < {end('n_pre')}; ++i) {{",
                *indent(row),
                "    const int64_t row_end = p->rows.start[i] + p->rows.length[i];",
                "    for (int64_t s = p->rows.start[i]; s < row_end; ++s) {",
                "        const int32_t j = p->rows.post[s];",
                "        (void)j;",
                *indent(body, 2),
                "    }",
                "}",
            ]


def line_of(span: Span | None) -> str:
    """The place in the source, for a comment."""
    if span is None or not span.source.text:
        return ""
    return f"{span.source.path.rsplit('/', 1)[-1]}:{span.source.text.count(chr(10), 0, span.start) + 1}"


def outliving(body: tuple[Stmt, ...], groups: list[list[Stmt]]) -> set[str]:
    """Names bound in one group of statements and used in another."""
    home: dict[str, int] = {}
    result: set[str] = set()
    for number, group in enumerate(groups):
        for statement in statements(group):
            if isinstance(statement, Let):
                home[statement.name] = number
        for expression in all_expressions(group):
            for node in walk(expression):
                if isinstance(node, Local) and home.get(node.name, number) != number:
                    result.add(node.name)
    return result
