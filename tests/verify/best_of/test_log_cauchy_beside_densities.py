"""Best-of-n beside a log-Cauchy law: its start gathered at one point, its far end by itself."""

from __future__ import annotations

from time import process_time

import pytest
from flint import arb, fmpq

from tests.verify.balls import assert_close
from verify.affine import affine
from verify.best_of import best_of
from verify.best_of.log_cauchy.beside_densities import (
    CLOSE,
    Alone,
    alone,
    concentration,
    gathered,
    moved,
)
from verify.best_of.parts.density import take_apart
from verify.enclosure import Diverges, Undecided, working_precision
from verify.laws import log_cauchy, normal, parse

FAR = arb(2) ** 80


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


def _alone(law: str = "log_cauchy()", other: str = "normal()") -> Alone:
    found = alone(parse(law), parse(other))
    assert found is not None
    return found


@pytest.mark.parametrize("scale", [1, 3])
def test_the_hazard_rate_of_a_log_cauchy_law_is_below_that_of_the_bound(scale: int) -> None:
    """It is what the bound of the far end rests on: below 1/u from e times the scale."""
    law = affine(log_cauchy(), fmpq(0), fmpq(scale))
    for k in range(12, 4000, 97):
        u = scale * (arb(k) / 10).exp()
        assert law.density(u) / law.survival(u) * u < 1


def test_far_out_the_mass_is_that_of_the_law_alone() -> None:
    slow = _alone()
    assert slow.decides(FAR)
    assert_close(slow.mass(FAR), log_cauchy().survival(FAR), 2.0**-60)
    assert abs(slow.mean(FAR)) < arb(2) ** -58 and slow.mean(FAR).contains(0)
    assert slow.lost(FAR) < arb(2) ** -120


def test_far_out_on_the_left_it_is_the_mirror_image() -> None:
    right, left = _alone(), _alone("-log_cauchy()")
    assert left.side == -1 and left.decides(-FAR) and not left.decides(-(arb(2) ** 64))
    assert left.mass(-FAR).overlaps(right.mass(FAR))
    assert left.spread(-FAR) == right.spread(FAR) and left.lost(-FAR) == right.lost(FAR)


def test_near_in_it_does_not_decide_alone() -> None:
    """Where a 2^-64th of t is not yet much for V."""
    assert not _alone().decides(arb(2) ** 64)
    assert not _alone(other="pareto(2)").decides(FAR)
    assert not Alone(2**100 * log_cauchy(), normal(), take_apart(normal())).decides(FAR)


def test_what_beside_it_is_none_of_its_kind() -> None:
    assert alone(normal(), log_cauchy()) is None  # the normal law is not slow
    assert alone(log_cauchy(), parse("pareto(1/2)")) is None  # no mean
    # Atoms and a density: each has its own way.
    assert alone(log_cauchy(), parse("mixture(0.5*poisson(3), 0.5*normal())")) is None
    assert alone(log_cauchy() + 1, normal()) is None


def test_what_is_gathered_is_all_of_the_law() -> None:
    law = log_cauchy()
    parts = gathered(_alone())
    (place, mass), (density,) = parts.atoms[0], parts.densities
    assert place == CLOSE and mass.overlaps(law.cdf(CLOSE))
    for x in (arb(2) ** -300, arb(1), arb(10) ** 30):
        assert (mass + density.mass(arb(CLOSE), x)).overlaps(law.cdf(x))
    mirrored = gathered(_alone("-log_cauchy()"))
    (place, mirrored_mass), (density,) = mirrored.atoms[0], mirrored.densities
    assert place == -CLOSE and mirrored_mass.overlaps(mass)
    assert (mass + density.mass(-arb(3), arb(-CLOSE))).overlaps(law.cdf(3))


@pytest.mark.parametrize(
    ("text", "largest"),
    [("normal()", 0.3989423), ("exponential()", 1.0), ("uniform()", 1.0), ("student_t(5)", 0.3797)],
)
@pytest.mark.parametrize("bits", [20, 200])
def test_the_mass_of_a_short_interval(text: str, largest: float, bits: int) -> None:
    """At least the largest density times the length, as for one next to the mode; not far more."""
    length = arb(2) ** -bits
    found = concentration(take_apart(parse(text)).densities[0], length)
    # What is left to no cell is below the root of the length, on either side: that is little
    # where the length is.
    assert 0.99 * largest * length < found < 4 * largest * length + 2 * length.sqrt()


def test_the_mass_of_a_short_interval_where_the_density_is_infinite() -> None:
    law = parse("gamma(1/2)")
    length = arb(2) ** -200
    found = concentration(take_apart(law).densities[0], length)
    assert law.cdf(length) < found < arb(2) ** -90


def test_the_effect_of_what_is_moved_is_nothing_for_any_n() -> None:
    for text in ("normal()", "gamma(1/2)", "beta(a=1/2, b=1/2)"):
        assert moved(take_apart(parse(text))).of_v * arb(10) ** 36 < arb(2) ** -60


@pytest.mark.heavy
def test_the_numbers_agree_with_a_sample() -> None:
    import numpy as np

    rng = np.random.default_rng(20)
    x = np.exp(np.minimum(rng.standard_cauchy((2, 10**6)), 700))
    v = rng.standard_exponential((2, 10**6))
    best = np.where(x[0] + v[0] > x[1] + v[1], v[0], v[1])
    found = best_of("log_cauchy()", "exponential()").at(2).mean_v
    assert isinstance(found, arb)
    assert abs(float(found.mid()) - best.mean()) < 5 * best.std() / 1000


@pytest.mark.heavy
@pytest.mark.parametrize("utility", ["normal()", "exponential()", "gamma(shape=1/2)"])
def test_it_is_answered_within_half_a_minute(utility: str) -> None:
    started = process_time()
    pair = best_of("log_cauchy()", utility)
    mean = parse(utility).mean()
    assert isinstance(mean, arb)
    for n in (2, 100, 10**6, 10**18):
        found = pair.at(n)
        assert isinstance(found.mean_v, arb) and found.mean_x == found.mean_u == Diverges(1)
        assert found.mean_v.rad() < 1e-10
        if n > 10**5:  # all of the mass is where X decides alone
            assert abs(found.mean_v - mean) < 1e-10
    assert process_time() - started < 30


@pytest.mark.heavy
@pytest.mark.parametrize("utility", ["normal()", "exponential()", "beta(a=1/2, b=1/2)"])
def test_of_two_draws_the_sign_of_the_error_does_not_matter(utility: str) -> None:
    """``X - X'`` is symmetric; the far left end is found otherwise than the far right one."""
    right, left = (best_of(x, utility).at(2) for x in ("log_cauchy()", "-log_cauchy()"))
    assert isinstance(right.mean_v, arb) and isinstance(left.mean_v, arb)
    assert right.mean_v.overlaps(left.mean_v) and left.mean_v.rad() < 1e-10
    assert right.mean_x == Diverges(1) and left.mean_x == Diverges(-1)


@pytest.mark.heavy
def test_the_two_laws_may_change_places() -> None:
    one, other = best_of("log_cauchy()", "normal()"), best_of("normal()", "log_cauchy()")
    for n in (2, 50):
        a, b = one.at(n).mean_v, other.at(n).mean_x
        assert isinstance(a, arb) and isinstance(b, arb) and a.overlaps(b) and a.rad() < 1e-10


def test_beside_atoms_and_a_density_it_says_what_is_taken() -> None:
    pair = best_of("log_cauchy()", "mixture(0.5*normal(), 0.5*point(1))")
    with pytest.raises(Undecided, match="a finite mean that has atoms only, or none"):
        pair.at(2)
