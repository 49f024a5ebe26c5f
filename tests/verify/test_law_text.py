"""Law texts: what is read, that it is given back, and that everything else gets one line."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.law_strategies import (
    CATALOGUED,
    TAILS,
    catalogued,
    compositions,
    numbers,
)
from verify import laws
from verify.errors import InputError
from verify.law import Law, LawError
from verify.laws import CATALOGUE, parse
from verify.laws.text import SPECIAL

#: As many as the profile says: ten times as many under HEAVY=1.
EXAMPLES = settings().max_examples

# ------------------------------------------------------------------ round trip


def assert_round_trip(law: Law, read: Any = parse) -> None:
    text = str(law)
    assert "\n" not in text and text.isprintable() and text.isascii()
    again = read(text)
    assert again == law and hash(again) == hash(law) and str(again) == text


@pytest.mark.parametrize("name", CATALOGUED)
@settings(max_examples=EXAMPLES // 5)
@given(data=st.data())
def test_each_law_is_given_back(name: str, data: st.DataObject) -> None:
    law = data.draw(CATALOGUED[name])
    assert_round_trip(law)
    assert str(law).startswith(f"{name}(")
    assert Law.parse(str(law)) == law


@settings(max_examples=EXAMPLES * 2)
@given(compositions(st.one_of(catalogued, TAILS), numbers))
def test_compositions_are_given_back(law: Law) -> None:
    # A text may be at most 10,000 characters long, and a number 4,096 bits.
    if len(str(law)) < 10_000 and all(_bits(part) < 4000 for part in law.parts()):
        assert_round_trip(law)


def _bits(law: Law) -> int:
    given = [getattr(law, name, None) for name in ("shift", "scale")]
    return max([int(n.p.bit_length() + n.q.bit_length()) for n in given if n is not None] or [0])


def test_the_round_trip_catches_a_text_that_loses_a_digit() -> None:
    def lossy(text: str) -> Law:
        return parse(text.replace("2.5", "2.4"))

    with pytest.raises(AssertionError):
        assert_round_trip(laws.pareto(alpha=fmpq(5, 2)), lossy)


def test_the_whole_catalogue_is_here() -> None:
    assert " ".join(CATALOGUE) == DESIGN_ORDER
    assert set(CATALOGUED) == set(CATALOGUE)
    for name, kind in CATALOGUE.items():
        assert kind.name == name and getattr(laws, name) is kind


DESIGN_ORDER = (
    "normal lognormal exponential gamma laplace logistic cauchy uniform beta student_t pareto "
    "weibull frechet burr log_logistic inverse_gamma f genpareto gev gumbel levy log_cauchy "
    "log_gamma half_normal half_cauchy half_student_t skew_normal inverse_gaussian bernoulli "
    "binomial poisson geometric negative_binomial zeta point"
)


# ------------------------------------------------------------------ meaning

SAME = [
    ("pareto(alpha=5/2)", "pareto(2.5, 1)"),
    ("pareto(alpha=5/2)", "pareto(2.5, scale=2 - 1)"),
    ("normal()", "normal(mu=0, sigma=1)"),
    ("-(-normal())", "normal()"),
    ("2*(3 + normal())/4 - 1", "1/2 + 1/2*normal()"),
    ("1 - normal()", "-normal() + 1"),
    ("normal()*3", "3*normal()"),
    ("1e300*(1e-300*normal())", "normal()"),
    ("2**10*normal()", "1024*normal()"),
    ("-2**2*normal()", "-4*normal()"),
    ("mixture(0.5*3*normal(), 0.5*normal()/2)", "mixture(0.5*(3*normal()), 0.5*(normal()/2))"),
    ("mixture(1/3*normal(), 2/3*cauchy())", "mixture((1/3)*normal(), (2/3)*cauchy())"),
    ("mixture(1*normal())", "normal()"),
    ("truncate(normal(), low=-1, high=1/2)", "truncate(normal(), high=0.5, low=-1)"),
    ('tail(log_sf="-2*log(x)", lower=1)', 'tail(lower="2 - 1", log_sf="-2*log(x)")'),
    (" normal( mu = 1 , sigma = 2 ) ", "normal(1, 2)"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_ways_to_write_a_law(one: str, other: str) -> None:
    assert parse(one) == parse(other)


def test_python_and_text_agree() -> None:
    assert parse("2 + 3*lognormal(mu=0, sigma=1)") == 2 + 3 * laws.lognormal(mu=0, sigma=1)
    assert parse("-pareto(alpha=2)") == -laws.pareto(alpha=2) == -laws.pareto(2)
    mixed = laws.mixture([(0.99, laws.normal()), (0.01, laws.pareto(alpha=1.5))])
    assert parse("mixture(0.99*normal(), 0.01*pareto(alpha=1.5))") == mixed
    assert parse("truncate(pareto(2), high=9)") == laws.truncate(laws.pareto(2), high=9)
    assert parse('tail(log_sf="-sqrt(x)", lower=0)') == laws.tail("-sqrt(x)", 0)


# ------------------------------------------------------------------ refusals

REFUSED = [
    ("", "the text ends"),
    ("normal", "normal needs parentheses: write normal(mu=0, sigma=1)"),
    ("mixture", "mixture needs parentheses: write mixture(0.9*LAW, 0.1*LAW)"),
    ("norml()", "unknown law norml (did you mean normal"),
    ("Normal()", "unknown law Normal (did you mean normal"),
    ("zzzzqqqq()", "unknown law zzzzqqqq; known are normal, lognormal"),
    ("x", "unknown law x"),
    ("gaussian()", "unknown law gaussian (did you mean normal?)"),
    ("T(3)", "unknown law T (did you mean student_t?)"),
    ("chi_squared(4)", "unknown law chi_squared (did you mean 2*gamma(shape=DF/2)?)"),
    ("pareto()", "pareto needs alpha: write pareto(alpha=NUMBER, scale=1)"),
    ("gamma()", "gamma needs shape: write gamma(shape=NUMBER)"),
    ("exponential(2)", "exponential takes no parameters, got 1 numbers"),
    ("pareto(beta=2)", "pareto has no parameter beta; it takes alpha, scale"),
    ("pareto(aplha=2)", "pareto has no parameter aplha (did you mean alpha?)"),
    ("pareto(1, 2, 3)", "pareto takes alpha, scale, got 3 numbers"),
    ("pareto(1, alpha=2)", "alpha is given twice"),
    ("pareto(alpha=-1)", "alpha must be a number from 1e-6 to 1e6, got -1"),
    ("pareto(alpha=normal())", "pareto: alpha must be a number, got a law"),
    ('pareto(alpha="3")', 'pareto: alpha must be a number, got the quoted text "3"'),
    ("uniform(low=2, high=1)", "low must be below high"),
    ("normal()*normal()", "laws are not multiplied"),
    ("normal() + normal()", "write mixture(0.9*LAW, 0.1*LAW)"),
    ("normal() - normal()", "laws are not subtracted"),
    ("normal()/normal()", "laws are not divided"),
    ("1/normal()", "a number cannot be divided by a law"),
    ("normal()**2", "a law has no powers"),
    ("2**normal()", "a law has no powers"),
    ("normal()/0", "divided by 0"),
    ("0*normal()", "scale 0 collapses a law: write point(0)"),
    ("3", "3 is a number, not a law; the law of a constant is point(3)"),
    ("1/0", "division by 0"),
    ("2**0.5*normal()", "exponent 0.5; expected a whole number"),
    ("0**-1*normal()", "expected a whole number"),
    ("mixture()", "mixture is written"),
    ("mixture(a=1)", "mixture is written"),
    ("mixture(normal(), 0.5*normal())", "each part is WEIGHT*LAW"),
    ("mixture(normal()*0.5, 0.5*normal())", "the weight, must be a number, got a law"),
    ("mixture(0.5*normal(), 0.6*normal())", "weights must add up to exactly 1, got 1.1"),
    ("mixture(1.5*normal(), -0.5*normal())", "weight must be positive"),
    ("mixture(0.5*3, 0.5*normal())", "what follows the weight must be a law, got the number 3"),
    ("truncate(normal())", "truncate is written"),
    ("truncate(normal(), 0, 1)", "truncate is written"),
    ("truncate(3, low=0)", "must be a law, got the number 3"),
    ("truncate(normal(), low=normal())", "low must be a number"),
    ("truncate(pareto(alpha=2), high=1/2)", "no mass"),
    ("tail(3)", "tail is written"),
    ('tail(log_sf="-x")', "tail is written"),
    ('tail(log_sf="x", lower=0)', "tail: "),
    ('tail(log_sf="-y", lower=0)', "tail: log_sf"),
    ("empirical(3)", "empirical is written"),
    ('empirical("a.npy", row="x")', "empirical is written"),
    ('empirical("a.npy", column=3)', "empirical is written"),
    ('"normal()"', "unexpected quoted text"),
    ("normal.csv", 'written empirical("normal.csv")'),
    ("data/Scores.NPY", 'written empirical("data/Scores.NPY")'),
    ("normal() normal()", "expected an operator"),
    ("normal(", "the text ends"),
    ("normal(mu=)", "expected a number"),
    ("normal(mu=1 sigma=2)", "position 13"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED, ids=[text for text, _ in REFUSED])
def test_refusals_say_what_would_be_accepted(text: str, says: str) -> None:
    with pytest.raises(LawError) as caught:
        parse(text)
    message = str(caught.value)
    assert says in message and "\n" not in message and isinstance(caught.value, InputError)


HOSTILE = {
    "code": "__import__('os').system('id')",
    "attribute": "normal().__class__",
    "subscript": "normal()[0]",
    "lambda": "lambda: 0",
    "dunder call": "__class__()",
    "semicolon": "normal(); normal()",
    "newline": "normal()\n+ 1",
    "null": "normal()\0",
    "unicode": "nоrmal()",
    "nan": "normal(mu=nan)",
    "inf": "normal(sigma=inf)",
    "ball": "normal(mu=[0 +/- 1])",
    "imaginary": "normal(mu=1j)",
    "deep": "(" * 100_000 + "normal()" + ")" * 100_000,
    "deep calls": "truncate(" * 60 + "normal()" + ", low=0)" * 60,
    "signs": "-" * 5_000 + "normal()",
    "long": "normal() + 1" + " + 1" * 100_000,
    "chain": "normal()" + "+1" * 2_000,
    "digits": "normal(mu=" + "9" * 100_000 + ")",
    "exponent": "normal(mu=1e1000000000000000000)",
    "tower": "9**9**9**9*normal()",
    "power": "1.0000001**1000000000*normal()",
    "products": "normal()*" + "*".join(["1e300"] * 40),
    "many parts": "mixture(" + ", ".join(["0.001*normal()"] * 1000) + ")",
    "string bomb": 'tail(log_sf="' + "(" * 900 + 'x", lower=0)',
    "formula code": 'tail(log_sf="__import__(1)", lower=0)',
    "formula tower": 'tail(log_sf="-9**9**9**9*x", lower=0)',
    "unclosed": 'empirical("',
    "escape": 'empirical("a\\n.npy")',
    "path": 'empirical("/etc/passwd")',
    "device": 'empirical("/dev/zero")',
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_texts_get_one_line_at_once(case: str) -> None:
    started = time.perf_counter()
    with pytest.raises(LawError) as caught:
        parse(HOSTILE[case], open_files=False)
    # Milliseconds on an idle machine.
    assert time.perf_counter() - started < 1
    message = str(caught.value)
    assert "\n" not in message and len(message) < 1_000


PIECES = [*"()(),=+-*/", "**", "1", "0.5", "2e3", "mu", "alpha", "low", "x", "()", "1*", " "]
PIECES += ['"-x"', '"a.npy"']


@settings(max_examples=EXAMPLES * 7)
@given(
    st.lists(
        st.sampled_from([*CATALOGUE, *SPECIAL, *PIECES]),
        max_size=12,
    ).map("".join)
)
def test_any_text_is_a_law_or_one_line(text: str) -> None:
    try:
        law = parse(text, open_files=False)
    except LawError as error:
        assert "\n" not in str(error)
    else:
        assert_round_trip(law)


# ------------------------------------------------------------------ start-up


def test_laws_load_nothing_heavy() -> None:
    heavy = ("numpy", "scipy", "sympy", "pyarrow", "mpmath", "pandas")
    code = (
        "import sys; from verify.laws import parse; parse('2 + 3*zeta(2.5)').survival(3);"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
