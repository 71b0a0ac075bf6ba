"""Hypothesis strategies for whole .plast programs: well typed, small, tame, with everything that the language has.

Values stay moderate (no overflow, no NaN), so that a difference between two backends is a fault of one of them. Simple
programs come first, and failing ones shrink towards them.
"""

from __future__ import annotations

from hypothesis import strategies as st

from tests.programs.expressions import Draw
from tests.programs.neurons import Population, population
from tests.programs.rules import second_rule, weighted_rule


@st.composite
def programs(draw: Draw, most_neurons: int = 40) -> str:
    """The text of a file with one network, called `Net`.

    Signals are `kick`, `surge_0`, `surge_1` (neurons), `reward` (one argument each) and `rewire` (none); populations of
    `spike at times` need the host's spikes to be of interest.
    """
    count = draw(st.integers(1, 3))
    sizes = st.integers(1, max(1, most_neurons // count))
    populations = [population(draw, name, sizes) for name in "abc"[:count]]
    step = draw(st.sampled_from(["1 ms", "0.5 ms", "0.1 ms"]))
    rules: list[str] = []
    members: list[str] = []
    for number in range(draw(st.integers(1, 3))):
        texts, lines = _projection(draw, number, populations, step)
        rules += texts
        members += lines
    records = [record for made in populations for record in made.records]
    network = ["network Net:", f"    dt {step}", *(f"    {made.declaration}" for made in populations)]
    network += [f"    {line}" for line in (*members, *records)]
    return "\n\n".join([*(made.text for made in populations), *rules, "\n".join(network)]) + "\n"


def _projection(draw: Draw, number: int, populations: list[Population], step: str) -> tuple[list[str], list[str]]:
    """The rules of a projection, and its lines in the network."""
    target = draw(st.sampled_from(populations))
    sources = draw(st.lists(st.sampled_from(populations), min_size=1, max_size=2, unique_by=lambda p: p.name))
    port = draw(st.sampled_from(target.ports)) if target.ports else None
    common = tuple(s for s in sources[0].states if all(s in other.states for other in sources))
    patient = draw(st.booleans())
    rule = weighted_rule(draw, f"Rule{number}", common, target.states, port, patient)
    texts, calls = [rule.text], [rule.call]
    if draw(st.booleans()):
        other = second_rule(draw, f"Other{number}", common, target.states, port.unit if port else "", patient)
        texts.append(other.text)
        calls.append(other.call)
    ends = f"{' + '.join(s.name for s in sources)} -> {target.name}{f'.{port.name}' if port else ''}"
    lines = [f"project p{number} = {ends} with {' + '.join(calls)}:"]
    connect = ["all", "with probability 0.3", "with probability 0.8 * exp(-distance(pre, post) / 2.0)", "none"]
    if sum(s.size for s in sources) == target.size:
        connect.append("one to one")
    lines.append(f"    connect {draw(st.sampled_from(connect))}")
    delay = draw(st.integers(0, 5))
    if delay:
        lines.append(f"    delay {delay} * {step}")
    lines += [f"    {line}" for line in rule.initial]
    if draw(st.booleans()):
        lines.append(f"record p{number} degree every 5 ms")
    return texts, lines
