"""Structural statements: what they make, what they refuse, and in which order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from plastlang.backends.reference import random
from plastlang.ir.nodes import (
    Assign,
    Block,
    ConnectAll,
    ConnectProbability,
    Draw,
    EachStep,
    GrowThis,
    GrowUniform,
    If,
    Let,
    Local,
    Program,
    PruneThis,
    PruneWhere,
    Sample,
    Stmt,
    Variable,
)
from tests import ir_programs as ir
from tests.ir_programs import INT, PAIR, SYN, G, c, i, op, own

from .running import load, pairs_of

SEED = 1


def structural(
    *body: Stmt, size: int = 6, targets: int = 5, variables: tuple[Variable, ...] = (), start: ir.Expr | None = None
) -> Program:
    """`body` in each step; clocked sources and targets."""
    projection = ir.static("net", ("src",), "sum", start or c(1), 1, (Block(EachStep(), body),), None, variables)
    return ir.program((ir.clock("src", size), ir.tally("sum", targets)), (projection,))


def check_invariants(executable: object, projection: str = "net") -> None:
    pre, post = executable.synapses(projection)  # type: ignore[attr-defined]
    order = pre.astype(np.int64) * 10_000 + post
    assert np.all(np.diff(order) >= 0)
    out, inward = executable.degrees(projection)  # type: ignore[attr-defined]
    assert np.array_equal(out, np.bincount(pre, minlength=out.size))
    assert np.array_equal(inward, np.bincount(post, minlength=inward.size))


# ---------------------------------------------------------------- prune where, grow uniformly


def test_prune_where_counts_and_binds() -> None:
    body = (
        PruneWhere(op("==", op("%", ir.built("post.index"), i(2)), i(0)), "gone"),
        Assign("lost", Local("gone", INT), G),
    )
    program = structural(*body, variables=(Variable("lost", G, i(-1), INT),))
    executable = load(program, [(0, 0), (0, 1), (3, 2), (3, 2), (4, 3)])
    executable.run(1)
    assert pairs_of(executable, "net") == [(0, 1), (4, 3)]
    assert int(executable.get("net", "lost")) == 3 and executable.counts("net") == (0, 3)
    executable.run(1)
    assert int(executable.get("net", "lost")) == 0 and executable.counts("net") == (0, 3)


def test_grow_uniform_takes_the_drawn_pairs_in_order() -> None:
    there = [(0, 0), (2, 3)]
    executable = load(structural(GrowUniform(i(4), (Assign("w", c(3), SYN),), 9)), there, SEED)
    executable.run(1)
    words = random.philox(np.arange(100), 0, 0, random.counter(9), SEED)
    wanted: list[tuple[int, int]] = []
    for pair in zip(random.below(words[0], 6).tolist(), random.below(words[1], 5).tolist(), strict=True):
        if pair not in wanted and pair not in there and len(wanted) < 4:
            wanted.append(pair)
    assert pairs_of(executable, "net") == sorted([*there, *wanted])
    weights = dict(zip(pairs_of(executable, "net"), executable.get("net", "w").tolist(), strict=True))
    assert all(weights[p] == 3 for p in wanted) and all(weights[p] == 1 for p in there)
    assert executable.counts("net") == (4, 0)


def test_grow_uniform_is_distinct_and_fills_what_is_left() -> None:
    executable = load(structural(GrowUniform(i(7), (), 9)), [(1, 1), (1, 1)])
    for formed in (7, 14, 21, 28, 29, 29):
        executable.run(1)
        assert executable.counts("net") == (formed, 0)
        check_invariants(executable)
        assert Counter(pairs_of(executable, "net")).most_common(2)[1][1] == 1
    assert len(set(pairs_of(executable, "net"))) == 30


def test_nothing_grows_for_a_count_of_zero_or_less() -> None:
    for count in (0, -3):
        executable = load(structural(GrowUniform(i(count), (), 9), Sample(i(count), None, (), 10)), [(0, 0)])
        executable.run(3)
        assert executable.counts("net") == (0, 0)


def test_new_synapses_start_as_declared() -> None:
    """The start value is drawn with the step of creation; the body of the grow comes after it."""
    start = Draw("uniform", (c(0), c(1)), 5)
    variables = (Variable("b", SYN, op("*", own("w", SYN), c(2))), Variable("born", SYN, i(-7), INT))
    grow = GrowUniform(i(1), (Assign("born", ir.built("step"), SYN),), 9)
    executable = load(structural(grow, variables=variables, start=start), (), SEED)
    executable.run(4)
    pre, post = executable.synapses("net")
    born, w = executable.get("net", "born"), executable.get("net", "w")
    assert sorted(born.tolist()) == [0, 1, 2, 3]
    words = [random.philox(p, q, s, 5, SEED) for p, q, s in zip(pre, post, born, strict=True)]
    assert w.tolist() == [float(random.unit(x, np.dtype(np.float64))[0]) for x in words]
    assert np.array_equal(executable.get("net", "b"), 2 * w)


def test_ordinals_of_multapses() -> None:
    """Older synapses of the same pair are counted in the draws, so that each gets its own number."""
    executable = load(structural(start=Draw("uniform", (c(0), c(1)), 5)), [(2, 1), (2, 1), (0, 0), (2, 1)], SEED)
    expected = [
        float(random.unit(random.philox(p, q, 0, random.counter(5, k), SEED), np.dtype(np.float64))[0])
        for p, q, k in ((0, 0, 0), (2, 1, 0), (2, 1, 1), (2, 1, 2))
    ]
    assert executable.get("net", "w").tolist() == expected


def test_state_moves_with_its_synapse() -> None:
    """A let of the block stays with its synapse through prunes and growths."""
    body = (
        Let("mine", own("w", SYN), SYN),
        PruneWhere(op("<", own("w", SYN), c(0.4))),
        GrowUniform(i(3), (Assign("w", c(9), SYN),), 9),
        Assign("kept", Local("mine"), SYN),
    )
    start = op("/", ir.Cast(ir.built("pre.index"), ir.REAL), c(6))
    executable = load(
        structural(*body, variables=(Variable("kept", SYN, c(-1)),), start=start), [(k, 0) for k in range(6)]
    )
    executable.run(1)
    w, kept = executable.get("net", "w"), executable.get("net", "kept")
    assert np.array_equal(kept[w < 9], w[w < 9]) and np.all(kept[w == 9] == 0) and (w == 9).sum() == 3


# ---------------------------------------------------------------- samples

TOGGLE = (If(ir.built("connected"), (PruneThis(None, 11),), (GrowThis(None, (), "pair", 12),), PAIR),)


def drawn_pairs(count: int, step: int, size: int = 6, targets: int = 5) -> list[tuple[int, int]]:
    words = random.philox(np.arange(count), 0, step, random.counter(10), SEED)
    pre, post = random.below(words[0], size), random.below(words[1], targets)
    return list(zip(pre.tolist(), post.tolist(), strict=True))


def test_pair_samples_toggle_each_pair_once() -> None:
    """Forty samples of thirty pairs: a pair that is drawn twice is granted to the lower sample only."""
    there = {(0, 0), (1, 2), (3, 3), (5, 4)}
    executable = load(structural(Sample(i(40), None, TOGGLE, 10)), there, SEED)
    for step in range(3):
        drawn = set(drawn_pairs(40, step))
        there = there ^ drawn
        executable.run(1)
        assert set(pairs_of(executable, "net")) == there
        check_invariants(executable)


def test_probability_draws_count_by_sample() -> None:
    grow = GrowThis(c(0.5), (), "pair", 12)
    executable = load(
        structural(Sample(i(30), None, (If(ir.Unary("not", ir.built("connected")), (grow,), (), PAIR),), 10)), (), SEED
    )
    executable.run(1)
    u = random.unit(random.philox(np.arange(30), 0, 0, 12, SEED), np.dtype(np.float64))
    assert set(pairs_of(executable, "net")) == {p for p, yes in zip(drawn_pairs(30, 0), u < 0.5, strict=True) if yes}


def test_the_first_wish_counts() -> None:
    wishes = (
        GrowThis(c(0), (), "pair", 12),
        GrowThis(None, (Assign("w", c(2), SYN),), "pair", 13),
        GrowThis(None, (Assign("w", c(3), SYN),), "pair", 14),
    )
    body = (If(ir.built("connected"), (), wishes, PAIR),)
    executable = load(structural(Sample(i(10), None, body, 10)), ())
    executable.run(1)
    assert executable.get("net", "w").size > 0 and set(executable.get("net", "w").tolist()) == {2.0}


def test_locals_of_a_sample_reach_the_body_of_the_grow() -> None:
    grow = GrowThis(None, (Assign("w", op("+", Local("q"), Local("base")), SYN),), "pair", 12)
    inner = (Let("q", Draw("uniform", (c(0), c(1)), 13), PAIR), grow)
    body = (Let("base", c(5), G), Sample(i(4), None, (If(ir.built("connected"), (), inner, PAIR),), 10))
    executable = load(structural(*body, size=50, targets=50), (), SEED)
    executable.run(1)
    u = random.unit(random.philox(np.arange(4), 0, 0, 13, SEED), np.dtype(np.float64))
    expected = dict(zip(drawn_pairs(4, 0, 50, 50), (5 + u).tolist(), strict=True))
    assert dict(zip(pairs_of(executable, "net"), executable.get("net", "w").tolist(), strict=True)) == expected


def test_a_pair_sample_means_the_oldest_of_several() -> None:
    prune = (If(ir.built("connected"), (PruneThis(None, 11),), (), PAIR),)
    program = structural(Sample(i(1), None, prune, 10), size=1, targets=1)
    executable = load(program, [(0, 0)] * 3)
    executable.set("net", "w", np.array([1.0, 2.0, 3.0]))
    executable.run(1)
    assert executable.get("net", "w").tolist() == [2, 3]


@pytest.mark.parametrize(("max_in", "max_out"), [(2, None), (None, 1), (3, 2)])
def test_caps(max_in: int | None, max_out: int | None) -> None:
    caps = [None if m is None else i(m) for m in (max_in, max_out)]
    grow = GrowThis(None, (), "pair", 12, *caps)
    body = (If(ir.built("connected"), (), (grow,), PAIR),)
    executable = load(structural(Sample(i(100), None, body, 10)), (), SEED)
    executable.run(1)
    expected: list[tuple[int, int]] = []
    for pre, post in drawn_pairs(100, 0):
        free_in = max_in is None or sum(q == post for _, q in expected) < max_in
        free_out = max_out is None or sum(p == pre for p, _ in expected) < max_out
        if (pre, post) not in expected and free_in and free_out:
            expected.append((pre, post))
    assert pairs_of(executable, "net") == sorted(expected)


# ---------------------------------------------------------------- slots


def slot_program(body: tuple[Stmt, ...], count: int, slots: int) -> Program:
    return structural(Sample(i(count), i(slots), body, 10))


def drawn_slots(count: int, step: int, slots: int, targets: int = 5) -> list[tuple[int, int, int]]:
    """(post, slot, third word)."""
    words = random.philox(np.arange(count), 0, step, random.counter(10), SEED)
    post, slot = random.below(words[0], targets), random.below(words[1], slots)
    return list(zip(post.tolist(), slot.tolist(), words[2].tolist(), strict=True))


def test_slot_samples_prune_the_slot_of_each_post_once() -> None:
    prune = (If(ir.built("connected"), (PruneThis(None, 11),), (), PAIR),)
    start = [(k, 1) for k in range(4)] + [(k, 3) for k in range(6)] + [(2, 3)]
    executable = load(slot_program(prune, 12, 8), start, SEED)
    executable.run(1)
    onto: dict[int, list[int]] = {q: sorted(p for p, r in start if r == q) for q in range(5)}
    gone: set[tuple[int, int]] = {(q, s) for q, s, _ in drawn_slots(12, 0, 8) if s < len(onto[q])}
    left = [(p, q) for q in range(5) for s, p in enumerate(onto[q]) if (q, s) not in gone]
    assert pairs_of(executable, "net") == sorted(left) and executable.counts("net") == (0, len(gone))


GROW_SPIKED = (If(ir.built("connected"), (), (GrowThis(None, (), "spiked", 12),), PAIR),)


def test_growth_from_spiked_pre() -> None:
    """The pre is an element of those that spiked in this step; a slot sample may make a second synapse of a pair."""
    spiked = [1, 4, 5]
    executable = load(slot_program(GROW_SPIKED, 9, 4), (), SEED, spikes={"src": [(2, p) for p in spiked]})
    executable.run(2)
    assert executable.counts("net") == (0, 0)  # nobody spiked
    executable.run(1)
    taken, expected = set(), []
    for post, slot, word in drawn_slots(9, 2, 4):
        if (post, slot) not in taken:
            taken.add((post, slot))
            expected.append((spiked[(word * 3) >> 32], post))
    assert pairs_of(executable, "net") == sorted(expected)
    check_invariants(executable)


def test_growth_from_spiked_numbers_all_sources() -> None:
    body = Block(EachStep(), (Sample(i(6), i(2), GROW_SPIKED, 10),))
    projection = ir.static("net", ("a", "b"), "sum", c(1), 1, (body,))
    program = ir.program((ir.clock("a", 3), ir.clock("b", 4), ir.tally("sum", 5)), (projection,))
    executable = load(program, (), SEED, spikes={"a": [(0, 2)], "b": [(0, 0), (0, 3)]})
    executable.run(1)
    assert {p for p, _ in pairs_of(executable, "net")} <= {2, 3, 6} and executable.counts("net")[0] > 0


def test_slots_without_a_partner_draw_any_pre() -> None:
    grow = (If(ir.built("connected"), (), (GrowThis(None, (), "pair", 12),), PAIR),)
    executable = load(slot_program(grow, 5, 100), (), SEED)
    executable.run(1)
    expected = [((word * 6) >> 32, post) for post, _, word in drawn_slots(5, 0, 100)]
    assert pairs_of(executable, "net") == sorted(expected)


# ---------------------------------------------------------------- arrivals after edits, initial connectivity


def test_synapses_made_meanwhile_get_the_spike_and_pruned_ones_do_not() -> None:
    body = (PruneWhere(op(">=", ir.built("step"), i(0))), GrowUniform(i(1), (), 9))
    base = structural(*body, size=1, targets=2)
    program = replace(base, projections=(replace(base.projections[0], delay_steps=3),))
    executable = load(program, [(0, 0), (0, 1)], spikes={"src": [(0, 0)]})
    executable.run(3)
    (pair,) = pairs_of(executable, "net")
    executable.run(1)
    assert executable.get("sum", "last").tolist() == [1.0 if q == pair[1] else 0.0 for q in range(2)]


def test_connect_with_probability() -> None:
    projection = ir.static("net", ("src",), "sum", c(1), 1, (), ConnectProbability(c(0.3), 7))
    executable = load(ir.program((ir.clock("src", 60), ir.tally("sum", 70)), (projection,)), (), SEED, "single")
    words = random.philox(np.repeat(np.arange(60), 70), np.tile(np.arange(70) // 4, 60), 0, 7, SEED)
    u = (words[np.tile(np.arange(70) % 4, 60), np.arange(4200)] >> np.uint32(8)) / 2**24
    pre, post = np.divmod(np.flatnonzero(u < np.float64(np.float32(0.3))), 70)
    assert pairs_of(executable, "net") == list(zip(pre.tolist(), post.tolist(), strict=True))
    assert abs(pre.size - 1260) < 5 * np.sqrt(4200 * 0.21)
    assert executable.counts("net") == (0, 0)


def test_several_sources_are_numbered_on() -> None:
    executable = load(ir.several_sources())
    assert executable.get("both", "w").size == 60
    groups = executable.get("both", "w").round().reshape(12, 5)
    assert np.all(groups[:7] == 0) and np.all(groups[7:] == 1)
    all_pairs = ir.static("net", ("a", "b"), "sum", c(1), 2, (), ConnectAll())
    program = ir.program((ir.clock("a", 2), ir.clock("b", 3), ir.tally("sum", 1)), (all_pairs,))
    executable = load(program, spikes={"a": [(0, 1)], "b": [(0, 0), (1, 2)]})
    executable.run(3)
    assert executable.get("sum", "last").tolist() == [2]
    executable.run(1)
    assert executable.get("sum", "last").tolist() == [1]
