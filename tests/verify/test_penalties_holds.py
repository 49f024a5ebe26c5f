"""Which divergence holds which tail; steps where none does; the shapes of best weights."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from docs.tables import EXAMPLES
from verify.divergence import parse_divergence
from verify.enclosure import Diverges, working_precision
from verify.errors import InputError
from verify.laws import CATALOGUE, normal, pareto, parse
from verify.laws.bases import float_of
from verify.penalties import Shape, holds, least_power_order, penalised_frontier, shape_of
from verify.penalties.shapes import AboveCut, Step
from verify.penalties.steps import price_of_share, share_within, step_policy
from verify.reweighted import reweight
from verify.weight import Threshold

FLAT = ("tv", "hellinger", "js", "reverse_kl", "renyi:1/2", "power:1/4")

NAMED = [f"{name}({parameters})" for name in CATALOGUE for parameters in EXAMPLES.get(name, ("",))]


@pytest.mark.parametrize("text", NAMED)
def test_the_answer_is_that_of_the_frontier(text: str) -> None:
    """Under an odds cap and total variation, which take no integral."""
    for token in ("odds", "tv"):
        point = penalised_frontier(text, token, ["0.5"]).points[0]
        finite = not isinstance(point.upper, Diverges)
        assert point.settled and (holds(text, token).answer == "yes") == finite


@pytest.mark.heavy
@pytest.mark.parametrize("text", NAMED)
def test_the_whole_catalogue_is_settled(text: str) -> None:
    """Under every divergence, with a gap of 1e-11 of the size of the mean."""
    for token in ("chi2", "power:1.5", "power:3", "renyi:2", "js", "reverse_kl", *FLAT):
        point = penalised_frontier(text, token, ["0.3"]).points[0]
        assert point.settled, f"{token}: {point.because}"
        if isinstance(point.lower, arb):
            assert point.gap is not None and point.gap < arb("1e-11") * (1 + abs(point.lower))


@pytest.mark.parametrize("text", NAMED)
def test_holding_is_monotone_in_the_order(text: str) -> None:
    """What holds under a lower order holds under a higher one; all have a reason."""
    chain = [holds(text, token) for token in ("tv", "kl", "power:1.2", "chi2", "power:9", "odds")]
    ranks = [found.answer == "yes" for found in chain]
    assert ranks == sorted(ranks) and all(found.because for found in chain)


@pytest.mark.parametrize(
    ("text", "token", "answer"),
    [
        ("normal()", "kl", "yes"),
        ("lognormal()", "kl", "no"),
        ("lognormal()", "power:1.001", "yes"),
        ("student_t(df=3)", "power:3/2", "no"),
        ("student_t(df=3)", "power:1.51", "yes"),
        ("cauchy()", "odds", "no"),
        ("-cauchy()", "odds", "no"),
        ("-pareto(alpha=1/2)", "tv", "yes"),
        ("normal()", "renyi:1/2", "no"),
        # Any law within a reverse KL budget of it has E X_- = oo: E log X_- = oo under the base.
        ("mixture(0.5*normal(), 0.5*-log_cauchy())", "reverse_kl", "yes"),
        (
            'mixture(0.5*normal(), 0.5*-tail(log_sf="-log(log(x))", lower=3))',
            "reverse_kl",
            "unknown",
        ),
        ('mixture(0.5*normal(), 0.5*-tail(log_sf="-2*log(log(x))", lower=3))', "reverse_kl", "no"),
        ("mixture(0.5*normal(), 0.5*-levy())", "reverse_kl", "no"),
        ("mixture(0.5*normal(), 0.5*-log_cauchy())", "hellinger", "no"),
        ("mixture(0.5*normal(), 0.5*-cauchy())", "reverse_kl", "no"),
        ('tail(log_sf="-2*log(x)-2*log(log(x))", lower="exp(1)")', "renyi:2", "yes"),
        ('tail(log_sf="-2*log(x)-log(log(x))", lower="exp(1)")', "renyi:2", "unknown"),
    ],
)
def test_answers(text: str, token: str, answer: str) -> None:
    assert holds(text, token).answer == answer


@given(st.fractions(1, 60, max_denominator=30))
def test_the_least_order(index: object) -> None:
    exact = fmpq(index.numerator, index.denominator)  # type: ignore[attr-defined]
    least = least_power_order(exact)
    if exact <= 1:
        assert least is None
        return
    assert least is not None
    law = pareto(alpha=exact)
    if abs(least - 1) >= fmpq(1, 500) and least <= 500:
        assert holds(law, f"power:{least.p}/{least.q}").answer == "no"
        more = least + fmpq(1, 1000)
        assert holds(law, f"power:{more.p}/{more.q}").answer == "yes"


# ---------------------------------------------------------------- steps


@pytest.mark.parametrize("token", FLAT)
@pytest.mark.parametrize("target", ["3", "1e4"])
def test_a_step_buys_any_mean(token: str, target: str) -> None:
    for text in ("normal()", "laplace()", "5 - lognormal()", "poisson(mu=3)"):
        if not isinstance(parse(text).support[1], Diverges):
            continue
        step = step_policy(text, token, "0.05", target)
        with working_precision(200):
            spent, mean = step.divergence(token), step.mean()
            assert isinstance(spent, arb) and spent < fmpq(1, 20)
            assert isinstance(mean, arb) and mean > arb(target)


@pytest.mark.parametrize("token", FLAT)
def test_the_price_of_a_share_is_not_exceeded_however_far(token: str) -> None:
    """And it is nearly reached far out: with more of a share the budget would be exceeded."""
    divergence, budget = parse_divergence(token), fmpq(1, 10)
    share = share_within(divergence, budget)
    with working_precision(200):
        price = price_of_share(divergence, share)
        assert isinstance(price, arb) and price <= budget and price > budget - fmpq(1, 10**9)
        dearer = price_of_share(divergence, share + fmpq(1, 10**6))
        assert isinstance(dearer, arb) and dearer > budget
        for t in ("2", "10", "40"):
            step = reweight(normal(), Threshold.at(t, str(float_of(share))[:10]))
            spent = step.divergence(token)  # type: ignore[attr-defined]
            # Ten digits of the share, rounded down.
            assert spent < budget + fmpq(1, 10**8)


def test_steps_that_cannot_be() -> None:
    for law, token, budget, words in (
        ("normal()", "chi2", "0.1", "finite f'\\(oo\\)"),
        ("normal()", "odds", "0.1", "finite f'\\(oo\\)"),
        ("uniform()", "tv", "0.1", "without a largest value"),
        ("cauchy()", "tv", "0.1", "finite mean"),
        ("normal()", "tv", "0", "a budget above 0"),
        ("normal()", "tv", "x", "budget"),
    ):
        with pytest.raises(InputError, match=words) as refused:
            step_policy(law, token, budget, "10")
        assert "\n" not in str(refused.value)


# ---------------------------------------------------------------- shapes

SHAPES: tuple[Shape, ...] = (
    shape_of(parse_divergence("kl"), fmpq(1, 3)),
    shape_of(parse_divergence("chi2"), fmpq(1, 2)),
    shape_of(parse_divergence("renyi:3"), fmpq(-1)),
    shape_of(parse_divergence("hellinger"), fmpq(9, 2)),
    shape_of(parse_divergence("reverse_kl"), fmpq(9, 2)),
    shape_of(parse_divergence("js"), fmpq(9, 2), fmpq(2, 3)),
    shape_of(parse_divergence("odds"), fmpq(1, 2)),
    shape_of(parse_divergence("tv"), fmpq(1, 2)),
)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_floats_are_the_balls(shape: Shape) -> None:
    x = np.linspace(-3, 4, 15)
    floats = shape.floats(x)
    balls = [shape.value(arb(float(value))) for value in x]
    largest = balls[-1]
    for one, other in zip(floats, balls, strict=True):
        # A dozen roundings of float64, and exponents up to 3.
        assert abs(one - float(other / largest)) < 1e-13
    assert all(np.diff(floats) >= 0)


@pytest.mark.parametrize("token", ["kl", "chi2", "power:3", "hellinger", "reverse_kl", "js"])
def test_a_shape_is_the_slope_turned_round(token: str) -> None:
    """``(f')^{-1}(l x - m)`` is in proportion to the shape, for the l and m that belong to it."""
    divergence = parse_divergence(token)
    with working_precision(128):
        l, m = fmpq(1, 3), fmpq(1, 5)  # noqa: E741 - the letters of the theory
        pole = {"hellinger": (m + fmpq(1, 2)) / l, "reverse_kl": (m + 1) / l}
        match token:
            case "kl":
                shape = shape_of(divergence, l)
            case "chi2":  # f' = 2 (w - 1)
                shape = shape_of(divergence, (m - 2) / l)
            case "power:3":  # f' = (w^2 - 1)/2
                shape = shape_of(divergence, (m - fmpq(1, 2)) / l)
            case "js":  # f' = log(2 w/(1 + w))/2, so exp(l' (c - x)) = 2 exp(-2 y)
                top = (arb(2).log() / 2 + m) / l
                shape = shape_of(divergence, top.mid().fmpq(), 2 * l)
            case _:
                shape = shape_of(divergence, pole[token])
        ratios = [
            divergence.best_weight(arb(l * x - m)) / shape.value(arb(x))  # type: ignore[attr-defined]
            for x in (fmpq(-1, 2), fmpq(0), fmpq(1, 2))
        ]
        assert all(abs(ratio / ratios[0] - 1) < arb("1e-25") for ratio in ratios)


def test_a_weight_at_its_cut() -> None:
    cut = AboveCut(fmpq(3), fmpq(1))
    assert cut.value(arb(1)) == 0 and cut.value(arb(0)) == 0
    assert cut.value(arb("[1 +/- 0.25]")).contains(arb("0.5"))
    step = Step(fmpq(1), arb("0.25"))
    assert step.value(arb(1)) == arb("0.25") and step.value(arb("[1 +/- 0.1]")).contains(1)
    with pytest.raises(ValueError, match="two parameters"):
        shape_of(parse_divergence("js"), fmpq(2))
