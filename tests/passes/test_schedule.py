"""When the work of post spikes may wait, and the reason that is given where it may not."""

from __future__ import annotations

import pytest

from plastlang.ir.nodes import Program
from plastlang.ir.text import expression_text, from_text
from plastlang.ir.verify import verify
from plastlang.passes.schedule import schedule, schedule_of
from tests.ir.sample import EVERYTHING
from tests.passes.owners import lines, rule

STDP = (
    "param tau at global = 20.0",
    "var w at synapse = 0.5",
    "var e at synapse = 0.0",
    "var x at pre = 0.0",
    "var y at post = 0.0",
    "var u at pre = 0.0",
    "var total at global = 0.0",
    "var fixed at global = 0.0",
    "var s at pair = random_sign[0]()",
    "lazy at pre",
    "  x = x * exp(-real(steps.gone:int) / $tau)",
    "lazy at post",
    "  y = y * exp(-real(steps.gone:int) / $tau)",
    "lazy at synapse",
    "  e = e * exp(-real(steps.gone:int) / $tau)",
)
PRE = ("on pre spike", "  deliver synapse.w", "  synapse.w = synapse.w - post.y", "  pre.x = pre.x + 1.0")


def _planned(*post: str, pre: tuple[str, ...] = PRE, more: tuple[str, ...] = ()) -> Program:
    program = schedule(rule(*STDP, *pre, "on post spike", *(f"  {line}" for line in post), *more))
    verify(program)
    return program


@pytest.mark.parametrize(
    ("post", "payload"),
    [
        ("synapse.w = synapse.w + pre.x", ""),
        ("synapse.w = synapse.w + pre.x@before * pair.s + pre.u", ""),
        ("synapse.w = synapse.w + post.y * post->v + post.y", "post.y post->v"),
        ("synapse.e = synapse.e * (uniform[7](0.0, 1.0) if @t > 3.0 else real(@post.index))", ""),
        ("synapse.w = synapse.w + global.fixed * $tau * @distance", ""),
    ],
)
def test_deferred(post: str, payload: str) -> None:
    plan = schedule_of(_planned(post), "p")
    assert plan.post == "deferred"
    assert " ".join(expression_text(read) for read in plan.payload) == payload
    assert not plan.incoming


def test_the_reason_names_the_payload() -> None:
    plan = schedule_of(_planned("synapse.w = post.y * post->v"), "p")
    assert plan.reason == (
        "each is kept in the history of its neuron and applied to a synapse when that is next looked at, because it "
        "needs only the synapse, what its pre neuron left at its last spike, and y, post.v at the post spike"
    )


@pytest.mark.parametrize(
    ("post", "more", "because"),
    [
        (("synapse.w = pre->v",), (), "it reads pre.v, which may change in every step"),
        (("synapse.w = real(@post.in_degree)",), (), "it reads the in-degree of its post neuron, which changes with"),
        (("synapse.w = real(@pre.out_degree)",), (), "it reads the out-degree of its pre neuron, which changes with"),
        (("synapse.w = real(@synapses)",), (), "it reads the number of synapses, which changes with the structure"),
        (("synapse.w = synapse.e@before",), (), "it reads e@before, which the synapse does not keep"),
        (("synapse.w = pre.u",), ("each step", "  pre.u = pre.u + 1.0"), "it reads u, which is written elsewhere"),
        (("synapse.w = pre.x",), ("on reset()", "  pre.x = 0.0"), "it reads x, which is written elsewhere"),
        (("synapse.w = global.total",), ("every 5.0", "  global.total = 1.0"), "it reads total, which may change"),
        (("synapse.w = pre.x",), ("each step", "  synapse.w = synapse.w * 0.9"), "w of every synapse is looked at"),
        (("synapse.w = pre.x",), ("each step", "  prune where synapse.w < 0.1"), "w of every synapse is looked at"),
        (("synapse.w = synapse.e",), ("each step", "  synapse.e = 0.0"), "e of every synapse is looked at"),
        (("synapse.w = uniform[8](0.0, 1.0)",), ("every 5.0", "  prune where @t > 3.0"), "it draws random numbers"),
        (
            ("synapse.w = uniform[8](0.0, 1.0)",),
            ("every 5.0", "  sample[9] 3", "    if @connected at pair", "      prune[10]"),
            "it draws random numbers, which change where an older synapse of the pair is pruned",
        ),
        (
            ("synapse.w = post.y", "post.y = post.y + 1.0", "synapse.w = post.y"),
            (),
            "it reads y both before and after writing it",
        ),
        (
            ("let old at post = post.y", "post.y = 1.0", "synapse.w = old"),
            (),
            "it uses old, which holds y as it was before it was written",
        ),
        (
            ("let noise at post = normal[8](0.0, 1.0)", "synapse.w = noise"),
            (),
            "it uses noise, which is drawn once for all its synapses",
        ),
    ],
)
def test_eager(post: tuple[str, ...], more: tuple[str, ...], because: str) -> None:
    more = tuple(line.replace("on reset", "on signal reset") for line in more)
    program = _planned(*post, more=more)
    plan = schedule_of(program, "p")
    assert plan.post == "eager"
    assert plan.incoming
    assert plan.reason.startswith("each is applied at once, through the index of incoming synapses, because ")
    assert because in plan.reason


def test_what_does_not_hinder() -> None:
    """Signals, `every` and structure bring the synapses up to date themselves; other variables may step."""
    program = schedule(
        rule(
            *STDP,
            "var c at synapse = 0.0",
            "step",
            "  synapse.c = synapse.c * 0.9",
            *PRE,
            "on post spike",
            "  synapse.w = synapse.w + pre.x",
            "every 5.0",
            "  synapse.w = synapse.w * 0.9",
            "  prune where synapse.w < 0.1",
            "on signal reward(d)",
            "  synapse.w = synapse.w + d * synapse.e",
            "each step",
            "  sample[9] 3",
            "    if @connected at pair",
            "      prune[10] with synapse.w",
        )
    )
    assert schedule_of(program, "p").post == "deferred"


def test_names_bound_at_the_post_neuron_go_into_the_synapse_statements() -> None:
    program = _planned(
        "let a at post = post.y * 2.0",
        "let b at post = a + post->v",
        "let c at synapse = b * pre.x",
        "synapse.w = c + a",
        "post.y = post.y + a",
    )
    assert schedule_of(program, "p").post == "deferred"
    assert lines(program)[-5:] == [
        "on post spike",
        "  let a at post = post.y * 2.0",
        "  let c at synapse = (post.y * 2.0 + post->v) * pre.x",
        "  synapse.w = c + post.y * 2.0",
        "  post.y = post.y + a",
    ]


def test_an_eager_block_keeps_its_names() -> None:
    post = ("let a at post = post.y * 2.0", "synapse.w = a + pre->v")
    assert lines(_planned(*post))[-2:] == [f"  {line}" for line in post]


def test_no_synapse_statement() -> None:
    plan = schedule_of(_planned("post.y = post.y + 1.0"), "p")
    assert (plan.post, plan.incoming) == ("none", False)


def test_slot_samples_need_the_index() -> None:
    plan = schedule_of(_planned("synapse.w = pre.x", more=("every 1.0", "  sample[9] 3 slots 8")), "p")
    assert (plan.post, plan.incoming) == ("deferred", True)


def test_scheduling_twice_is_scheduling_once() -> None:
    once = schedule(from_text(EVERYTHING))
    assert schedule(once) == once
