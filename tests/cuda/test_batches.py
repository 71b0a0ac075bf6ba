"""Batches in emitted CUDA on the emulator: the bits of the reference, whatever the order of threads and networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plastlang import train
from plastlang.backends.cuda import backend as cuda
from plastlang.backends.cuda.emit import emit
from plastlang.backends.cuda.plan import Networks
from plastlang.backends.cuda.toolchain import compilers
from plastlang.backends.interface import Executable, Options
from plastlang.diagnostics import MachineError
from plastlang.driver import Built, neuron_parameters
from plastlang.ir.text import to_text
from tests.batch.players import BatchPlayer, same
from tests.batch.sharing_programs import with_shared
from tests.batch.test_api import open_a_batch
from tests.batch.test_meaning import OVERFLOW, SUM, overflow_in_two_networks
from tests.cross.script import Action, Script, scripts
from tests.cuda.emulator import EmulatedDevice
from tests.cuda.playing import Machine, machines
from tests.programs.running import built
from tests.programs.strategies import programs
from tests.train.task import examples, model

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
FEW = settings(deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)


@dataclass(frozen=True, slots=True)
class DeviceBatchPlayer(BatchPlayer):
    """A batch on an emulated device; what is saved there goes on on C, and back, where the script says so."""

    machine: Machine = field(default_factory=Machine)

    def load(self, backend: str = "") -> Executable:
        """A fresh executable."""
        if (backend or self.backend) != "cuda":
            return BatchPlayer.load(self, backend)
        options = Options(self.script.precision, batch=self.batch)
        executable = self.machine.load(self.network.scheduled, options)
        for (owner, name), values in neuron_parameters(self.network.lowered).items():
            executable.set_parameter(owner, name, values)
        return executable


def compare(network: Built, script: Script, batch: int, machine: Machine, text: str = "", every: int = 1) -> None:
    """The reference and CUDA."""
    expected = BatchPlayer(network, "reference", script, batch, every).play()
    found = DeviceBatchPlayer(network, "cuda", script, batch, every, machine=machine).play()
    same(text, script, expected, found, f"CUDA, a batch of {batch} on {machine}")


@given(programs(most_neurons=8), scripts(), st.integers(2, 3), st.integers(0, 1000), machines())
@settings(FEW, max_examples=8)
def test_random_batches(text: str, script: Script, batch: int, marks: int, machine: Machine) -> None:
    network = with_shared(built(text), marks, 0.6)
    compare(network, script, batch, machine, f"{text}\n{to_text(network.scheduled)}")


@pytest.mark.parametrize("order", ["in order", "random"])
def test_sums_over_the_networks(order: str) -> None:
    actions = (Action("run", 7), Action("move", 1), Action("run", 6))
    compare(built(SUM), Script(3, "single", 1, actions), 3, Machine(order=order))


#: Each network has quantiles of its own; where there is one synapse for all, so is what is taken of it.
QUANTILES = """
neuron N:
    state u = uniform(-1, 1), low = 0.0
    input cur -> u
    u' = -u / (5 ms)
    spike when u > 0.9:
        u = 0
    every 2 ms:
        low = quantile(0.25, u) over neurons
rule R:
    synapse w = uniform(0.1, 0.7)
    synapse shared g = 0.0
    pre of_row = 0.0
    post of_column = 0.0
    global half = 0.0
    global shared middle = 0.0
    on pre spike:
        deliver w
        g += w / 7
    each step:
        w += 0.01 * pre.u
        of_row = quantile(0.3, w) over synapses of pre
        of_column = quantile(half, w * post.u) over synapses of post
        half = quantile(0.5, w) over synapses
        middle = quantile(0.5, g) over synapses
    every 4 ms:
        let weak = quantile(0.2, g) over synapses of post
        prune where g < weak
network Net:
    dt 1 ms
    population a = N() size 40
    project p = a -> a.cur with R():
        connect with probability 0.2
"""


@pytest.mark.parametrize("precision", ["single", "double"])
def test_quantiles_of_each_network(precision: str) -> None:
    actions = (Action("run", 6), Action("move", 1), Action("run", 5))
    script, network = Script(3, precision, 2, actions), built(QUANTILES)
    same(QUANTILES, script, *(BatchPlayer(network, on, script, 3, 1).play() for on in ("reference", "c")), "C")
    compare(network, script, 3, Machine())


#: Spikes of all networks at once add to the same variables.
ADDING = """
neuron N:
    state u = uniform(0, 1)
    state shared count = 0.0
    input cur -> u
    u' = (0.3 - u) / (5 ms)
    spike when u > 0.6:
        u = 0
        count += u + 0.1
rule R:
    synapse w = uniform(0.1, 0.7)
    synapse shared g = 0
    pre shared sent = 0.0
    on pre spike:
        deliver w
        g += w / 7
        sent += pre.u / 3
    on post spike:
        g -= post.u * w / 9
    each step:
        g += pre.u * w / 11
network Net:
    dt 1 ms
    population a = N() size 40
    project p = a -> a.cur with R():
        connect with probability 0.4
    record a spikes
    record a u every 2 ms
"""


@pytest.mark.parametrize("precision", ["single", "double"])
def test_spikes_that_add_to_what_is_shared(precision: str) -> None:
    actions = (Action("run", 6), Action("move", 0), Action("run", 3), Action("move", 1), Action("run", 3))
    compare(built(ADDING), Script(3, precision, 1, actions), 3, Machine())


def test_spikes_of_more_networks_than_a_warp_has_lanes() -> None:
    compare(built(ADDING), Script(4, "single", 1, (Action("run", 4),)), 35, Machine(checked=False), every=4)


def test_what_two_kernels_add_at_the_same_spikes_comes_network_by_network() -> None:
    text = ADDING.replace("sent += pre.u / 3", "sent += pre.u / 3\n        g += w / 5")
    assert [x.networks for x in emit(built(text).scheduled, "single", True).plan.step].count(Networks.ORDER) == 4
    compare(built(text), Script(3, "single", 1, (Action("run", 6),)), 3, Machine())


def test_training_gives_the_bits_of_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_device", EmulatedDevice(checked=False))
    found = []
    for backend in ("c", "cuda"):
        with model(backend=backend, batch=3, hidden=8) as network:
            history = train.fit(network, examples(12), epochs=1, batch_size=6)
            saved = {key: np.asarray(values).tobytes() for key, values in network.executable.save().items()}
            found.append((saved, history.column("loss").tobytes()))
            assert network.executable.counts("from_source")[0] > 0
    assert found[0] == found[1]


def test_more_networks_than_a_grid_has_rows() -> None:
    with pytest.raises(MachineError, match="at most 65535 networks at a time"):
        Machine(checked=False).load(built(SUM).scheduled, Options(batch=65536))


def test_code_for_one_network_knows_of_no_batch() -> None:
    text = emit(built(SUM).scheduled, "single").source
    assert "PL_BATCH" not in text and "networks" not in text and "m->first" not in text


def test_what_plastc_compiled_for_a_batch_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not compilers():
        pytest.skip("there is no compiler for CUDA: nothing is written that could be opened")
    monkeypatch.setattr(cuda, "_device", EmulatedDevice(checked=False))
    open_a_batch("cuda", tmp_path)


def test_a_fault_names_network_and_neuron() -> None:
    overflow_in_two_networks(Machine().load(built(OVERFLOW).scheduled, Options("double", batch=3)))
