"""Every neuron, rule and network of the library on both backends, at both precisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from plastlang import driver
from plastlang.diagnostics import Source
from plastlang.frontend.sources import read_source
from tests.cross.library_networks import NETWORKS as CATALOGUE
from tests.cross.script import Action, Script
from tests.cross.versus import compare, compare_built

RULES = Path(__file__).parents[2] / "rules"

#: A network for each neuron and rule that stands alone in a file.
NETWORKS = {
    "pair_stdp": """
import LIF from "rules:lif.plast"
import Poisson from "rules:poisson.plast"
import PairSTDP from "rules:pair_stdp.plast"
network Net:
    dt 0.1 ms
    population src = Poisson(rate = 40 Hz + 3 Hz * index) size 20
    population cells = LIF(v = normal(-60 mV, 5 mV)) size 12
    project ff = src -> cells.exc with PairSTDP(w_max = 600 nS, a_plus = 0.05, a_minus = 0.06):
        connect with probability 0.7
        delay 1.5 ms
        w = uniform(100 nS, 600 nS)
    project rec = cells -> cells.exc with PairSTDP(w_max = 100 nS):
        connect all
        w = 20 nS
    record cells spikes
""",
    "nearest_pair_stdp": """
import LIFConductance from "rules:lif.plast"
import SpikeTimes from "rules:spike_times.plast"
import NearestPairSTDP from "rules:pair_stdp.plast"
import Static from "rules:static.plast"
network Net:
    dt 0.5 ms
    population src = SpikeTimes() size 9
    population cells = LIFConductance() size 7
    project ff = src -> cells.exc with NearestPairSTDP(w_max = 20 nS):
        connect all
        w = 15 nS
    project inh = src -> cells.inh with Static(w = 1 nS):
        connect with probability 0.3
    record cells spikes
""",
    "static_current": """
import LIFCurrent from "rules:lif.plast"
import Poisson from "rules:poisson.plast"
import Static from "rules:static.plast"
network Net:
    dt 0.1 ms
    population src = Poisson(rate = 80 Hz) size 30
    population cells = LIFCurrent(v = uniform(-70 mV, -54 mV), i_offset = 140 pA + 2 pA * index) size 10
    project exc = src -> cells.exc with Static(w = 40 pA):
        connect with probability 0.4
    project inh = src + cells -> cells.inh with Static(w = -30 pA):
        connect with probability 0.2
        delay 2 ms
    record cells spikes
    record cells v every 1 ms
""",
    "map_rewiring": """
import LIF from "rules:lif.plast"
import MovingGaussian from "rules:poisson.plast"
import PairSTDP from "rules:pair_stdp.plast"
import MapRewiring from "rules:map_rewiring.plast"
network Net:
    dt 1 ms
    population retina = MovingGaussian(width = 6, period = 5 ms) on grid(6, 6, periodic)
    population tectum = LIF(v = normal(-60 mV, 5 mV)) on grid(6, 6, periodic)
    project ff = retina -> tectum.exc with PairSTDP(w_max = 400 nS, a_plus = 0.1) + MapRewiring(
            g = w, g_max = 400 nS, p_dep = 0.8, p_pot = 0.1):
        connect with probability 0.3
        w = 400 nS
    record tectum spikes
""",
    "map_rewiring_slots": """
import LIF from "rules:lif.plast"
import MovingGaussian from "rules:poisson.plast"
import PairSTDP from "rules:pair_stdp.plast"
import MapRewiringSlots from "rules:map_rewiring_slots.plast"
network Net:
    dt 1 ms
    population retina = MovingGaussian(width = 5, period = 7 ms) on grid(5, 5, periodic)
    population tectum = LIF(v = normal(-60 mV, 5 mV)) on grid(5, 5, periodic)
    project ff = retina + tectum -> tectum.exc with PairSTDP(w_max = 400 nS, a_plus = 0.1) + MapRewiringSlots(
            g = w, g_max = 400 nS, p_dep = 0.6, p_pot = 0.1, slots = 12):
        connect with probability 0.2
        w = 300 nS
    record tectum spikes
""",
    "training": """
import SpikeTimes from "rules:spike_times.plast"
import SurrogateALIF, ValueReadOut from "rules:eprop_neurons.plast"
import EPropLIF, ReadOutGradient, RandomFeedback from "rules:eprop.plast"
import NoisyDescent from "rules:optimisers.plast"
import SoftDeepR from "rules:deep_r.plast"
network Net:
    dt 1 ms
    population src = SpikeTimes() size 9
    population cells = SurrogateALIF(beta = 0, remaining = 100 ms) size 7
    population out = ValueReadOut(target = 0.3, remaining = 100 ms) size 2
    project ff = src -> cells.exc with EPropLIF() + SoftDeepR(temperature = 0.1, theta = 0.5):
        connect all
        w = 0.7
    project forward = cells -> out.exc with ReadOutGradient() + NoisyDescent(temperature = 0.1):
        connect all
        w = 0.2
    project back = out -> cells.feedback with RandomFeedback():
        connect all
        w = normal(0, 0.5)
    record cells spikes
""",
}


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", NETWORKS)
def test_rules(name: str, precision: str) -> None:
    actions = (Action("run", 60), Action("move", 1), Action("run", 60), Action("write", 3, 1), Action("run", 60))
    compare(NETWORKS[name], Script(5, precision, 2, actions))


@pytest.mark.parametrize(
    ("file", "network", "steps", "precision"),
    [
        ("topographic_map", "TopographicMap", 3000, "single"),
        ("topographic_map", "TopographicMap", 1500, "double"),
        ("topographic_map_slots", "TopographicMapSlots", 300, "single"),
        ("topographic_map_slots", "TopographicMapSlots", 300, "double"),
        ("topographic_map_slots", "TopographicMapSlotsFlat", 300, "single"),
        ("topographic_map_slots", "TopographicMapSlotsFlat", 300, "double"),
    ],
)
def test_maps(file: str, network: str, steps: int, precision: str) -> None:
    module = driver.check(read_source(RULES / f"{file}.plast"))
    built = driver.build(driver.elaborate(module, network))
    script = Script(2026, precision, 2, (Action("run", steps // 2), Action("move", 1), Action("run", steps // 2)))
    compare_built(built, script, every=steps // 6, text=f"rules/{file}.plast, {network}")


def test_every_component_is_run() -> None:
    files = [*RULES.glob("topographic_map*.plast"), RULES / "classifier.plast"]
    texts = "".join([*NETWORKS.values(), *CATALOGUE.values(), *(path.read_text("utf-8") for path in files)])
    for path in RULES.glob("*.plast"):
        for name in driver.check(Source(str(path), path.read_text("utf-8"))).components:
            assert f"{name}(" in texts, f"{name} of {path.name} is in no network here"
