"""Reductions: sums, counts, means, least and largest values, in the order that docs/numerics.md gives.

A warp takes a row, or a run of neurons: its lanes find 32 values at a time, which are then added one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import Scratch
from plastlang.backends.cfamily.printer import Dialect, indent
from plastlang.backends.cfamily.scope import Value
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.ir.nodes import Reduce
from plastlang.ir.types import Site, Type

#: How many instances of a site there are.
COUNTS = {Site.NEURON: "p->size", Site.PRE: "p->n_pre", Site.POST: "p->n_post"}


@dataclass(frozen=True, slots=True)
class Sum:
    """What is accumulated: its C type, what it begins with, how a value `x` is taken in."""

    type: str
    start: str
    step: str
    rounds: bool = False  # so that the order matters, and long sums are made in runs of runs


def accumulation(dialect: Dialect, statement: Reduce) -> Sum:
    """How a reduction accumulates."""
    real, suffix = dialect.real, "F" if dialect.real == "float" else ""
    match statement.kind, statement.type:
        case ("min" | "max") as kind, type_:
            sign, most = ("<", "") if kind == "min" else (">", "-")
            start = f"{most}PL_INF{suffix}" if type_ is Type.REAL else "INT32_MAX" if kind == "min" else "INT32_MIN"
            return Sum(real if type_ is Type.REAL else "int32_t", start, f"sum = x {sign} sum ? x : sum;")
        case _, Type.REAL:
            return Sum("double", "0.0", "sum += x;", rounds=True)
        case _:
            return Sum("int32_t", "0", "sum = pl_addi(sum, x);")


@dataclass(frozen=True, slots=True)
class Part:
    """Accumulated values in memory. Doubles in a model of floats lie in two arrays of words."""

    places: tuple[str, ...]

    def load(self, at: str) -> str:
        if len(self.places) == 1:
            return f"{self.places[0]}[{at}]"
        low, high = (f"(uint64_t)(uint32_t){place}[{at}]" for place in self.places)
        return f"pl_from({low} | {high} << 32)"

    def store(self, at: str, value: str) -> list[str]:
        if len(self.places) == 1:
            return [f"{self.places[0]}[{at}] = {value};"]
        low, high = self.places
        return [
            f"{low}[{at}] = (int32_t)(uint32_t)pl_bits({value});",
            f"{high}[{at}] = (int32_t)(pl_bits({value}) >> 32);",
        ]


def part(unit: CudaUnit, site: Site, sum_: Sum) -> Part:
    """Memory for one accumulated value of each instance of a site."""
    real = unit.dialect.real
    types = (Type.INT,) if sum_.type == "int32_t" else (Type.REAL,) if sum_.type == real else (Type.INT, Type.INT)
    places = []
    for type_ in types:
        unit.owner.scratch.append(Scratch(site, type_))
        places.append(f"(({unit.dialect.type(type_)} *)p->scratch[{len(unit.owner.scratch) - 1}])")
    return Part(tuple(places))


class Reduction:
    """The lines of the kernels of one statement, each in a frame of its own."""

    def __init__(self, unit: CudaUnit, statement: Reduce):
        self.unit, self.statement = unit, statement
        self.sum = accumulation(unit.dialect, statement)

    def by_row(self, outer: Frame, end: Site, store: Part | Value) -> list[str]:
        """The sum of each row (PRE), or of the synapses onto each neuron (POST)."""
        row, rows, entry = ("j", "incoming", "e") if end is Site.POST else ("i", "rows", "s")
        middle, inner = self.unit.levels(outer, end)
        inner.lines += self.unit.entry(end)
        bounds = (f"p->{rows}.start[{row}]", f"p->{rows}.start[{row}] + p->{rows}.length[{row}]")
        stored = self._stored(store, row, f"p->{rows}.length[{row}]")
        head = [f"const int32_t {row} = (int32_t)turn;"]
        return self._segments(COUNTS[end], head, middle, inner, bounds, entry, stored)

    def by_run(self, outer: Frame, site: Site, values: Part | None, store: Part) -> list[str]:
        """The sum of each run of neurons, of their values or of what was found for them before."""
        inner = self.unit.inside(outer, site, frozenset({Site.GLOBAL}))
        index = "j" if site is Site.POST else "i"
        inner.lines.append(f"const int32_t {index} = (int32_t)n;")
        bounds = ("turn * PL_RUN", f"(turn + 1) * PL_RUN < {COUNTS[site]} ? (turn + 1) * PL_RUN : {COUNTS[site]}")
        text = None if values is None else values.load(index)
        return self._segments(_runs(site), [], None, inner, bounds, "n", store.store("turn", "sum"), text)

    def total(self, site: Site, values: Part, result: Value, count: str) -> list[str]:
        """The sum of the runs, by one thread."""
        loop = f"for (int64_t turn = 0; turn < {_runs(site)}; ++turn) {{"
        if self.sum.rounds:
            lines = ["pl_sum all = {{0}, {0}};", loop, f"    pl_sum_add(&all, {values.load('turn')});", "}"]
            lines.append("const double sum = pl_sum_total(&all);")
        else:
            step = [f"const {self.sum.type} x = {values.load('turn')};", self.sum.step]
            lines = [f"{self.sum.type} sum = {self.sum.start};", loop, *indent(step), "}"]
        lines.append(f"{result.text} = {self._rounded('sum', count)};")
        return ["if (pl_thread() == 0) {", *indent(lines), "}"]

    # ------------------------------------------------------------ warps

    def _segments(
        self, turns: str, head: list[str], middle: Frame | None, inner: Frame, bounds: tuple[str, str], entry: str,
        store: list[str], text: str | None = None,
    ) -> list[str]:  # fmt: skip
        """A warp for each turn takes what lies inside its bounds, in order."""
        text = text or inner.text(self.statement.value)
        if self.statement.kind in ("min", "max") and self.statement.type is Type.REAL:
            text = f"{text} + ({self.unit.dialect.real})0"  # -0 counts as 0
        loop = [
            f"const int64_t {entry} = from + pl_lane();",
            f"{self.sum.type} value = 0;",
            f"if ({entry} < last) {{",
            *indent([*inner.lines, f"value = ({self.sum.type})({text});"]),
            "}",
            "for (int32_t lane = 0; lane < 32 && from + lane < last; ++lane) {",
            f"    const {self.sum.type} x = __shfl_sync(0xffffffffu, value, lane);",
            f"    {self.sum.step}",
            "}",
        ]
        body = [
            *head,
            *([] if middle is None else middle.lines),
            f"const int64_t last = {bounds[1]};",
            f"{self.sum.type} sum = {self.sum.start};",
            f"for (int64_t from = {bounds[0]}; from < last; from += 32) {{",
            *indent(loop),
            "}",
            "if (pl_lane() == 0) {",
            *indent(store),
            "}",
        ]
        return [
            f"const int64_t turns = {turns};",
            "for (int64_t turn = pl_warp(); turn < turns; turn += pl_warps()) {",
            *indent(body),
            "}",
        ]

    def _stored(self, store: Part | Value, at: str, count: str) -> list[str]:
        if isinstance(store, Part):
            return store.store(at, "sum")
        return [f"{store.text}[{at}] = {self._rounded('sum', count)};"]

    def _rounded(self, value: str, count: str) -> str:
        if self.statement.kind == "mean":
            value = f"({value} / (double){count})"
        return f"({self.unit.dialect.type(self.statement.type)}){value}"


def _runs(site: Site) -> str:
    return f"((int64_t){COUNTS[site]} + PL_RUN - 1) / PL_RUN"
