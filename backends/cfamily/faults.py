"""What C and CUDA keep of a run that could not go on, as words in which the least has the largest number."""

from __future__ import annotations

from plastlang.backends.interface import LATE_NEURON, InputFault, NanFault
from plastlang.ir.nodes import Program

#: Bits of a neuron's number in a word (`pl_nan_word` and `pl_input_word` of plast_random.h).
_BITS = LATE_NEURON.bit_length()


def nan_fault(program: Program, word: int, step: int) -> NanFault:
    """The fault of a probability or rank that is NaN."""
    packed = ~word & (2**64 - 1)
    pre, post = packed >> _BITS & LATE_NEURON, packed & LATE_NEURON
    return NanFault(program, packed >> 2 * _BITS, pre, post, step)


def input_fault(program: Program, word: int, step: int, batch: int) -> InputFault:
    """The fault of an input that has left its range."""
    packed = ~word & (2**64 - 1)
    population = program.populations[packed >> 50]
    port = population.inputs[packed >> _BITS & 0x3FF].port
    network = packed >> 34 & 0xFFFF if batch > 1 else None
    return InputFault(population.name, port, packed & LATE_NEURON, step, network)
