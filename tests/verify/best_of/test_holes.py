"""What best-of-n makes of intervals that are not expanded: bounds, and wider answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
from flint import arb, fmpq

from tests.verify.balls import assert_close
from verify.best_of import best_of
from verify.best_of.convolution.holes import of_densities
from verify.best_of.convolution.interval_sums import Place, Sums, terms
from verify.best_of.convolution.two_densities import TwoDensities
from verify.best_of.expansion import _starts
from verify.best_of.line import CORNER_BITS, HOLE_BITS, Line
from verify.best_of.log_cauchy.beside_densities import alone, gathered
from verify.best_of.panel import Panel
from verify.best_of.panels import SumLaw
from verify.best_of.parts.density import take_apart
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump
from verify.best_of.ranks import RankIntegral
from verify.enclosure import Undecided, working_precision
from verify.laws import normal, parse, uniform
from verify.taylor_series import series_length


@pytest.mark.parametrize("width", ["1", "1e-3", "1e-20"])
def test_bounds_of_an_interval_of_two_normal_laws(width: str) -> None:
    """U is normal with variance 2: the bound is above its mass, by less than a twentieth."""
    with working_precision(96):
        density = take_apart(normal()).densities[0]
        low, high = arb(1), arb(1) + arb(width)
        found = of_densities(density, density, low, high)
        exact = normal().between(low / arb(2).sqrt(), high / arb(2).sqrt())
        assert exact < found.mass * (1 + arb(2) ** -20) and found.mass < exact * arb("1.1")


def test_bounds_beside_a_corner_where_both_densities_are_infinite() -> None:
    """The arcsine law twice: the density of U is infinite at 1, like a logarithm."""
    with working_precision(96):
        density = take_apart(parse("beta(a=1/2, b=1/2)")).densities[0]
        width = arb(2) ** -60
        found = of_densities(density, density, 1 - width, 1 + width)
        # For 2U - 2 the density is K(sqrt(1 - s^2/4))/pi^2, about (log 8 - log|s|)/pi^2.
        exact = 4 * width * ((8 / (2 * width)).log() + 1) / arb.pi() ** 2
        assert exact < found.mass * arb("1.000001") and found.mass < 2 * exact


@pytest.mark.parametrize("n", [2, 5, 10**6])
@pytest.mark.parametrize("place", [-1, -3])
def test_an_interval_without_expansion_widens_the_answer(n: int, place: int) -> None:
    """The true numbers stay inside: with intervals of which only the mass is known."""
    with working_precision(96):
        law = _expanded()
        exact = _ranks(law, law.pieces).means(n)
        chosen = sorted(law.panels, key=lambda panel: float(panel.totals[0]))[place]
        bounds = Beyond(chosen.totals[0], *chosen.sizes)
        hidden = [
            Panel.unknown(chosen.place, bounds) if piece is chosen else piece
            for piece in law.pieces
        ]
        for true, wide in zip(exact, _ranks(law, hidden).means(n), strict=True):
            assert wide.contains(true.mid()) and wide.rad() >= true.rad()
        # Not said to be unknown, it is missed.
        if n == 2:
            left = [piece for piece in law.pieces if piece is not chosen]
            assert not _ranks(law, left).means(n)[0].contains(1)


@cache
def _expanded() -> SumLaw:
    """Of two uniform laws, at 96 bits."""
    with working_precision(96):
        return SumLaw(take_apart(uniform()), take_apart(uniform()))


def _ranks(law: SumLaw, pieces: Sequence[Panel | Jump]) -> RankIntegral:
    nothing = Beyond(arb(0), arb(0), arb(0))
    right = (arb(0), arb(0), arb(0))
    return RankIntegral(pieces, right, nothing, nothing, nothing, (fmpq(0), fmpq(0)))


def test_a_density_that_is_off_moves_the_ranks_too() -> None:
    """What a panel misses is in ``Pr(U > t)`` on the panel itself, not only beyond it."""
    with working_precision(96):
        law = _expanded()
        exact = _ranks(law, law.pieces).means(9)
        off, pieces = arb(2) ** -20, []
        for piece in law.pieces:
            assert isinstance(piece, Panel)
            missed = piece.totals[0] * off
            # The mass is a little more than the polynomial says, and said to be missed.
            less = piece.mass * (1 - off)
            pieces.append(
                Panel(piece.place, less, piece.of_v, piece.of_x, (missed, arb(0), arb(0)))
            )
        for true, found in zip(exact, _ranks(law, pieces).means(9), strict=True):
            assert found.contains(true.mid())


def test_a_density_that_is_infinite_at_both_ends() -> None:
    """X of the arcsine law is sin^2 of a uniform angle: the trapezoidal rule is a second route."""
    with working_precision(96):
        error = take_apart(parse("beta(a=1/2, b=1/2)")).densities[0]
        pair = TwoDensities(error, take_apart(normal()).densities[0])
        place = Place(arb(-1) / 4, arb(-1) / 4 + arb(1) / 32)
        with series_length(terms()):
            sums = Sums(place, pair.estimate(place))
            pair.add_to(sums)
            found = sums.expansion()
        angles = [arb.pi() * k / 64 for k in range(64)]
        heights = [(-((place.middle - a.sin() ** 2) ** 2) / 2).exp() for a in angles]
        exact = sum(heights, arb(0)) / 64 / (2 * arb.pi()).sqrt()
        # The rule of 64 points errs below 1e-30 here.
        assert abs(found.densities[0][0] - exact) < exact * arb(2) ** -56
        assert found.missed[0] < exact * arb(2) ** -58


def test_where_laws_are_moved_to() -> None:
    """To their largest values where both have one: next to 0 a point shows its distance."""
    arcsine, below = parse("beta(a=1/2, b=1/2)"), parse("3 - weibull(shape=1/2)")
    assert _starts(arcsine, below) == (1, 3)
    assert _starts(arcsine, parse("2 + exponential()")) == (0, 2)
    assert _starts(normal(), below) == (0, 3)
    assert _starts(arcsine, parse("1 + binomial(n=3, p=1/3)")) == (0, 1)


@pytest.mark.heavy
def test_the_best_of_many_of_a_law_that_ends() -> None:
    """The arcsine law twice: next to 2 the density of U is 1/pi, and ``E(2 - U) = pi/n`` nearly."""
    pair = best_of("beta(a=1/2, b=1/2)", "beta(a=1/2, b=1/2)")
    for n in (10**6, 10**18):
        found = pair.at(n).mean_x
        assert isinstance(found, arb) and found.rad() < 1e-20
        with working_precision(96):
            assert_close(1 - found, arb.pi() / (2 * n), 3 / n, 1e-20)


def test_intervals_come_closer_to_a_corner_at_0_with_much_mass() -> None:
    """Where both densities are infinite; as close as elsewhere, too much would be left out."""
    with working_precision(96):
        slow = alone(parse("log_cauchy()"), parse("-weibull(shape=1/2)"))
        assert slow is not None
        law = Line(slow.parts, gathered(slow), None, slow)
        assert list(law.places())
        little, usual = arb(2) ** -HOLE_BITS, law.scale * arb(2) ** -CORNER_BITS
        (hole,) = (hole for hole in law.holes if hole.ends[0] < 0 < hole.ends[1])
        assert law.bounds(hole).mass < little
        assert not law.bounds(Place(-usual, usual)).mass < little


@pytest.mark.heavy
def test_a_corner_at_0_with_much_mass() -> None:
    """The means are known as well as where no corner is."""
    found = best_of("log_cauchy()", "-weibull(shape=1/2)").at(2).mean_v
    assert isinstance(found, arb) and found.rad() < 1e-10


def test_what_takes_too_long_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = best_of("exponential()", "normal()", seconds=-1)
    with pytest.raises(Undecided, match="-1 seconds of work"):
        pair.at(2)
    monkeypatch.setattr("verify.best_of.pair.rank_integral", None)
    with pytest.raises(Undecided, match="-1 seconds of work"):
        pair.at(3)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    pair = best_of("uniform()", "bernoulli(p=1/3)", lambda done, of, _: told.append((done, of)))
    assert_close(pair.at(1).mean_x, arb(1) / 2, 0)
    assert not told
    pair.at(2)
    assert told[-1][0] == told[-1][1] == len(told)
