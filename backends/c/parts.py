"""A source in parts that may be compiled at the same time: owners know nothing of one another, only the run knows all.

What the run calls of an owner is declared in front, and gets a name that the linker sees where parts are compiled alone
(`PL_ONLY` of plast_host.h). Compiled as one, the source is what it would be without parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from plastlang.backends.cfamily.unit import Unit

#: Characters of all owners from which on a second part pays: a compiler reads the headers as long as it works on 5000.
WORTHWHILE = 20_000
PARTS = 2
_HEAD = re.compile(r"^(PL_LOCAL|PL_PHASE|PL_COLD) (.*?\b(\w+)\(.*\)) \{$", re.MULTILINE)


def in_parts(units: Iterable[Unit], run: list[str]) -> list[str]:
    """The functions of all owners, then what calls them."""
    texts = ["\n".join(unit.lines) for unit in units]
    if sum(map(len, texts)) < WORTHWHILE or len(texts) < 2:
        return [*texts, *run]
    called = set(re.findall(r"\w+", "\n".join(run)))
    declarations: list[str] = []

    def linked(head: re.Match[str]) -> str:
        if head[3] not in called:
            return head[0]
        declarations.append(f"PL_LINKED {head[2]};")
        return f"{head[1]}_LINKED {head[2]} {{"

    texts = [_HEAD.sub(linked, text) for text in texts]
    parts = _shared_out([len(text) for text in texts], len("\n".join(run)))
    owners = [f"#if PL_PART({part})\n{text}#endif\n" for part, text in zip(parts, texts, strict=True)]
    return [*declarations, "", *owners, "#if PL_PART(0)", *run, "#endif"]


def _shared_out(sizes: list[int], run: int) -> list[int]:
    """The part of each owner: the largest first, each to the part that has least; part 0 has the run."""
    loads = [run, *[0] * (PARTS - 1)]
    found = [0] * len(sizes)
    for number in sorted(range(len(sizes)), key=lambda k: -sizes[k]):
        found[number] = loads.index(min(loads))
        loads[found[number]] += sizes[number]
    return found
