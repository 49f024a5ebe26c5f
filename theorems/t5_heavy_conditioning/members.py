"""Which laws the hypotheses speak of: answers from formulas, beside curves that show the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb, fmpq

from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import Undecided
from verify.law import Law
from verify.laws.staircase import Staircase, corner
from verify.tail_classes import (
    Answer,
    Membership,
    convolution_ratio,
    long_tailed,
    step_ratio,
    subexponential,
)


def expect(found: Membership, answer: Answer) -> None:
    """Go on only with the answer that the claim gives.

    Raises
    ------
    Undecided
        Where the answer is not known.
    AssertionError
        If it is the opposite.
    """
    if found.answer == "unknown":
        raise Undecided(found.because)
    if found.answer != answer:
        raise AssertionError(f"found: {found.answer}, {found.because}")


def belongs(case: tuple[str, int, int]) -> Iterator[Comparison]:
    """At (law, j, k): subexponential, and both ratios come twice as near from 10^j to 10^k."""
    text, start, end = case
    law = Law.parse(text)
    expect(subexponential(law), "yes")

    def from_one(power: int, share: int) -> arb:
        return (1 - step_ratio(law, fmpq(10) ** power, fmpq(1))) / share

    def from_two(power: int, share: int) -> arb:
        return abs(convolution_ratio(law, fmpq(10) ** power) - 2) / share

    yield below("step ratio", partial(from_one, end, 1), partial(from_one, start, 2))
    yield below("convolution ratio", partial(from_two, end, 1), partial(from_two, start, 2))


def does_not_belong(text: str) -> Iterator[Comparison]:
    """At a law: not long-tailed, and the step ratio stays below 9/10."""
    law = Law.parse(text)
    expect(long_tailed(law), "no")
    for power in (1, 2, 4):
        t = fmpq(10) ** power
        yield below(
            f"step ratio at 1e{power}",
            partial(step_ratio, law, t, fmpq(1)),
            lambda: arb(9) / 10,
        )


def corners_are_in_the_way(k: int) -> Iterator[Comparison]:
    """At corner k of the staircase, which is heavy: the step across it leaves next to nothing."""
    law = Staircase()
    expect(long_tailed(law), "no")
    t = corner(k)

    def small() -> arb:
        return arb(10) ** -30

    yield below("across", partial(step_ratio, law, t - 1, fmpq(1)), (-arb(t)).exp)
    yield near("inside", partial(step_ratio, law, t, fmpq(1)), partial(arb, 1), small)


def two_exponentials(t: int) -> Iterator[Comparison]:
    """At t: the convolution ratio of Exp(1) is 1 + t."""
    law = Law.parse("exponential()")
    expect(subexponential(law), "no")
    ratio = partial(convolution_ratio, law, fmpq(t))
    yield near(f"ratio at {t}", ratio, partial(arb, 1 + t), lambda: arb(10) ** -15)


CLAIMS = (
    Claim(
        "t5.members",
        "Long-tailed, with Pr(X1 + X2 > t)/Pr(X > t) -> 2: Student t, lognormal, stretched "
        "exponential and Pareto laws, without a mean too, log-Cauchy, and the zeta law. Both "
        "ratios come at least twice as near to 1 and to 2 from t = 1e3 to 1e9 (for the zeta law, "
        "from 1e2 to 1e4).",
        "ours",
        "ours",
        evidence=(
            Enclosed(
                belongs,
                (
                    ("student_t(df=3)", 3, 9),
                    ("2 - 3*student_t(df=3)", 3, 9),
                    ("lognormal(mu=0, sigma=1)", 3, 9),
                    ('tail(log_sf="-sqrt(x)", lower=0)', 3, 9),
                    ("pareto(alpha=0.5)", 3, 9),
                    ("log_cauchy()", 3, 9),
                    ("zeta(s=3)", 2, 4),
                ),
            ),
        ),
    ),
    Claim(
        "t5.non-members",
        "Not long-tailed: normal, exponential, gamma and logistic laws, lattice laws with a light "
        "tail, and the staircase, heavy though it is. For Exp(1) the convolution ratio is 1 + t.",
        "ours",
        "ours",
        evidence=(
            Enclosed(
                does_not_belong,
                (
                    "normal(mu=0, sigma=1)",
                    "exponential()",
                    "gamma(shape=2.5)",
                    "logistic()",
                    "poisson(mu=3)",
                    "geometric(p=0.3)",
                ),
            ),
            Enclosed(corners_are_in_the_way, (2, 3, 4)),
            Enclosed(two_exponentials, (1, 10, 100)),
        ),
    ),
)
