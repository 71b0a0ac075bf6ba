"""The peer's side of test_against_nest.py: a Python with NEST runs this file.

Each line read is a job as JSON, each line written its answer. Times are in ms. NEST has no synapse without a delay;
what it delays is the way of the post spike back to the synapse (dendritic). So post neurons fire `DELAY` early here:
pre and post spikes then meet at the synapse when the job says. NEST changes weights at pre spikes only; a job ends with
one.
"""

from __future__ import annotations

import json
import os
import sys

ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # NEST itself writes to what is standard output

import nest  # noqa: E402

#: The delay of every connection; and what is added to all times, since to NEST there was a pre spike at 0.
DELAY, SHIFT = 0.5, 1000.0

ADDITIVE = {
    "lambda": 0.01, "alpha": 1.05, "mu_plus": 0.0, "mu_minus": 0.0, "Wmax": 1.0, "tau_plus": 20.0, "weight": 0.5,
}  # fmt: skip
# rule -> (synapse, its values, values of the post neuron)
RULES = {
    "PairSTDP": ("stdp_synapse", ADDITIVE, {"tau_minus": 20.0}),
    "MultiplicativeSTDP": ("stdp_synapse", ADDITIVE | {"mu_plus": 1.0, "mu_minus": 1.0}, {"tau_minus": 20.0}),
    "GuetigSTDP": (
        "stdp_synapse", ADDITIVE | {"lambda": 0.005, "mu_plus": 0.1, "mu_minus": 0.1}, {"tau_minus": 20.0},
    ),
    "PowerLawSTDP": (
        "stdp_pl_synapse_hom", {"lambda": 0.1, "alpha": 0.1057, "mu": 0.4, "tau_plus": 20.0, "weight": 45.0},
        {"tau_minus": 20.0},
    ),
    "NearestPairSTDP": ("stdp_nn_symm_synapse", ADDITIVE, {"tau_minus": 20.0}),
    "PreCentredSTDP": ("stdp_nn_pre_centered_synapse", ADDITIVE, {"tau_minus": 20.0}),
    "ReducedPairSTDP": ("stdp_nn_restr_synapse", ADDITIVE, {"tau_minus": 20.0}),
    "TripletSTDP": (
        "stdp_triplet_synapse",
        {
            "tau_plus": 16.8, "tau_plus_triplet": 101.0, "Aplus": 5e-10, "Aplus_triplet": 6.2e-3, "Aminus": 7e-3,
            "Aminus_triplet": 2.3e-4, "Wmax": 1.0, "weight": 0.5,
        },
        {"tau_minus": 33.7, "tau_minus_triplet": 125.0},
    ),
    "VogelsSprekeler": (
        "vogels_sprekeler_synapse", {"eta": 0.01, "alpha": 0.12, "tau": 20.0, "Wmax": 100.0, "weight": 1.0},
        {"tau_minus": 20.0},
    ),
    "DopamineSTDP": (
        "stdp_dopamine_synapse",
        {
            "A_plus": 0.1, "A_minus": 0.15, "tau_plus": 20.0, "tau_c": 1000.0, "tau_n": 200.0, "b": 0.0, "Wmin": 0.0,
            "Wmax": 100.0, "weight": 1.0,
        },
        {"tau_minus": 20.0},
    ),
    "TsodyksMarkram": (
        "tsodyks2_synapse", {"U": 0.5, "u": 0.5, "x": 1.0, "tau_rec": 200.0, "tau_fac": 50.0, "weight": 1.0}, {},
    ),
}  # fmt: skip
OF_ALL_SYNAPSES = {"lambda", "alpha", "mu", "tau_plus", "A_plus", "A_minus", "tau_c", "tau_n", "b", "Wmin", "Wmax"}
COMMON = {"stdp_pl_synapse_hom", "stdp_dopamine_synapse"}


def start(dt: float) -> None:
    """NEST as new."""
    nest.ResetKernel()
    nest.set(resolution=dt, print_time=False)


def firing(trains: list[list[float]], early: float = 0.0):
    """A neuron for each train that fires when the train says."""
    times = [[t + SHIFT - DELAY - early for t in train] for train in trains]
    generators = nest.Create("spike_generator", len(trains), params=[{"spike_times": t} for t in times])
    neurons = nest.Create("parrot_neuron", len(trains))
    nest.Connect(generators, neurons, "one_to_one", syn_spec={"delay": DELAY})
    return neurons


def rule(job: dict) -> list[float]:
    """Final weight of each synapse; of short-term plasticity what was delivered in all."""
    start(job["dt"])
    synapse, values, of_post = RULES[job["rule"]]
    values = dict(values)
    pre = firing(job["pre"])
    if job["rule"] == "TsodyksMarkram":
        held = {"tau_m": 1e15, "V_th": 1e9, "E_L": 0.0, "V_m": 0.0, "t_ref": DELAY}
        post = nest.Create("iaf_psc_delta", len(pre), params=held)
    else:
        post = firing(job["post"], DELAY)
        post.set(of_post)
    if synapse in COMMON:
        shared = {key: values.pop(key) for key in OF_ALL_SYNAPSES & set(values)}
        if job["rule"] == "DopamineSTDP":
            # the transmitter looks DELAY after the dopaminergic spike
            cell, transmitter = firing([job["reward"]], DELAY), nest.Create("volume_transmitter")
            nest.Connect(cell, transmitter, syn_spec={"delay": DELAY})
            shared["volume_transmitter"] = transmitter
        nest.CopyModel(synapse, "plastic", shared)
        synapse = "plastic"
    port = {} if job["rule"] == "TsodyksMarkram" else {"receptor_type": 1}
    nest.Connect(pre, post, "one_to_one", syn_spec={"synapse_model": synapse, "delay": DELAY, **values, **port})
    nest.Simulate(job["ms"] + SHIFT)
    if job["rule"] == "TsodyksMarkram":
        return list(post.V_m) if len(pre) > 1 else [post.V_m]
    found = nest.GetConnections(pre, post)
    order = {(s, t): w for s, t, w in zip(found.source, found.target, found.weight, strict=True)}
    return [order[s, t] for s, t in zip(pre.tolist(), post.tolist(), strict=True)]


def neuron(job: dict) -> dict[str, list]:
    """What neurons of one kind did: times of their spikes, and v at the end of every step but the last."""
    start(job["dt"])
    cells = nest.Create(job["model"], len(job["values"]), params=job["values"])
    for number, trains in enumerate(job["trains"]):
        for weight, times in trains:
            generator = nest.Create("spike_generator", params={"spike_times": times})
            nest.Connect(generator, cells[number], syn_spec={"weight": weight, "delay": job["dt"]})
    recorder = nest.Create("spike_recorder")
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": job["dt"]})
    nest.Connect(cells, recorder)
    nest.Connect(meter, cells, syn_spec={"delay": job["dt"]})  # also the time between two deliveries of what it read
    nest.Simulate(job["ms"])

    def of_each(events: dict, name: str) -> list[list[float]]:
        return [events[name][events["senders"] == cell].tolist() for cell in cells.tolist()]

    return {"spikes": of_each(recorder.events, "times"), "v": of_each(meter.events, "V_m")}


def clopath(job: dict) -> dict[str, list]:
    """v of driven neurons at the end of every step but the last, and the weights of synapses onto them at the end.

    `theta_plus` is lower than published, so that v is above it without spikes; the filtered voltages, which NEST
    delays, are as little late as they can be, and so are spikes.
    """
    start(job["dt"])
    late = {"delay": job["dt"]}
    values = [{"theta_plus": job["theta_plus"], "delay_u_bars": job["dt"], "I_e": c} for c in job["current"]]
    cells = nest.Create("aeif_psc_delta_clopath", len(values), params=values)
    trains = nest.Create("spike_generator", len(cells), params=[{"spike_times": t} for t in job["pre"]])
    pre = nest.Create("parrot_neuron", len(cells))
    nest.Connect(trains, pre, "one_to_one", syn_spec=late)
    synapse = {"synapse_model": "clopath_synapse", "weight": 0.5, "Wmin": 0.0, "Wmax": 1.0}
    nest.Connect(pre, cells, "one_to_one", syn_spec=synapse | late)
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": job["dt"]})
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, cells, syn_spec=late)
    nest.Connect(cells, recorder)
    nest.Simulate(job["ms"])
    events = meter.events
    found = nest.GetConnections(pre, cells)
    weights = dict(zip(found.source, found.weight, strict=True))
    return {
        "v": [events["V_m"][events["senders"] == cell].tolist() for cell in cells.tolist()],
        "w": [weights[cell] for cell in pre.tolist()], "spikes": recorder.events["times"].tolist(),
    }  # fmt: skip


if __name__ == "__main__":
    nest.verbosity = nest.VerbosityLevel.ERROR
    for line in sys.stdin:
        job = json.loads(line)
        answer = clopath if "theta_plus" in job else rule if "rule" in job else neuron
        print(json.dumps(answer(job)), file=ANSWERS)
