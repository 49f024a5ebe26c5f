"""Penalties: false variants of the steps, and false instances, are rejected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp
from flint import fmpq

from tests.theorems.planted import by_points
from theorems.penalties import TABLE, duality, fenchel, moments, orders, steps
from theorems.penalties.symbols import symbols
from verify.claim import Enclosed, Exact
from verify.identity import Relation, prove

N = symbols()


def false_variants() -> dict[str, Relation]:
    b, v, h, R, M, k = N.b, N.v, N.h, N.R, N.M, N.k
    return {
        "f* of a power without its constant": replace(
            fenchel.conjugate_of_power(), left=v ** (1 + b) / (1 + b)
        ),
        "f* of Jensen-Shannon without its half": replace(
            fenchel.conjugate_of_shannon(), left=-sp.log(2 - 2 * v / (1 + v))
        ),
        "slope of Jensen-Shannon without its half": replace(
            fenchel.slope_of_shannon(), right=sp.log(2 * v / (1 + v))
        ),
        "slope of an order below 1 with the other sign": replace(
            fenchel.slope_of_low_power(), right=(v**-h - 1) / h
        ),
        "reverse KL falls above v": replace(fenchel.reverse_above(), form=-N.q / (1 + N.q)),
        "total variation at a slope above 1/2": Relation(
            N.t / 2 + sp.Rational(1, 2) + N.z,
            (1 + N.t) * (sp.Rational(1, 2) + N.z),
            ">=",
            N.t * N.z,
        ),
        "dual bound without m": replace(
            duality.bound(), left=(N.d + N.F) / N.l, form=(N.d + N.F - N.l * N.A) / N.l
        ),
        "Hoelder with the order for its conjugate": replace(
            orders.best_slope(), right=N.c + R ** (b / (1 + b)) * (R * k ** (-(1 + b) / b))
        ),
        "the bound is met at M": replace(orders.meets(), right=N.c + M),
        "below the pole with a plus": replace(orders.meets_below(), right=N.c + M / N.N),
        "reverse KL spends twice": replace(orders.meets_reverse(), right=N.c - 1 / N.N**2),
        "chi-square buys the variance": replace(
            orders.chi_square_mean(), right=N.mu + N.sigma**2 * sp.sqrt(N.d)
        ),
        "the gain is the moment": replace(moments.mixed_gain(), right=k * M),
        "the gain has a limit": replace(moments.gain_grows(), right=sp.Integer(1)),
        "the moment at the index is bounded": replace(moments.pareto_at_index(), right=1 + N.g),
        "any order holds any index": replace(moments.index_and_order(), given=(), via={}),
        "the odds cap buys log R": replace(moments.exponential_tail(), right=sp.log(R)),
        "the odds cap on a power tail without its factor": replace(
            moments.power_tail(), right=R ** (1 / (1 + N.g))
        ),
        "a share costs half under total variation": replace(
            steps.share_of_variation(), right=N.h / 2
        ),
        "a share costs its square under Hellinger": replace(
            steps.share_of_hellinger(), right=(1 - N.u) ** 2
        ),
        "reverse KL costs nothing": replace(steps.reverse_below(), right=-sp.log(1 + N.z)),
        "the logarithm is finite": replace(steps.log_grows(), right=sp.Integer(1)),
        "order above 1 has a finite slope": steps._further(
            1 / b, fenchel.power, (N.k + N.y) ** b / b
        ),
    }


@pytest.mark.parametrize("name", false_variants())
def test_a_false_variant_is_rejected_by_both_routes(name: str) -> None:
    wrong = false_variants()[name]
    assert prove(wrong) is not None
    if wrong.form is None or name.startswith(("total", "dual", "any", "order")):
        assert by_points(wrong)


FALSE_INSTANCES: dict[str, tuple[Any, Any]] = {
    "a closed form of another law": (
        orders.from_both_sides,
        ("exponential()", "chi2", "2", orders.uniform_chi_square),
    ),
    "mean and deviation where the weight is cut off": (
        orders.from_both_sides,
        ("exponential()", "chi2", "5", lambda d: 1 + d.sqrt()),
    ),
    "a finite moment buys no mean": (moments.exceeds, ("pareto(alpha=4)", "chi2", "0.1", 40, "10")),
    "an infinite one is not finite": (moments.finite_just_above, ("pareto(alpha=2)", "chi2", "1")),
    "the odds cap of another law": (
        moments.odds_from_both_sides,
        ("exponential()", "2", "pareto"),
    ),
    "a normal law is held by chi-square": (steps.infinite, ("normal()", "chi2")),
}


@pytest.mark.parametrize("name", FALSE_INSTANCES)
def test_a_false_instance_fails(name: str) -> None:
    check, case = FALSE_INSTANCES[name]
    assert Enclosed(check, (case,)).run().outcome != "holds"


def test_a_false_row_of_the_table_fails() -> None:
    other = {"yes": "no", "no": "yes"}
    for text, token, answer in TABLE[:3]:
        assert Exact(steps.answers, ((text, token, other[answer]),)).run().outcome == "fails"


def test_the_boundary_is_exact() -> None:
    assert moments.on_either_side(fmpq(3, 2))
    assert Exact(moments.on_either_side, (fmpq(3, 2), fmpq(5, 4))).run().outcome == "holds"
