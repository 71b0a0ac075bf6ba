"""Initial connectivity by a probability for each pair: four pairs share the words of one counter."""

from __future__ import annotations

from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Launch, Launches, Shape, keeps_places
from plastlang.ir.nodes import ConnectProbability, Projection
from plastlang.ir.types import Site


def emit_connect(unit: CudaUnit) -> tuple[Launch, Launch]:
    """A kernel that counts the posts of every row, and one that puts them, ascending, in the row's place."""
    last = [
        "const int32_t all = pl_warp_sum(sum);",
        "if (pl_lane() == 0) {",
        "    ((int32_t *)data)[i] = all;",
        "}",
    ]
    count = _kernel(unit, "connect_count", ["sum += chosen;"], last)
    fill = [
        "int64_t at = p->rows.start[i] + sum + pl_warp_before(chosen);",
        "for (int32_t k = 0; k < 4; ++k) {",
        "    if (exists[k]) {",
        "        p->rows.post[at++] = 4 * quad + k;",
        "    }",
        "}",
        "sum += pl_warp_sum(chosen);",
    ]
    return count, _kernel(unit, "connect_fill", fill, [])


def _kernel(unit: CudaUnit, name: str, each: list[str], last: list[str]) -> Launch:
    """A warp for each row, whose lanes take four pairs at a time. `each` knows `exists` and how many are `chosen`."""
    projection = unit.owner.owner
    assert isinstance(projection, Projection)
    assert isinstance(projection.connect, ConnectProbability)
    scope = Scope()
    pre = unit.frame(scope, [], Site.PRE, now=False, step="0")
    pair = unit.frame(
        scope, [], Site.SYNAPSE, now=False, step="0", outer=pre, outer_sites=frozenset({Site.PRE, Site.GLOBAL})
    )  # fmt: skip
    pair.site = Site.PAIR
    probability = pair.text(projection.connect.probability)
    purpose = projection.connect.purpose
    exists = f"exists[k] = pl_chance(m, pl_connect_u(word[k]), (double)({probability}), {purpose}u, i, j);"
    chance = [*pair.lines, exists, "chosen += exists[k];"]
    quads = [
        "const int32_t quad = (int32_t)(from + pl_lane());",
        f"const pl_words w = pl_philox((uint32_t)i, (uint32_t)quad, 0u, {purpose}u, m->seed);",
        "const uint32_t word[4] = {w.w0, w.w1, w.w2, w.w3};",
        "bool exists[4] = {false, false, false, false};",
        "int32_t chosen = 0;",
        "for (int32_t k = 0; k < 4 && 4 * (int64_t)quad + k < p->n_post; ++k) {",
        "    const int32_t j = 4 * quad + k;",
        *indent(chance),
        "}",
        *each,
    ]
    scope.lines = [
        "for (int64_t row = pl_warp(); row < p->n_pre; row += pl_warps()) {",
        *indent(
            [
                "const int32_t i = (int32_t)row;",
                *pre.lines,
                "int32_t sum = 0;",
                "for (int64_t from = 0; 4 * from < p->n_post; from += 32) {",
                *indent(quads),
                "}",
                *last,
            ]
        ),
        "}",
    ]
    return unit.kernel(name, scope.text(), Shape.WARPS, Site.PRE, f"{projection.name}: initial connectivity")


def emit_places(unit: CudaUnit) -> Launches:
    """Where synapses never move, the index by post knows their places."""
    assert isinstance(unit.owner, ProjectionLayout)
    if not keeps_places(unit.owner):
        return ()
    body = [
        "for (int64_t row = pl_warp(); row < p->n_post; row += pl_warps()) {",
        "    const int32_t j = (int32_t)row;",
        "    const int64_t last = p->incoming.start[j] + p->incoming.length[j];",
        "    for (int64_t e = p->incoming.start[j] + pl_lane(); e < last; e += 32) {",
        *indent(unit.entry(Site.POST, places=False), 2),
        "        ((int64_t *)p->incoming.column[0])[e] = s;",
        "    }",
        "}",
    ]
    return (unit.kernel("places", body, Shape.WARPS, Site.POST, f"{unit.owner.owner.name}: places of synapses"),)
