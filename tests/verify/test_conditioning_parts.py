"""What conditioning is made of: panels, bounds on boxes, cuts, components, atoms; and plants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flint import acb, arb, fmpq
from mpmath import mp

from tests.verify.balls import assert_close
from verify.conditioning import condition
from verify.conditioning.cuts import ZERO, Above, Cuts, Summand
from verify.conditioning.panels import integrate_panels
from verify.conditioning.parts import atoms_between, components, count_between
from verify.conditioning.smooth import AboveNear, Smooth
from verify.enclosure import Undecided, exact, working_precision
from verify.laws import (
    gumbel,
    laplace,
    normal,
    pareto,
    parse,
    student_t,
    uniform,
)

BITS = 64
DIGITS = 20

# ---------------------------------------------------------------- panels


def runge(x: Any) -> Any:
    """``1/(1 + x^2)``."""
    return 1 / (1 + x * x)


def honest(z: acb) -> list[arb]:
    return [abs(runge(z)).upper(), abs((-z * z).exp()).upper()]


def integrals(sizes: Callable[[acb], list[arb]], bits: int = 100) -> list[arb]:
    with working_precision(bits):
        return integrate_panels(
            lambda x: [runge(x), (-x * x).exp()], sizes, arb(-8), arb(8), [arb(2) ** (9 - bits)] * 2
        )


@pytest.mark.parametrize("bits", [53, 100, 300])
def test_panels_enclose(bits: int) -> None:
    one, other = integrals(honest, bits)
    with working_precision(400):
        assert one.contains(2 * arb(8).atan())
        assert other.contains(arb.pi().sqrt() * arb(8).erf())
    assert one.rel_accuracy_bits() > bits - 24 and other.rel_accuracy_bits() > bits - 24


def test_panels_believe_their_bounds() -> None:
    """Planted: a function said to be analytic where it has poles is integrated wrongly."""
    wrong, _ = integrals(lambda z: [arb(1), abs((-z * z).exp()).upper()])
    with working_precision(400):
        assert not wrong.contains(2 * arb(8).atan())


def test_a_singularity_inside_is_no_answer() -> None:
    with working_precision(BITS), pytest.raises(Undecided):
        integrate_panels(
            lambda x: [1 / x.sqrt()],
            lambda z: [abs(1 / z.sqrt(analytic=True)).upper()],
            arb(0),
            arb(1),
            [arb(2) ** -50],
        )


# ---------------------------------------------------------------- bounds, cuts, parts

BASES = (
    "normal()",
    "gumbel()",
    "student_t(df=3)",
    "logistic()",
    "-exponential()",
    "skew_normal(1/2)",
    'tail(log_sf="-4-x-2*log(5+x)", lower=-4)',
)


@pytest.mark.parametrize("text", BASES)
def test_bounds_on_boxes_hold(text: str) -> None:
    """Against derivatives along the imaginary axis, by the Taylor series of tail and mean."""
    with working_precision(200):
        smooth = Smooth(parse(text))
        above = AboveNear(smooth, arb(1) / 3)
        for x in (-2, -1, arb(-1) / 4):
            y = arb(x)
            box = acb(y + arb(0, 0.25), arb(0, 0.25))
            bounds = above.sizes(box)
            tilted = above.tilted_sizes(box, arb(2))
            for step in (acb(0.2, 0.2), acb(-0.2, 0.1), acb(0, 0.25), acb(0.25, 0)):
                for value, plain, other in zip(
                    _continued(smooth, arb(1) / 3, y, step), bounds, tilted or bounds, strict=True
                ):
                    assert abs(value) <= plain
                    assert tilted is None or abs(value * (2 * step).exp()) <= other


def _continued(smooth: Smooth, centre: arb, y: arb, step: acb) -> list[acb]:
    """``Pr(A > y + h)`` and ``E[A - c; A > y + h]``, by ``acb.integral`` of the density."""

    def lost(moment: bool) -> acb:
        def integrand(s: acb, analytic: bool) -> acb:
            z = y + step * s
            height = smooth.density_near(z) * step
            return height * (z - centre) if moment else height

        return acb.integral(integrand, 0, 1)

    tail = smooth.survival(y)
    return [tail - lost(False), smooth.upper_mean(y, tail) - centre * tail - lost(True)]


@pytest.mark.parametrize("x", [-3, 0, 2, 5, 9])
@pytest.mark.parametrize("pair", [("normal()", "gumbel()"), ("logistic()", "student_t(df=3)")])
def test_what_lies_beyond_a_cut(pair: tuple[str, str], x: int) -> None:
    """Wherever the cut is, the bounds hold what an integral says of the same part."""
    t = fmpq(4)
    with working_precision(BITS):
        over, other = parse(pair[0]), parse(pair[1])
        smooth = Smooth(over)
        centres = arb(1) / 4, arb(1) / 2
        above = AboveNear(Smooth(other), centres[0])
        cuts = Cuts(smooth, above, t, centres[1])

        def quantity(k: int, low: int, high: int) -> arb:
            with mp.workdps(DIGITS):
                value = mp.quad(lambda s: _float_part(cuts, k, s), [low, (low + high) / 2, high])
            return arb(float(value))

        # Beyond 60 both densities have less than the tolerance, but for the power tail's 1e-5.
        for k in range(3):
            right, left = quantity(k, x, x + 60), quantity(k, x - 60, x)
            assert _within(right, cuts.right(arb(x))[k]) and _within(left, cuts.left(arb(x))[k])
            between = quantity(k, x, x + 2)
            assert _within(between, cuts.middle(arb(x), arb(x + 2))[k])


def test_a_cut_that_forgets_the_tail_is_seen() -> None:
    """Planted: far out the bounds are so narrow that 0 is not in them."""
    with working_precision(BITS):
        above = AboveNear(Smooth(normal()), arb(0))
        cuts = Cuts(Smooth(student_t(3)), above, fmpq(4), arb(0))
        mass, _, moment = cuts.right(arb(20))
        assert mass > 0 and moment > 0 and mass.rel_accuracy_bits() > 40


def _float_part(cuts: Cuts, k: int, s: Any) -> float:
    x = arb(float(s))
    assert isinstance(cuts.over, Smooth) and cuts.centre is not None
    height = cuts.over.density(x)
    factors = cuts.above.at(cuts.t - x)
    return float(
        [height * factors[0], height * factors[1], height * factors[0] * (x - cuts.centre)][k]
    )


def _within(value: arb, bound: arb) -> bool:
    return bool(value >= bound.lower() - 1e-3 and value <= bound.upper() + 1e-3)


def test_components_add_up() -> None:
    law = parse("truncate(1 + mixture(0.5*laplace(), 0.5*(2*normal())), low=0, high=3)")
    with working_precision(BITS):
        for x in ("1/2", "2"):
            total = sum(
                (part.share * part.law.survival(exact(x)) for part in components(law)), arb(0)
            )
            assert_close(total, law.survival(exact(x)), 1e-15)


def test_atoms_of_a_chain() -> None:
    law = parse("truncate(1 - 2*poisson(mu=3), low=-9, high=0)")
    with working_precision(BITS):
        found = list(atoms_between(law, fmpq(-7), fmpq(-1)))
        assert sorted(int(x.p) for x, _ in found) == [-5, -3, -1]
        for x, mass in found:
            assert_close(mass, law.mass_at(x), 1e-15)
        assert count_between(law, fmpq(-7), fmpq(-1)) in (3, 4)


def test_the_largest_excess_is_a_bound() -> None:
    with working_precision(BITS):
        for law in (normal(), gumbel(), pareto(3), uniform(0, 2), laplace()):
            above = Above(law, arb(1) / 2)
            largest = above.largest_excess()
            for y in ("-1", "1/4", "1/2", "3/4", "3/2"):
                assert above.at(exact(y))[1] <= largest


def test_a_summand_is_not_asked_for_an_endless_mean() -> None:
    with working_precision(BITS), pytest.raises(Undecided, match="a mean is infinite"):
        Summand(parse("pareto(alpha=1)")).beyond(fmpq(2), with_mean=True)


# ---------------------------------------------------------------- atoms beside a mean of -oo


def beyond_by_hand(first: int, t: int) -> tuple[arb, arb]:
    """Mass and ``E[X; U > t, V > first]`` for X = -pareto(1/2) and V of poisson(3), by k."""
    mass, of_x = arb(0), arb(0)
    for k in range(max(first, t + 1, -1) + 1, 200):  # beyond there is less than 10^-200
        chance = (-arb(3)).exp() * arb(3) ** k / arb(k + 1).gamma()
        root = arb(k - t).sqrt()
        mass, of_x = mass + chance * (1 - 1 / root), of_x - chance * (root - 1)
    return mass, of_x


@pytest.mark.parametrize("t", [-3, 5, 26])
def test_atoms_beside_a_law_whose_mean_is_minus_infinity(t: int) -> None:
    found = condition(-pareto(fmpq(1, 2)), parse("poisson(3)"), t)
    mass, of_x = beyond_by_hand(-1, t)
    assert isinstance(found.mean_x, arb)
    assert_close(found.mass, mass, 1e-9)
    assert_close(found.mean_x, of_x / mass, 1e-9)


@pytest.mark.parametrize("x", [-2, 0, 4, 9])
def test_the_bound_beyond_some_atoms_holds_the_truth(x: int) -> None:
    above = Above(-pareto(fmpq(1, 2)), arb(0))
    cuts = Cuts(Summand(parse("poisson(3)")), above, fmpq(-3), None)
    for bound, truth in zip(cuts.right(fmpq(x)), beyond_by_hand(x, -3), strict=True):
        assert bound.contains(truth)
    # What B has there is what A may have: without it the truth is missed.
    assert not ZERO.union(above.largest_excess()).contains(beyond_by_hand(x, -3)[1])
