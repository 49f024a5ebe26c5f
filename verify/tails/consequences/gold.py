"""What optimising the proxy does to a gold score, from answers that carry both.

Under the tilt ``w ~ e^{l U}`` of the sample, ``E_l V`` is a self-normalised average, and
``d/dl E_l V = Cov_l(U, V)``: the gold score falls exactly from where that covariance turns negative
(THEORY section 4). Best-of-n is estimated without bias, and the forms of Gao et al. are fitted to
its curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

from verify.best_of.estimate import BestOfEstimate, ScoredSample
from verify.divergence import KL
from verify.errors import InputError
from verify.overoptimization.fit import fit_curve
from verify.overoptimization.forms import best_of_n_kl
from verify.overoptimization.samples import FEWEST_PER_N, FEWEST_POINTS, curve_of_answers
from verify.tails.consequences.answer import Answer, number
from verify.tails.consequences.best_mean import best_tilt, price_of_top
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.fitted_tail import TWO_SIDED
from verify.tails.consequences.gold_of_best import turn_of_best

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verify.overoptimization.answer import CurveFit

    Floats = NDArray[np.float64]

#: KL divergences along the tilt path, as shares of what the largest proxy costs.
PATH = tuple((k / 24) ** 2 for k in range(1, 24))
#: A tilt that rests on fewer answers is marked.
FEWEST = 100.0
#: Answers that the fit is made with at most, drawn by a seed, and how often they are drawn anew.
MOST_ANSWERS = 2**14
RESAMPLES = 100


@dataclass(frozen=True)
class TiltPoint:
    """The gold score under one tilt of the proxy.

    Attributes
    ----------
    tilt : float
        l, per unit of the proxy.
    kl : float
        The KL divergence of the tilted sample from the sample, in nats.
    proxy : float
        The mean proxy.
    gold : Answer
        The mean gold score, with a 95 % interval of the delta method.
    covariance : Answer
        ``Cov_l(U, V)``, likewise.
    effective : float
        How many answers it rests on: one over the sum of the squared weights.
    """

    tilt: float
    kl: float
    proxy: float
    gold: Answer
    covariance: Answer
    effective: float

    @property
    def reliable(self) -> bool:
        """Whether it rests on FEWEST answers or more."""
        return self.effective >= FEWEST

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tilt": number(self.tilt),
            "kl": number(self.kl),
            "proxy": number(self.proxy),
            "gold": self.gold.as_json(),
            "covariance": self.covariance.as_json(),
            "effective_answers": number(self.effective),
            "reliable": self.reliable,
        }


@dataclass(frozen=True, eq=False)
class Gold:
    """What optimising the proxy does to the gold score.

    Attributes
    ----------
    tilts : tuple of TiltPoint
        Along the tilt path, l = 0 first.
    turn : Answer
        The KL divergence at which ``Cov_l(U, V)`` first turns negative.
    best_of : tuple of BestOfEstimate
        The gold score of the best of n by the proxy.
    best_of_turn : Answer
        The n from which on that falls. It may be seen where no tilt is: under a heavy proxy few
        answers carry the tilts.
    fit : CurveFit or None
        The forms of Gao et al.; None where there are too few answers.
    warnings : tuple of str
        What the reader should know.
    """

    tilts: tuple[TiltPoint, ...]
    turn: Answer
    best_of: tuple[BestOfEstimate, ...]
    best_of_turn: Answer
    fit: CurveFit | None
    warnings: tuple[str, ...]

    @property
    def best_of_curve(self) -> tuple[tuple[BestOfEstimate, float, Answer], ...]:
        """Each estimate of the best of n, its KL divergence, and its mean with a 95 % interval."""
        import numpy as np

        kl = best_of_n_kl(np.array([float(each.n) for each in self.best_of]))
        return tuple(
            (each, float(cost), _with_error(each))
            for each, cost in zip(self.best_of, kl, strict=True)
        )

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tilts": [point.as_json() for point in self.tilts],
            "turn": {**self.turn.as_json(), "best_of_n": self.best_of_turn.as_json()},
            "best_of_n": [
                {
                    "n": each.n,
                    "kl": number(cost),
                    "gold": number(each.mean),
                    "standard_error": number(each.standard_error),
                    "effective_answers": number(each.effective),
                }
                for each, cost, _ in self.best_of_curve
            ],
            "fit": None if self.fit is None else self.fit.to_dict(),
            "warnings": list(self.warnings),
        }


def _with_error(found: BestOfEstimate) -> Answer:
    because = f"unbiased; it rests on {found.effective:.3g} answers"
    low = high = None
    if found.standard_error is not None:
        off = TWO_SIDED * found.standard_error
        low, high = found.mean - off, found.mean + off
    return Answer(found.mean, low, high, "estimated from these rewards", because)


def gold_of(proxy: Any, gold: Any, seed: int = 0, resamples: int = RESAMPLES) -> Gold:
    """What optimising the proxy does to the gold score.

    Parameters
    ----------
    proxy, gold : array of shape (n,)
        The two scores of each answer of the base policy; finite.
    seed : int
        Of the answers that the fit is made with, and of their resamples.
    resamples : int
        How often they are drawn anew for the intervals of the fit.

    Raises
    ------
    InputError
        If the scores do not fit together, some are not finite, or those of one kind are all equal.
    """
    import numpy as np

    scored = ScoredSample(proxy, gold)
    proxies, golds = (np.asarray(scores, dtype=np.float64) for scores in (proxy, gold))
    cells = CellLaw.of(proxies)
    if (why := nothing_to_trade(proxies, golds)) is not None:
        raise InputError(f"{why}; expected at least two different values of each")
    path = TiltPath(proxies, golds)
    price = price_of_top(cells, KL)
    tilts = [best_tilt(cells, share * price) for share in PATH]
    points = tuple(path.at(tilt) for tilt in (0.0, *tilts) if tilt is not None)
    sizes = [2**k for k in range(64) if FEWEST_PER_N * 2**k <= scored.size]
    fit, warnings = _fitted(proxies, golds, seed, resamples)
    best_of = tuple(scored.best_of(n) for n in sizes)
    found = turn_of_best(scored, best_of)
    return Gold(points, _turn(path, points), best_of, found, fit, warnings)


def nothing_to_trade(proxy: Floats, gold: Floats) -> str | None:
    """Why no optimisation of the proxy could move the gold score; None where it may."""
    for what, scores in (("rewards", proxy), ("gold scores", gold)):
        if scores.min() == scores.max():
            return (
                f"the {what} are all equal, so that no optimisation of the rewards moves the gold "
                "score"
            )
    return None


class TiltPath:
    """Tilts of a sample by the proxy.

    Parameters
    ----------
    proxy, gold : array of shape (n,)
        The two scores of each answer.
    """

    def __init__(self, proxy: Floats, gold: Floats) -> None:
        self.proxy, self.gold = proxy, gold
        self.below = proxy - proxy.max()

    def at(self, tilt: float) -> TiltPoint:
        """What one tilt does."""
        import numpy as np

        with np.errstate(under="ignore"):
            weights = np.exp(tilt * self.below)
            mass = float(weights.sum())
            weights /= mass
            effective = 1 / float((weights**2).sum())
        below, gold = (float((weights * each).sum()) for each in (self.below, self.gold))
        off, away = self.gold - gold, self.below - below
        product = away * off
        covariance = float((weights * product).sum())
        return TiltPoint(
            tilt,
            max(0.0, tilt * below - log(mass / len(weights))),
            float(self.proxy.max()) + below,
            _interval(gold, weights, off, effective),
            _interval(covariance, weights, product - covariance, effective),
            effective,
        )

    def covariance(self, tilt: float) -> float:
        """``Cov_l(U, V)``."""
        found = self.at(tilt).covariance.value
        assert found is not None
        return found


def _interval(value: float, weights: Floats, off: Floats, effective: float) -> Answer:
    """A self-normalised average with the interval of the delta method: ``sum w^2 off^2``."""
    if effective < FEWEST:
        because = f"it rests on {effective:.3g} answers, too few for an interval"
        return Answer(value, None, None, "estimated from these rewards", because)
    error = TWO_SIDED * float(((weights * off) ** 2).sum()) ** 0.5
    because = f"self-normalised weights; it rests on {effective:.3g} answers"
    return Answer(value, value - error, value + error, "estimated from these rewards", because)


def _turn(path: TiltPath, points: tuple[TiltPoint, ...]) -> Answer:
    """Where the covariance first turns negative, among tilts that rest on enough answers."""
    from scipy.optimize import brentq

    reliable = [point for point in points if point.reliable]
    for place, point in enumerate(reliable):
        if point.covariance.value is None or point.covariance.value >= 0:
            continue
        clear = next((each for each in reliable[place:] if _falls(each)), None)
        how = "though nowhere clearly" if clear is None else f"clearly from KL {clear.kl:.3g} on"
        if place == 0:
            because = f"any optimisation of the proxy lowers the gold score, {how}"
            return Answer(0.0, None, None, "estimated from these rewards", because)
        before = reliable[place - 1]
        tilt = float(brentq(path.covariance, before.tilt, point.tilt, xtol=1e-9))
        because = f"from here on more optimisation lowers the gold score, {how}"
        return Answer(
            path.at(tilt).kl, before.kl, point.kl, "estimated from these rewards", because
        )
    if not reliable:
        because = f"no tilt rests on {FEWEST:g} answers, and neither does the base policy"
        return Answer(None, None, None, "estimated from these rewards", because)
    last = reliable[-1].kl
    because = f"no turn seen up to KL {last:.3g}, where the answers get too few"
    return Answer(None, last, None, "estimated from these rewards", because)


def _falls(point: TiltPoint) -> bool:
    """Whether the gold score falls there beyond chance."""
    return point.covariance.high is not None and point.covariance.high < 0


def _fitted(
    proxy: Floats, gold: Floats, seed: int, resamples: int
) -> tuple[CurveFit | None, tuple[str, ...]]:
    import numpy as np

    fewest = FEWEST_PER_N * 2 ** (FEWEST_POINTS - 1)
    if len(proxy) < fewest:
        return None, (f"no curve was fitted: {len(proxy)} answers, fewer than {fewest}",)
    warnings = []
    if len(proxy) > MOST_ANSWERS:
        chosen = np.random.default_rng(seed).permutation(len(proxy))[:MOST_ANSWERS]
        proxy, gold = proxy[chosen], gold[chosen]
        warnings.append(f"the forms are fitted to {MOST_ANSWERS} of the answers, drawn at random")
    fit = fit_curve(curve_of_answers(proxy, gold, resamples, seed))
    return fit, (*warnings, *(f"the fits to the best of n: {each}" for each in fit.warnings))
