"""A rule alone, for a simulator that someone else wrote."""

from __future__ import annotations

import numpy as np
import pytest

import plastlang as pl

THIRD = '''
rule Gated:
    """Learns what the target's potential allows."""
    param eta = 0.5
    synapse w = 1
    global level = 0
    on pre spike:
        deliver w
        w += eta * level * (post.v / (1 mV))
    on reward(amount):
        level += amount
'''


def stdp(**options: object) -> pl.StandaloneRule:
    return pl.rules.PairSTDP.compile(
        3, 2, [0, 1, 2, 0], [0, 1, 0, 1], w="0.5 nS", backend="reference", precision="double", **options
    )


def test_the_window_of_stdp() -> None:
    for gap in (1, 7, 200):
        before, after = stdp(), stdp()
        before.step(pre=[0])
        after.step(post=[0])
        for _ in range(gap - 1):
            before.step()
            after.step()
        before.step(post=[0])
        after.step(pre=[0])
        ms = gap * 0.1
        assert before.w[0] - 0.5 == pytest.approx(0.01 * np.exp(-ms / 20), rel=1e-9)
        assert after.w[0] - 0.5 == pytest.approx(-0.0105 * np.exp(-ms / 20), rel=1e-9)


def test_what_is_delivered() -> None:
    rule = stdp()
    rule.w = [0.1, 0.2, 0.3, 0.4]  # (0, 0), (0, 1), (1, 1), (2, 0)
    assert rule.step() == pytest.approx([0, 0])
    assert rule.step(pre=[0]) == pytest.approx([0.1, 0.2])
    assert rule.step(pre=[0, 1, 1, 2]) == pytest.approx([0.5, 0.5])
    assert rule.step() == pytest.approx([0, 0])
    assert rule.t == pytest.approx(0.4)


def test_a_run_is_its_steps() -> None:
    rng = np.random.default_rng(2)
    steps = 300
    pre, post = rng.random((steps, 3)) < 0.1, rng.random((steps, 2)) < 0.1
    one, other = stdp(), stdp()
    total = sum(one.step(np.flatnonzero(pre[n]), np.flatnonzero(post[n])) for n in range(steps))
    for half in (slice(0, 100), slice(100, 300)):
        times = np.arange(steps)[half] * 0.1
        trains = []
        for spikes in (pre, post):
            when, who = np.nonzero(spikes[half])
            trains.append((who, times[when]))
        delivered = other.run((half.stop - half.start) * 0.1, *trains)
        total = total - delivered
    assert total == pytest.approx([0, 0], abs=1e-9)
    assert np.array_equal(one.w, other.w) and np.array_equal(one.x, other.x)


def test_neuron_state_and_signals() -> None:
    rule = pl.load(THIRD).Gated(eta=2).compile(1, 2, [0, 0], [0, 1], backend="reference")
    rule.target.v = [1, 3]
    rule.signal("reward", 0.25)
    rule.step(pre=[0])
    assert rule.w.tolist() == [1.5, 2.5]
    assert rule.level == 0.25 and rule.synapses.eta == 2


def test_rules_compose() -> None:
    rule = (pl.rules.PairSTDP() + pl.rules.MapRewiring(g="w", attempts=50)).compile(
        6, 6, [], [], backend="reference", seed=2
    )
    rule.run("20 ms")
    assert rule.formations > 0 and len(rule.w) == rule.formations - rule.eliminations


def test_checkpoints(tmp_path: object) -> None:
    one, other = stdp(), stdp()
    one.run("1 ms", ([0, 1], [0.2, 0.5]), ([1], [0.7]))
    other.load(one.save(f"{tmp_path}/c.npz"))
    one.step(pre=[0])
    other.step(pre=[0])
    assert np.array_equal(one.w, other.w)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 2, [], []), "n_pre must be a whole number at least 1, not 0"),
        ((3, 2, [3], [0]), "pre[0] is 3, but there are 3 neurons (0 to 2)"),
        ((3, 2, [0, 1], [0]), "pre and post must be of one length, not 2 and 1"),
    ],
)
def test_wrong_synapses(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(pl.PlastError) as caught:
        pl.rules.PairSTDP.compile(*arguments, backend="reference")
    assert str(caught.value) == message


def test_wrong_values() -> None:
    for values in ([1, 2, 3], [1, 2, 3, float("nan")]):
        with pytest.raises(pl.PlastError, match=r"w takes an array of shape \(4,\), not|w\[3\] is NaN"):
            pl.rules.PairSTDP.compile(3, 2, [0, 1, 2, 0], [0, 1, 0, 1], w=values, backend="reference")
    rule = stdp()
    with pytest.raises(pl.PlastError, match=r"post\[0\] is 2, but there are 2 neurons"):
        rule.step(post=[2])
    with pytest.raises(pl.PlastError, match="pre_spikes must lie inside the run, from 0 to 1 ms"):
        rule.run("1 ms", ([0], [1.0]))
    with pytest.raises(pl.PlastError, match=r"post_spikes are \(neurons, times\)"):
        rule.run("1 ms", ([0], [0.5]), [1, 2])  # type: ignore[arg-type]
    with pytest.raises(pl.PlastError, match="did you mean 'w'"):
        rule.ww = 3
    assert rule.t == 0
