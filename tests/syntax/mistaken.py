"""Small mistaken texts; `expected/NAME.txt` is what is said of each, to the letter."""

from __future__ import annotations


def _rule(*lines: str) -> str:
    return "rule A:\n" + "".join(f"    {line}\n" for line in lines)


def _block(*lines: str) -> str:
    return _rule("on pre spike:", *(f"    {line}" for line in lines))


def _network(*lines: str) -> str:
    return "network N:\n" + "".join(f"    {line}\n" for line in lines)


def _project(*lines: str) -> str:
    return _network("project a -> b with Static():", *(f"    {line}" for line in lines))


MISTAKEN: dict[str, str] = {
    "empty": "",
    "only_comments": "# nothing\n\n",
    "only_doc": '"""Nothing."""\n',
    "nul": "rule A:\n    synapse w\0 = 1\n",
    # layout
    "tab": "rule A:\n\tsynapse w = 1\n\tsynapse v = 1\n",
    "dedent": "rule A:\n    on pre spike:\n        x = 1\n      y = 2\n    post z = 1\n",
    "dedent_twice": "rule A:\n      synapse w = 1\n    post x = 1\n    post y = 1\n      post z = 1\n",
    "unexpected_indent": _rule("synapse w = 1", "    synapse v = 1", "post y = 0"),
    "indented_top": "  rule A:\n    synapse w = 1\n",
    "missing_colon": _block("x = 1").replace(":", "")
    + "    every 1 ms\n        if x > 1\n            y = 1\n        else\n            y = 2\n",
    "missing_colon_before_block": _block("sample 10 pairs", "    grow", "        w = 1"),
    "missing_colon_project": _network("project a -> b with Static()", "    connect all"),
    "missing_colon_signal": _rule("on update(a)", "    x = 1"),
    "block_on_same_line": _rule("on pre spike: x += 1"),
    "empty_block": _rule("on pre spike:") + _rule("on post spike:", "    # only a comment", "post y = 1"),
    "empty_component": "rule A:\n",
    "deep_blocks": "rule A:\n    on pre spike:\n" + "".join(f"{'    ' * (i + 2)}if x > {i}:\n" for i in range(25)),
    # characters
    "stray_character": _block("w = $x"),
    "control_character": _block("w = 1 \x07"),
    "unicode_signs": _block("w = 3 × x", "w = 3 − x", "if x ≤ 3:", "    w = 1"),
    "unicode_name": _rule("param τ_m = 20 ms"),
    "unicode_name_without_spelling": _rule("param 変数 = 20 ms"),
    "superscript": _block("w = x²"),
    "no_break_space": _block("w =\u00a03"),
    "unclosed_doc": 'rule A:\n    """What it does.\n    synapse w = 1\n',
    "unclosed_text": 'import "lif.plast\n',
    "single_quotes": "import 'lif.plast'\n",
    "curly_quotes": "import “lif.plast”\n",
    # brackets
    "missing_parenthesis": _block("w = exp(-x / tau", "y = 1", "if (x > 3:", "    y = 2"),
    "missing_two_parentheses": _block("w = exp(-(x / tau", "deliver w"),
    "missing_bracket": _rule("synapse w = 1 in [0, 2", "post y = 0"),
    "missing_parenthesis_at_end": "const a = (1 + 2",
    "extra_parenthesis": _block("w = exp(-x))"),
    "wrong_bracket": _rule("synapse w = 1 in [0, 2)"),
    "empty_parentheses": _block("w = 3 * ()"),
    # equations
    "equation_without_equals": _rule("x' - x / tau"),
    "equation_without_anything": _rule("x'"),
    "second_derivative": _rule("x'' = -x"),
    "leibniz": _rule("dv/dt = -v / tau"),
    "derivative_in_expression": _rule("y' = x' + 1"),
    "assignment_in_rule": _rule("x = 3", "y += 1"),
    "assignment_at_top": "tau = 20 ms\nrule A:\n    synapse w = 1\n",
    "assignment_in_network": _network("scale = 3"),
    # = and ==
    "equals_in_condition": _block("if x = 3:", "    w = 1", "elif y += 3:", "    w = 2"),
    "equals_in_where": _rule("every 1 ms:", "    prune where w = 0"),
    "comparison_as_assignment": _block("w == 3"),
    "two_assignments": _block("w = x = 3"),
    "needless_equals": _network("dt = 0.1 ms", "population a = LIF() size = 100")
    + "\n"
    + _project("delay = 1 ms", "connect = all").replace("network N", "network M"),
    # events
    "post_spike_in_one_word": _rule("on post_spike:", "    w = 1"),
    "bare_spike": _rule("on spike:", "    w = 1"),
    "event_without_spike": _rule("on pre:", "    w = 1"),
    "event_plural": _rule("on pre spikes:", "    w = 1"),
    "step_as_a_signal": _rule("on each_step:", "    w = 1", "on step:", "    w = 1"),
    "on_each": _rule("on each step:", "    w = 1", "on every 1 ms:", "    w = 1"),
    # words
    "reserved_names": _rule("param in = 3", "synapse on = 1") + "const rule = 1\nfn and(x) = x\n",
    "reserved_assigned": _block("on = 3", "let if = 2", "global = 1"),
    "reserved_in_expression": _block("w = 2 * rule"),
    "reserved_attribute": _block("w = pre.in"),
    "misspelled_heads": "nueron A:\n    synapse w = 1\n\nrule B:\n    synapze w = 1\n    evry 1 ms:\n        w = 1\n",
    "misspelled_phrase": _rule("every 1 ms:", "    grow 5 pairs uniformy", "    sample 10 pair:", "        prune"),
    "misspelled_connect": _project("connect with probabilty 0.1"),
    "statement_outside_block": _rule("deliver w", "if x > 1:", "    w = 1"),
    "member_in_block": _block("synapse w = 1", "on post spike:", "    w = 1"),
    "member_at_top": "param tau = 20 ms\n",
    "network_parts_in_rule": _rule("population a = LIF() size 3", "connect all"),
    "rule_in_rule": _rule("rule B:", "    synapse w = 1"),
    "connect_in_network": _network("connect all"),
    "else_without_if": _block("w = 1", "else:", "    w = 2"),
    # other languages
    "python_def": "def f(x):\n    return x\n\nconst a = 1\n",
    "python_from": "from lif import LIF\n",
    "c_include": 'include "lif.plast"\n',
    "use_at_top": 'use LIF from "lif.plast"\n',
    "python_words": _block("return w", "pass", "print(w)", "for i in x:", "    w = 1", "while x:", "    w = 1"),
    "else_if": _block("if x > 1:", "    w = 1", "else if x > 2:", "    w = 2", "else:", "    w = 3"),
    "then": _block("if x > 1 then:", "    w = 1"),
    "c_operators": _block("if x > 1 && y > 2 || !z:", "    w = 1", "if not x || y:", "    w = 1", "w = !x"),
    "c_power": _block("w = x ^ 2"),
    "c_semicolon": _block("w = 1;", "x = 2; y = 3"),
    "c_comment": _block("// nothing", "w = a // b"),
    "c_braces": "rule A {\n    synapse w = 1\n}\n",
    "c_increment": _block("x++", "x--"),
    "c_choice": _block("w = x > 1 ? 2 : 3"),
    "c_types": _block("float x = 3"),
    "walrus": _block("w := 3"),
    "backslash": _block("w = x + \\", "    y"),
    "indexing": _block("w = x[0]"),
    "dotted_function": _block("w = np.exp(x)"),
    "parameter_word": _rule("parameter tau = 20 ms"),
    # expressions
    "missing_operand_at_end": _block("w = x +", "y = 2 *", "z = not"),
    "missing_operand_in_middle": _block("w = x * / y", "w = (x + )", "w = / x", "w = f(, x)"),
    "missing_value": _block("w =", "let e =", "w +="),
    "missing_default": _rule("param tau ="),
    "missing_condition": _block("if :", "    w = 1"),
    "missing_else": _block("w = 1 if x > 2"),
    "text_as_value": _block('w = "1 nS"'),
    "two_operands": _block("w = 2 x y", "w = x 2", "w = f(x y)", "w = 2 mV ms", "w = x (y + 1)"),
    "missing_name": _rule("synapse 3 = w", "param", "let = 3"),
    "deep_expression": "const a = " + "+".join(["a"] * 150) + "\n",
    "deep_parentheses": "const a = " + "(" * 150 + "1" + ")" * 150 + "\n",
    "deep_signs": "const a = " + "-" * 150 + "1\n",
    "deep_powers": "const a = " + "**".join(["a"] * 150) + "\n",
    "at_after": _block("w = x@after"),
    "too_early": _rule("every 1 ms:", "    grow from spiked"),
    "cap_twice": _rule("every 1 ms:", "    grow at most 3 per post at most 4 per post"),
    "missing_arrow": _rule("input exc g_exc"),
    "arrow_missing_in_project": _network("project a b with Static()"),
    "population_without_place": _network("population a = LIF()"),
    "component_with_arguments": "neuron LIF(tau = 3 ms):\n    state v = 0\n",
    # several at once, each told once
    "several": _block("w = (x + 1", "y = = 2", "if x = 1:", "    z = 3 +", "w = 1)") + "rule B\n    post y = 0 0\n",
}
