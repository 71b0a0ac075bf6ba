"""Options of the test suite: how many examples property tests try, and how long they look for a smaller one."""

from __future__ import annotations

import signal

import pytest
from hypothesis import is_hypothesis_test, settings

from tests.shrinking import Bound, bounded

_BOUND = pytest.StashKey[Bound]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz", type=int, default=1, metavar="FACTOR", help="factor on the examples tried")


def pytest_configure() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as shells start what runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    bounds: dict[object, Bound] = {}
    for item in items:
        test = getattr(getattr(item, "obj", None), "hypothesis", None)
        if test is not None and hasattr(test, "inner_test"):
            function = getattr(test.inner_test, "__func__", test.inner_test)
            if function not in bounds:
                bounds[function] = Bound()
                test.inner_test = bounded(test.inner_test, bounds[function])
                bounds[test.inner_test] = bounds[function]
            item.stash[_BOUND] = bounds[function]
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


def pytest_runtest_setup(item: pytest.Item) -> None:
    if bound := item.stash.get(_BOUND, None):
        bound.reset()
