"""Networks, composition of rules, imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from plastlang.api import load
from plastlang.diagnostics import PlastError, Source
from plastlang.frontend.check import check_module
from plastlang.frontend.checked import CheckedModule, CheckedRecord, Dimension
from plastlang.frontend.compose import compose
from plastlang.frontend.networks import check_network
from plastlang.frontend.parse import parse
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Builtin,
    ConnectAll,
    ConnectGiven,
    ConnectProbability,
    Const,
    Draw,
    Grid,
    Param,
    Read,
    Sample,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.verify import verify
from plastlang.symbolic import lower
from tests.check.cases import LIF, NET, REWIRING, STDP


def module(text: str, path: str = "model.plast") -> CheckedModule:
    source = Source(path, text)
    return check_module(parse(source), source)


def codes(caught: pytest.ExceptionInfo[PlastError]) -> list[str]:
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


def test_a_network() -> None:
    network = check_network(module(NET), "Map", {})
    a, b = network.populations
    assert (network.dt, a.size, a.grid, b.size, b.grid) == (0.1, 16, Grid(4, 4, True), 16, None)
    assert a.initial == (("v", Draw("normal", (Const(-60.0), Const(5.0)), 0)),)
    index = Builtin("index", Type.INT, Site.NEURON)
    ((name, value),) = b.parameters
    assert (
        name == "tau_m"
        and isinstance(value, Binary)
        and value.left == Const(10.0)
        and index in (value.right.right.value,)
    )  # type: ignore[union-attr]
    (ab,) = network.projections
    assert (ab.sources, ab.target, ab.port, ab.delay) == (("a",), "b", "exc", 0.2)
    assert isinstance(ab.connect, ConnectProbability)
    assert ab.parameters == (("PairSTDP.w_max", Const(0.2)),)
    assert ab.initial == (("w", Const(0.1)),)
    assert network.records == (CheckedRecord("b", "spikes", None), CheckedRecord("b", "v", 1.0))
    verify(lower(network).program)


@pytest.mark.parametrize(("given", "size"), [({}, 16), ({"s": "2"}, 64), ({"s": 3}, 144), ({"s": 2.0}, 64)])
def test_parameters_of_a_network(given: dict[str, object], size: int) -> None:
    assert check_network(module(NET), "Map", given).populations[0].size == size


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"q": 1}, "P523"),
        ({"s": "two"}, "P405"),
        ({"s": "2 ms"}, "P531"),
        ({"s": True}, "P531"),
        ({"s": "2 msec"}, "P403"),
        ({"s": 0.3}, "P526"),
    ],
)
def test_wrong_parameters_of_a_network(given: dict[str, object], code: str) -> None:
    with pytest.raises(PlastError) as caught:
        check_network(module(NET), "Map", given)
    assert codes(caught)[0] == code


def test_a_parameter_without_default_must_be_given() -> None:
    checked = module(NET.replace("param s = 1", "param s: 1 in [1, 7]"))
    assert check_network(checked, "Map", {"s": 2}).populations[0].size == 64
    for given, code in (({}, "P530"), ({"s": 8}, "P525")):
        with pytest.raises(PlastError) as caught:
            check_network(checked, "Map", given)
        assert codes(caught) == [code]


def test_names_and_kinds_of_projections() -> None:
    text = LIF + "rule Static:\n    synapse w\n    on pre spike:\n        deliver w\n"
    text += "network N:\n    dt 1 ms\n    population a = LIF size 2\n    population b = LIF size 2\n"
    text += "    project a + b -> b.exc with Static(w = 1 nS):\n        connect all\n"
    text += "    project c = a -> a.exc with Static(w = 2 nS * uniform()):\n        connect none\n"
    first, second = check_network(module(text), "N").projections
    assert (first.name, first.sources, first.connect, first.delay) == ("a_b_b", ("a", "b"), ConnectAll(), None)
    assert first.rule.variables[0].dimension == Dimension("nS") == first.rule.deliver_dimension
    assert isinstance(second.connect, ConnectGiven)


# ------------------------------------------------------------ composition


def test_composition_shares_and_renames() -> None:
    parts = module(STDP + REWIRING).components
    both = compose([(parts["PairSTDP"], {}), (parts["Rewiring"], {"g": "w"})])
    assert [p.name for p in both.parameters][:2] == ["PairSTDP.tau_plus", "PairSTDP.tau_minus"]
    assert [v.name for v in both.variables] == ["w", "x_trace", "y"]
    sample = both.blocks[-1].body[0]
    assert isinstance(sample, Sample)
    grow = sample.body[0].otherwise[0]  # type: ignore[union-attr]
    assert grow.init == (Assign("w", Param("Rewiring.g_max"), Site.SYNAPSE),)  # type: ignore[union-attr]


def test_two_of_a_kind_get_numbers_and_draws_of_their_own() -> None:
    rule = module(
        "rule Noise:\n    require synapse w\n    param a = 1 mV\n    on pre spike:\n        w += a * uniform()\n"
    ).components["Noise"]
    owner = module("rule Own:\n    synapse w = 1 mV, u = 1 mV\n    on pre spike:\n        deliver w + u\n").components[
        "Own"
    ]
    both = compose([(owner, {}), (rule, {}), (rule, {"w": "u"})])
    assert [p.name for p in both.parameters] == ["Noise.a", "Noise2.a"]
    second, third = both.blocks[1].body[0], both.blocks[2].body[0]
    assert isinstance(second, Assign) and isinstance(third, Assign) and (second.name, third.name) == ("w", "u")
    assert third.value.right.right.purpose == 1  # type: ignore[union-attr]
    assert both.draws == 2
    assert both.parameters[0].dimension == both.parameters[1].dimension == Dimension("mV")


def test_units_are_settled_across_rules() -> None:
    parts = module(
        "rule Own:\n    synapse w = 1 nS\n    on pre spike:\n        deliver w\n"
        "rule Grad:\n    require synapse w\n    synapse grad\n    each step:\n        grad += w\n"
    ).components
    both = compose([(parts["Own"], {}), (parts["Grad"], {})])
    assert [v.dimension for v in both.variables] == [Dimension("nS"), Dimension("nS")]


@pytest.mark.parametrize(
    ("text", "bindings", "code"),
    [
        ("rule B:\n    require synapse w: mV\n    each step:\n        w += 1 mV\n", {}, "P515"),
        ("rule B:\n    require pre w\n    each step:\n        w *= 2\n", {}, "P512"),
        ("rule B:\n    require synapse q\n    each step:\n        q *= 2\n", {}, "P512"),
        ("rule B:\n    require synapse q\n    each step:\n        q *= 2\n", {"r": "w"}, "P512"),
        ("rule B:\n    require synapse q\n    each step:\n        q *= 2\n", {"q": "ww"}, "P512"),
        ("rule B:\n    synapse w = 1\n    each step:\n        w *= 2\n", {}, "P511"),
        ("rule B:\n    require synapse w\n    w' = -w / (1 s)\n", {}, "P511"),
        ("rule B:\n    require synapse w\n    on pre spike:\n        deliver w * 1 mV\n", {}, "P514"),
        ("rule B:\n    method rk4\n    require synapse w\n    each step:\n        w *= 2\n", {}, "P513"),
    ],
)
def test_what_cannot_be_composed(text: str, bindings: dict[str, str], code: str) -> None:
    own = "rule A:\n    method euler\n    synapse w = 1 nS\n    w' = -w / (1 s)\n    on pre spike:\n        deliver w\n"
    parts = module(own + text).components
    with pytest.raises(PlastError) as caught:
        compose([(parts["A"], {}), (parts["B"], bindings)])
    assert code in codes(caught)


def test_start_values_come_in_an_order_that_can_be_computed() -> None:
    parts = module(
        "rule B:\n    require pair s\n    synapse u = s * 2\n    each step:\n        u *= 2\n"
        "    on pre spike:\n        deliver u\n"
        "rule A:\n    pair s = random_sign()\n    synapse q = s\n    each step:\n        q *= s\n"
    )
    both = compose([(parts.components["B"], {}), (parts.components["A"], {})])
    assert both.variables[0].name == "s"
    assert Read("s", Site.PAIR) in (both.variables[1].init.left,)  # type: ignore[union-attr]


# ------------------------------------------------------------ imports


def test_imports_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "lif.plast").write_text("const k = 2\nfn f(x) = x * k\n" + LIF)
    (tmp_path / "inner" / "all.plast").write_text('import "lif.plast"\nconst c = k * 3\n')
    checked = module(
        'import LIF, c, f from "inner/all.plast"\nimport PairSTDP from "rules:pair_stdp.plast"\nconst d = c * f(2)\n',
        str(tmp_path / "main.plast"),
    )
    assert set(checked.components) == {"LIF", "PairSTDP"}
    assert checked.consts["d"].value == Const(24, Type.INT) or checked.consts["d"].value == Const(24.0)
    assert checked.defined == ("d",)


def test_a_circle_of_imports_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "a.plast").write_text('import "b.plast"\nconst k = 2\n')
    (tmp_path / "b.plast").write_text('import "a.plast"\nconst q = 3\n')
    with pytest.raises(PlastError) as caught:
        module((tmp_path / "a.plast").read_text(), str(tmp_path / "a.plast"))
    assert codes(caught) == ["P502"]
    assert caught.value.diagnostics[0].label == "a.plast -> b.plast -> a.plast"


def test_errors_of_imported_files_are_shown_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "bad.plast").write_text("const k = q\n")
    (tmp_path / "binary.plast").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlastError) as caught:
        module('import "bad.plast"\nimport X from "binary.plast"\n', str(tmp_path / "main.plast"))
    spans = [diagnostic.span for diagnostic in caught.value.diagnostics]
    assert sorted(codes(caught)) == ["P201", "P501"]
    assert any(span is not None and span.source.path.endswith("bad.plast") for span in spans)


SIGNED = '''
neuron Told:
    state v = 0
    input exc -> v
    spike at times
rule Plain:
    synapse w
    on pre spike:
        deliver w
rule Signed:
    require synapse w
    pair place = random_sign()
    on flip:
        w = -place
network Net:
    dt 1 ms
    population a = Told() size 30
    project ab = a -> a.exc with Plain() + Signed():
        connect all
        w = place * {0}
'''


def test_start_values_read_constants_of_the_pair() -> None:
    model = load(SIGNED.format("2")).Net.compile(backend="reference")
    weights = model["ab"].w
    assert set(weights) == {-2.0, 2.0} and 350 < (weights > 0).sum() < 550
    compiled = load(SIGNED.format("2")).Net.compile(backend="c")
    assert (compiled["ab"].w == weights).all()


def test_only_start_values_of_synapses_read_constants_of_the_pair() -> None:
    with pytest.raises(PlastError) as caught:
        load(SIGNED.format("2").replace("connect all", "connect with probability place"))
    assert codes(caught) == ["P201"]
