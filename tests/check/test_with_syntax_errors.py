"""Errors of syntax, names, sites and units are told together, and each mistake once."""

from __future__ import annotations

import re

import pytest

from plastlang.diagnostics import Source
from plastlang.frontend.grammar import tokenize
from plastlang.frontend.parse import parse_with_errors
from tests.check.cases import LIF, NET, STDP, said
from tests.syntax.mistaken import MISTAKEN

NINE = """rule NineMistakes:
    param tau_plus = 20 ms, tau_minus = 20 msec, a_plus = 0.01, a_minus = 0.0105, w_max = 1 nS
    synapse w = 0.5 nS in [0 nS, w_max]
    pre  pre_trace = 0
    post y = 0
    pre_trace' = -pre_trace
    y' = -y / tau_plus
    on pre spike:
        deliver w
        w -= a_minus * w_max * y
        pre_trace += (1 + a_minus
        a_plus = 2
    on post_spike:
        w += a_plus * w_max * pre_trc
        w = clamp(w, 0 nS, w_max)
        y += tau_plus
        z += 1
"""


def _told(text: str) -> list[tuple[str, int]]:
    """Codes and lines."""
    found = re.findall(r"^error\[(\w+)\].*\n *--> [^:]*:(\d+)", said(text), flags=re.MULTILINE)
    return [(code, int(line)) for code, line in found]


def test_the_nine_mistakes_at_once_are_nine_messages() -> None:
    assert _told(NINE) == [
        ("P403", 2),
        ("P402", 6),
        ("P130", 11),
        ("P302", 12),
        ("P136", 13),
        ("P201", 14),
        ("P203", 15),
        ("P401", 16),
        ("P202", 17),
    ]


def _changed(base: str, old: str, new: str) -> str:
    assert base.count(old) == 1, old
    return base.replace(old, new)


#: One syntax mistake each in a file that is otherwise right; behind it stands much that depends on the line.
ONE = {
    "component head": _changed(NET, "rule PairSTDP:", "ruel PairSTDP:"),
    "component head without colon": _changed(NET, "rule PairSTDP:", "rule PairSTDP"),
    "neuron head": _changed(NET, "neuron LIF:", "neuron LIF(x):"),
    "network head": _changed(NET, "network Map:", "network Map Map:"),
    "parameters": _changed(NET, "w_max = 1 nS", "w_max = = 1 nS"),
    "parameters not closed": _changed(NET, "w_max = 1 nS", "w_max = (1 nS"),
    "parameters misspelled": _changed(NET, "    param tau_plus", "    parm tau_plus"),
    "parameters of another language": _changed(NET, "    param tau_plus", "    parameters tau_plus"),
    "synapse variable": _changed(NET, "synapse w = 0.5 nS", "synapse w 0.5 nS"),
    "required variable": _changed(NET, "require synapse g: nS", "require g: nS"),
    "pre variable": _changed(NET, "    pre  x_trace = 0", "    pre  x_trace = 0 0"),
    "state": _changed(NET, "state v = v_rest", "state v := v_rest"),
    "let": _changed(NET, "let i_exc = g_exc", "let i_exc = g_exc ^ 1"),
    "equation": _changed(NET, "y' = -y", "y' -y"),
    "input": _changed(NET, "input exc -> g_exc", "input exc g_exc"),
    "spike": _changed(NET, "spike when v > v_th", "spike when v >> v_th"),
    "spike with an assignment": _changed(NET, "spike when v > v_th", "spike when v = v_th"),
    "hold": _changed(NET, "hold v for t_ref", "hold v t_ref"),
    "event in one word": _changed(NET, "on post spike:", "on post_spike:"),
    "event of one end": _changed(NET, "on post spike:", "on post:"),
    "event of no end": _changed(NET, "on post spike:", "on spike:"),
    "event plural": _changed(NET, "on pre spike:", "on pre spikes:"),
    "event not closed": _changed(NET, "on pre spike:", "on pre spike(:"),
    "event without colon": _changed(NET, "on pre spike:", "on pre spike"),
    "event with a strange sign": _changed(NET, "on pre spike:", "on pre $ spike:"),
    "deliver": _changed(NET, "        deliver w\n", "        deliver w w\n"),
    "deliver in parentheses": _changed(NET, "        deliver w\n", "        deliver (w\n"),
    "wrong column": _changed(NET, "        x_trace += 1\n", "      x_trace += 1\n"),
    "too far": _changed(NET, "        x_trace += 1\n", "          x_trace += 1\n"),
    "tab": _changed(NET, "        x_trace += 1\n", "\tx_trace += 1\n"),
    "every": _changed(NET, "every 1 ms:", "evry 1 ms:"),
    "sample": _changed(NET, "sample attempts pairs:", "sample attempts pair:"),
    "if": _changed(NET, "if connected:", "if connected then:"),
    "if without colon": _changed(NET, "if connected:", "if connected"),
    "else": _changed(NET, "            else:", "            else connected:"),
    "prune": _changed(NET, "prune with probability", "prune with probabilty"),
    "grow": _changed(NET, "grow with probability p_form", "grow with p_form"),
    "population": _changed(NET, "population b = LIF", "population b LIF"),
    "population without size": _changed(NET, " size 16", ""),
    "population not closed": _changed(NET, "1 ms * index) size 16", "1 ms * index size 16"),
    "time step": _changed(NET, "dt 0.1 ms", "dt = 0.1 ms"),
    "time step twice": _changed(NET, "dt 0.1 ms", "dt 0.1 0.1 ms"),
    "projection": _changed(NET, "project ab = a -> b.exc with", "project ab = a b.exc with"),
    "projection without a name": _changed(NET, "project ab = a -> b.exc with", "project a -> b.exc using").replace(
        "record b spikes", "record a_b degree every 1 ms"
    ),
    "connect": _changed(NET, "connect with probability", "connect probability"),
    "delay": _changed(NET, "delay 0.2 ms", "delay: 0.2 ms"),
    "start value": _changed(NET, "        w = 0.1 nS", "        w 0.1 nS"),
    "record": _changed(NET, "record b v every 1 ms", "record b.v every 1 ms"),
    "import": 'import PairSTDP from "rules:pair_stdp.plast\n' + LIF,
    "import in single quotes": "import 'lif.plast'\n" + _changed(STDP, "w_max * x_trace", "w_max * theirs"),
    "constant": "const two = = 2\n" + _changed(STDP, "y += 1", "y += two"),
    "function": "fn f(x) x * 2\n" + _changed(STDP, "y += 1", "y += f(1)"),
    "function of another language": "def f(x):\n    return x * 2\n" + _changed(STDP, "y += 1", "y += f(1)"),
    "docstring": _changed(STDP, "rule PairSTDP:\n", 'rule PairSTDP:\n    """Never closed.\n'),
    "local": _changed(STDP, "        y += 1\n", "        let a = 1 1\n        let b = a * 2\n        y += b\n"),
    "only line of a block": _changed(STDP, "    on pre spike:", "    each step:\n        w = = w\n    on pre spike:"),
}


@pytest.mark.parametrize("name", ONE)
def test_one_mistake_is_one_message(name: str) -> None:
    told = _told(ONE[name])
    assert len(told) == 1, said(ONE[name])
    assert told[0][0].startswith("P1"), told


@pytest.mark.parametrize("name", ONE)
def test_a_mistake_elsewhere_is_told_too(name: str) -> None:
    other = "\nrule Elsewhere:\n    synapse q = 1 msec\n"
    codes = [code for code, _line in _told(ONE[name] + other)]
    hopeless = ("import", "import in single quotes", "docstring", "tab")
    assert codes.count("P403") == (name not in hopeless), codes


@pytest.mark.parametrize("name", MISTAKEN)
def test_every_mistake_of_syntax_can_be_checked_around(name: str) -> None:
    assert "error[P1" in said(MISTAKEN[name])


@pytest.mark.parametrize("first", range(4))
def test_a_missing_token_has_no_consequences(first: int) -> None:
    """Where a token is taken out of a right file and the syntax suffers, nothing is said of anything else."""
    tokens = [token for token in tokenize(NET) if token.type not in ("COMMENT", "LINE_END")]
    for token in tokens[first * 3 :: 36]:
        text = NET[: token.start_pos] + NET[token.end_pos :]
        told = _told(text)
        if parse_with_errors(Source("model.plast", text)).diagnostics:
            assert all(code.startswith("P1") for code, _line in told), (str(token), told)
