"""Rows whose walk is provably nothing are skipped (`plastlang.ir.idle`): what a run has to look at for that."""

from __future__ import annotations

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.idle import Idle, resting, stirs, sums_of
from plastlang.ir.nodes import Stmt
from plastlang.ir.types import Site, Type


def forget(unit: Unit, body: tuple[Stmt, ...]) -> list[str]:
    """After a block that comes now and then: nobody knows any more which rows are at rest."""
    if not isinstance(unit.owner, ProjectionLayout) or not stirs(unit.owner.owner, body):
        return []
    return ["pl_look_again(p);"]


def quiet(owner: ProjectionLayout) -> str:
    """What is known of row `i` of the network `p`."""
    return f"p->quiet[(int64_t)i * {owner.lanes}]" if owner.lanes > 1 else "p->quiet[i]"


def emit_tame(unit: Unit, name: str, idle: Idle, fresh: Frame) -> None:
    """A function that finds out whether 0 times the values of this step is 0."""
    suffix, scope = unit.dialect.suffix, fresh.scope
    fresh.lines += ["(void)step;", "int32_t tame = 1;"]
    for constants, test in ((idle.positive, "positive"), (idle.finite, "tame")):
        fresh.lines += [f"tame = tame && pl_is_{test}{suffix}({fresh.text(c)});" for c in constants]
    for read in idle.tame:
        if read.site is Site.GLOBAL:
            fresh.lines.append(f"tame = tame && pl_is_tame{suffix}({fresh.text(read)});")
    posts = [r for r in idle.tame if r.site is Site.POST]
    if posts:

        def body(loop: Scope, inner: Frame) -> None:
            tests = " & ".join(f"pl_is_tame{suffix}({inner.text(r)})" for r in posts)
            inner.lines.append(f"tame &= {tests};")

        fresh.lines += unit.loop(Site.POST, body, fresh)
    fresh.lines.append("p->tame = tame;")
    unit.function(name, "int32_t step", scope)


def row_lines(unit: Unit, idle: Idle | None, pre: Frame, inner: Frame, moves: bool) -> list[str]:
    """What is done with a row before its synapses: it is skipped where nothing would happen."""
    owner, suffix = unit.owner, unit.dialect.suffix
    assert isinstance(owner, ProjectionLayout)
    known = quiet(owner)
    active = [f"{known} = 1;"] if moves else []
    if idle is None:
        return active
    zeros = [f"pl_is_zero{suffix}({pre.text(read)})" for read in idle.zero]
    rest = sorted(resting(owner.owner))
    tests = [f"pl_is_zero{suffix}({inner.item('value', n)})" for n in rest]
    sums = sorted(n for n in sums_of(owner.owner) if owner.variable(n).type is Type.REAL)
    tests += [f"pl_is_sum{suffix}({inner.item('value', n)})" for n in sums]
    look = [
        "int32_t rests = 1;",
        "for (int64_t s = p->rows.start[i]; s < p->rows.start[i] + p->rows.length[i]; ++s) {",
        f"    rests &= {' & '.join(tests)};",
        "}",
        f"{known} = rests ? 2 : 1;",
    ]
    skip = [f"if ({known} == 0) {{", *indent(look), "}", f"if ({known} == 2) {{", "    continue;", "}"]
    condition = " && ".join(["p->tame", f"{known} != 1", *zeros])
    return [*pre.lines, f"if ({condition}) {{", *indent(skip), "}", *active]
