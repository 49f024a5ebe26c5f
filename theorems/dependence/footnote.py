"""The footnote's law of (X, V), its repair, and ``E[V | X + V >= t]`` for both, far into the tail.

``V ~ N(0, 1)``. Where ``|V| <= 1`` the error is ``X = s(V) N`` with N standard normal and
independent of V; elsewhere it is 0. In print ``s = 2``; the repair has ``s(v) = 2 - |v|``.
So for t > 1, with phi the normal density and T the normal tail,

    Pr(U >= t)    = int phi(v) T(z(v)) dv + T(t),    z(v) = (t - v)/s(v),
    E[V; U >= t]  = int v phi(v) T(z(v)) dv + phi(t),

integrals over ``[-1, 1]``. Both have the size of ``exp(-z*^2/2)`` with ``z*`` the least of ``z``,
at a *peak*: ``v = 1`` in print, ``v = 0`` in the repair. At ``t = 10^4`` that is
``exp(-12497500.125)``, so it is divided out before anything is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from flint import acb, arb, fmpq

from theorems.dependence import limits_of_blocks
from verify.claim import Claim, Comparison, Enclosed, agrees, ball_of_mpf, below, near, rounds_to
from verify.identity import Identity
from verify.quadrature import Integrand, integrate

#: Digits that mpmath carries, and to which it must agree: that leaves its quadrature 15 to lose.
MP_DIGITS, AGREEING_DIGITS = 40, 25
#: Pieces of an integral are this many times as long as the one before, from the peak outwards.
GROWTH = 8


@dataclass(frozen=True)
class Block:
    """How far the error spreads where ``|v| <= 1``.

    Attributes
    ----------
    name : str
        For messages.
    shrinks : int
        0 in print; 1 for the repair: ``s(v) = 2 - shrinks |v|``.
    """

    name: str
    shrinks: int

    @property
    def peak(self) -> int:
        """Where ``z`` is least on the block, for t > 2."""
        return 0 if self.shrinks else 1

    def score(self, t: fmpq, v: Any, side: int) -> Any:
        """``z(v)``, for v of the sign ``side``."""
        return (t - v) / (2 - self.shrinks * side * v)

    def least_score(self, t: fmpq) -> fmpq:
        """``z*``."""
        return (t - self.peak) / 2


PRINTED = Block("as printed, s = 2", 0)
REPAIRED = Block("repaired, s = 2 - |v|", 1)


def mean_given_tail(block: Block, t: fmpq) -> arb:
    """``E[V | X + V >= t]`` for t > 2, enclosed at the working precision."""
    lost, mass = _moments(block, t)
    return block.peak + lost / mass


def density_given_tail(block: Block, t: fmpq) -> Callable[[fmpq], arb]:
    """The density of V given ``X + V >= t``, as a function of v on ``[-1, 1]``."""
    _, mass = _moments(block, t)
    return lambda v: _weight(block, t, acb(v), 1 if v > 0 else -1).real / mass


def _weight(block: Block, t: fmpq, v: acb, side: int, analytic: bool = False) -> acb:
    """``phi(v) T(z(v))`` over the factor of :func:`_moments`, for v of the sign ``side``."""
    z: acb = block.score(t, v, side)
    half_square = z * z / 2
    if analytic and not half_square.real > 0:
        return acb(arb.nan())
    # z^2 - z*^2 in factors, for their difference is small.
    least = block.least_score(t)
    excess = (z - least) * (z + least) / 2
    return (-v * v / 2 - excess).exp() * _slow_part(half_square)


def _moments(block: Block, t: fmpq) -> tuple[arb, arb]:
    """``E[V - peak; U >= t]`` and ``Pr(U >= t)``, over a common factor.

    The factor is ``exp(-z*^2/2)/(2 pi sqrt 2)``; with the Mills ratio ``U(1/2, 1/2, z^2/2)/sqrt 2``
    (DLMF 7.11.4) it leaves ``exp(-v^2/2 - (z^2 - z*^2)/2) U(1/2, 1/2, z^2/2)`` of the integrand.
    """
    least = block.least_score(t)
    lost, mass = arb(0), arb(0)
    for side, low, high in _pieces(block, t):
        width = min(abs(high - low), 4 / t)
        size = (-(arb(low - block.peak if low > block.peak else high - block.peak) ** 2)).exp()

        def weight(v: acb, analytic: bool, side: int = side) -> acb:
            return _weight(block, t, v, side, analytic)

        def weighted(v: acb, analytic: bool, weight: Integrand = weight) -> acb:
            distance: acb = v - block.peak
            return distance * weight(v, analytic)

        mass += integrate(weight, arb(low), arb(high), size * width)
        lost += integrate(weighted, arb(low), arb(high), size * width * width)
    # Where X = 0 and V >= t, on the same scale.
    beyond = arb((least - t) * (least + t) / 2).exp()
    tail = (2 * arb.pi()).sqrt() * beyond * _slow_part(acb(t * t / 2)).real
    density = 2 * arb.pi().sqrt() * beyond
    return lost + density - block.peak * tail, mass + tail


def _slow_part(half_square: acb) -> acb:
    """``U(1/2, 1/2, w) = sqrt(pi) exp(w) erfc(sqrt w)`` for w with a positive real part."""
    if half_square.abs_upper() > ERFC_UP_TO:
        return half_square.hypgeom_u(HALF, HALF)
    return acb.pi().sqrt() * half_square.exp() * half_square.sqrt().erfc()


HALF = acb(0.5)
#: The product loses about ``log2 w`` bits; U itself is slow for small w.
ERFC_UP_TO = 500


def _pieces(block: Block, t: fmpq) -> Iterator[tuple[int, fmpq, fmpq]]:
    """``[-1, 1]`` in pieces ``(sign of v, low, high)`` that grow away from the peak."""
    for direction in (1, -1):
        end = fmpq(direction)
        near, length = fmpq(block.peak), 1 / t
        while near * direction < 1:
            far = near + direction * length
            for place in (fmpq(0), end):
                if (place - near) * direction > 0 and (far - place) * direction > 0:
                    far = place
            low, high = min(near, far), max(near, far)
            yield (1 if low + high > 0 else -1), low, high
            near, length = far, length * GROWTH


# ---------------------------------------------------------------- the second route


def by_mpmath(block: Block, t: fmpq) -> Any:
    """The same mean by mpmath, with the noise N on the outside and V integrated in closed form.

    Given N = n, ``U >= t`` on the block means ``-a <= V <= b`` with ends that depend on n, and
    ``E[V; -a <= V <= b] = phi(a) - phi(b)``. The variable is ``k = z* (n - z*)``, in which N's
    density falls like ``exp(-k)`` from the first n that matters; the scale is the first route's.
    """
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        cut = mp.mpf(int(t.p)) / int(t.q)
        least = (cut - block.peak) / 2

        def ends(k: Any) -> tuple[Any, Any, Any]:
            """``a``, ``b`` and ``b - a``, which is small beside them."""
            n, gap = least + k / least, 2 * k / least
            if not block.shrinks:
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
        reaches = [cut + 1, cut - 1] if block.shrinks else [(cut + 1) / 2]
        corners = [least * (n - least) for n in reaches]
        stops = [0, 1, 3, 8, 20, 45, 100]
        points = sorted({*map(mp.mpf, stops), *(k for k in corners if 0 < k < stops[-1])})
        beyond = mp.exp((least - cut) * (least + cut) / 2)
        tail = mp.erfc(cut / mp.sqrt(2)) / 2 * mp.exp(least**2 / 2) * mp.sqrt(2 * mp.pi)
        # mpmath stops at an absolute error: the integrands are brought to size 1.
        of_mass = least**2
        of_moment = least**5 if block.shrinks else least**3
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
        "between their inverses, up to what is lost at the far end of the block.",
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
