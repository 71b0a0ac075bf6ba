"""A network that cannot fit is refused before the system has to kill the process."""

from __future__ import annotations

import pytest

import plastlang as pl
from plastlang import driver
from plastlang.network import Network
from plastlang.runtime.memory import check_memory, memory_of_machine


def _program(connectivity: object, size: int = 1000) -> driver.Built:
    net = Network(name="large")
    sources = net.population(pl.rules.Poisson, size, name="sources", rate="1 Hz")
    targets = net.population(pl.rules.LIF, size, name="targets")
    net.connect(sources, targets.exc, pl.rules.PairSTDP, connectivity, name="wires")  # type: ignore[arg-type]
    return driver.build(net.checked())


def test_what_a_network_needs_at_least() -> None:
    program = _program(pl.all_to_all()).program
    least = 1000 * 1000 * (4 + 4)  # target and weight
    check_memory(program, available=2 * least)
    with pytest.raises(pl.MachineError, match=r"at least 7\.\d+ MiB .* projection wires; this machine has 6\.\d+ MiB"):
        check_memory(program, available=least * 9 // 10)
    with pytest.raises(pl.MachineError, match="projection wires"):
        check_memory(program, real=8, batch=3, available=2 * least)
    check_memory(_program(pl.fixed_probability(0.01)).program, available=least // 10)


def test_a_network_that_is_too_large_is_refused_at_once() -> None:
    machine = memory_of_machine()
    if machine is None:
        pytest.skip("this system does not say how much memory it has")
    net = Network(name="larger")
    for _ in range(machine // (8 * (2**31 - 1)) + 1):  # 4 bytes for the spikes and 4 for v, at least
        net.population(pl.rules.LIF, 2**31 - 1, name="")
    with pytest.raises(pl.MachineError, match="population lif; this machine has"):
        net.compile()
