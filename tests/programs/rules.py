"""Random rules for one projection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.programs.expressions import Draw, condition, expression
from tests.programs.neurons import State

#: What each site sees.
_SEES = {
    "global": ("global",),
    "pre": ("global", "pre"),
    "post": ("global", "post"),
    "pair": ("global", "pre", "post", "pair"),
    "synapse": ("global", "pre", "post", "pair", "synapse"),
}
_BUILT_IN = {
    "global": ("(t / (7 ms))", "synapses * 0.02"),
    "pre": ("pre.index * 0.1", "pre.pos.x * 0.2", "pre.out_degree * 0.1", "pre.group * 1.0"),
    "post": ("post.index * 0.1", "post.pos.y * 0.2", "post.in_degree * 0.1"),
    "pair": ("distance(pre, post) * 0.2",),
    "synapse": (),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """The text of a rule, what must be said where it is used, and the start values that the projection gives."""

    name: str
    text: str
    call: str
    initial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    site: str
    bounded: bool
    whole: bool = False  # INT


@dataclass(slots=True)
class _Builder:
    """`patient`: post spikes can wait for the next look at the synapse (nothing in the rule hinders it)."""

    draw: Draw
    prefix: str
    patient: bool
    pre_states: tuple[State, ...]
    post_states: tuple[State, ...]
    weight: State  # name of the weight, and its unit
    delivers: bool
    variables: list[_Variable] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    lets: int = 0

    def maybe(self) -> bool:
        return self.draw(st.booleans())

    def atoms(self, site: str, trigger: str, lets: Iterable[tuple[str, str]] = ()) -> list[str]:
        """What can be read at a site, as numbers."""
        seen = _SEES[site]
        before = trigger in ("pre", "post")
        waits = self.patient and trigger == "post" and site == "synapse"
        found = ["gain"]
        for variable in self.variables:
            if variable.site in seen and not (waits and variable.site == "global"):
                found.append(f"{variable.name} * 0.1" if variable.whole else variable.name)
                kept = ("pre", "post") if waits else ("pre", "post", "synapse")
                if before and not variable.whole and variable.site in kept:
                    found.append(f"{variable.name}@before")
        if "synapse" in seen:
            found.append(self.weight.scaled)
        found += [name for name, let_site in lets if let_site in seen]
        for end, states in (("pre", self.pre_states), ("post", self.post_states)):
            if end in seen and not (waits and end == "pre"):
                found += [State(f"{end}.{s.name}", s.unit).scaled for s in states]
        built_in = [text for place in seen for text in _BUILT_IN[place]]
        return found + [text for text in built_in if not (waits and ("degree" in text or "synapses" in text))]

    # ------------------------------------------------------------ declarations

    def declare(self) -> None:
        """Variables and equations."""
        p = self.prefix
        self._traces("pre", (f"{p}x", f"{p}xx"))
        self._traces("post", (f"{p}y", f"{p}yy"))
        if self.maybe():
            self._traces("synapse", (f"{p}e", f"{p}c"))
        if self.maybe():
            self._plain("pre" if self.maybe() else "post", f"{p}r")
        if self.maybe():
            self._plain("synapse", f"{p}q")
        if self.maybe():
            start = self.draw(st.sampled_from(["random_sign()", "uniform(0.5, 1.5)", "distance(pre, post) * 0.3"]))
            self.lines.append(f"pair {p}s = {start}")
            self.variables.append(_Variable(f"{p}s", "pair", True))
        if self.maybe():
            self._plain("global", f"{p}total")
        if self.maybe():
            site = self.draw(st.sampled_from(["synapse", "pre", "post"]))
            self.lines.append(f"{site} {p}n = int(0)")
            self.variables.append(_Variable(f"{p}n", site, True, whole=True))

    def _plain(self, site: str, name: str) -> None:
        bounded = self.maybe()
        start = self.draw(st.sampled_from(["0.0", "0.5", "uniform(0.0, 1.0)"]))
        self.lines.append(f"{site} {name} = {start}{' in [-3.0, 3.0]' if bounded else ''}")
        self.variables.append(_Variable(name, site, bounded))

    def _traces(self, site: str, names: tuple[str, str]) -> None:
        """A trace: lazy, coupled to a second one, stepped, or none."""
        stepped = [] if self.patient and site != "post" else ["stepped", "nonlinear", "noisy"]
        kind = self.draw(st.sampled_from(["lazy", "none", "chain", "coupled", *stepped]))
        if kind == "none":
            return
        first, second = names
        bounded = self.maybe()
        limits = " in [-4.0, 4.0]" if bounded else ""
        self.lines.append(f"{site} {first} = 0.0{limits}")
        self.variables.append(_Variable(first, site, bounded))
        if kind in ("chain", "coupled"):
            self.lines.append(f"{site} {second} = 0.0")
            self.variables.append(_Variable(second, site, False))
        tau = self.draw(st.sampled_from(["tau_a", "tau_b"]))
        match kind:
            case "lazy":
                drift = self.draw(st.sampled_from(["", "0.2 ", "gain "]))
                self.lines.append(f"{first}' = ({drift}- {first}) / {tau}" if drift else f"{first}' = -{first} / {tau}")
            case "chain":
                self.lines += [f"{first}' = -{first} / {tau}", f"{second}' = ({first} - {second}) / tau_a"]
            case "coupled":
                self.lines += [
                    f"{first}' = (-{first} - 0.5 * {second}) / {tau}",
                    f"{second}' = (0.5 * {first} - {second}) / tau_a",
                ]
            case "noisy":
                strength = self.draw(st.sampled_from(["0.2", "gain * 0.1", f"0.1 * (1.0 + {first} ** 2)"]))
                self.lines.append(f"{first}' = -{first} / {tau} + {strength} / sqrt({tau}) * xi")
            case "stepped":
                sources = {"pre": ["gain"], "post": ["gain"], "synapse": ["gain"]}
                sources["pre"] += [State(f"pre.{s.name}", s.unit).scaled for s in self.pre_states]
                sources["post"] += [State(f"post.{s.name}", s.unit).scaled for s in self.post_states]
                sources["synapse"] += sources["pre"][1:] + sources["post"][1:]
                drive = self.draw(st.sampled_from(sources[site][::-1]))
                self.lines.append(f"{first}' = (clip({drive}, -2.0, 2.0) - {first}) / {tau}")
            case _:
                self.lines.append(f"{first}' = -{first} * (1.0 + {first} ** 2) / (10.0 * {tau})")

    # ------------------------------------------------------------ statements

    def assignment(self, site: str, trigger: str, lets: list[tuple[str, str]], draws: bool = True) -> str | None:
        """A write to a variable of the site, or None where there is none."""
        targets = [v for v in self.variables if v.site == site]
        names: list[_Variable | None] = [*([None] if site == "synapse" else []), *targets]
        if not names:
            return None
        target = self.draw(st.sampled_from(names))
        atoms = self.atoms(site, trigger, lets)
        value = expression(self.draw, atoms, 2, draws)
        if target is None:
            op = self.draw(st.sampled_from(["+=", "-=", "="]))
            return f"{self.weight.name} {op} {self.weight.store(f'(0.1 * {value})')}"
        if target.whole:
            return f"{target.name} {self.draw(st.sampled_from(['+= 1', '-= 2', '= int(' + value + ')']))}"
        if target.bounded:
            return f"{target.name} {self.draw(st.sampled_from(['=', '+=', '-=', '*=']))} {value}"
        if self.draw(st.booleans()):
            return f"{target.name} = clip({value}, -3.0, 3.0)"
        return f"{target.name} = clip({target.name} + 1.0, -8.0, 8.0)"

    def statements(self, sites: tuple[str, ...], trigger: str, most: int = 3) -> list[str]:
        """One statement or more of a block that writes these sites."""
        lets: list[tuple[str, str]] = []
        lines: list[str] = []
        for _ in range(self.draw(st.integers(1, most))):
            site = self.draw(st.sampled_from(sites))
            kind = self.draw(st.integers(0, 3))
            if trigger in ("every", "signal") and self.draw(st.integers(0, 2)) == 2:
                lines.append(self.aggregate(trigger, lets))
            if kind == 3:
                self.lets += 1
                name = f"{self.prefix}let{self.lets}"
                lines.append(f"let {name} = {expression(self.draw, self.atoms(site, trigger, lets), 2, draws=True)}")
                lets.append((name, site))
            first = self.assignment(site, trigger, lets)
            if first is None:
                continue
            if kind != 2:
                lines.append(first)
                continue
            lines.append(f"if {condition(self.draw, self.atoms(site, trigger, lets))}:")
            if trigger in ("every", "signal") and self.maybe():
                inside = list(lets)
                lines.append(f"    {self.aggregate(trigger, inside, site)}")
                first = self.assignment(site, trigger, inside) or first
            lines.append(f"    {first}")
            other = self.assignment(site, trigger, lets) if self.maybe() else None
            if other is not None:
                lines += ["else:", f"    {other}"]
        return lines

    def late(self, end: str) -> tuple[str, tuple[str, ...]]:
        """The delay behind a spike, and the sites that its block then writes."""
        fixed = ["gain", f"{end}.index", f"{end}.pos.x"]
        kind = self.draw(st.sampled_from(["none", "none", "none", "constant", "neuron", "synapse"]))
        if self.patient or kind == "none":
            return "", ("synapse", end)
        if kind == "constant":
            return f" after {self.draw(st.sampled_from(['1 ms', '2.5 ms', '0.3 ms']))}", ("synapse", end)
        if kind == "neuron":
            delay = f"1 ms * {self.draw(st.sampled_from(fixed))}"
            return f" after {delay} at most {self.draw(st.sampled_from(['2 ms', '4.5 ms']))}", ("synapse", end)
        own = [v.name for v in self.variables if v.site == "pair"] + ["distance(pre, post)", f"{self.prefix}d"]
        declared = f"synapse {own[-1]} = uniform(0.0, 3.0)"
        if declared not in self.lines:
            self.lines.append(declared)
        return f" after 1 ms * {self.draw(st.sampled_from(own))} at most 3 ms", ("synapse",)

    def late_block(self, end: str) -> None:
        """A block on a spike that acts late, or at once like the others."""
        late, sites = self.late(end)
        self.block(f"on {end} spike{late}:", self.statements(sites, end))

    def aggregate(self, trigger: str, lets: list[tuple[str, str]], site: str = "synapse") -> str:
        """A `let` of something over many synapses or neurons that the site sees; its name is put to `lets`."""
        draw = self.draw
        reaches = [("synapse", "post"), ("synapse", "pre"), ("synapse", ""), ("pre", ""), ("post", "")]
        over, of = draw(st.sampled_from([r for r in reaches if (r[1] or "global") in _SEES[site]]))
        atoms = self.atoms(over, trigger, lets)
        self.lets += 1
        name = f"{self.prefix}over{self.lets}"
        kind = draw(st.sampled_from(["sum", "mean", "count", "min", "max", "quantile"]))
        part = f"{draw(st.sampled_from([0, 0.25, 0.3, 0.5, 1]))}, " if kind == "quantile" else ""
        value = condition(draw, atoms) if kind == "count" else expression(draw, atoms, 1, draws=True)
        reach = f"synapses{f' of {of}' if of else ''}" if over == "synapse" else over
        lets.append((f"clip({name}, -3, 3)" if kind != "count" else f"(0.05 * {name})", of or "global"))
        return f"let {name} = {kind}({part}{value}) over {reach}"

    def block(self, head: str, body: list[str]) -> None:
        if body:
            self.lines += [head, *(f"    {line}" for line in body)]

    def blocks(self) -> None:
        """Everything that happens."""
        draw = self.draw
        body = self.statements(("synapse", "pre"), "pre") if self.maybe() else []
        if self.delivers:
            what = draw(st.sampled_from([self.weight.name, f"{self.weight.name} * abs(gain)"]))
            when = draw(st.sampled_from(["", "", " after 2 ms * {} at most 3 ms", " after 1 ms * {} at most 7.5 ms"]))
            late = when.format(expression(draw, self.atoms("synapse", "pre"), 1)) if when else ""
            place = draw(st.integers(0, 1)) if body and not body[0].startswith("if") else 0
            body.insert(place, f"deliver {what}{late}")
            if late and self.maybe():
                body.append(f"deliver {what} * 0.5")
        self.block("on pre spike:", body)
        if self.patient or self.maybe():
            self.block("on post spike:", self.statements(("synapse", "post"), "post"))
        for end in ("pre", "post"):
            if not self.patient and draw(st.integers(0, 3)) == 3:
                self.late_block(end)
        often = [] if self.patient else ["each step:"]
        if self.maybe():
            self.structure(draw(st.sampled_from(["every 3 ms:", *often, "on rewire:"])))
        everywhere = ("synapse", *([] if self.patient else ["pre"]), "post", "global")
        if self.maybe():
            self.block(draw(st.sampled_from(["every 2 ms:", *often])), self.statements(everywhere, "every"))
        if self.maybe():
            body = self.statements(everywhere, "signal")
            self.block("on reward(amount):", [*body, f"{self.weight.name} += {self.weight.store('(0.1 * amount)')}"])

    # ------------------------------------------------------------ structure

    def birth(self, head: str) -> list[str]:
        """A growth, with start values or without."""
        if not self.maybe():
            return [head]
        value = expression(self.draw, self.atoms("pair", ""), 1, draws=True)
        return [f"{head}:", f"    {self.weight.name} = {self.weight.store(f'clip(abs({value}), 0.1, 1.0)')}"]

    def chance(self, site: str) -> str:
        if not self.maybe():
            return ""
        value = expression(self.draw, self.atoms(site, ""), 1)
        return f" with probability {self.draw(st.sampled_from(['0.5', f'exp(-abs({value}))']))}"

    def ranked(self, kind: int) -> list[str]:
        """Statements that prune or grow by rank, or grow by matching."""
        draw = self.draw
        if kind == 6:
            axonal = draw(st.sampled_from(["2", "4 - pre.out_degree", "randint(4)", "pre.index % 3"]))
            dendritic = draw(st.sampled_from(["2", "4 - post.in_degree", "randint(4)", "post.index % 3"]))
            matching = f"grow by matching {axonal} per pre with {dendritic} per post{self.chance('pair')}"
            end = draw(st.sampled_from(["pre", "post"]))
            fewer = f"prune {draw(st.sampled_from(['1', '3']))} synapses uniformly per {end}"
            return [*([fewer] if self.maybe() else []), *self.birth(matching)]
        end = draw(st.sampled_from(["", "pre", "post"]))
        count = draw(st.sampled_from(["3", "attempts", "1", f"{end}.index % 3" if end else "20"]))
        site = "synapse" if kind == 4 else "pair"
        order = draw(st.sampled_from(["smallest", "largest"]))
        rank = f"with {order} {expression(draw, self.atoms(site, ''), 2, draws=True)}{f' per {end}' if end else ''}"
        return [f"prune {count} synapses {rank}"] if kind == 4 else self.birth(f"grow {count} pairs {rank}")

    def structure(self, head: str) -> None:
        """A structural statement."""
        draw = self.draw
        count = draw(st.sampled_from(["3", "attempts", "1", "20"]))
        kind = draw(st.integers(0, 6))
        weak = f"{self.weight.name} < {self.weight.store('0.2')}"
        if kind >= 4:
            self.block(head, self.ranked(kind))
        elif kind == 0:
            self.block(head, [f"prune where {weak if self.maybe() else condition(draw, self.atoms('synapse', ''))}"])
        elif kind == 1:
            prune = [f"let {self.prefix}gone = prune where {weak}"] if self.maybe() else []
            self.block(head, [*prune, *self.birth(f"grow {f'{self.prefix}gone' if prune else count} pairs uniformly")])
        else:
            slots = kind == 3
            what = f"{count} slots of {draw(st.sampled_from(['4', '2', '12']))} per post" if slots else f"{count} pairs"
            caps = draw(
                st.sampled_from(
                    ["", " at most 3 per post", " at most 2 per pre", " at most 4 per post at most 3 per pre"]
                )
            )
            origin = " from spiked pre" if slots else ""
            prune = (
                [f"if {weak}:", f"    prune{self.chance('synapse')}"]
                if self.maybe()
                else [f"prune{self.chance('synapse')}"]
            )
            grow = self.birth(f"grow{origin}{self.chance('pair')}{caps}")
            body = ["if connected:", *(f"    {line}" for line in prune), "else:", *(f"    {line}" for line in grow)]
            self.block(head, [f"sample {what}:", *(f"    {line}" for line in body)])


def weighted_rule(
    draw: Draw, name: str, pre: tuple[State, ...], post: tuple[State, ...], port: State | None, patient: bool
) -> Rule:
    """A rule that has the weight `w`, in the unit of the port, and delivers it if there is a port."""
    weight = State("w", port.unit if port else "")
    builder = _Builder(draw, "", patient, pre, post, weight, port is not None)
    unit = weight.unit.split()[-1] if weight.unit else ""
    given = draw(st.booleans())
    builder.lines.append("param gain = 1.0, tau_a = 10 ms, tau_b = 4 ms, attempts = 5")
    limits = f"in [{weight.store('0.0')}, {weight.store('1.5')}]"
    start = "" if given else f" = {weight.store('0.5')}"
    builder.lines.append(f"synapse w{f': {unit}' if unit else ''}{start} {limits}")
    builder.declare()
    builder.blocks()
    text = "\n".join([f"rule {name}:", *(f"    {line}" for line in builder.lines)])
    start = draw(st.sampled_from(["0.4", "uniform(0.1, 1.0)", "0.5 * uniform()"]))
    call = draw(st.sampled_from([f"{name}()", f"{name}(gain = 0.8)", f"{name}(tau_a = 25 ms, gain = 1.3)"]))
    return Rule(name, text, call, (f"w = {weight.store(start)}",) if given or draw(st.booleans()) else ())


def second_rule(
    draw: Draw, name: str, pre: tuple[State, ...], post: tuple[State, ...], unit: str, patient: bool
) -> Rule:
    """A rule that changes the weight of another, which it knows as `g`."""
    weight = State("g", unit)
    builder = _Builder(draw, "b", patient, pre, post, weight, False)
    builder.lines.append("param gain = 0.5, tau_a = 15 ms, tau_b = 6 ms, attempts = 2")
    builder.lines.append("require synapse g" + (f": {unit.split()[-1]}" if unit else ""))
    builder.declare()
    builder.block("on pre spike:", builder.statements(("synapse", "pre"), "pre"))
    builder.blocks()
    text = "\n".join([f"rule {name}:", *(f"    {line}" for line in builder.lines)])
    return Rule(name, text, f"{name}(g = w)")
