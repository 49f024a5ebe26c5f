"""The closed forms in numbers: 18 digits at d = 1/2, by routes that must agree.

* the closed form in balls (Arb's Lambert W) and again by mpmath;
* the law itself: tilts l < m, close together, with ``D(l) < d``: S lies between the mean ``K'(l)``
  and the bound ``(d + K(m))/m``, which knows nothing of the closed form;
* the two values of :mod:`verify.frontier`, which lie that close together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from flint import arb, fmpq

from theorems.t2_light_tails.closed_forms import STEPS
from theorems.t2_light_tails.tilts import finite, on_frontier, tilt_bound, tilt_cost, tilt_mean
from verify.claim import Claim, Comparison, Enclosed, agrees, below, near, rounds_to
from verify.divergence import binary_kl
from verify.enclosure import ball_of_decimal, working_precision
from verify.identity import Identity
from verify.law import Law
from verify.tilt_search import TiltPath, crossing

#: The tilts are found at this precision, and this close in the search's coordinate. S is then
#: known to about 1e-28, which settles 18 digits.
SEARCH_BITS, CLOSENESS = 256, 1e-30
#: The tilts are moved apart by this, so that neither can cost exactly d.
APART = fmpq(1, 10**28)
#: The budget at which digits are given.
HALF = fmpq(1, 2)
#: Digits that mpmath carries; a comparison to 25 leaves 15 for its errors.
MP_DIGITS, AGREEING_DIGITS = 40, 25


@dataclass(frozen=True)
class ClosedForm:
    """S(d) of a law, as a ball and by mpmath; both take the budget as a fraction."""

    text: str
    formula: str
    number: str
    in_balls: Callable[[fmpq], arb]
    by_mpmath: Callable[[fmpq], Any]
    budget: fmpq = HALF

    def __str__(self) -> str:
        return self.text


def tilts_around(law: Law, budget: fmpq) -> tuple[fmpq, fmpq]:
    """Tilts ``l < m`` close together, of which l should cost less than the budget."""
    with working_precision(SEARCH_BITS):
        path = TiltPath.of(law)
        below_it, above_it = crossing(path.kl, arb(budget), CLOSENESS)
        low, high = path.tilt(below_it).fmpq(), path.tilt(above_it).fmpq()
    return low * (1 - APART), high * (1 + APART)


def digits(form: ClosedForm) -> Iterator[Comparison]:
    """The printed number is S(d) to all its digits."""
    law, d = Law.parse(form.text), form.budget
    low, high = tilts_around(law, d)
    with_half = half_unit(form.number)
    yield below("cost and budget", lambda: tilt_cost(law, low), lambda: arb(d))
    yield below("number and mean", lambda: with_half(-1), lambda: tilt_mean(law, low))
    yield below("bound and number", lambda: tilt_bound(law, high, d), lambda: with_half(1))
    yield rounds_to("closed form", lambda: form.in_balls(d), form.number)
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        second = form.by_mpmath(d)
    yield agrees("closed form", lambda: form.in_balls(d), lambda: second, AGREEING_DIGITS)
    for value in on_frontier(law, d):
        # The frontier closes its gap to 1e-12 of S or of S - mean, all below 10 here.
        yield near(
            "frontier", partial(finite, value), partial(form.in_balls, d), lambda: arb(10) ** -11
        )


def half_unit(number: str) -> Callable[[int], arb]:
    """The number moved by half a unit of its last digit, up (+1) or down (-1)."""
    decimal = Decimal(number)
    exponent = decimal.as_tuple().exponent
    assert isinstance(exponent, int)
    half = Decimal((0, (5,), exponent - 1))
    return lambda sign: ball_of_decimal(decimal) + sign * ball_of_decimal(half)


# ---------------------------------------------------------------- each law


def _mpf(value: fmpq) -> Any:
    import mpmath as mp

    return mp.mpf(int(value.p)) / int(value.q)


def gamma_best(shape: fmpq, d: fmpq) -> arb:
    """``-k W_-1(-exp(-1 - d/k))``."""
    return -shape * (-(-1 - arb(d) / shape).exp()).lambertw(branch=-1)


def gamma_best_by_mpmath(shape: fmpq, d: fmpq) -> Any:
    import mpmath as mp

    k = _mpf(shape)
    return -k * mp.lambertw(-mp.exp(-1 - _mpf(d) / k), -1).real


def exponential_best(d: fmpq) -> arb:
    return gamma_best(fmpq(1), d)


def exponential_best_by_mpmath(d: fmpq) -> Any:
    return gamma_best_by_mpmath(fmpq(1), d)


def gamma_5_2_best(d: fmpq) -> arb:
    return gamma_best(fmpq(5, 2), d)


def gamma_5_2_best_by_mpmath(d: fmpq) -> Any:
    return gamma_best_by_mpmath(fmpq(5, 2), d)


def normal_best(d: fmpq) -> arb:
    return arb(2 * d).sqrt()


def normal_best_by_mpmath(d: fmpq) -> Any:
    import mpmath as mp

    return mp.sqrt(2 * _mpf(d))


def laplace_best(d: fmpq) -> arb:
    u = -(-2 * (-2 - arb(d)).exp()).lambertw(branch=-1) / 2
    return 2 * (u * u - u).sqrt()


def laplace_best_by_mpmath(d: fmpq) -> Any:
    import mpmath as mp

    u = -mp.lambertw(-2 * mp.exp(-2 - _mpf(d)), -1).real / 2
    return 2 * mp.sqrt(u * u - u)


def poisson_best(d: fmpq, mean: int = 3) -> arb:
    return mean * (1 + ((arb(d) / mean - 1) / arb(1).exp()).lambertw()).exp()


def poisson_best_by_mpmath(d: fmpq, mean: int = 3) -> Any:
    import mpmath as mp

    return mean * mp.exp(1 + mp.lambertw((_mpf(d) / mean - 1) / mp.e).real)


def bernoulli_best(d: fmpq) -> arb:
    """The root of ``kl(s, 3/10) = d`` above 3/10, by bisection in balls."""

    def cost(s: fmpq) -> arb:
        return binary_kl(arb(s), arb(fmpq(3, 10)).log(), arb(fmpq(7, 10)).log())

    return _root(cost, d, fmpq(3, 10), fmpq(1))


def bernoulli_best_by_mpmath(d: fmpq) -> Any:
    import mpmath as mp

    p, budget = mp.mpf(3) / 10, _mpf(d)

    def excess(s: Any) -> Any:
        return s * mp.log(s / p) + (1 - s) * mp.log((1 - s) / (1 - p)) - budget

    return mp.findroot(excess, (mp.mpf("0.7"), mp.mpf("0.9")), solver="anderson")


def uniform_best(d: fmpq) -> arb:
    """``coth l - 1/l`` at the l with ``l coth l - 1 - log(sinh l/l) = d``."""

    def cost(tilt: fmpq) -> arb:
        l_ = arb(tilt)
        return l_ * l_.coth() - 1 - (l_.sinh() / l_).log()

    tilt = _root(cost, d, fmpq(1, 100), fmpq(100))
    return tilt.coth() - 1 / tilt


def uniform_best_by_mpmath(d: fmpq) -> Any:
    import mpmath as mp

    budget = _mpf(d)

    def excess(tilt: Any) -> Any:
        return tilt * mp.coth(tilt) - 1 - mp.log(mp.sinh(tilt) / tilt) - budget

    tilt = mp.findroot(excess, (mp.mpf(1), mp.mpf(3)), solver="anderson")
    return mp.coth(tilt) - 1 / tilt


#: Halvings of an interval of length at most 100: what is left is below 1e-35.
HALVINGS = 123


def _root(increasing: Callable[[fmpq], arb], goal: fmpq, low: fmpq, high: fmpq) -> arb:
    """A ball that contains the point where an increasing function passes the goal.

    Stops early where the balls cannot tell on which side a point lies; the ball is wider then.
    """
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        value = increasing(middle)
        if value < goal:
            low = middle
        elif value > goal:
            high = middle
        else:
            break
    return arb(low).union(arb(high))


FORMS = (
    ClosedForm(
        "normal(mu=0, sigma=1)", "mu + sigma sqrt(2 d)", "1.00000000000000000",
        normal_best, normal_best_by_mpmath,
    ),
    ClosedForm(
        "exponential()", "-W_-1(-exp(-1 - d))", "2.35767667394589906",
        exponential_best, exponential_best_by_mpmath,
    ),
    ClosedForm(
        "gamma(shape=2.5)", "-k theta W_-1(-exp(-1 - d/k))", "4.4306245740230757",
        gamma_5_2_best, gamma_5_2_best_by_mpmath,
    ),
    ClosedForm(
        "laplace()", "2 sqrt(u^2 - u) with u = -W_-1(-2 exp(-2 - d))/2", "1.56406717852819237",
        laplace_best, laplace_best_by_mpmath,
    ),
    ClosedForm(
        "poisson(mu=3)", "m exp(1 + W_0((d/m - 1)/e))", "4.89172627377569384",
        poisson_best, poisson_best_by_mpmath,
    ),
    ClosedForm(
        "bernoulli(p=0.3)", "the root s >= p of kl(s, p) = d, d < -log p", "0.784393903270750273",
        bernoulli_best, bernoulli_best_by_mpmath,
    ),
    ClosedForm(
        "uniform(low=-1, high=1)",
        "coth(l) - 1/l at the l with l coth(l) - 1 - log(sinh(l)/l) = d", "0.547460623756469556",
        uniform_best, uniform_best_by_mpmath,
    ),
)  # fmt: skip
"""Each law with its formula, in the order of the page."""


def _name(form: ClosedForm) -> str:
    return form.text.split("(")[0]


CLAIMS = tuple(
    Claim(
        f"t2.{_name(form)}",
        f"For {form.text}, S(d) = {form.formula}; S(1/2) = {form.number}.",
        "ours",
        "ours",
        uses=("t2.tilts", "t2.gamma") if _name(form) == "exponential" else ("t2.tilts",),
        evidence=(Identity(STEPS[_name(form)]), Enclosed(digits, (form,))),
    )
    for form in FORMS
)
