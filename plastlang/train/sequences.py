"""Published tasks in which time matters: evidence to be remembered, and patterns to be generated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plastlang.runtime.calls import bad_call, whole
from plastlang.runtime.durations import milliseconds
from plastlang.train.encodings import poisson
from plastlang.train.examples import Example

#: Evidence accumulation, in ms: a cue, and from one cue to the next, of which the silence comes first.
_CUE, _INTERVAL = 100, 150
#: Pattern generation: Hz; and ms between two spikes of a neuron of the clock.
_FREQUENCIES = (1, 2, 3, 5)
_BETWEEN = 10


def evidence_accumulation(
    n: int, seed: int = 0, *, cues: int = 7, delay: object = "1050 ms", recall: object = "150 ms", per_group: int = 10,
    rate: object = "40 Hz", chance: float = 0.3,
) -> list[Example]:  # fmt: skip
    """Was it more cues on the left or on the right? (Bellec et al., Nature Communications 11, 3625, 2020, figure 4).

    Four groups of neurons: left (their class is 0), right (1), the demand to recall, background. In each example one
    side gets each cue with the probability `chance`. Cues last 100 ms, one every 150 ms. Then comes the delay, and at
    the end the demand to recall; only then should the read-out be judged: `ClassReadOut(recall = 150 ms)`.

    Args:
        n: how many examples.
        seed: the same seed gives the same examples.
        cues: an odd number.
        delay: from the last cue to the demand; 1050 ms in the authors' program.
        recall: how long the demand lasts.
        per_group: neurons of each group.
        rate: of neurons while their cue is on; the background fires with a quarter of it throughout.
        chance: of a cue to be on the side that is less likely.
    """
    count, group = whole(cues, "cues", 1), whole(per_group, "per_group", 1)
    if count % 2 == 0:
        raise bad_call(f"cues must be an odd number, so that one side has more of them, not {cues}", code="R401")
    if not 0 <= chance <= 1:
        raise bad_call(f"chance is a probability, not {chance!r}", code="R401")
    waits, asks = _steps(delay, "delay"), _steps(recall, "recall")
    length = count * _INTERVAL + waits + asks
    rng = np.random.default_rng((seed, whole(n, "n", 1)))
    likely = np.where(rng.random(n) < 0.5, chance, 1 - chance)
    right = rng.random((n, count)) < likely[:, None]
    found = []
    for sides in right:
        on = np.zeros((length, 4), bool)
        for number, side in enumerate(sides):
            end = (number + 1) * _INTERVAL
            on[end - _CUE : end, int(side)] = True
        on[length - asks :, 2] = True
        levels = np.repeat(on + np.array([0, 0, 0, 0.25]), group, axis=1)
        found.append(_drawn(levels, rate, int(sides.sum() > count // 2), rng))
    return found


def _drawn(levels: NDArray[np.float64], rate: object, target: int, rng: np.random.Generator) -> Example:
    """Spikes at random in steps of 1 ms, of `levels` (steps, neurons) times the rate."""
    (whole_step,) = poisson(levels.reshape(1, -1), [target], "1 ms", rate, seed=int(rng.integers(2**62)))
    steps, neurons = np.divmod(np.asarray(whole_step.neurons), levels.shape[1])
    return Example(neurons, steps.astype(np.float64), target, float(len(levels)))


def pattern_generation(outputs: int = 3, seed: int = 0) -> tuple[Example, dict[str, NDArray[np.float64]]]:
    """Each read-out should follow a pattern of 1 s (Bellec et al., Nature Communications 11, 3625, 2020).

    Patterns are sums of sinusoids of 1, 2, 3 and 5 Hz, amplitudes drawn from 0.5 to 2 and phases from 0 to 2 pi, scaled
    so that their largest absolute value is 1. The input is a clock: five groups of four neurons, each of which fires
    for 200 ms with 100 Hz.

    Args:
        outputs: how many read-outs.
        seed: the same seed gives the same patterns.

    Returns:
        the example for 20 source neurons, and start values of `PatternReadOut`: `a_1` to `a_4`, `phase_1` to `phase_4`,
        each of shape (outputs,).
    """
    rng = np.random.default_rng(seed)
    shape = (len(_FREQUENCIES), whole(outputs, "outputs", 1))
    amplitudes, phases = rng.uniform(0.5, 2, shape), rng.uniform(0, 2 * np.pi, shape)
    seconds, cycles = np.arange(1000) / 1000, 2 * np.pi * np.array(_FREQUENCIES)
    signals = (amplitudes * np.sin(np.multiply.outer(seconds, cycles)[..., None] + phases)).sum(axis=1)
    amplitudes = amplitudes / np.abs(signals).max(axis=0)
    times = np.arange(0.0, 1000.0, _BETWEEN)
    neurons = (times // 200).astype(np.int64)[:, None] * 4 + np.arange(4)
    clock = Example(neurons.ravel(), np.repeat(times, 4), np.ones(outputs), 1000.0)
    return clock, {
        f"{name}_{number}": row
        for name, rows in (("a", amplitudes), ("phase", phases))
        for number, row in enumerate(rows, 1)
    }


def _steps(value: object, what: str) -> int:
    """Whole steps of 1 ms."""
    return round(milliseconds(value, what))
