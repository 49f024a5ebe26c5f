"""Where the path of tilts ends: the last tilt at a finite rate, the largest value otherwise.

As l rises to the rate r of a law, the mean ``K'(l)`` of its tilt rises to a limit: to
``E X exp(r X)/E exp(r X)`` where r is finite, whether or not that is, and to the largest value
where r is oo. Both are worked out law by law; what is not known raises ``Undecided``.
"""

from __future__ import annotations

from itertools import islice

from flint import arb, fmpq

from verify.affine import Affine, affine
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, Exact, Undecided, ball, compare
from verify.formula import Formula, X
from verify.law import Bound, Law, LawError
from verify.laws.bases import InfiniteAtAbscissa
from verify.laws.custom import Tail, tail
from verify.laws.discrete import Geometric, NegativeBinomial
from verify.laws.empirical_law import Empirical
from verify.laws.gaussian import InverseGaussian
from verify.laws.lattice import LatticeLaw
from verify.laws.point import PointMass
from verify.laws.tail_integrals import linear_part
from verify.mixture import Mixture, mixture
from verify.ray import Refuted, power_lower_bound, prove_nonpositive
from verify.reweighted import Reweighted, Tilted
from verify.truncation import Truncated

#: ``K`` and ``K'``.
LastTilt = tuple[arb, arb] | Diverges
#: Powers of ten beyond the lower end of a tail from which a bound on its slope is tried.
_BEGINNINGS = (0, 1, 3, 6, 12, 30)
#: Atoms that are looked through for the largest below a limit.
_MOST_ATOMS = 10**5
#: How far below a limit a tail must fall for the limit to be its largest value.
_NEARBY = fmpq(1, 2**20)


def up_to_rate(law: Law, tilt: Exact) -> LastTilt:
    """``K(l)`` and ``K'(l)`` at an exact l from above 0 up to the rate, the rate included.

    Returns
    -------
    (arb, arb) or Diverges
        At the working precision; Diverges where l is the rate and ``E X exp(l X)`` is infinite,
        which is when the means of the tilts below l tend to oo.

    Raises
    ------
    Undecided
        If l is beyond the rate, or it is not known what happens at the rate.
    """
    rate = law.mgf_abscissa
    if rate is None:
        raise Undecided(f"the rate of {law} is not known: {law.right_tail.abscissa_because}")
    order = -1 if isinstance(rate, Diverges) else compare(tilt, rate)
    if order > 0:
        raise Undecided(f"E exp({tilt} X) is infinite: {law.right_tail.abscissa_because}")
    if order < 0:
        log_mgf, mean, _ = law.cumulants(ball(tilt))
        return log_mgf, mean
    return _at_rate(law, tilt)


def _at_rate(law: Law, rate: Exact) -> LastTilt:
    match law:
        case InfiniteAtAbscissa() | Geometric() | NegativeBinomial():
            return Diverges(+1, "the MGF is infinite at the rate too")
        case InverseGaussian():
            return Diverges(+1, "the MGF is finite at the rate, but K'(l) = mu (1 - l/rate)^(-1/2)")
        case Affine():
            return _affine_at_rate(law, rate)
        case Mixture():
            return _mixture_at_rate(law, rate)
        case Truncated(base, low, None):
            assert low is not None
            return _without_lower_part(law, _own_last_tilt(base), rate)
        case Tail():
            return _tail_at_rate(law, rate)
    raise Undecided(f"it is not known whether E X exp(l X) of {law} is finite at the rate")


def _own_last_tilt(law: Law) -> LastTilt:
    """At the law's own rate, which is finite and positive."""
    rate = law.mgf_abscissa
    assert rate is not None and not isinstance(rate, Diverges)
    return _at_rate(law, rate)


def _affine_at_rate(law: Affine, rate: Exact) -> LastTilt:
    if not law.flips:
        inner = _own_last_tilt(law.base)
        if isinstance(inner, Diverges):
            return inner
        log_mgf, mean = inner
        return log_mgf + law.shift * ball(rate), law.shift + law.scale * mean
    match law.base:
        case InfiniteAtAbscissa():
            return Diverges(+1, "the MGF is infinite at the rate too")
        case Mixture(components):
            parts = [(weight, affine(part, law.shift, law.scale)) for weight, part in components]
            return _own_last_tilt(mixture(parts))
    raise Undecided(f"it is not known whether E X exp(l X) of {law} is finite at the rate")


def _mixture_at_rate(law: Mixture, rate: Exact) -> LastTilt:
    inner = []
    for part in law.laws:
        found = up_to_rate(part, rate)
        if isinstance(found, Diverges):
            return found
        inner.append(found)
    # Relative to the largest MGF, which may be astronomical.
    centre = inner[0][0].mid()
    for log_mgf, _ in inner[1:]:
        centre = centre.max(log_mgf).mid()
    total = first = arb(0)
    for (weight, _), (log_mgf, mean) in zip(law.components, inner, strict=True):
        share = weight * (log_mgf - centre).exp()
        total, first = total + share, first + share * mean
    return centre + total.log(), first / total


def _without_lower_part(law: Truncated, whole: LastTilt, rate: Exact) -> LastTilt:
    if isinstance(whole, Diverges):
        return whole
    log_mgf, mean = whole
    cut, cut_mean, _ = law.base.exponential_moments(ball(rate), None, law.low)
    left = log_mgf.exp() - cut
    return left.log() - law.log_mass(), (log_mgf.exp() * mean - cut_mean) / left


def _tail_at_rate(law: Tail, rate: Exact) -> LastTilt:
    slope, rest = linear_part(law.log_sf)
    rate_formula = rate if isinstance(rate, Formula) else Formula.number(rate)  # type: ignore[arg-type]
    if -slope != rate_formula:
        rest = law.log_sf + rate_formula * X
    start = max(0, int(law.lower.ball().upper().ceil().unique_fmpz() or 0))
    # By parts, E X exp(r X) is finite iff the integral of x exp(rest) is.
    for power in _BEGINNINGS:
        if power_lower_bound(rest, fmpq(start + 10**power), 2):
            where = start + 10**power
            return Diverges(+1, f"exp(r x) Q(X > x) falls no faster than x^-2 beyond {where}")
    if isinstance(rate, fmpq) and not ball(rate).is_exact():
        return _scaled_tail_at_rate(law, rate)
    log_mgf, mean, _ = law.cumulants(rate if isinstance(rate, int | fmpq) else ball(rate))
    if not mean.is_finite():
        raise Undecided(f"no power of x decides whether E X exp(l X) of {law} is finite")
    return log_mgf, mean


def _scaled_tail_at_rate(law: Tail, rate: fmpq) -> LastTilt:
    """By the law of ``rate X``, whose rate is 1: a tilt that balls hold exactly."""
    try:
        scaled = tail(str(law.log_sf.at(X / rate)), law.lower * rate)
    except LawError as refused:
        raise Undecided(f"{law} could not be scaled to the rate 1: {refused}") from None
    found = _own_last_tilt(scaled)
    return found if isinstance(found, Diverges) else (found[0], found[1] / rate)


# ---------------------------------------------------------------- the largest value


def largest_value(law: Law) -> Bound:
    """The essential supremum: the least number that X exceeds with probability 0, or oo.

    Raises
    ------
    Undecided
        If it is not known: for some laws that were truncated, and for the lower end of some tails
        that users wrote.
    """
    return _end(law, +1)


def _end(law: Law, side: int) -> Bound:
    """The essential supremum (side +1) or infimum (side -1)."""
    match law:
        case Affine():
            return _image(law, _end(law.base, -side if law.flips else side))
        case Mixture():
            return _outermost([_end(part, side) for part in law.laws], side)
        case Truncated():
            limit = law.support[(side + 1) // 2]
            if limit != (law.high if side > 0 else law.low):
                return _end(law.base, side)
            assert isinstance(limit, fmpq)
            return _cut_end(law, limit, side)
        case Tail() if side < 0:
            return _start(law)
        case Reweighted() if side < 0 and not isinstance(law, Tilted):
            # The weights never decrease, so they leave the top; what they leave of the bottom
            # is not looked for.
            raise Undecided(f"whether {law} has mass at the lower end")
    return law.support[(side + 1) // 2]


def _image(law: Affine, end: Bound) -> Bound:
    if isinstance(end, Diverges):
        return Diverges(-end.sign if law.flips else end.sign, end.because)
    image: Exact = end * law.scale + law.shift  # type: ignore[operator]
    return image


def _outermost(ends: list[Bound], side: int) -> Bound:
    best = ends[0]
    for end in ends:
        if isinstance(end, Diverges):
            return end
        assert not isinstance(best, Diverges)
        if side * compare(end, best) > 0:
            best = end
    return best


def _cut_end(law: Truncated, limit: fmpq, side: int) -> Bound:
    """The end of a truncated law on a side where it is cut: the limit, if mass reaches it."""
    if side > 0 and law.base.mass_at(limit) > 0:
        return limit
    match law.base:
        case ContinuousLaw():  # it has mass in every interval of its support
            return limit
        case LatticeLaw():
            return fmpq(limit.floor()) if side > 0 else fmpq(limit.floor()) + 1
        case Empirical() | PointMass():
            return _nearest_atom(law, side)
        case Tail() as base if side > 0 and _falls(base, limit - _NEARBY, limit):
            return limit
        case Mixture() as parts:
            cut = [Truncated(part, law.low, law.high) for part in parts.laws]
            return _outermost([_end(part, side) for part in cut if _has_mass(part)], side)
        case Affine() as base if not (base.flips and base.has_atoms):
            inner = _inner(law, base)
            return _image(base, _end(inner, -side if base.flips else side))
    raise Undecided(f"whether {law} has mass next to {limit}")


def _inner(law: Truncated, base: Affine) -> Truncated:
    """The same truncation before the base is shifted and scaled."""
    ends = [None if end is None else (end - base.shift) / base.scale for end in (law.low, law.high)]
    low, high = reversed(ends) if base.flips else ends
    return Truncated(base.base, low, high)


def _has_mass(law: Truncated) -> bool:
    mass = law.log_mass()
    if mass.is_nan():
        raise Undecided(f"whether {law.base} has mass between {law.low} and {law.high}")
    return not mass == arb.neg_inf()


def _nearest_atom(law: Truncated, side: int) -> fmpq:
    atoms = [x for x, _ in islice(law.atoms(), _MOST_ATOMS + 1)]
    if len(atoms) > _MOST_ATOMS:
        raise Undecided(f"{law} has more than {_MOST_ATOMS} atoms")
    return atoms[-1] if side > 0 else atoms[0]


def _start(law: Tail) -> Bound:
    """The lower end of a tail that a user wrote, if there is mass at it or right above it."""
    lower = law.support[0]
    assert not isinstance(lower, Diverges)
    atom = law.log_sf.at(law.lower)
    start = lower.rational if isinstance(lower, Formula) else lower
    exact_start = lower if start is None else start
    if atom.ball() < 0:
        return exact_start
    near = fmpq(int(law.lower.ball().upper().ceil().unique_fmpz() or 0)) + 1
    if _falls(law, law.lower, near):
        return exact_start
    raise Undecided(f"whether {law} has mass right above its lower end")


def _falls(law: Tail, low: Formula | fmpq, high: fmpq) -> bool:
    """Whether the tail falls strictly on an interval, so that there is mass in every part of it."""
    if not ball(low) >= law.lower.ball():
        return False
    try:
        prove_nonpositive(law.log_sf.derivative(), low, high, strict=True)
    except (Refuted, Undecided):
        return False
    return True
