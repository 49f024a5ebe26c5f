"""Best-of-n where the density of X or V falls to 0 faster than any power at an end."""

from __future__ import annotations

from typing import Any

import pytest
from flint import arb, fmpq
from mpmath import mp

from tests.verify.balls import assert_close, assert_contains
from verify.best_of import BestOfPair, best_of
from verify.best_of.panels import SumLaw
from verify.best_of.parts import density
from verify.best_of.parts.density import Density, take_apart, trimmed
from verify.best_of.parts.far import Beyond, Side
from verify.enclosure import Undecided, working_precision
from verify.laws import parse


def largest_mean(alpha: int, scale: int, n: int) -> Any:
    """The mean of the largest of n of U, X uniform and ``Pr(V <= s) = exp(-(s/c)^-a)``.

    ``Pr(U <= t)`` is the integral of that from t - 1 to t, and
    ``s exp(-y) - c Gamma(1 - 1/a, y)`` with ``y = (s/c)^-a`` is a primitive.
    """

    def primitive(s: Any) -> Any:
        if s <= 0:
            return mp.mpf(0)
        y = (s / scale) ** -alpha
        return s * mp.exp(-y) - scale * mp.gammainc(1 - mp.mpf(1) / alpha, y)

    def beyond(t: Any) -> Any:
        return 1 - (primitive(t) - primitive(t - 1)) ** n

    ends = [mp.mpf(k) * scale for k in (0, 1, 2, 4, 8, 16, 64)]
    return mp.quad(beyond, [0, 1, *ends[1 + (scale == 1) :]]) + mp.quad(beyond, [ends[-1], mp.inf])


FRECHET = best_of("uniform()", "frechet(alpha=3)")


@pytest.mark.parametrize(
    ("pair", "alpha", "scale", "n"),
    [(FRECHET, 3, 1, 9), (best_of("uniform()", "4 + gev(xi=1/4)"), 4, 4, 2)],
)
def test_beside_a_uniform_law(pair: BestOfPair, alpha: int, scale: int, n: int) -> None:
    mean_u = pair.at(n).mean_u
    assert isinstance(mean_u, arb) and mean_u.rad() < 1e-14
    with mp.workdps(20):
        # By mpmath's own estimate it is off by less than 1e-12 here.
        assert_contains(mean_u, largest_mean(alpha, scale, n), 1e-11)


@pytest.mark.parametrize(
    ("law", "flat"),
    [
        ("frechet(alpha=3)", {-1}),
        ("-frechet(alpha=3)", {+1}),
        ("levy()", {-1}),
        ("lognormal()", {-1}),
        ("inverse_gaussian(mu=1)", {-1}),
        ("2 + 3*inverse_gamma(shape=3)", {-1}),
        ("gev(xi=1/4)", {-1}),
        ("exponential()", set()),
        ("gamma(shape=1/2)", set()),
        ("beta(a=1/2, b=1/2)", set()),
        ("weibull(shape=1/2)", set()),
        ("log_cauchy()", set()),
        ("normal()", set()),
    ],
)
def test_which_ends_are_flat(law: str, flat: set[int]) -> None:
    with working_precision(96):
        (one,) = take_apart(parse(law)).densities
        assert set(one.flat_ends()) == flat
        # What is cut off has next to no mass, and twice as far from the end there is more.
        for side, room in one.flat_ends().items():
            end = one.low if side < 0 else one.high
            assert end is not None
            masses = [
                one.mass(None, end + room * k) if side < 0 else one.mass(end - room * k, None)
                for k in (1, 2)
            ]
            assert masses[0] < arb(2) ** -density.FLAT_BITS
            assert masses[1] > arb(2) ** -density.FLAT_BITS or room == one.spread


def test_bounds_of_what_is_cut_off() -> None:
    with working_precision(96):
        parts = trimmed(take_apart(parse("frechet(alpha=3)")))
        (one,), (rest,) = parts.densities, parts.left_out
        assert one.low == arb(rest.last) and one.knots[0].regular and rest.end == 0
        left, right = Side(parts, -1), Side(parts, +1)
        assert left.last == 0 and left.mass(arb(-1)) == 0 and left.mass(arb(0)) == 0
        # Whatever is above 1, what is cut off is not.
        assert not rest.mass.overlaps(arb(0))
        assert right.mass(arb(1)).overlaps(one.mass(arb(1), None))
        assert left.mass(arb(rest.last)) >= rest.mass.lower()


def test_what_is_cut_off_widens_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off where there is mass, the numbers stay inside; not counted, the mass shows it."""
    true = FRECHET.at(2)

    def too_far(law: Density) -> dict[int, arb]:
        return {-1: arb(1) / 2} if law.high is None else {}

    # exp(-8), or 3e-4, of Frechet's law is cut off.
    monkeypatch.setattr(Density, "flat_ends", too_far)
    wide = best_of(FRECHET.error, FRECHET.utility).at(2)
    for one, other in zip(true[1:], wide[1:], strict=True):
        assert isinstance(one, arb) and isinstance(other, arb)
        assert other.contains(one.mid()) and other.rad() > 1e-4
    monkeypatch.setattr(SumLaw, "lost", Beyond(arb(0), arb(0), arb(0)))
    with pytest.raises(Undecided, match="not 1"):
        best_of(FRECHET.error, FRECHET.utility).at(2)


@pytest.mark.heavy
def test_a_flat_end_at_the_top() -> None:
    """The largest values of X + V, both below 0 and next to 0 hardly ever."""
    pair = best_of("-levy()", "-frechet(alpha=2)")
    tops = [pair.at(n) for n in (10, 10**18)]
    assert tops[1].mean_v < 0 and tops[1].mean_v > tops[0].mean_v  # type: ignore[operator]


def test_a_cut_at_an_end_keeps_the_formula() -> None:
    """The density is cut off; above the cut it is what it was."""
    with working_precision(96):
        law = parse("levy()")
        whole, (cut,) = Density(law, fmpq(1, 3)), trimmed(take_apart(law)).densities
        for x in (arb("0.01"), arb(2)):
            assert_close(3 * whole.at(x), cut.at(x), 0, 1e-25)


@pytest.mark.parametrize(("law", "side"), [("gumbel()", -1), ("2 - 3*gumbel()", +1)])
def test_where_a_law_falls_like_an_exponential_of_one(law: str, side: int) -> None:
    with working_precision(96):
        whole, parts = Density(parse(law), fmpq(1)), trimmed(take_apart(parse(law)))
        (cut,), (rest,) = parts.densities, parts.left_out
        assert set(whole.sudden_ends()) == {side} and not cut.sudden_ends()
        place = arb(rest.last)
        truth = whole.mass(None, place) if side < 0 else whole.mass(place, None)
        assert rest.mass.overlaps(truth) and rest.side == side and rest.end is None
        assert arb(2) ** -(density.FLAT_BITS + 1) < truth < arb(2) ** -(density.FLAT_BITS - 1)
        assert rest.mean >= abs(place.mid()) * rest.mass.lower()
        assert Density(parse("gev(1/4)"), fmpq(1)).sudden_ends() == {}
        assert Side(parts, side).last is None


def test_the_difference_of_two_gumbel_laws_is_logistic() -> None:
    """The best of n of that has the mean ``1 + 1/2 + ... + 1/(n - 1)``."""
    pair = best_of("gumbel()", "-gumbel()")
    for n in (2, 10, 1000):
        truth = sum((fmpq(1, k) for k in range(1, n)), fmpq(0))
        found = pair.at(n).mean_u
        assert isinstance(found, arb)
        with working_precision(96):
            assert_close(found, arb(truth), 0, 1e-12)
