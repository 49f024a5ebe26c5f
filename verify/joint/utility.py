"""The curve of ``E V`` as ``U = X + V`` is optimised, for X and V that depend on each other.

Certified where it can be had in one integral: conditioning under a copula with a density, tilting
under a Gaussian copula with a normal margin. Elsewhere sampled, with standard errors, once it is
settled that what is to be estimated exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from math import exp, inf, isfinite, log
from typing import TYPE_CHECKING

from flint import arb, fmpq

from verify.copulas import Copula, gaussian, independent, parse_copula, student_t
from verify.copulas.simple import Turned
from verify.decimals import decimal_text, rational
from verify.enclosure import Undecided, accurate, working_precision
from verify.errors import InputError
from verify.joint.laws import CopulaLaw, conditioned
from verify.joint.limits import limit_under
from verify.joint.normal_maximum import mean_of_largest
from verify.joint.rate import LEAST_TILT, all_moments, has_mgf, is_heavy, why_no_mgf
from verify.joint.tilt import LatentSum, latent_sum
from verify.law import Law
from verify.laws.gaussian import normal_parameters
from verify.tilted_utility import exact_decimal, tilted_utility, unbounded_proxy
from verify.utility_curve import (
    Estimate,
    Optimizer,
    Quantity,
    UtilityCurve,
    UtilityPoint,
    check_writable,
)
from verify.window import nearest

if TYPE_CHECKING:
    import numpy as np

    from verify.joint.sampling import Draws, Estimates

#: Precision of certified points: about 12 digits.
BITS = 64
#: Bits below which a mean is not shown.
FEWEST_BITS = 10
#: Draws of a sampled curve, and the seed where none is given.
DRAWS, SEED = 200_000, 0
#: Streams of random numbers: the sample, the one that tilts are sought in, and more for best-of-n.
SAMPLE, PILOT, FRESH = 0, 1, 2
#: The largest n of best-of-n.
MOST_PER_BEST = 10_000
#: A tilt that answers to a KL cap has so many digits, and is sought closely in log KL.
TILT_DIGITS, CLOSE, MOST_STEPS = 10, 1e-9, 60
#: How far, as a share of it, the KL of a tilt may be from the cap that it answers to; a sampled KL
#: may be off by so many standard errors besides. The tilt comes from a sample of its own, as large,
#: so the difference of the two has sqrt(2) times the error of one, and 6 of those.
NEAR_CAP, NEAR_CAP_ERRORS = 0.01, 6 * 2**0.5

OPTIMUM = "the tilt by l maximises E U - KL/l"
SPENDING = "a tilt whose KL is about the cap; no policy of its KL has a larger E U"
NO_SPENDING = "no tilt was found that spends this cap"
NOT_WORKED_OUT = "the tilt that spends this cap is not known"
CONSTANT = "all U that were drawn are equal, up to rounding"
ALL_OPTIMAL = "if U is constant, every policy is optimal, and E V is not determined"
GIVEN = "the base policy given U > t"
BEST = "the best of n draws by U; KL = log n - (n - 1)/n"
BASE = "the base policy"


def joint_utility(
    error: Law | str,
    utility: Law | str,
    copula: Copula | str,
    optimizer: Optimizer = "tilt",
    *,
    tilts: Iterable[object] = (),
    betas: Iterable[object] = (),
    kl_caps: Iterable[object] = (),
    thresholds: Iterable[object] = (),
    draws: Iterable[object] = (),
    seed: int = SEED,
    size: int = DRAWS,
) -> UtilityCurve:
    """The curve of ``E V`` for X and V joined by a copula.

    Parameters
    ----------
    error, utility : Law or str
        The laws of X and V, or their texts.
    copula : Copula or str
        What joins them: the law of the ranks of X and V, in this order.
    optimizer : str
        ``tilt`` (asked at tilts, betas and KL caps), ``condition`` (at thresholds t) or
        ``best-of-n`` (at numbers of draws n).
    tilts, betas, kl_caps, thresholds : iterables of numbers or decimal texts
        Where the curve is asked for; a threshold may be a fraction, ``p/q``.
    draws : iterable of whole numbers or their texts
        The n of best-of-n.
    seed, size : int
        Seed of the sampled points, and how many draws they are made of.

    Raises
    ------
    InputError
        For numbers that are none, and laws without a density.
    """
    error, utility = (Law.parse(law) if isinstance(law, str) else law for law in (error, utility))
    copula = parse_copula(copula) if isinstance(copula, str) else copula
    if seed < 0:
        raise InputError(f"seed: expected a whole number, 0 or more, got {seed}")
    tilted = list(tilts), list(betas), list(kl_caps)
    if isinstance(copula, independent) and any(tilted):
        return replace(tilted_utility(error, utility, *tilted), dependence=str(copula))
    tilts, betas, kl_caps = tilted
    pair = _Pair(CopulaLaw(error, utility, copula), seed, size)
    points = [pair.at_tilt(rational(exact_decimal(tilt, "tilt"))) for tilt in tilts]
    for value in betas:
        beta = exact_decimal(value, "beta", positive=True)
        points.append(replace(pair.at_tilt(1 / rational(beta)), beta=beta))
    points += [pair.at_cap(exact_decimal(cap, "KL cap")) for cap in kl_caps]
    points += [pair.beyond(signed_rational(t, "threshold")) for t in thresholds]
    points += [pair.best_of(whole_number(n, "draws")) for n in draws]
    limit = limit_under(pair.joint, optimizer)
    return UtilityCurve(optimizer, str(error), str(utility), tuple(points), limit, str(copula))


def signed_rational(value: object, what: str) -> fmpq:
    """A number of either sign, or ``p/q``, exactly; see :func:`exact_decimal` for its refusals."""
    if isinstance(value, fmpq):
        return value
    text = str(value).strip()
    over, slash, under = text.partition("/")
    if slash:
        divisor = exact_decimal(under.strip(), what, positive=True)
        return signed_rational(over, what) / rational(divisor)
    if text.startswith("-"):
        return -rational(exact_decimal(text[1:], what))
    return rational(exact_decimal(text if isinstance(value, str) else value, what))


def whole_number(value: object, what: str) -> int:
    """A whole number from 1 to :data:`MOST_PER_BEST`; InputError says what is wrong with others."""
    number = rational(exact_decimal(value, what))
    if number.q != 1 or not 1 <= number <= MOST_PER_BEST:
        raise InputError(
            f"{what}: expected a whole number from 1 to {MOST_PER_BEST}, got {decimal_text(number)}"
        )
    return int(number.p)


@dataclass(frozen=True)
class _Pair:
    """A joint law with a sample of it, drawn when it is first needed."""

    joint: CopulaLaw
    seed: int
    size: int

    @cached_property
    def latent(self) -> LatentSum | None:
        """The certified tilt, where there is one."""
        return latent_sum(self.joint)

    @cached_property
    def draws(self) -> Draws:
        """The sample."""
        return self._sample(SAMPLE)

    def _sample(self, stream: int) -> Draws:
        from verify.joint.sampling import sample_pair

        return sample_pair(self.joint, self.size, self._rng(stream))

    def _rng(self, *stream: int) -> np.random.Generator:
        import numpy as np

        return np.random.default_rng([self.seed, *stream])

    # ---- tilting ----------------------------------------------------------------------------

    def at_tilt(self, tilt: fmpq) -> UtilityPoint:
        """The point at one tilt, 0 or more."""
        if tilt == 0:
            return self._base()
        if has_mgf(self.joint, tilt) is not True:
            settled = has_mgf(self.joint, tilt) is False
            return _nothing(tilt, why_no_mgf(self.joint, tilt), False if settled else None)
        if self.latent is not None:
            try:
                with working_precision(BITS):
                    return UtilityPoint(tilt, *self.latent.numbers(tilt), because=OPTIMUM)
            except Undecided as why:
                return _nothing(tilt, f"not settled: {why}", None)
        if has_mgf(self.joint, 2 * tilt) is not True or not all_moments(self.joint.utility):
            why_not = "the weights exp(l U) may have no variance, so nothing is sampled"
            return _nothing(tilt, f"not known: {why_not}", None)
        return self._sampled(tilt, lambda: self._under_tilt(tilt), OPTIMUM)

    def _under_tilt(self, tilt: fmpq) -> Estimates:
        from verify.joint.sampling import under_tilt

        return under_tilt(self.draws, nearest(tilt))

    def _base(self) -> UtilityPoint:
        mean_x, mean_v = self.joint.error.mean(), self.joint.utility.mean()
        both = isinstance(mean_x, arb) and isinstance(mean_v, arb)
        mean_u = mean_x + mean_v if both else None  # type: ignore[operator]
        try:
            check_writable(mean_x, mean_v)
        except Undecided as why:
            return _nothing(fmpq(0), f"not settled: {why}", None)
        return UtilityPoint(fmpq(0), arb(0), mean_u, mean_v, mean_x, because=BASE)

    def at_cap(self, cap: Decimal) -> UtilityPoint:
        """The point at a tilt that spends a KL cap, nearly."""
        if cap == 0:
            return replace(self._base(), kl_cap=cap)
        if has_mgf(self.joint, LEAST_TILT) is not True:
            return replace(self._without_tilts(), kl_cap=cap)
        return replace(self._at_tilt_for(rational(cap)), kl_cap=cap)

    def _at_tilt_for(self, cap: fmpq) -> UtilityPoint:
        """The point at a tilt with about that KL, or that none was found, and why."""
        if self.latent is None and self.draws.constant:
            return _nothing(None, f"{NO_SPENDING}: {CONSTANT}; {ALL_OPTIMAL}", None)
        tilt = self._spending(cap)
        if tilt is None:
            return _nothing(None, NO_SPENDING, None)
        point = self.at_tilt(tilt)
        if not point.known:
            because = point.because.removeprefix("not known: ").removeprefix("not settled: ")
            return _nothing(None, f"{NOT_WORKED_OUT}: {because}", None)
        if not _spends(point.kl, cap):
            return _nothing(None, NO_SPENDING, None)
        return replace(point, because=point.because.replace(OPTIMUM, SPENDING))

    def _without_tilts(self) -> UtilityPoint:
        """A cap where U has no tilt, or none is known: if U is heavy, any KL buys any E U."""
        because = why_no_mgf(self.joint, LEAST_TILT)
        if not is_heavy(self.joint):
            return _nothing(None, because, None)
        return unbounded_proxy(self.joint.error, self.joint.utility, because)

    def _spending(self, cap: fmpq) -> fmpq | None:
        """The tilt with about that KL, rounded; the KL increases with the tilt.

        Where points are sampled it comes from a sample of its own, so that the estimates at it do
        not know how it was chosen. None where the search ends at the last tilt whose KL can be had.
        """
        goal, spends = log(nearest(cap)), self._cost()

        def excess(tilt: fmpq) -> float:
            """``log KL - log cap``; infinite where the tilt is too far out."""
            cost = spends(tilt) if has_mgf(self.joint, tilt) is True else None
            return inf if cost is None else log(cost) - goal if cost > 0 else -inf

        tilt, low, high, left = fmpq(1, 4), fmpq(0), None, -inf
        for _ in range(MOST_STEPS):
            gap = excess(tilt)
            if abs(gap) < CLOSE:
                return tilt
            low, high, left = (low, tilt, left) if gap > 0 else (tilt, high, gap)
            # KL is about proportional to the square of the tilt.
            guess = _rounded(tilt * rational(Decimal(exp(-gap / 2)))) if isfinite(gap) else tilt
            inside = guess > low and (high is None or guess < high)
            between = 2 * low if high is None else (low + high) / 2
            tilt = guess if inside and guess != tilt else _rounded(between)
        return low if left > -NEAR_CAP else None

    def _cost(self) -> Callable[[fmpq], float | None]:
        """About the KL of a tilt; None where it cannot be had."""
        latent = self.latent
        if latent is not None:
            return lambda tilt: latent.kl_in_floats(nearest(tilt))
        from verify.joint.sampling import under_tilt

        pilot = self._sample(PILOT)

        def sampled(tilt: fmpq) -> float | None:
            try:
                return under_tilt(pilot, nearest(tilt)).kl.value
            except InputError:
                return None

        return sampled

    # ---- conditioning and best-of-n ---------------------------------------------------------

    def beyond(self, t: fmpq) -> UtilityPoint:
        """The point at one threshold."""
        if self.joint.copula.has_density and not is_slow(self.joint.copula):
            try:
                return self._enclosed_beyond(t)
            except Undecided as why:
                return _nothing(t, f"not settled: {why}", None)
        return self._sampled(t, lambda: self._beyond(t), GIVEN)

    def _enclosed_beyond(self, t: fmpq) -> UtilityPoint:
        with working_precision(BITS):
            of_v = conditioned(self.joint, t)
            mean_x = self._error_beyond(t)
            mean_u = None if mean_x is None else mean_x + of_v.mean
            return UtilityPoint(t, of_v.kl, mean_u, of_v.mean, mean_x, because=GIVEN)

    def _error_beyond(self, t: fmpq) -> arb | None:
        """``E[X | U > t]``; None where it has no digits within the effort cap, or is infinite."""
        if not isinstance(self.joint.error.mean(), arb):
            return None
        try:
            mean = conditioned(self.joint.swapped(), t).mean
        except Undecided:
            return None
        return mean if accurate(mean, FEWEST_BITS) else None

    def _beyond(self, t: fmpq) -> Estimates:
        from verify.joint.sampling import beyond_threshold

        return beyond_threshold(self.draws, nearest(t))

    def best_of(self, n: int) -> UtilityPoint:
        """The point at one n."""
        if n == 1:
            return replace(self._base(), at=fmpq(1))
        covariance = self._normal_line()
        if covariance is not None:
            return self._normal_best(n, *covariance)
        point = self._sampled(fmpq(n), lambda: self._best_of(n), BEST)
        return replace(point, kl=_best_of_kl(n)) if point.known else point

    def _best_of(self, n: int) -> Estimates:
        from verify.joint.sampling import best_of, best_of_fresh_draws, draws_for_best_of

        if self.size >= draws_for_best_of(n):
            return best_of(self.draws, n)
        return best_of_fresh_draws(self.joint, n, self._rng(FRESH, n))

    def _normal_line(self) -> tuple[fmpq, fmpq, fmpq] | None:
        """``Var U`` and the covariances of V and X with U, where all is normal."""
        error, utility = normal_parameters(self.joint.error), normal_parameters(self.joint.utility)
        if error is None or utility is None or not isinstance(self.joint.copula, gaussian):
            return None
        shared = self.joint.copula.rho * error[1] * utility[1]
        of_v, of_x = utility[1] ** 2 + shared, error[1] ** 2 + shared
        return of_v + of_x, of_v, of_x

    def _normal_best(self, n: int, variance: fmpq, of_v: fmpq, of_x: fmpq) -> UtilityPoint:
        base = self._base()
        assert isinstance(base.mean_v, arb) and isinstance(base.mean_x, arb)
        with working_precision(BITS):
            score = mean_of_largest(n) / arb(variance).sqrt()
            mean_v, mean_x = base.mean_v + of_v * score, base.mean_x + of_x * score
            return UtilityPoint(
                fmpq(n), _best_of_kl(n), mean_v + mean_x, mean_v, mean_x, because=BEST
            )

    # ---- sampling ---------------------------------------------------------------------------

    def _sampled(self, at: fmpq, estimates: Callable[[], Estimates], because: str) -> UtilityPoint:
        if not all_moments(self.joint.utility):
            return _nothing(at, "not sampled: V may have no variance", None)
        if self.draws.constant:
            return _nothing(at, f"not sampled: {CONSTANT}", None)
        try:
            found = estimates()
        except InputError as why:
            return _nothing(at, f"not sampled: {why}", None)
        mean_u: Estimate | None = found.mean_u
        mean_x: Estimate | None = found.mean_x
        note = f"{because}; {found.size} draws, about {found.effective:.0f} effective ones"
        if not all_moments(self.joint.error):
            mean_u = mean_x = None
            note += "; X may have no variance, so its mean is not sampled"
        return UtilityPoint(
            at, found.kl, mean_u, found.mean_v, mean_x, means="monte-carlo", because=note
        )


def _spends(kl: Quantity, cap: fmpq) -> bool:
    """Whether a KL is about the cap; what it may be off by is beside :data:`NEAR_CAP`."""
    goal = nearest(cap)
    if isinstance(kl, Estimate):
        room = NEAR_CAP * goal + NEAR_CAP_ERRORS * kl.standard_error
        return abs(kl.value - goal) <= room < goal
    return isinstance(kl, arb) and bool(abs(kl - cap) <= NEAR_CAP * goal)


def _best_of_kl(n: int) -> arb:
    """The KL of the best of n draws; U has no atoms, for X has a density whatever V is."""
    with working_precision(BITS):
        return arb(n).log() - arb(fmpq(n - 1, n))


def is_slow(copula: Copula) -> bool:
    """Whether certified integrals take minutes: Student t copulas need a quantile at each point."""
    base = copula.base if isinstance(copula, Turned) else copula
    return isinstance(base, student_t)


def _nothing(at: fmpq | None, because: str, attained: bool | None) -> UtilityPoint:
    return UtilityPoint(at, None, None, None, None, attained=attained, because=because)


def _rounded(value: fmpq) -> fmpq:
    """To :data:`TILT_DIGITS` significant digits."""
    from math import floor, log10

    unit = fmpq(10) ** (floor(log10(nearest(value))) - TILT_DIGITS + 1)
    return fmpq((value / unit + fmpq(1, 2)).floor()) * unit
