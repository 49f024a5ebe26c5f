"""The curve of best-of-n from scored answers of the base policy, without a policy for each n.

All points come from the same answers, so that their errors hang together. What that does to a fit
is found by drawing the answers anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from verify.best_of.estimate import BestOfEstimate, ScoredSample
from verify.errors import InputError
from verify.overoptimization.data import CurveData, columns_of
from verify.overoptimization.forms import best_of_n_kl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Answers for each of the n: the best of n then rests on about twice as many.
FEWEST_PER_N = 50
#: Points of a curve at least; n is a power of 2.
FEWEST_POINTS = 4
#: Times that the answers are drawn anew, where nothing else is asked for.
RESAMPLES = 200


@dataclass(frozen=True, eq=False)
class SampledCurve(CurveData):
    """A curve of best-of-n that was estimated from answers.

    Attributes
    ----------
    estimates : tuple of BestOfEstimate
        The gold score of the best of n, with its standard error.
    drawn : dict
        For ``gold`` and ``proxy`` the curves of answers drawn anew, a row each.
    answers : int
        How many there are.
    tied : int
        How many of them share their proxy score with another.
    """

    estimates: tuple[BestOfEstimate, ...] = ()
    drawn: dict[str, Floats] = field(default_factory=dict)
    answers: int = 0
    tied: int = 0


def read_answers(
    path: str,
    gold: str | None = None,
    proxy: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> SampledCurve:
    """The curve of a file with a scored answer in each row.

    Parameters
    ----------
    path : str
        A .csv, .json, .jsonl or .parquet file.
    gold, proxy : str, optional
        Its columns; those that are not given are looked for under the usual names.
    resamples, seed : int
        How often the answers are drawn anew, and the seed of that.

    Raises
    ------
    InputError
        One line: the file cannot be read, a column is missing, or there are too few answers.
    """
    asked = {"gold": gold, "proxy": proxy}
    columns, guessed, found, _ = columns_of(path, asked, ("gold", "proxy"))
    return curve_of_answers(
        found["proxy"], found["gold"], resamples, seed, path, columns, tuple(guessed)
    )


def curve_of_answers(
    proxy: Any,
    gold: Any,
    resamples: int = RESAMPLES,
    seed: int = 0,
    path: str = "answers",
    columns: dict[str, str] | None = None,
    guessed: tuple[str, ...] = (),
) -> SampledCurve:
    """The curve of best-of-n for n = 1, 2, 4, ..., up to a fiftieth of the answers.

    Parameters
    ----------
    proxy, gold : array of float
        The scores of independent answers of the base policy.
    resamples, seed : int
        How often the answers are drawn anew, and the seed of that.
    path, columns, guessed
        As in :class:`CurveData`.

    Raises
    ------
    InputError
        If there are too few answers, some scores are not finite, or nothing is to be drawn.
    """
    import numpy as np

    proxies, golds = (np.asarray(scores, dtype=np.float64) for scores in (proxy, gold))
    sample = ScoredSample(proxies, golds)
    ns = [2**k for k in range(64) if FEWEST_PER_N * 2**k <= sample.size]
    if len(ns) < FEWEST_POINTS:
        fewest = FEWEST_PER_N * 2 ** (FEWEST_POINTS - 1)
        raise InputError(f"{path}: {sample.size} answers; expected {fewest} or more")
    if resamples < 1:
        raise InputError(f"resamples of answers: expected 1 or more, got {resamples}")
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[Floats]] = {"gold": [], "proxy": []}
    for _ in range(resamples):
        chosen = rng.integers(0, sample.size, sample.size)
        for name, scores in (("gold", golds), ("proxy", proxies)):
            drawn[name].append(_means(proxies[chosen], scores[chosen], ns))
    _, counts = np.unique(proxies, return_counts=True)
    return SampledCurve(
        path,
        columns or {"proxy": "proxy", "gold": "gold"},
        guessed,
        best_of_n_kl(np.array(ns, dtype=np.float64)),
        _means(proxies, golds, ns),
        _means(proxies, proxies, ns),
        estimates=tuple(sample.best_of(n) for n in ns),
        drawn={name: np.array(rows) for name, rows in drawn.items()},
        answers=sample.size,
        tied=int(counts[counts > 1].sum()),
    )


def _means(proxy: Floats, scores: Floats, ns: list[int]) -> Floats:
    """The mean score of the best of n for each n."""
    import numpy as np

    sample = ScoredSample(proxy, scores)
    return np.array([sample.best_of(n, error=False).mean for n in ns])
