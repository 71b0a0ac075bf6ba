"""The text form reads back to the same program."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plastlang.ir.builtins import PROJECTION
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    ConnectAll,
    Const,
    Deliver,
    Derived,
    Draw,
    EachStep,
    Expr,
    GrowThis,
    If,
    InputSum,
    Let,
    Local,
    Param,
    Program,
    Projection,
    PruneThis,
    PruneWhere,
    Read,
    Sample,
    Select,
    Stmt,
    Unary,
)
from plastlang.ir.schedule import Schedule
from plastlang.ir.text import TextError, from_text, to_text
from plastlang.ir.types import ARITHMETIC, COMPARISONS, DRAWS, FUNCTIONS, LOGICAL, Site, Type
from plastlang.ir.verify import verify
from tests.ir.sample import EVERYTHING

names = st.sampled_from(["x", "w_max", "Rule.tau", "at", "with", "slots", "e1", "_a"])
types = st.sampled_from(Type)
sites = st.sampled_from(Site)
ends = st.sampled_from(["pre", "post"])
constants = (
    st.floats(allow_nan=False).map(Const)
    | st.integers(-(2**31), 2**31 - 1).map(lambda v: Const(v, Type.INT))
    | st.booleans().map(lambda v: Const(v, Type.BOOL))
)
leaves = (
    constants
    | st.builds(Param, names, types)
    | st.builds(Derived, names, types)
    | st.builds(Local, names, types)
    | st.builds(Read, names, sites, types, before=st.booleans())
    | st.builds(lambda name, type_, end: Read(name, Site(end), type_, end), names, types, ends)
    | st.sampled_from([Builtin(name, *known) for name, known in PROJECTION.items()])
    | st.builds(InputSum, names)
)


def _nodes(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return (
        st.builds(Unary, st.sampled_from(["-", "not"]), inner)
        | st.builds(Binary, st.sampled_from(ARITHMETIC + COMPARISONS + LOGICAL), inner, inner)
        | st.builds(Select, inner, inner, inner)
        | st.builds(lambda f, a: Call(f, (a,)), st.sampled_from(sorted(FUNCTIONS)), inner)
        | st.builds(Cast, inner, types)
        | st.sampled_from(sorted(DRAWS)).flatmap(
            lambda kind: st.builds(
                Draw, st.just(kind), st.tuples(*[inner] * len(DRAWS[kind])), st.integers(0, 2**16 - 1)
            )
        )
    )


expressions = st.recursive(leaves, _nodes, max_leaves=12)
optional = st.none() | expressions
purposes = st.integers(0, 99)
simple: st.SearchStrategy[Stmt] = (
    st.builds(Let, names, expressions, sites)
    | st.builds(Assign, names, expressions, sites)
    | st.builds(Deliver, expressions)
    | st.builds(PruneWhere, expressions, st.sampled_from(["", "n"]))
    | st.builds(PruneThis, optional, purposes)
)


def _compound(inner: st.SearchStrategy[Stmt]) -> st.SearchStrategy[Stmt]:
    body = st.lists(inner, max_size=3).map(tuple)
    return (
        st.builds(If, expressions, body, body, sites)
        | st.builds(GrowThis, optional, body, st.sampled_from(["pair", "spiked"]), purposes, optional, optional)
        | st.builds(Sample, expressions, optional, body, purposes)
    )


bodies = st.lists(st.recursive(simple, _compound, max_leaves=6), max_size=4).map(tuple)


def test_the_sample_is_well_formed_and_is_its_own_text() -> None:
    program = from_text(EVERYTHING)
    verify(program)
    assert to_text(program) == EVERYTHING
    assert from_text(to_text(program)) == program


@given(bodies, st.floats(1e-3, 10))
def test_reads_back(body: tuple[Stmt, ...], dt: float) -> None:
    schedule = Schedule("deferred", 'why "so"', (Read("v", Site.POST, of="post"),))
    projection = Projection("p", ("a",), "b", "", 1, (), (), (), (), body, (Block(EachStep(), body),), ConnectAll())
    program = Program("n", dt, (), (projection,), notes=(("p", "schedule", schedule),))
    assert from_text(to_text(program)) == program


@given(constants)
def test_constants_keep_sign_and_type(constant: Const) -> None:
    step = (Let("x", constant, Site.GLOBAL),)
    projection = Projection("p", ("a",), "b", "", 1, (), (), (), (), step, (), ConnectAll())
    back = from_text(to_text(Program("n", 0.1, (), (projection,)))).projections[0].step[0]
    assert isinstance(back, Let)
    assert repr(back.value) == repr(constant)


@given(st.data())
def test_a_spoilt_text_is_refused_or_read(data: st.DataObject) -> None:
    """Cutting out characters gives TextError (or another program), never any other error."""
    start = data.draw(st.integers(0, len(EVERYTHING)))
    length = data.draw(st.integers(1, 30))
    with contextlib.suppress(TextError):
        from_text(EVERYTHING[:start] + EVERYTHING[start + length :])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: a program begins with its name and dt"),
        ("program p\ndt 0.1\n   x", "line 3: indented by 3"),
        ("program p\ndt 0.1\nnote 3", "line 3: expected a string, found 3"),
        ("program p\ndt 0.1\npopulation a size 2\n  derived k at global = @nothing", "line 4: there is no @nothing"),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(TextError, match=f"^{message}$"):
        from_text(text)
