"""What a failure of a property test costs: looking for a smaller one that fails ends after a while.

Each attempt at a smaller random program compiles it, so that hypothesis, which stops of itself after five minutes,
would take all of them. After `LIMIT` seconds what has not failed yet counts as right, without being tried: nothing
smaller is found any more, and the smallest that was found is shown.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

#: Seconds from the first failure of a test.
LIMIT = 40.0


@dataclass(slots=True)
class Bound:
    """What is known of the run of one test: when it failed first, and on what."""

    since: float | None = None
    failed: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """A new run begins."""
        self.since = None
        self.failed.clear()

    def is_over(self) -> bool:
        """Whether no smaller one is to be looked for any more."""
        return self.since is not None and time.monotonic() - self.since > LIMIT


def bounded(test: Callable[..., Any], bound: Bound) -> Callable[..., Any]:
    """A property that is not tried any more once the bound is over, but on what it has failed on before."""

    @functools.wraps(test)
    def tried(*arguments: Any, **drawn: Any) -> Any:
        what = repr(drawn)
        if bound.is_over() and what not in bound.failed and " at 0x" not in what and "data(...)" not in what:
            return None
        try:
            return test(*arguments, **drawn)
        except Exception:
            bound.since = bound.since or time.monotonic()
            bound.failed.add(what)
            raise

    return tried
