"""Where E V goes under conditioning and best-of-n: against certified curves, and what is not known.

The limits come from tails alone. The curves come from integrals and sums, and know no limit.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from flint import arb, fmpq

from tests.verify.test_limits import LAST_MEAN_INFINITE, NON_STEEP, TEXTS, law
from verify.conditioning import condition
from verify.enclosure import Diverges, Number, Undecided, working_precision
from verify.errors import InputError
from verify.formula import Formula
from verify.laws.staircase import Staircase
from verify.limits import limit_of_utility
from verify.limits.balance import mgf_is_infinite
from verify.limits.lattice_phases import phase_means
from verify.limits.threshold import under_best_of, under_conditioning
from verify.reweighted import reweight
from verify.usual_points import exceeded_once_in
from verify.utility_curve import Limit
from verify.weight import Tilt

STEEP = 'tail(log_sf="-x - 4*log(1+x)", lower=0)'
STRETCHED = 'tail(log_sf="-x - sqrt(x)", lower=0)'
SWOLLEN = 'tail(log_sf="-x + sqrt(1+x) - 1", lower=0)'
SLOW = 'tail(log_sf="-x/log(x)", lower=3)'
THIN = 'tail(log_sf="-x - 3/2*log(1+x)", lower=0)'

#: X, V, and the limit under both optimisers. The reason stands beside it where it is not plain.
KNOWN = (
    ("exponential()", "normal()", "1"),
    ("0.5*exponential()", "normal()", "2"),
    ("exponential()", "0.5*laplace()", "2/3"),
    ("pareto(2)", "normal()", "0"),
    ("pareto(2)", "2 + normal()", "2"),
    ("normal()", "beta(2, 3)", "1"),
    ("uniform()", "bernoulli(0.3)", "1"),
    ("uniform()", "normal()", "oo"),
    ("normal()", NON_STEEP, "oo"),  # the tilts' limit is 2/3
    ("normal()", "exponential()", "oo"),
    ("lognormal()", "point(3)", "3"),
    # g finite, E exp(g V) = oo
    ("exponential()", "exponential()", "oo"),
    ("exponential()", "geometric(0.3)", "oo"),
    ("gamma(3)", "pareto(1.5)", "oo"),
    ("exponential()", "2*negative_binomial(2.5, 0.4)", "oo"),
    # the boundary: one rate, E exp(g V) < oo
    (LAST_MEAN_INFINITE, NON_STEEP, "2"),
    (LAST_MEAN_INFINITE, "1/3 + " + NON_STEEP, "7/3"),
    ("exponential()", NON_STEEP, "2/3"),
    ("gamma(0.5)", NON_STEEP, "2/3"),
    ("exponential()", THIN, "oo"),  # E V exp(V) = oo
    (SWOLLEN, NON_STEEP, "2/3"),
    (SWOLLEN, LAST_MEAN_INFINITE, "oo"),
    (NON_STEEP, NON_STEEP, "oo"),  # c = oo
    (NON_STEEP, STRETCHED, "own"),  # c = 0
    (STRETCHED, NON_STEEP, "oo"),
    ("2*" + NON_STEEP, "2*" + STRETCHED, "own"),
    # both heavy: c = 0, finite, oo
    ("pareto(2)", "pareto(3.5)", "7/5"),
    ("pareto(2)", "pareto(3)", "3"),
    ("pareto(1.5)", "pareto(2.5)", "10/3"),
    ("mixture(0.5*normal(), 0.5*pareto(3))", "student_t(4)", "8"),
    ("pareto(2)", "pareto(2.5)", "oo"),
    ("pareto(2)", "pareto(1)", "oo"),  # E V = oo already
    ("student_t(3)", "weibull(0.5)", "2"),
    ("weibull(0.5)", "0.25*weibull(0.5)", "1/2"),
    ("weibull(0.5)", "student_t(5)", "oo"),
    ("log_cauchy()", "pareto(2)", "2"),
    (SLOW, "normal()", "0"),
    pytest.param(SLOW, "weibull(0.5)", "oo", marks=pytest.mark.heavy),  # by limits of formulas
    (NON_STEEP, 'tail(log_sf="-x - 2*log(1+x) - log(1+log(1+x))", lower=0)', "oo"),
    # lattices
    ("geometric(0.5)", "poisson(3)", "6"),
    ("geometric(0.5)", "geometric(0.5)", "oo"),
    ("1 + 2*geometric(0.75)", "4*bernoulli(0.5)", "64/17"),
    ("poisson(3)", "binomial(5, 0.2)", "5"),
    ("poisson(3)", "normal()", "oo"),
    ("poisson(3)", "geometric(0.3)", "oo"),
    ("geometric(0.3)", "pareto(2)", "oo"),  # V has the heavier tail
    ("zeta(3)", "normal()", "0"),
)


def numbers(text: str, utility: str) -> Number:
    """The limit that is expected; ``own`` is the mean under V's last tilt."""
    if text == "oo":
        return Diverges(+1)
    if text == "own":
        return law(utility).cumulants(law(utility).mgf_abscissa)[1]  # type: ignore[arg-type]
    top, _, bottom = text.partition("/")
    return arb(fmpq(int(top), int(bottom or 1)))


@pytest.mark.parametrize(("error", "utility", "expected"), KNOWN)
def test_known_limits(error: str, utility: str, expected: str) -> None:
    for optimizer in ("condition", "best-of-n"):
        found = limit_of_utility(law(error), law(utility), optimizer)  # type: ignore[arg-type]
        assert found.because and found.exists
        with working_precision(96):
            wanted = numbers(expected, utility)
        if isinstance(wanted, Diverges):
            assert found.mean_v == wanted, found
        else:
            assert isinstance(found.mean_v, arb), found
            assert abs(found.mean_v - wanted) < arb("1e-18"), found


@pytest.mark.parametrize(
    ("error", "utility", "limit", "said"),
    [
        ("exponential()", "-pareto(0.5)", None, "E|V| = oo"),
        ("normal()", "cauchy()", Diverges(+1), "E V is infinite for every n from 2 on"),
        ("normal()", "student_t(1/2)", Diverges(+1), "E V is infinite for every n from 3 on"),
        ("pareto(2)", "-pareto(0.5)", None, "E|V| = oo"),
        ("uniform()", "pareto(0.5)", Diverges(+1), "E V is infinite for every n"),
    ],
)
def test_best_of_n_needs_a_mean(error: str, utility: str, limit: Number | None, said: str) -> None:
    """Conditioning needs none: the same pairs have a limit there.

    With both parts infinite it is the left one that decides: it must not be so for some n.
    """
    found = under_best_of(law(error), law(utility))
    assert found.mean_v == limit and said in found.because
    assert under_conditioning(law(error), law(utility)).mean_v is not None


@pytest.mark.parametrize(
    ("error", "utility", "said"),
    [
        ("geometric(0.3)", "9*normal()", "could not be told apart"),
        ("geometric(0.00001)", "normal()", "cells of length 1"),
        ("poisson(3)", "uniform()", "its part in U > t varies with t"),
        ("cauchy()", "cauchy()", "E V does not exist"),
    ],
)
def test_what_is_not_known(error: str, utility: str, said: str) -> None:
    found = under_conditioning(law(error), law(utility))
    assert found.mean_v is None and said in found.because and found.exists


def test_laws_of_which_nothing_is_known() -> None:
    """The staircase has no decay rate; a bounded V may go anywhere, an endless mean may not."""
    stairs = Staircase(fmpq(1), fmpq(3, 2))
    found = under_conditioning(stairs, law("uniform()"))
    assert found.mean_v is None and "X has no decay rate" in found.because
    assert under_conditioning(stairs, law("pareto(0.5)")).mean_v == Diverges(+1)
    tilted = reweight(law("gumbel()"), Tilt(fmpq(1, 2)))
    assert under_conditioning(law("0.5*exponential()"), tilted).mean_v == Diverges(+1)
    at_its_rate = under_conditioning(law("2*exponential()"), tilted)
    assert at_its_rate.mean_v is None and "at its rate" in at_its_rate.because


# ---------------------------------------------------------------- lattices


@pytest.mark.parametrize(
    ("error", "utility", "said"),
    [
        ("geometric(0.5)", "0.5*bernoulli(0.5)", ("0.25", "n + 1/2", "0.3333333333", "n")),
        ("2*geometric(0.5)", "bernoulli(0.5)", ("0.5", "2 n + 1", "0.6666666667", "2 n")),
        ("3 + 2*geometric(0.5)", "bernoulli(0.5)", ("0.5", "2 n", "0.6666666667", "2 n + 1")),
        (
            "geometric(0.3)",
            "normal()",
            ("0.3566749425", "n + 3/4", "0.3566749454", "n + 1/4"),
        ),
        ("geometric(0.9)", "-pareto(2)", ("-1.35414548", "n", "-1.169456977", "n + 3/4")),
        (
            "negative_binomial(2.5, 0.4)",
            "normal()",
            ("0.5108256211", "n", "0.5108256265", "n + 1/2"),
        ),
    ],
)
def test_an_alternation_is_told(error: str, utility: str, said: tuple[str, ...]) -> None:
    found = under_conditioning(law(error), law(utility))
    assert found.mean_v is None and not found.exists and found.text == "none"
    low, low_at, high, high_at = said
    assert found.because.endswith(
        f"E V -> {low} along t = {low_at}, and {high} along t = {high_at}"
    )
    best = under_best_of(law(error), law(utility))
    assert best.mean_v is None and best.exists  # averages of it may converge, or not


@pytest.mark.parametrize(
    ("error", "t", "mean"),
    [
        ("geometric(0.5)", "41", "1/3"), ("geometric(0.5)", "83/2", "1/4"),
        ("2*geometric(0.5)", "41", "1/2"), ("2*geometric(0.5)", "40", "2/3"),
        ("3 + 2*geometric(0.5)", "41", "2/3"), ("3 + 2*geometric(0.5)", "42", "1/2"),
    ],
)  # fmt: skip
def test_the_alternation_is_there(error: str, t: str, mean: str) -> None:
    """The values that are told, from the sum over the atoms at one threshold of each kind."""
    utility = "0.5*bernoulli(0.5)" if error == "geometric(0.5)" else "bernoulli(0.5)"
    top, _, bottom = t.partition("/")
    found = condition(law(error), law(utility), fmpq(int(top), int(bottom or 1))).mean_v
    assert isinstance(found, arb) and abs(found - numbers(mean, utility)) < arb("1e-10")


@pytest.mark.parametrize(
    ("error", "utility", "rate"),
    [
        ("geometric(0.5)", "0.3*normal()", "-log(0.5)"),
        ("geometric(0.9)", "-pareto(2)", "-log(0.1)"),
        ("geometric(0.9)", "uniform(-1, 2)", "-log(0.1)"),
        ("geometric(0.9)", "0.25*laplace()", "-log(0.1)"),
        ("geometric(0.5)", "mixture(0.5*point(0.25), 0.5*beta(2, 3))", "-log(0.5)"),
        ("geometric(0.5)", "0.5*bernoulli(0.5)", "-log(0.5)"),
    ],
)
def test_each_phase_against_the_curve(error: str, utility: str, rate: str) -> None:
    """A geometric tail falls by one factor at each step, so far out the curve is at its limit."""
    with working_precision(128):
        found = phase_means(law(utility), fmpq(1), Formula.parse(rate))
        assert len(found) >= 2
        for place, mean in found.items():
            given = condition(law(error), law(utility), 200 + place).mean_v
            assert isinstance(given, arb) and mean.rad() < arb("1e-20")
            # What is left of V beyond t: 0.25 Laplace at 200 has exp(-800 + 200 log 10) of it.
            assert abs(mean - given) < arb("1e-17"), (place, mean, given)
            assert not abs(mean + arb("1e-16") - given) < arb("1e-17")


# ---------------------------------------------------------------- against the curve

#: Once in so many, far apart.
ODDS = (10**4, 10**9, 10**18, 10**36)
#: Pairs of the table that are looked at: a fixed share of the 3,249, spread over all laws.
SHARE = 83


@cache
def curve(error: str, utility: str) -> tuple[Number, ...]:
    """``E[V | U > t]`` far out, as far as the curve is settled."""
    found: list[Number] = []
    last: fmpq | None = None
    for odds in ODDS:
        try:
            with working_precision(160):
                place = exceeded_once_in(odds, (law(error), law(utility)))
            if place is None:
                break
            with working_precision(64):
                t = (place * 2**24).floor().mid().fmpq() / 2**24
                if t == last:
                    continue  # next to a top
                last = t
                found.append(condition(law(error), law(utility), t).mean_v)
        except Undecided:
            break
    return tuple(found)


def grows(along: tuple[Number, ...]) -> bool:
    """Whether it looks as if without bound: by steps of 0.2, or by steps that hardly shrink.

    On the way to a finite limit gaps shrink to 0.85 of what they were, see :func:`approaches`, and
    with them the steps. The slowest growth here is like ``log log t``.
    """
    means = [mean for mean in along if isinstance(mean, arb)]
    if along[: len(means)] != tuple(means):
        return False  # finite again after it was infinite
    steps = [after - before for before, after in pairwise(means)]
    large = all(step > arb("0.2") for step in steps)
    return large or (steps[0] > 0 and all(b > a * arb("0.9") for a, b in pairwise(steps)))


def approaches(limit: Limit, along: tuple[Number, ...]) -> bool:
    """Whether a curve looks as if it tended to a limit, as far as it is known.

    The slowest ways are those of a boundary, 1/t, with t growing like the logarithm of the odds,
    which double from one to the next; or of a Poisson X, whose ratios fall like 1/t.
    """
    if limit.mean_v is None or len(along) < 3:
        return True
    if isinstance(limit.mean_v, Diverges):
        return grows(along[-3:])
    gaps = [abs(mean - limit.mean_v) for mean in along if isinstance(mean, arb)]
    small = arb("1e-9") * (1 + abs(limit.mean_v))
    return len(gaps) == len(along) and all(
        after < small or after < before * arb("0.85") for before, after in pairwise(gaps[-3:])
    )


#: A share of all pairs, without laws whose integrals take seconds each. (Not all pairs would do:
#: where the two rates are nearly equal, curves turn only far beyond :data:`ODDS`.)
QUICK = [t for t in TEXTS if not t.startswith(("skew_normal", "inverse_gaussian", "f(", "log_"))]
PAIRS = [(error, utility) for error in QUICK for utility in QUICK][::SHARE]


@pytest.mark.parametrize(("error", "utility"), PAIRS)
def test_the_curve_tends_to_it(error: str, utility: str) -> None:
    found = limit_of_utility(law(error), law(utility), "condition")
    assert approaches(found, curve(error, utility)), (found, curve(error, utility))


@pytest.mark.parametrize(
    ("error", "utility", "wrong"),
    [
        ("exponential()", "normal()", arb("1.001")),
        ("exponential()", "normal()", Diverges(+1)),
        ("exponential()", "normal()", arb(0)),
        ("pareto(2)", "pareto(3)", arb("1.5")),
        ("pareto(2)", "pareto(2.5)", arb("5")),
        ("normal()", NON_STEEP, arb(2) / 3),
        ("student_t(3)", "uniform(-1, 2)", arb("0.51")),
    ],
)
def test_a_wrong_limit_is_noticed(error: str, utility: str, wrong: Number) -> None:
    assert len(curve(error, utility)) == len(ODDS)
    assert not approaches(Limit(wrong, "planted"), curve(error, utility))


def test_whether_the_mgf_is_infinite_at_the_rate() -> None:
    infinite = ("exponential()", "gamma(0.5)", "laplace()", "2*geometric(0.3)", "-gev(-1)",
                "truncate(geometric(0.3), low=4)", "negative_binomial(0.5, 0.4)",
                "mixture(0.5*exponential(), 0.5*normal())",
                "mixture(0.5*geometric(0.3), 0.5*normal())",
                'tail(log_sf="-x - log(1+x)", lower=0)')  # fmt: skip
    assert all(mgf_is_infinite(law(text)) for text in infinite)
    finite = (NON_STEEP, THIN, "inverse_gaussian(2, 1)", STRETCHED,
              'tail(log_sf="-x - log(1+x) - 2*log(1+log(1+x))", lower=0)')  # fmt: skip
    assert not any(mgf_is_infinite(law(text)) for text in finite)
    with pytest.raises(Undecided, match="at its rate"):
        mgf_is_infinite(reweight(law("gumbel()"), Tilt(fmpq(1, 2))))


def test_an_optimiser_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="expected tilt, condition, best-of-n, got 'bestofn'"):
        limit_of_utility(law("normal()"), law("normal()"), "bestofn")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "utility", "words"),
    [
        ("pareto(2)", "pareto(2.5)", "V is not lighter by about a factor t"),
        ("weibull(0.5)", "weibull(0.5)", "V is not lighter by about a factor t"),
        ("pareto(2)", "-pareto(1)", "V is right-light: E V stays -oo"),
        ("pareto(2)", "normal()", "a large U says nothing of V"),
    ],
)
def test_the_reason_fits(error: str, utility: str, words: str) -> None:
    assert limit_of_utility(law(error), law(utility), "condition").because.endswith(
        (words, f"{words}, and that is enough")
    )
