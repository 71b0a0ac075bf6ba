"""How many kernels a step has: a graph of a step costs about a microsecond for each, however small the network is."""

from __future__ import annotations

import pytest

from benchmarks import gpu
from plastlang import driver
from plastlang.backends.cuda.emit import emit
from plastlang.backends.cuda.plan import Networks
from plastlang.ir.nodes import Program
from tests.cuda.test_emitted_code import scheduled


def step_of(program: Program, batched: bool = False) -> list[str]:
    return [launch.kernel for launch in emit(program, "single", batched).plan.step]


@pytest.mark.parametrize(("name", "count"), [("TopographicMap", 9), ("TopographicMapSlots", 9)])
def test_a_step_of_the_map(name: str, count: int) -> None:
    kernels = step_of(scheduled(name))
    assert len(kernels) == count, kernels


def test_a_step_of_the_map_in_which_nothing_is_rewired() -> None:
    plan = emit(scheduled("TopographicMap"), "single").plan
    assert len([launch for launch in plan.step if not launch.every]) == 5


def test_a_step_of_the_balanced_network() -> None:
    kernels = step_of(driver.build(gpu.balanced(200, 20).checked()).scheduled)
    assert len(kernels) == 5, kernels


def test_a_batch_tells_the_other_networks_of_edits() -> None:
    """Once for all projections that rewire, however many networks there are."""
    program = scheduled("TopographicMap")
    assert len(step_of(program, True)) == len(step_of(program)) + 1


def test_a_batch_that_trains_launches_nothing_for_each_network() -> None:
    """What the networks add to a gradient at their spikes is added by one kernel, however many they are."""
    step = emit(scheduled("RewiringClassifier"), "single", True).plan.step
    assert len(step) == 23 and not any(launch.networks is Networks.ORDER for launch in step)


def test_sizes_do_not_matter() -> None:
    small, large = (driver.build(gpu.balanced(n, 20).checked()).scheduled for n in (200, 100_000))
    assert step_of(small) == step_of(large)
