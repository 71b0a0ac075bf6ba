"""A rule inside another is the same program as the two on one projection."""

from __future__ import annotations

from plastlang.ir.text import to_text
from tests.check.cases import LIF, REWIRING, STDP, said
from tests.programs.running import built

NETWORK = """network Net:
    dt 0.1 ms
    population a = LIF() size 4
    project p = a -> a.exc with {}:
        connect all
"""
DECAY = "rule Decay:\n    require synapse g\n    param tau = 9 ms\n    g' = -g / tau\n"


def text(rules: str, call: str) -> str:
    made = to_text(built(LIF + STDP + REWIRING + DECAY + rules + NETWORK.format(call)).lowered.program)
    for label in ("PairSTDP.", "Rewiring.", "Decay.", "Both."):
        made = made.replace(label, "")
    return made


def test_use_is_composition() -> None:
    both = "rule Both:\n    use PairSTDP(a_plus = 0.02)\n    use Rewiring(g = w)\n    use Decay(g = w)\n"
    composed = "PairSTDP(a_plus = 0.02) + Rewiring(g = w) + Decay(g = w)"
    assert text(both, "Both(attempts = 3)") == text("", composed.replace("Rewiring(", "Rewiring(attempts = 3, "))


def test_what_is_required_and_not_declared_is_required_of_the_network() -> None:
    inner = "rule Both:\n    use Decay(tau = 5 ms)\n"
    assert text(inner, "PairSTDP() + Both(g = w)") == text("", "PairSTDP() + Decay(g = w, tau = 5 ms)")


def test_a_rule_in_a_rule_in_a_rule() -> None:
    inner = "rule Both:\n    use PairSTDP()\n    use Decay(g = w)\nrule Outer:\n    use Both(tau = 7 ms)\n"
    made = text(inner, "Outer()").replace("Outer.", "")
    assert made == text("", "PairSTDP() + Decay(g = w, tau = 7 ms)")


def test_blocks_stand_where_the_rule_is_used() -> None:
    rules = "rule Both:\n    on pre spike:\n        y_seen = w\n    synapse y_seen = 0 nS\n    use PairSTDP()\n"
    blocks = text(rules, "Both()").split("on pre spike\n")
    assert "y_seen" in blocks[1] and "deliver" in blocks[2]


def test_names_of_the_used_rule_are_seen() -> None:
    rules = "rule Both:\n    use PairSTDP()\n    every 1 ms:\n        w = 0.5 * w_max * y\n"
    assert "y) at synapse" not in text(rules, "Both()")


TRACE = (
    "rule Trace:\n    param tau = 20 ms in [1 ms, 1 s]\n    pre x = 0\n    x' = -x / tau\n"
    "    on pre spike:\n        x += 1\n"
)


def test_a_rule_twice_under_names_of_its_own() -> None:
    twice = TRACE + (
        "rule Both:\n    use Trace(tau = 5 ms) as fast\n    use Trace() as slow\n    synapse w = 0.5 nS\n"
        "    on pre spike:\n        deliver w * fast_x * slow_x\n"
    )
    by_hand = (
        "rule Both:\n    param fast_tau = 5 ms in [1 ms, 1 s], slow_tau = 20 ms in [1 ms, 1 s]\n"
        "    pre fast_x = 0\n    pre slow_x = 0\n    fast_x' = -fast_x / fast_tau\n    slow_x' = -slow_x / slow_tau\n"
        "    synapse w = 0.5 nS\n    on pre spike:\n        fast_x += 1\n    on pre spike:\n        slow_x += 1\n"
        "    on pre spike:\n        deliver w * fast_x * slow_x\n"
    )
    made = text(twice, "Both(slow_tau = 9 ms)").replace(" by Trace", " by Both")
    assert made == text(by_hand, "Both(slow_tau = 9 ms)")


def test_a_parameter_stands_for_one_of_the_used_rule() -> None:
    used = "rule Both:\n    param tau = 7 ms\n    use PairSTDP(tau_plus = tau, tau_minus = tau)\n"
    made = text(used, "Both(tau = 8 ms)")
    parameters = [line.split()[1] for line in made.splitlines() if line.strip().startswith("param ")]
    assert "tau" in parameters and not {"tau_plus", "tau_minus"} & set(parameters)


def test_a_parameter_that_stands_for_another_has_its_limits() -> None:
    rule = TRACE + "rule Both:\n    param time = 5 ms{}\n    use Trace(tau = time)\n    synapse w = x\n"
    for limits in ("", " in [0 ms, 10 ms]", " in [1 ms, 2 s]"):
        assert "`tau` is limited, and `time` may leave its limits" in said(rule.format(limits))
    assert "P525" not in said(rule.format(" in [1 ms, 10 ms]"))


def test_what_a_used_rule_leaves_to_others_is_no_mistake() -> None:
    user = "rule Both:\n    use Trace()\n    synapse w = 0.0\n    on post spike:\n        w += x\n"
    assert "W102" in said(TRACE)
    assert not said(TRACE + user)
