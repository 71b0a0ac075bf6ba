"""Use a rule with a simulator of your own: spikes go in as arrays, what is delivered comes out.

    python examples/standalone_rule.py

The "simulator" here is a loop over a NumPy neuron; the synapses, their plasticity and their bounds are plastlang's.
"""

from __future__ import annotations

import numpy as np

import plastlang as pl

N_PRE, N_POST, DT = 200, 10, 0.1  # ms


def main() -> None:
    rng = np.random.default_rng(1)
    pre, post = np.nonzero(rng.random((N_PRE, N_POST)) < 0.3)
    stdp = pl.rules.PairSTDP(a_plus=0.02, a_minus=0.021, w_max="1 nS")
    rule = stdp.compile(N_PRE, N_POST, pre, post, dt=f"{DT} ms", w=rng.uniform(0.2, 0.8, len(pre)))

    v, g = np.full(N_POST, -70.0), np.zeros(N_POST)  # mV, nS
    fired = np.empty(0, np.int64)
    count = 0
    for _ in range(20_000):
        arriving = np.nonzero(rng.random(N_PRE) < 0.02 * DT)[0]  # 20 Hz each
        g += rule.step(pre=arriving, post=fired)
        v += DT / 20 * (-70 - v - g / 10 * v)
        g -= DT / 5 * g
        fired = np.nonzero(v > -54)[0]
        v[fired] = -70
        count += len(fired)
    weights = rule.synapses.w
    print(f"{len(weights)} synapses after {rule.t / 1000:g} s: mean weight {weights.mean():.3f} nS")
    print(f"{count} post spikes, {count / N_POST / rule.t * 1000:.1f} Hz")
    print(f"{np.mean(weights < 0.1):.0%} of the weights near 0, {np.mean(weights > 0.9):.0%} near the maximum")


if __name__ == "__main__":
    main()
