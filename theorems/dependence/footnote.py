"""The footnote's law of (X, V), its repair, and ``E[V | X + V >= t]`` for both, far into the tail.

``V ~ N(0, 1)``. Where ``|V| <= 1`` the error is ``X = s(V) N`` with N standard normal and
independent of V; elsewhere it is 0. In print ``s = 2``; the repair has ``s(v) = 2 - |v|``.
The first route is one certified integral over v (:mod:`verify.joint.laws`); the second integrates V
in closed form, and the noise N by mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from flint import arb, arb_series, fmpq

from theorems.dependence import limits_of_blocks
from verify.claim import Claim, Comparison, Enclosed, agrees, ball_of_mpf, below, near, rounds_to
from verify.identity import Identity
from verify.joint.laws import Block, ConditionalLaw, conditioned
from verify.laws import normal

#: Digits that mpmath carries, and to which it must agree: that leaves its quadrature 15 to lose.
MP_DIGITS, AGREEING_DIGITS = 40, 25


@dataclass(frozen=True)
class Example:
    """A law of (X, V) as in the footnote.

    Attributes
    ----------
    shrinks : int
        0 in print; 1 for the repair: ``s(v) = 2 - shrinks |v|`` where ``|v| <= 1``.
    """

    shrinks: int

    @property
    def peak(self) -> int:
        """Where on the block ``U >= t`` asks least of the error, for t > 2."""
        return 0 if self.shrinks else 1

    @property
    def law(self) -> ConditionalLaw:
        """The joint law."""
        noise, zero, one, two = normal(), fmpq(0), fmpq(1), fmpq(2)
        shrinks = fmpq(self.shrinks)
        return ConditionalLaw(
            normal(),
            (
                Block(None, -one, noise, scale=zero),
                Block(-one, zero, noise, scale=two, scale_slope=shrinks),
                Block(zero, one, noise, scale=two, scale_slope=-shrinks),
                Block(one, None, noise, scale=zero),
            ),
        )


PRINTED, REPAIRED = Example(0), Example(1)


def mean_given_tail(example: Example, t: fmpq) -> arb:
    """``E[V | X + V >= t]``, enclosed; X + V has no atoms, so ``>`` will do."""
    return conditioned(example.law, t).mean


def density_given_tail(example: Example, t: fmpq) -> Callable[[fmpq], arb]:
    """The density of V given ``X + V >= t``, as a function of v."""
    law = example.law
    mass = conditioned(law, t).mass

    def density(v: fmpq) -> arb:
        tail = law.tail_given(t, arb_series([arb(v)], prec=1))[0]
        return law.utility.density(v) * tail / mass

    return density


# ---------------------------------------------------------------- the second route


def by_mpmath(example: Example, t: fmpq) -> Any:
    """The same mean by mpmath, with the noise N on the outside and V integrated in closed form.

    Given N = n, ``U >= t`` on the block means ``-a <= V <= b`` with ends that depend on n, and
    ``E[V; -a <= V <= b] = phi(a) - phi(b)``. The variable is ``k = z* (n - z*)``, in which N's
    density falls like ``exp(-k)`` from the first n that matters; the scale is the first route's.
    """
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        cut = mp.mpf(int(t.p)) / int(t.q)
        least = (cut - example.peak) / 2

        def ends(k: Any) -> tuple[Any, Any, Any]:
            """``a``, ``b`` and ``b - a``, which is small beside them."""
            n, gap = least + k / least, 2 * k / least
            if not example.shrinks:
                low = min(gap - 1, mp.mpf(1))
                return low, mp.mpf(1), 1 - low
            low, high = min(gap / (n + 1), mp.mpf(1)), min(gap / (n - 1), mp.mpf(1))
            return low, high, 2 * gap / (n * n - 1) if high < 1 else high - low

        def scaled(k: Any) -> Any:
            return mp.exp(-k - (k / least) ** 2 / 2) / least

        def mass(k: Any) -> Any:
            low, high, _ = ends(k)
            return scaled(k) * (mp.erf(high / mp.sqrt(2)) + mp.erf(low / mp.sqrt(2))) / 2

        def moment(k: Any) -> Any:
            low, high, width = ends(k)
            # phi(a) - phi(b), without cancellation.
            return scaled(k) * mp.npdf(high) * mp.expm1(width * (high + low) / 2)

        # Past k = 100 the density is exp(-100) of what it was. Corners lie where an end is 1.
        reaches = [cut + 1, cut - 1] if example.shrinks else [(cut + 1) / 2]
        corners = [least * (n - least) for n in reaches]
        stops = [0, 1, 3, 8, 20, 45, 100]
        points = sorted({*map(mp.mpf, stops), *(k for k in corners if 0 < k < stops[-1])})
        beyond = mp.exp((least - cut) * (least + cut) / 2)
        tail = mp.erfc(cut / mp.sqrt(2)) / 2 * mp.exp(least**2 / 2) * mp.sqrt(2 * mp.pi)
        # mpmath stops at an absolute error: the integrands are brought to size 1.
        of_mass = least**2
        of_moment = least**5 if example.shrinks else least**3
        above = mp.quad(lambda k: moment(k) * of_moment, points) / of_moment
        total = mp.quad(lambda k: mass(k) * of_mass, points) / of_mass
        return (above + beyond) / (total + tail)


# ---------------------------------------------------------------- the numbers


def printed_value(case: tuple[int, str]) -> Iterator[Comparison]:
    """At (t, digits): the mean to the digits given, by two routes, and its distance from 1."""
    t, number = fmpq(case[0]), case[1]
    second = by_mpmath(PRINTED, t)
    value = partial(mean_given_tail, PRINTED, t)

    def scaled_error() -> arb:
        return t * (1 - value())

    yield rounds_to(f"t = {t}", value, number)
    yield agrees(f"t = {t}", value, lambda: second, AGREEING_DIGITS)
    yield below("mean and 1", value, lambda: arb(1))
    if t > 5:
        yield below("1 - 4/(t - 5) and mean", lambda: 1 - 4 / (arb(t) - 5), value)
        # Four times t/(t - 5) is 4 + 20/t + ...: what the two bounds leave for the next term.
        yield near("t (1 - mean) and 4", scaled_error, lambda: arb(4), lambda: 21 / arb(t))


def repaired_value(case: tuple[int, str]) -> Iterator[Comparison]:
    """At (t, digits): the mean to the digits given, by two routes, and its bound."""
    t, number = fmpq(case[0]), case[1]
    second = by_mpmath(REPAIRED, t)
    value = partial(mean_given_tail, REPAIRED, t)
    yield rounds_to(f"t = {t}", value, number)
    # The mean is of the size of 32/t^3.
    cubed = int(case[0]) ** 3
    slack = arb(10) ** -AGREEING_DIGITS / cubed
    yield near(f"t = {t}", value, lambda: ball_of_mpf(second), lambda: slack)
    yield below("0 and mean", lambda: arb(0), value)
    yield below("mean and 8/(t(t - 2))", value, lambda: 8 / (arb(t) * (arb(t) - 2)))


# ---------------------------------------------------------------- claims

CLAIMS = (
    Claim(
        "dependence.footnote",
        "Refuted: with V ~ N(0, 1), X given V = v of law N(0, 4) where |v| <= 1 and 0 elsewhere, "
        "E[V | X + V >= t] -> 0. It tends to 1: it is at least 1 - 4/(t - 5), and 0.365068643995, "
        "0.569146324671, 0.912937157, 0.958096956 and 0.9995998000762076 at t = 5, 10, 50, 100 "
        "and 10^4. Combines: the weight of v on the block falls at a rate of at least (t - 5)/4 "
        "away from v = 1; off the block U = V, and V >= t has a smaller order.",
        "Footnote on dependence",
        "refutation",
        evidence=(
            Identity(limits_of_blocks.PRINTED),
            Enclosed(
                printed_value,
                (
                    (5, "0.365068643995"),
                    (10, "0.569146324671"),
                    (50, "0.912937157"),
                    (100, "0.958096956"),
                    (10**4, "0.9995998000762076"),
                ),
            ),
        ),
    ),
    Claim(
        "dependence.footnote.rate",
        "In the footnote's example t (1 - E[V | X + V >= t]) -> 4. Combines: the weight falls at a "
        "rate between (t - 5)/4 and (t + 5)/4 + 1/(t - 1), so the mean distance from v = 1 lies "
        "between their inverses, up to what is lost at the far end of the example.",
        "ours",
        "ours",
        uses=("dependence.footnote",),
        evidence=(Identity(limits_of_blocks.RATE),),
    ),
    Claim(
        "dependence.footnote.corrected",
        "With variance (2 - |v|)^2 on the block, and all else as in the footnote, "
        "E[V | X + V >= t] -> 0: it is 0.109151406693920 at t = 5, 0.0236662978292148 at 10, "
        "0.000252369732321402 at 50, 3.18852436951114e-5 at 100 and 3.19999884800045e-11 at 10^4. "
        "Combines: the weight of v falls at a rate of at least t(t - 2)/8 away from v = 0, on "
        "either side; V >= t has a smaller order.",
        "Footnote on dependence",
        "corrected",
        evidence=(
            Identity(limits_of_blocks.REPAIRED),
            Enclosed(
                repaired_value,
                (
                    (5, "0.109151406693920"),
                    (10, "0.0236662978292148"),
                    (50, "0.000252369732321402"),
                    (100, "3.18852436951114e-5"),
                    (10**4, "3.19999884800045e-11"),
                ),
            ),
        ),
    ),
)
