"""Kernels of a step that do not meet run at the same time: a launch costs about as much for many as for one.

They come in the order of the step but where it does not matter. Those that share a launch become functions, and a
kernel calls the one of its layer of the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby

from plastlang.backends.cfamily.printer import comment, indent
from plastlang.backends.cuda.kernels import Kernel, Module
from plastlang.backends.cuda.plan import Launch, Launches, Networks, Shape, Uses

#: Begins a kernel that is not told of inputs that are too large: those beside it may be finding some.
EARLY = "PL_ENTER_ADVANCE"
#: Begins a kernel beside one that may stall: all threads of a block see the same.
BESIDE_STALLS = "PL_ENTER_BLOCK"


def together(step: Launches, module: Module, batched: bool) -> Launches:
    """The launches of a step, as few as there can be; `module` gets the kernels that call several.

    `batched`: what runs for each network and what runs once share no launch.
    """
    if not batched:
        step = tuple(replace(launch, networks=Networks.ONCE) for launch in step)
    units = _units(step)
    waits = [{k for k in range(n) if _meet(units[k], units[n])} for n in range(len(units))]
    left, launches = list(range(len(units))), list[Launch]()
    while left:
        ready = [n for n in left if not waits[n].intersection(left)]
        kind = _kind(units[ready[0]])
        chosen = ready[:1] if kind is None else [n for n in ready if _kind(units[n]) == kind]
        left = [n for n in left if n not in chosen]
        found = [launch for n in chosen for launch in units[n]]
        launches += [_joined(found, module, len(launches))] if len(chosen) > 1 else found
    return tuple(launches)


def _units(step: Launches) -> list[Launches]:
    """Kernels that stay beside each other."""
    units = list[Launches]()
    for sequence, found in groupby(step, lambda x: x.sequence if _alone(x) else ""):
        some = tuple(found)
        units += [some] if sequence else [(launch,) for launch in some]
    return units


def _alone(launch: Launch) -> bool:
    return launch.apart or launch.networks is Networks.ORDER


def _kind(unit: Launches) -> tuple[Networks, bool] | None:
    """Kernels of the same kind may share a launch; None: it shares none."""
    (launch, *_) = unit
    if _alone(launch) or launch.uses is None:
        return None
    return launch.networks, launch.stalls


def _meet(first: Launches, second: Launches) -> bool:
    one, other = _uses(first), _uses(second)
    return one is None or other is None or one.meet(other)


def _uses(unit: Launches) -> Uses | None:
    def both(one: Uses | None, other: Uses | None) -> Uses | None:
        if one is None or other is None:
            return None
        return Uses(one.reads | other.reads, one.writes | other.writes, one.adds | other.adds)

    return reduce(both, (launch.uses for launch in unit))


def _joined(launches: Sequence[Launch], module: Module, number: int) -> Launch:
    """One launch for all of them, and its kernel."""
    names = [launch.kernel for launch in launches]
    kernels = {k.launch.kernel: k for k in module.lines if isinstance(k, Kernel)}
    enter = ""
    if any(kernels[name].enter == EARLY for name in names):
        enter = EARLY
    elif launches[0].stalls:
        enter = BESIDE_STALLS
    lines = list[str | Kernel]()
    for line in module.lines:
        inside = isinstance(line, Kernel) and line.launch.kernel in names
        lines += line.text(enter, "PL_DEVICE") if isinstance(line, Kernel) and inside else [line]
    name = f"plast_together{number}"
    cases = [f"case {layer}: {kernel}(m, data); return;" for layer, kernel in enumerate(names)]
    lines += [
        comment("at the same time"),
        f'extern "C" __global__ void {name}(pl_model *m, void *data) {{',
        *indent(["switch (pl_layer(data)) {", *cases, "}"]),
        "}",
        "",
    ]
    module.lines = lines
    module.count += 1
    every = frozenset[tuple[str, int]]().union(*(launch.every for launch in launches))
    return Launch(
        name, module.count - 1, Shape.SPREAD, networks=launches[0].networks, parts=tuple(launches),
        every=every if all(launch.every for launch in launches) else frozenset(),
    )  # fmt: skip
