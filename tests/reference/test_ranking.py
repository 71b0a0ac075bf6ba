"""Pruning and growing by rank, and the matching of vacant elements."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from plastlang.backends.interface import NanFault
from plastlang.backends.reference.ranking import chosen
from plastlang.ir.nodes import Block, Builtin, EachStep, GrowMatched, GrowRanked, Program, PruneRanked, Stmt
from plastlang.ir.types import Site, Type
from tests import ir_programs as ir
from tests.ir_programs import SYN, G, c, i, op, own

from .running import load, pairs_of

PAIRS = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 1), (2, 0), (2, 2)]
WEIGHTS = np.array([3.0, 1.0, 2.0, 1.0, 5.0, 4.0, 6.0])


def doing(*body: Stmt, size: int = 3, targets: int = 3) -> Program:
    """`body` in each step."""
    projection = ir.static("net", ("src",), "sum", c(1), 1, (Block(EachStep(), body),), None, ())
    return ir.program((ir.clock("src", size), ir.tally("sum", targets)), (projection,))


def index(end: str) -> ir.Expr:
    return Builtin(f"{end}.index", Type.INT, Site(end))


def after(statement: Stmt, weights: np.ndarray = WEIGHTS) -> list[tuple[int, int]]:
    model = load(doing(statement), PAIRS)
    model.set("net", "w", weights)
    model.run(1)
    return pairs_of(model, "net")


def test_the_smallest_go_and_ties_by_the_order_of_synapses() -> None:
    assert after(PruneRanked(i(1), own("w", SYN), False, G)) == [p for k, p in enumerate(PAIRS) if k != 1]
    assert after(PruneRanked(i(2), own("w", SYN), False, G)) == [p for k, p in enumerate(PAIRS) if k not in (1, 3)]


def test_the_largest_of_each_post_neuron_go() -> None:
    gone = after(PruneRanked(i(1), own("w", SYN), True, Site.POST))
    assert gone == [p for k, p in enumerate(PAIRS) if k not in (5, 4, 6)]


def test_each_neuron_has_its_own_number() -> None:
    gone = after(PruneRanked(index("pre"), own("w", SYN), False, Site.PRE))  # 0, 1 and 2
    assert gone == [p for k, p in enumerate(PAIRS) if k not in (3, 5, 6)]


@pytest.mark.parametrize("largest", [False, True])
def test_nan_goes_last_whichever_way_and_is_told(largest: bool) -> None:
    weights = WEIGHTS.copy()
    weights[0] = np.nan
    model = load(doing(PruneRanked(i(6), own("w", SYN), largest, G)), PAIRS)
    model.set("net", "w", weights)
    place = f"pre neuron {PAIRS[0][0]} and post neuron {PAIRS[0][1]}"
    with pytest.raises(NanFault, match=f"^a rank of projection net is NaN in step 0, for {place}$"):
        model.run(5)
    assert model.step == 1
    assert pairs_of(model, "net") == [PAIRS[0]]


def test_numbers_below_zero_and_above_all_there_are() -> None:
    assert after(PruneRanked(i(-2), own("w", SYN), False, G)) == PAIRS
    assert after(PruneRanked(i(99), own("w", SYN), False, G)) == []


def test_absent_pairs_with_the_largest_scores_come() -> None:
    score = ir.Cast(op("+", op("*", index("pre"), i(10)), index("post")), Type.REAL)
    new = Counter(after(GrowRanked(i(2), score, True, G, ()))) - Counter(PAIRS)
    assert new == Counter([(2, 1), (1, 2)])  # (2, 0) and (2, 2) are there
    new = Counter(after(GrowRanked(i(1), score, False, Site.PRE, ()))) - Counter(PAIRS)
    assert new == Counter([(0, 2), (1, 2), (2, 1)])


@pytest.mark.parametrize("largest", [False, True])
def test_chosen_is_what_sorting_gives(largest: bool) -> None:
    source = np.random.default_rng(4)
    keys, group = source.integers(0, 5, 200).astype(np.float32), source.integers(0, 7, 200)
    wanted = source.integers(-1, 30, 7).astype(np.int32)
    found = chosen(keys, largest, group, wanted)
    for number in range(7):
        members = np.flatnonzero(group == number).tolist()
        members.sort(key=lambda k: (-keys[k] if largest else keys[k], k))
        assert sorted(members[: max(0, wanted[number])]) == np.flatnonzero(found & (group == number)).tolist()


def matched(axonal: ir.Expr, dendritic: ir.Expr, chance: ir.Expr | None = None, seed: int = 1) -> list[tuple[int, int]]:
    program = doing(GrowMatched(axonal, dendritic, chance, (), 9), size=8, targets=6)
    model = load(program, seed=seed)
    model.run(1)
    return pairs_of(model, "net")


def test_as_many_as_the_scarcer_elements_and_no_neuron_gives_more_than_it_has() -> None:
    made = matched(index("pre"), i(2))  # 28 axonal, 12 dendritic
    assert len(made) == 12
    assert all(count == 2 for count in Counter(post for _, post in made).values())
    assert all(count <= pre for pre, count in Counter(pre for pre, _ in made).items())
    assert len(matched(i(1), index("post"))) == 8


def test_vacancies_below_zero_are_none() -> None:
    assert matched(i(-3), i(2)) == []


def test_matching_is_uniform() -> None:
    first = Counter(matched(i(1), op("-", i(1), index("post")), seed=seed)[0][0] for seed in range(800))
    assert sum((first[k] - 100) ** 2 / 100 for k in range(8)) < 24.3  # chi-square, 7 degrees, p = 0.001


def test_a_match_is_made_with_its_probability() -> None:
    counts = [len(matched(i(3), i(4), c(0.25), seed)) for seed in range(100)]
    assert abs(np.mean(counts) - 6) < 5 * np.sqrt(24 * 0.25 * 0.75 / 100)
