"""Networks that run the catalogue: name -> text. Those of one rule share a shape; those of neurons, another."""

from __future__ import annotations

#: rule with its arguments -> file, and further rules of a composition.
_RULES = {
    "PreCentredSTDP(w_max = 600 nS, w = 300 nS)": "stdp_pairings",
    "ReducedPairSTDP(w_max = 600 nS, w = 300 nS)": "stdp_pairings",
    "MultiplicativeSTDP(w_max = 600 nS, w = 300 nS)": "stdp_weights",
    "GuetigSTDP(w_max = 600 nS, w = 300 nS)": "stdp_weights",
    "TripletSTDP(w_max = 600 nS, w = 300 nS)": "triplet_stdp",
    "NearestTripletSTDP(w_max = 600 nS, w = 300 nS)": "triplet_stdp",
    "Clopath(w_max = 600 nS, w = 300 nS)": "clopath",
    "VogelsSprekeler(eta = 5 nS, w_max = 600 nS, w = 300 nS)": "inhibitory_stdp",
    "DopamineSTDP(w_max = 400 nS, w = 300 nS)": "dopamine",
    "RewardSTDP(w_max = 600 nS, w = 300 nS)": "dopamine",
    "TsodyksMarkram(w = 300 nS)": "short_term",
    "GraupnerBrunel(w_up = 300 nS, w_down = 100 nS, tau = 1 s)": "calcium",
    "DiehlCook(nu_pre = 0.01, nu_post = 0.1)": "diehl_cook",
    "ElementGrowth(nu = 0.02 / (1 ms), target = 0.02, update = 5 ms, w_new = 300 nS)": "growth",
    "SynapticSampling(rate = 1 / (0.1 s), w_0 = 500 nS)": "growth",
}
#: Rules that need another's weight, with a unit for it.
_ADDED = {
    "SynapticScaling(tau_a = 50 ms, beta = 2, update = 10 ms)": "homeostasis",
    "WeightSum(total = 900, update = 10 ms)": "homeostasis",
    "SET(epoch = 10 ms)": "sparse_training",
    "GradualPruning(end = 100 ms, period = 10 ms)": "sparse_training",
    "MultiContact(p_form = 0.5, sites = 8, w_scale = 100 nS, w_new = 300 nS)": "growth",
}
_NEURONS = {
    "AdaptiveLIF(i_offset = 300 pA + 5 pA * index)": ("spiking_neurons", "60 pA"),
    "AdEx(i_offset = 900 pA + 20 pA * index)": ("spiking_neurons", "5 nS"),
    "Izhikevich(i_offset = 8 mV/ms + 0.3 mV/ms * index)": ("spiking_neurons", "2 mV/ms"),
    "HodgkinHuxley(i_offset = 800 pA + 50 pA * index)": ("spiking_neurons", "10 nS"),
    "DiehlCookExcitatory()": ("diehl_cook", "5 nS"),
}


def _together(dt: str, *pieces: tuple[tuple[str, ...], str]) -> str:
    """One network of several pieces that know nothing of one another, each with what it imports."""
    imports = sorted({line for lines, _ in pieces for line in lines})
    source = 'import SpikeTimes from "rules:spike_times.plast"'
    head = f"network Net:\n    dt {dt}\n    population src = SpikeTimes() size 9\n"
    return "\n".join([source, *imports, head]) + "".join(body for _, body in pieces)


def _import(call: str, file: str) -> str:
    return f'import {call.partition("(")[0]} from "rules:{file}.plast"'


def _piece(number: int, neuron: str, rule: str, connect: str) -> str:
    return f"""
    population cells{number} = {neuron} size 6
    project ff{number} = src -> cells{number}.exc with {rule}:
        connect {connect}
        delay 1 ms
    record cells{number} spikes
"""


_LIF = "LIF(v = normal(-60 mV, 5 mV))"


def _rule(number: int, call: str, file: str) -> tuple[tuple[str, ...], str]:
    connect = "all" if call.startswith("SynapticSampling") else "with probability 0.7"
    return (_import("LIF", "lif"), _import(call, file)), _piece(number, _LIF, call, connect)


def _added(number: int, call: str, file: str) -> tuple[tuple[str, ...], str]:
    # WeightSum's total is a pure number, so its weights are, too
    pure = call.startswith("WeightSum")
    rule = "DiehlCook(nu_post = 0.1)" if pure else "PairSTDP(w_max = 600 nS, w = 300 nS)"
    imports = (_import("LIF", "lif"), _import(rule, "diehl_cook" if pure else "pair_stdp"), _import(call, file))
    return imports, _piece(number, _LIF, f"{rule} + {call}", "with probability 0.7")


def _neuron(number: int, call: str, file: str, weight: str) -> tuple[tuple[str, ...], str]:
    imports = (_import(call, file), _import("Static", "static"))
    return imports, _piece(number, call, f"Static(w = {weight})", "all")


_SPECIAL = {
    "PowerLawSTDP": """
import LIFCurrent from "rules:lif.plast"
import SpikeTimes from "rules:spike_times.plast"
import PowerLawSTDP from "rules:stdp_weights.plast"
network Net:
    dt 0.5 ms
    population src = SpikeTimes() size 9
    population cells = LIFCurrent() size 6
    project ff = src -> cells.exc with PowerLawSTDP(w = 200 pA, w_0 = 40 pA):
        connect all
    record cells spikes
""",
    "rates": """
import RateUnit, Oja, BCM from "rules:rate_rules.plast"
network Net:
    dt 1 ms
    population src = RateUnit(drive = normal(0, 1)) size 5
    population a = RateUnit() size 3
    population b = RateUnit() size 2
    project oja = src -> a.exc with Oja(eta = 0.05, w = normal(0, 0.3)):
        connect all
    project bcm = src + a -> b.exc with BCM(eta = 0.01 / (1 ms)):
        connect all
""",
    "RigL": """
import SurrogateALIF, ClassReadOut, ValueReadOut, PatternReadOut from "rules:eprop_neurons.plast"
import SpikeTimes from "rules:spike_times.plast"
import EPropLIF, ReadOutGradient, RandomFeedback from "rules:eprop.plast"
import NoisyDescent, Adam from "rules:optimisers.plast"
import SoftDeepR, SignedL1 from "rules:deep_r.plast"
import RigL from "rules:sparse_training.plast"
network Net:
    dt 1 ms
    population src = SpikeTimes() size 9
    population cells = SurrogateALIF(beta = 0) size 6
    population out = ValueReadOut() size 2
    population classes = ClassReadOut(recall = 20 ms) size 2
    population curves = PatternReadOut(a_2 = 0.5, phase_1 = 0.3 * index) size 2
    project ff = src -> cells.exc with EPropLIF() + NoisyDescent(temperature = 0.001) + RigL(period = 10 ms):
        connect with probability 0.6
        w = normal(0.3, 0.2)
    project rec = cells -> cells.exc with EPropLIF() + SoftDeepR(theta = normal(0, 0.1)):
        connect all
        w = normal(0, 0.1)
    project forward = cells -> out.exc with ReadOutGradient() + Adam():
        connect all
        w = 0
    project follow = cells -> curves.exc with ReadOutGradient():
        connect all
        w = 0.2
    project judge = cells -> classes.exc with ReadOutGradient() + SignedL1() + Adam():
        connect all
        w = 0.1
    project back = out -> cells.feedback with RandomFeedback():
        connect all
        w = normal(0, 1)
""",
}

NETWORKS = {
    "rules": _together("0.5 ms", *(_rule(k, *item) for k, item in enumerate(_RULES.items()))),
    "added": _together("0.5 ms", *(_added(k, *item) for k, item in enumerate(_ADDED.items()))),
    "neurons": _together("0.1 ms", *(_neuron(k, call, *rest) for k, (call, rest) in enumerate(_NEURONS.items()))),
    **_SPECIAL,
}
