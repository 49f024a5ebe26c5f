"""Best-of-n for light atoms on a lattice beside a density."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.best_of import best_of
from verify.best_of.lattices.corners import corners
from verify.best_of.lattices.light import Lattice, LightSum, beside_light
from verify.best_of.lattices.light_cell import Needs, Stretch, Tip
from verify.best_of.panel import Panel
from verify.best_of.panels import SumLaw
from verify.best_of.parts.density import Parts, take_apart
from verify.best_of.parts.jumps import Lump
from verify.best_of.ranks import RankIntegral
from verify.enclosure import working_precision
from verify.laws import parse

BITS = 96
THIRD = mpmath.mpf(1) / 3


def _law(atoms: str, light: str, is_v: bool = False) -> LightSum:
    with working_precision(BITS):
        found = beside_light(parse(atoms), parse(light), is_v, None, None)
    assert found is not None
    return found


def _mean(value: object) -> arb:
    assert isinstance(value, arb)
    return value


def _by_quadrature(n: int, masses: list[mpmath.mpf]) -> tuple[mpmath.mpf, mpmath.mpf]:
    """``E X`` and ``E V`` for V gamma(1/2) beside atoms at 0, 1, ...: V is ``y^2``."""

    def rank(t: mpmath.mpf) -> mpmath.mpf:
        return sum(
            (p * mpmath.erf(mpmath.sqrt(t - k)) for k, p in enumerate(masses) if t > k),
            mpmath.mpf(0),
        )

    ends = [mpmath.sqrt(k) for k in range(5)] + [3, 5, 9]  # F is not smooth at t = 0, 1, ...
    of_x = of_v = mpmath.mpf(0)
    for k, p in enumerate(masses):

        def height(y: mpmath.mpf, k: int = k, p: mpmath.mpf = p) -> mpmath.mpf:
            slope = 2 * mpmath.exp(-y * y) / mpmath.sqrt(mpmath.pi)
            return p * slope * n * rank(k + y * y) ** (n - 1)

        of_x += k * mpmath.quad(height, ends)
        of_v += mpmath.quad(lambda y, f=height: y * y * f(y), ends)
    return of_x, of_v


@pytest.mark.parametrize("n", [2, 20])
def test_beside_a_square_root_end_against_quadrature(n: int) -> None:
    # Where y^2 = 1, 2, ... F has a square root in y - 1: tanh-sinh takes that in its stride.
    of_x, of_v = _by_quadrature(n, [1 - THIRD, THIRD])
    found = best_of("bernoulli(p=1/3)", "gamma(shape=1/2)").at(n)
    # 15 digits of the quadrature, less a few for the ends.
    for mean, wanted in ((found.mean_x, of_x), (found.mean_v, of_v)):
        assert _mean(mean).rad() < 1e-16
        assert abs(float(_mean(mean)) - float(wanted)) < 1e-12


@pytest.mark.parametrize(
    "atoms, light",
    [
        ("binomial(n=4, p=1/3)", "uniform()"),
        ("bernoulli(p=1/3)", "normal()"),
        ("1/3*bernoulli(p=1/2)", "exponential()"),
        ("-binomial(n=3, p=1/8)", "half_normal()"),
        ("bernoulli(p=1/3)", "gev(xi=-1/2)"),
    ],
)
def test_it_agrees_with_the_expansion_atom_by_atom(atoms: str, light: str) -> None:
    """The other route expands every atom's own copy of V around every atom."""
    with working_precision(BITS):
        cells = best_of(atoms, light)
        x, v = take_apart(parse(atoms)), take_apart(parse(light))
        law = SumLaw(x, v)
        start, end = law.ends
        nothing = (arb(0), arb(0), arb(0))
        far = law.beyond(end, +1), law.beyond(start, -1)
        apart = RankIntegral(law.pieces, nothing, *far, law.lost, (fmpq(0), fmpq(0)))
        for n in (2, 1000):
            found, (mass, of_v, of_x) = cells.at(n), apart.means(n)
            assert mass.overlaps(arb(1))
            for mean, other in ((found.mean_v, of_v), (found.mean_x, of_x)):
                # What is beyond the last interval of the other route has a mass of 2^-92.
                assert abs(_mean(mean) - other).lower() < 1e-18
                assert _mean(mean).rad() < 1e-14
                assert other.rad() < 1e-9


def test_atoms_and_densities_change_places() -> None:
    one = best_of("binomial(n=2, p=1/4)", "beta(a=1/2, b=1/2)")
    other = best_of("beta(a=1/2, b=1/2)", "binomial(n=2, p=1/4)")
    for n in (2, 10**18):
        a, b = one.at(n), other.at(n)
        assert _mean(a.mean_x).overlaps(_mean(b.mean_v))
        assert _mean(a.mean_v).overlaps(_mean(b.mean_x))
        assert _mean(a.mean_v).rad() < 1e-15


def test_moved_and_scaled_it_moves_and_scales() -> None:
    plain = best_of("bernoulli(p=1/3)", "gamma(shape=1/2)").at(7)
    moved = best_of("1/3*bernoulli(p=1/3) + 5/7", "1/3*gamma(shape=1/2) - 2").at(7)
    assert _mean(moved.mean_x).overlaps(_mean(plain.mean_x) / 3 + arb(5) / 7)
    assert _mean(moved.mean_v).overlaps(_mean(plain.mean_v) / 3 - 2)


@pytest.mark.parametrize(
    ("low", "v"), [("0", fmpq(49, 54)), ("-1", fmpq(-5, 54)), ("-1/2", fmpq(22, 54))]
)
def test_a_polynomial_density_that_ends_inside_a_cell_in_closed_form(low: str, v: fmpq) -> None:
    """A fair coin and ``V = low + 3 Y/2``: E[V; best of two] by hand for a uniform Y, of degree 0.

    With low = 0 the rank is t/3 up to 1, ``1/3 + 2 (t - 1)/3`` up to 3/2, and then
    ``2/3 + (t - 3/2)/3``. The integral of ``2 F E[V; U in dt]`` is ``2/27 + 7/27 + 31/54``. On the
    middle one V times its density has one term more than the density.
    """
    high = fmpq(*map(int, low.split("/"))) + fmpq(3, 2)
    found = _mean(best_of("bernoulli(1/2)", f"uniform({low}, {high})").at(2).mean_v)
    assert found.overlaps(arb(v)) and found.rad() < 1e-15  # at 53 bits


def test_the_best_of_very_many_is_next_to_the_largest_value() -> None:
    """Beside ``V = 1 - d``: d is about ``(3 pi/(2 n))^2``, so far below the last stretch."""
    found = best_of("bernoulli(p=1/3)", "beta(a=1/2, b=1/2)").at(10**18)
    assert abs(_mean(found.mean_v) - 1).upper() < arb(2) ** -60
    assert abs(_mean(found.mean_x) - 1).upper() < arb(2) ** -60


def test_pieces_of_a_cell() -> None:
    law = _law("bernoulli(p=1/3)", "gamma(shape=1/2)")
    with working_precision(BITS):
        tips = [piece for piece in law.cell.pieces if isinstance(piece, Tip)]
        assert len(tips) == 1
        # erf(sqrt d) at d = 2^-64, about 2 sqrt(d/pi).
        assert tips[0].mass is not None
        assert abs(tips[0].mass * arb.pi().sqrt() * arb(2) ** 31 - 1) < 1e-9
        lumps = [piece for piece in law.pieces if isinstance(piece, Lump)]
        assert [lump.at for lump in lumps] == [0, 1]
        total = sum((piece.totals[0] for piece in law.pieces), arb(0))
        missed = sum((piece.missed[0] for piece in law.pieces), arb(0))
        beyond = law.beyond(law.ends[1], +1).mass
        assert 1 - total <= missed + beyond + arb(2) ** -80
        assert missed < arb(2) ** -50


def test_a_panel_has_the_mass_of_its_interval() -> None:
    """Each panel of a cell against the distribution functions of V."""
    law = _law("binomial(n=3, p=1/4)", "gamma(shape=1/2)")
    masses = [arb(27) / 64, arb(27) / 64, arb(9) / 64, arb(1) / 64]
    with working_precision(BITS):
        panels = [piece for piece in law.pieces if isinstance(piece, Panel)][::7]
        for panel in panels:
            low, high = panel.place.ends
            wanted = arb(0)
            for k, mass in enumerate(masses):
                ends = ((end - k).max(arb(0)).sqrt().erf() for end in (low, high))
                first, last = ends
                wanted += mass * (last - first)
            # The ends of an interval show as places of 96 bits: a square root of that is lost.
            off = abs(panel.totals[0] - wanted).lower()
            assert off <= panel.missed[0] + arb(2) ** -44


def test_what_is_missed_is_told() -> None:
    """With coefficients that are spoilt, masses no longer fit what is missed."""
    law = _law("bernoulli(p=1/3)", "gamma(shape=1/2)")
    with working_precision(BITS):
        stretch = next(piece for piece in law.cell.pieces if isinstance(piece, Stretch))
        row = stretch.rows[0]
        row.mass[0] = row.mass[0] * (1 + arb(2) ** -20)
        total = sum((piece.totals[0] for piece in law.pieces), arb(0))
        missed = sum((piece.missed[0] for piece in law.pieces), arb(0))
        beyond = law.beyond(law.ends[1], +1).mass
        assert abs(1 - total) > missed + beyond + arb(2) ** -80


def test_a_lattice_is_the_coarsest() -> None:
    with working_precision(BITS):
        mixed = parse("1/2*bernoulli(p=1/3) + 1/3")
        found = Lattice.of(take_apart(mixed))
        assert found is not None
        assert (found.shift, found.step, len(found.masses)) == (fmpq(1, 3), fmpq(1, 2), 2)
        assert Lattice.of(take_apart(parse("point(x=2)"))) is None


@given(st.lists(st.fractions(-3, 3, max_denominator=6), min_size=2, max_size=6, unique=True))
@settings(max_examples=20, deadline=None)
def test_every_atom_is_on_its_lattice(places: list[Fraction]) -> None:
    points = sorted(fmpq(p.numerator, p.denominator) for p in places)
    atoms = tuple((x, arb(k + 1)) for k, x in enumerate(points))
    found = Lattice.of(Parts((), atoms, ()))
    assert found is not None
    seen = [(found.place(k), mass) for k, mass in enumerate(found.masses) if mass != 0]
    assert [x for x, _ in seen] == points
    # The masses are small whole numbers: they are exact.
    assert [m for _, m in seen] == [m for _, m in atoms]


def test_what_is_left_to_the_other_way() -> None:
    with working_precision(BITS):
        for atoms, light in (
            ("point(x=2)", "normal()"),
            ("normal()", "normal()"),
            ("bernoulli(p=1/2)", "bernoulli(p=1/2)"),
            ("bernoulli(p=1/2)", "1000*uniform()"),  # more cells between its ends than are taken
        ):
            assert beside_light(parse(atoms), parse(light), False, None, None) is None
        # Two corners that are as good as one.
        wide = take_apart(parse("(1 + 1e-20)*uniform()"))
        assert corners(wide, fmpq(1), False) is None


def test_the_top_row_may_miss_a_share_of_what_it_has() -> None:
    needs = Needs({0: arb(1), 1: arb(1)}, 1, arb(0.5), arb(0.25))
    assert needs.at(0) == 1
    assert needs.at(1) == 0.25
    assert needs.at(1, arb(0.8)) == 0.4
    assert needs.at(1, arb(8)) == 1
