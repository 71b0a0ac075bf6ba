"""Progress of a run: a bar with simulated time and real-time factor on a terminal, two plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from plastlang.runtime.run import Progress


@contextmanager
def reporter(
    progress: bool | Callable[[Progress], None], goal: float, stream: TextIO | None = None
) -> Iterator[Callable[[Progress], None] | None]:
    """A function to call with each `Progress`, or None for silence.

    Args:
        progress: False, True for the standard way, or the caller's own function.
        goal: simulated time of the whole run, ms.
        stream: where to write; stderr without one.
    """
    if progress is False:
        yield None
    elif progress is not True:
        yield progress
    else:
        output = stream or sys.stderr
        if output.isatty():
            with _bar(goal, output) as report:
                yield report
        else:
            yield from _line(output)


def seconds(milliseconds: float) -> str:
    """`12.3 ms`, `4.50 s`."""
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.4g} ms"


def _line(output: TextIO) -> Iterator[Callable[[Progress], None]]:
    last: list[Progress] = []

    def report(progress: Progress) -> None:
        if not last:
            print(f"simulating {seconds(progress.goal)}", file=output, flush=True)
        last[:] = [progress]

    try:
        yield report
    finally:
        for progress in last:
            times = f"{seconds(progress.simulated)} simulated in {progress.elapsed:.2f} s"
            print(f"{times} ({progress.factor:.3g} times real time)", file=output)


@contextmanager
def _bar(goal: float, output: TextIO) -> Iterator[Callable[[Progress], None]]:
    # rich takes a tenth of a second to load, and only people at a terminal need it
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.fields[simulated]}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[factor]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(file=output)) as bar:
        task = bar.add_task("", total=goal, simulated="", factor="")

        def report(progress: Progress) -> None:
            bar.update(
                task, completed=progress.simulated,
                simulated=f"{seconds(progress.simulated)} of {seconds(progress.goal)}",
                factor=f"{progress.factor:.3g} times real time",
            )  # fmt: skip

        yield report
