"""Every rule and neuron of the catalogue on both backends: rewards, rewiring and moves between executables included."""

from __future__ import annotations

import pytest

from tests.cross.library_networks import NETWORKS
from tests.cross.script import Action, Script
from tests.cross.versus import compare


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", NETWORKS)
def test_catalogue(name: str, precision: str) -> None:
    begun = (Action("signal", 0, 12), Action("run", 40), Action("signal", 0, 14), Action("rewire", 0, 3))
    rest = (Action("run", 25), Action("move", 1), Action("signal", 1, 13), Action("run", 25))
    compare(NETWORKS[name], Script(7, precision, 2, begun + rest), every=5)
