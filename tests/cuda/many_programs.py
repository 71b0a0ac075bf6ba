"""Thousands of random programs on the reference, C and emulated CUDA: `python -m tests.cuda.many_programs FROM TO`.

Programs have numbers, always the same for the same sources: PART of them are drawn from one seed. Each part runs in a
process of its own, so that nothing piles up and a crash is one more finding. What was run is appended to a record, and
what is in the record is not run again; a program on which two backends differ is shrunk and kept as a .plast file,
whose first line is the script of the host: as tests/cross/regressions/NAME.plast it is played by all tests.

While one program is played, the next one is compiled. Every program is played with all accesses of its kernels watched.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, seed, settings

from plastlang import kept
from plastlang.backends.c import backend as c_backend
from plastlang.backends.c.cache import library_for
from plastlang.backends.c.emit import emit
from plastlang.backends.c.toolchain import find_compiler
from plastlang.backends.cfamily import cache
from plastlang.backends.cfamily.cache import VARIABLE, cache_directory
from plastlang.backends.cuda import backend as cuda_backend
from plastlang.diagnostics import MachineError
from plastlang.driver import Built
from tests.cross.script import Script, scripts
from tests.cross.test_random_programs import FEW, QUICK
from tests.cross.versus import Disagreement, Player, _same
from tests.cuda.emulator import Violation, build
from tests.cuda.playing import DevicePlayer, Machine, machines
from tests.programs.running import built
from tests.programs.strategies import programs

#: Programs of one seed, and how large they are by the number of their part: most neurons, longest run, and steps from
#: one look at the network to the next. What is not looked at after each step is launched many steps at once.
PART, SIZES = 100, ((8, 12, 1), (8, 48, 17), (40, 6, 1), (200, 3, 1))
#: Every so many programs the C is gcc's; clang, where there is one, takes half as long for the others.
GCC_EVERY = 4
#: A program that takes longer than this hangs; looking for a smaller one that fails takes no longer than this (s).
PATIENCE, SHRINKING = 600, 120


@dataclass(frozen=True, slots=True)
class Case:
    """A program, what the host does with it, the device, and how often the network is looked at."""

    text: str
    script: Script
    machine: Machine
    every: int = 1

    def __str__(self) -> str:
        return f"{self.script}\n# on {self.machine}\n{self.text}"


def agree(case: Case, network: Built | None = None) -> None:
    """Play a program on all three.

    Raises Disagreement with the program and the first difference, or with the rule that a kernel broke.
    """
    text, script, machine, every = case.text, case.script, case.machine, case.every
    network = network or built(text)
    reference = Player(network, "reference", script, every, 1).play()
    _same(text, script, reference, Player(network, "c", script, every, 1).play(), "C")
    try:
        emulated = DevicePlayer(network, "cuda", script, every, 1, machine).play()
    except Violation as violation:
        raise Disagreement(f"{violation}\n\n# on {machine}\n{script}\n{text}") from None
    _same(text, script, reference, emulated, f"CUDA on {machine}")


# ---------------------------------------------------------------- programs by their numbers


def _of_part(part: int, play: Callable[[Case], None], phases: tuple[Phase, ...], ptx: bool) -> None:
    """Call `play` with the programs of a part, in their order. `ptx`: their kernels are run as PTX."""
    most, longest, every = SIZES[part % len(SIZES)]

    @seed(part)
    @settings(FEW, derandomize=False, max_examples=PART, phases=phases, report_multiple_bugs=False)
    @given(programs(most), scripts(longest), machines())
    def draw(text: str, script: Script, machine: Machine) -> None:
        play(Case(text, script, replace(machine, ptx=ptx), every))

    draw()


def cases(part: int, ptx: bool = False) -> list[Case]:
    """The programs of a part. There may be fewer than PART of them, if hypothesis finds no more."""
    found: list[Case] = []
    _of_part(part, found.append, (Phase.generate,), ptx)
    return found


class _Enough(BaseException):
    """Shrinking has taken its time."""


def smaller(part: int, case: Case, fails: Callable[[Case], str]) -> tuple[Case, str]:
    """The smallest program that fails as one of a part does, and how. `fails` gives "" where nothing is wrong."""
    best, how = case, ""
    begun = time.monotonic()

    def play(other: Case) -> None:
        nonlocal best, how
        if not how and other != case:
            return
        if time.monotonic() - begun > SHRINKING:
            raise _Enough
        what = fails(other)
        if what:
            if not how or len(str(other)) < len(str(best)):
                best, how = other, what
            raise Disagreement(what)

    with suppress(_Enough, Exception):
        _of_part(part, play, (Phase.generate, Phase.shrink), case.machine.ptx)
    return best, how or fails(case)


# ---------------------------------------------------------------- playing


@contextmanager
def emitting_once() -> Iterator[None]:
    """A program that is loaded again (the host has moved) is not emitted again, and nothing is kept of what never
    comes again."""
    c, cuda = (sys.modules[type(module).__module__] for module in (c_backend, cuda_backend))
    patches: list[tuple[Any, str, Any]] = [
        (c, "emitted", _once(emit)), (cuda, "emit", _once(cuda.emit)), (kept, "key", lambda checked: ""),
        (cache, "find", lambda name, kind: None), (cache, "keep", lambda name, value: None),
    ]  # fmt: skip
    before = [getattr(place, name) for place, name, _ in patches]
    for place, name, value in patches:
        setattr(place, name, value)
    try:
        yield
    finally:
        for (place, name, _), value in zip(patches, before, strict=True):
            setattr(place, name, value)


def _once(emit: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[tuple[Any, ...], Any] = {}

    def emitted(program: Any, *options: Any) -> Any:
        key = (id(program), *options)
        if key not in known:
            if len(known) > 8:
                known.clear()
            known[key] = (program, emit(program, *options))  # the program stays, and with it its id
        return known[key][1]

    return emitted


def fails(case: Case) -> str:
    """What goes wrong with a program, or ""."""
    try:
        agree(replace(case, machine=replace(case.machine, keep=False)))
    except Exception as error:
        return f"{type(error).__name__}: {error}" if not isinstance(error, Disagreement) else str(error)
    return ""


class Preparing:
    """Compiles the next programs while another is played."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2)

    def begin(self, number: int, case: Case) -> tuple[Built, list[Future[Any]]]:
        """Lower a program and let its code be compiled."""
        os.environ["CC"] = "gcc" if number % GCC_EVERY == 0 or not shutil.which("clang") else "clang"
        compiler = find_compiler()
        network = built(case.text)
        c, cuda = (  # with the arguments of `load`, so that it finds them
            getattr(sys.modules[type(module).__module__], name)(network.scheduled, case.script.precision, batch).source
            for module, name, batch in ((c_backend, "emitted", 1), (cuda_backend, "emit", False))
        )
        of_c = self._pool.submit(library_for, c, lambda: compiler)
        return network, [of_c, self._pool.submit(build.compiled, cuda, case.machine.variant)]

    def finish(self, number: int, begun: tuple[Built, list[Future[Any]]], case: Case) -> str:
        """Play it. What goes wrong, or ""."""
        os.environ["CC"] = "gcc" if number % GCC_EVERY == 0 or not shutil.which("clang") else "clang"
        try:
            for task in begun[1]:
                task.result()
            agree(case, begun[0])
        except Disagreement as error:
            return str(error)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""


def _forget() -> None:
    """Nothing of a program stays in the cache but what all share."""
    for path in cache_directory().rglob("*"):
        if path.is_file() and not path.name.startswith(("engine-", "front-", "runtime-")) and "build-" not in str(path):
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the record and what failed are, and whether kernels are run as PTX."""

    directory: Path
    ptx: bool = False

    @property
    def record(self) -> Path:
        return self.directory / "record.jsonl"

    @property
    def playing(self) -> Path:
        return self.directory / "playing"

    def keep(self, number: int, case: Case, what: str) -> None:
        """A program that failed, as a file of regressions begins."""
        lines = [f"# {line}".rstrip() for line in what.split("\n\n#")[0].splitlines()[:12]]
        first, rest = str(case).split("\n", 1)
        path = self.directory / "failed" / f"{number:06}.plast"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([first, *lines, rest]), "utf-8")

    def append(self, begin: int, end: int, done: int, failed: int, seconds: float) -> None:
        """A line of the record: [begin, end), how many of them there were, how many failed."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = {"from": begin, "to": end, "programs": done, "failed": failed, "seconds": round(seconds, 1), "at": now}
        with self.record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def recorded(self) -> list[dict[str, Any]]:
        """All lines of the record."""
        if not self.record.exists():
            return []
        return [json.loads(line) for line in self.record.read_text("utf-8").splitlines()]

    def next_piece(self, begin: int, end: int) -> tuple[int, int]:
        """What comes first in [begin, end) of what is not in the record; nothing: (end, end)."""
        for line in sorted(self.recorded(), key=lambda line: int(line["from"])):
            if line["from"] <= begin:
                begin = max(begin, min(line["to"], end))
            else:
                end = max(begin, min(end, line["from"]))
        return begin, end


def play_part(place: Place, begin: int, end: int) -> None:
    """Programs [begin, end) of one part, in this process; each `number done failed` goes to `playing`."""
    part = begin // PART
    found = cases(part, place.ptx)[begin - part * PART : end - part * PART]
    preparing, failed, following = Preparing(), 0, None
    with emitting_once():
        for k, case in enumerate(found):
            signal.alarm(PATIENCE)  # its default is the end of this process
            number = begin + k
            place.playing.write_text(f"{number} {k} {failed}", "utf-8")
            try:
                begun = following or preparing.begin(number, case)
                following = preparing.begin(number + 1, found[k + 1]) if k + 1 < len(found) else None
            except Exception:  # the one or the other cannot be built: say which
                begun, following = None, None
            what = preparing.finish(number, begun, case) if begun else fails(case)
            if what:
                failed += 1
                print(f"program {number}: {what.splitlines()[0]}", flush=True)
                place.keep(number, case, what)
                signal.alarm(PATIENCE)
                place.keep(number, *smaller(part, case, fails))
            if not following:
                _forget()
    signal.alarm(0)
    place.playing.write_text(f"{end} {len(found)} {failed}", "utf-8")


def run_part(place: Place, begin: int, end: int) -> None:
    """The same in a process of its own, or in as many as it takes: one that crashes is followed by another."""
    while begin < end:
        started = time.monotonic()
        place.playing.write_text(f"{begin} 0 0", "utf-8")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                play_part(place, begin, end)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        number, done, failed = map(int, place.playing.read_text("utf-8").split())
        if status != 0:
            part = number // PART
            what = f"the process ended with status {status}"
            print(f"program {number}: {what}", flush=True)
            place.keep(number, cases(part, place.ptx)[number - part * PART], what)
            place.append(begin, number + 1, done + 1, failed + 1, time.monotonic() - started)
            begin = number + 1
            continue
        place.append(begin, end, done, failed, time.monotonic() - started)
        return


def main(arguments: list[str] | None = None) -> int:
    """Run programs; 1 if any has failed, 3 if the machine cannot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("begin", type=int, nargs="?", default=0, metavar="FROM")
    parser.add_argument("end", type=int, nargs="?", default=20_000, metavar="TO")
    parser.add_argument("--into", type=Path, default=Path("out/many_programs"), help="folder of record and failures")
    parser.add_argument("--ptx", action="store_true", help="run NVIDIA's PTX of the kernels (takes four times as long)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after the part that is then played")
    given_ = parser.parse_args(arguments)
    if given_.ptx:
        try:
            build.nvrtc()
        except MachineError as error:
            print(error)
            return 3
    place = Place(given_.into.resolve(), given_.ptx)
    place.directory.mkdir(parents=True, exist_ok=True)
    os.environ["PLASTLANG_CFLAGS"] = QUICK
    os.environ[VARIABLE] = str(place.directory / "cache")
    begun, played = time.monotonic(), 0
    begin = given_.begin
    while begin < given_.end and time.monotonic() - begun < 60 * given_.minutes:
        begin, end = place.next_piece(begin, min(given_.end, (begin // PART + 1) * PART))
        if begin < end:
            run_part(place, begin, end)
            played += end - begin
            took = time.monotonic() - begun
            lines = place.recorded()
            print(
                f"to {end}: {sum(line['programs'] for line in lines)} programs in all, "
                f"{sum(line['failed'] for line in lines)} failed; {played / took:.2f}/s, "
                f"{(given_.end - end) * took / played / 3600:.1f} h to go",
                flush=True,
            )  # fmt: skip
        begin = end
    return int(any(line["failed"] for line in place.recorded()))


if __name__ == "__main__":
    sys.exit(main())
