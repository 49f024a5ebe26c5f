"""The peer of the conditioning benchmark: the same means by mpmath's quadrature at 30 digits.

Written as one would: densities and tails are mpmath's own functions in closed form, the integrals
are cut at the ends of supports and at distances from there, and from where the mass is, at which
the laws change; mass and mean are the real and the imaginary part of one integral. mpmath certifies
nothing: what is compared is the work, not the strength of the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp

DIGITS = 30


@dataclass(frozen=True)
class PeerLaw:
    """A law in mpmath.

    Attributes
    ----------
    text : str
        The law that ours is parsed from.
    density, survival : callable
        At a point inside the support.
    low, high : number
        The ends of the support.
    centre : number
        Where the mass is.
    distances : tuple
        How far from the centre or an end the integral is cut; beyond the last is nothing.
    """

    text: str
    density: Callable[[Any], Any]
    survival: Callable[[Any], Any]
    low: float = -mp.inf
    high: float = mp.inf
    centre: float = 0
    distances: tuple[float, ...] = (1, 3, 6, 12)

    def above(self, x: Any) -> Any:
        """``Pr(X > x)`` anywhere."""
        return mp.one if x <= self.low else mp.zero if x >= self.high else self.survival(x)

    def marks(self) -> list[Any]:
        """Where an integral is cut."""
        ends = [x for x in (self.low, self.high) if abs(x) != mp.inf] or [self.centre]
        found = {
            mp.mpf(end) + sign * d for end in ends for d in (0, *self.distances) for sign in (1, -1)
        }
        return [x for x in found if self.low <= x <= self.high]


FAR = (1, 4, 16, 40, 75)
POWERS = (1, 4, 30, 1000, 10**5, 10**8, 10**12)


def log_tail(power: int) -> PeerLaw:
    """The law with the tail ``e^-x (1 + x)^-power``."""
    return PeerLaw(
        f'tail(log_sf="-x-{power}*log(1+x)", lower=0)',
        lambda x: mp.exp(-x) * (1 + x) ** -power * (1 + power / (1 + x)),
        lambda x: mp.exp(-x) * (1 + x) ** -power,
        low=0,
        # Made for t = 1000: what lies beyond t counts too.
        distances=(1, 4, 16, 64, 250, 750, 1004, 1016, 1075),
    )


def laws() -> dict[str, PeerLaw]:
    """The laws by a short name."""
    root = mp.sqrt(3)
    return {
        "normal": PeerLaw("normal()", mp.npdf, lambda x: mp.erfc(x / mp.sqrt(2)) / 2),
        "exponential": PeerLaw(
            "exponential()", lambda x: mp.exp(-x), lambda x: mp.exp(-x), low=0, distances=FAR
        ),
        "logistic": PeerLaw(
            "logistic()",
            lambda x: mp.sech(x / 2) ** 2 / 4,
            lambda x: 1 / (1 + mp.exp(x)),
            distances=FAR,
        ),
        "gumbel": PeerLaw(
            "gumbel()",
            # Below -10 there are e^-22000, and numbers that no computer writes out.
            lambda x: mp.exp(-x - mp.exp(-x)) if x > -10 else mp.zero,
            lambda x: -mp.expm1(-mp.exp(-x)) if x > -10 else mp.one,
            distances=FAR,
        ),
        "gamma": PeerLaw(
            "gamma(shape=5/2)",
            lambda x: x**1.5 * mp.exp(-x) / mp.gamma(2.5),
            lambda x: mp.gammainc(2.5, x, regularized=True),
            low=0,
            distances=FAR,
        ),
        "pareto2": PeerLaw(
            "pareto(alpha=2)", lambda x: 2 * x**-3, lambda x: x**-2, low=1, distances=POWERS
        ),
        "pareto3": PeerLaw(
            "pareto(alpha=3)", lambda x: 3 * x**-4, lambda x: x**-3, low=1, distances=POWERS
        ),
        "student_t": PeerLaw(
            "student_t(df=3)",
            lambda x: 2 / (mp.pi * root * (1 + x * x / 3) ** 2),
            lambda x: (mp.pi / 2 - mp.atan(x / root) - root * x / (3 + x * x)) / mp.pi,
            distances=POWERS,
        ),
        "weibull": PeerLaw(
            "weibull(shape=1/2)",
            lambda x: mp.exp(-mp.sqrt(x)) / (2 * mp.sqrt(x)),
            lambda x: mp.exp(-mp.sqrt(x)),
            low=0,
            distances=(1, 10, 100, 1000, 6000),
        ),
        "lognormal": PeerLaw(
            "lognormal()",
            lambda x: mp.npdf(mp.log(x)) / x,
            lambda x: mp.erfc(mp.log(x) / mp.sqrt(2)) / 2,
            low=0,
            distances=(0.1, 1, 4, 30, 1000, 10**5),
        ),
        "squared": log_tail(2),
        "cubed": log_tail(3),
    }


def conditioned(error: PeerLaw, utility: PeerLaw, t: Any) -> tuple[Any, Any, Any]:
    """``Pr(U > t)``, ``E[V | U > t]`` and ``E[X | U > t]``."""
    mass, of_v = _over(utility, error, t)
    again, of_x = _over(error, utility, t)
    return mass, of_v / mass, of_x / again


def _over(law: PeerLaw, other: PeerLaw, t: Any) -> tuple[Any, Any]:
    cuts = set(law.marks()) | {t - y for y in other.marks()}
    start = max(law.low, t - other.high)
    inside = sorted(x for x in cuts if start <= x <= law.high)
    if law.high == mp.inf and law.distances[-1] == POWERS[-1]:
        inside.append(mp.inf)

    # mpmath's rule stops at an absolute error, so the integrand is brought to size 1 first.
    size = max(law.density(x) * other.above(t - x) for x in inside[1:-1])

    def integrand(x: Any) -> Any:
        return law.density(x) / size * other.above(t - x) * mp.mpc(1, x)

    found = mp.quad(integrand, inside)
    return size * found.real, size * found.imag
