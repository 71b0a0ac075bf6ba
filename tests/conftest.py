"""Options of the whole test suite: how many examples the property tests try."""

from __future__ import annotations

import pytest
from hypothesis import is_hypothesis_test, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz", type=int, default=1, metavar="FACTOR", help="factor on the examples tried")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    factor = config.getoption("--fuzz")
    if factor == 1:
        return
    for item in items:
        test = getattr(item, "obj", None)
        if test is None or not is_hypothesis_test(test):
            continue
        function = getattr(test, "__func__", test)  # settings stand on the function, also for methods of classes
        own = getattr(function, "_hypothesis_internal_use_settings", settings.default)
        more = settings(own, max_examples=own.max_examples * factor, deadline=None)
        function._hypothesis_internal_use_settings = more
