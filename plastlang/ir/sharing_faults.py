"""What a program may not do with variables that the networks of a batch share, said to its author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plastlang.diagnostics import Diagnostic
from plastlang.ir.nodes import (
    Assign,
    Block,
    Expr,
    If,
    Local,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    Read,
    Stmt,
)
from plastlang.ir.sharing import Sharing, addend, sharing_of
from plastlang.ir.walk import all_expressions, expressions, statements, walk

_ORDER = "the networks of a batch add to it one after the other, so what is read would depend on their order"


def faults(program: Program) -> tuple[Diagnostic, ...]:
    """What is wrong with the use of shared variables, whatever the size of the batch."""
    found: list[Diagnostic] = []
    known = sharing_of(program)
    for population in program.populations:
        found += _population(population, known[population.name])
    for projection in program.projections:
        found += _projection(projection, known[projection.name])
    return tuple(found)


def structure_faults(program: Program) -> tuple[Diagnostic, ...]:
    """What changes the structure, which a batch shares, by values of a single network."""
    found: list[Diagnostic] = []
    known = sharing_of(program)
    for projection in program.projections:
        for block in projection.blocks:
            if not isinstance(block.trigger, (PreSpike, PostSpike)):
                found += _structure(block.body, known[projection.name], projection.name)
    return tuple(found)


def _population(population: Population, sharing: Sharing) -> Iterator[Diagnostic]:
    yield from _starts(population, sharing)
    for name in sorted(sharing.writes_shared(population.step)):
        yield Diagnostic(
            "P325",
            f"`{name}` of population `{population.name}` is shared by the networks of a batch, and has an equation",
            None,
            "",
            ("the neurons of each network advance by themselves",),
            "change it in `each step`, `every ...` or a signal block, or declare it without `shared`",
        )
    if population.spiking is not None:
        yield from _event(population.spiking.body, sharing, "a spike")
    yield from _blocks(population.blocks, sharing)


def _projection(projection: Projection, sharing: Sharing) -> Iterator[Diagnostic]:
    yield from _starts(projection, sharing)
    for kind, what in ((PreSpike, "a pre spike"), (PostSpike, "a post spike")):
        body = tuple(s for b in projection.blocks if isinstance(b.trigger, kind) for s in b.body)
        yield from _event(body, sharing, what)
    yield from _timed(projection.step, sharing)
    yield from _blocks(projection.blocks, sharing)


def _blocks(blocks: tuple[Block, ...], sharing: Sharing) -> Iterator[Diagnostic]:
    for block in blocks:
        if not isinstance(block.trigger, (PreSpike, PostSpike)):
            yield from _timed(block.body, sharing)


def _starts(owner: Population | Projection, sharing: Sharing) -> Iterator[Diagnostic]:
    for variable in owner.variables:
        if variable.shared and (names := sharing.own_reads(variable.init)):
            yield Diagnostic(
                "P322",
                f"the start value of `{variable.name}` of `{owner.name}`, which the networks of a batch share,"
                f" depends on `{names[0]}`, which each has for itself",
                None,
                "",
                (),
                f"declare `{names[0]}` shared, or `{variable.name}` without `shared`",
            )


def _reads(body: Iterable[Stmt], name: str) -> bool:
    """Whether statements read a variable, but to add to it."""
    for statement in statements(body):
        parts: tuple[Expr, ...] = expressions(statement)
        if isinstance(statement, Assign) and statement.name == name:
            added = addend(statement)
            parts = parts if added is None else (added,)
        if any(isinstance(n, Read) and not n.of and n.name == name for x in parts for n in walk(x)):
            return True
    return False


def _event(body: tuple[Stmt, ...], sharing: Sharing, what: str) -> Iterator[Diagnostic]:
    """Statements that run at the spikes of each network."""
    fine = True
    for statement in statements(body):
        if isinstance(statement, Assign) and statement.name in sharing.shared and addend(statement) is None:
            fine = False
            yield Diagnostic(
                "P320",
                f"`{statement.name}` is shared by the networks of a batch, so {what} may only add to it",
                statement.span,
                "another value",
                ("spikes belong to one network of the batch, and their order must not matter",),
                f"write `{statement.name} += ...` or `-= ...`, or declare it without `shared`",
            )
    if not fine:
        return
    for name in sorted(sharing.writes_shared(body)):
        if _reads(body, name):
            yield _read_and_added(name, body, f"{what} reads `{name}` and adds to it")


def _read_and_added(name: str, body: Iterable[Stmt], message: str) -> Diagnostic:
    span = next(s.span for s in statements(body) if isinstance(s, Assign) and s.name == name)
    return Diagnostic(
        "P321",
        f"{message}, but the networks of a batch share it",
        span,
        "added here",
        (_ORDER,),
        "collect the sum in a shared variable of its own, and use it in `each step`, `every ...` or a signal block",
    )


def _timed(body: tuple[Stmt, ...], sharing: Sharing) -> Iterator[Diagnostic]:
    """Statements of `each step`, `every` and signal blocks and of equations."""
    lets = sharing.own_lets(body)
    for statement in body:
        if not sharing.is_own(statement, lets):
            continue
        written = sharing.writes_shared((statement,))
        fine = True
        for inner in statements((statement,)):
            if not isinstance(inner, Assign) or inner.name not in sharing.shared or addend(inner) is not None:
                continue
            fine = False
            names = [n for x in all_expressions((statement,)) for n in sharing.own_reads(x, lets)]
            why = f"`{names[0]}` is one of each network's own" if names else "the `if` is one of each network's own"
            yield Diagnostic(
                "P322",
                f"`{inner.name}` is shared by the networks of a batch, but each would give it another value",
                inner.span,
                why,
                (),
                f"add to it (`{inner.name} += ...` sums over the networks), or declare it without `shared`",
            )
        if not fine or not isinstance(statement, If):
            continue
        for name in sorted(written):
            if _reads((statement,), name):
                yield _read_and_added(name, (statement,), f"this `if` reads `{name}` and adds to it")
            elif _counts(statement, name, sharing, lets):
                yield Diagnostic(
                    "P323",
                    f"this `if` changes `{name}`, which the networks of a batch share, and what each has for itself",
                    statement.span,
                    "once, or in each network?",
                    (f"nothing that `{name}` is given depends on a network",),
                    "split the `if`",
                )


def _counts(statement: If, name: str, sharing: Sharing, lets: Iterable[str]) -> bool:
    """Whether an `if` adds to a shared variable where neither the value nor a condition is a network's own."""
    if sharing.own_reads(statement.condition, lets):
        return False
    inside = set(lets)
    for inner in (*statement.then, *statement.otherwise):
        if isinstance(inner, If) and _counts(inner, name, sharing, inside):
            return True
        if isinstance(inner, Assign) and inner.name == name and not sharing.own_reads(inner.value, inside):
            return True
        bound = getattr(inner, "name", "") if not isinstance(inner, Assign) else ""
        if bound and any(sharing.own_reads(x, inside) for x in expressions(inner)):
            inside.add(bound)
    return False


def _structure(body: tuple[Stmt, ...], sharing: Sharing, owner: str) -> Iterator[Diagnostic]:
    lets = sharing.own_lets(body)
    for statement in body:
        inner = tuple(statements((statement,)))
        if sharing.is_own(statement, lets) or not any(sharing.is_structural(s) for s in inner):
            continue
        own_writes = {s.name for s in inner if isinstance(s, Assign) and s.name in sharing.own}
        for part in inner:
            if isinstance(part, Assign) and part.name in own_writes:
                continue
            names = [n for x in expressions(part) for n in sharing.own_reads(x, lets)]
            if names:
                bound = any(isinstance(n, Local) and n.name == names[0] for x in expressions(part) for n in walk(x))
                yield Diagnostic(
                    "P324",
                    f"the networks of a batch share the synapses of `{owner}`, and here their change depends on"
                    f" `{names[0]}`, which each has for itself",
                    part.span or statement.span,
                    "a value of each network",
                    (),
                    "let it depend on a shared variable"
                    + ("" if bound else f", for example a sum that `{names[0]}` is added to with `+=`")
                    + ", or compile with a batch of 1",
                )
                break
