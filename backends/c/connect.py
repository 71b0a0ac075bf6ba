"""Initial connectivity by a probability for each pair: four pairs share the words of one counter."""

from __future__ import annotations

from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import ConnectProbability, Projection
from plastlang.ir.types import Site


def emit_connect(unit: Unit) -> None:
    """A function that gives the posts of every row to `lengths` and `posts`."""
    projection = unit.owner.owner
    assert isinstance(projection, Projection)
    if not isinstance(projection.connect, ConnectProbability):
        return
    scope = Scope()
    pre = unit.frame(scope, [], Site.PRE, now=False, step="0")
    pair = unit.frame(
        scope, [], Site.SYNAPSE, now=False, step="0", outer=pre, outer_sites=frozenset({Site.PRE, Site.GLOBAL})
    )  # fmt: skip
    pair.site = Site.PAIR
    purpose = projection.connect.purpose
    probability = pair.text(projection.connect.probability)
    row = [
        *pre.lines,
        "#pragma omp simd",
        "for (int32_t j = 0; j < p->n_post; ++j) {",
        *indent([*pair.lines, f"chance[j] = (double)({probability});"]),
        "}",
        "int32_t found = 0;",
        "if (!pl_reserve(posts, (int64_t)p->n_post * (int64_t)sizeof(int32_t))) {",
        "    return false;",
        "}",
        "int32_t *const row = (int32_t *)(void *)(posts->data + posts->used);",
        "for (int32_t j = 0; j < p->n_post; j += 4) {",
        "    const uint32_t quad = (uint32_t)(j / 4);",
        f"    const pl_words w = pl_philox((uint32_t)i, quad, 0u, {purpose}u, m->seed);",
        "    const uint32_t word[4] = {w.w0, w.w1, w.w2, w.w3};",
        "    for (int32_t k = 0; k < 4 && j + k < p->n_post; ++k) {",
        "        row[found] = j + k;",
        f"        found += pl_chance(m, pl_connect_u(word[k]), chance[j + k], {purpose}u, i, j + k);",
        "    }",
        "}",
        "lengths[i] = found;",
        "posts->used += found * (int64_t)sizeof(int32_t);",
    ]
    scope.lines = ["for (int32_t i = 0; i < p->n_pre; ++i) {", *indent(row), "}", "return true;"]
    unit.function(
        "connect", "int32_t *lengths, pl_bytes *posts, double *restrict chance", scope, result="bool",
        about=f"{projection.name}: initial connectivity",
    )  # fmt: skip
