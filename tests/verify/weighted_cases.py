"""Laws x weights: what the tests of reweighted laws and of certificates run over."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from flint import arb, fmpq
from hypothesis import assume, settings
from hypothesis import strategies as st

from tests.verify.balls import rational
from tests.verify.law_cases import CONTINUOUS, rationals, tilts
from verify.enclosure import Undecided, working_precision
from verify.law import Law
from verify.laws import (
    bernoulli,
    binomial,
    geometric,
    mixture,
    negative_binomial,
    parse,
    point,
    poisson,
    zeta,
)
from verify.laws.empirical_law import Empirical
from verify.weight import BestOfN, Identity, Threshold, Tilt, TopFraction, Weight

_P = rationals("1/12", "11/12")
_rewards = st.lists(st.integers(-64, 64).map(lambda n: n / 16), min_size=2, max_size=12)

DISCRETE: dict[str, st.SearchStrategy[Law]] = {
    "bernoulli": st.builds(bernoulli, _P),
    "binomial": st.builds(binomial, st.integers(1, 12), _P),
    "poisson": st.builds(poisson, rationals("1/12", "20")),
    "geometric": st.builds(geometric, _P),
    "negative_binomial": st.builds(negative_binomial, rationals("1/2", "6"), _P),
    "zeta": st.builds(zeta, rationals("9/4", "8")),
    "empirical": _rewards.filter(lambda rows: len(set(rows)) > 1).map(Empirical.from_values),
    "mixture of points": st.builds(
        lambda p, a, b: mixture([(p, point(a)), (1 - p, point(b))]),
        _P,
        rationals("-3", "0"),
        rationals("1/5", "3"),
    ),
}

COMPOUND: dict[str, st.SearchStrategy[Law]] = {
    name: st.just(parse(text))
    for name, text in {
        "shifted": "-3 + 1/3*lognormal(mu=0, sigma=1/2)",
        "negated": "1/3 - 2*gamma(shape=5/2)",
        "mixed": "mixture(0.9*normal(), 0.1*(5*exponential()))",
        "atom and density": "mixture(0.25*point(1), 0.75*normal(mu=1, sigma=2))",
        "truncated": "truncate(student_t(df=3), low=-2, high=11)",
        "tail": 'tail(log_sf="-x", lower=1/2)',
        "heavy tail": 'tail(log_sf="-sqrt(x) - log(x)/3", lower=1)',
    }.items()
}

LAWS: dict[str, st.SearchStrategy[Law]] = (
    {case.name: case.laws() for case in CONTINUOUS} | DISCRETE | COMPOUND
)

#: Levels that quantiles are taken at, and short decimals for masses.
levels = st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100).map(rational)
masses = st.one_of(
    st.integers(1, 999).map(lambda n: Decimal(n).scaleb(-3)),
    st.sampled_from([Decimal(1), Decimal("1e-9"), Decimal("0.999999999")]),
)


def few(share: int) -> settings:
    """The profile's number of examples over ``share``: for a test that runs once a law."""
    return settings(max_examples=max(2, settings().max_examples // share))


def place(law: Law, level: fmpq) -> fmpq:
    """A point of 30 bits near a quantile, with mass on both sides of it; an atom is hit exactly."""
    with working_precision(53):
        exact = law.quantile(level)
    if exact.is_exact() and law.has_atoms:
        t = exact.fmpq()
    else:
        with working_precision(30):
            t = (+exact).mid().fmpq()
    with working_precision(64):
        assume(law.survival(t) > 0 and law.cdf(t) > 0)
    return t


def decimal_place(law: Law, level: fmpq) -> Decimal:
    """The same as an exact decimal (every number of 30 bits is one)."""
    t = place(law, level)
    twos = int(t.q).bit_length() - 1
    assume(t.q == 2**twos and twos < 60 and abs(t) < 10**12)
    return Decimal(int(t.p) * 5**twos).scaleb(-twos)


@st.composite
def thresholds(draw: st.DrawFn, law: Law) -> Threshold:
    """A threshold inside the law, with some mass above it."""
    return Threshold.at(decimal_place(law, draw(levels)), draw(masses))


def weights(law: Law) -> st.SearchStrategy[Weight]:
    """Every kind of weight that applies to a law."""
    known: list[st.SearchStrategy[Weight]] = [
        st.just(Identity()),
        thresholds(law),
        st.integers(1, 9).map(BestOfN),
        levels.map(TopFraction),
        st.just(TopFraction(fmpq(1))),
    ]
    found = usable_tilts(law)
    if found:
        known.append(st.sampled_from(found).map(Tilt))
    return st.one_of(known)


def usable_tilts(law: Law) -> list[fmpq]:
    """Tilts whose cumulants can be had."""

    def usable(tilt: fmpq) -> bool:
        try:
            with working_precision(53):
                return all(value.is_finite() for value in law.cumulants(tilt))
        except Undecided:
            return False

    return [tilt for tilt in tilts(law, Fraction(1, 2)) if usable(tilt)]


def is_finite(value: object) -> bool:
    """Whether a mean is a finite ball."""
    return isinstance(value, arb) and value.is_finite()
