"""The peer of the frontier's benchmark: the same search for the tilt, in mpmath alone.

The cumulants are written with mpmath's own functions, in closed form wherever ours are, and are
integrals where ours are. The steps are those of :func:`verify.tilt_search.approach` and of
:mod:`verify.tilt_frontier`: Newton's in the logarithm of D from the middle of the path until they
are short, then polishing until the gap is closed. All of it runs at 50 digits, also the search,
where ours takes few bits. mpmath certifies nothing: what is compared is the work, not the strength
of the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp

from verify.tilt_frontier import BEYOND, LEAST_RETREAT, MOST_RETREAT, STEPS, TILT_DIGITS
from verify.tilt_search import COARSE, PATIENCE

DIGITS = 50
#: The gap that the polishing stops at, relative to max(|S|, S - mean): the house's AIM.
AIM = "1e-13"
#: ``exp(-CUT)`` is below 1e-52: what an integral leaves out is below the last of the digits.
CUT = 120

Cumulants = tuple[Any, Any, Any]


@dataclass(frozen=True)
class PeerLaw:
    """A light law in mpmath.

    Attributes
    ----------
    text : str
        The law that ours is parsed from.
    cumulants : callable
        ``K, K', K''`` at a tilt.
    mean : callable
        The mean of the base law.
    rate : mpf or None
        Where the MGF ends; None where it does not.
    top : tuple or None
        The largest value and its price ``-log Q{top}``, where that is an atom.
    quadrature : bool
        Whether the cumulants are integrals.
    budgets : tuple of str
        The budgets that are asked for.
    """

    text: str
    cumulants: Callable[[Any], Cumulants]
    mean: Callable[[], Any]
    rate: Any = None
    top: tuple[Any, Any] | None = None
    quadrature: bool = False
    budgets: tuple[str, ...] = ("0.01", "0.5", "3")


@dataclass(frozen=True)
class PeerPoint:
    """The two values, the l of the second, and whether some tilt was seen to spend the budget."""

    lower: Any
    upper: Any
    tilt: str | None
    attained: bool


def frontier(law: PeerLaw, budget: str) -> PeerPoint:
    """Both values of S(d): the peer's version of frontier_point."""
    with mp.workdps(DIGITS):
        d = mp.mpf(budget)
        if law.top is not None and d >= law.top[1]:
            return PeerPoint(law.top[0], law.top[0], None, True)
        return _polished(law, d, _approach(law, d))


# ---- the search ---------------------------------------------------------------------------------


def _place(law: PeerLaw, y: Any) -> tuple[Any, Any]:
    """The tilt at the coordinate y, and its derivative."""
    grown = mp.exp(y)
    if law.rate is None:
        return grown, grown
    tilt = law.rate * grown / (1 + grown)
    return tilt, tilt / (1 + grown)


def _spent(law: PeerLaw, y: Any) -> tuple[Any, Any]:
    """``D = l K' - K`` at y and its slope there."""
    tilt, speed = _place(law, y)
    value, first, second = law.cumulants(tilt)
    return tilt * first - value, tilt * second * speed


def _approach(law: PeerLaw, goal: Any) -> Any:
    """Newton's method in ``log D``, kept between what was below and above, until steps are short.

    A step towards a side that is not known yet is at most ``reach`` long, which doubles.
    """
    y, reach = mp.zero, mp.one
    below = above = None
    # Ours bisects from here on; no law of the benchmark gets there on either side.
    for _ in range(PATIENCE):
        kl, slope = _spent(law, y)
        if kl < goal:
            below = y
        else:
            above = y
        step = mp.log(goal / kl) * kl / slope
        if abs(step) < COARSE:
            return y + step
        if below is None or above is None:
            length = min(abs(step), reach)
            reach *= 2
            y = y - length if below is None else y + length
        else:
            guess = y + step
            y = guess if below < guess < above else (below + above) / 2
    raise AssertionError(f"no tilt of {law.text} was found in {PATIENCE} steps")


def _polished(law: PeerLaw, d: Any, y: Any) -> PeerPoint:
    """Newton steps until a tilt within the budget, a decimal, has a gap below AIM."""
    attained = False
    for _ in range(STEPS):
        text = mp.nstr(_place(law, y)[0], TILT_DIGITS)
        tilt = mp.mpf(text)
        value, mean, variance = law.cumulants(tilt)
        kl = tilt * mean - value
        allowed = mp.mpf(AIM) * max(abs(mean), mean - law.mean())
        upper = (d + value) / tilt
        if kl <= d and upper - mean < allowed:
            return PeerPoint(mean, upper, text, attained or _is_attained(law, d, tilt))
        attained = attained or kl > d
        share = allowed * tilt / d / 4
        retreat = min(max(share, mp.mpf(float(LEAST_RETREAT))), mp.mpf(float(MOST_RETREAT)))
        speed = _place(law, y)[1]
        y += mp.log(d * (1 - retreat) / kl) * kl / (tilt * variance * speed)
    raise AssertionError(f"the gap of {law.text} at {d} did not close")


def _is_attained(law: PeerLaw, d: Any, tilt: Any) -> bool:
    """Whether a tilt a little further on spends the budget; without a rate one always does."""
    if law.rate is None:
        return True
    further, _ = _place(law, mp.log(tilt / (law.rate - tilt)) + BEYOND)
    value, mean, _ = law.cumulants(further)
    return bool(further * mean - value >= d)


# ---- laws made of the normal one ----------------------------------------------------------------


def normal(mu: int, sigma: int) -> PeerLaw:
    """Normal."""

    def cumulants(tilt: Any) -> Cumulants:
        first = mu + sigma**2 * tilt
        return (mu + first) * tilt / 2, first, mp.mpf(sigma**2)

    return PeerLaw(f"normal(mu={mu}, sigma={sigma})", cumulants, lambda: mp.mpf(mu))


def _half_normal(tilt: Any) -> Cumulants:
    """``l^2/2 + log(2 Phi(l))``; the slope of the logarithm is phi/Phi."""
    twice = mp.erfc(-tilt / mp.sqrt(2))
    square = tilt * tilt / 2
    ratio = mp.sqrt(2 / mp.pi) * mp.exp(-square) / twice
    first = tilt + ratio
    return square + mp.log(twice), first, 1 - ratio * first


def half_normal() -> PeerLaw:
    """The absolute value of a normal."""
    return PeerLaw("half_normal()", _half_normal, lambda: mp.sqrt(2 / mp.pi))


def skew_normal(alpha: int) -> PeerLaw:
    """``l^2/2 + log(2 Phi(delta l))``."""
    delta = alpha / mp.sqrt(1 + alpha**2)
    rest = 1 / mp.mpf(1 + alpha**2)

    def cumulants(tilt: Any) -> Cumulants:
        value, first, second = _half_normal(delta * tilt)
        return (
            rest * tilt * tilt / 2 + value,
            rest * tilt + delta * first,
            rest + delta**2 * second,
        )

    return PeerLaw(f"skew_normal(alpha={alpha})", cumulants, lambda: delta * mp.sqrt(2 / mp.pi))


def inverse_gaussian(mu: int, lam: int) -> PeerLaw:
    """``(lam/mu) (1 - root)``."""
    rate = mp.mpf(lam) / (2 * mu**2)

    def cumulants(tilt: Any) -> Cumulants:
        root = mp.sqrt(1 - tilt / rate)
        return lam * (1 - root) / mu, mu / root, mp.mpf(mu) ** 3 / lam / root**3

    return PeerLaw(f"inverse_gaussian(mu={mu}, lam={lam})", cumulants, lambda: mp.mpf(mu), rate)


# ---- exponential tails --------------------------------------------------------------------------


def _gamma(text: str, shape: Any) -> PeerLaw:
    def cumulants(tilt: Any) -> Cumulants:
        left = 1 - tilt
        return -shape * mp.log(left), shape / left, shape / left**2

    return PeerLaw(text, cumulants, lambda: shape, mp.one)


def laplace() -> PeerLaw:
    """Laplace."""

    def cumulants(tilt: Any) -> Cumulants:
        square = tilt * tilt
        left = 1 - square
        return -mp.log(left), 2 * tilt / left, 2 * (1 + square) / left**2

    return PeerLaw("laplace()", cumulants, lambda: mp.zero, mp.one)


def logistic() -> PeerLaw:
    """``Gamma(1 + l) Gamma(1 - l)`` is ``pi l/sin(pi l)``."""

    def cumulants(tilt: Any) -> Cumulants:
        angle = mp.pi * tilt
        cosine, sine = mp.cos_sin(angle)
        first = 1 / tilt - mp.pi * cosine / sine
        return mp.log(angle / sine), first, (mp.pi / sine) ** 2 - 1 / tilt**2

    return PeerLaw("logistic()", cumulants, lambda: mp.zero, mp.one)


def gumbel() -> PeerLaw:
    """``log Gamma(1 - l)``."""

    def cumulants(tilt: Any) -> Cumulants:
        left = 1 - tilt
        return mp.log(mp.gamma(left)), -mp.psi(0, left), mp.psi(1, left)

    return PeerLaw("gumbel()", cumulants, lambda: +mp.euler, mp.one)


def own_tail() -> PeerLaw:
    """``exp(-x) (1 + x)^-3``, whose density is integrated in ``u = log(1 + x)``: entire in u."""

    def cumulants(tilt: Any) -> Cumulants:
        gap = 1 - tilt

        def weight(u: Any) -> tuple[Any, Any]:
            x = mp.expm1(u)
            down = 1 / (1 + x)
            return mp.exp(-gap * x) * down * down * (1 + 3 * down), x

        end = mp.log(1 + CUT / gap)
        return _integrals(weight, [0, end / 3, 2 * end / 3, end])

    text = 'tail(log_sf="-x-3*log(1+x)", lower=0)'

    def mean() -> Any:
        return mp.e * mp.expint(3, 1)

    # D* = 2/3 - log(3/2) is 0.261: the budgets are below.
    below = ("0.01", "0.1", "0.2")
    return PeerLaw(text, cumulants, mean, mp.one, quadrature=True, budgets=below)


# ---- superexponential and bounded ---------------------------------------------------------------


def _integrals(weight: Callable[[Any], tuple[Any, Any]], points: list[Any]) -> Cumulants:
    """``K, K', K''`` from ``weight(s) = (density times exp(l x), x)``, worked out once a node."""
    known: dict[Any, tuple[Any, Any]] = {}

    def moment(order: int) -> Any:
        def integrand(s: Any) -> Any:
            if s not in known:
                known[s] = weight(s)
            value, x = known[s]
            return value * x**order if order else value

        return mp.quad(integrand, points, method="gauss-legendre")  # twice as fast as tanh-sinh

    total, first, second = moment(0), moment(1), moment(2)
    mean = first / total
    return mp.log(total), mean, second / total - mean * mean


def _rayleigh(tilt: Any) -> Cumulants:
    """Integrals of ``2 x exp(l x - x^2)``; beyond the cut the square is CUT past its peak."""

    def weight(x: Any) -> tuple[Any, Any]:
        return 2 * x * mp.exp((tilt - x) * x), x

    peak = max(tilt, mp.zero) / 2
    return _integrals(weight, [0, peak + 2, peak + mp.sqrt(CUT)])


def weibull() -> PeerLaw:
    """``exp(-x^2)``. Its closed form by erf is for the shape 2 alone: neither side uses it."""
    return PeerLaw("weibull(shape=2)", _rayleigh, lambda: mp.sqrt(mp.pi) / 2, quadrature=True)


def gev() -> PeerLaw:
    """``2 (1 - W)`` for a Weibull W of shape 2."""

    def cumulants(tilt: Any) -> Cumulants:
        value, first, second = _rayleigh(-2 * tilt)
        return value + 2 * tilt, 2 - 2 * first, 4 * second

    return PeerLaw("gev(xi=-1/2)", cumulants, lambda: 2 - mp.sqrt(mp.pi), quadrature=True)


def uniform() -> PeerLaw:
    """Uniform on [0, 1]."""

    def cumulants(tilt: Any) -> Cumulants:
        small = mp.exp(-tilt)
        left = 1 - small
        value = tilt + mp.log(left / tilt)
        return value, 1 / left - 1 / tilt, 1 / tilt**2 - small / left**2

    return PeerLaw("uniform()", cumulants, lambda: mp.mpf(1) / 2)


def _beta(a: int, b: int, tilt: Any) -> Cumulants:
    """``M = 1F1(a, a + b, l)`` and its slope; Kummer's equation gives the second derivative."""
    c = a + b
    total = mp.hyp1f1(a, c, tilt)
    slope = mp.hyp1f1(a + 1, c + 1, tilt) * a / c
    bend = (a * total - (c - tilt) * slope) / tilt
    first = slope / total
    return mp.log(total), first, bend / total - first * first


def beta(a: int, b: int) -> PeerLaw:
    """Beta."""
    return PeerLaw(
        f"beta(a={a}, b={b})", lambda tilt: _beta(a, b, tilt), lambda: mp.mpf(a) / (a + b)
    )


def genpareto() -> PeerLaw:
    """Twice a beta variable of 1 and 2."""

    def cumulants(tilt: Any) -> Cumulants:
        value, first, second = _beta(1, 2, 2 * tilt)
        return value, 2 * first, 4 * second

    return PeerLaw("genpareto(xi=-1/2)", cumulants, lambda: mp.mpf(2) / 3)


# ---- discrete -----------------------------------------------------------------------------------


def _trials(text: str, n: int, p: str) -> PeerLaw:
    chance, against = mp.mpf(p), 1 - mp.mpf(p)

    def cumulants(tilt: Any) -> Cumulants:
        yes = chance * mp.exp(tilt)
        total = yes + against
        share = yes / total
        return n * mp.log(total), n * share, n * share * (1 - share)

    return PeerLaw(text, cumulants, lambda: n * chance, top=(mp.mpf(n), -n * mp.log(chance)))


def poisson(mu: int) -> PeerLaw:
    """Poisson."""

    def cumulants(tilt: Any) -> Cumulants:
        tilted = mu * mp.exp(tilt)
        return tilted - mu, tilted, tilted

    return PeerLaw(f"poisson(mu={mu})", cumulants, lambda: mp.mpf(mu))


def _to_failures(text: str, r: Any, p: str, first_atom: int) -> PeerLaw:
    """Failures before the r-th success, from ``first_atom`` on."""
    chance, against = mp.mpf(p), 1 - mp.mpf(p)

    def cumulants(tilt: Any) -> Cumulants:
        tilted = against * mp.exp(tilt)
        gap = 1 - tilted
        value = r * mp.log(chance / gap)
        return value + first_atom * tilt, r * tilted / gap + first_atom, r * tilted / gap**2

    return PeerLaw(text, cumulants, lambda: r * against / chance + first_atom, -mp.log(against))


def laws() -> list[PeerLaw]:
    """The light laws of the catalogue; their texts are the ones ours are parsed from."""
    with mp.workdps(DIGITS):
        two_and_half = mp.mpf(5) / 2
        return [
            normal(1, 2), half_normal(), skew_normal(2), inverse_gaussian(2, 1),
            _gamma("exponential()", mp.one), _gamma("gamma(shape=5/2)", two_and_half),
            laplace(), logistic(), uniform(), beta(2, 3), gumbel(), genpareto(),
            _trials("bernoulli(p=0.3)", 1, "0.3"), _trials("binomial(n=5, p=0.2)", 5, "0.2"),
            poisson(3), _to_failures("geometric(p=0.3)", 1, "0.3", 1),
            _to_failures("negative_binomial(r=5/2, p=0.4)", two_and_half, "0.4", 0),
            gev(), weibull(), own_tail(),
        ]  # fmt: skip
