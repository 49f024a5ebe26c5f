"""An interval next to a corner as one point: its mass from both sides, and what that misses."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from flint import arb, fmpq

from verify.best_of.convolution.holes import Within, atoms_within, densities_within
from verify.best_of.convolution.interval_sums import Place
from verify.best_of.convolution.lumps import lumped
from verify.best_of.line import CORNER_BITS, HOLE_BITS, Line
from verify.best_of.log_cauchy.beside_densities import alone, gathered
from verify.best_of.panel import Panel
from verify.best_of.panels import SumLaw, by_place
from verify.best_of.parts.density import Density, take_apart
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump
from verify.best_of.ranks import RankIntegral
from verify.enclosure import working_precision
from verify.laws import normal, parse, uniform


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


def _density(text: str) -> Density:
    return take_apart(parse(text)).densities[0]


def _mass(rows: list[Within]) -> tuple[arb, arb]:
    return sum((row.least for row in rows), arb(0)), sum((row.most.mass for row in rows), arb(0))


@pytest.mark.parametrize("width", ["1", "1e-3", "1e-20"])
def test_the_mass_of_two_normal_laws_from_both_sides(width: str) -> None:
    density, low, high = _density("normal()"), arb(1), arb(1) + arb(width)
    least, most = _mass(densities_within(density, density, low, high))
    exact = normal().between(low / arb(2).sqrt(), high / arb(2).sqrt())
    assert least < exact * (1 + arb(2) ** -20) and exact < most * (1 + arb(2) ** -20)
    assert most < 1.25 * least


def test_the_mass_beside_a_corner_where_both_densities_are_infinite() -> None:
    """The arcsine law twice: for 2U - 2 the density is about (log 8 - log|s|)/pi^2."""
    density, width = _density("beta(a=1/2, b=1/2)"), arb(2) ** -60
    least, most = _mass(densities_within(density, density, 1 - width, 1 + width))
    exact = 4 * width * ((8 / (2 * width)).log() + 1) / arb.pi() ** 2
    assert 0.8 * exact < least < exact * (1 + arb(2) ** -40) and exact < most < 1.2 * exact


def test_there_is_none_where_u_has_none() -> None:
    assert densities_within(_density("uniform()"), _density("uniform()"), arb(3), arb(4)) == []


@pytest.mark.parametrize("atoms_are_v", [True, False])
def test_the_mass_beside_atoms_is_sharp(atoms_are_v: bool) -> None:
    atoms = ((fmpq(0), arb(1) / 4), (fmpq(1, 3), arb(3) / 4))
    rows = atoms_within(atoms, _density("uniform()"), atoms_are_v, arb(1) / 4, arb(1) / 2)
    least, most = _mass(rows)
    exact = arb(1) / 16 + arb(3) / 24  # of 1/3 only what is from there on
    assert exact - least < 1e-20 and most - exact < 1e-20 and least <= most
    assert rows[1].x is not None and rows[1].x.contains(arb(1) / 12 if atoms_are_v else arb(1) / 3)


def test_where_x_is_spread_out_what_is_missed_says_so() -> None:
    """Two uniform laws next to 1: X is uniform there, and ``E|X - 1/2| = 1/4``."""
    density, hole = _density("uniform()"), Place(1 - arb(2) ** -30, 1 + arb(2) ** -30)
    found = lumped(densities_within(density, density, *hole.ends), hole)
    assert found is not None
    lump, rest = found
    mass = 2 * arb(2) ** -30
    assert abs(lump.mass - mass) < 0.01 * mass and abs(lump.of_x - mass / 2) < 0.02 * mass
    assert 0.24 * mass < rest.missed[2] < 0.4 * mass and rest.missed[0] == 0
    assert rest.missed[1] >= rest.missed[2]


def test_where_no_mass_is_sure_there_is_no_point() -> None:
    hole = Place(arb(0), arb(1))
    assert lumped([Within(arb(0), Beyond(arb(1), arb(1), arb(1)), arb(1))], hole) is None
    assert lumped([Within(arb(0), Beyond(arb.nan(), arb(1), arb(1)), None)], hole) is None


def test_next_to_a_corner_x_is_at_its_end() -> None:
    """Beside a log-Cauchy law: more mass than may be left out, at the top of the arcsine law."""
    slow = alone(parse("log_cauchy()"), parse("beta(a=1/2, b=1/2)"))
    assert slow is not None
    law = Line(slow.parts, gathered(slow), None, slow)
    list(law.places())
    (hole,) = law.holes
    assert hole.middle == 1 and not law.bounds(hole).mass < 100 * arb(2) ** -HOLE_BITS
    found = lumped(law.within(hole), hole)
    assert found is not None
    lump, rest = found
    assert lump.mass.rad() < 2 * arb(2) ** -HOLE_BITS
    assert abs(lump.of_x - lump.mass) < 1e-4 * lump.mass + 2 * lump.mass.rad()
    assert rest.missed[2] < arb(2) ** -CORNER_BITS


@cache
def _expanded() -> SumLaw:
    """Of two uniform laws."""
    with working_precision(96):
        return SumLaw(take_apart(uniform()), take_apart(uniform()))


def _means(pieces: list[Panel | Jump], n: int) -> tuple[arb, arb, arb]:
    nothing, right = Beyond(arb(0), arb(0), arb(0)), (arb(0), arb(0), arb(0))
    ranks = RankIntegral(pieces, right, nothing, nothing, nothing, (fmpq(0), fmpq(0)))
    return ranks.means(n)


@pytest.mark.parametrize("n", [2, 5, 10**6])
@pytest.mark.parametrize("place", [-1, -3])
def test_the_true_numbers_stay_inside(n: int, place: int) -> None:
    """And they are known better than by bounds alone; with another mass they are outside."""
    law = _expanded()
    exact = _means(law.pieces, n)
    chosen = sorted(law.panels, key=lambda panel: float(panel.totals[0]))[place]
    low, high = (end.mid() for end in chosen.place.ends)
    hole = Place(low, high)
    found = lumped(law.within(hole), hole)
    assert found is not None
    others = [piece for piece in law.pieces if piece is not chosen]
    wide = _means(by_place([*others, *found]), n)
    for true, known in zip(exact, wide, strict=True):
        assert known.contains(true.mid())
    if n == 2:
        unknown = Panel.unknown(hole, Beyond(chosen.totals[0], *chosen.sizes))
        assert wide[0].rad() < _means(by_place([*others, unknown]), n)[0].rad() / 8
        lump = replace(found[0], mass=4 * found[0].mass)
        off = _means(by_place([*others, lump, found[1]]), n)
        assert not off[1].contains(exact[1].mid()) and not off[2].contains(exact[2].mid())
