"""Prompts with their weights, and the law of the return at each: what is tilted together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING

from flint import arb, arb_series, ctx, fmpq

from verify.enclosure import Diverges, HasBall, Number, ball, exact
from verify.errors import InputError
from verify.law import Bound, Law, Point
from verify.mixture import mixture
from verify.tail_kind import tail_kind
from verify.tail_rates import Rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verify.laws.empirical_law import Empirical
    from verify.prompts.sample import Quenched

    #: Scores of some answers to one prompt.
    Scores = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class WeightedSum:
    """``sum_s w_s x_s`` for exact numbers, as an exact number."""

    weights: tuple[fmpq, ...]
    numbers: tuple[int | fmpq | HasBall, ...]

    def ball(self) -> arb:
        """It, at the working precision."""
        pairs = zip(self.weights, self.numbers, strict=True)
        return sum((weight * ball(number) for weight, number in pairs), arb(0))


@dataclass(frozen=True)
class PromptLaws:
    """Prompts with their weights, and the law of the return at each.

    Attributes
    ----------
    names : tuple of str
        What the prompts are called.
    weights : tuple of fmpq
        Their probabilities: positive, 1 together.
    laws : tuple of Law
        The law of the return at each, under the base policy.
    """

    names: tuple[str, ...]
    weights: tuple[fmpq, ...]
    laws: tuple[Law, ...]

    @classmethod
    def of(
        cls,
        laws: Sequence[Law | str | Scores],
        weights: Sequence[object] | None = None,
        names: Sequence[str] | None = None,
    ) -> PromptLaws:
        """The prompts with these laws.

        Parameters
        ----------
        laws : sequence
            One for each prompt: a Law, its text, or the scores of some answers, any array of
            numbers, for the law of a draw from them.
        weights : sequence of numbers, optional
            Positive, exact (a float stands for the decimal it prints as); divided by their sum, so
            that counts will do. Equal by default.
        names : sequence of str, optional
            By default ``prompt 1``, ``prompt 2``, ...

        Raises
        ------
        InputError
            If there is no prompt, a weight is not a positive number, a score is not a finite
            number, or lengths differ.
        """
        if len(laws) == 0:  # an array of scores, a prompt a row, has no truth value
            raise InputError("prompts: expected the law of at least one")
        given = [1] * len(laws) if weights is None else list(weights)
        called = [f"prompt {k}" for k in range(1, len(laws) + 1)] if names is None else list(names)
        for what, values in (("weights", given), ("names", called)):
            if len(values) != len(laws):
                raise InputError(f"prompts: {len(laws)} laws and {len(values)} {what}")
        shares = [_positive(name, weight) for name, weight in zip(called, given, strict=True)]
        total = sum(shares, fmpq(0))
        return cls(
            tuple(called),
            tuple(share / total for share in shares),
            tuple(_law_of(law) for law in laws),
        )

    def __str__(self) -> str:
        return f"{len(self.laws)} prompts" if len(self.laws) > 1 else "1 prompt"

    @cached_property
    def pooled(self) -> Law:
        """The law of the return of a prompt that is drawn by the weights."""
        return self._all_scores() or mixture(list(zip(self.weights, self.laws, strict=True)))

    def _all_scores(self) -> Law | None:
        """Scores that all count the same as one sample, which is quicker than a mixture."""
        from verify.laws.empirical_law import Empirical

        samples = self._samples
        if not samples or len({w / n.n for w, n in zip(self.weights, samples, strict=True)}) > 1:
            return None
        import numpy as np

        return Empirical.from_values(np.concatenate([law.rows() for law in samples]))

    @cached_property
    def _samples(self) -> list[Empirical]:
        """The laws, where all of them are of scores; else nothing."""
        from verify.laws.empirical_law import Empirical

        samples = [law for law in self.laws if isinstance(law, Empirical)]
        return samples if len(samples) == len(self.laws) else []

    @cached_property
    def _in_float64(self) -> Quenched | None:
        """Scores of all prompts in arrays, for estimates; None where weights do not fit."""
        import numpy as np

        from verify.prompts.sample import PromptSample, Quenched

        common = lcm(*(int(weight.q) for weight in self.weights))
        if not self._samples or common >= 2**53:
            return None
        return Quenched(
            PromptSample(
                np.concatenate([law.rows() for law in self._samples]),
                np.array([law.n for law in self._samples]),
                np.array([int((weight * common).p) for weight in self.weights]),
            )
        )

    def heavy(self) -> list[int]:
        """The numbers of the prompts that are right-heavy, but for those that look light."""
        return [
            k
            for k, law in enumerate(self.laws)
            if tail_kind(law) != "light?" and law.mgf_abscissa == 0
        ]

    # ---- what a search for tilts asks -------------------------------------------------------

    @cached_property
    def support(self) -> tuple[Bound, Bound]:
        """The least and the largest mean that there can be."""
        lows, highs = zip(*(law.support for law in self.laws), strict=True)
        return self._end(lows), self._end(highs)

    def _end(self, ends: Sequence[Bound]) -> Bound:
        finite: list[int | fmpq | HasBall] = []
        for end in ends:
            if isinstance(end, Diverges):
                return end
            finite.append(end)
        if all(isinstance(end, int | fmpq) for end in finite):
            pairs = zip(self.weights, finite, strict=True)
            return sum((weight * end for weight, end in pairs), fmpq(0))  # type: ignore[operator]
        return WeightedSum(self.weights, tuple(finite))

    @property
    def mgf_abscissa(self) -> Rate:
        """The least of the prompts'."""
        return self.pooled.mgf_abscissa

    @property
    def rates_need_search(self) -> bool:
        """Whether that of some prompt takes a symbolic computation."""
        return self.pooled.rates_need_search

    def rate_estimate(self) -> Rate:
        """The MGF abscissa, or a guess at it for searches."""
        return self.pooled.rate_estimate()

    def mean(self) -> Number:
        """``E_s E X``: that of the pooled law."""
        known = self._means
        if ctx.prec not in known:
            known[ctx.prec] = self.pooled.mean()
        return known[ctx.prec]

    @cached_property
    def _means(self) -> dict[int, Number]:
        return {}

    @cached_property
    def _moving(self) -> tuple[tuple[fmpq, Law], ...]:
        """Weights and laws of the prompts whose return is not a constant."""
        pairs = zip(self.weights, self.laws, strict=True)
        return tuple((w, law) for w, law in pairs if constant_of(law) is None)

    @cached_property
    def _constant(self) -> fmpq:
        """What the other prompts add to the mean, whatever the tilt."""
        pairs = ((w, constant_of(law)) for w, law in zip(self.weights, self.laws, strict=True))
        return sum((w * x for w, x in pairs if x is not None), fmpq(0))

    def cumulants(self, tilt: Point) -> tuple[arb, arb, arb]:
        """``E_s`` of K_s, K_s' and K_s'' at the tilt.

        Raises
        ------
        Undecided
            If one of them is infinite, or not known to be finite.
        """
        total = [ball(tilt) * self._constant, arb(self._constant), arb(0)]
        for weight, law in self._moving:
            for order, value in enumerate(law.cumulants(tilt)):
                total[order] += weight * value
        return total[0], total[1], total[2]

    def cumulant_series(self, tilt: arb) -> arb_series:
        """``E_s K_s(l + e)`` as a power series in e with three terms."""
        total = arb_series([tilt * self._constant, self._constant], prec=3)
        for weight, law in self._moving:
            total = total + weight * law.cumulant_series(tilt)
        return total

    def tilt_cost_estimate(self, tilt: arb) -> tuple[arb, arb] | None:
        """About ``E_s D_s(l)`` and its derivative, where all prompts have an estimate."""
        if self._in_float64 is not None:
            found = self._in_float64.cost(float(tilt))
            return None if found is None else (arb(found[0]), arb(found[1]))
        cost, slope = arb(0), arb(0)
        for weight, law in self._moving:
            estimate = law.tilt_cost_estimate(tilt)
            if estimate is None:
                return None
            cost, slope = cost + weight * estimate[0], slope + weight * estimate[1]
        return (cost.mid(), slope.mid()) if cost > 0 and slope > 0 else None


def _law_of(given: Law | str | Scores) -> Law:
    """A law as it is given."""
    if isinstance(given, Law):
        return given
    if isinstance(given, str):
        return Law.parse(given)
    from verify.laws.empirical_law import Empirical

    return Empirical.from_values(given)


def constant_of(law: Law) -> fmpq | None:
    """The one value that a return has, if it has no other."""
    low, high = law.support
    if isinstance(low, int | fmpq) and isinstance(high, int | fmpq) and low == high:
        return fmpq(low)
    return None


def _positive(name: str, weight: object) -> fmpq:
    try:
        share = exact(weight)  # type: ignore[arg-type]
    except ValueError:
        share = fmpq(0)
    if not share > 0:
        raise InputError(f"prompts: expected a positive weight for {name:.40}, got {weight!r:.40}")
    return share
