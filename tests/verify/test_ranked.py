"""Best-of-n and top fractions: known values, what atoms change, and how they compose."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.verify.balls import assert_close, ends, fraction, rational
from tests.verify.weighted_cases import DISCRETE, LAWS, few, levels, place
from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.laws import (
    bernoulli,
    cauchy,
    exponential,
    geometric,
    mixture,
    normal,
    pareto,
    parse,
    point,
    uniform,
    zeta,
)
from verify.laws.empirical_law import Empirical
from verify.ranked import BestOf, TopShare, simplest_fraction
from verify.weight import BestOfN, TopFraction

BITS = 128
CLOSE = 2.0**-80
by_law = pytest.mark.parametrize("name", LAWS)


def best(law: Law, n: int) -> BestOf:
    return BestOf(law, BestOfN(n))


def top(law: Law, share: fmpq | str) -> TopShare:
    return TopShare(law, TopFraction(share if isinstance(share, fmpq) else rational(share)))


# ---- best-of-n ----------------------------------------------------------------------------------


@by_law
@few(20)
@given(data=st.data(), n=st.integers(1, 40))
def test_best_of_n_is_the_law_of_a_maximum(name: str, data: st.DataObject, n: int) -> None:
    law = data.draw(LAWS[name])
    x = place(law, data.draw(levels))
    with working_precision(BITS):
        assert_close(best(law, n).cdf(x), law.cdf(x) ** n, CLOSE)
        for closed in (False, True):
            expected = 1 - law.cdf(x, open=closed) ** n
            assert_close(best(law, n).survival(x, closed), expected, CLOSE, CLOSE)
        # the best of m bests of n is the best of m n
        assert_close(best(best(law, n), 3).cdf(x), best(law, 3 * n).cdf(x), CLOSE)


@pytest.mark.parametrize("n", [2, 30])
def test_known_means(n: int) -> None:
    harmonic = sum((Fraction(1, k) for k in range(1, n + 1)), Fraction(0))
    with working_precision(64):
        known: list[tuple[Law, arb]] = [
            (uniform(0, 1), arb(fmpq(n, n + 1))),
            (exponential(), arb(rational(harmonic))),
        ]
        if n == 2:
            known.append((normal(), 1 / arb.pi().sqrt()))
        for law, expected in known:
            # Some bits of the 64 go into the sums over intervals.
            assert_close(best(law, n).mean(), expected, 2.0**-56)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6), st.integers(1, 4))
def test_best_of_n_of_a_file_by_all_draws(rows: list[int], n: int) -> None:
    """Every one of the ``len(rows)^n`` equally likely draws."""
    from itertools import product

    law = Empirical.from_values([float(row) for row in rows])
    draws = [max(draw) for draw in product(rows, repeat=n)]
    with working_precision(BITS):
        mean = fmpq(sum(draws), len(draws))
        assert_close(best(law, n).mean(), arb(mean), CLOSE, CLOSE)
        for x, mass in best(law, n).atoms():
            assert_close(mass, arb(fmpq(draws.count(int(x.p)), len(draws))), CLOSE, CLOSE)


def test_atoms_make_best_of_n_cost_less() -> None:
    for n in (2, 5, 50):
        with working_precision(BITS):
            bound = arb(n).log() - arb(n - 1) / n
            assert_close(best(normal(), n).kl(), bound, CLOSE)
            for law in (bernoulli("1/2"), parse("binomial(n=5, p=1/3)")):
                assert 0 < best(law, n).kl() < bound
    with working_precision(BITS):
        assert best(point(3), 9).kl() == 0 and best(point(3), 9).mean() == 3


def test_best_of_n_where_sums_do_not_end() -> None:
    with pytest.raises(Undecided, match="more than 4000 atoms"):
        best(geometric("1/1000"), 4).mean()
    with pytest.raises(Undecided, match="more than 4000 atoms"):
        best(geometric("1/1000"), 4).kl()
    # E max = sum over k >= 0 of 1 - (1 - S)^4 with S = Pr(X > k), which is 4 S less at most 6 S^2.
    last, law = 2000, zeta(3)
    near = sum((1 - (1 - law.survival(k)) ** 4 for k in range(last)), arb(0))
    upper_mean = law.upper_mean(last)
    assert isinstance(upper_mean, arb)
    beyond = upper_mean - last * law.survival(last)
    far = 4 * beyond - (6 * law.survival(last) * beyond).union(arb(0))
    found = best(law, 4).mean()
    assert isinstance(found, arb) and found.overlaps(near + far) and far.rad() < 1e-9
    with working_precision(64):
        # E max = sum over k >= 0 of 1 - (1 - 2^-k)^4, by the binomial theorem: a fraction.
        expected = sum(
            (fmpq((-1) ** (j + 1) * comb(4, j)) / (1 - fmpq(1, 2**j)) for j in range(1, 5)), fmpq(0)
        )
        assert_close(best(geometric("1/2"), 4).mean(), arb(expected), 2.0**-56)
        assert 0 < best(geometric("1/2"), 4).kl() < arb(4).log() - 0.75
    assert best(pareto("1/2"), 4).mean() == Diverges(1)
    # Its left tail is mended (F^4 falls like |x|^-4), so the mean is +oo: not proved, so not said.
    with pytest.raises(Undecided, match="best of 4"):
        best(cauchy(), 4).mean()


def test_the_upper_mean_of_best_of_n() -> None:
    law = best(uniform(0, 1), 3)
    with working_precision(64):
        upper = law.upper_mean(fmpq(1, 2))  # 3/4 (1 - 2^-4)
        assert_close(upper, arb(fmpq(45, 64)), 2.0**-56)
        assert law.upper_mean(fmpq(1)) == 0
        assert_close(law.upper_mean(fmpq(-1)), arb(fmpq(3, 4)), 2.0**-56)
        file = best(Empirical.from_values([0.0, 1.0]), 2)
        assert_close(file.upper_mean(fmpq(1, 2)), arb(fmpq(3, 4)), 2.0**-60)


@pytest.mark.parametrize("n", [10**6, 10**18])
def test_the_best_of_very_many(n: int) -> None:
    """Against closed forms: harmonic numbers, n/(n + 1), and a ratio of gamma functions."""
    with working_precision(128):
        harmonic = (arb(n) + 1).digamma() + arb.const_euler()
        half = arb(fmpq(1, 2))
        ratio = ((arb(n) + 1).lgamma() + half.lgamma() - (arb(n) + half).lgamma()).exp()
    with working_precision(64):
        assert_close(best(exponential(), n).mean(), harmonic, 2.0**-56)
        assert_close(best(uniform(0, 1), n).mean(), arb(n) / (n + 1), 2.0**-56)
        assert_close(best(pareto(2), n).mean(), ratio, 2.0**-56)


def test_the_best_of_bests() -> None:
    with working_precision(64):
        assert_close(best(best(exponential(), 3), 2).mean(), arb(fmpq(49, 20)), 2.0**-56)
        with pytest.raises(Undecided, match="not known as a formula"):
            best(top(normal(), "1/2"), 2).mean()


def test_draws_of_the_best(rng: np.random.Generator) -> None:
    draws = best(uniform(0, 1), 4).sample(20_000, rng)
    # The variance of the largest of four is 4/(5^2 6).
    assert abs(draws.mean() - 0.8) < 5 * np.sqrt(4 / 150 / 20_000)


# ---- top fractions ------------------------------------------------------------------------------


@by_law
@few(20)
@given(data=st.data(), share=levels)
def test_a_top_fraction_keeps_the_top(name: str, data: st.DataObject, share: fmpq) -> None:
    law = data.draw(LAWS[name])
    x = place(law, data.draw(levels))
    kept = top(law, share)
    with working_precision(BITS):
        for closed in (False, True):
            tail = law.survival(x, closed)
            assert_close(kept.survival(x, closed), (tail / share).min(arb(1)), CLOSE, CLOSE)
        # the top g of the top f is the top f g
        assert_close(top(kept, "1/3").survival(x), top(law, share / 3).survival(x), CLOSE, CLOSE)


@pytest.mark.parametrize("name", [*DISCRETE, "atom and density", "shifted", "negated"])
@few(10)
@given(data=st.data(), share=levels)
def test_the_odds_cap_is_kept(name: str, data: st.DataObject, share: fmpq) -> None:
    """KL <= log R, with equality unless an atom is split; the mean is the best under the cap."""
    law = data.draw(LAWS[name])
    kept = top(law, share)
    with working_precision(BITS):
        kl, cap = kept.kl(), -arb(share).log()
        assert kl.is_finite() and not kl > cap
        cut = kept.cut()
        above, at_or_above = law.survival(cut), law.survival(cut, closed=True)
        assert not above > share and not at_or_above < share
        if not law.has_atoms or not law.mass_at(cut) > 0:
            assert_close(kl, cap, CLOSE)
        elif above < share < at_or_above:
            assert kl < cap
        mean = law.mean()
        if isinstance(mean, arb):
            assert not kept.mean() < mean  # type: ignore[operator]


def test_a_split_atom() -> None:
    """The top 1/2 of a 0.2 : 0.3 : 0.5 law is its top atom; of the top 0.6, 1/6 is the middle."""
    law = mixture([("0.2", point(0)), ("0.3", point(1)), ("0.5", point(2))])
    with working_precision(BITS):
        assert_close(top(law, "1/2").mean(), arb(2), CLOSE)
        assert_close(top(law, "1/2").kl(), arb(2).log(), CLOSE)
        assert_close(top(law, "3/5").mean(), arb(fmpq(11, 6)), CLOSE)
        sixth = arb(fmpq(1, 6))
        expected = 5 * sixth * (arb(5) / 3).log() + sixth * (sixth / arb(fmpq(3, 10))).log()
        assert_close(top(law, "3/5").kl(), expected, CLOSE)
        assert_close(top(law, "3/5").mass_at(fmpq(1)), sixth, CLOSE)
        assert top(law, "3/5").survival(fmpq(-1)) == 1
        # At a boundary between atoms balls cannot tell that nothing is split; the value is right.
        assert_close(top(3 * bernoulli("1/3"), "1/3").kl(), arb(3).log(), CLOSE)


def test_the_whole_law_as_a_top_fraction() -> None:
    whole = top(normal(), "1")
    with working_precision(BITS):
        assert whole.kl() == 0 and whole.mean() == 0
        assert_close(whole.survival(fmpq(1)), normal().survival(fmpq(1)), CLOSE)
    with pytest.raises(Undecided, match="cuts nothing"):
        whole.cut()


def test_infinite_means() -> None:
    assert top(pareto("1/2"), "1/9").mean() == Diverges(1)
    assert top(cauchy(), "1/2").mean() == Diverges(1)
    # The bounded half of an infinite mean, cut at a point that is known as a ball only.
    with pytest.raises(Undecided, match="at exact points only"):
        top(-pareto("1/2"), "1/2").mean()


def test_draws_of_the_top(rng: np.random.Generator) -> None:
    draws = top(exponential(), "0.1").sample(20_000, rng)
    assert draws.min() >= np.log(10) - 1e-9
    assert abs(draws.mean() - 1 - np.log(10)) < 5 / np.sqrt(20_000)  # lack of memory: variance 1


# ---- the fraction in a ball ---------------------------------------------------------------------


@given(st.fractions(max_denominator=10**8), st.integers(60, 200))
@example(Fraction(0), 64)
@example(Fraction(-22, 7), 64)
def test_the_simplest_fraction_in_a_ball(value: Fraction, bits: int) -> None:
    with working_precision(bits):
        ball = arb(rational(value))
        assume(not ball.is_exact() or value.denominator == 1)
        assert fraction(simplest_fraction(ball)) == value
        wide = arb(rational(value), 0.1)
        low, high = ends(wide)
        found = fraction(simplest_fraction(wide))
        assert low <= found <= high and found.denominator <= value.denominator
