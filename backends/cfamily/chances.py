"""What C and CUDA keep of a probability that is NaN."""

from __future__ import annotations

from plastlang.backends.interface import LATE_NEURON, ChanceFault
from plastlang.ir.nodes import Program

#: Bits of a neuron's number in a word (`pl_no_chance_word` of plast_random.h).
_BITS = LATE_NEURON.bit_length()


def chance_fault(program: Program, word: int, step: int) -> ChanceFault:
    """The fault of a word that is not 0."""
    packed = ~word & (2**64 - 1)
    pre, post = packed >> _BITS & LATE_NEURON, packed & LATE_NEURON
    return ChanceFault(program, packed >> 2 * _BITS, pre, post, step)
