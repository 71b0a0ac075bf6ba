"""Write a rule of your own: STDP for the weights, and every second the weakest synapses move to new places.

    python examples/own_rule.py

The structural part is that of sparse evolutionary training (Mocanu et al., Nature Communications 9, 2383, 2018), with a
fixed limit instead of a fixed fraction: how many go is counted, and as many come.
"""

from __future__ import annotations

import plastlang as pl

RULE = '''
rule Rewire:
    """Synapses below `weak` are replaced by new ones at random places, so their number is conserved."""
    require synapse w: nS
    param weak = 0.1 nS, start = 0.5 nS
    global moved = 0
    every 1 s:
        let n = prune where w < weak
        grow n pairs uniformly:
            w = start
        moved += n
'''


def main() -> None:
    rewire = pl.load(RULE).Rewire
    net = pl.Network(dt="0.1 ms", seed=1)
    source = net.population(pl.rules.Poisson, 500, rate="15 Hz", name="source")
    target = net.population(pl.rules.LIF, 50, capacitance="200 pF", name="target")
    rule = pl.rules.PairSTDP(w_max="1 nS") + rewire(weak="0.3 nS")
    synapses = net.connect(source, target.exc, rule, pl.fixed_probability(0.2), name="synapses")
    net.record(target, "spikes")
    with net.compile() as model:
        before = len(model[synapses])
        model.run("20 s", progress=True)
        view = model[synapses]
        print(f"{before} synapses at the start, {len(view)} at the end, {int(view.moved)} moved in between")
        print(f"mean weight {view.w.mean():.3f} nS, target rate {len(model[target].spikes.times) / 50 / 20:.1f} Hz")


if __name__ == "__main__":
    main()
