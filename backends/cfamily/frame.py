"""Statements as C for one instance of a site: where names are found, how a value is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plastlang.backends.cfamily.layout import Layout, OwnerLayout, ProjectionLayout, has_draw
from plastlang.backends.cfamily.printer import Dialect, Names, indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.ir.nodes import (
    ELAPSED,
    Assign,
    Builtin,
    Const,
    Deliver,
    Derived,
    Expr,
    If,
    InputSum,
    LazyGroup,
    Let,
    Local,
    Param,
    Read,
    Stmt,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import children, walk

Leaf = Param | Derived | Read | Local | Builtin | InputSum


@dataclass(slots=True)
class Frame:
    """The place of a statement.

    Attributes:
        scope: the block whose head takes declarations.
        lines: where statements go.
        index: C text of the instance at each site that it sees.
        step: C text of the step (int32_t).
        who: the first two words of draws' counters; None: by the site of the statement.
        older: C text of how many older synapses the pair has; "": as the rows say.
        now: inside a step; otherwise `@before` means now.
        registers: variables that are held in C variables of their names.
        snapshot: what stands for entries of arrays, by kind and variable.
        known: what stands for whole expressions.
        hoists: names of what the outer frame has computed.
        outer: the frame where what does not depend on this instance is computed.
        tables: whether decay factors come from tables.
        lane: the network, where the own values of a synapse lie side by side; "": the array begins at its lane.
    """

    dialect: Dialect
    names: Names
    layout: Layout
    owner: OwnerLayout
    scope: Scope
    lines: list[str]
    site: Site
    index: Mapping[Site, str]
    step: str = "step"
    repeat: str = "0u"
    who: tuple[str, str] | None = None
    older: str = ""
    now: bool = True
    registers: frozenset[str] = frozenset()
    snapshot: Mapping[tuple[str, str], str] = field(default_factory=dict)
    known: dict[Expr, str] = field(default_factory=dict)
    hoists: dict[Expr, str] = field(default_factory=dict)
    locals: dict[str, Value] = field(default_factory=dict)
    outer: Frame | None = None
    outer_sites: frozenset[Site] = frozenset()
    tables: bool = True
    mask: str = ""
    lane: str = ""
    deliver: str = ""
    late: tuple[Deliver, ...] = ()  # deliveries that wait, whose values and steps go to variables by their number

    # ------------------------------------------------------------ text of expressions

    def text(self, expression: Expr) -> str:
        """C text; what has to be computed before it is put on the lines."""
        return self.dialect.expression(expression, self)

    def replacement(self, expression: Expr) -> str | None:
        """Text of values computed before."""
        if expression in self.known:
            return self.known[expression]
        is_fixed = isinstance(expression, (Const, Local, InputSum)) or has_draw(expression)
        if is_fixed and not (isinstance(expression, Local) and self._is_outer(expression)):
            return None
        if self._is_constant(expression):
            if isinstance(expression, (Param, Derived, Builtin)):
                return None
            return self._hoist_constant(expression)
        if self.outer is not None and self._is_outer(expression):
            if expression not in self.hoists:
                self.hoists[expression] = self.outer.hoisted(expression)
            return self.hoists[expression]
        return None

    def hoisted(self, expression: Expr) -> str:
        """A name for a value of this frame, for the frames inside it."""
        name = self.scope.fresh("h")
        self.lines.append(f"const {self.dialect.type(expression.type)} {name} = {self.text(expression)};")
        return name

    def _hoist_constant(self, expression: Expr) -> str:
        constants = self.scope.constants
        if expression not in constants:
            text = self.dialect.expression(expression, _Constants(self))
            constants[expression] = self.scope.fresh("k")
            declaration = f"const {self.dialect.type(expression.type)} {constants[expression]} = {text};"
            self.scope.declare(constants[expression], declaration)
        return constants[expression]

    def _is_constant(self, expression: Expr) -> bool:
        match expression:
            case Const():
                return True
            case Param() | Derived():
                return self.owner.constant(expression)[1] is Site.GLOBAL
            case Builtin(name=name):
                return name in ("dt", "size", "pre.size", "post.size")
            case Read() | Local() | InputSum():
                return False
            case _:
                return not has_draw(expression) and all(self._is_constant(c) for c in children(expression))

    def _is_outer(self, expression: Expr) -> bool:
        if self.outer is None or has_draw(expression):
            return False
        varies = False
        for node in walk(expression):
            match node:
                case Read(site=site):
                    if site not in self.outer_sites:
                        return False
                    varies = True
                case Local(name=name):
                    if name in self.locals or name not in self.outer.locals:
                        return False
                    varies = True
                case Builtin(site=site) if site is not Site.GLOBAL:
                    if site not in self.outer_sites:
                        return False
                    varies |= not isinstance(expression, Builtin)
                case Param() | Derived() if self.owner.constant(node)[1] is not Site.GLOBAL:
                    return False
                case InputSum():
                    return False
                case _:
                    pass
        return varies

    def leaf(self, expression: Leaf) -> str:
        """The value of a name."""
        match expression:
            case Param() | Derived():
                return self._constant(expression)
            case Local(name=name):
                value = self.locals[name]
                return f"{value.text}[{self.at(value.site)}]" if value.indexed else value.text
            case InputSum(port=port):
                return self.names.of("input", port)
            case Builtin():
                return self._builtin(expression)
            case Read(of="") if expression.site is Site.PAIR:
                return self._pair(expression.name)
            case Read(of=""):
                return self._own(expression)
            case Read():
                return self._end(expression)

    def words(self, purpose: int) -> str:
        """The random words of a draw."""
        a, b = self.who or self._who()
        ordinal = "0u"
        if self.site is Site.SYNAPSE and self.who is None:
            ordinal = self.older or f"pl_rows_ordinal(&p->rows, {self.index[Site.PRE]}, {self.index[Site.SYNAPSE]})"
        counter = f"pl_counter({purpose}u, {ordinal}, {self.repeat})"
        # what is drawn for a pair is drawn for all networks of a batch
        seed = "common" if self.layout.batched and self.site is Site.PAIR else "seed"
        return f"pl_philox({a}, {b}, (uint32_t){self.step}, {counter}, m->{seed})"

    def _who(self) -> tuple[str, str]:
        match self.site:
            case Site.GLOBAL:
                return "0u", "0u"
            case Site.NEURON | Site.PRE | Site.POST:
                return f"(uint32_t){self.at(self.site)}", "0u"
            case _:
                return f"(uint32_t){self.at(Site.PRE)}", f"(uint32_t){self.at(Site.POST)}"

    def at(self, site: Site) -> str:
        """The index of the instance at `site`."""
        return "0" if site is Site.GLOBAL else self.index[Site.SYNAPSE if site is Site.PAIR else site]

    def _constant(self, expression: Param | Derived) -> str:
        number, site = self.owner.constant(expression)
        kind = "p" if isinstance(expression, Param) else "d"
        name, type_ = (
            self.names.of(kind, f"{self.owner.owner.name}.{expression.name}"),
            self.dialect.type(expression.type),
        )
        array = f"((const {type_} *)p->constants[{number}])"
        if site is Site.GLOBAL:
            return self.scope.declare(name, f"const {type_} {name} = {array}[0];")
        self.scope.declare(name, f"const {type_} *restrict {name} = {array};")
        return f"{name}[{self.at(Site.NEURON)}]"

    def _builtin(self, builtin: Builtin) -> str:
        real, name = self.dialect.real, builtin.name
        match name:
            case "dt":
                return self.scope.declare("dt", f"const {real} dt = ({real})m->dt;")
            case "t":
                return f"({real})((double){self.step} * m->dt)"
            case "step":
                return self.step
            case "index":
                return self.at(Site.NEURON)
            case "pos.x":
                return f"({real})({self.at(Site.NEURON)} % p->width)"
            case "pos.y":
                return f"({real})({self.at(Site.NEURON)} / p->width)"
            case "size":
                return "p->size"
            case "pre.size" | "post.size":
                return f"p->n_{name[: name.index('.')]}"
            case "synapses":
                return "(int32_t)p->rows.total"
            case "pre.index":
                return self.at(Site.PRE)
            case "post.index":
                return self.at(Site.POST)
            case "pre.group":
                return f"p->group[{self.at(Site.PRE)}]"
            case "pre.pos.x" | "pre.pos.y":
                return f"({real})p->pre_{name[-1]}[{self.at(Site.PRE)}]"
            case "post.pos.x" | "post.pos.y":
                return f"({real})p->post_{name[-1]}[{self.at(Site.POST)}]"
            case "pre.out_degree":
                return f"p->rows.length[{self.at(Site.PRE)}]"
            case "post.in_degree":
                return f"p->rows.in_degree[{self.at(Site.POST)}]"
            case "distance":
                root = f"PL_SQRT{self.dialect.suffix.upper()}"
                return f"{root}(({real})pl_distance2(p, {self.at(Site.PRE)}, {self.at(Site.POST)}))"
            case "connected":
                return "connected"
            case _:
                raise AssertionError(f"there is no builtin {name}")

    def _pair(self, name: str) -> str:
        """A constant of the pair: from its column where synapses keep it."""
        owner = self.owner
        assert isinstance(owner, ProjectionLayout)
        if self.site is Site.SYNAPSE and any(c.kind == "pair" and c.name == name for c in owner.columns):
            return self.item("pair", name)
        return self.pair_anew(name)

    def pair_anew(self, name: str) -> str:
        """A constant of the pair, computed anew."""
        pair = replace(
            self,
            site=Site.PAIR,
            step="0",
            repeat="0u",
            who=None,
            outer=None,
            known={},
            registers=frozenset(),
            now=False,
        )
        return pair.text(self.owner.variable(name).init)

    # ------------------------------------------------------------ variables

    def array(self, kind: str, name: str) -> str:
        """A pointer to "value", "before", "stamp", "pair" or "last" (name: of the variable, or first of the group)."""
        owner = self.owner
        variable = owner.variable(name)
        type_ = "int32_t" if kind in ("stamp", "last") else self.dialect.type(variable.type)
        text = self.names.of(
            {"value": "v", "before": "old", "stamp": "stamp", "last": "last", "pair": "pair"}[kind],
            f"{owner.owner.name}.{name}",
        )
        if variable.site is Site.SYNAPSE or kind == "pair":
            assert isinstance(owner, ProjectionLayout)
            # the pool holds one array per column, each aligned for any type
            source = f"({type_} *)(void *)p->rows.column[{owner.column(kind, name)}]"
        elif kind == "last":
            assert isinstance(owner, ProjectionLayout)
            group = owner.group(name)
            assert group is not None
            source = f"p->last[{group[0]}]"
        else:
            member = {"value": "values", "before": "before", "stamp": "stamp"}[kind]
            source = f"({type_} *)p->{member}[{owner.index(name)}]"
        # values of the network are reached from inside and outside of loops, so their pointers promise nothing
        restrict = "" if variable.site is Site.GLOBAL else "restrict "
        return self.scope.declare(text, f"{type_} *{restrict}{text} = {source};")

    def group(self, name: str) -> LazyGroup | None:
        """The lazy group of an own variable."""
        found = self.owner.group(name) if isinstance(self.owner, ProjectionLayout) else None
        return None if found is None else found[1]

    def _own(self, read: Read) -> str:
        name, group = read.name, self.group(read.name)
        if group is None:
            if not (read.before and self.now):
                return self.stored(name, read.site)
            stamp, old, value = (self.item(kind, name) for kind in ("stamp", "before", "value"))
            return f"({stamp} == {self.step} ? {old} : {value})"
        last = self.item("last", group.names[0])
        gone = self.scope.fresh("n")
        result = self.scope.fresh(self.names.of("v", name))
        self.lines.append(f"const int32_t {gone} = {self.step} - {last};")
        value = self.advanced(group, name, gone)
        if read.before and self.now:
            value = f"{gone} == 0 ? {self.item('before', name)} : {value}"
        else:
            value = f"{gone} == 0 ? {self.stored(name, read.site)} : {value}"
        self.lines.append(f"const {self.dialect.type(read.type)} {result} = {value};")
        return result

    def stored(self, name: str, site: Site) -> str:
        """The stored value of an own variable."""
        return self.names.of("v", name) if name in self.registers else self.item("value", name)

    def item(self, kind: str, name: str) -> str:
        """An entry of the array of that kind."""
        known = self.snapshot.get((kind, name))
        return known or f"{self.array(kind, name)}[{self._entry(kind, name)}]"

    def _entry(self, kind: str, name: str) -> str:
        site, at = self.owner.variable(name).site, self.at(self.owner.variable(name).site)
        if site is not Site.SYNAPSE:
            return at
        assert isinstance(self.owner, ProjectionLayout)
        entry = self.owner.entry(kind, name, at)
        return f"{entry} + {self.lane}" if self.lane and entry != at else entry

    def advanced(self, group: LazyGroup, name: str, gone: str) -> str:
        """A member of a lazy group `gone` steps after its last write."""
        known = {m: Value(self.stored(m, group.site), self.owner.variable(m).type, group.site) for m in group.names}
        inside = replace(self, locals={**known, ELAPSED: Value(gone, Type.INT, group.site)}, known={}, outer=None)
        if self.tables:
            for node in walk(group.advance[group.names.index(name)]):
                assert isinstance(self.owner, ProjectionLayout)
                table = self.owner.decay_table(node)
                if table is not None:
                    inside.known[node] = self._table(table, gone)
        return inside.text(group.advance[group.names.index(name)])

    def _table(self, number: int, gone: str) -> str:
        assert isinstance(self.owner, ProjectionLayout)
        real = self.dialect.real
        pointer = f"const {real} *restrict decay_{number} = (const {real} *)p->tables[{number}];"
        name = self.scope.declare(f"decay_{number}", pointer)
        return f"pl_decay{self.dialect.suffix}({name}, {gone}, {self._constant(self.owner.tables[number][1])})"

    def _end(self, read: Read) -> str:
        """A variable of the neuron at one end."""
        assert isinstance(self.owner, ProjectionLayout)
        projection = self.owner.owner
        ends = projection.sources if read.of == "pre" else (projection.target,)
        at = self.at(read.site)
        result = ""
        for k in range(len(ends) - 1, -1, -1):
            shifted = at if k == 0 else f"({at} - p->first[{k}])"
            value = self._neuron(ends[k], read, shifted)
            result = value if not result else f"({at} < p->first[{k + 1}] ? {value} : {result})"
        return result

    def _neuron(self, population: str, read: Read, at: str) -> str:
        home = self.layout.populations[population]
        type_ = self.dialect.type(read.type)
        where = f"m->populations[{home.number}]"
        name = self.names.of("v", f"{population}.{read.name}")
        number = home.index(read.name)
        self.scope.declare(name, f"const {type_} *{name} = (const {type_} *){where}.values[{number}];")
        if not (read.before and self.now):
            return f"{name}[{at}]"
        old, stamp = (
            self.names.of("old", f"{population}.{read.name}"),
            self.names.of("stamp", f"{population}.{read.name}"),
        )
        self.scope.declare(old, f"const {type_} *{old} = (const {type_} *){where}.before[{number}];")
        self.scope.declare(stamp, f"const int32_t *{stamp} = {where}.stamp[{number}];")
        return f"({stamp}[{at}] == {self.step} ? {old}[{at}] : {name}[{at}])"

    # ------------------------------------------------------------ statements

    def run(self, statement: Stmt) -> None:
        """Put a statement on the lines."""
        if statement.site is not self.site and self.who is None:
            replace(self, site=statement.site).run(statement)
            return
        match statement:
            case Let(name=name, value=value):
                text = self.text(value)
                local = self.scope.fresh(self.names.of("l", name))
                self.lines.append(f"const {self.dialect.type(value.type)} {local} = {text};")
                self.locals[name] = Value(local, value.type, statement.site)
            case Assign(name=name, value=value):
                self.assign(name, self.text(value))
            case If():
                self._branch(statement)
            case Deliver():
                self._deliver(statement)
            case _:
                raise AssertionError(f"{statement} is not a statement of one instance")

    def _deliver(self, statement: Deliver) -> None:
        value = f"pl_fixed{self.dialect.suffix}({self.text(statement.value)})"
        if statement.after is None:
            self.lines.append(self.deliver.format(value=value))
            return
        number = next(k for k, s in enumerate(self.late) if s is statement)
        self.lines += [f"late_{number} = {value};", f"after_{number} = {self.text(statement.after)};"]

    def assign(self, name: str, text: str) -> None:
        """Store a value; a lazy group is brought to now, and the value before this step is kept where it is read."""
        site, group = self.owner.variable(name).site, self.group(name)
        at = self.at(site)
        if name in self.registers:
            register = self.names.of("v", name)
            self.lines.append(f"{register} = {f'{self.mask} ? {text} : {register}' if self.mask else text};")
            return
        if group is not None:
            new = self.scope.fresh("new")
            self.lines.append(f"const {self.dialect.type(self.owner.variable(name).type)} {new} = {text};")
            self._bring(group)
            text = new
        elif name in self.owner.before:
            stamp, old = self.array("stamp", name), self.array("before", name)
            self.lines += [
                f"if ({stamp}[{at}] != {self.step}) {{",
                f"    {old}[{at}] = {self.array('value', name)}[{at}];",
                f"    {stamp}[{at}] = {self.step};",
                "}",
            ]
        self.lines.append(f"{self.array('value', name)}[{self._entry('value', name)}] = {text};")

    def _bring(self, group: LazyGroup) -> None:
        """Replace all members of a group by their values now."""
        at = self.at(group.site)
        last = f"{self.array('last', group.names[0])}[{at}]"
        gone = self.scope.fresh("n")
        self.lines.append(f"const int32_t {gone} = {self.step} - {last};")
        inside = []
        for name in group.names:
            now = f"now_{self.names.of('v', name)}"
            inside.append(
                f"const {self.dialect.type(self.owner.variable(name).type)} {now} = {self.advanced(group, name, gone)};"
            )
        for name in group.names:
            now = f"now_{self.names.of('v', name)}"
            if name in self.owner.before:
                inside.append(f"{self.array('before', name)}[{at}] = {now};")
            inside.append(f"{self.array('value', name)}[{at}] = {now};")
        self.lines += [f"if ({gone} != 0) {{", *indent(inside), f"    {last} = {self.step};", "}"]

    def _branch(self, statement: If) -> None:
        condition = self.text(statement.condition)
        if self.registers:
            # every instance computes both sides, so that the loop has no branch
            chosen = self.scope.fresh("c")
            self.lines.append(f"const bool {chosen} = {condition};")
            for body, mask in ((statement.then, chosen), (statement.otherwise, f"!{chosen}")):
                both = f"({self.mask} && {mask})" if self.mask else mask
                inside = replace(self, mask=both, locals=dict(self.locals))
                for inner in body:
                    inside.run(inner)
            return
        self.lines.append(f"if ({condition}) {{")
        self._side(statement.then)
        if statement.otherwise:
            self.lines.append("} else {")
            self._side(statement.otherwise)
        self.lines.append("}")

    def _side(self, body: tuple[Stmt, ...]) -> None:
        inside = replace(self, lines=[], locals=dict(self.locals))
        for inner in body:
            inside.run(inner)
        self.lines += indent(inside.lines)


@dataclass(slots=True)
class _Constants:
    """The places of a frame, for a constant that gets one name as a whole."""

    frame: Frame

    def leaf(self, expression: Leaf) -> str:
        return self.frame.leaf(expression)

    def words(self, purpose: int) -> str:
        return self.frame.words(purpose)

    def replacement(self, expression: Expr) -> str | None:
        return None
