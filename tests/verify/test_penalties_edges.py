"""Frontiers under every divergence: tails without moments, bad budgets, planted errors."""

from __future__ import annotations

import json
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq

from tests.verify.penalty_cases import at, ends
from verify.claim import mpf_of_ball
from verify.divergence import Divergence
from verify.enclosure import Diverges, Undecided, working_precision
from verify.errors import InputError
from verify.law import Law
from verify.laws import uniform
from verify.penalties import frontier as module
from verify.penalties import holds, lattice_sums, penalised_frontier
from verify.penalties.orders import OrderProblem
from verify.penalties.primal import Dual, Primal, Scale, with_top
from verify.penalties.search import Found, Spending
from verify.penalties.shapes import Step

# ---------------------------------------------------------------- tails without moments


def partial_log_cauchy(k: int, depth: mpmath.mpf) -> mpmath.mpf:
    """``E[Y^k; Y < e^-depth]``: ``int_depth^oo e^(-k u)/(pi (1 + u^2)) du``, by E_1."""
    return -mpmath.im(mpmath.e1(k * (depth + 1j)) * mpmath.expj(k)) / mpmath.pi


def top_share(budget: int) -> mpmath.mpf:
    """The best mean of -Y under an odds cap: that of the top ``exp(-d)``."""
    depth = mpmath.cot(mpmath.pi * mpmath.exp(-budget))
    return -mpmath.exp(budget) * partial_log_cauchy(1, depth)


def squared_cut(budget: int) -> mpmath.mpf:
    """The best mean of -Y under renyi:2: the cut at which ``E z^2/(E z)^2`` spends it."""

    def moments(depth: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf]:
        cut, mass = mpmath.exp(-depth), mpmath.atan(1 / depth) / mpmath.pi
        first, second = (partial_log_cauchy(k, depth) for k in (1, 2))
        return cut, cut * mass - first, cut * cut * mass - 2 * cut * first + second

    def spare(depth: mpmath.mpf) -> mpmath.mpf:
        _, first, second = moments(depth)
        return mpmath.log(second / first**2) - budget

    guess = mpmath.exp(budget) / mpmath.pi
    cut, first, second = moments(mpmath.findroot(spare, (guess, guess * 1.01)))
    return -cut + second / first


@pytest.mark.parametrize(
    ("token", "budget", "other"),
    [("odds", 10, top_share), ("renyi:2", 10, squared_cut), ("renyi:2", 3, squared_cut)],
)
def test_best_means_as_small_as_the_log_cauchy_law_has_them(
    token: str, budget: int, other: Callable[[int], mpmath.mpf]
) -> None:
    """About -e^-7000 at a budget of 10: the mass within that of 0 is exp(-10)."""
    found = at("-log_cauchy()", token, str(budget))
    lower, upper = ends(found)
    with mpmath.workdps(45), working_precision(140):
        value = other(budget)
        for end in (lower, upper):
            assert abs(mpf_of_ball(end) - value) < abs(value) * mpmath.mpf("1e-10")
    assert found.settled


@pytest.mark.parametrize("token", ["power:1/2", "odds", "renyi:1/2", "tv"])
def test_best_means_far_below_zero_are_enclosed_too(token: str) -> None:
    """The mirrored log-Cauchy law has no mean; a budget of 0.001 leaves out what lies lowest."""
    found = at("-log_cauchy()", token, "0.001")
    lower, upper = ends(found)
    assert found.settled and lower < -(arb(10) ** 40)
    assert upper - lower < arb("1e-8") * abs(upper)


def reverse_kl_of_zeta(budget: str) -> mpmath.mpf:
    """``c - 1/E[1/(c - X)]`` for X = -N at the pole that spends the budget."""

    def mean(value: Callable[[mpmath.mpf], mpmath.mpf]) -> mpmath.mpf:
        terms = mpmath.nsum(lambda n: value(n) / n**3, [1, mpmath.inf], method="e")
        return terms / mpmath.zeta(3)

    def spare(pole: mpmath.mpf) -> mpmath.mpf:
        inverse = mean(lambda n: 1 / (pole + n))
        return mpmath.log(inverse) + mean(lambda n: mpmath.log(pole + n)) - mpmath.mpf(budget)

    pole = mpmath.findroot(spare, (mpmath.mpf("-0.7"), mpmath.mpf("-0.65")), tol=1e-24)
    return pole - 1 / mean(lambda n: 1 / (pole + n))


def test_a_power_tail_of_atoms_under_reverse_kl() -> None:
    lower, upper = ends(at("-zeta(s=3)", "reverse_kl", "0.1"))
    with mpmath.workdps(16):
        value = reverse_kl_of_zeta("0.1")
        for end in (lower, upper):
            assert abs(mpf_of_ball(end) - value) < mpmath.mpf("1e-10")


def test_a_power_tail_of_atoms_under_jensen_shannon_by_definition() -> None:
    """P summed atom by atom in float64: its mass, mean and divergence; beyond, w is 0."""
    found = at("-zeta(s=3)", "js", "0.001")
    assert found.shape is not None and found.at_top < arb("1e-9")
    n = np.arange(1, 200_001, dtype=np.float64)
    q = n**-3 / float(arb(3).zeta())
    w = np.exp(found.shape.log_floats(-n))
    spent = np.sum(q * (w * np.log(np.maximum(w, 1e-300)) - (1 + w) * np.log((1 + w) / 2))) / 2
    rest = np.log(2) / 2 * (1 - q.sum())
    # Rounding errors of 2e5 terms that cancel to 1e-3.
    assert abs(np.sum(q * w) - 1) < 1e-9 and abs(spent + rest - 0.001) < 1e-10
    assert abs(-np.sum(q * w * n) - float(ends(found)[0])) < 1e-9


@pytest.mark.parametrize("budget", ["0.001", "10"])
@pytest.mark.parametrize("law", ["-log_cauchy()", "mixture(0.5*normal(), 0.5*(1 - log_cauchy()))"])
def test_without_a_logarithm_reverse_kl_leaves_no_mean(law: str, budget: str) -> None:
    found = at(law, "reverse_kl", budget)
    for end in (found.lower, found.upper):
        assert isinstance(end, Diverges) and end.sign < 0
    assert found.settled and found.attained and "E log X_- is infinite" in found.because


def test_where_both_sides_have_no_logarithm_no_mean_may_exist() -> None:
    found = at("mixture(0.5*log_cauchy(), 0.5*-log_cauchy())", "reverse_kl", "1")
    assert isinstance(found.upper, Diverges) and found.attained is None


def test_what_is_not_settled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lattice_sums, "MOST_ENDLESS", 500)
    found = at("geometric(p=1/1000000)", "chi2", "1")
    assert found.lower is None and not found.settled and "not settled" in found.because


@pytest.mark.parametrize("token", ["odds", "chi2"])
def test_what_is_not_settled_is_not_said_to_be_attained(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    assert at("exponential()", token, "0.5").attained is True
    for limit in ("AIM", "ENOUGH"):  # no gap is small enough now
        monkeypatch.setattr(module, limit, arb(0))
    found = at("exponential()", token, "0.5")
    assert not found.settled and found.attained is None


def test_bad_budgets() -> None:
    for budget in ("-1", "x", "nan", "1e400"):
        with pytest.raises(InputError, match="budget"):
            penalised_frontier("normal()", "chi2", [budget])


def test_json() -> None:
    answer = penalised_frontier("bernoulli(p=0.3)", "chi2", ["0.1", "9"]).to_dict()
    assert json.loads(json.dumps(answer)) == answer and answer["divergence"] == "chi2"
    first, last = answer["points"]
    assert set(first["dual"]) == {"l", "m"} and float(first["lower"][0]) < 0.44491376747
    assert last["lower"] == last["upper"] == ["1", "1"] and last["attained"] is True


# ---------------------------------------------------------------- planted violations


def test_a_search_that_overspends_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Spending.spend

    def too_far(self: Spending, *given: object, **more: object) -> Found:
        found = right(self, *given, **more)  # type: ignore[arg-type]
        return Found((found.y + arb("0.01")).mid(), found.reached)

    monkeypatch.setattr(Spending, "spend", too_far)
    found = at("exponential()", "chi2", "0.5")
    assert found.lower is None and "certainly within the budget" in found.because


def test_a_bound_below_what_is_achieved_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = OrderProblem.above

    def too_low(self: OrderProblem) -> tuple[Primal, Dual]:
        primal, dual = right(self)
        return primal, Dual(dual.bound - arb("1e-6"), dual.slope, dual.offset)

    monkeypatch.setattr(OrderProblem, "above", too_low)
    with pytest.raises(AssertionError, match="witnesses cross"):
        at("exponential()", "chi2", "0.5")


def test_a_wide_gap_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    right = OrderProblem.above

    def too_high(self: OrderProblem) -> tuple[Primal, Dual]:
        primal, dual = right(self)
        return primal, Dual(dual.bound + arb("1e-6"), dual.slope, dual.offset)

    monkeypatch.setattr(OrderProblem, "above", too_high)
    monkeypatch.setattr(module, "PRECISIONS", (84,))
    assert not at("exponential()", "chi2", "0.5").settled


def test_a_share_that_falls_nowhere_is_undecided() -> None:
    with pytest.raises(Undecided, match="no reweighting was found"):
        Spending(lambda y: arb(2)).spend()
    with pytest.raises(Undecided, match="precision is too low"):
        Spending(lambda y: arb("[0 +/- 1]")).spend()


def test_a_share_that_may_be_negative_moves_nothing() -> None:
    """What is spent is then as it was: not certainly within the budget."""
    law = uniform()
    before = Primal(Step(fmpq(0)), mean=arb("0.5"), spent=arb("[1 +/- 1e-9]"))
    after = with_top(before, arb("[0 +/- 1e-9]"), law, Scale.of(law))
    assert after is before and not after.within
    assert with_top(before, arb("[0.25 +/- 1e-9]"), law, Scale.of(law)).within


def test_a_share_that_only_tends_to_the_budget_is_followed() -> None:
    """It passes the aim, and never certainly all: the search ends in between, not at minus oo."""
    seen: list[arb] = []

    def share(y: arb) -> arb:
        seen.append(y)
        return 1 / (1 + (-y).exp())

    found = Spending(share).spend(farthest=60.0)
    assert not found.reached and 0 < found.y < 60 and min(seen) >= 0
    assert abs(share(found.y) - 1) < arb(2) ** -42


def test_a_share_that_still_rises_is_followed_on() -> None:
    """It rises like a logarithm, and passes the budget far beyond the farthest place at first."""

    def share(y: arb) -> arb:
        return (1 + (1 + y.exp()).log()).log() / arb(500).log()

    found = Spending(share).spend(farthest=60.0, onwards=True)
    assert found.reached and abs(share(found.y) - 1) < arb(2) ** -42 and found.y > 400
    assert not Spending(share).spend(farthest=60.0).reached


def test_a_law_that_begins_at_no_fraction() -> None:
    """Chi-square buys ``mean + sd sqrt(d)`` while that cuts nothing off: ``x^-3`` from e/2 on."""
    low, budget = arb(1).exp() / 2, "0.05"
    mean = low + 1 / (2 * low**2)
    deviation = (low**2 + 2 / low - mean**2).sqrt()
    assert low > mean - deviation / arb(budget).sqrt()
    found = at('tail(log_sf="-3*log(x)", lower="exp(1)/2")', "chi2", budget)
    lower, upper = ends(found)
    best = mean + deviation * arb(budget).sqrt()
    assert abs(lower - best) < arb("1e-12") and abs(upper - best) < arb("1e-12")


def test_a_yes_without_a_number() -> None:
    """The second moment is finite by a logarithm alone: no power of x bounds the rest."""
    text = 'tail(log_sf="-2*log(x)-2*log(log(x))", lower=3)'
    assert holds(text, "chi2").answer == "yes"
    found = at(text, "chi2", "0.1")
    assert not found.settled and "no power of x proves the moment of order 2" in found.because


@pytest.mark.parametrize("lost", [fmpq(1), fmpq(999, 1000)])
def test_a_search_that_fails_leaves_bounds_from_a_smaller_budget(
    lost: fmpq, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most the top, and at least what less of the budget buys: the failure is planted."""
    (true,) = penalised_frontier("uniform()", "tv", ["0.5"]).points
    search = module._witnesses

    def failing(law: Law, divergence: Divergence, budget: fmpq, scale: Scale) -> object:
        if budget >= lost / 2:
            raise Undecided("planted")
        return search(law, divergence, budget, scale)

    monkeypatch.setattr(module, "_witnesses", failing)
    (point,) = penalised_frontier("uniform()", "tv", ["0.5"]).points
    assert isinstance(point.lower, arb) and isinstance(true.lower, arb)
    assert point.lower < true.lower < point.upper == 1 and not point.settled
    assert point.lower > (0.874 if lost == 1 else 0.85) and "planted" in point.because
    monkeypatch.setattr(module, "LESS", ())
    (nothing,) = penalised_frontier("uniform()", "tv", ["0.5"]).points
    assert nothing.lower is None and nothing.because == "not settled: planted"


@pytest.mark.parametrize("budget", ["0.01", "0.1", "1"])
def test_an_atom_at_a_point_that_is_no_fraction_is_split(budget: str) -> None:
    """An atom of 1 - exp(-e) at e, and the tail exp(-x/log x) beyond: the mean of the top share."""
    law = Law.parse('tail(log_sf="-x/log(x)", lower="exp(1)")')
    lower, upper = ends(at(law, "odds", budget))
    with mpmath.workdps(30):
        share = mpmath.exp(-mpmath.mpf(budget))
        tail = mpmath.quad(
            lambda x: mpmath.exp(-x / mpmath.log(x)), [mpmath.e, 10, 50, 200, 1000, 10_000]
        )
        assert share > mpmath.exp(-mpmath.e)  # so that the cut lies in the atom
        mean = float(mpmath.e + tail / share)
    with working_precision(80):
        assert not upper < lower and upper - lower < arb("1e-20")
        assert abs(lower - mean) < 1e-13
