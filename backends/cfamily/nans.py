"""What C and CUDA keep of a probability or rank that is NaN."""

from __future__ import annotations

from plastlang.backends.interface import LATE_NEURON, NanFault
from plastlang.ir.nodes import Program

#: Bits of a neuron's number in a word (`pl_nan_word` of plast_random.h).
_BITS = LATE_NEURON.bit_length()


def nan_fault(program: Program, word: int, step: int) -> NanFault:
    """The fault of a word that is not 0."""
    packed = ~word & (2**64 - 1)
    pre, post = packed >> _BITS & LATE_NEURON, packed & LATE_NEURON
    return NanFault(program, packed >> 2 * _BITS, pre, post, step)
