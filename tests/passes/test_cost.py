"""Costs are counted from the program."""

from __future__ import annotations

from plastlang.ir.nodes import Program
from plastlang.passes.cost import bytes_per_synapse, costs
from plastlang.passes.schedule import schedule
from tests.passes.owners import neuron, rule

STDP = (
    "var w at synapse = 0.5",
    "var x at pre = 0.0",
    "var y at post = 0.0",
    "lazy at pre",
    "  x = x * exp(real(steps.gone:int) * -0.1)",
    "lazy at post",
    "  y = y * exp(real(steps.gone:int) * -0.1)",
    "on pre spike",
    "  deliver synapse.w",
    "  synapse.w = synapse.w - 0.1 * post.y",
    "  pre.x = pre.x + 1.0",
    "on post spike",
    "  synapse.w = synapse.w + 0.1 * pre.x",
    "  post.y = post.y + 1.0",
)


def _counted(program: Program) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {
        (e.event, e.each): (e.operations, e.functions, e.draws, e.moved)
        for e in costs(schedule(program))
        if e.owner in ("p", "n")
    }


def test_spikes() -> None:
    assert _counted(rule(*STDP)) == {
        # x: advance (cast, two products, exp), + 1; reads and writes x and its last step
        ("on pre spike", "for the neuron"): (4, 1, 0, 16),
        # deliver 2, y advanced 3, product and difference 2; index 4, input 16, w 8, y and its last step 8
        ("on pre spike", "for each synapse of the spike"): (7, 1, 0, 36),
        ("on post spike", "for the neuron"): (4, 1, 0, 16),
        # x advanced 3, product and sum 2; w 8, x and its last step 8; found in the row, so no index
        ("on post spike", "for each synapse, at its next look"): (5, 1, 0, 16),
    }


def test_a_post_spike_that_is_applied_at_once_pays_the_index() -> None:
    eager = _counted(rule(*STDP, "  synapse.w = synapse.w + pre->v"))
    assert eager["on post spike", "for each synapse of the spike"] == (6, 1, 0, 16 + 4 + 8)


def test_memory_of_a_synapse() -> None:
    program = schedule(
        rule(
            "var w at synapse = 0.5",
            "var e at synapse = 0.0",
            "var k:int at synapse = 0",
            "var s at pair = 1.0",
            "lazy at synapse",
            "  e = e * 0.5",
            "on pre spike",
            "  synapse.w = synapse.w + synapse.e@before",
            "every 1.0",
            "  sample[0] 3 slots 8",
        )
    )
    parts = bytes_per_synapse(program, program.projections[0], real=8)
    assert parts == (
        ("target", 4),
        ("w", 8),
        ("e", 8),
        ("e@before", 12),
        ("k", 4),
        ("last write of e", 4),
        ("index by post neuron", 8),
    )


def test_neurons_and_structure() -> None:
    program = schedule(
        neuron(
            "param tau at neuron = 1.0",
            "var v at neuron = 0.0",
            "input exc",
            "step",
            "  neuron.v = (neuron.v + input(exc)) * $tau",
            "spike when neuron.v > 1.0",
            "  neuron.v = uniform[0](0.0, 1.0)",
        )
    )
    found = {(e.event, e.each): (e.operations, e.functions, e.draws, e.moved) for e in costs(program)}
    assert found == {
        ("each step", "for each neuron"): (3, 0, 0, 16 + 8 + 4),
        ("at a spike", "for the neuron"): (0, 0, 1, 4),
    }
    rewiring = rule(
        "var w at synapse = 0.5",
        "every 1.0",
        "  prune where synapse.w < 0.1",
        "  grow[1] uniformly 3",
        "    synapse.w = 0.2",
        "  sample[2] 10",
        "    if @connected at pair",
        "      prune[3] with synapse.w",
        "    else",
        "      grow[4] pair with exp(-@distance)",
    )
    assert _counted(rewiring) == {
        ("every 1 ms", "for each synapse"): (1, 0, 0, 4),
        ("every 1 ms", "for each new synapse"): (0, 0, 1, 4),
        ("every 1 ms", "for each sample"): (1, 1, 3, 4),
    }
