"""The library of neurons and rules that comes with plastlang: `plastlang.rules.PairSTDP`."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    from plastlang.library import component  # the compiler is loaded when the first rule is asked for

    return component(name)


def __dir__() -> list[str]:
    from plastlang.library import index

    return sorted(index())
