"""Which means are infinite under best-of-n."""

from __future__ import annotations

import pytest
from flint import arb

from verify.best_of import best_of
from verify.best_of.infinite_means import first_finite_left, infinite_mean, left_part_is_finite
from verify.enclosure import Diverges
from verify.laws import parse


@pytest.mark.parametrize(
    ("law", "other", "n", "finite"),
    [
        ("-log_cauchy()", "normal()", 2, False),
        ("-log_cauchy()", "normal()", 10**18, False),
        ("-pareto(1/2)", "normal()", 2, False),  # the boundary: the mean of 1/t
        ("-pareto(1/2)", "normal()", 3, True),
        ("-pareto(2/5)", "normal()", 2, False),
        ("-pareto(1)", "normal()", 2, True),
        ("-pareto(1)", "-pareto(1/2)", 2, True),
        ("-pareto(1/2)", "-pareto(1/4)", 3, False),  # the boundary, with another law's tail
        ("-pareto(1/2)", "-pareto(1/4)", 4, True),
        ("-pareto(1)", "-log_cauchy()", 2, False),  # the integral of 1/(t log t)
        ("-pareto(1)", "-log_cauchy()", 3, True),
        ("-pareto(1)", "-log_gamma(shape=2)", 2, True),
        ("-pareto(1/3)", "pareto(1/2)", 10**18, False),  # X is where V is not
        ("-pareto(1/3)", "pareto(3/4)", 10**18, True),
        ("cauchy()", "log_cauchy()", 10**18, False),
        ("-pareto(1/2)", "pareto(1/2)", 10**18, False),  # E[T; T < B] is E of the root of B
        ("-pareto(1/2)", "pareto(51/100)", 10**18, True),
        ("-exponential()", "normal()", 2, True),
    ],
)
def test_the_left_part(law: str, other: str, n: int, finite: bool | None) -> None:
    assert left_part_is_finite(parse(law), parse(other), n) is finite


@pytest.mark.parametrize(
    ("law", "other", "first"),
    [
        ("cauchy()", "normal()", 2),
        ("student_t(1/2)", "normal()", 3),
        ("student_t(1/40)", "normal()", 41),
        ("-log_cauchy()", "normal()", None),
        ("cauchy()", "log_cauchy()", None),
        ("cauchy()", "-log_cauchy()", 3),
    ],
)
def test_from_which_n_on_the_left_part_is_finite(law: str, other: str, first: int | None) -> None:
    assert first_finite_left(parse(law), parse(other)) == first


@pytest.mark.parametrize("draws", [1, 2])
def test_a_cauchy_law_beside_a_log_cauchy_law_by_its_chances(draws: int) -> None:
    """On ``(2^j, 2^(j+1)]`` the mean of ``T G(T)^draws`` is about ``1/j^draws``."""
    law, other = parse("cauchy()"), parse("log_cauchy()")
    for j in (20, 200, 800):
        t = arb(2) ** j
        part = t * (law.survival(t) - law.survival(2 * t)) * other.survival(t) ** draws
        assert 0.02 < part * arb(j) ** draws < 0.2


@pytest.mark.parametrize(("n", "sign"), [(2, 0), (3, 1)])
def test_a_law_that_is_infinite_on_both_sides(n: int, sign: int) -> None:
    """The left part becomes finite, the right one does not."""
    assert infinite_mean(parse("student_t(1/2)"), parse("normal()"), n) == Diverges(sign)


def test_both_infinite_and_of_opposite_signs() -> None:
    found = best_of("log_cauchy()", "-log_cauchy()").at(5)
    assert found.mean_x == Diverges(1) and found.mean_v == Diverges(-1)
    assert found.mean_u == Diverges(0)


@pytest.mark.parametrize(
    ("n", "error", "utility", "sign"),
    [
        (3, "pareto(1/2)", "-pareto(1/4)", 0),
        (4, "pareto(1/2)", "-pareto(1/4)", 0),  # the boundary: Pr(U < -t)^4 is about 1/t
        (5, "pareto(1/2)", "-pareto(1/4)", 1),  # V has no mean where X is larger, and U has one
        (2, "pareto(1/2)", "-log_cauchy()", 0),
        (3, "student_t(1/3)", "student_t(1/2)", 0),
        (4, "student_t(1/3)", "student_t(1/2)", 1),
    ],
)
def test_the_proxy_may_have_a_mean_where_its_terms_are_opposite(
    n: int, error: str, utility: str, sign: int
) -> None:
    found = best_of(error, utility).at(n)
    assert found.mean_u == Diverges(sign)
    assert all(isinstance(mean, Diverges) for mean in (found.mean_x, found.mean_v))


def test_the_left_part_of_the_proxy_by_its_chances() -> None:
    """``Pr(all n draws < -t)`` is integrable or not: seen from ``t Pr(U < -t)^n`` far out."""
    law, other = parse("-pareto(1/4)"), parse("pareto(1/2)")
    for n, rises in ((3, True), (4, None), (5, False)):
        # U < -t needs V < -t, and has it where V < -t - 100 and X < 100.
        far = [arb(10) ** k for k in (20, 40)]
        most = [t * law.cdf(-t) ** n for t in far]
        least = [t * (law.cdf(-t - 100) * other.cdf(100)) ** n for t in far]
        if rises is True:
            assert least[1] > 10**3 * most[0]
        elif rises is False:
            assert most[1] < least[0] / 10**3
        else:
            assert least[1] > 0.5 and most[1] < 2


def test_a_mean_that_is_not_known_leaves_the_others() -> None:
    found = best_of("-pareto(1/3)", "pareto(3/4)").at(4)
    assert found.mean_v == Diverges(1)
    assert isinstance(found.kl, arb) and found.kl > 0
    for mean in (found.mean_x, found.mean_u):
        assert isinstance(mean, arb) and mean.is_nan()
