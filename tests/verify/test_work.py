"""The limit on the work of one answer: counted, kept by integrals and sums, and told."""

from __future__ import annotations

import pytest
from flint import arb

from tests.verify.test_penalties_holds import NAMED
from verify import work
from verify.enclosure import working_precision
from verify.frontier import frontier
from verify.penalties import penalised_frontier
from verify.quadrature import integrate
from verify.work import OutOfWork, affordable, check_work, count_evaluation, limited_work

TOKENS = (
    "chi2",
    "power:3",
    "power:3/2",
    "power:1/2",
    "renyi:2",
    "renyi:1/2",
    "hellinger",
    "reverse_kl",
    "js",
    "tv",
    "odds",
    "kl",
)
BUDGETS = ("0.001", "0.1", "1", "10")


def test_without_a_limit_nothing_is_counted() -> None:
    count_evaluation()
    check_work()
    assert affordable(7, 53) == 7


def test_evaluations_are_counted_by_their_bits() -> None:
    with limited_work(10):
        for _ in range(9):
            count_evaluation()
        check_work()
        assert affordable(7, 53) == 2
        count_evaluation()
        with pytest.raises(OutOfWork, match="more evaluations"):
            check_work()
        assert affordable(7, 53) == 1  # 0 would be no limit to Arb
    with limited_work(10), working_precision(5 * work.UNIT_BITS):
        count_evaluation()
        check_work()
        count_evaluation()
        with pytest.raises(OutOfWork):
            check_work()


def test_limits_nest_and_end() -> None:
    with limited_work(1):
        with limited_work(5):
            count_evaluation()
            check_work()
        check_work()
        count_evaluation()
        with pytest.raises(OutOfWork):
            check_work()
    check_work()


def test_an_integral_stops_near_the_limit() -> None:
    evaluations = 0

    def wild(z: object, analytic: bool) -> object:
        nonlocal evaluations
        evaluations += 1
        return (1 / z).sin()  # type: ignore[operator]

    with limited_work(3000), pytest.raises(OutOfWork):
        integrate(wild, arb(0), arb(1), arb(1))  # type: ignore[arg-type]
    # Arb looks at the limit between the pieces, each of a rule with some bits of points.
    assert 3000 <= evaluations < 3500


def allow(monkeypatch: pytest.MonkeyPatch, units: int) -> None:
    """Another limit for one answer: the default of the argument."""
    monkeypatch.setattr(work.limited_work.__wrapped__, "__defaults__", (units,))  # type: ignore[attr-defined]


def test_the_answer_says_that_it_was_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: hardly any work is allowed. Then nothing is claimed, whichever route it is."""
    allow(monkeypatch, 50)
    for text, token in (
        ("normal()", "chi2"),
        ("poisson(mu=3)", "chi2"),
        ("beta(a=2, b=3)", "js"),
        ('tail(log_sf="-5*log(x)", lower=1)', "chi2"),
    ):
        (found,) = penalised_frontier(text, token, ["0.1"]).points
        assert found.lower is None and not found.settled and "evaluations" in found.because
    (found,) = frontier("-lognormal()", ["0.1"]).points
    assert not found.settled


def test_the_limit_does_not_change_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = penalised_frontier("normal()", "chi2", ["0.5"]).to_dict()
    allow(monkeypatch, 10**9)
    assert penalised_frontier("normal()", "chi2", ["0.5"]).to_dict() == usual


@pytest.mark.parametrize(
    ("text", "token", "budget"),
    [
        ("-log_cauchy()", "chi2", "0.1"),
        ("-half_cauchy()", "hellinger", "0.1"),
        ("-lognormal()", "renyi:1/2", "1"),
        ("-zeta(s=3)", "hellinger", "0.1"),
        ("-gumbel()", "chi2", "10"),
        ("-skew_normal(alpha=2)", "chi2", "10"),
        ("-half_cauchy()", "reverse_kl", "10"),
        ("-poisson(mu=3)", "renyi:1/2", "1"),
    ],
)
def test_heavy_lower_tails_are_settled(text: str, token: str, budget: str) -> None:
    (found,) = penalised_frontier(text, token, [budget]).points
    assert found.settled and isinstance(found.lower, arb) and isinstance(found.upper, arb)
    assert found.upper - found.lower < arb("1e-8") * (1 + abs(found.lower))


@pytest.mark.heavy
@pytest.mark.parametrize("text", [*NAMED, *(f"-{text}" for text in NAMED)])
def test_every_law_ends(text: str) -> None:
    """Each with every divergence at four budgets: two ends within 1e-8, or a proved infinity."""
    for token in TOKENS:
        for budget in BUDGETS:
            (found,) = penalised_frontier(text, token, [budget]).points
            assert found.settled and found.because, f"{token} {budget}: {found.because}"
