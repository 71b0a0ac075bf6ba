"""Each value is computed once, and never a stale one."""

from __future__ import annotations

import pytest

from plastlang.ir.text import from_text
from plastlang.ir.verify import verify
from plastlang.passes.schedule import schedule
from plastlang.passes.share import share
from tests.ir.sample import EVERYTHING
from tests.passes.owners import lines, neuron, rule

DECLARED = (
    "var w at synapse = 0.5",
    "var q at synapse = 0.5",
    "var x at pre = 0.0",
    "var y at post = 0.0",
    "lazy at pre",
    "  x = x * exp(-real(steps.gone:int))",
    "lazy at synapse",
    "  q = q * exp(-real(steps.gone:int))",
)


def _neuron(*body: str) -> list[str]:
    program = share(schedule(neuron("var v at neuron = 0.0", "var u at neuron = 0.0", "each step", *body)))
    verify(program)
    return lines(program)[3:]


def _rule(head: str, *body: str) -> list[str]:
    program = share(schedule(rule(*DECLARED, head, *(f"  {line}" for line in body))))
    verify(program)
    shared = lines(program)
    return [line[2:] for line in shared[shared.index(head) + 1 :]]


def test_the_largest_common_subexpression_is_named() -> None:
    assert _neuron("  neuron.v = exp(neuron.u) * 2.0 + 1.0", "  neuron.v = neuron.v + exp(neuron.u) * 2.0") == [
        "  let _s1 at neuron = exp(neuron.u) * 2.0",
        "  neuron.v = _s1 + 1.0",
        "  neuron.v = neuron.v + _s1",
    ]


@pytest.mark.parametrize(
    "body",
    [
        ("  neuron.v = exp(neuron.v)", "  neuron.u = exp(neuron.v)"),  # v is written in between
        ("  neuron.v = uniform[0](0.0, 1.0) + 1.0", "  neuron.u = uniform[1](0.0, 1.0) + 1.0"),
        ("  neuron.v = neuron.u + 1.0", "  neuron.v = neuron.u + 1.0"),  # one operation costs less than a name
        ("  neuron.v = neuron.u * 0.0 + 1.0", "  neuron.v = neuron.u * -0.0 + 1.0"),
        (
            "  if neuron.v > 0.0 at neuron",
            "    neuron.v = exp(neuron.u)",
            "  if neuron.v > 1.0 at neuron",
            "    neuron.u = exp(neuron.u)",
        ),  # perhaps never needed
    ],
)
def test_what_stays(body: tuple[str, ...]) -> None:
    assert _neuron(*body) == list(body)


def test_branches() -> None:
    assert _neuron(
        "  if sqrt(neuron.u) > 1.0 at neuron",
        "    neuron.v = sqrt(neuron.u)",
        "    neuron.u = sqrt(neuron.u) / 3.0 + 1.0 / neuron.v",
        "    neuron.v = 1.0 / neuron.v",
        "  else",
        "    neuron.u = 0.0",
        "    neuron.u = sqrt(neuron.u)",
        "  neuron.v = sqrt(neuron.u)",
    ) == [
        "  let _s1 at neuron = sqrt(neuron.u)",
        "  if _s1 > 1.0 at neuron",
        "    neuron.v = _s1",
        "    let _s2 at neuron = 1.0 / neuron.v",
        "    neuron.u = _s1 / 3.0 + _s2",
        "    neuron.v = _s2",
        "  else",
        "    neuron.u = 0.0",
        "    neuron.u = sqrt(neuron.u)",
        "  neuron.v = sqrt(neuron.u)",
    ]


def test_values_of_the_spiking_neuron_stand_before_the_row() -> None:
    assert _rule(
        "on pre spike",
        "synapse.w = synapse.w + pre.x * 0.5",
        "let a at synapse = pre.x * 0.5 * synapse.w",
        "if synapse.w > 1.0 at synapse",
        "  synapse.w = a + @t * 2.0 + post.y",
        "pre.x = pre.x + 1.0",
        "synapse.w = synapse.w + pre.x * 0.5",
    ) == [
        "let _s4 at pre = pre.x",
        "let _s1 at pre = _s4 * 0.5",
        "let _s2 at pre = @t * 2.0",
        "synapse.w = synapse.w + _s1",
        "let a at synapse = _s1 * synapse.w",
        "if synapse.w > 1.0 at synapse",
        "  synapse.w = a + _s2 + post.y",
        "pre.x = _s4 + 1.0",
        "let _s3 at pre = pre.x * 0.5",
        "synapse.w = synapse.w + _s3",
    ]


def test_names_of_the_spiking_neuron_are_waited_for() -> None:
    assert _rule(
        "on pre spike",
        "synapse.w = 0.0",
        "let a at pre = pre.x * 2.0",
        "synapse.w = synapse.w + a * a",
    ) == [
        "synapse.w = 0.0",
        "let a at pre = pre.x * 2.0",
        "let _s1 at pre = a * a",
        "synapse.w = synapse.w + _s1",
    ]


def test_in_post_blocks_only_what_is_applied_at_once() -> None:
    deferred = ["synapse.w = synapse.w + post.y * 2.0"]
    assert _rule("on post spike", *deferred) == deferred
    assert _rule("on post spike", *deferred, "synapse.w = synapse.w + pre->v") == [
        "let _s1 at post = post.y * 2.0",
        "synapse.w = synapse.w + _s1",
        "synapse.w = synapse.w + pre->v",
    ]


def test_a_lazy_variable_is_advanced_once() -> None:
    assert _rule("each step", "synapse.w = synapse.q * (synapse.q + 1.0)", "synapse.q = synapse.q") == [
        "let _s1 at synapse = synapse.q",
        "synapse.w = _s1 * (_s1 + 1.0)",
        "synapse.q = _s1",
    ]


def test_nothing_is_known_to_be_the_same_after_a_change_of_structure() -> None:
    body = ["synapse.w = exp(real(@synapses))", "prune where synapse.w < 0.1", "synapse.w = exp(real(@synapses))"]
    assert _rule("each step", *body) == body
    branch = ["if @t > 1.0 at global", "  prune where synapse.w < 0.1"]
    inside = ["synapse.w = exp(pre.x)", *branch, "synapse.w = exp(pre.x)"]
    assert _rule("each step", *inside) == inside


def test_sharing_twice_is_sharing_once() -> None:
    once = share(schedule(from_text(EVERYTHING)))
    verify(once)
    assert share(once) == once
