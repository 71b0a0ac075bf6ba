"""The peer's side of test_against_brian2.py: a Python with Brian2 runs this file.

Reads a list of {"rule", "dt", "steps", "pre", "post"} as JSON (trains of steps, one for each synapse) and prints w of
each synapse after the run. The order of simultaneous events is Brian2's own, so trains should hold no coincidences.
"""

from __future__ import annotations

import json
import sys

import brian2 as b

# rule -> (equations, on_pre, on_post, start values, what is compared)
STDP = """
w : 1
dx/dt = -x / (20 * ms) : 1 (event-driven)
dy/dt = -y / (20 * ms) : 1 (event-driven)
"""
TRIPLET = """
w : 1
dx1/dt = -x1 / (16.8 * ms) : 1 (event-driven)
dx2/dt = -x2 / ({tau_x} * ms) : 1 (event-driven)
dy1/dt = -y1 / (33.7 * ms) : 1 (event-driven)
dy2/dt = -y2 / ({tau_y} * ms) : 1 (event-driven)
"""
RULES = {
    "PairSTDP": (STDP, "w = clip(w - 0.0105 * y, 0, 1); x += 1", "w = clip(w + 0.01 * x, 0, 1); y += 1", {"w": 0.5}),
    "NearestPairSTDP": (
        STDP, "w = clip(w - 0.0105 * y, 0, 1); x = 1", "w = clip(w + 0.01 * x, 0, 1); y = 1", {"w": 0.5},
    ),
    "PreCentredSTDP": (
        STDP, "w = clip(w - 0.0105 * y, 0, 1); x += 1", "w = clip(w + 0.01 * x, 0, 1); x = 0; y = 1", {"w": 0.5},
    ),
    "ReducedPairSTDP": (
        STDP, "w = clip(w - 0.0105 * y, 0, 1); x = 1; y = 0", "w = clip(w + 0.01 * x, 0, 1); x = 0; y = 1", {"w": 0.5},
    ),
    "MultiplicativeSTDP": (STDP, "w -= 0.0105 * w * y; x += 1", "w += 0.01 * (1 - w) * x; y += 1", {"w": 0.5}),
    "GuetigSTDP": (
        STDP, "w -= 0.00525 * w ** 0.1 * y; x += 1", "w += 0.005 * (1 - w) ** 0.1 * x; y += 1", {"w": 0.5},
    ),
    "TripletSTDP": (
        TRIPLET.format(tau_x=101, tau_y=125),
        "w = clip(w - y1 * (7e-3 + 2.3e-4 * x2), 0, 1); x1 += 1; x2 += 1",
        "w = clip(w + x1 * (5e-10 + 6.2e-3 * y2), 0, 1); y1 += 1; y2 += 1", {"w": 0.5},
    ),
    "NearestTripletSTDP": (
        TRIPLET.format(tau_x=714, tau_y=40),
        "w = clip(w - y1 * (6.6e-3 + 3.1e-3 * x2), 0, 1); x1 = 1; x2 = 1",
        "w = clip(w + x1 * (8.8e-11 + 5.3e-2 * y2), 0, 1); y1 = 1; y2 = 1", {"w": 0.5},
    ),
    "VogelsSprekeler": (
        STDP, "w = clip(w + 0.01 * (y - 0.12), 0, 100); x += 1", "w = clip(w + 0.01 * x, 0, 100); y += 1", {"w": 1},
    ),
    "TsodyksMarkram": (
        """
        w : 1
        du/dt = -u / (50 * ms) : 1 (event-driven)
        dx/dt = (1 - x) / (200 * ms) : 1 (event-driven)
        """,
        "u += 0.5 * (1 - u); w += u * x; x -= u * x", "", {"w": 0, "x": 1},
    ),
    "DopamineSTDP": (
        """
        dw/dt = c * d / (1000 * ms) : 1 (clock-driven)
        dc/dt = -c / (1000 * ms) : 1 (clock-driven)
        dd/dt = -d / (200 * ms) : 1 (clock-driven)
        dx/dt = -x / (20 * ms) : 1 (event-driven)
        dy/dt = -y / (20 * ms) : 1 (event-driven)
        """,
        "c -= 0.15 * y; x += 1", "c += 0.1 * x; y += 1", {"w": 1, "d": 0.5},
    ),
}  # fmt: skip


def simulate(job: dict) -> list[float]:
    """Final w of each synapse."""
    b.prefs.codegen.target = "numpy"
    b.start_scope()
    b.defaultclock.dt = job["dt"] * b.ms
    equations, on_pre, on_post, start = RULES[job["rule"]]
    groups = []
    for trains in (job["pre"], job["post"]):
        flat = [(k, step) for k, train in enumerate(trains) for step in train]
        times = [step * job["dt"] for _, step in flat] * b.ms
        groups.append(b.SpikeGeneratorGroup(len(trains), [k for k, _ in flat], times))
    synapses = b.Synapses(*groups, equations, on_pre=on_pre, on_post=on_post or None, method="rk4")
    synapses.connect(j="i")
    for name, value in start.items():
        setattr(synapses, name, value)
    network = b.Network(*groups, synapses)  # Brian2 would not find them by itself in a list
    network.run(job["steps"] * job["dt"] * b.ms)
    return [float(value) for value in synapses.w[:]]


if __name__ == "__main__":
    print(json.dumps([simulate(job) for job in json.load(sys.stdin)]))
