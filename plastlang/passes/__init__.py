"""Passes over the intermediate representation, one a file, each a function from program to program.

`CANONICAL` passes are part of the meaning: they run before every backend, the reference included, since they decide
what is rounded where.
`SCHEDULING` passes never change a bit; they are for the emitters.
"""

from __future__ import annotations

from collections.abc import Callable

from plastlang.ir.nodes import Program
from plastlang.passes.fold import fold
from plastlang.passes.hoist import hoist
from plastlang.passes.schedule import schedule
from plastlang.passes.share import share

Pass = Callable[[Program], Program]

CANONICAL: tuple[Pass, ...] = (fold, hoist)
SCHEDULING: tuple[Pass, ...] = (schedule, share)
