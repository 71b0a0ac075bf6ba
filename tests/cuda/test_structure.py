"""Structural statements on the emulator: edits in any order of threads give the network that edits one by one give."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.backends.cuda.backend import CudaBackend
from plastlang.backends.cuda.device import Call
from plastlang.backends.interface import Options
from tests.cross.script import Action, Script
from tests.cuda.emulator import ORDERS, EmulatedDevice, Schedule
from tests.cuda.playing import Machine, compare
from tests.cuda.test_kernels import STRICT, compiler
from tests.programs.running import built

#: A projection from two sources; a `let` makes a column of one byte.
NETWORK = """
neuron Times:
    spike at times

rule Edits:
    synapse w = {start} in [0, 1], x = 0, age = 0
    pair far = distance(pre, post)
    pre u = 0.5
    post y = 0
    x' = -x / (20 ms)
    param few = 3
    on pre spike:
        x += 1
    on post spike:
        y += 1
        w += 0.05 * x@before
    each step:
        age += 1
{each}
    on edit(amount):
{signal}

network Net:
    dt 1 ms
    population a = Times() on grid(3, 2)
    population b = Times() size 5
    population c = Times() on grid(4, 2, periodic)
    project p = a + b -> c with Edits():
        connect with probability 0.4
"""

#: name -> (start value, statements of each step, statements of a signal)
BODIES = {
    "pairs": (
        "uniform()",
        """
        let level = 0.2 + 0.02 * step
        sample 40 pairs:
            let close = exp(-far / 2) + 0.1 * y
            if connected:
                if w < level:
                    prune with probability 0.5
            else:
                grow with probability close:
                    w = close * 0.5 + 0.1 * level
                    age = pre.index
        """,
        """
        sample 9 pairs:
            if connected:
                prune
            else:
                grow
        """,
    ),
    "slots": (
        "uniform(0.1, 0.9)",
        """
        sample 25 slots of 6 per post:
            let best = 0.5 + 0.1 * pre.group
            if connected:
                prune with probability (0.6 if age > 4 else 0.2)
            else:
                grow from spiked pre with probability best:
                    w = uniform(0, 0.3) + best / 4
        """,
        """
        sample 30 slots of 8 per post:
            if connected:
                prune with probability 0.3
            else:
                grow:
                    w = 0.25
        """,
    ),
    "slots without draws": (
        "0.5",
        """
        sample 30 slots of 7 per post:
            if connected:
                prune with probability 0.4
            else:
                grow from spiked pre with probability 0.8:
                    w = pre.index * 0.05
        """,
        """
        sample 30 slots of 12 per post:
            if connected:
                prune with probability 0.1
            else:
                grow:
                    w = 0.25 + 0.01 * post.index
        """,
    ),
    "limits": (
        "0.3",
        """
        sample 40 pairs:
            if connected:
                prune with probability 0.3
            else:
                grow at most 4 per post at most 5 per pre:
                    w = 0.4
        sample 20 slots of 6 per post:
            if connected:
                prune with probability 0.2
            else:
                grow at most post.index % 5 + 2 per post
        """,
        """
        w = 0.1
        """,
    ),
    "degrees": (
        "0.01 * synapses + 0.02 * post.in_degree",
        """
        sample 20 pairs:
            if connected:
                prune with probability 0.4
            else:
                grow with probability 0.6:
                    w = 0.03 * pre.out_degree + 0.001 * synapses
        """,
        """
        grow 6 pairs uniformly:
            w = 0.1 * post.in_degree
        """,
    ),
    "where": (
        "uniform()",
        """
        let old = age > 4
        let gone = prune where w < 0.3 or uniform() < 0.05
        grow gone + few pairs uniformly:
            w = uniform(0.2, 0.9)
            age = -gone
        if old:
            w -= 0.02
        if synapses > 60:
            prune where w * uniform() < 0.2
        else:
            if step % 4 == 3:
                grow 12 pairs uniformly
        """,
        """
        prune where w >= 0
        grow 1000 pairs uniformly:
            w = 0.01 * pre.index
        """,
    ),
    "ranks": (
        "uniform()",
        """
        prune 2 synapses with smallest w * y + uniform() per post
        prune step % 3 synapses with largest w per pre
        prune 3 synapses with smallest floor(4 * w)
        grow 4 pairs with smallest floor(far + 3 * uniform())
        grow 1 pairs with largest pre.index - far per post:
            w = uniform()
        grow pre.index % 3 pairs with smallest far per pre:
            w = 0.01 * far
        """,
        """
        prune 100 synapses with smallest w
        grow 500 pairs with largest far
        prune 5 synapses uniformly
        """,
    ),
    "matching": (
        "uniform(0.1, 0.2)",
        """
        prune 1 synapses uniformly per post
        grow by matching 3 - pre.out_degree % 4 per pre with randint(4) per post with probability exp(-far / 5):
            w = uniform(0.2, 0.5)
        """,
        """
        grow by matching 4 per pre with 8 per post
        """,
    ),
    "nothing": (
        "0.5",
        """
        sample 0 pairs:
            if connected:
                prune
            else:
                grow
        sample 4 slots of 0 per post:
            if connected:
                prune
        grow 0 pairs uniformly
        grow -3 pairs uniformly
        prune where w > 2
        prune 0 synapses with smallest w
        prune -1 synapses uniformly per post
        grow 0 pairs with largest far per pre
        grow by matching 0 per pre with 3 per post
        """,
        """
        w = 0.1
        """,
    ),
}


def text_of(name: str) -> str:
    start, each, signal = BODIES[name]
    return re.sub(r"\n\s*\n", "\n", NETWORK.format(start=start, each=each.strip("\n"), signal=signal.strip("\n")))


ACTIONS = (Action("run", 6), Action("signal", 0, 3), Action("run", 4), Action("signal", 0, 5), Action("signal", 0, 1),
           Action("rewire", 0, 9), Action("run", 5))  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_edits(name: str) -> None:
    number = list(BODIES).index(name)
    machine = Machine(("random", "reverse")[number % 2], number, block=32 * (1 + number % 3), spread=1 + number % 4)
    compare(text_of(name), Script(number, ("single", "double")[number % 2], 1, ACTIONS), machine)


def test_synapses_of_a_pair_come_and_go_in_one_statement() -> None:
    """What a new one draws depends on those that were there when it came, also if they have gone since."""
    few = {
        "on grid(3, 2)": "size 1",
        "size 5": "size 1",
        "on grid(4, 2, periodic)": "size 2",
        "25 slots of 6": "40 slots of 20",
        "30 slots of 8": "60 slots of 40",
    }
    text = text_of("slots")
    for old, new in few.items():
        text = text.replace(old, new)
    compare(text, Script(3, "single", 1, ACTIONS), Machine("random", 4))


@pytest.mark.parametrize("block", [32, 96, 256])
def test_more_wishes_than_threads_where_degrees_are_limited(block: int) -> None:
    """They wait for each other: most samples wish something about the same few neurons."""
    text = text_of("limits").replace("sample 40", "sample 900").replace("sample 20", "sample 500")
    order = ORDERS[block % len(ORDERS)]
    compare(text, Script(block, "single", 1, (Action("run", 3),)), Machine(order, block, 20000, block=block))


def test_several_threads_change_many_rows_at_once() -> None:
    """Only what sees single edits is left to one warp."""
    for name in BODIES:
        code = CudaBackend().emit(built(text_of(name)).scheduled, Options())
        assert ("pl_edits_one(" in code) == (name == "degrees")
        assert ("pl_settle_in_order(" in code) == (name == "limits")


@pytest.mark.parametrize("name", ["slots", "matching"])
def test_no_warnings_and_no_spills(name: str, tmp_path: Path) -> None:
    file = tmp_path / "kernels.cu"
    file.write_text(CudaBackend().emit(built(text_of(name)).scheduled, Options()))
    command = [compiler("nvcc").path, "-arch=sm_75", "-cubin", "--fmad=false", *STRICT, "-I", str(INCLUDE), str(file)]
    done = subprocess.run([*command, "-o", str(tmp_path / "k.cubin")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


# ---------------------------------------------------------------- warps on rows

SORT = """
#include "plast_device_rows.h"
struct numbers {{ {type} *values; long long n; }};
extern "C" __global__ void k(numbers *m, void *) {{ pl_warp_sort(m->values, m->n); }}
"""


@given(st.lists(st.integers(-9, 9), max_size=150), st.sampled_from(["int32_t", "int64_t"]))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_warp_sorts(values: list[int], type_: str) -> None:
    numbers = np.array(values, type_[:-2])
    device = EmulatedDevice(Schedule("random", 5, 3000))
    address, model = device.allocate(max(8, numbers.nbytes), "values"), device.allocate(16, "model")
    device.write(address, numbers)
    device.write(model, np.array([address, len(values)], np.int64))
    device.compile(SORT.format(type=type_), "single").launch([Call("k", 1, 32, model)])
    device.read(address, numbers)
    device.close()
    assert numbers.tolist() == sorted(values)


ELEMENTS = """
#include "plast_device_rows.h"
#include "plast_device_ranking.h"
struct numbers { pl_element *drawn, *sorted; long long n; };
extern "C" __global__ void sort(numbers *m, void *) { pl_elements_sort(m->drawn, m->n); }
extern "C" __global__ void place(numbers *m, void *) { pl_elements_place(m->drawn, m->n, m->sorted); }
"""


@pytest.mark.parametrize("count", [1, 2048, 4500])
def test_several_blocks_sort_elements(count: int) -> None:
    rng = np.random.default_rng(count)
    keys = rng.integers(0, 2**64, count, np.uint64)
    keys[::3] = keys[0]  # equal ones are in the order of their places
    drawn = np.stack([keys, rng.permutation(count).astype(np.uint64)], axis=1)
    device = EmulatedDevice(Schedule("random", 5, 300))
    places = [device.allocate(drawn.nbytes, name) for name in ("drawn", "sorted")]
    model = device.allocate(24, "model")
    device.write(places[0], drawn)
    device.write(model, np.array([*places, count], np.int64))
    module = device.compile(ELEMENTS, "single")
    module.launch([Call("sort", 2, 64, model), Call("place", 3, 64, model)])
    found = np.zeros_like(drawn)
    device.read(places[1], found)
    device.close()
    assert np.array_equal(found, drawn[np.lexsort((drawn[:, 1], drawn[:, 0]))])
