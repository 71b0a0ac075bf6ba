"""Pictures show what is known: closed forms of windows, trains and rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plastlang import PlastError
from plastlang.gallery import neurons, rules
from plastlang.gallery.curves import Panel
from plastlang.gallery.pages import measured
from plastlang.gallery.subject import subject

DEPRESSING = '''"""A file of one's own."""

rule Depressing:
    """Each spike takes a fixed part of what is left, which comes back with tau_rec."""
    param tau_rec = 200 ms, u = 0.4
    synapse w = 2 nS
    pre r = 1
    r' = (1 - r) / tau_rec
    on pre spike:
        deliver w * r
        r -= u * r

rule Reads:
    synapse w = 0.5 nS
    post y = 0
    on post spike:
        y += post.v / (1 mV)
        w += 0.1 nS * y

rule Needs:
    param gain: 1
    synapse w = 1
    on pre spike:
        deliver w
        w += gain
    on post spike:
        w -= gain
'''


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.plast"
    path.write_text(DEPRESSING)
    return str(path)


def panel(panels: tuple[Panel, ...], title: str) -> Panel:
    return next(p for p in panels if p.title == title)


def test_the_window_is_that_of_the_closed_form() -> None:
    shown = panel(rules.panels(subject("PairSTDP(tau_plus = 30 ms, a_plus = 0.02)")), "one pair of spikes")
    (curve,) = shown.curves
    lag = curve.x
    wanted = np.where(lag > 0, 0.02 * np.exp(-np.abs(lag) / 30.0), -0.0105 * np.exp(-np.abs(lag) / 20.0))
    wanted[lag == 0] = 0
    assert np.allclose(curve.y, wanted, rtol=1e-9, atol=1e-15)
    assert (shown.x_label, shown.y_label) == ("post - pre (ms)", "change of w (nS)")


def test_trains_of_distant_pairs_add_up() -> None:
    shown = panel(rules.panels(subject("PairSTDP(w_max = 100 nS)")), "20 pairs of spikes")
    plus, minus = shown.curves
    slow = plus.x == 1.0
    assert plus.y[slow] == pytest.approx(20 * 0.01 * 100 * np.exp(-10 / 20), rel=1e-6)
    # one below 0.5 nS cannot fall by 20 x 1.05 nS: it ends at its bound
    assert minus.y[slow] == pytest.approx(-0.5)


def test_the_response_to_a_train(own: str) -> None:
    (shown,) = measured(subject(f"{own}:Depressing"))
    (curve,) = shown.curves
    left, wanted = 1.0, []
    for gap in (*np.diff(curve.x), 0.0):
        wanted.append(2.0 * left)
        left = 1.0 - (1.0 - 0.6 * left) * np.exp(-gap / 200.0)
    assert np.allclose(curve.y, wanted, rtol=1e-8) and shown.y_label == "delivered (nS)"


def test_growth_settles_where_formation_and_elimination_balance() -> None:
    count, degrees = rules.panels(subject("MapRewiring"))
    (evolution,), (histogram,) = count.curves, degrees.curves
    assert evolution.x[0] == 0 and evolution.x[-1] == pytest.approx(5) and len(np.unique(evolution.y)) > 10
    assert histogram.y.sum() == pytest.approx(1.0)
    assert (histogram.x * histogram.y).sum() * rules.SIDE == pytest.approx(evolution.y[-1])


def test_the_rate_of_a_neuron_is_that_of_the_closed_form() -> None:
    """LIF with a constant current: 1 / (t_ref + tau log(R I / (R I - theta)))."""
    rate, trace = neurons.panels(subject("LIFCurrent"))
    (curve,) = rate.curves
    drop = curve.x * 20.0 / 200.0  # mV
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.where(drop > 16.0, 1000.0 / (5.0 + 20.0 * np.log(drop / (drop - 16.0))), 0.0)
    assert np.abs(curve.y - wanted).max() <= 1000.0 / neurons.DURATION  # one spike more or less in the run
    assert rate.x_label == "i_offset (pA)" and trace.title == "v of a neuron"


def test_a_neuron_without_a_current_is_driven_through_its_port() -> None:
    rate, _ = neurons.panels(subject("LIF"))
    assert rate.x_label == "weight of 200 Hz on exc (nS)" and rate.curves[0].y.max() > 50


def test_a_source_shows_its_spikes() -> None:
    (shown,) = neurons.panels(subject("Poisson(rate = 50 Hz)"))
    assert 0.7 < len(shown.curves[0].x) / (50 * 0.5 * neurons.COUNT) < 1.3


def test_bcm_changes_sign_where_the_rate_is_its_square() -> None:
    """The threshold settles at r^2, so that the change is that of r^2 (1 - r): 0 at r = 1."""
    shown = panel(rules.panels(subject("BCM")), "pre spikes at 20 Hz for 1 s")
    (curve,) = shown.curves
    assert (curve.y[(curve.x > 0.1) & (curve.x < 0.95)] > 0).all() and (curve.y[curve.x > 1.15] < 0).all()
    assert (shown.x_label, shown.y_label) == ("r of the target", "change of w")


def test_clopath_depresses_between_its_thresholds() -> None:
    (curve,) = panel(rules.panels(subject("Clopath")), "pre spikes at 20 Hz for 1 s").curves
    assert np.allclose(curve.y[curve.x < -70.6], 0) and (curve.y[(curve.x > -68) & (curve.x < -46)] < 0).all()
    assert curve.y[curve.x > -35].min() > 0.1


def test_eligibility_of_a_lif_neuron_is_a_difference_of_what_it_filters() -> None:
    """z decays with tau_m and is filtered with tau_out, both 20 ms: t exp(-t / 20), greatest at 20 ms."""
    (curve,) = panel(rules.panels(subject("EPropLIF")), "after a spike at 10 ms").curves
    assert curve.x[np.argmax(curve.y)] == pytest.approx(10 + 20, abs=1.5)


@pytest.mark.parametrize("name", ["Adam(rate = 0.005)", "NoisyDescent", "SoftDeepR"])
def test_optimisers_descend(name: str) -> None:
    (shown,) = rules.panels(subject(name))
    assert [c.y[0] for c in shown.curves] == [1, 0.5, -1]
    assert all(abs(c.y[-1]) < 0.05 for c in shown.curves)


def test_scaling_grows_below_its_target_and_shrinks_above() -> None:
    slow, _, fast = panel(rules.panels(subject("SynapticScaling")), "a weight that begins at 1").curves
    assert slow.y[-1] > 5 and fast.y[-1] < 0.2
    (normalised,) = panel(rules.panels(subject("WeightSum(total = 3)")), "a weight that begins at 1").curves
    assert normalised.y[-1] == pytest.approx(3)


def test_eligibilities_show_what_pairs_leave() -> None:
    """0.1 nS exp(-lag / 20 ms), which has decayed with 1 s since the post spike."""
    (shown,) = rules.panels(subject("DopamineSTDP"))
    (curve,) = shown.curves
    lag = curve.x[curve.x > 0]
    wanted = 0.1 * np.exp(-lag / 20 - (300 - lag) / 1000)
    assert np.allclose(curve.y[curve.x > 0], wanted, rtol=1e-3)


def test_noise_is_averaged_over_synapses_that_get_the_same_pairs() -> None:
    """Far apart, the two spikes of a pair leave calcium above the thresholds for less time than close together."""
    (shown,) = rules.panels(subject("GraupnerBrunel"))
    low, high = shown.curves
    near, far = abs(low.x) <= 10, low.x <= -30
    assert low.y[near].mean() > low.y[far].mean() + 0.03
    assert (low.y > 0.1).all() and (high.y < 0.9).all() and high.y.mean() > low.y.mean()


def test_sampled_parameters_have_their_distribution() -> None:
    """N(mu, sigma^2 temperature), with slow paths: 400 of them for 3 relaxation times. 5 standard errors are 0.2."""
    paths, spread = rules.panels(subject("SynapticSampling(mu = 1, temperature = 0.25)"))
    assert len(paths.curves) == 3 and paths.curves[0].x[-1] == pytest.approx(60)
    density = spread.curves[0].y / spread.curves[0].y.sum()
    mean = (density * spread.curves[0].x).sum()
    assert mean == pytest.approx(1, abs=0.1)
    assert np.sqrt((density * (spread.curves[0].x - mean) ** 2).sum()) == pytest.approx(0.5, abs=0.08)


def test_structural_rules_are_watched_for_as_long_as_they_take() -> None:
    elements = panel(rules.panels(subject("ElementGrowth")), "spikes at 3 Hz").curves[0]
    assert elements.x[-1] == pytest.approx(50) and elements.y.min() == 0 and elements.y[-1] > 60
    pruned = panel(rules.panels(subject("GradualPruning")), "spikes at 3 Hz").curves[0]
    assert pruned.y[0] > 1000 and pruned.y[-1] == pytest.approx(0.1 * 64 * 64, abs=1)


@pytest.mark.parametrize("name", ["Static", "SpikeTimes"])
def test_what_does_nothing_alone_has_no_picture(name: str) -> None:
    assert measured(subject(name)) == ()


def test_what_reads_its_neuron_has_no_picture_alone(own: str) -> None:
    assert measured(subject(f"{own}:Reads")) == ()


def test_a_value_that_must_be_given_is_asked_for(own: str) -> None:
    with pytest.raises(PlastError, match="gain"):
        measured(subject(f"{own}:Needs"))
    window, _ = measured(subject(f"{own}:Needs(gain = 0.5)"))
    assert set(window.curves[0].y) == {0.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PairSTPD", "the rule 'PairSTPD' does not exist; did you mean 'PairSTDP'?"),
        ("PairSTDP(tau = 3 ms)", "the parameter of PairSTDP 'tau' does not exist; there is a_minus"),
        ("PairSTDP(3 ms)", "'3 ms' in 'PairSTDP(3 ms)' is not NAME = VALUE; write for example tau_plus = 17 ms"),
        ("Pair STDP", "'Pair STDP' is no neuron or rule; write NAME, NAME(parameter = value, ...), or FILE.plast:NAME"),
        ("TopographicMap", "TopographicMap is a network, not a neuron or rule; plastc run"),
    ],
)
def test_wrong_subjects(text: str, message: str) -> None:
    with pytest.raises(PlastError) as raised:
        subject(text)
    assert message in raised.value.diagnostics[0].message


@pytest.mark.parametrize("name", ["ClassReadOut", "ValueReadOut", "PatternReadOut"])
def test_a_read_out_answers_to_spikes(name: str) -> None:
    """y jumps by the weight at each spike (exactly solved in one step of 1 ms) and decays with tau_out = 20 ms."""
    y = next(panel for panel in neurons.panels(subject(name)) if panel.title.startswith("y "))
    driven, other = y.curves
    jump = driven.y[np.flatnonzero(driven.x == 22)[0]]
    assert jump == pytest.approx(np.exp(-1 / 20), rel=1e-9)
    assert driven.y[np.flatnonzero(driven.x == 30)[0]] == pytest.approx(np.exp(-9 / 20), rel=1e-9)
    assert not other.y.any()


def test_a_neuron_that_is_trained_is_shown_within_an_example() -> None:
    titles = [panel.title for panel in neurons.panels(subject("SurrogateALIF"))]
    assert titles == ["rate", "v of a neuron"]


def test_deep_r_moves_synapses_and_keeps_their_number() -> None:
    """Half of the first moves of a walk are to the wrong side; those that have stayed go further and further away."""
    moved, count = rules.panels(subject("DeepR"))
    assert abs(moved.curves[0].y[1] / count.curves[0].y[0] - 0.5) < 0.1  # 4 standard errors
    assert moved.curves[0].y[200:].mean() < 0.3 * moved.curves[0].y[1:20].mean()
    assert np.ptp(count.curves[0].y) == 0 and count.curves[0].y[0] > 300


def test_the_pull_of_l1_is_towards_0_at_both_signs() -> None:
    (shown,) = rules.panels(subject("SignedL1(l1 = 0.5)"))
    negative, positive = shown.curves
    assert np.allclose(negative.y, -0.5 * np.arange(21)) and np.allclose(positive.y, 0.5 * np.arange(21))


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("ReadOutGradient", ["change of grad"]),
        ("SymmetricFeedback", ["change of grad", "delivered"]),
        ("RandomFeedback", ["delivered"]),
    ],
)
def test_what_comes_of_an_error(name: str, labels: list[str]) -> None:
    """w, the trace and the factor of the error are 1: a straight line."""
    shown = rules.panels(subject(name))
    assert [panel.y_label for panel in shown] == labels
    assert all(np.allclose(panel.curves[0].y, panel.curves[0].x) for panel in shown)
