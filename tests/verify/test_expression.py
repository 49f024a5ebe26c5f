"""The parser: what it accepts, what it refuses, and that printing and reading agree."""

from __future__ import annotations

import time

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.expression import (
    MAX_LAW_CHARACTERS,
    MAX_NODES,
    Binary,
    Call,
    ExpressionError,
    Name,
    Negation,
    Node,
    Number,
    Text,
    parse,
    render,
)

X = Name("x")

READINGS = [
    ("7", Number(fmpq(7))),
    ("0.1", Number(fmpq(1, 10))),
    ("1e-3", Number(fmpq(1, 1000))),
    (".5", Number(fmpq(1, 2))),
    ("2.", Number(fmpq(2))),
    ("1.5E+2", Number(fmpq(150))),
    ("-2", Number(fmpq(-2))),
    ("--2", Number(fmpq(2))),
    ("  x ", X),
    ("-x**2", Negation(Binary("**", X, Number(fmpq(2))))),
    ("(-2)**2", Binary("**", Number(fmpq(-2)), Number(fmpq(2)))),
    ("-2**2", Negation(Binary("**", Number(fmpq(2)), Number(fmpq(2))))),
    ("2**-3", Binary("**", Number(fmpq(2)), Number(fmpq(-3)))),
    ("x**x**x", Binary("**", X, Binary("**", X, X))),
    ("x-x-x", Binary("-", Binary("-", X, X), X)),
    ("x/x*x", Binary("*", Binary("/", X, X), X)),
    ("x+x*x", Binary("+", X, Binary("*", X, X))),
    ("-x*x", Binary("*", Negation(X), X)),
    ("f()", Call("f")),
    ("f(x, 1, a=-1)", Call("f", (X, Number(fmpq(1))), (("a", Number(fmpq(-1))),))),
    (r'f("a\"b\\")', Call("f", (Text('a"b\\'),))),
]


@pytest.mark.parametrize(("text", "node"), READINGS)
def test_reads(text: str, node: Node) -> None:
    assert parse(text) == node
    assert parse(render(node)) == node


def test_names_remember_where_they_stood() -> None:
    node = parse("1 + foo(bar)")
    assert isinstance(node, Binary) and isinstance(node.right, Call)
    assert node.right.position == 5
    argument = node.right.arguments[0]
    assert isinstance(argument, Name) and argument.position == 9


REFUSED = [
    ("", "position 1: the text ends"),
    (" " * 30, "the text ends"),
    ("1 + ", "the text ends"),
    ("x)", "position 2: unexpected ')'"),
    ("(x", "expected an operator"),
    ("x y", "position 3: unexpected 'y'"),
    ("2x", "position 2: unexpected 'x'"),
    ("2(3)", "position 2: unexpected '('"),
    ("+3", "position 1: unexpected '+'"),
    ("x == 3", "position 3: unexpected '='"),
    ("x = 3", "position 3: unexpected '='"),
    ("f(1,)", "position 5: unexpected ')'"),
    ("f(,)", "position 3: unexpected ','"),
    ("f(a=1, 2)", "name=value"),
    ("f(a=1, a=2)", "'a' is given twice"),
    ("1e400", "decimal exponent"),
    ("1e-99999999999999999999", "decimal exponent"),
    ("1" * 41, "41 digits; at most 40"),
    ("1_000", "position 2: unexpected '_'"),
    ("0x10", "position 2: unexpected 'x10'"),
    ("1.2.3", "position 4"),
    ("1e", "position 2: unexpected 'e'"),
    ("nan", "'nan' is not a finite number"),
    ("-Inf", "'Inf' is not a finite number"),
    ("infinity", "not a finite number"),
    ("[3 +/- 1]", "position 1: unexpected '['"),
    ("__import__('os')", "position 1: unexpected '_'"),
    ("lambda x: 3", "position 8: unexpected 'x'"),
    ("x.real", "position 2: unexpected '.'"),
    ("x;y", "position 2: unexpected ';'"),
    ("'x'", 'position 1: unexpected "\'"'),
    ('"abc', "not closed"),
    (r'"\n"', "escape"),
    ("x\n", r"character '\n'"),
    ("x\t+ 1", r"character '\t'"),
    ("x\0", r"character '\x00'"),
    ("\u0661", r"character '\u0661'"),  # a digit, but not an ASCII one
    ("\uff58", r"character '\uff58'"),  # looks like an x
    ("2\u22121", r"character '\u2212'"),
    ("1+" * 151 + "1", "at most 300"),
    ("(" * 51 + "1" + ")" * 51, "nested deeper than 50"),
    ("-" * 60 + "1", "nested deeper than 50"),
    ("**".join("1" * 60), "nested deeper than 50"),
    ("(" * 10**5, "at most 1000"),
    ("x" * 10**6, "at most 1000"),
    ("(" * 900, "nested deeper than 50"),
    ("f(" * 400, "at most 300"),
    ("1" * 999, "999 digits"),
    ("x" + " " * 998 + "y", "position 1000: unexpected 'y'"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED, ids=lambda value: ascii(value)[:24])
def test_refuses_in_one_line_at_once(text: str, says: str) -> None:
    begun = time.process_time()
    with pytest.raises(ExpressionError) as refusal:
        parse(text)
    # A refusal takes about 0.1 ms of processor time; the bound leaves room.
    assert time.process_time() - begun < 0.1
    message = str(refusal.value)
    assert says in message
    assert "\n" not in message and len(message) < 200


def test_law_texts_may_be_longer() -> None:
    text = "mixture(" + ", ".join(["0.01*normal(mu=1, sigma=2)"] * 100) + ")"
    with pytest.raises(ExpressionError):
        parse(text)
    node = parse(text, longest=MAX_LAW_CHARACTERS)
    assert isinstance(node, Call) and len(node.arguments) == 100
    assert parse(render(node), longest=MAX_LAW_CHARACTERS) == node


def test_long_chains_are_as_deep_as_they_are_long() -> None:
    longest = MAX_NODES // 2
    assert parse(render(parse("+".join("1" * longest)))) == parse("+".join("1" * longest))
    with pytest.raises(ExpressionError, match="more than 200 deep"):
        parse("+".join("1" * 1000), longest=MAX_LAW_CHARACTERS)


@pytest.mark.parametrize(
    "value",
    [
        fmpq(1, 3),
        fmpq(-22, 7),
        fmpq(10) ** 600,
        1 / fmpq(10) ** 400,
        fmpq(2) ** 4000,
        fmpq(3) ** 200 / fmpq(7) ** 90,
        fmpq(1, 2**60),
        fmpq(10) ** 340 * 7,
    ],
    ids=str,
)
def test_numbers_without_a_literal_are_written_as_arithmetic(value: fmpq) -> None:
    assert _value(parse(render(Number(value)), longest=MAX_LAW_CHARACTERS)) == value
    inside = Binary("**", Number(value), Number(fmpq(2)))
    assert _value(parse(render(inside), longest=MAX_LAW_CHARACTERS)) == value**2


def _value(node: Node) -> fmpq:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Negation):
        return -_value(node.operand)
    assert isinstance(node, Binary)
    left, right = _value(node.left), _value(node.right)
    if node.op == "**":
        return left ** int(right.p)
    return {"+": left + right, "-": left - right, "*": left * right}.get(
        node.op, left / right if right else left
    )


literals = st.builds(
    lambda digits, places, sign: Number(sign * fmpq(digits) / fmpq(10) ** places),
    st.integers(0, 10**20),
    st.integers(0, 60),
    st.sampled_from([1, -1]),
)
names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: name not in ("nan", "inf", "infinity")
)
texts = st.builds(Text, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12))


def _grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        # The parser makes a number of the negation of a number.
        inner.filter(lambda node: not isinstance(node, Number)).map(Negation),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
        st.builds(
            lambda name, arguments, keywords: Call(name, tuple(arguments), tuple(keywords.items())),
            names,
            st.lists(inner, max_size=3),
            st.dictionaries(names, inner, max_size=2),
        ),
    )


nodes = st.recursive(st.one_of(literals, names.map(Name), texts), _grow, max_leaves=20)


@given(nodes)
@settings(max_examples=300)
def test_what_is_printed_is_read_back(node: Node) -> None:
    assert parse(render(node), longest=MAX_LAW_CHARACTERS) == node


@given(st.text(st.sampled_from('x1.e+-*/()", =_alog\\')))
@settings(max_examples=500)
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        node = parse(text)
    except ExpressionError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert parse(render(node), longest=MAX_LAW_CHARACTERS) == node
