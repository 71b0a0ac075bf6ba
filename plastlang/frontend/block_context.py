"""The block that a statement stands in: what it may write and at which site it runs."""

from __future__ import annotations

from dataclasses import dataclass

from plastlang.frontend.check_values import (
    Place,
)
from plastlang.ir.types import Site

#: Sites that each kind of block writes, per kind of component.
WRITES: dict[tuple[str, str], tuple[Site, ...]] = {
    ("rule", "pre spike"): (Site.PRE, Site.SYNAPSE),
    ("rule", "post spike"): (Site.POST, Site.SYNAPSE),
    ("rule", "each step"): (Site.GLOBAL, Site.PRE, Site.POST, Site.SYNAPSE),
    ("rule", "every"): (Site.GLOBAL, Site.PRE, Site.POST, Site.SYNAPSE),
    ("rule", "signal"): (Site.GLOBAL, Site.PRE, Site.POST, Site.SYNAPSE),
    ("neuron", "spike"): (Site.NEURON,),
    ("neuron", "each step"): (Site.GLOBAL, Site.NEURON),
    ("neuron", "every"): (Site.GLOBAL, Site.NEURON),
    ("neuron", "signal"): (Site.GLOBAL, Site.NEURON),
}
KEYWORD = {
    Site.GLOBAL: "global",
    Site.NEURON: "state",
    Site.PRE: "pre",
    Site.POST: "post",
    Site.SYNAPSE: "synapse",
    Site.PAIR: "pair",
}
_TITLES = {
    "pre spike": "`on pre spike`",
    "post spike": "`on post spike`",
    "each step": "`each step`",
    "every": "`every`",
    "signal": "a signal block",
    "spike": "a spike block",
}


@dataclass(frozen=True, slots=True)
class Context:
    """The block that a statement stands in. `inside`: "", "if", "sample", "grow".

    `late`: the spike of the block comes to each synapse at a time of its own.
    """

    kind: str
    trigger: str
    inside: str = ""
    sample: str = ""
    connected: bool | None = None
    late: bool = False

    @property
    def title(self) -> str:
        return {"sample": "a sample", "grow": "the body of `grow`"}.get(self.inside, _TITLES[self.trigger])

    @property
    def writes(self) -> tuple[Site, ...]:
        return (Site.SYNAPSE,) if self.inside == "grow" or self.late else WRITES[self.kind, self.trigger]

    def place(self, what: str) -> Place:
        sample = self.sample if self.inside == "sample" else ""
        spike = self.trigger.endswith("spike")
        return Place(
            what,
            before=self.trigger in ("pre spike", "post spike"),
            sample=sample,
            connected=self.connected,
            aggregates=not spike and self.inside in ("", "if"),
        )

    def settle(self, site: Site) -> Site:
        """The site at which a statement that needs `site` runs in this block."""
        if self.inside == "grow" or self.late:
            return Site.SYNAPSE
        if self.sample:
            return Site.SYNAPSE if self.connected else Site.PAIR
        if self.trigger in ("pre spike", "post spike"):
            end = Site.PRE if self.trigger == "pre spike" else Site.POST
            return end if site in (Site.GLOBAL, end) else Site.SYNAPSE
        if self.trigger == "spike":
            return Site.NEURON
        return Site.SYNAPSE if site is Site.PAIR else site
