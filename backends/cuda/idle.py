"""Rows whose walk is provably nothing are skipped (`plastlang.ir.idle`): what a step has to look at for that.

Of each row a number is kept: 0 where nobody has looked, 1 where its traces move, 2 where they are known to be 0, and 3
where, moreover, the walk that comes next does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import OwnerLayout, ProjectionLayout, Scratch
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.ir.idle import Idle, resting, stirs, sums_of, walks
from plastlang.ir.nodes import Stmt
from plastlang.ir.types import Site, Type

#: What the number of a row, and the step after that in which a value was not tame, are kept as.
REST, WILD = "rest", "wild"


def reserve(owner: ProjectionLayout) -> None:
    """Memory for what is known of rows, if any walk of the projection may be nothing."""
    if any(found is not None for found in walks(owner.owner)):
        owner.scratch += [Scratch(Site.PRE, Type.INT, kind=REST), Scratch(Site.GLOBAL, Type.INT, kind=WILD)]


def place(owner: OwnerLayout, kind: str = REST) -> int | None:
    """Where it is kept, if it is."""
    return next((k for k, scratch in enumerate(owner.scratch) if scratch.kind == kind), None)


def known(owner: OwnerLayout, kind: str = REST) -> str:
    """The array, of the network `p`."""
    return f"((int32_t *)p->scratch[{place(owner, kind)}])"


def forget(unit: CudaUnit, body: Sequence[Stmt]) -> list[str]:
    """After a block that comes now and then: nobody knows any more which rows are at rest."""
    owner = unit.owner
    if not isinstance(owner, ProjectionLayout) or place(owner) is None or not stirs(owner.owner, body):
        return []
    clear = f"    {known(owner)}[k] = 0;"
    return ["for (int64_t k = pl_thread(); k < p->n_pre; k += pl_threads()) {", clear, "}"]


def renewed(unit: CudaUnit) -> list[str]:
    """When row `i` gets a synapse. Other threads may say the same at the same time."""
    return [] if place(unit.owner) is None else [f"atomicExch(&{known(unit.owner)}[i], 0);"]


def wild_lines(unit: CudaUnit, idle: Idle, outer: Frame) -> list[str]:
    """Say that 0 times a value of a post neuron is not 0 in this step; nothing where no such value is used."""
    posts = [read for read in idle.tame if read.site is Site.POST]
    if not posts:
        return []

    def body(inner: Frame) -> None:
        tests = " && ".join(f"pl_is_tame{unit.dialect.suffix}({inner.text(read)})" for read in posts)
        wild = f"    atomicMax((int *){known(unit.owner, WILD)}, step + 1);"
        inner.lines += [f"if (!({tests})) {{", wild, "}"]

    return unit.over(Site.POST, body, outer)


def look_lines(unit: CudaUnit, idle: Idle, outer: Frame) -> list[str]:
    """Find the rows in which the walk that comes next does nothing: a warp for each."""
    owner, suffix = unit.owner, unit.dialect.suffix
    assert isinstance(owner, ProjectionLayout)
    rest, scope, before = known(owner), Scope(numbers=outer.scope.numbers), list[str]()
    around = replace(outer, scope=scope, lines=before, hoists={}, locals=dict(outer.locals))
    tame = [f"{known(owner, WILD)}[0] != step + 1"]
    for constants, test in ((idle.positive, "positive"), (idle.finite, "tame")):
        tame += [f"pl_is_{test}{suffix}({around.text(c)})" for c in constants]
    tame += [f"pl_is_tame{suffix}({around.text(read)})" for read in idle.tame if read.site is Site.GLOBAL]
    row, synapse = unit.levels(around, Site.PRE)
    zeros = [f"pl_is_zero{suffix}({row.text(read)})" for read in idle.zero]
    tests = [f"pl_is_zero{suffix}({synapse.item('value', name)})" for name in sorted(resting(owner.owner))]
    sums = sorted(name for name in sums_of(owner.owner) if owner.variable(name).type is Type.REAL)
    tests += [f"pl_is_sum{suffix}({synapse.item('value', name)})" for name in sums]
    loop = [
        "const int32_t i = (int32_t)k;",
        *row.lines,
        f"const int32_t known = {rest}[i];",
        f"bool rests = {' && '.join(['tame', 'known != 1', *zeros])};",
        "const bool looks = rests && known == 0;",
        "if (looks) {",
        "    const int64_t last = p->rows.start[i] + p->rows.length[i];",
        "    bool fine = true;",
        "    for (int64_t s = p->rows.start[i] + pl_lane(); s < last; s += 32) {",
        f"        fine = fine && {' && '.join(tests)};",
        "    }",
        "    rests = !__any_sync(0xffffffffu, !fine);",
        "}",
        "__syncwarp();",
        "if (pl_lane() == 0) {",
        f"    {rest}[i] = rests ? 3 : {'1' if idle.moves else 'looks ? 1 : known == 3 ? 2 : known'};",
        "}",
    ]
    scope.lines = [
        *before,
        f"const bool tame = {' && '.join(tame)};",
        "for (int64_t k = pl_warp(); k < p->n_pre; k += pl_warps()) {",
        *indent(loop),
        "}",
    ]
    return ["{", *indent(scope.text()), "}"]


def row_lines(unit: CudaUnit, idle: Idle | None, moves: bool) -> list[str]:
    """What a walk begins with in row `i`: it is skipped, or it is noted that traces move."""
    rest = f"{known(unit.owner)}[i]"
    if idle is not None:
        return [f"if ({rest} == 3) {{", "    continue;", "}"]
    return ["if (turn % share == 0 && pl_lane() == 0) {", f"    {rest} = 1;", "}"] if moves else []
