"""What depends on parameters only is computed once."""

from __future__ import annotations

from plastlang.ir.nodes import Binary, Builtin, Call, Const, Derived, Param, Population, Projection
from plastlang.ir.text import from_text
from plastlang.ir.types import Site, Type
from plastlang.ir.verify import verify
from plastlang.ir.walk import all_expressions, children, walk
from plastlang.passes.fold import fold
from plastlang.passes.hoist import hoist
from tests.ir.sample import EVERYTHING
from tests.passes.owners import derived, lines, neuron, owner, rule


def test_largest_subexpressions_become_shared_derived_values() -> None:
    program = hoist(
        neuron(
            "param tau at global = 20.0",
            "param k1 at global = 2.0",
            "param gain at neuron = 2.0",
            "var v at neuron = 0.0",
            "each step",
            "  neuron.v = neuron.v * exp(-@dt / $tau) + $gain",
            "  neuron.v = neuron.v * ($gain * $tau + 1.0) + exp(-@dt / $tau)",
        )
    )
    verify(program)
    assert derived(program) == {"k2": "exp(-@dt / $tau)", "k3": "$gain * $tau + 1.0"}
    assert [d.site for d in owner(program).derived] == [Site.GLOBAL, Site.NEURON]
    assert lines(program)[-2:] == ["  neuron.v = neuron.v * #k2 + $gain", "  neuron.v = neuron.v * #k3 + #k2"]


def test_division_becomes_a_product() -> None:
    program = hoist(
        neuron(
            "param tau at global = 20.0",
            "var v at neuron = 0.0",
            "each step",
            "  neuron.v = neuron.v / $tau",
            "  neuron.v = neuron.v / (2.0 * $tau)",
            "  neuron.v = neuron.v / 4.0 / 3.0",
            "  neuron.v = neuron.v / 0.0",
            "  neuron.v = 1.0 / neuron.v",
            "  neuron.v = 1.0 / $tau",
        )
    )
    verify(program)
    assert derived(program) == {"k1": "1.0 / $tau", "k2": "2.0 * $tau", "k3": "1.0 / #k2"}
    assert lines(program)[-6:] == [
        "  neuron.v = neuron.v * #k1",
        "  neuron.v = neuron.v * #k3",
        "  neuron.v = neuron.v * 0.25 * 0.3333333333333333",
        "  neuron.v = neuron.v / 0.0",
        "  neuron.v = 1.0 / neuron.v",
        "  neuron.v = #k1",
    ]


def test_in_lazy_groups_bounds_and_start_values_but_not_in_periods() -> None:
    program = hoist(
        rule(
            "param tau at global = 20.0",
            "derived rate at global = -@dt / $tau",
            "var x at pre = $tau * 2.0",
            "  high $tau * 3.0",
            "lazy at pre",
            "  x = x * exp(real(steps.gone:int) * (-@dt / $tau))",
            "every $tau * 2.0",
            "  pre.x = 0.0",
        )
    )
    verify(program)
    assert derived(program) == {"rate": "-@dt / $tau", "k1": "$tau * 2.0", "k2": "$tau * 3.0"}
    assert lines(program)[-6:] == [
        "var x at pre = #k1",
        "  high #k2",
        "lazy at pre",
        "  x = x * exp(real(steps.gone:int) * #rate)",
        "every $tau * 2.0",
        "  pre.x = 0.0",
    ]


def test_nothing_is_left_to_hoist() -> None:
    program = hoist(fold(from_text(EVERYTHING)))
    verify(program)
    assert hoist(program) == program
    holders: list[Population | Projection] = [*program.populations, *program.projections]
    for holder in holders:
        bodies = [holder.step, *(block.body for block in holder.blocks)]
        for node in (n for body in bodies for e in all_expressions(body) for n in walk(e)):
            invariant = all(
                isinstance(n, (Const, Param, Derived)) or (isinstance(n, Builtin) and n.name == "dt") or children(n)
                for n in walk(node)
            )
            if isinstance(node, (Binary, Call)) and node.type is Type.REAL:
                assert not invariant
