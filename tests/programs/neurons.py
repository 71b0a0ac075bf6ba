"""Random neurons, and the populations made of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.programs.expressions import Draw, condition, expression, number


@dataclass(frozen=True, slots=True)
class State:
    """A state variable: `scaled` is the value as a number, `unit` what a number is multiplied with to be stored."""

    name: str
    unit: str = ""

    @property
    def scaled(self) -> str:
        return f"({self.name} / ({self.unit}))" if self.unit else self.name

    def store(self, value: str) -> str:
        """`value`, a number, in the unit of the variable."""
        return f"{self.unit} * {value}" if self.unit else value


@dataclass(frozen=True, slots=True)
class Population:
    """What a network needs to know of a population that was made."""

    name: str
    size: int
    text: str  # the declaration of its neuron
    declaration: str  # its line in the network
    states: tuple[State, ...] = ()
    ports: tuple[State, ...] = ()  # name of the port, unit of what is delivered
    records: tuple[str, ...] = ()


@dataclass(slots=True)
class _Neuron:
    draw: Draw
    unit: str = ""
    conductance: str = ""
    lines: list[str] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    ports: list[State] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)

    def atoms(self) -> list[str]:
        return [s.scaled for s in self.states] + ["gain", "index * 0.1", "pos.x * 0.2", "size * 0.05"]

    def maybe(self) -> bool:
        return self.draw(st.booleans())

    def store(self, state: State, depth: int = 2) -> str:
        value = f"clip({expression(self.draw, self.atoms(), depth, draws=True)}, -2.0, 2.0)"
        return f"{state.name} = {state.store(value)}"


def population(draw: Draw, name: str, sizes: st.SearchStrategy[int]) -> Population:
    """A population of its own kind of neuron, called NAME.title()."""
    neuron = _Neuron(draw)
    kind = draw(st.integers(0, 4))
    match kind:
        case 0:
            _times(neuron)
        case 1:
            _poisson(neuron)
        case _:
            _integrating(neuron, kind - 2)
    component = f"Neuron{name.upper()}"
    text = "\n".join([f"neuron {component}:", *(f"    {line}" for line in neuron.lines)])
    call = f"{component}({', '.join(neuron.arguments)})"
    size = draw(sizes)
    if draw(st.booleans()):
        width = draw(st.integers(1, 4))
        height = max(1, size // width)
        size = width * height
        periodic = ", periodic" if draw(st.booleans()) else ""
        place = f"on grid({width}, {height}{periodic})"
    else:
        place = f"size {size}"
    records = [f"record {name} spikes"]
    if neuron.states and neuron.maybe():
        records.append(f"record {name} {neuron.states[0].name} every {draw(st.sampled_from(['1 ms', '5 ms']))}")
    return Population(
        name,
        size,
        text,
        f"population {name} = {call} {place}",
        tuple(neuron.states),
        tuple(neuron.ports),
        tuple(records),
    )


def _times(neuron: _Neuron) -> None:
    neuron.lines.append("spike at times")


def _poisson(neuron: _Neuron) -> None:
    draw = neuron.draw
    neuron.lines += ["param rate = 40 Hz, gain = 1.0"]
    if not neuron.maybe():
        neuron.lines.append("spike at rate rate")
        if neuron.maybe():
            neuron.arguments.append("rate = 20 Hz + 5 Hz * index")
        return
    neuron.states.append(State("boost"))
    neuron.lines.append("state boost = 1.0 in [0.0, 2.0]")
    body = draw(st.integers(0, 4))
    if body == 4:
        neuron.lines += ["global level = 0.5", "every 6 ms:", "    level = uniform(0.0, 2.0)"]
        neuron.lines.append("spike at rate rate * level * abs(boost)")
        return
    if body == 0:
        neuron.lines += ["every 5 ms:", f"    boost = {expression(draw, neuron.atoms(), 2, draws=True)}"]
    elif body == 1:
        neuron.lines += ["each step:", f"    boost = {expression(draw, neuron.atoms(), 1, draws=True)}"]
    elif body == 2:
        neuron.lines += [f"on surge_{draw(st.integers(0, 1))}(amount):", "    boost += amount"]
    neuron.lines.append("spike at rate rate * (0.2 + abs(boost)) * gain")
    if body == 3:
        neuron.lines[-1] += ":"
        neuron.lines.append(f"    boost = {expression(draw, neuron.atoms(), 1)}")


def _integrating(neuron: _Neuron, kind: int) -> None:
    """`kind`: 0 linear, 1 linear in its own variable, 2 not linear."""
    draw = neuron.draw
    units = neuron.maybe()
    u, g = ("mV", "nS") if units else ("1", "1")
    volt, siemens = (" mV", " nS") if units else ("", "")
    neuron.unit, neuron.conductance = ("10 mV", "2 nS") if units else ("", "")
    v = State("v", neuron.unit)
    scale = "" if units else ".0"
    drive = draw(st.sampled_from(["12", "9", "20", "0"])) + scale + volt
    tau = draw(st.sampled_from(["10 ms", "3 ms"]))
    neuron.lines += [
        f"param drive: {u} = {drive}, v_th: {u} = 10{scale}{volt}, e_rev: {u} = 40{scale}{volt}",
        f"param g_leak: {g} = 10{scale}{siemens}, tau = {tau}, tau_g = 4 ms, gain = 1.0",
    ]
    neuron.states.append(v)
    bounded = f" in [-100{scale}{volt}, 100{scale}{volt}]" if kind == 2 or neuron.maybe() else ""
    neuron.lines.append(f"state v = 0{scale}{volt}{bounded}")
    current = "v_th * (g / g_leak)" if kind == 0 else "g / g_leak * (e_rev - v)"
    has_input = kind == 1 or neuron.maybe()
    if has_input:
        port = State("g", neuron.conductance)
        neuron.states.append(port)
        neuron.ports.append(State("exc", neuron.conductance))
        limits = f" in [0{scale}{siemens}, 50{scale}{siemens}]" if neuron.maybe() else ""
        neuron.lines.append(f"state g = 0{scale}{siemens}{limits}")
    adapts = neuron.maybe()
    if adapts:
        neuron.states.append(State("a", neuron.unit))
        neuron.lines.append(f"state a = 0{scale}{volt}")
    terms = ["drive - v"] + ([current] if has_input else []) + (["- a"] if adapts else [])
    if kind == 2:
        terms.append(
            draw(st.sampled_from(["v_th * sin(v / v_th)", "v_th * tanh(v / v_th) ** 2", "- v * (v / e_rev) ** 2"]))
        )
    total = " + ".join(terms).replace("+ -", "-")
    neuron.lines.append(f"v' = ({total}) / tau")
    if has_input:
        neuron.lines.append("g' = -g / tau_g")
        neuron.lines.append("input exc -> g")
    if adapts:
        # driven by v, so that the two are coupled
        neuron.lines.append(f"a' = ({draw(st.sampled_from(['0.1 * v', '0.0 * v']))} - a) / (3 * tau)")
    if kind and neuron.maybe():
        neuron.lines.append(f"method {draw(st.sampled_from(['exponential_euler', 'rk4', 'euler']))}")
    _extras(neuron)
    _spike(neuron, scale, volt)
    if neuron.maybe():
        neuron.arguments.append(
            f"v = {v.store(f'normal(0.5, {number(draw)})' if neuron.maybe() else 'uniform(0.0, 1.0)')}"
        )
    if neuron.maybe():
        neuron.arguments.append(f"drive = 8{scale}{volt} + 1{scale}{volt} * index")


def _extras(neuron: _Neuron) -> None:
    """Blocks and globals beside the spike."""
    draw = neuron.draw
    if neuron.maybe():
        neuron.lines.append(f"global level = {draw(st.sampled_from(['0.0', 'uniform()']))}")
        neuron.lines += [
            "every 4 ms:",
            f"    level = clip(level + {expression(draw, ['gain', 'size * 0.1'], 1, draws=True)}, -2.0, 2.0)",
        ]
        neuron.lines += [f"    {neuron.store(neuron.states[-1])}"]
    if neuron.maybe():
        neuron.lines.append("state extra = 0.25 in [-2.0, 2.0]")
        neuron.states.append(State("extra"))
        if neuron.maybe():
            neuron.lines.append("extra' = -extra / tau + 0.2 / sqrt(tau) * xi")
        neuron.lines.append("each step:")
        if neuron.maybe():
            middle = draw(st.sampled_from(["mean(extra)", "quantile(0.4, extra)"]))
            shift = f"{middle} over neurons - max(0.1 * index) over neurons"
            neuron.lines.append(f"    extra += clip({shift}, -0.1, 0.1)")
        if neuron.maybe():
            neuron.lines += [
                f"    if {condition(draw, neuron.atoms())}:",
                f"        extra = {expression(draw, neuron.atoms(), 2, draws=True)}",
                "    else:",
                f"        let half = {expression(draw, neuron.atoms(), 1)} * 0.5",
                "        extra = half + extra * 0.5",
            ]
        else:
            neuron.lines.append(f"    extra = {expression(draw, neuron.atoms(), 2, draws=True)}")
    if neuron.maybe():
        neuron.lines += [
            "on kick(amount):",
            f"    {neuron.states[0].name} += {neuron.states[0].store('clip(amount, -1.0, 1.0)')}",
        ]


def _spike(neuron: _Neuron, scale: str, volt: str) -> None:
    draw = neuron.draw
    noise = draw(st.sampled_from(["", "", " and uniform() < 0.9"]))
    neuron.lines += [f"spike when v > v_th{noise}:", f"    v = 0{scale}{volt}"]
    if neuron.maybe():
        neuron.lines.append(f"    hold v for {draw(st.sampled_from(['2 ms', '0.7 ms', '0 ms']))}")
    others = neuron.states[1:]
    if others and neuron.maybe():
        neuron.lines.append(f"    {neuron.store(draw(st.sampled_from(others)), 1)}")
