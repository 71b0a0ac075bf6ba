"""The same networks in Brian2 (C++ standalone, one thread, double): seconds for one of biological time, as JSON.

Run by `benchmarks/run.py --brian2 PYTHON` with the Python of an environment that has brian2 and a C++ compiler.
"""

import json
import sys
import tempfile

import brian2 as b

CURRENT = """
dv/dt = (ge + gi - (v - El)) / (20*ms) : volt (unless refractory)
dge/dt = -ge / (5*ms) : volt
dgi/dt = -gi / (10*ms) : volt
El : volt (shared, constant)
"""
CONDUCTANCE = """
dv/dt = (10*nS * (-60*mV - v) + ge * -v + gi * (-80*mV - v)) / (200*pF) : volt (unless refractory)
dge/dt = -ge / (5*ms) : siemens
dgi/dt = -gi / (10*ms) : siemens
"""


def random_network(equations, method, weight_exc, weight_inh):
    rule = {"threshold": "v > -50*mV", "reset": "v = -60*mV", "refractory": 5 * b.ms}
    group = b.NeuronGroup(4000, equations, method=method, **rule)
    exc = b.Synapses(group[:3200], group, on_pre=f"ge += {weight_exc}")
    inh = b.Synapses(group[3200:], group, on_pre=f"gi += {weight_inh}")
    exc.connect(p=0.02)
    inh.connect(p=0.02)
    return group, exc, inh


def cuba():
    group, *rest = random_network(CURRENT, "exact", "1.62*mV", "(-9*mV)")
    group.El = -49 * b.mV
    group.v = "-60*mV + rand() * 10*mV"
    return [group, *rest, b.SpikeMonitor(group[:3200])]


def coba():
    group, *rest = random_network(CONDUCTANCE, "exponential_euler", "6*nS", "67*nS")
    group.v = "-65*mV + randn() * 5*mV"
    group.ge = "40*nS + randn() * 15*nS"
    group.gi = "200*nS + randn() * 120*nS"
    return [group, *rest, b.SpikeMonitor(group[:3200])]


def stdp_dense():
    source = b.PoissonGroup(10_000, rates=15 * b.Hz)
    target = b.NeuronGroup(
        100,
        "dv/dt = (20*nS * (-74*mV - v) - ge * v) / (200*pF) : volt\ndge/dt = -ge / (5*ms) : siemens",
        threshold="v > -54*mV",
        reset="v = -60*mV",
        method="exponential_euler",
    )
    target.v = -74 * b.mV
    synapses = b.Synapses(
        source,
        target,
        "w : siemens\ndx/dt = -x / (20*ms) : 1 (event-driven)\ndy/dt = -y / (20*ms) : 1 (event-driven)",
        on_pre="ge += w\nx += 1\nw = clip(w - 0.0105 * 0.02*nS * y, 0*nS, 0.02*nS)",
        on_post="y += 1\nw = clip(w + 0.01 * 0.02*nS * x, 0*nS, 0.02*nS)",
    )
    synapses.connect()
    synapses.w = "rand() * 0.02*nS"
    return [source, target, synapses, b.SpikeMonitor(target)]


def measure(build, seconds):
    """The loop alone, without code generation and compilation."""
    b.device.reinit()
    b.device.activate()
    with tempfile.TemporaryDirectory() as directory:
        b.set_device("cpp_standalone", directory=directory, build_on_run=True)
        b.defaultclock.dt = 0.1 * b.ms
        b.seed(1)
        network = b.Network(build())
        network.run(seconds * b.second)
        return b.device._last_run_time / seconds


if __name__ == "__main__":
    cases = {"cuba": (cuba, 10), "coba": (coba, 10), "stdp_dense": (stdp_dense, 4)}
    wanted = sys.argv[1:] or list(cases)
    print(json.dumps({name: measure(*cases[name]) for name in wanted}))
