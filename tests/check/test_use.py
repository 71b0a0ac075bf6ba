"""A rule inside another is the same program as the two on one projection."""

from __future__ import annotations

from plastlang.ir.text import to_text
from tests.check.cases import LIF, REWIRING, STDP
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
