"""Hypothesis strategies for syntax trees: every node type, any nesting the syntax has, not necessarily well-typed."""

from __future__ import annotations

from inspect import cleandoc

from hypothesis import strategies as st

from plastlang.frontend import ast
from plastlang.frontend.habits import RESERVED, SOFT_WORDS

UNITS = st.sampled_from(["ms", "mV", "nS", "Hz", "um", "µS", "e5", "x"])
PLAIN_NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: name not in RESERVED and name not in SOFT_WORDS
)
NAMES = st.one_of(PLAIN_NAMES, st.sampled_from(sorted(SOFT_WORDS)))
SIGNALS = NAMES.filter(
    lambda name: "spike" not in name.lower() and "pre" not in name.lower() and "post" not in name.lower()
)
INITIAL_NAMES = NAMES.filter(lambda name: name not in ("connect", "delay"))
NUMBER_TEXTS = st.from_regex(r"([0-9]{1,4}(\.[0-9]{0,3})?|\.[0-9]{1,3})([eE][+-]?[0-9]{1,2})?", fullmatch=True)
NUMBERS = st.builds(ast.Number, NUMBER_TEXTS, st.one_of(st.just(""), st.just("%"), UNITS))
UNIT_TEXTS = st.sampled_from(["", "nS", "mV/ms", "1/ms", "ms**-1", "nS*mV", "um**2", "%"])


def clean(text: str) -> str:
    """What the parser makes of the text of a docstring."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.rstrip() for line in cleandoc(text).split("\n")).strip("\n")


_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
DOCS = st.one_of(st.just(""), st.text(" ab\"\\\n\t#'", max_size=20), _TEXT).map(clean)
PATHS = st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), max_size=12)

POSTFIX = st.recursive(
    st.builds(ast.Name, NAMES),
    lambda inner: st.one_of(st.builds(ast.Attribute, inner, NAMES), st.builds(ast.Before, inner)),
    max_leaves=3,
)


def _compound(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Expression]:
    comparison = st.integers(1, 3).flatmap(
        lambda n: st.builds(
            ast.Comparison,
            st.tuples(*[inner] * (n + 1)),
            st.tuples(*[st.sampled_from(["<", "<=", ">", ">=", "==", "!="])] * n),
        )
    )
    return st.one_of(
        st.builds(ast.UnaryOp, st.sampled_from(["-", "+", "not"]), inner),
        st.builds(ast.BinaryOp, st.sampled_from(["+", "-", "*", "/", "%", "**", "and", "or"]), inner, inner),
        comparison,
        st.builds(ast.Conditional, inner, inner, inner),
        st.builds(
            ast.CallExpression, NAMES, _tuple(st.builds(ast.Argument, st.one_of(st.just(""), NAMES), inner), 0, 3)
        ),
        st.builds(
            lambda name, value, reach: ast.Aggregate(ast.CallExpression(name, (ast.Argument("", value),)), *reach),
            NAMES,
            inner,
            st.sampled_from(
                [("synapses",), ("synapses", "pre"), ("synapses", "post"), ("pre",), ("post",), ("neurons",)]
            ),
        ),
    )


def _tuple(of: st.SearchStrategy, least: int, most: int) -> st.SearchStrategy[tuple]:
    return st.lists(of, min_size=least, max_size=most).map(tuple)


EXPRESSIONS: st.SearchStrategy[ast.Expression] = st.recursive(st.one_of(NUMBERS, POSTFIX), _compound, max_leaves=8)
_OPTIONAL = st.one_of(st.none(), EXPRESSIONS)
_BOUNDS = st.one_of(st.none(), st.tuples(EXPRESSIONS, EXPRESSIONS))

_PER = st.sampled_from(["", "pre", "post"])

SIMPLE_STATEMENTS = st.one_of(
    st.builds(ast.LetStatement, NAMES, EXPRESSIONS),
    st.builds(ast.Assignment, POSTFIX, st.sampled_from(["=", "+=", "-=", "*=", "/="]), EXPRESSIONS),
    st.builds(ast.DeliverStatement, EXPRESSIONS),
    st.builds(ast.DeliverStatement, EXPRESSIONS, EXPRESSIONS, EXPRESSIONS),
    st.builds(ast.HoldStatement, NAMES, EXPRESSIONS),
    st.builds(ast.PruneStatement, st.none(), _OPTIONAL),
    st.builds(ast.PruneStatement, EXPRESSIONS, st.none(), st.one_of(st.just(""), NAMES)),
    st.builds(ast.GrowStatement, st.none(), st.booleans(), _OPTIONAL, _OPTIONAL, _OPTIONAL),
    st.builds(ast.GrowStatement, EXPRESSIONS),
    st.builds(ast.PruneRankedStatement, EXPRESSIONS, st.sampled_from(["smallest", "largest"]), EXPRESSIONS, _PER),
    st.builds(ast.PruneRankedStatement, EXPRESSIONS, st.just("uniformly"), st.none(), _PER),
)


def _nested(inner: st.SearchStrategy[ast.Statement]) -> st.SearchStrategy[ast.Statement]:
    body = _tuple(inner, 1, 3)
    return st.one_of(
        st.builds(ast.IfStatement, EXPRESSIONS, body, _tuple(inner, 0, 2)),
        st.builds(ast.SampleStatement, EXPRESSIONS, _OPTIONAL, body),
        st.builds(ast.GrowStatement, st.none(), st.booleans(), _OPTIONAL, _OPTIONAL, _OPTIONAL, body),
        st.builds(lambda count, body: ast.GrowStatement(count, body=body), EXPRESSIONS, body),
        st.builds(
            ast.GrowRankedStatement,
            EXPRESSIONS,
            st.sampled_from(["smallest", "largest"]),
            EXPRESSIONS,
            _PER,
            _tuple(inner, 0, 2),
        ),
        st.builds(ast.GrowMatchedStatement, EXPRESSIONS, EXPRESSIONS, _OPTIONAL, _tuple(inner, 0, 2)),
    )


STATEMENTS: st.SearchStrategy[ast.Statement] = st.recursive(SIMPLE_STATEMENTS, _nested, max_leaves=5)
BODIES = _tuple(STATEMENTS, 1, 3)
_PARAMETERS = st.builds(
    ast.ParameterDeclaration, _tuple(st.builds(ast.ParameterItem, NAMES, UNIT_TEXTS, _OPTIONAL, _BOUNDS), 1, 3)
)
_SITES = st.sampled_from(["state", "global", "pre", "post", "synapse", "pair"])
MEMBERS = st.one_of(
    _PARAMETERS,
    st.builds(
        ast.VariableDeclaration,
        _SITES,
        _tuple(st.builds(ast.VariableItem, NAMES, UNIT_TEXTS, _OPTIONAL, _BOUNDS), 1, 3),
    ),
    st.builds(
        ast.VariableDeclaration,
        _SITES,
        _tuple(st.builds(ast.VariableItem, NAMES, UNIT_TEXTS, st.none(), st.none()), 1, 3),
        st.just(True),
    ),
    st.builds(ast.EquationDeclaration, NAMES, EXPRESSIONS),
    st.builds(ast.LetDeclaration, NAMES, EXPRESSIONS),
    st.builds(ast.InputDeclaration, NAMES, NAMES),
    st.builds(ast.MethodDeclaration, NAMES),
    st.builds(
        ast.UseDeclaration,
        st.builds(
            ast.CallExpression, NAMES, _tuple(st.builds(ast.Argument, st.one_of(st.just(""), NAMES), EXPRESSIONS), 0, 3)
        ),
        st.one_of(st.just(""), NAMES),
    ),
    st.builds(ast.SpikeDeclaration, st.sampled_from(["when", "rate"]), EXPRESSIONS, _tuple(STATEMENTS, 0, 2)),
    st.builds(ast.SpikeDeclaration, st.just("times"), st.none(), _tuple(STATEMENTS, 0, 2)),
    st.builds(ast.BlockDeclaration, st.sampled_from(["pre spike", "post spike", "each step"]), BODIES),
    st.builds(
        ast.BlockDeclaration, st.sampled_from(["pre spike", "post spike"]), BODIES, st.none(), st.just(""), st.just(()),
        EXPRESSIONS, st.one_of(st.none(), EXPRESSIONS),
    ),
    st.builds(ast.BlockDeclaration, st.just("every"), BODIES, EXPRESSIONS),
    st.builds(ast.BlockDeclaration, st.just("signal"), BODIES, st.none(), SIGNALS, _tuple(NAMES, 0, 2)),
)
_CALLS = st.builds(
    ast.CallExpression, NAMES, _tuple(st.builds(ast.Argument, st.one_of(st.just(""), NAMES), EXPRESSIONS), 0, 3)
)
_GRIDS = st.builds(ast.GridExpression, EXPRESSIONS, EXPRESSIONS, st.booleans())
_PROJECTION_MEMBERS = st.one_of(
    st.builds(ast.ConnectDeclaration, st.just("probability"), EXPRESSIONS),
    st.builds(ast.ConnectDeclaration, st.sampled_from(["all", "one to one", "none"])),
    st.builds(ast.DelayDeclaration, EXPRESSIONS),
    st.builds(ast.InitDeclaration, INITIAL_NAMES, EXPRESSIONS),
)
NETWORK_MEMBERS = st.one_of(
    _PARAMETERS,
    st.builds(ast.TimestepDeclaration, EXPRESSIONS),
    st.builds(ast.PopulationDeclaration, NAMES, _CALLS, _GRIDS, st.none()),
    st.builds(ast.PopulationDeclaration, NAMES, _CALLS, st.none(), EXPRESSIONS),
    st.builds(
        ast.ProjectDeclaration,
        NAMES,
        _tuple(NAMES, 1, 2),
        NAMES,
        st.one_of(st.just(""), NAMES),
        _tuple(_CALLS, 1, 2),
        _tuple(_PROJECTION_MEMBERS, 0, 3),
    ),
    st.builds(ast.RecordDeclaration, NAMES, NAMES, _OPTIONAL),
)


def _with_content(node: ast.Component | ast.NetworkDeclaration) -> bool:
    return bool(node.doc or node.members)


DECLARATIONS = st.one_of(
    st.builds(ast.Import, PATHS, _tuple(NAMES, 0, 2)),
    st.builds(ast.ConstDeclaration, NAMES, EXPRESSIONS),
    st.builds(ast.FunctionDeclaration, NAMES, _tuple(NAMES, 0, 2), EXPRESSIONS),
    st.builds(ast.Component, st.sampled_from(["neuron", "rule"]), NAMES, DOCS, _tuple(MEMBERS, 0, 4)).filter(
        _with_content
    ),
    st.builds(ast.NetworkDeclaration, NAMES, DOCS, _tuple(NETWORK_MEMBERS, 0, 4)).filter(_with_content),
)
MODULES = st.builds(ast.Module, DOCS, _tuple(DECLARATIONS, 1, 3))
