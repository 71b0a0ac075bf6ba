"""10 000 Poisson inputs at 15 Hz, fully connected by STDP to 100 LIF neurons: a million synapses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import plastlang as pl
from benchmarks.timing import Row, per_second

SYNAPSES = 1_000_000
NEURON = {
    "capacitance": "200 pF", "tau_m": "10 ms", "v_rest": "-74 mV", "v_reset": "-60 mV", "v_th": "-54 mV",
    "t_ref": "0 ms",
}  # fmt: skip


def build(threads: int = 1, inputs: int = 10_000) -> pl.Model:
    """The network of Song, Miller & Abbott (2000) with ten times the inputs, each a tenth as strong (leak 20 nS)."""
    net = pl.Network(dt="0.1 ms", seed=1)
    source = net.population(pl.rules.Poisson, inputs, name="source", rate="15 Hz")
    target = net.population(pl.rules.LIF, 100, name="target", **NEURON)
    stdp = pl.rules.PairSTDP(tau_plus="20 ms", tau_minus="20 ms", a_plus=0.01, a_minus=0.0105, w_max="0.02 nS")
    net.connect(source, target.exc, stdp, pl.all_to_all(), name="stdp", w=pl.uniform("0 nS", "0.02 nS"))
    net.record(target, "spikes")
    return net.compile(threads=threads)


def resident(inputs: int) -> int:
    """Bytes of memory that a process with this network and so many inputs holds, after it has run for a while.

    The network is built before in another process, so that what compiling needs is not counted.
    """
    code = (
        "import gc, os; from pathlib import Path; from benchmarks.stdp_dense import build\n"
        f"model = build(inputs={inputs}); model.run(200); gc.collect()\n"
        "print(int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE'))"
    )
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=root, capture_output=True, check=True)
    return int(subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout)


def rows() -> list[Row]:
    memory = (resident(10_000) - resident(100)) / (0.99 * SYNAPSES)
    with build() as model:
        values = per_second(model, 1, 5)
        rate = len(model["target"].spikes.times) / 100 / (model.t / 1000)
    name = f"STDP, 10 000 inputs to 100 neurons, 1 M synapses (target rate {rate:.1f} Hz)"
    return [
        Row(name, values, "s", goal=0.08, peer=0.128, peer_name="GeNN dense, -march=native"),
        Row("STDP: resident memory", (memory,), "bytes per synapse", goal=24, peer=20, peer_name="C by hand"),
    ]
