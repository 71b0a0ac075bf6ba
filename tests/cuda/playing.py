"""Programs on the emulator, with the same host as on the reference: all that can be seen must be the same."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.cuda.executable import CudaExecutable
from plastlang.backends.interface import Executable, Options
from plastlang.driver import Built, neuron_parameters
from plastlang.ir.nodes import Program
from tests.cross.script import Script
from tests.cross.versus import Player, _same
from tests.cuda.emulator import ORDERS, EmulatedDevice, Schedule
from tests.programs.running import built


@dataclass(frozen=True, slots=True)
class Machine:
    """An emulated device: in which order threads and blocks run, how many there are, and whether what runs is PTX."""

    order: str = "random"
    seed: int = 0
    preempt: int = 3000
    block: int = 64
    spread: int = 3
    checked: bool = True
    keep: bool = True
    ptx: bool = False

    @property
    def variant(self) -> str:
        """How its kernels are compiled (emulator/build.py)."""
        return "ptx" if self.ptx else "checked" if self.checked else "plain"

    def load(self, program: Program, options: Options) -> CudaExecutable:
        """A program on such a device."""
        schedule = Schedule(self.order, self.seed, self.preempt)
        device = EmulatedDevice(schedule, self.checked, self.block, self.spread, keep=self.keep, ptx=self.ptx)
        return CudaBackend(device).load(program, options)


def machines() -> st.SearchStrategy[Machine]:
    """Devices of several sizes and tempers."""
    return st.builds(
        Machine, st.sampled_from(ORDERS), st.integers(0, 999), st.sampled_from([0, 3000, 20000]),
        st.sampled_from([32, 64, 96]), st.integers(1, 4),
    )  # fmt: skip


@dataclass(slots=True)
class DevicePlayer(Player):
    """A network on an emulated device."""

    machine: Machine = field(default_factory=Machine)

    def load(self, backend: str = "") -> Executable:
        """A fresh executable."""
        if (backend or self.backend) != "cuda":
            return Player.load(self, backend)
        executable = self.machine.load(self.network.scheduled, Options(self.script.precision))
        for (owner, name), values in neuron_parameters(self.network.lowered).items():
            executable.set_parameter(owner, name, values)
        return executable


def compare(text: str, script: Script, machine: Machine, every: int = 1) -> None:
    """Play a program on the reference and on an emulated device; raises Disagreement."""
    compare_built(built(text), script, machine, every, text)


def compare_built(network: Built, script: Script, machine: Machine, every: int = 1, text: str = "") -> None:
    """The same for a network that is lowered already; `text` is shown where the two differ."""
    reference = Player(network, "reference", script, every, 1).play()
    played = DevicePlayer(network, "cuda", script, every, 1, machine).play()
    _same(text, script, reference, played, f"CUDA on {machine}")
