"""Mitigations: false variants of the steps, false instances, and what the page says in words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
import sympy as sp
from flint import fmpq

from tests.theorems.planted import by_points
from theorems.catalogue import CLAIMS as CATALOGUE
from theorems.mitigations import (
    CLAIMS,
    bending,
    clipping,
    ensembles,
    hacks,
    occupancy,
    saturating,
)
from theorems.mitigations.symbols import symbols
from verify.claim import Enclosed, Exact
from verify.identity import Relation, prove
from verify.mdp import MDPError, base_policy
from verify.mitigations.occupancy import chi_square, gathered, kl, total_variation
from verify.mitigations.occupancy import occupancy as occupancy_of
from verify.mitigations.road import RAVINE, driver, road, where

N = symbols()

# ---------------------------------------------------------------- false variants by hand


def false_variants() -> dict[str, Relation]:
    l_, s, m, q, x = N.l, N.s, N.m, N.q, N.x
    hack = q / (1 + q)
    share = N.p / (N.p + q)
    return {
        "KL is at most g b": Relation(N.b * (N.b * N.K + N.y + N.w), N.K, ">=", N.b * N.w),
        "a tilt bounds by less": replace(saturating.bought(), right=2 * N.tau * sp.sqrt(2 * N.K)),
        "the bound does not vanish": replace(saturating.vanishes(), right=N.tau),
        "no slope at the base": replace(saturating.slope_at_the_base(), right=sp.Integer(0)),
        "the price adds to the slope": replace(
            saturating.slope_at_a_tilt(),
            right=s**2 * (sp.exp(-l_ * s**2) / (1 + sp.exp(-l_ * s**2)) ** 2 + N.b * l_),
        ),
        "odds without the severity": replace(hacks.odds(), right=q),
        "first gain without the square of the mean": replace(hacks.first_gain(), right=hack * N.m2),
        "first hacks at the rate q E S": replace(hacks.first_hacks(), right=hack * m),
        "a third are hacks": replace(hacks.half_are_hacks(), right=sp.Rational(1, 3)),
        "none are hacks in the end": replace(hacks.all_are_hacks(), right=sp.Integer(0)),
        "all for exponential severities": replace(
            hacks.half_for_exponential(), right=sp.Integer(1)
        ),
        "the share of the selected is the base share": replace(
            hacks.beyond_a_threshold(), right=hack
        ),
        "hacks take nothing off": replace(hacks.utility_beyond(), right=N.t + 1 / N.r),
        "layers without the upper one": replace(
            clipping.two_levels(), right=N.a1 * (N.i * x + N.j * N.v)
        ),
        "a concave function is above its chord": Relation(
            N.v + (N.e - N.y) * N.z, N.v + N.e * N.z, ">=", N.y * N.z
        ),
        "a tilt is no steeper than a power": replace(
            bending.tilt_against_power(), right=-N.r / N.z**2
        ),
        "the quotient of two powers rises": replace(
            bending.two_powers(), right=(N.h * N.z + N.r * N.t) / (N.z * (N.z + N.t))
        ),
        "the mean knows nothing of the sum": replace(
            bending.mean_given_the_sum(), right=(1 - sp.exp(-N.r * N.z)) / N.r**2
        ),
        "it bends up": replace(bending.bends_down(), right=-bending.bends_down().right),
        "the rate stays": replace(
            ensembles.rate_of_the_lowest(), right=-sp.log(N.F) / N.t + 1 / N.t
        ),
        "the index is its power": replace(
            ensembles.index_of_the_lowest(), right=N.t ** (-(N.r**N.k) - 1)
        ),
        "shared errors do not stay": Relation(
            share * N.F + (1 - share) * N.F**N.k, N.F + N.F**N.k, ">=", N.F
        ),
        "variance of two is the square of the difference": replace(
            ensembles.variance_of_two(), right=(x - N.v) ** 2
        ),
        "squares of sums are larger": Relation(
            (N.a1 * N.b1 + N.a2 * N.b2) ** 2,
            (N.a1**2 + N.a2**2) * (N.b1**2 + N.b2**2),
            ">=",
            (N.a1 * N.b2 - N.a2 * N.b1) ** 2,
        ),
        "the series without its first term": replace(
            ensembles.geometric_series(), right=sp.exp(-2 * N.h) / (1 - sp.exp(-2 * N.h))
        ),
        "actions are cheaper still": replace(
            occupancy.bound_on_the_actions(), left=sp.log(N.N) / (2 * N.N)
        ),
        "half stay on the road": replace(
            occupancy.a_third_in_the_ravine(), right=sp.Rational(1, 2)
        ),
        "merging costs nothing": replace(occupancy.merging(), right=sp.Integer(0)),
        "tangent from the other side": replace(
            occupancy.tangent_left(), right=-occupancy.tangent_left().right
        ),
    }


VARIANTS = false_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variant_is_rejected_by_both_routes(name: str) -> None:
    assert prove(VARIANTS[name]) is not None
    assert by_points(VARIANTS[name])


# ---------------------------------------------------------------- false instances

MODEL = ((5, 0), (3, 2), (2, 4), (1, -9))


@pytest.mark.parametrize(
    ("kind", "check", "case"),
    [
        # Too little mass, or too near, for that gap.
        (Enclosed, saturating.close_to_the_supremum, ("100", "0.001", "0.1")),
        (Enclosed, saturating.close_to_the_supremum, ("10000", "0.001", "0.01")),
        # Not many hacks among what a low threshold selects, or with a small severity.
        (Enclosed, hacks.quality_of_the_selected, ("1", "3")),
        # The severity is not that large: the gain is not there.
        (Enclosed, hacks.rare_and_enormous, ("1000", "0.006", "100")),
        # Nor is the KL divergence small for that much mass.
        (Enclosed, hacks.rare_and_enormous, ("1000", "0.05", "10")),
        (Enclosed, clipping.far_caps, ("30", "0.11", "1")),
        (Enclosed, clipping.far_caps, ("3", "0", "0.9")),
        (Enclosed, ensembles.lowest_by_tails, ("cauchy()", 3, "3")),
        # A light tail: the sums are finite and small.
        (Enclosed, ensembles.partial_sums, ("exponential()", "0.1", 1000)),
        # In two steps not much happens.
        (Enclosed, occupancy.far_for_little, 2),
        # A threshold that is not beyond the severity.
        (Exact, hacks.counted, (100, 5, 3, 2)),
        # A mean utility that bends up, or not at all.
        (Exact, bending.ordered, (((5, 0), (3, 1), (2, 3), (1, 7), (1, 20)), "2")),
        (Exact, bending.ordered, (((5, 0), (3, 1), (2, 2), (1, 3), (1, 4)), "2")),
        # A weight that falls is no average of conditional means.
        (Exact, clipping.layers, (MODEL, 2, "0.5")),
    ],
)
def test_false_instance_is_rejected(kind: Any, check: Any, case: Any) -> None:
    assert kind(check, (case,)).run().outcome == "fails"


def test_other_drivers_go_elsewhere() -> None:
    """Planted: a driver who turns more often does not have the occupancy of the base policy."""
    mdp = road(3, fmpq(1, 10))
    assert occupancy_of(mdp, driver(mdp, fmpq(1, 5))) != occupancy_of(mdp, base_policy(mdp))


def test_a_wrong_closed_form_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = occupancy.on_the_road
    monkeypatch.setattr(occupancy, "on_the_road", lambda turn, steps: right(turn, steps + 1))
    assert Exact(occupancy.counted, ((5, "25", "5"),)).run().outcome == "fails"


# ---------------------------------------------------------------- weights of an equal gain


@pytest.mark.parametrize("base", ["1.01", "1.5", "4", "100"])
def test_weights_have_the_mean_that_is_asked_for(base: str) -> None:
    """And are what they are called: a line above a threshold, and all of what is at the top."""
    masses = [fmpq(mass, 12) for mass in (5, 3, 2, 1, 1)]
    tilted = [mass * fmpq(*Fraction(base).as_integer_ratio()) ** s for s, mass in enumerate(masses)]
    mean = sum((s * part for s, part in enumerate(tilted)), fmpq(0)) / sum(tilted, fmpq(0))
    for find in (bending._chi_square, bending._top):
        shares = find(masses, mean)
        assert sum(shares, fmpq(0)) == 1 and min(shares) >= 0
        assert sum((s * share for s, share in enumerate(shares)), fmpq(0)) == mean
        weights = [share / mass for share, mass in zip(shares, masses, strict=True) if share]
        if find is bending._chi_square:
            # Equal steps, and a first one that the threshold may cut.
            steps = [b - a for a, b in pairwise([fmpq(0), *weights])]
            assert len(set(steps[1:])) <= 1
        else:
            assert len(set(weights[1:])) <= 1 and weights[0] <= weights[-1]
    with pytest.raises(ValueError, match="no threshold"):
        bending._chi_square(masses, fmpq(5))
    with pytest.raises(ValueError, match="no top share"):
        bending._top(masses, fmpq(0))


# ---------------------------------------------------------------- occupancy measures


def test_occupancies_by_hand() -> None:
    """Two steps: the first is on the road, the second is not with the probability of a turn."""
    mdp = road(2, fmpq(1, 10))
    shares = occupancy_of(mdp, driver(mdp, fmpq(1, 2)))
    assert gathered(shares, where)[RAVINE] == fmpq(1, 4)
    assert sum(shares.values(), fmpq(0)) == 1


def test_divergences_by_hand() -> None:
    one, other = {"a": fmpq(1, 2), "b": fmpq(1, 2)}, {"a": fmpq(1, 4), "b": fmpq(3, 4)}
    assert total_variation(one, other) == fmpq(1, 4)
    assert chi_square(one, other) == fmpq(1, 3)
    expected = (fmpq(1, 2), fmpq(2)), (fmpq(1, 2), fmpq(2, 3))
    assert kl(one, other).terms == expected  # type: ignore[union-attr]


def test_states_that_the_base_never_visits() -> None:
    one, other = {"a": fmpq(1, 2), "b": fmpq(1, 2)}, {"a": fmpq(1)}
    with pytest.raises(MDPError, match="infinite"):
        chi_square(one, other)
    with pytest.raises(MDPError, match="infinite"):
        kl(one, other)
    assert total_variation(one, other) == fmpq(1, 2)


def test_occupancies_are_exact_or_refused() -> None:
    from flint import arb

    mdp = road(2, fmpq(1, 10))
    turn = arb(1) / 3
    hands = {"left hand": (1 - turn) / 2, "right hand": (1 - turn) / 2, "turn": turn}
    policy = {state: hands if state[0] == "road" else {"stay": 1} for state in mdp.moves}
    with pytest.raises(MDPError, match="in fractions"):
        occupancy_of(mdp, policy)


# ---------------------------------------------------------------- claims


def test_package_holds_its_claims_together() -> None:
    assert all(claim.id.startswith("mitigations") for claim in CLAIMS)
    for group in (saturating, hacks, bending, clipping, ensembles, occupancy):
        assert set(group.CLAIMS) <= set(CLAIMS)
    assert set(CLAIMS) <= set(CATALOGUE)
