"""Frontiers under every divergence: against another optimiser, by definition, planted errors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.penalty_cases import at, ends
from verify.divergence import Generated, Renyi, parse_divergence
from verify.enclosure import Diverges, ball, working_precision
from verify.frontier import frontier
from verify.law import Law
from verify.laws import binomial, mixture, point, uniform
from verify.penalties import PenalisedPoint, penalised_frontier

TOKENS = (
    "chi2",
    "power:3",
    "power:3/2",
    "renyi:2",
    "renyi:1/2",
    "power:1/4",
    "hellinger",
    "reverse_kl",
    "js",
    "tv",
    "odds",
)

#: There are as many properties as divergences: half of the usual number of examples for each.
HALF = settings().max_examples // 2


@st.composite
def atoms(draw: st.DrawFn) -> Law:
    """A law on two to five whole numbers."""
    values = draw(st.lists(st.integers(-5, 9), min_size=2, max_size=5, unique=True))
    sizes = [draw(st.integers(1, 9)) for _ in values]
    return mixture([(fmpq(n, sum(sizes)), point(x)) for n, x in zip(sizes, values, strict=True)])


# ---------------------------------------------------------------- an independent optimiser


def spend_all(law: Law, token: str, budget: float) -> float:
    """The best mean on a list of atoms, by convex optimisation in float64 that knows no duality.

    SLSQP from several starts: what it finds is the mean of a P within the budget, or nearly.
    """
    from scipy.optimize import minimize

    xs = np.array([float(arb(x)) for x, _ in law.atoms()])
    qs = np.array([float(q) for _, q in law.atoms()])

    def cost(p: np.ndarray) -> float:
        w = np.maximum(p, 1e-300) / qs
        match token:
            case "chi2":
                return float(qs @ (w - 1) ** 2)
            case "power:3":
                return float((qs @ w**3 - 1) / 6)
            case "power:3/2":
                return float((qs @ w**1.5 - 1) / 0.75)
            case "renyi:2":
                return float(np.log(qs @ w**2))
            case "hellinger":
                return float(1 - qs @ np.sqrt(w))
            case "reverse_kl":
                return float(-(qs @ np.log(w)))
            case "js":
                return float(qs @ (w * np.log(2 * w / (1 + w)) + np.log(2 / (1 + w))) / 2)
        raise KeyError(token)

    best = float(qs @ xs)
    for tilt in (0.05, 0.5):
        start = qs * np.exp(tilt * (xs - xs.max()))
        found = minimize(
            lambda p: -float(p @ xs),
            start / start.sum(),
            jac=lambda p: -xs,
            bounds=[(0.0, 1.0)] * len(xs),
            constraints=(
                {"type": "eq", "fun": lambda p: p.sum() - 1},
                {"type": "ineq", "fun": lambda p: budget - cost(p)},
            ),
            options={"maxiter": 300, "ftol": 1e-12},
        )
        p = np.maximum(found.x, 0) / np.maximum(found.x, 0).sum()
        if cost(p) <= budget + 1e-7:
            best = max(best, float(p @ xs))
    return best


@pytest.mark.parametrize(
    "token", ["chi2", "power:3", "power:3/2", "renyi:2", "hellinger", "reverse_kl", "js"]
)
@pytest.mark.parametrize("budget", ["0.05", "0.4"])
def test_another_optimiser_finds_the_same(token: str, budget: str) -> None:
    law = binomial(n=5, p="0.3")
    lower, upper = ends(at(law, token, budget))
    found = spend_all(law, token, float(budget))
    # A slack of 1e-7 in the budget moves S by less than 1e-5 here: S' is below 20.
    assert float(lower) - 1e-4 < found < float(upper) + 1e-5


# ---------------------------------------------------------------- witnesses


def rebuilt(law: Law, found: PenalisedPoint, token: str) -> Iterator[tuple[arb, arb, fmpq]]:
    """The atoms of P, from the shape that the point names: ``(q, w, x)``."""
    assert found.shape is not None
    raw = [(x, q, found.shape.value(arb(x))) for x, q in law.atoms()]
    total = sum((q * w for _, q, w in raw), arb(0))
    top = raw[-1][0]
    # Steps and Bose-Einstein weights are no more than a part of P as they are; others are scaled.
    whole = arb(1) if token in ("tv", "js") else total / (1 - found.at_top)
    if token == "odds":
        whole = total
    for x, q, w in raw:
        moved = found.at_top / q if x == top else arb(0)
        yield q, w / whole + moved, x


@pytest.mark.parametrize("token", TOKENS)
@settings(max_examples=HALF)
@given(law=atoms(), tenths=st.integers(1, 6))
def test_the_reweighting_is_genuine_and_bounds_hold(token: str, law: Law, tenths: int) -> None:
    """P has mass 1, costs no more than the budget, and has the mean that is claimed."""
    budget = f"0.{tenths}"
    found = at(law, token, budget)
    lower, upper = ends(found)
    with working_precision(100):
        assert not upper < lower and upper - lower < arb("1e-8")
        if found.shape is None:
            assert lower == ball(law.support[1])  # type: ignore[arg-type]
            return
        groups = list(rebuilt(law, found, token))
        mass = sum((q * w for q, w, _ in groups), arb(0))
        mean = sum((q * w * x for q, w, x in groups), arb(0))
        spent = parse_divergence(token).of_groups([(q, w) for q, w, _ in groups])
        assert isinstance(spent, arb)
        # The shape was found with 84 bits: its weights add up to 1 and spend d to 1e-15 or so.
        assert abs(mass - 1) < arb("1e-12") and abs(mean - lower) < arb("1e-10")
        assert spent < ball(fmpq(tenths, 10)) + arb("1e-12")


@pytest.mark.parametrize("token", [token for token in TOKENS if token not in ("odds",)])
@settings(max_examples=HALF)
@given(law=atoms(), tenths=st.integers(1, 6))
def test_the_dual_witness_gives_the_bound(token: str, law: Law, tenths: int) -> None:
    """``(e + m + E f*(l X - m))/l``, summed over the atoms, is the upper value."""
    found = at(law, token, f"0.{tenths}")
    divergence = parse_divergence(token)
    if found.dual is None or not isinstance(divergence, Generated):
        return
    with working_precision(100):
        slope, offset = found.dual.slope.mid(), found.dual.offset.mid()
        total = arb(0)
        for x, q in law.atoms():
            value = divergence.conjugate(slope * x - offset)
            if isinstance(value, Diverges) or value.is_nan():
                return  # at the very top the pole may be within rounding of the reward
            total += q * value
        bound = (ball(fmpq(tenths, 10)) + offset + total) / slope
        assert abs(bound - found.dual.bound) < arb("1e-9") * (1 + abs(bound))


@pytest.mark.parametrize("token", TOKENS)
@settings(max_examples=HALF)
@given(law=atoms(), share=st.integers(1, 99), seed=st.integers(0, 10**6))
def test_no_reweighting_within_the_budget_is_better(
    token: str, law: Law, share: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    listed = list(law.atoms())
    sizes = [fmpq(int(n) + 1, 1) for n in rng.integers(0, 50, len(listed))]
    total = sum(sizes, fmpq(0))
    with working_precision(100):
        mix = [
            (q, 1 + (s / total / q - 1) * fmpq(share, 100))
            for (_, q), s in zip(listed, sizes, strict=True)
        ]
        spent = parse_divergence(token).of_groups(mix)
        if isinstance(spent, Diverges):
            return
        budget = (spent.upper() + arb("1e-9")).str(12, radius=False)
        if not arb(budget) > spent or arb(budget) > 10:
            return
        mean = sum((q * w * x for (q, w), (x, _) in zip(mix, listed, strict=True)), arb(0))
        _, upper = ends(at(law, token, budget))
        assert not upper < mean


# ---------------------------------------------------------------- shapes of the frontier


@pytest.mark.parametrize("token", TOKENS)
def test_the_frontier_rises_and_bends_down(token: str) -> None:
    found = penalised_frontier(binomial(n=5, p="0.3"), token, ["0", "0.1", "0.2", "0.3"])
    values = [ends(p)[0] for p in found.points]
    assert (
        all(p.settled for p in found.points) and found.divergence == parse_divergence(token).token
    )
    assert values[0] < values[1] < values[2] < values[3]
    # Concave in the budget; the odds cap and Renyi's are so in another function of it.
    if isinstance(parse_divergence(token), Generated):
        assert values[2] - values[1] < values[1] - values[0]


@pytest.mark.parametrize("token", TOKENS)
def test_shift_scale_and_mirror(token: str) -> None:
    law = binomial(n=5, p="0.3")
    plain = penalised_frontier(law, token, ["0.2"], two_sided=True)
    moved = penalised_frontier(7 - 2 * law, token, ["0.2"], two_sided=True)
    assert plain.least is not None and moved.least is not None
    best, least = ends(moved.points[0])[0], ends(moved.least[0])[1]
    assert abs(best - (7 - 2 * ends(plain.least[0])[1])) < arb("1e-9")
    assert abs(least - (7 - 2 * ends(plain.points[0])[0])) < arb("1e-9")


def test_renyi_is_power_at_another_budget() -> None:
    power, renyi = parse_divergence("power:3"), parse_divergence("renyi:3")
    assert isinstance(renyi, Renyi)
    with working_precision(100):
        moment = renyi.moment_at(arb("0.25"))
        budget = power.of_moment(moment).str(25, radius=False)  # type: ignore[attr-defined]
    one, other = at("exponential()", "renyi:3", "0.25"), at("exponential()", "power:3", budget)
    assert abs(ends(one)[0] - ends(other)[0]) < arb("1e-10")


def test_kl_is_the_other_frontier() -> None:
    law = "gamma(shape=2)"
    assert penalised_frontier(law, "kl", ["0.1"]).to_dict() == frontier(law, ["0.1"]).to_dict()


def test_a_small_and_a_large_budget() -> None:
    lower, _ = ends(at("normal()", "chi2", "1e-12"))
    assert abs(lower - arb("1e-6")) < arb("1e-16")
    lower, upper = ends(at("normal()", "chi2", "1e30"))
    assert upper - lower < arb("1e-10") and lower > 11 and lower < 12


# ---------------------------------------------------------------- the top, and infinity


def test_the_top_is_bought() -> None:
    law = binomial(n=2, p="0.5")
    for token, price in (
        ("chi2", "3"),
        ("renyi:2", "1.3863"),
        ("tv", "0.75"),
        ("hellinger", "0.5"),
    ):
        found = at(law, token, price)
        assert abs(ends(found)[0] - 2) < arb("1e-8") and found.attained
        less = at(law, token, str(float(price) * 0.9))
        assert ends(less)[1] < 2
    assert ends(at(law, "reverse_kl", "20"))[1] < 2  # f(0) = oo: no budget reaches it


def test_without_an_atom_at_the_top_nothing_is_attained() -> None:
    for token in ("tv", "hellinger", "js", "power:1/2"):
        found = at(uniform(), token, "5")
        assert found.attained is False and ends(found)[1] == 1 and ends(found)[0] < 1
    assert at(uniform(), "tv", "0.25").attained is False
    assert at(uniform(), "hellinger", "0.25").attained is True
    assert at("beta(a=2, b=5)", "hellinger", "0.25").attained is None


@pytest.mark.parametrize(
    ("text", "token", "words"),
    [
        ("normal()", "tv", "no largest value"),
        ("pareto(alpha=2)", "chi2", "E X_\\+\\^2 is infinite"),
        ("pareto(alpha=1)", "odds", "E X_\\+ is infinite"),
        ("zeta(s=3)", "power:2", "power tail of index 2"),
    ],
)
def test_an_infinite_best_mean_has_its_reason(text: str, token: str, words: str) -> None:
    found = at(text, token, "0.001")
    assert isinstance(found.lower, Diverges) and isinstance(found.upper, Diverges)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found.because)
