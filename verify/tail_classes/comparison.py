"""To what ``E[V; V > t]/Pr(X > t)`` tends: the number that decides Theorem 5."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from verify.enclosure import INFINITE, Diverges, ball
from verify.expression import ExpressionError
from verify.formula import Formula, X, log
from verify.law import Law
from verify.tail_classes.formulas import TailFormulas, limit_of_logarithm, tail_formulas
from verify.tail_classes.membership import Membership, long_tailed


@dataclass(frozen=True)
class RatioLimit:
    """The limit of ``E[V; V > t]/Pr(X > t)``.

    Attributes
    ----------
    exponent : fmpq, Formula, Diverges or None
        The logarithm of the limit, up to the constants of the two laws: minus infinity where the
        limit is 0, plus infinity where it is infinite, None where it is not known.
    because : str
        The reason, in one line.
    laws : tuple of TailFormulas
        The formulas of V and of X, where the limit is neither 0 nor infinite.
    """

    exponent: fmpq | Formula | Diverges | None
    because: str
    laws: tuple[TailFormulas, TailFormulas] | None = None

    @property
    def value(self) -> arb | Diverges | None:
        """The limit, enclosed at the working precision; 0 is exact, and so is an infinity."""
        if self.exponent is None:
            return None
        if isinstance(self.exponent, Diverges):
            return arb(0) if self.exponent.sign < 0 else Diverges(+1, self.because)
        assert self.laws is not None
        utility, error = self.laws
        return (ball(self.exponent) + utility.constant() - error.constant()).exp()


def upper_mean_ratio(error: Law, utility: Law) -> RatioLimit:
    """The limit of ``E[V; V > t]/Pr(X > t)`` for the laws of X and V.

    With densities it is the limit of ``t f_V(t)/f_X(t)`` (L'Hopital), where that exists.

    Parameters
    ----------
    error, utility : Law
        The laws of X and of V.

    Returns
    -------
    RatioLimit
        Its exponent is None where no limit is known, and where X is bounded above.
    """
    zero = Diverges(-1)
    if not isinstance(error.support[1], Diverges):
        return RatioLimit(None, "X is bounded above, so Pr(X > t) is 0 far out")
    if not isinstance(utility.support[1], Diverges):
        return RatioLimit(zero, "V is bounded above")
    mean = utility.mean()
    if isinstance(mean, Diverges) and mean.sign >= 0:
        return RatioLimit(INFINITE, f"E[V; V > t] is infinite: {mean.because}")
    laws = tail_formulas(utility), tail_formulas(error)
    if laws[0] is not None and laws[1] is not None:
        found = _of_densities(laws[0], laws[1])
        if found.exponent is not None:
            return found
    rate = utility.mgf_abscissa
    light = isinstance(rate, Diverges) or (rate is not None and bool(ball(rate) > 0))
    if light and long_tailed(error).answer == "yes":
        because = (
            "E exp(l V) is finite for some l > 0, and exp(l t) Pr(X > t) -> oo: X is long-tailed"
        )
        return RatioLimit(zero, because)
    return RatioLimit(None, "no limit of t f_V(t)/f_X(t) was found")


def _of_densities(utility: TailFormulas, error: TailFormulas) -> RatioLimit:
    try:
        limit = limit_of_logarithm(log(X) + utility.log_density - error.log_density)
    except ExpressionError as refusal:
        return RatioLimit(None, str(refusal))
    what = "log(t f_V(t)/f_X(t)), without constants,"
    return RatioLimit(
        limit.value, f"{what} tends to {limit.value}: {limit.because}", (utility, error)
    )


def negligible_upper_mean(error: Law, utility: Law) -> Membership:
    """Whether ``E[V; V > t] = o(Pr(X > t))``: what Theorem 5 needs of V, and all that it needs."""
    limit = upper_mean_ratio(error, utility)
    if limit.exponent is None:
        return Membership("unknown", limit.because)
    negligible = limit.exponent == Diverges(-1)
    return Membership("yes" if negligible else "no", limit.because)
