"""Where ``E[V | X + V > t]`` goes as t grows, for X and V independent; and where best-of-n goes.

Write ``Xbar(t) = Pr(X > t)``. What decides is how fast the tail of X falls, its decay rate g:
``Xbar(t + s)/Xbar(t) -> exp(-g s)`` for every s.

* X bounded above: so is what X adds to U, and V goes to its largest value with U.
* g = oo: V goes to its largest value. No moment of V is needed.
* 0 < g < oo: ``Xbar(t - v)/Xbar(t) -> exp(g v)``, so V is tilted by g and its mean tends to
  ``K_V'(g)``, if the rate of V is above g. It tends to oo if ``E exp(g V) = oo``.
* g = 0: it tends to ``E V``, if V is right-light.
* In between, where V is about as heavy as X: :mod:`verify.limits.balance`.
* X on a lattice has no decay rate. V on the same lattice does not notice; other V alternate for
  ever (:mod:`verify.limits.lattice_phases`).

Best-of-n averages that curve, ever further out (the layer-cake lemma, which needs ``E|V| < oo``),
so it shares the limit. What none of this settles is said to be not known.
"""

from __future__ import annotations

from flint import fmpq

from verify.best_of.infinite_means import first_finite_left
from verify.enclosure import Diverges, Exact, Undecided, ball, compare, working_precision
from verify.law import Law
from verify.limits.balance import at_the_rate, both_heavy, mgf_is_infinite
from verify.limits.lattice_phases import phase_means
from verify.limits.lattices import Lattice, lattice_of, step_rate
from verify.limits.numbers import mean_at, settled, top
from verify.utility_curve import Limit, limit_text

#: Bits of the means along the phases of a lattice, and digits of those that a reason quotes: the
#: fewest that tell them apart. The last are as many as there are bits.
PHASE_BITS, DIGITS = 192, (10, 20, 40, 60)
NO_LIMIT = "no limit: "
INFINITE_TOP = "V has no largest value"


def under_conditioning(error: Law, utility: Law) -> Limit:
    """The limit of ``E[V | X + V > t]`` as t rises to the largest value of U."""
    found = _attempt(error, utility)
    if found.mean_v is not None or not found.exists:
        return found
    return _by_the_other(error, utility) or _by_its_mean(error, utility) or found


def under_best_of(error: Law, utility: Law) -> Limit:
    """The limit of ``E V`` under the best of n by ``U = X + V``, as n grows."""
    try:
        mean = mean_at(utility, 0)
    except Undecided as why:
        return Limit(None, f"not known: {why}")
    if isinstance(mean, Diverges):
        return _of_infinite_means(error, utility, mean)
    curve = under_conditioning(error, utility)
    averages = "best-of-n averages E[V | U > t] ever further out"
    if not curve.exists:
        reason = curve.because.removeprefix(NO_LIMIT)
        return Limit(None, f"not known: {averages}, and that has no limit: {reason}")
    if curve.mean_v is None:
        return Limit(None, f"not known: {averages}, of which no limit is known; {curve.because}")
    return Limit(curve.mean_v, f"{averages}: {curve.because}")


def _of_infinite_means(error: Law, utility: Law, mean: Diverges) -> Limit:
    """Where best-of-n goes if ``E|V|`` is infinite: it keeps the right part of V, not the left."""
    if mean.sign > 0:
        return Limit(mean, f"E V is infinite for every n: {mean.because}")
    first = first_finite_left(utility, error) if mean.sign == 0 else None
    if first is None:
        return Limit(None, f"not known: E|V| = oo, and no lemma speaks of that: {mean.because}")
    because = (
        f"E V is infinite for every n from {first} on: the left part of V has a finite mean under "
        f"the best of so many, its right part has none; {mean.because}"
    )
    return Limit(Diverges(+1, because), because)


# ---------------------------------------------------------------- by the tail of X


def _attempt(error: Law, utility: Law) -> Limit:
    try:
        return _by_the_error(error, utility)
    except Undecided as why:
        return Limit(None, f"not known: {why}")


def _by_the_error(error: Law, utility: Law) -> Limit:
    """What the tail of X says, which of the two laws is called X being a matter of who asks."""
    low, high = utility.support
    if isinstance(low, int | fmpq) and isinstance(high, int | fmpq) and low == high:
        return Limit(settled(lambda: ball(low), "V"), "V is constant")
    endless = isinstance(high, Diverges)
    if not isinstance(error.support[1], Diverges):
        return _bounded(utility, endless)
    rate = error.decay_rate
    if isinstance(rate, Diverges):
        tends = "X falls faster than every exponential, Pr(X > t + s)/Pr(X > t) -> 0"
        return _to_the_top(utility, tends)
    if rate is None:
        return _on_a_lattice(error, utility, endless)
    if rate == 0:
        return _long_tailed(error, utility)
    return _exponential(error, utility, rate)


def _bounded(utility: Law, endless: bool) -> Limit:
    if endless:
        infinite = "X is bounded above, so U > t takes a large V, and V has no largest value"
        return Limit(Diverges(+1, infinite), infinite)
    return Limit(top(utility), "X is bounded above, so a large U takes V to its largest value")


def _to_the_top(utility: Law, tends: str) -> Limit:
    largest = top(utility)
    if isinstance(largest, Diverges):
        return Limit(largest, f"{tends}: U is large by V, and {INFINITE_TOP}")
    return Limit(largest, f"{tends}: U is large by V, which goes to its largest value")


def _exponential(error: Law, utility: Law, rate: Exact) -> Limit:
    order = _rate_above(utility, rate)
    tends = f"Pr(X > t - v)/Pr(X > t) -> exp(g v) with g = {rate}, the decay rate of X"
    if order > 0:
        return Limit(mean_at(utility, rate), f"{tends}: V is tilted by g, and E V -> K_V'(g)")
    if order < 0 or mgf_is_infinite(utility):
        because = f"{tends}, and E exp(g V) is infinite: it is by V that U is large"
        return Limit(Diverges(+1, because), because)
    return at_the_rate(error, utility, rate, tends)


def _rate_above(utility: Law, rate: Exact) -> int:
    """-1, 0, +1 as the rate of V is below, at or above a decay rate."""
    other = utility.mgf_abscissa
    if other is None:
        raise Undecided(f"the rate of V: {utility.right_tail.abscissa_because}")
    return +1 if isinstance(other, Diverges) else compare(other, rate)


def _long_tailed(error: Law, utility: Law) -> Limit:
    tends = "X is long-tailed, Pr(X > t - v)/Pr(X > t) -> 1"
    mean = mean_at(utility, 0)
    if isinstance(mean, Diverges) and mean.sign > 0:
        return Limit(mean, f"E[V; U > t] is infinite for every t: {mean.because}")
    if isinstance(mean, Diverges) and mean.sign == 0:
        raise Undecided(f"E V does not exist: {mean.because}")
    if _rate_above(utility, 0) > 0:
        stays = "E V stays -oo" if isinstance(mean, Diverges) else "a large U says nothing of V"
        return Limit(mean, f"{tends}, and V is right-light: {stays}")
    return both_heavy(error, utility, mean, tends)


# ---------------------------------------------------------------- on a lattice


def _on_a_lattice(error: Law, utility: Law, endless: bool) -> Limit:
    rate, lattice = step_rate(error), lattice_of(error)
    if rate is None or lattice is None:
        raise Undecided(f"X has no decay rate: {error.right_tail.decay_because}")
    own = lattice_of(utility)
    shared = own is not None and lattice.holds(own)
    steps = f"X sits on a lattice of span {lattice.span}"
    if isinstance(rate, Diverges):
        if endless or shared:
            return _to_the_top(utility, f"{steps}, and from step to step its tail falls to nothing")
        raise Undecided(f"{steps}, V is bounded and does not, so its part in U > t varies with t")
    order = _rate_above(utility, rate)
    tends = f"{steps}, along which its tail falls like exp(-g t), g = {rate}"
    if order < 0 or (order == 0 and mgf_is_infinite(utility)):
        because = f"{tends}, and E exp(g V) is infinite: it is by V that U is large"
        return Limit(Diverges(+1, because), because)
    if order == 0:
        raise Undecided(f"{tends}, and that is the rate of V too")
    if shared:
        return Limit(mean_at(utility, rate), f"{tends}, and V on it too: E V -> K_V'(g)")
    return _along_phases(utility, lattice, rate, tends)


def _along_phases(utility: Law, lattice: Lattice, rate: Exact, tends: str) -> Limit:
    """V off the lattice of X: where t stands between two points decides which V reach it."""
    span = lattice.span
    with working_precision(PHASE_BITS):
        means = phase_means(utility, span, rate)
    (low, first), *_, (high, last) = sorted(means.items(), key=lambda item: float(item[1]))
    if not first < last:
        raise Undecided(f"{tends}, V does not sit on it, and its means could not be told apart")
    digits = next(n for n in DIGITS if limit_text(first, n) != limit_text(last, n))
    told = ", and ".join(
        f"{limit_text(mean, digits)} along t = {_progression(place + lattice.offset, span)}"
        for place, mean in ((low, first), (high, last))
    )
    return Limit(None, f"{NO_LIMIT}{tends}; V does not sit on it, and E V -> {told}", exists=False)


def _progression(place: fmpq, span: fmpq) -> str:
    """``n + 1/2``: the thresholds at one place between two points of a lattice."""
    start = place - span * fmpq((place / span).floor())
    steps = "n" if span == 1 else f"{span} n"
    return steps if start == 0 else f"{steps} + {start}"


# ---------------------------------------------------------------- by other means


def _by_the_other(error: Law, utility: Law) -> Limit | None:
    """Where V has the heavier tail it is the mean of X that settles, and V takes the rest."""
    if not isinstance(utility.support[1], Diverges):
        return None
    settles = _attempt(utility, error).mean_v
    if settles is None or settles == Diverges(+1):
        return None
    because = (
        f"V has the heavier tail: E[X | U > t] tends to {limit_text(settles, DIGITS[0])}, so "
        "E[V | U > t], above t less that, tends to oo"
    )
    return Limit(Diverges(+1, because), because)


def _by_its_mean(error: Law, utility: Law) -> Limit | None:
    """An infinite E V stays infinite: no t takes away the upper part of V."""
    try:
        mean = mean_at(utility, 0)
    except Undecided:
        return None
    if not isinstance(mean, Diverges) or mean.sign < 0:
        return None
    if mean.sign == 0 and error.mgf_abscissa in (0, None):
        return None  # the lower part of E[V; U > t] may be infinite too
    return Limit(Diverges(+1, mean.because), f"E[V; U > t] = oo for every t: {mean.because}")
