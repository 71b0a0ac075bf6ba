"""What each stage gives, as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from pathlib import Path

from plastlang import driver
from plastlang.alone import alone
from plastlang.backends.interface import Options
from plastlang.explain import explain
from plastlang.frontend.checked import CheckedModule, CheckedNetwork
from plastlang.frontend.parse import parse
from plastlang.ir import nodes
from plastlang.ir.text import expression_text, statement_text, to_text
from plastlang.runtime.calls import bad_call, unknown

_EXPRESSIONS = (
    nodes.Const, nodes.Param, nodes.Derived, nodes.Read, nodes.Local, nodes.Unary, nodes.Binary, nodes.Select,
    nodes.Call, nodes.Cast, nodes.Draw, nodes.Builtin, nodes.InputSum,
)  # fmt: skip
_STATEMENTS = (
    nodes.Let, nodes.Assign, nodes.If, nodes.Deliver, nodes.PruneWhere, nodes.GrowUniform, nodes.PruneThis,
    nodes.GrowThis, nodes.Sample, nodes.Reduce, nodes.PruneRanked, nodes.GrowRanked, nodes.GrowMatched,
)  # fmt: skip


def emit(file: Path, stage: str, network: str = "", values: Mapping[str, object] | None = None,
         precision: str = "single", backend: str = "c") -> str:  # fmt: skip
    """The text of a stage of `driver.STAGES`.

    Raises:
        PlastError: the file is wrong, or has no network where the stage needs one.
    """
    if stage not in driver.STAGES:
        raise unknown("the stage", stage, driver.STAGES)
    source = driver.source_of(file)
    if stage == "ast":
        return tree_text(parse(source))
    module = driver.check(source)
    if stage == "checked" and not module.networks:
        return "\n".join(tree_text(module.components[name]) for name in module.components)
    if stage == "checked":
        return tree_text(driver.elaborate(module, network, values))
    found = _shown(module, network, values)
    return "\n".join(_text(driver.build(checked), stage, precision, backend) for checked in found)


def _shown(module: CheckedModule, network: str, values: Mapping[str, object] | None) -> list[CheckedNetwork]:
    """What is shown of a module: its network, or each of its neurons and rules by itself."""
    own = [module.components[name] for name in module.defined if name in module.components]
    if module.networks or network or values or not own:
        return [driver.elaborate(module, network, values)]
    return [alone(component) for component in own]


def _text(built: driver.Built, stage: str, precision: str, backend: str) -> str:
    match stage:
        case "equations":
            return "\n".join(tree_text(item) for item in built.lowered.explanations)
        case "ir":
            return to_text(built.program)
        case "schedule":
            return to_text(built.scheduled)
        case _:
            if backend == "reference":
                raise bad_call("the reference backend makes no code", "it interprets what --stage ir shows")
            return driver.compiling_backend(backend).emit(built.scheduled, Options(precision))


def explanation(file: Path, network: str, values: Mapping[str, object], as_json: bool) -> str:
    """Where each variable lives, how it is integrated, what events cost, and why."""
    module = driver.check(driver.source_of(file))
    found = [driver.build(checked) for checked in _shown(module, network, values)]
    kinds = {} if module.networks else {name: c.kind for name, c in module.components.items()}
    if as_json:
        items = [x for built in found for x in built.lowered.explanations if not kinds or x.owner in kinds]
        return json.dumps([asdict(item) for item in items], indent=2)
    texts = (explain(b.scheduled, b.lowered.explanations, kinds.get(b.scheduled.name, "")) for b in found)
    return "\n".join(texts)


def tree_text(value: object) -> str:
    """Any tree of frozen dataclasses as indented text; spans are left out."""
    return "\n".join(_lines(value))


def _lines(value: object) -> list[str]:
    """One node: what is simple in its first line, what is not indented below."""
    if isinstance(value, _EXPRESSIONS):
        return [expression_text(value)]
    if isinstance(value, _STATEMENTS):
        return statement_text(value).splitlines()
    if isinstance(value, tuple):
        if _is_simple(value):
            return [", ".join(_lines(part)[0] for part in value)]
        return [line for part in value for line in _lines(part)]
    if not is_dataclass(value) or isinstance(value, type):
        return [str(value) if isinstance(value, Enum) else repr(value)]
    head, body = [], []
    for item in fields(value):
        inner = getattr(value, item.name)
        if item.name == "span" or inner is None or inner == ():
            continue
        lines = _lines(inner)
        if len(lines) == 1 and len(lines[0]) < 60 and _is_simple(inner):
            head.append(f"{item.name}={lines[0]}")
        else:
            body += [f"  {item.name}:", *(f"    {line}" for line in lines)]
    return [f"{type(value).__name__}({', '.join(head)})", *body]


def _is_simple(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_simple(part) for part in value)
    return not is_dataclass(value) or isinstance(value, _EXPRESSIONS) or len(fields(value)) <= 3
