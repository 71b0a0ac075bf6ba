"""What a batch means: without shared variables networks on their own, with them sums in the order of the networks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from plastlang import driver
from plastlang.backends.interface import Executable, Options, RuntimeFault, network_seed
from plastlang.diagnostics import PlastError, Source
from plastlang.ir.nodes import ConnectGiven, Scheduled
from plastlang.ir.reader import from_text
from plastlang.ir.sharing_faults import faults
from plastlang.ir.text import to_text
from tests.batch.sharing_programs import with_shared
from tests.programs.running import built, signals
from tests.programs.strategies import programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
FEW = settings(deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)


@given(programs(most_neurons=6), st.integers(2, 3), st.integers(0, 2**64 - 1))
@settings(FEW, max_examples=8)
def test_without_shared_variables_the_networks_are_runs_with_their_seeds(text: str, batch: int, seed: int) -> None:
    assume(not any(word in text for word in ("prune", "grow", "pair ")))
    network = built(text)
    together = driver.load(network, "reference", Options(batch=batch))
    together.reset(seed)
    for projection in network.program.projections:
        if not isinstance(projection.connect, ConnectGiven):
            together.connect(projection.name)
    alone = []
    for number in range(batch):
        one = driver.load(network, "reference", Options())
        one.reset(network_seed(seed, number))
        for projection in network.program.projections:
            one.set_synapses(projection.name, *together.synapses(projection.name))
        alone.append(one)
    for number, one in enumerate(alone):
        for population in network.program.populations:
            if isinstance(population.spiking, Scheduled):
                steps = np.arange(12, dtype=np.int64)
                neurons = (steps * (number + 1) % population.size).astype(np.int32)
                together.set_schedule(population.name, neurons, steps, number)
                one.set_schedule(population.name, neurons, steps)
    for piece in range(2):
        for runner in (together, *alone):
            runner.run(7)
            for owner, name, count in signals(network.program) if piece == 0 else ():
                runner.begin_signal()
                runner.signal(owner, name, (0.3,) * count)
    for owner in (*network.program.populations, *network.program.projections):
        for variable in owner.variables:
            rows = np.asarray(together.get(owner.name, variable.name))
            for number, one in enumerate(alone):
                assert np.array_equal(rows[number], one.get(owner.name, variable.name), equal_nan=True), variable.name


@given(programs(most_neurons=6), st.integers(0, 1000))
@settings(FEW, max_examples=5)
def test_marks_survive_the_text_form(text: str, marks: int) -> None:
    program = with_shared(built(text), marks, 0.7).program
    assert from_text(to_text(program)) == program
    assert not faults(program)


SUM = """
neuron N:
    state u = uniform(0, 1)
    each step:
        u = uniform(0, 1)
    spike at times
rule R:
    synapse shared g = 0, doubled = 0
    global shared steps = 0
    post y = 0
    each step:
        y = post.u
        g += y / 3
        doubled = 2 * g
        steps += 1
network Net:
    dt 1 ms
    population a = N() size 2
    project p = a -> a with R():
        connect all
"""


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_a_sum_goes_through_the_networks_in_their_order_and_is_complete_for_what_follows(backend: str) -> None:
    network = built(SUM)
    executable = driver.load(network, backend, Options(batch=3))
    executable.reset(1)
    executable.connect("p")
    expected = np.zeros(2, np.float32)
    for _ in range(5):
        executable.run(1)
        for row in executable.get("a", "u"):
            expected = expected + row * np.float32(1 / 3)
        assert np.array_equal(executable.get("p", "g"), np.tile(expected, 2))
        assert np.array_equal(executable.get("p", "doubled"), np.tile(2 * expected, 2))
    assert executable.get("p", "steps") == 5


def _faults(members: str, neuron: str = "") -> list[str]:
    text = f"""
neuron N:
    state v = 0, i = 0
    v' = (i - v) / (10 ms)
{neuron}    spike when v > 1:
        v = 0
rule R:
    synapse shared w = 0.5
    synapse own = 0
    global shared n = 0
    post y = 0
{members}
network Net:
    dt 1 ms
    population a = N() size 2
    project p = a -> a with R():
        connect all
"""
    with pytest.raises(PlastError) as caught:
        driver.build(driver.elaborate(driver.check(Source("<test>", text))))
    return [f"{d.code} {d.message} {d.hint}" for d in caught.value.diagnostics]


def test_a_spike_only_adds() -> None:
    (said,) = _faults("    on post spike:\n        w = own * 2\n")
    assert said == (
        "P320 `w` is shared by the networks of a batch, so a post spike may only add to it"
        " write `w += ...` or `-= ...`, or declare it without `shared`"
    )


def test_a_spike_does_not_read_what_it_adds_to() -> None:
    (said,) = _faults("    on pre spike:\n        own = w\n        w += own@before\n")
    assert said.startswith("P321 a pre spike reads `w` and adds to it, but the networks of a batch share it collect")


def test_a_value_of_one_network_is_not_assigned() -> None:
    (said,) = _faults("    each step:\n        w = own\n")
    assert said == (
        "P322 `w` is shared by the networks of a batch, but each would give it another value"
        " add to it (`w += ...` sums over the networks), or declare it without `shared`"
    )


def test_an_if_is_once_or_in_each_network() -> None:
    (said,) = _faults("    each step:\n        if w > 1:\n            own = 2\n            w += 1\n")
    assert said.startswith("P321 this `if` reads `w`")
    (said,) = _faults("    each step:\n        if n > 1:\n            own = 2\n            w += 1\n")
    assert said == (
        "P323 this `if` changes `w`, which the networks of a batch share, and what each has for itself split the `if`"
    )


def test_a_neuron_s_shared_variable_has_no_equation() -> None:
    (said,) = _faults("    on pre spike:\n        own += 1\n", "    state shared b = 0\n    b' = -b / (5 ms)\n")
    assert said.startswith("P325 `b` of population `a` is shared by the networks of a batch, and has an equation")


def test_a_shared_start_value_is_the_same_for_all() -> None:
    (said,) = _faults("    synapse shared k = own\n    on pre spike:\n        own += k\n")
    assert said.startswith("P322 the start value of `k` of `p`, which the networks of a batch share, depends on `own`")


OVERFLOW = """
neuron N:
    state v = 0
    v' = -v / (10 ms)
    input e -> v
    spike at times
rule R:
    synapse w = 1
    on pre spike:
        deliver w
network Net:
    dt 1 ms
    population a = N() size 20
    population b = N() size 2
    project p = a -> b.e with R():
        connect all
"""


def overflow_in_two_networks(executable: Executable) -> None:
    """Two networks of three get more than a port takes, in one step: the first is named, and its first such neuron."""
    executable.reset(1)
    executable.connect("p")
    weights = np.ones((3, 40))
    weights[1:, 1::2] = 2.0**18  # onto neuron 1
    executable.set("p", "w", weights)
    for network in (1, 2):
        neurons = np.arange(2 * network, dtype=np.int32)
        executable.set_schedule("a", neurons, np.full(neurons.size, 3), network)
    said = "the input e of neuron 1 of population b is too large or no number in step 4 in network 1 of the batch"
    with pytest.raises(RuntimeFault, match=said):
        executable.run(10)


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_a_fault_names_the_network(backend: str) -> None:
    overflow_in_two_networks(driver.load(built(OVERFLOW), backend, Options("double", 2, batch=3)))
