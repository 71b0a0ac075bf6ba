"""A block of C under construction, and what the names in it stand for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from plastlang.ir.nodes import Expr
from plastlang.ir.types import Site, Type


@dataclass(slots=True)
class Scope:
    """A C block under construction: declarations, made when a name is first used, and the lines after them."""

    declared: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=lambda: [0])
    constants: dict[Expr, str] = field(default_factory=dict)

    def declare(self, name: str, declaration: str) -> str:
        """Make sure that `name` is declared at the head of the block."""
        self.declared.setdefault(name, declaration)
        return name

    def fresh(self, base: str) -> str:
        """A new identifier."""
        self.numbers[0] += 1
        return f"{base}_{self.numbers[0]}"

    def text(self) -> list[str]:
        """The lines, without declarations and lets that nothing uses."""
        lines = [*self.declared.values(), *self.lines]
        names = [m.group(1) if " = " in x and (m := _CONSTANT.match(x)) else "" for x in lines]
        declared = Counter(names)
        if len(declared) == 1 and "" in declared:
            return lines
        uses = Counter(_WORD.findall("\n".join(lines)))
        while unused := {k for k, name in enumerate(names) if name and uses[name] == declared[name]}:
            for k in unused:
                uses.subtract(_WORD.findall(lines[k]))
                declared[names[k]] -= 1
            lines = [x for k, x in enumerate(lines) if k not in unused]
            names = [x for k, x in enumerate(names) if k not in unused]
        return lines


_WORD = re.compile(r"\w+")
_CONSTANT = re.compile(r"\s*(?:const )?(?:float|double|int32_t|bool|uint32_t)\b[^=;(]*?\b(\w+)(?:\[\w*\])? = .*;$")


@dataclass(frozen=True, slots=True)
class Value:
    """A `let` or argument: its text, type and site. `indexed`: one value per instance of the site."""

    text: str
    type: Type
    site: Site
    indexed: bool = False
