"""Finite mixtures of laws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flint import arb, arb_series, fmpq

from verify.affine import Affine
from verify.decimals import decimal_text, law_number
from verify.enclosure import Diverges, Number, Undecided, compare, exact
from verify.law import Bound, Law, LawError, Point
from verify.series import Moments
from verify.tail_rates import Rate, TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def mixture(components: Sequence[tuple[Any, Law]]) -> Law:
    """The law that draws component i with probability ``weight_i``.

    Raises
    ------
    LawError
        If a weight is not positive or they do not add up to exactly 1.
    """
    pairs = tuple((exact(weight), law) for weight, law in components)
    if not pairs or any(weight <= 0 for weight, _ in pairs):
        raise LawError("mixture: every weight must be positive, as in mixture(0.9*A, 0.1*B)")
    total = sum((weight for weight, _ in pairs), fmpq(0))
    if total != 1:
        raise LawError(f"mixture: weights must add up to exactly 1, got {decimal_text(total)}")
    return pairs[0][1] if len(pairs) == 1 else Mixture(pairs)


@dataclass(frozen=True)
class Mixture(Law):
    """A finite mixture; weights are positive rationals that add up to 1."""

    components: tuple[tuple[fmpq, Law], ...]

    def __str__(self) -> str:
        def term(weight: fmpq, law: Law) -> str:
            inner = f"({law})" if isinstance(law, Affine) else str(law)
            return f"{law_number(weight)}*{inner}"

        return f"mixture({', '.join(term(*component) for component in self.components)})"

    @property
    def laws(self) -> tuple[Law, ...]:
        """The component laws without their weights."""
        return tuple(law for _, law in self.components)

    @cached_property
    def support(self) -> tuple[Bound, Bound]:
        lows, highs = zip(*(law.support for law in self.laws), strict=True)
        return _extreme(lows, -1), _extreme(highs, +1)

    @cached_property
    def right_tail(self) -> TailRates:
        return _heaviest([law.right_tail for law in self.laws])

    @cached_property
    def left_tail(self) -> TailRates:
        return _heaviest([law.left_tail for law in self.laws])

    def parts(self) -> Iterator[Law]:
        yield self
        for law in self.laws:
            yield from law.parts()

    @property
    def rates_need_search(self) -> bool:
        return any(law.rates_need_search for law in self.laws)

    @property
    def has_atoms(self) -> bool:
        return any(law.has_atoms for law in self.laws)

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        return self._log_sum([law.log_survival(t, closed) for law in self.laws])

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        return self._log_sum([law.log_cdf(t, open) for law in self.laws])

    def log_between(
        self,
        low: Point | None,
        high: Point | None,
        low_in: bool = False,
        high_out: bool = False,
    ) -> arb:
        return self._log_sum([law.log_between(low, high, low_in, high_out) for law in self.laws])

    def _log_sum(self, logs: list[arb]) -> arb:
        """``log sum_i weight_i exp(log_i)``, relative to the largest: the terms may be tiny."""
        if all(value == arb.neg_inf() for value in logs):
            return arb.neg_inf()
        largest = max(
            (i for i, value in enumerate(logs) if not value == arb.neg_inf()),
            key=lambda i: _Sortable(logs[i].mid()),
        )
        total = arb(0)
        for i, ((weight, _), value) in enumerate(zip(self.components, logs, strict=True)):
            if i == largest:
                total += weight
            elif not value == arb.neg_inf():
                total += weight * (value - logs[largest]).exp()
        return logs[largest] + total.log()

    def mass_at(self, t: Point) -> arb:
        return sum((w * law.mass_at(t) for w, law in self.components), arb(0))

    def density(self, t: Point) -> arb:
        return sum((w * law.density(t) for w, law in self.components), arb(0))

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        def weighted(weight: fmpq, law: Law) -> Iterator[tuple[fmpq, arb]]:
            return ((x, weight * mass) for x, mass in law.atoms())

        streams = [weighted(weight, law) for weight, law in self.components]
        ordered = merge(*streams, key=lambda atom: atom[0])
        for x, group in groupby(ordered, key=lambda atom: atom[0]):
            yield x, sum((mass for _, mass in group), arb(0))

    def mean(self) -> Number:
        return self._average([law.mean() for law in self.laws])

    def upper_mean(self, t: Point) -> Number:
        return self._average([law.upper_mean(t) for law in self.laws])

    def partial_mean(self, low: Point | None, high: Point | None) -> Number:
        return self._average([law.partial_mean(low, high) for law in self.laws])

    def _average(self, values: list[Number]) -> Number:
        finite = [value for value in values if isinstance(value, arb)]
        infinite = [value for value in values if isinstance(value, Diverges)]
        if infinite:
            signs = {value.sign for value in infinite}
            sign = signs.pop() if len(signs) == 1 else 0
            return Diverges(sign, "; ".join(value.because for value in infinite))
        pairs = zip(self.components, finite, strict=True)
        return sum((weight * value for (weight, _), value in pairs), arb(0))

    def tail_mean(self, t: Point) -> Number:
        return self._tail_mean(t, [law.tail_mean for law in self.laws])

    def tail_mean_estimate(self, t: Point) -> Number:
        return self._tail_mean(t, [law.tail_mean_estimate for law in self.laws])

    def _tail_mean(self, t: Point, means: Sequence[Callable[[Point], Number]]) -> Number:
        logs = [law.log_survival(t) for law in self.laws]
        total = self._log_sum(logs)
        result = arb(0)
        for (weight, _), log_tail, tail_mean in zip(self.components, logs, means, strict=True):
            if log_tail == arb.neg_inf():
                continue
            mean = tail_mean(t)
            if isinstance(mean, Diverges):
                return mean
            result += weight * (log_tail - total).exp() * mean
        return result

    def rate_estimate(self) -> Rate:
        rates = [law.rate_estimate() for law in self.laws]
        slowest = rates[0]
        for rate in rates[1:]:
            slowest = rate if _order(rate, slowest) < 0 else slowest
        return slowest

    def cumulant_series(self, tilt: arb) -> arb_series:
        parts = [law.cumulant_series(tilt) for law in self.laws]
        # Divide by exp(c + m x), with c an exact number near the largest K and m one near that
        # part's mean: the MGFs may be astronomical, and so may be a common offset of the laws.
        largest = max(parts, key=lambda part: _Sortable(part[0].mid()))
        shift = arb_series([largest[0].mid(), largest[1].mid()], prec=3)
        total = arb_series([0], prec=3)
        for (weight, _), part in zip(self.components, parts, strict=True):
            total = total + weight * (part - shift).exp()
        return total.log() + shift

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        parts = [law.exponential_moments(tilt, low, high) for law in self.laws]
        weights = [weight for weight, _ in self.components]
        sums = [
            sum((w * part[order] for w, part in zip(weights, parts, strict=True)), arb(0))
            for order in range(3)
        ]
        return sums[0], sums[1], sums[2]

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        weights = [int(w.p) / int(w.q) for w, _ in self.components]
        counts = rng.multinomial(size, np.array(weights) / sum(weights))
        draws = [law.sample(int(n), rng) for law, n in zip(self.laws, counts, strict=True)]
        together = np.concatenate(draws)
        rng.shuffle(together)
        return together


class _Sortable:
    """Orders exact balls, and rationals, by value; anything unordered counts as equal."""

    def __init__(self, value: arb) -> None:
        self.value = value

    def __lt__(self, other: _Sortable) -> bool:
        return bool(self.value < other.value)


def _extreme(bounds: Sequence[Bound], side: int) -> Bound:
    """The lowest (side -1) or highest (side +1) of several ends of supports."""
    for bound in bounds:
        if isinstance(bound, Diverges) and bound.sign == side:
            return bound
    finite = [bound for bound in bounds if not isinstance(bound, Diverges)]
    best = finite[0]
    for bound in finite[1:]:
        if side * compare(bound, best) > 0:
            best = bound
    return best


def _heaviest(tails: Sequence[TailRates]) -> TailRates:
    """The tail of a mixture: its heaviest component decides; those that end have no part in it."""
    endless = [tail for tail in tails if tail != TailRates.bounded()]
    if not endless:
        return TailRates.bounded()
    slowest = endless[0]
    for tail in endless[1:]:
        slowest = tail if _order(tail.abscissa, slowest.abscissa) < 0 else slowest
    if any(tail.abscissa is None for tail in endless) and slowest.abscissa != 0:
        return next(tail for tail in endless if tail.abscissa is None)
    because = f"the heaviest component decides: {slowest.abscissa_because}"
    rivals = [tail for tail in endless if _order(tail.abscissa, slowest.abscissa) == 0]
    if any(tail.decay != slowest.decay for tail in rivals):
        reason = "components of one abscissa differ in their decay"
        return TailRates(slowest.abscissa, None, because, reason)
    return TailRates(slowest.abscissa, slowest.decay, because, slowest.decay_because)


def _order(one: Rate, other: Rate) -> int:
    """-1, 0, +1 as one abscissa is below, at or above another.

    None counts as above 0 and below the rest, and rates that nothing tells apart as equal.
    """
    if one is None or other is None or isinstance(one, Diverges) or isinstance(other, Diverges):
        places = [_place(rate) for rate in (one, other)]
        return (places[0] > places[1]) - (places[0] < places[1])
    try:
        return compare(one, other)
    except Undecided:
        return 0


def _place(rate: Rate) -> int:
    """0, None, other numbers and oo in this order."""
    if rate is None:
        return 1
    return 3 if isinstance(rate, Diverges) else 0 if rate == 0 else 2
