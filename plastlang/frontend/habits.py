"""Spellings of other languages and what they are in this one; which words belong where."""

from __future__ import annotations

#: Signs that mean something elsewhere: sign -> (what is said of it, what to write).
SIGNS: dict[str, tuple[str, str]] = {
    "&&": ("`&&` is written `and` here.", "write `and`"),
    "&": ("`&` is written `and` here.", "write `and`"),
    "||": ("`||` is written `or` here.", "write `or`"),
    "|": ("`|` is written `or` here.", "write `or`"),
    "!": ("`!` is written `not` here.", "write `not`"),
    "~": ("`~` is written `not` here.", "write `not`"),
    "^": ("`^` is no operator; a power is written `**`.", "write `**`"),
    ";": ("`;` does not end a statement; the end of the line does.", "remove it, and write one statement a line"),
    "{": ("Blocks are not put in braces.", "end the line with `:` and indent the lines of the block"),
    "}": ("Blocks are not put in braces.", "remove it; a block ends where the indentation does"),
    ":=": ("`:=` is written `=` here.", "write `=`"),
    "<>": ("`<>` is written `!=` here.", "write `!=`"),
    "=>": ("`=>` is no operator.", "write `>=` to compare, or `->` from a source to a target"),
    "?": ("`?` is no operator; a choice is written `a if condition else b`.", "write `a if condition else b`"),
    "\\": ("A line does not go on behind `\\`.", "put the expression in `( )`; inside them a line goes on"),
    "$": ("`$` means nothing here.", ""),
    "`": ("A backtick means nothing here.", ""),
    "\u2212": ("This is the Unicode minus sign, not `-`.", "write `-`"),
    "\u2013": ("This is a dash, not a minus sign.", "write `-`"),
    "\u00d7": ("`\u00d7` is written `*` here.", "write `*`"),
    "\u00b7": ("`\u00b7` is written `*` here.", "write `*`"),
    "\u00f7": ("`\u00f7` is written `/` here.", "write `/`"),
    "\u2264": ("`\u2264` is written `<=` here.", "write `<=`"),
    "\u2265": ("`\u2265` is written `>=` here.", "write `>=`"),
    "\u2260": ("`\u2260` is written `!=` here.", "write `!=`"),
    "\u2192": ("`\u2192` is written `->` here.", "write `->`"),
    "\u2032": ("This is a prime sign; a derivative is written with the quote `'`.", "write `'`"),
    "\u2019": ("This is a curly quote; a derivative is written with the quote `'`.", "write `'`"),
    "\u201c": ("This is a curly quote; texts stand in straight quotes.", 'write `"`'),
    "\u201d": ("This is a curly quote; texts stand in straight quotes.", 'write `"`'),
    "\u00a0": ("This is a no-break space.", "replace it by an ordinary space"),
}

#: Words that begin a line elsewhere: word -> (what is said of it, what to write).
WORDS: dict[str, tuple[str, str]] = {
    "def": ("Functions are not written with `def`.", "write `fn name(a, b) = expression` at the top level"),
    "function": ("Functions are not written with `function`.", "write `fn name(a, b) = expression` at the top level"),
    "lambda": ("There are no anonymous functions.", "write `fn name(a, b) = expression` at the top level"),
    "class": ("There are no classes.", "write a `neuron`, a `rule` or a `network`"),
    "model": (
        "A model of a neuron is written with `neuron`, one of a synapse with `rule`.",
        "write `neuron NAME:` or `rule NAME:`",
    ),
    "synapse": ("A model of a synapse is written with `rule`.", "write `rule NAME:`"),
    "while": (
        "There are no loops: a statement runs for all neurons or synapses at once.",
        "see `each step` and `every T`",
    ),
    "for": (
        "There are no loops: a statement runs for all neurons or synapses at once.",
        "see `each step` and `every T`",
    ),
    "return": (
        "Nothing is returned.",
        "write `fn name(a, b) = expression` for a function, `deliver` for what a spike gives",
    ),
    "pass": ("There is no `pass`.", "leave the block out"),
    "print": ("Nothing can be printed from a rule.", "use `record` in a network, or read the state from Python"),
    "from": ("An import is written the other way round.", 'write `import NAME from "file.plast"`'),
    "include": ("Files are not included; names are imported.", 'write `import NAME from "file.plast"`'),
    "var": (
        "Variables are declared where they live.",
        "write `state`, `pre`, `post`, `synapse` or `global`, or `let` for a name",
    ),
    "float": ("Types are not written; they follow from the values.", "write `let x = ...` or `param x = ...`"),
    "double": ("Types are not written; they follow from the values.", "write `let x = ...` or `param x = ...`"),
    "real": ("Types are not written; they follow from the values.", "write `let x = ...` or `param x = ...`"),
    "parameter": ("Parameters are declared with `param`.", "write `param`"),
    "parameters": ("Parameters are declared with `param`.", "write `param a = 1, b = 2`"),
    "elseif": ("`elseif` is written `elif` here.", "write `elif`"),
    "elsif": ("`elsif` is written `elif` here.", "write `elif`"),
    "end": ("There is no `end`; a block ends where the indentation does.", "remove it"),
    "endif": ("There is no `endif`; a block ends where the indentation does.", "remove it"),
}

#: Where the words that begin a line belong.
PLACES: dict[str, tuple[str, ...]] = {
    "top": ("neuron", "rule", "network", "fn", "const", "import"),
    "component": (
        "param",
        "state",
        "global",
        "pre",
        "post",
        "synapse",
        "pair",
        "require",
        "input",
        "method",
        "spike",
        "each",
        "every",
        "on",
        "let",
        "use",
    ),
    "block": ("let", "deliver", "hold", "prune", "grow", "sample", "if", "elif", "else"),
    "network": ("param", "dt", "population", "project", "record"),
    "project": ("connect", "delay"),
}
PLACE_NAMES: dict[str, str] = {
    "top": "at the top level, not indented",
    "component": "in a `neuron` or `rule`, outside its blocks",
    "block": "in a block, such as that of `on pre spike:`",
    "network": "in a `network`",
    "project": "in the block of a `project`",
}
HERE: dict[str, str] = {
    "top": "this is the top level of the file",
    "component": "this is the inside of a `neuron` or `rule`, outside its blocks",
    "block": "this is the inside of a block of statements",
    "network": "this is the inside of a `network`",
    "project": "this is the block of a `project`",
}

#: Words that are never names.
RESERVED = frozenset(
    {
        "and",
        "or",
        "not",
        "if",
        "elif",
        "else",
        "in",
        "let",
        "param",
        "global",
        "on",
        "neuron",
        "rule",
        "network",
        "fn",
        "const",
        "import",
        "deliver",
    }
)
#: Words of the language that may also be names.
SOFT_WORDS = frozenset(
    {
        "from",
        "state",
        "pre",
        "post",
        "synapse",
        "pair",
        "require",
        "input",
        "method",
        "spike",
        "when",
        "at",
        "rate",
        "times",
        "each",
        "step",
        "every",
        "hold",
        "for",
        "prune",
        "where",
        "grow",
        "pairs",
        "uniformly",
        "spiked",
        "with",
        "probability",
        "most",
        "per",
        "sample",
        "slots",
        "of",
        "dt",
        "population",
        "size",
        "grid",
        "periodic",
        "shared",
        "project",
        "all",
        "one",
        "to",
        "none",
        "record",
        "before",
        "connect",
        "delay",
        "over",
        "synapses",
        "neurons",
        "smallest",
        "largest",
        "by",
        "matching",
        "after",
        "use",
        "as",
    }
)
#: Words that introduce a value without `=`.
WITHOUT_EQUALS = frozenset(
    {"dt", "delay", "size", "method", "connect", "deliver", "probability", "rate", "every", "record"}
)
#: Words that begin a line which ends in `:`.
BLOCK_HEADS = frozenset(
    {
        "neuron",
        "rule",
        "network",
        "on",
        "each",
        "every",
        "spike",
        "if",
        "elif",
        "else",
        "sample",
        "grow",
        "project",
    }
)
#: Spike events in one word, of any case; `end` is what they abbreviate, where they say it.
SPIKE_EVENT = r"(?:on_?)?(?:(?P<end>pre|post)(?:_?synaptic)?(?:_?spikes?)?|spikes?)"
#: Steps written like a signal, of any case.
STEP_EVENT = r"(?:each|every|on)?_?steps?"
