"""The peer of the benchmarks: the same decision, with the same search, in mpmath alone.

Tails are written with mpmath's special functions at 50 digits. The search is
:func:`verify.threshold_search.candidates`, which is written for any arithmetic; its last step, the
mean and KL at a rounded t and mass, is done at 50 digits as well. mpmath certifies nothing: what is
compared is the work, not the strength of the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp

from verify.threshold_search import best_mass, candidates

DIGITS = 50


@dataclass(frozen=True)
class PeerLaw:
    """A heavy law in mpmath: ``log Q(X > t)``, ``E[X; X > t]`` over ``Q(X > t)``, and the mean."""

    text: str
    log_survival: Callable[[Any], Any]
    tail_mean: Callable[[Any], Any]
    mean: Callable[[], Any]


class PeerTails:
    """The search's arithmetic in mpmath."""

    def __init__(self, law: PeerLaw) -> None:
        self.law, self._mean = law, law.mean()

    def exp(self, x: Any) -> Any:
        return mp.exp(x)

    def log(self, x: Any) -> Any:
        return mp.log(x)

    def log1p(self, x: Any) -> Any:
        return mp.log1p(x)

    def settle(self, x: Any) -> Any:
        return x

    def number(self, value: float) -> Any:
        return mp.mpf(value)

    def mean(self) -> Any:
        return self._mean

    def log_survival(self, t: Any) -> Any:
        return self.law.log_survival(t)

    def tail_mean(self, t: Any) -> Any:
        return self.law.tail_mean(t)


def decide(law: PeerLaw, mean: str, kl: str) -> tuple[Any, Any]:
    """A threshold and its mean and KL: the peer's version of construct."""
    with mp.workdps(DIGITS):
        goal, budget = mp.mpf(mean), mp.mpf(kl)
        tails = PeerTails(law)
        _, t, _ = next(candidates(tails, goal, budget))
        t = mp.mpf(mp.nstr(t * (1 + mp.mpf(10) ** -4), 5))
        log_q = tails.log_survival(t)
        p = mp.mpf(mp.nstr(best_mass(tails, log_q, budget) * (1 - mp.mpf(10) ** -8), 9))
        q = mp.exp(log_q)
        base = tails.mean()
        reached = base + (p - q) * (tails.tail_mean(t) - base) / (1 - q)
        spent = p * (mp.log(p) - log_q) + (1 - p) * (mp.log1p(-p) - mp.log1p(-q))
        return reached, spent


# ---- the laws -----------------------------------------------------------------------------------


def _upper_beta(a: Any, b: Any, u: Any) -> Any:
    return mp.betainc(a, b, 0, u)


def student_t(df: Any) -> PeerLaw:
    """Student t."""
    half = mp.mpf(1) / 2

    def log_survival(t: Any) -> Any:
        return mp.log(mp.betainc(df * half, half, 0, df / (df + t * t), regularized=True) / 2)

    def tail_mean(t: Any) -> Any:
        constant = mp.gamma((df + 1) * half) / (mp.sqrt(df * mp.pi) * mp.gamma(df * half))
        density = constant * (1 + t * t / df) ** (-(df + 1) * half)
        return density * (df + t * t) / (df - 1) / mp.exp(log_survival(t))

    return PeerLaw(f"student_t(df={df})", log_survival, tail_mean, lambda: mp.zero)


def half_student_t(df: Any) -> PeerLaw:
    """The absolute value of a Student t."""
    whole = student_t(df)

    def mean() -> Any:
        return (
            2
            * mp.sqrt(df)
            * mp.gamma((df + 1) / mp.mpf(2))
            / (mp.gamma(df / mp.mpf(2)) * mp.sqrt(mp.pi) * (df - 1))
        )

    return PeerLaw(
        f"half_student_t(df={df})",
        lambda t: whole.log_survival(t) + mp.log(2),
        whole.tail_mean,
        mean,
    )


def pareto(alpha: str) -> PeerLaw:
    """Pareto."""
    a = mp.mpf(alpha)
    return PeerLaw(
        f"pareto(alpha={alpha})",
        lambda t: -a * mp.log(t),
        lambda t: a / (a - 1) * t,
        lambda: a / (a - 1),
    )


def lognormal() -> PeerLaw:
    """exp of a standard normal."""

    def log_survival(t: Any) -> Any:
        return mp.log(mp.erfc(mp.log(t) / mp.sqrt(2)) / 2)

    def tail_mean(t: Any) -> Any:
        above = mp.erfc((mp.log(t) - 1) / mp.sqrt(2)) / 2
        return mp.exp(mp.mpf(1) / 2) * above / mp.exp(log_survival(t))

    return PeerLaw("lognormal()", log_survival, tail_mean, lambda: mp.exp(mp.mpf(1) / 2))


def weibull(shape: str) -> PeerLaw:
    """Stretched exponential."""
    k = mp.mpf(shape)

    def tail_mean(t: Any) -> Any:
        return mp.hyperu(-1 / k, -1 / k, t**k)

    return PeerLaw(
        f"weibull(shape={shape})", lambda t: -(t**k), tail_mean, lambda: mp.gamma(1 + 1 / k)
    )


def frechet(alpha: str) -> PeerLaw:
    """Frechet."""
    a = mp.mpf(alpha)

    def log_survival(t: Any) -> Any:
        return mp.log(-mp.expm1(-(t**-a)))

    def tail_mean(t: Any) -> Any:
        return mp.gammainc(1 - 1 / a, 0, t**-a) / mp.exp(log_survival(t))

    return PeerLaw(f"frechet(alpha={alpha})", log_survival, tail_mean, lambda: mp.gamma(1 - 1 / a))


def burr(c: str, k: str) -> PeerLaw:
    """Burr XII."""
    c_, k_ = mp.mpf(c), mp.mpf(k)

    def log_survival(t: Any) -> Any:
        return -k_ * mp.log1p(t**c_)

    def tail_mean(t: Any) -> Any:
        upper = k_ * _upper_beta(k_ - 1 / c_, 1 + 1 / c_, 1 / (1 + t**c_))
        return upper / mp.exp(log_survival(t))

    return PeerLaw(
        f"burr(c={c}, k={k})",
        log_survival,
        tail_mean,
        lambda: k_ * mp.beta(k_ - 1 / c_, 1 + 1 / c_),
    )


def inverse_gamma(shape: str) -> PeerLaw:
    """Inverse gamma."""
    a = mp.mpf(shape)

    def log_survival(t: Any) -> Any:
        return mp.log(mp.gammainc(a, 0, 1 / t, regularized=True))

    def tail_mean(t: Any) -> Any:
        return mp.gammainc(a - 1, 0, 1 / t) / mp.gamma(a) / mp.exp(log_survival(t))

    return PeerLaw(f"inverse_gamma(shape={shape})", log_survival, tail_mean, lambda: 1 / (a - 1))


def fisher(d1: int, d2: int) -> PeerLaw:
    """Fisher's F."""
    a, b = mp.mpf(d2) / 2, mp.mpf(d1) / 2

    def log_survival(t: Any) -> Any:
        return mp.log(mp.betainc(a, b, 0, d2 / (d2 + d1 * t), regularized=True))

    def tail_mean(t: Any) -> Any:
        upper = mp.mpf(d2) / d1 * _upper_beta(a - 1, b + 1, d2 / (d2 + d1 * t)) / mp.beta(a, b)
        return upper / mp.exp(log_survival(t))

    return PeerLaw(f"f(d1={d1}, d2={d2})", log_survival, tail_mean, lambda: mp.mpf(d2) / (d2 - 2))


def genpareto(xi: str) -> PeerLaw:
    """Generalised Pareto."""
    x = mp.mpf(xi)
    return PeerLaw(
        f"genpareto(xi={xi})",
        lambda t: -mp.log1p(x * t) / x,
        lambda t: t + (1 + x * t) / (1 - x),
        lambda: 1 / (1 - x),
    )


def gev(xi: str) -> PeerLaw:
    """Generalised extreme value."""
    x = mp.mpf(xi)

    def rank(t: Any) -> Any:
        return (1 + x * t) ** (-1 / x)

    def tail_mean(t: Any) -> Any:
        y = rank(t)
        return (mp.gammainc(1 - x, 0, y) + mp.expm1(-y)) / x / -mp.expm1(-y)

    return PeerLaw(
        f"gev(xi={xi})",
        lambda t: mp.log(-mp.expm1(-rank(t))),
        tail_mean,
        lambda: (mp.gamma(1 - x) - 1) / x,
    )


def zeta(s: str) -> PeerLaw:
    """Zeta."""
    s_ = mp.mpf(s)

    def log_survival(t: Any) -> Any:
        return mp.log(mp.zeta(s_, mp.floor(t) + 1) / mp.zeta(s_))

    def tail_mean(t: Any) -> Any:
        return mp.zeta(s_ - 1, mp.floor(t) + 1) / mp.zeta(s_) / mp.exp(log_survival(t))

    return PeerLaw(f"zeta(s={s})", log_survival, tail_mean, lambda: mp.zeta(s_ - 1) / mp.zeta(s_))


def _excess(log_sf: Callable[[Any], Any], slope: Callable[[Any], Any], t: Any) -> Any:
    """The integral of ``exp(h(x) - h(t))`` beyond t, in the scale of the slope at t."""
    scale, here = -1 / slope(t), log_sf(t)
    digits = max(int(mp.log10(abs(here) + 1)), 0)
    with mp.workdps(DIGITS + digits):
        return scale * mp.quad(
            lambda v: mp.exp(log_sf(t + scale * v) - here), [0, 1, 4, 16, 64, 160]
        )


def own_tail(text: str, lower: Any, log_sf: Any, slope: Any) -> PeerLaw:
    """A tail that a user writes: its mean and mean excess are integrals."""

    def mean() -> Any:
        points = [lower, lower + 1, lower + 8, lower + 64, lower + 512, lower + 8192, mp.inf]
        return lower + mp.quad(lambda x: mp.exp(log_sf(x)), points)

    def tail_mean(t: Any) -> Any:
        return t + _excess(log_sf, slope, t)

    return PeerLaw(text, log_sf, tail_mean, mean)


def laws() -> list[PeerLaw]:
    """The heavy laws of the benchmark; their texts are the ones ours are parsed from."""
    with mp.workdps(DIGITS):
        barely = own_tail(
            'tail(log_sf="-x/log(x)", lower="exp(1)")',
            mp.e,
            lambda x: -x / mp.log(x),
            lambda x: (1 - mp.log(x)) / mp.log(x) ** 2,
        )
        root = own_tail(
            'tail(log_sf="-sqrt(x)", lower=0)',
            mp.zero,
            lambda x: -mp.sqrt(x),
            lambda x: -1 / (2 * mp.sqrt(x)),
        )
        return [
            lognormal(), student_t(3), half_student_t(3), pareto("2.5"), weibull("0.5"),
            weibull("0.9"), frechet("1.5"), burr("2", "1.2"), burr("2", "1"), inverse_gamma("3"),
            fisher(3, 5), genpareto("0.3"), gev("0.3"), zeta("3"), barely, root,
        ]  # fmt: skip
