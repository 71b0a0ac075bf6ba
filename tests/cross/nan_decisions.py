"""Rules whose probabilities or ranks are NaN for some pairs in some steps, and what is seen of a run of them."""

from __future__ import annotations

import numpy as np

from plastlang.backends.interface import Executable, NanFault
from tests.cross.looking import View, look
from tests.cross.script import Action, act
from tests.cross.versus import begin

_NETWORK = """
neuron Times:
    spike at times

rule Edits:
    synapse w = 1, age = 0
    each step:
        age += 1
{body}

network Net:
    dt 1 ms
    population a = Times() on grid(3, 2)
    population b = Times() size 5
    population c = Times() on grid(4, 2, periodic)
    project p = a + b -> c with Edits():
        connect with probability 0.4
"""

#: In the steps 4 and 6 it is NaN where pre.index + post.index is below 9.
_NAN = "(sqrt(pre.index + post.index - 9) if step == 4 or step == 6 else 0.3)"

#: name -> text
TEXTS = {
    name: _NETWORK.format(body=body)
    for name, body in {
        "pairs": f"""
        sample 60 pairs:
            if connected:
                prune with probability {_NAN}
            else:
                grow with probability {_NAN}:
                    w = 2
    """,
        "slots": f"""
        sample 40 slots of 6 per post:
            if connected:
                prune with probability 0.4
            else:
                grow from spiked pre with probability {_NAN}
    """,
        "matching": f"""
        grow by matching 5 - pre.out_degree per pre with 5 - post.in_degree per post with probability {_NAN}
        prune where uniform() < 0.3
    """,
        "smallest": """
        prune 3 synapses with smallest (sqrt(pre.index + post.index - 9) if step % 5 == 4 else distance(pre, post))
        grow 4 pairs uniformly
    """,
        "largest of each": """
        prune 1 synapses with largest log(pre.index + post.index + step - 6) per post
        grow 1 pairs with smallest log(pre.index - post.index + step - 2) per pre:
            w = 3
    """,
        "new pairs": """
        prune where uniform() < 0.2
        grow 5 pairs with largest (log(post.index - pre.index) if step == 3 else distance(pre, post))
    """,
        "a signal": """
    on edit(amount):
        sample 30 pairs:
            if connected:
                prune with probability sqrt(amount - pre.index)
    """,
    }.items()
}

#: The probabilities of connections are NaN for pre neuron 3 and post neurons from 5 on, and for later pairs.
CONNECTED = """
neuron Times:
    spike at times

rule Fixed:
    synapse w = 1

network Net:
    dt 1 ms
    population a = Times() size 6
    population b = Times() size 7
    project p = a -> b with Fixed():
        connect with probability sqrt(0.8 - 0.1 * pre.index * (1 if pre.index > 2 else 0) * post.index * 0.55)
"""


def seen(executable: Executable) -> tuple[list[str], list[View]]:
    """What is said of a run, and the network after every step: also of those that a fault ended, which are done."""
    begin(executable, 5)
    neurons = np.arange(6, dtype=np.int32)
    executable.set_schedule("a", neurons, np.arange(6) + 1)
    said, views = list[str](), list[View]()
    for number in range(10):
        before = executable.step
        try:
            executable.run(1)
            if number % 4 == 3:
                act(executable, Action("signal", 0, number % 3), number)
        except NanFault as fault:
            said.append(str(fault))
        assert executable.step == before + 1
        views.append(look(executable))
    return said, views
