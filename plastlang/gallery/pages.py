"""Pages in Markdown: what a component is, its equations, parameters, state and source, and its picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plastlang import library
from plastlang.diagnostics import MachineError, PlastError
from plastlang.frontend.checked import CheckedComponent
from plastlang.frontend.limits import limits_of
from plastlang.frontend.units import format_value
from plastlang.gallery import neurons, rules
from plastlang.gallery.curves import Panel
from plastlang.gallery.events import events
from plastlang.gallery.latex import equations, name_text
from plastlang.gallery.subject import Subject, subject
from plastlang.ir.types import Site

_SITES = {
    Site.GLOBAL: "one for all", Site.NEURON: "per neuron", Site.PRE: "per source neuron",
    Site.POST: "per target neuron", Site.SYNAPSE: "per synapse", Site.PAIR: "per possible synapse, constant",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was written: `note` says why it has no picture."""

    name: str
    path: Path
    picture: Path | None
    note: str


def measured(of: Subject) -> tuple[Panel, ...]:
    """The panels that show what a neuron or rule does; none where it does nothing alone."""
    return rules.panels(of) if of.component.checked.kind == "rule" else neurons.panels(of)


def write(names: Sequence[str], directory: Path) -> tuple[Page, ...]:
    """A page for each neuron or rule, and an index.

    Args:
        names: as `subject` takes them; none: the whole library.
        directory: where the files go; made where it does not exist.

    Raises:
        PlastError: a name is wrong; nothing is written.
        MachineError: the directory cannot be written, or matplotlib is missing.
    """
    chosen = names or [e.name for e in library.index().values() if e.kind != "network"]
    subjects = [subject(name) for name in chosen]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        pages = tuple(_write(of, directory) for of in subjects)
        (directory / "README.md").write_text(_index(subjects, pages), encoding="utf-8")
    except OSError as error:
        raise MachineError(f"{directory} cannot be written: {error.strerror}") from error
    return pages


def _write(of: Subject, directory: Path) -> Page:
    from plastlang.gallery.drawing import draw, save  # matplotlib is optional, and heavy

    name, picture, note = of.component.name, None, ""
    try:
        panels = measured(of)
    except PlastError as error:
        panels, note = (), f"It cannot run alone: {error.diagnostics[0].message}"
    if panels:
        picture = save(draw(of.label, [panels]), directory / f"{name}.png")
    elif not note:
        note = "Alone, with spikes that are given, nothing of it changes that could be drawn."
    path = directory / f"{name}.md"
    path.write_text(page_text(of, picture.name if picture else "", note), encoding="utf-8")
    return Page(name, path, picture, note)


def page_text(of: Subject, picture: str, note: str = "") -> str:
    """The page of one component. `picture`: a file's name, or ''."""
    component = of.component.checked
    parts = [f"# {component.name}", textwrap.dedent(component.doc).strip()]
    if of.tree.doc and (doc := _file_doc(of)):
        parts.append(doc)
    parts.append(f"![What {component.name} does]({picture})" if picture else note)
    lines = equations(of.tree)
    if lines:
        parts += ["## Equations", *(f"$${line}$$" for line in lines)]
    if happens := events(of.tree):
        parts += ["## Events", "\n".join(happens)]
    if component.parameters:
        parts += ["## Parameters", _parameters(component)]
    if any(not v.name.startswith("_") for v in component.variables):
        parts += ["## State", _state(component)]
    if component.inputs:
        ports = "\n".join(
            f"- `{p.port}` adds to `{p.variable}` ({p.dimension.symbol or '1'})" for p in component.inputs
        )
        parts += ["## Input ports", ports]
    span = of.tree.span
    if span is not None:
        parts += ["## Source", f"```plast\n{of.source.text[span.start : span.end].rstrip()}\n```"]
    parts.append(f'Import it: `import {component.name} from "rules:{Path(of.source.path).name}"`')
    return "\n\n".join(part for part in parts if part) + "\n"


def _file_doc(of: Subject) -> str:
    text = of.source.text.lstrip()
    return text[3 : text.index('"""', 3)].strip() if text.startswith('"""') else ""


def _parameters(component: CheckedComponent) -> str:
    rows = ["| symbol | name | default | range |", "|---|---|---|---|"]
    for item in component.parameters:
        default = "to be given" if item.default is None else format_value(item.default, item.dimension)
        limits = limits_of(item).removeprefix("from ")
        rows.append(f"| ${name_text(item.name)}$ | `{item.name}` | {default} | {limits} |")
    return "\n".join(rows)


def _state(component: CheckedComponent) -> str:
    rows = ["| symbol | name | unit | there is |", "|---|---|---|---|"]
    for item in component.variables:
        if not item.name.startswith("_"):
            needed = ", brought by another rule" if item.required else ""
            symbol = item.dimension.symbol or "1"
            rows.append(f"| ${name_text(item.name)}$ | `{item.name}` | {symbol} | {_SITES[item.site]}{needed} |")
    return "\n".join(rows)


def _index(subjects: Sequence[Subject], pages: Sequence[Page]) -> str:
    lines = ["# Gallery of neurons and rules", "", "Made by `plastc doc` from the files of the library.", ""]
    for kind, title in (("neuron", "Neurons"), ("rule", "Rules")):
        found = [(s, p) for s, p in zip(subjects, pages, strict=True) if s.component.checked.kind == kind]
        if found:
            lines += [f"## {title}", ""]
            for of, page in found:
                first = of.component.checked.doc.strip().splitlines()[0] if of.component.checked.doc.strip() else ""
                lines.append(f"- [{page.name}]({page.path.name}): {first}")
                if page.picture is not None:
                    lines += ["", f"  [![{page.name}]({page.picture.name})]({page.path.name})", ""]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"
