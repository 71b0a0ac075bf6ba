"""PTX as C++ that the engine runs: what NVIDIA's compiler made of a kernel, instruction by instruction.

Registers are unsigned integers of their width: every instruction is arithmetic on bits. Addresses are the host's,
but for those of shared memory, which count from its beginning and may have 32 bits. Only what NVIDIA's compilers make
of our kernels is known; the rest raises Unknown. What an instruction does is said in NVIDIA's "Parallel Thread
Execution ISA"; those that approximate err by as much as it allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.cuda.emulator.ptx_values import BITS, EXPRESSIONS, TYPES, Unknown, typed

#: Registers that say which thread this is.
THREAD = {
    "%tid.x": "emu_thread_index()", "%ntid.x": "emu_block_size()", "%ctaid.x": "emu_block_index()",
    "%nctaid.x": "emu_grid_size()", "%ctaid.y": "emu_block_row()", "%nctaid.y": "emu_grid_rows()",
    "%ctaid.z": "emu_block_layer()", "%nctaid.z": "emu_grid_layers()", "%laneid": "(emu_thread_index() & 31u)",
}  # fmt: skip
SPACES = ("global", "shared", "local", "param", "const")
#: Comparisons, none of which is true of NaN; and those that are, each with the one that is false where it holds.
COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPPOSITE = {"ltu": ">=", "leu": ">", "gtu": "<=", "geu": "<"}
#: Directives that say nothing about what a kernel does.
SILENT = ("version", "target", "address_size", "pragma", "maxntid", "minnctapersm", "loc", "file")
STATEMENT = re.compile(r"\s*(\.visible\s+\.entry\s+\w+\s*\([^)]*\)|[{}]|[^;]*;)")
#: Rounding to an integer that is still a number.
WHOLE = {"rni": "rint", "rmi": "floor", "rpi": "ceil", "rzi": "trunc"}

#: In front of every module: what takes more than an operator of C++.
FRONT = f'#include "{Path(__file__).with_suffix(".hpp")}"'


def translated(ptx: str, checked: bool) -> str:
    """A module as C++. `checked`: every access of memory is told to the engine."""
    module = _Module(checked)
    for statement in _statements(re.sub(r"//[^\n]*", "", ptx)):
        module.take(statement)
    return "\n".join([*module.lines, ""])


def _statements(text: str) -> Iterator[str]:
    """Directives, labels, braces and instructions, each in one line."""
    text = re.sub(rf"^\s*\.({'|'.join(SILENT)})\b[^\n]*$", "", text, flags=re.M)
    text = re.sub(r"^\s*(\$?[\w$]+):", r"\1:;", text, flags=re.M)
    text, at = text.rstrip("\0 \n"), 0
    while at < len(text):
        found = STATEMENT.match(text, at)
        if found is None:
            raise Unknown(text[at : at + 200])
        at = found.end()
        yield " ".join(found[1].split())


class _Module:
    """C++ so far, and what names mean."""

    def __init__(self, checked: bool) -> None:
        self.checked, self.lines = checked, [FRONT]
        self.parameters: dict[str, str] = {}
        self.symbols: dict[str, str] = {}

    def take(self, line: str) -> None:
        if line in "{}":
            self.lines.append(line)
        elif line.startswith(".visible"):
            self._entry(line)
        elif line.startswith("."):
            self._variable(line.rstrip(";"))
        elif line.endswith(":;"):
            self.lines.append(f"{_label(line[:-2])}:;")
        else:
            self._instruction(line.rstrip(";"))

    def _entry(self, line: str) -> None:
        name = re.match(r"\.visible \.entry (\w+)", line)
        parameters = re.findall(r"\.param \.u64(?: \.ptr[^,)]*)? (\w+)", line)
        if name is None or len(parameters) != 2:
            raise Unknown(line)
        self.parameters = dict(zip(parameters, ("(uint64_t)m", "(uint64_t)data"), strict=True))
        self.lines.append(f'extern "C" __attribute__((visibility("default"))) void {name[1]}(void *m, void *data)')

    def _variable(self, line: str) -> None:
        register = re.fullmatch(r"\.reg \.(\w+) (.*)", line)
        if register:
            type_ = TYPES[register[1]]
            for name in register[2].split(","):
                several = re.fullmatch(r"\s*%(\w+)<(\d+)>", name)
                names = [f"{several[1]}{k}" for k in range(int(several[2]))] if several else [name.strip().lstrip("%")]
                self.lines.append(f"{type_} {', '.join(names)};")
            return
        memory = re.fullmatch(r"\.(shared|local) \.align (\d+) \.([bu]\d+) ([\w$]+)(?:\[(\d+)\])?", line)
        if memory is None and re.fullmatch(r"\.global \.align 1 \.u8 \w+__valE", line):
            return  # of CUDA's own header of atomics; nothing reads it
        if memory is None:
            raise Unknown(line)
        space, align, type_, name, count = memory.groups()
        size = int(type_[1:]) // 8 * int(count or 1)
        place = f"(uint64_t)&{_label(name)}[0]"
        self.symbols[name] = f"({place} - SHARED)" if space == "shared" else place
        static = "__shared__ " if space == "shared" else ""
        self.lines.append(f"{static}unsigned char {_label(name)}[{size}] __attribute__((aligned({align})));")

    def _instruction(self, line: str) -> None:
        guarded = re.fullmatch(r"@(!?)%(\w+) (.*)", line)
        guard, line_ = (f"if ({guarded[1]}{guarded[2]}) ", guarded[3]) if guarded else ("", line)
        words, _, rest = line_.partition(" ")
        text = self._meaning(words.split("."), _operands(rest), line)
        self.lines.append(f"{guard}{{ {text} }} // {line}")

    @property
    def here(self) -> str:
        """Where the next line is, for reports."""
        return f'"model.cu", {len(self.lines) + 1}'

    # -------------------------------------------------------------- operands

    def value(self, operand: str) -> str:
        """An operand that is read."""
        if operand.startswith("!"):
            return f"!{self.value(operand[1:])}"
        if operand in THREAD:
            return THREAD[operand]
        if operand.startswith("%"):
            return operand[1:]
        number = re.fullmatch(r"0([fF])([0-9A-Fa-f]{8})|0([dD])([0-9A-Fa-f]{16})", operand)
        if number:
            return f"0x{number[2]}u" if number[2] else f"0x{number[4]}ull"
        if re.fullmatch(r"-?(0x[0-9A-Fa-f]+|\d+)U?", operand):
            return "(-9223372036854775807ll - 1)" if operand == "-9223372036854775808" else f"{operand.rstrip('U')}ll"
        if operand in self.symbols:
            return self.symbols[operand]
        raise Unknown(operand)

    def address(self, operand: str, space: str, further: int = 0) -> str:
        """What [place+bytes] means in a space of addresses, and so many bytes behind it."""
        inside = re.fullmatch(r"\[([%\w$]+)(?:\+(-?\d+))?\]", operand)
        if inside is None:
            raise Unknown(operand)
        bytes_ = int(inside[2] or 0) + further
        base = "SHARED + " if space == "shared" else ""
        return f"{base}{self.value(inside[1])}{f' + {bytes_}' if bytes_ else ''}"

    def told(self, address: str, write: bool, bits: int, volatile: bool, space: str) -> str:
        """The engine hears of an access; memory of one thread is nobody else's."""
        if not self.checked or space == "local":
            return ""
        what = ("volatile_" if volatile else "") + ("write" if write else "read")
        return f"__tsan_{what}{bits // 8}((void *)({address})); "

    # -------------------------------------------------------------- instructions

    def _meaning(self, words: list[str], operands: list[str], line: str) -> str:
        special = getattr(self, f"_{words[0]}", None)
        if special is not None:
            return str(special(words[1:], operands, line))
        name = next((name for n in (3, 2, 1) if (name := ".".join(words[:n])) in EXPRESSIONS), "")
        types = [word for word in words[1 + name.count(".") :] if word not in ("rn", "lo")]
        if not name or len(types) != 1 or types[0] not in TYPES:
            raise Unknown(line)
        target, *sources = operands
        return f"{target[1:]} = {EXPRESSIONS[name](types[0], [self.value(x) for x in sources])};"

    def _bra(self, words: list[str], operands: list[str], line: str) -> str:
        return f"goto {_label(operands[0])};"

    def _ret(self, words: list[str], operands: list[str], line: str) -> str:
        return "return;"

    def _mov(self, words: list[str], operands: list[str], line: str) -> str:
        target, source = operands
        half = {"b64": 32, "b32": 16}.get(words[0], 0)
        if target.startswith("{"):
            low, high = (name.strip() for name in target.strip("{}").split(","))
            parts = [(part[1:], shift) for part, shift in ((low, 0), (high, half)) if part != "_"]
            return " ".join(f"{part} = {self.value(source)} >> {shift};" for part, shift in parts)
        if source.startswith("{"):
            low, high = (self.value(name.strip()) for name in source.strip("{}").split(","))
            whole, part = TYPES[words[0]], f"uint{half}_t"
            return f"{target[1:]} = ({whole})({part})({low}) | ({whole})({part})({high}) << {half};"
        return f"{target[1:]} = {self.value(source)};"

    def _cvta(self, words: list[str], operands: list[str], line: str) -> str:
        away = {("shared", "u64"): " + SHARED", ("to", "shared", "u64"): " - SHARED"}.get(tuple(words), "")
        return f"{operands[0][1:]} = {self.value(operands[1])}{away};"

    def _access(self, words: list[str], line: str) -> tuple[bool, str, int, str]:
        space = next((word for word in words if word in SPACES), "")
        vector = next((int(word[1:]) for word in words if word in ("v2", "v4")), 1)
        left = [word for word in words if word not in (space, "volatile", "nc", f"v{vector}")]
        if len(left) != 1 or left[0] not in TYPES:
            raise Unknown(line)
        return "volatile" in words, space, vector, left[0]

    def _ld(self, words: list[str], operands: list[str], line: str) -> str:
        volatile, space, vector, type_ = self._access(words, line)
        if space == "param":
            return f"{operands[0][1:]} = ({TYPES[type_]}){self.parameters[operands[1].strip('[]')]};"
        bits, word = int(type_[1:]), TYPES[type_]
        parts = [self.address(operands[1], space, k * bits // 8) for k in range(vector)]
        targets = [name.strip() for name in operands[0].strip("{}").split(",")]
        told = "".join(self.told(part, False, bits, volatile, space) for part in parts)
        if vector == 1:
            return f"{told}{targets[0][1:]} = ptx_load<{word}>({parts[0]});"
        # all are read before a register changes: one of them may be the address
        loads = [f"const {word} x{k} = ptx_load<{word}>({part});" for k, part in enumerate(parts)]
        return told + " ".join([*loads, *(f"{name[1:]} = x{k};" for k, name in enumerate(targets) if name != "_")])

    def _st(self, words: list[str], operands: list[str], line: str) -> str:
        volatile, space, vector, type_ = self._access(words, line)
        bits = int(type_[1:])
        parts = [self.address(operands[0], space, k * bits // 8) for k in range(vector)]
        values = [self.value(name.strip()) for name in operands[1].strip("{}").split(",")]
        told = [self.told(part, True, bits, volatile, space) for part in parts]
        return "".join(told) + " ".join(
            f"ptx_store<{TYPES[type_]}>({part}, ({TYPES[type_]})({value}));"
            for part, value in zip(parts, values, strict=True))  # fmt: skip

    def _setp(self, words: list[str], operands: list[str], line: str) -> str:
        if len(words) != 2 or "|" in operands[0]:
            raise Unknown(line)
        how, type_ = words
        a, b = (typed(type_, self.value(x)) for x in operands[1:])
        if type_[0] != "f":
            condition = f"{a} {COMPARED[how]} {b}"
        elif how in OPPOSITE:
            condition = f"!({a} {OPPOSITE[how]} {b})"
        elif how in ("num", "nan"):
            condition = f"{'!' if how == 'num' else ''}({a} != {a} || {b} != {b})"
        elif how in ("ne", "equ"):
            condition = f"{'!' if how == 'equ' else ''}({a} < {b} || {a} > {b})"
        else:
            condition = f"{a} {'!=' if how == 'neu' else COMPARED[how]} {b}"
        return f"{operands[0][1:]} = {condition};"

    def _selp(self, words: list[str], operands: list[str], line: str) -> str:
        target, yes, no, condition = operands
        type_ = TYPES[words[0]]
        return f"{target[1:]} = {self.value(condition)} ? ({type_})({self.value(yes)}) : ({type_})({self.value(no)});"

    def _cvt(self, words: list[str], operands: list[str], line: str) -> str:
        *how, to, of = words
        value = typed(of, self.value(operands[1]))
        if how == ["sat"] and to == of == "f32":
            return f"{operands[0][1:]} = BITS(ptx_saturated({value}));"
        if any(word not in ("rn", *WHOLE) for word in how) or len(how) > 1:
            raise Unknown(line)
        if to[0] == "f" and of == to and how:
            result = f"BITS({WHOLE[how[0]]}{'f' if to == 'f32' else ''}({value}))"
        elif to[0] == "f":
            result = f"BITS(({'float' if to == 'f32' else 'double'})({value}))"
        elif of[0] == "f":
            if how != ["rzi"]:
                raise Unknown(line)
            result = f"ptx_whole<{TYPES[to]}>({value}, {'true' if of == 'f64' else 'false'})"
        else:
            result = f"({TYPES[to]})({value})"
        return f"{operands[0][1:]} = {result};"

    def _atom(self, words: list[str], operands: list[str], line: str) -> str:
        what, type_ = [word for word in words if word not in (*SPACES, "relaxed", "gpu")]
        space = next((word for word in words if word in SPACES), "")
        target, place, *values = operands
        if what not in ("add", "min", "max", "exch", "cas", "or", "and") or (type_[0] == "f" and what != "add"):
            raise Unknown(line)
        kind = what.upper() + {"f32": "_FLOAT", "f64": "_DOUBLE"}.get(type_, "")
        kind = f"U{kind}" if type_[0] == "u" and what in ("min", "max") else kind
        a, b = (f"(uint64_t)({TYPES[type_]})({self.value(x)})" for x in (*values, "0")[:2])
        size = int(type_[1:]) // 8
        call = f"emu_atomic(EMU_{kind}, (void *)({self.address(place, space)}), {size}, {a}, {b})"
        return f"{call};" if target == "_" else f"{target[1:]} = ({BITS[f'b{8 * size}']}){call};"

    def _red(self, words: list[str], operands: list[str], line: str) -> str:
        return self._atom(words, ["_", *operands], line)

    def _bar(self, words: list[str], operands: list[str], line: str) -> str:
        if words == ["warp", "sync"]:
            return f"emu_warp(EMU_SYNC, (unsigned){self.value(operands[0])}, 0, 0, 32, {self.here});"
        if words == ["sync"] and operands == ["0"]:
            return f"emu_barrier(EMU_BARRIER_PLAIN, 0, {self.here});"
        kind = {"or": "OR", "and": "AND", "popc": "COUNT"}
        if words[0] == "red" and len(operands) == 3 and operands[1] == "0":
            value = self.value(operands[2])
            return f"{operands[0][1:]} = emu_barrier(EMU_BARRIER_{kind[words[1]]}, {value}, {self.here});"
        raise Unknown(line)

    def _shfl(self, words: list[str], operands: list[str], line: str) -> str:
        target, _, inside = operands[0].partition("|")
        kind = "EMU_" + {"bfly": "XOR", "idx": "SHFL", "up": "UP", "down": "DOWN"}[words[1]]
        value, lane, clamp, mask = (f"(uint32_t){self.value(x)}" for x in operands[1:])
        set_ = f"const bool inside = ptx_inside({kind}, {lane}, {clamp}); " if inside else ""
        then = f" {inside[1:]} = inside;" if inside else ""
        return f"{set_}{target[1:]} = ptx_shuffle({kind}, {value}, {lane}, {clamp}, {mask}, {self.here});{then}"

    def _vote(self, words: list[str], operands: list[str], line: str) -> str:
        kind = {"ballot": "BALLOT", "any": "ANY", "all": "ALL"}[words[1]]
        mask = f"(unsigned){self.value(operands[2])}"
        return f"{operands[0][1:]} = emu_warp(EMU_{kind}, {mask}, {self.value(operands[1])}, 0, 32, {self.here});"

    def _match(self, words: list[str], operands: list[str], line: str) -> str:
        if words[0] != "any":
            raise Unknown(line)
        value, mask = (self.value(x) for x in operands[1:])
        return f"{operands[0][1:]} = emu_warp(EMU_MATCH, (unsigned){mask}, {value}, 0, 32, {self.here});"

    def _membar(self, words: list[str], operands: list[str], line: str) -> str:
        return ""  # as shim.hpp says


def _label(name: str) -> str:
    return name.replace("$", "S")


def _operands(text: str) -> list[str]:
    """Parted at commas that stand in no braces or brackets."""
    return [part.strip() for part in re.findall(r"(?:\{[^}]*\}|\[[^\]]*\]|[^,{\[])+", text) if part.strip()]
