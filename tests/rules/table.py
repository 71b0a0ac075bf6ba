# ruff: noqa: E501
"""docs/rules.md: what each neuron and rule of the library is compared with, outside of this project.

`python -m tests.rules.table` writes it; test_table.py holds it to the library and to the tests that it names.
"""

from __future__ import annotations

from pathlib import Path

from plastlang import library
from tests.rules import test_against_brian2, test_against_nest

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
#: Neurons that test_against_nest.py compares, with the names that they have in NEST.
NEURONS = {
    "LIF": "iaf_cond_exp", "LIFConductance": "iaf_cond_exp", "LIFCurrent": "iaf_psc_exp", "AdEx": "aeif_cond_exp",
    "Izhikevich": "izhikevich", "HodgkinHuxley": "hh_psc_alpha",
}  # fmt: skip
#: neuron or rule -> (what it is compared with, the test that does it)
CHECKS = {
    "LIF": ("fixed point of its equation", "tests/science/test_neurons.py::test_conductance_neuron_relaxes_to_its_fixed_point"),
    "LIFConductance": ("NEST; as LIF otherwise", "tests/rules/test_against_nest.py::test_conductance_neurons_spike_together"),
    "LIFCurrent": ("closed form of the interval", "tests/science/test_neurons.py::test_lif_rate_against_current"),
    "AdaptiveLIF": ("closed form of the interval at rest", "tests/rules/test_neurons.py::test_the_interval_of_an_adapting_neuron_settles_where_its_threshold_does"),
    "AdEx": ("adaptive solver; published rheobase", "tests/rules/test_neurons.py::test_adex_spikes_as_an_adaptive_solver_says"),
    "Izhikevich": ("adaptive solver; where rest loses its stability", "tests/rules/test_neurons.py::test_izhikevich_spikes_as_an_adaptive_solver_says"),
    "HodgkinHuxley": ("known resting potential, threshold and period", "tests/rules/test_neurons.py::test_the_squid_axon_rests_at_minus_65_and_fires_at_its_known_rates"),
    "DiehlCookExcitatory": ("closed form of the threshold", "tests/rules/test_neurons.py::test_a_diehl_cook_neuron_raises_its_threshold_at_each_spike"),
    "Poisson": ("distribution of counts and intervals", "tests/science/test_neurons.py::test_poisson_intervals"),
    "MovingGaussian": ("published rates", "tests/science/test_neurons.py::test_moving_gaussian_has_the_published_rates"),
    "SpikeTimes": ("spikes as given", "tests/train/test_gradients.py::test_classes"),
    "RateUnit": ("principal components of its input", "tests/rules/test_rates.py::test_oja_finds_the_first_component_with_norm_1"),
    "SurrogateALIF": ("backpropagation through time", "tests/train/test_gradients.py::test_classes"),
    "ClassReadOut": ("backpropagation through time", "tests/train/test_gradients.py::test_classes"),
    "ValueReadOut": ("backpropagation through time", "tests/train/test_gradients.py::test_values_and_random_feedback"),
    "PatternReadOut": ("backpropagation through time", "tests/train/test_gradients.py::test_patterns"),
    "Static": ("NEST, through a neuron", "tests/rules/test_against_nest.py::test_current_neurons_agree_in_every_step"),
    "PairSTDP": ("closed form of the window and of the drift", "tests/science/test_stdp.py::test_window_of_one_pair"),
    "NearestPairSTDP": ("sum over pairs", "tests/science/test_stdp.py::test_whole_spike_trains"),
    "PreCentredSTDP": ("sum over pairs", "tests/rules/test_stdp.py::test_pairings_count_the_pairs_that_they_say"),
    "ReducedPairSTDP": ("sum over pairs", "tests/rules/test_stdp.py::test_pairings_count_the_pairs_that_they_say"),
    "MultiplicativeSTDP": ("its fixed point", "tests/rules/test_stdp.py::test_multiplicative_weights_rest_at_the_ratio_of_the_amplitudes"),
    "GuetigSTDP": ("its fixed point", "tests/rules/test_stdp.py::test_weights_of_guetig_come_to_rest_where_potentiation_equals_depression"),
    "PowerLawSTDP": ("its balanced weight", "tests/rules/test_stdp.py::test_the_power_law_balances_at_its_weight"),
    "TripletSTDP": ("published table", "tests/rules/test_stdp.py::test_triplets_depend_on_the_rate_as_in_the_table"),
    "NearestTripletSTDP": ("published table", "tests/rules/test_stdp.py::test_triplets_depend_on_the_rate_as_in_the_table"),
    "Clopath": ("closed form under a voltage clamp", "tests/rules/test_stdp.py::test_clopath_under_a_voltage_clamp"),
    "GraupnerBrunel": ("published ratios", "tests/rules/test_stdp.py::test_calcium_ratios_of_sixty_pairs"),
    "DiehlCook": ("closed form of three spikes", "tests/rules/test_rates.py::test_diehl_cook_needs_two_post_spikes"),
    "VogelsSprekeler": ("the rate that it keeps", "tests/rules/test_rates.py::test_inhibition_brings_the_target_to_its_rate"),
    "DopamineSTDP": ("closed form of a late reward", "tests/rules/test_rates.py::test_a_reward_late_by_R_pays_for_the_pairing"),
    "RewardSTDP": ("closed form of three rewards", "tests/rules/test_rates.py::test_only_rewards_above_the_baseline_potentiate"),
    "TsodyksMarkram": ("closed form of the steady state", "tests/rules/test_rates.py::test_short_term_plasticity_settles_at_its_steady_state"),
    "Oja": ("principal components", "tests/rules/test_rates.py::test_oja_finds_the_first_component_with_norm_1"),
    "BCM": ("its fixed points", "tests/rules/test_rates.py::test_bcm_has_its_fixed_point_and_selects_one_pattern"),
    "SynapticScaling": ("closed form of the growth", "tests/rules/test_rates.py::test_scaling_goes_as_the_exponential_of_the_missing_rate"),
    "WeightSum": ("the sum that it keeps", "tests/rules/test_rates.py::test_weights_onto_a_neuron_keep_their_sum"),
    "EPropLIF": ("backpropagation through time", "tests/train/test_gradients.py::test_without_adaptation_the_shorter_rule_is_enough"),
    "EPropALIF": ("backpropagation through time", "tests/train/test_gradients.py::test_classes"),
    "ReadOutGradient": ("backpropagation through time", "tests/train/test_gradients.py::test_classes"),
    "SymmetricFeedback": ("the forward gradient, to the last bit", "tests/train/test_gradients.py::test_feedback_makes_the_same_gradient_as_the_forward_synapses"),
    "RandomFeedback": ("backpropagation through time", "tests/train/test_gradients.py::test_values_and_random_feedback"),
    "Adam": ("the paper's algorithm in NumPy", "tests/train/test_optimisers.py::test_adam"),
    "NoisyDescent": ("the Gibbs distribution", "tests/train/test_optimisers.py::test_noisy_descent_samples_at_its_temperature"),
    "SignedL1": ("invariants of DEEP R", "tests/train/test_deep_r.py::test_invariants"),
    "DeepR": ("invariants; uniform places (chi-square)", "tests/train/test_deep_r.py::test_synapses_move_to_places_drawn_uniformly"),
    "SoftDeepR": ("its invariants", "tests/train/test_deep_r.py::test_soft_deep_r_walks_on_and_keeps_its_signs"),
    "SET": ("sorting in Python", "tests/rules/test_structure.py::test_set_replaces_the_weakest_by_as_many"),
    "RigL": ("sorting in Python", "tests/rules/test_structure.py::test_rigl_grows_where_the_gradient_is_largest"),
    "GradualPruning": ("the published cubic", "tests/rules/test_structure.py::test_gradual_pruning_follows_its_cubic"),
    "MapRewiring": ("closed form of the relaxation; published map", "tests/science/test_map.py::test_frozen_weights_relax_as_the_closed_form_says"),
    "MapRewiringSlots": ("published map", "tests/science/test_map_slots.py::test_receptive_fields_after_300_s"),
    "ElementGrowth": ("the rate that it keeps", "tests/rules/test_structure.py::test_elements_grow_until_the_rate_is_at_its_target"),
    "MultiContact": ("binomial distribution of contacts", "tests/rules/test_structure.py::test_the_number_of_contacts_is_binomial"),
    "SynapticSampling": ("the prior as distribution", "tests/rules/test_structure.py::test_synaptic_sampling_has_the_prior_as_its_distribution"),
}  # fmt: skip
_HEAD = """# What the library is compared with

Every neuron and rule of `rules/` is held against something outside of this project: a closed form, a published figure, or another
simulator on the same spike trains. `make peers` runs the comparisons with Brian2 and NEST, each in an environment of its own;
the other tests are part of `make test`. How well they agree:

- Rules and NEST 3.10: the weights after trains drawn at random, to 1e-9 of the weight (`tests/rules/test_against_nest.py`). NEST has no
  synapse without a delay, and delays the way of the post spike back to the synapse; so its post neurons fire that much early.
- `Clopath` and NEST: on the voltages of NEST's neuron, below threshold, to 1 % of the change at steps of 0.02 ms; the difference is five times as
  large at 0.1 ms, since NEST takes the filtered voltages of a step before.
- Neurons and NEST: `LIFCurrent` in every step to 1e-9 mV; `HodgkinHuxley` in every step, spikes included, to 0.01 mV; `AdEx` to
  1e-6 mV before the first spike, and spikes to 2 steps of 0.02 ms; `LIF` and `LIFConductance`, by first-order steps, to
  0.1 mV; `Izhikevich`, which NEST integrates by Euler steps, spikes to 0.2 ms.
- Rules and Brian2 2.9: to 1e-6 of the weight; `DopamineSTDP`, which Brian2 integrates by Runge-Kutta, to 2e-3.

`plastc doc` makes a page of each, with equations, parameters and a picture.

| name | file | compared with | by | simulators |
|---|---|---|---|---|
"""


def text() -> str:
    """The page."""
    rows = []
    for entry in library.index().values():
        if entry.kind == "network":
            continue
        what, test = CHECKS[entry.name]
        path, _, function = test.partition("::")
        peers = [
            *(["Brian2"] if entry.name in test_against_brian2.RULES else []),
            *([f"NEST (`{NEURONS[entry.name]}`)"] if entry.name in NEURONS else []),
            *(["NEST"] if entry.name in (*test_against_nest.RULES, "Clopath") else []),
        ]
        file = Path(entry.path).name
        rows.append(
            f"| {entry.name} | [{file}](../rules/{file}) | {what} | `{function}` in [{Path(path).name}](../{path}) "
            f"| {', '.join(peers)} |\n"
        )
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
