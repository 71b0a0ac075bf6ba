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


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("    on pre spike:\n        deliver w after d at most {longest}\n", "targets"),
        ("    on pre spike after d at most {longest}:\n        deliver w\n", "sources"),
    ],
)
def test_the_longest_delay_is_counted(body: str, what: str) -> None:
    def network(longest: str) -> Network:
        rule = "rule Late:\n    synapse w = 1 nS, d = 1 ms\n" + body.format(longest=longest)
        net = Network(name="late")
        sources = net.population(pl.rules.Poisson, 100, name="sources", rate="1 Hz")
        targets = net.population(pl.rules.LIF, 100, name="targets")
        net.connect(sources, targets.exc, pl.load(rule).Late, pl.all_to_all(), name="wires")
        return net

    network("10 ms").compile("reference").close()
    with pytest.raises(pl.MachineError, match=f"of memory, of which .* are for what waits for population {what}"):
        network("100000000000 ms").compile("reference")
