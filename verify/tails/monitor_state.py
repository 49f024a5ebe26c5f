"""What a window of rewards looks like, and the warnings that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log, nan, sqrt
from typing import TYPE_CHECKING

from verify.tails.atom import FEWEST as FEWEST_TIED
from verify.tails.atom import SHARE, above_atom
from verify.tails.estimators import exponential_test
from verify.tails.index_interval import index_interval, largest_used
from verify.tails.rounding import cells, detect, spread
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: The share of the largest rewards that the test of the tail takes.
TAIL = 0.02
#: Fewer rewards in the tail say nothing.
FEWEST = 50
#: Signed root of the likelihood ratio, generalised Pareto against exponential excesses, from which
#: a tail is called heavy. It is normal under an exponential tail. In 20 runs each of normal,
#: exponential, logistic and gamma(0.5) rewards, 100 windows long and looked at 16 times a window,
#: the largest were 1.7, 3.7, 3.6 and 4.3. In runs of 20 windows with Student t(3), t(5), lognormal
#: or Weibull(0.5) rewards, 3 each, the largest of each run was above 5.3.
CRITICAL = 4.5
#: The share of the total that is looked at is that of the largest so many, per reward.
TOP = 0.001
#: From this multiple of its first value on, the share is said to rise.
RISE = 2.0
#: A mean has run away when it rises by more than so many times what an exponential law with the
#: first standard deviation could at its KL divergence, and by more than so many standard errors.
#: The multiple leaves room for gamma laws down to shape 1/2, at any KL.
BEYOND, ERRORS = 1.5, 4.0


@dataclass(frozen=True, eq=False)
class Window:
    """The rewards that are held, each with what belongs to it.

    Attributes
    ----------
    rewards, within, kl : arrays of shape (held,), float64
        Finite rewards; the same less the mean of their prompt; KL divergences in nats. NaN where
        the latter two are not known.
    """

    rewards: Floats
    within: Floats
    kl: Floats


@dataclass(frozen=True)
class Start:
    """What rewards were like at the start: those of the base policy, or the first full window.

    Attributes
    ----------
    count : int
        Its rewards.
    mean, deviation : float
        In units of reward.
    share : float
        See :attr:`State.share_of_top`.
    """

    count: int
    mean: float
    deviation: float
    share: float

    @classmethod
    def of(cls, rewards: Floats) -> Start:
        """What these rewards are like."""
        return cls(len(rewards), float(rewards.mean()), float(rewards.std()), share_of_top(rewards))


@dataclass(frozen=True)
class State:
    """What the last rewards look like.

    Attributes
    ----------
    steps, seen : int
        Updates and rewards so far.
    held : int
        Rewards that all other numbers are about.
    left_out : int
        Rewards so far that were missing, NaN or infinite.
    mean, median, largest : float
        In units of reward; NaN before the first.
    kl : float
        The mean KL divergence, in nats; NaN where it is not known.
    share_of_top : float
        Which share of what lies above the median, summed up, the top 0.1 % carries: 0.8 % for a
        normal law, 1.4 % for an exponential one. NaN for fewer than 1000 rewards.
    tied_at_top : float
        Which share of the rewards equals the largest one. NaN before the first.
    ends_in_ties : bool
        Whether these are too many for a tail: the rewards are clipped there, or cannot be larger,
        or the answers are alike, or the rewards are coarse. No index is given.
    shape : Interval
        The extreme-value index of the rewards: 1/a for a power law of index a, 0 for an
        exponential tail, below 0 for a bounded one. Unchanged by shift and scale.
    shape_within : Interval
        That of the rewards less the mean of their prompt, as a policy cannot choose its prompts;
        NaN where no step had two rewards for a prompt, and where the rewards end in ties: less
        the means of their steps they would look like a tail.
    warnings : dict
        From ``heavy tail``, ``heavy tail within prompts``, ``share rising`` and ``reward beyond
        KL`` to a sentence each.
    """

    steps: int
    seen: int
    held: int
    left_out: int
    mean: float
    median: float
    largest: float
    kl: float
    share_of_top: float
    tied_at_top: float
    ends_in_ties: bool
    shape: Interval
    shape_within: Interval
    warnings: dict[str, str]

    @property
    def tail(self) -> str:
        """What can be said of the upper tail of the rewards that are held, in a sentence."""
        if self.ends_in_ties:
            return (
                f"{round(self.tied_at_top * self.held):,} of {self.held:,} rewards equal the "
                f"largest, {self.largest:.4g}: bounded there, or too coarse, they have no tail"
            )
        if any(kind in self.warnings for kind in _OF_TAILS):
            return " ".join(self.warnings[kind] for kind in _OF_TAILS if kind in self.warnings)
        if isfinite(self.shape.value):
            shape = self.shape
            return (
                f"the tail of {self.held:,} rewards is not called heavy (extreme-value index "
                f"{shape.value:.2g}, {shape.low:.2g} to {shape.high:.2g})"
            )
        return f"{self.held:,} rewards are too few, or too often equal, for their tail"

    def metrics(self) -> dict[str, float]:
        """Numbers for a tracker of experiments, those that are not known left out."""
        found = {
            "held": float(self.held),
            "left_out": float(self.left_out),
            "mean": self.mean,
            "median": self.median,
            "largest": self.largest,
            "kl": self.kl,
            "share_of_top": self.share_of_top,
            "tied_at_top": self.tied_at_top,
            "shape": self.shape.value,
            "shape_low": self.shape.low,
            "shape_high": self.shape.high,
            "shape_within": self.shape_within.value,
            "warnings": float(len(self.warnings)),
        }
        return {f"goodhart/{name}": value for name, value in found.items() if isfinite(value)}


def state_of(
    steps: int, seen: int, left_out: int, window: Window, start: Start | None, seed: int
) -> State:
    """What a window looks like, compared with the first one."""
    import numpy as np

    values = window.rewards
    known = window.kl[np.isfinite(window.kl)]
    some = len(values) > 0
    tied = int((values == values.max()).sum()) if some else 0
    ends_in_ties = tied >= max(FEWEST_TIED, SHARE * TAIL * len(values))
    judged = (values[:0], values[:0]) if ends_in_ties else (values, _within(window, seed))
    (shape, root), (shape_within, root_within) = (_shape_and_root(each, seed) for each in judged)
    warnings = {}
    if root >= CRITICAL:
        warnings["heavy tail"] = _HEAVY.format("", shape.value, root)
    if root_within >= CRITICAL:
        text = _HEAVY.format(" within prompts", shape_within.value, root_within)
        warnings["heavy tail within prompts"] = text
    state = State(
        steps,
        seen,
        len(values),
        left_out,
        float(values.mean()) if some else nan,
        float(np.median(values)) if some else nan,
        float(values.max()) if some else nan,
        float(known.mean()) if len(known) else nan,
        share_of_top(values),
        tied / len(values) if some else nan,
        ends_in_ties,
        shape,
        shape_within,
        warnings,
    )
    if start is not None:
        warnings.update(_changes(state, start, window))
    return state


_HEAVY = (
    "the largest rewards{} fall off more slowly than exponentially (extreme-value index {:.2g}, "
    "{:.1f} standard deviations from an exponential tail)"
)


#: The kinds of warnings that are of a tail.
_OF_TAILS = ("heavy tail", "heavy tail within prompts")


def _within(window: Window, seed: int) -> Floats:
    """The rewards less the mean of their prompt, with rounded ones spread over their cells.

    Each step has a mean of its own, and takes it from a lattice of rewards: what is left lies on
    many lattices, on which no rounding would be found.
    """
    import numpy as np

    within = window.within
    rounding = detect(window.rewards) if np.isfinite(within).any() else None
    if rounding is not None:
        order = np.argsort(window.rewards, kind="stable")
        ascending = window.rewards[order]
        low, high = cells(ascending, rounding)
        within = within.copy()
        within[order] += np.random.default_rng(seed).uniform(low, high) - ascending
    return within[np.isfinite(within)]


def share_of_top(values: Floats) -> float:
    """Which share of what lies above the median, summed up, the top 0.1 % carries.

    NaN for fewer than 1000 values, and where none lies above the median.
    """
    import numpy as np

    top = int(len(values) * TOP)
    if not top:
        return nan
    above = np.maximum(values - np.median(values), 0.0)
    total = float(above.sum())
    return float(np.partition(above, -top)[-top:].sum()) / total if total > 0 else nan


def _shape_and_root(values: Floats, seed: int) -> tuple[Interval, float]:
    """The extreme-value index, and how many standard deviations the tail is from exponential."""
    k = int(TAIL * len(values))
    # Twice what is used: rounded rewards in the lowest cell are lost in spreading.
    tail = UpperTail.of(values, 2 * max(largest_used(len(values)), k) + 1)
    rounding = detect(tail.values)
    if rounding is not None:
        tail = spread(tail, rounding, seed)
    tail, _ = above_atom(tail)
    shape, _ = index_interval(tail)
    k = tail.untied(min(k, int(TAIL * tail.count)))
    if k < FEWEST:
        return shape, -inf
    return shape, exponential_test(tail.excesses(k)).signed_root


def _changes(state: State, start: Start, window: Window) -> dict[str, str]:
    """What the window warns of against the first one."""
    found = {}
    share = state.share_of_top
    if share >= RISE * start.share:
        found["share rising"] = (
            f"the top 0.1 % of answers carries {share:.1%} of the reward above the median, "
            f"{share / start.share:.1f} times the {start.share:.1%} at the start"
        )
    error = sqrt(start.deviation**2 / start.count + float(window.rewards.var()) / state.held)
    gain = state.mean - start.mean
    if isfinite(state.kl):
        usual = start.deviation * exponential_gain(max(state.kl, 0.0))
        if gain > BEYOND * usual + ERRORS * error:
            found["reward beyond KL"] = (
                f"the mean reward rose by {gain:.3g} at a KL of {state.kl:.3g} nats, where an "
                f"exponential tail with the spread of the start allows {usual:.3g}"
            )
    return found


def exponential_gain(kl: float) -> float:
    """How far a policy at a KL divergence can raise the mean of an exponential law of mean 1.

    ``w - 1`` where ``w - log w = 1 + kl`` and w is at least 1. Newton's method
    comes down to it from ``1 + kl + sqrt(2 kl)``, which is above.
    """
    w = 1 + kl + sqrt(2 * kl)
    while w > 1:
        lower = w - (w - log(w) - 1 - kl) / (1 - 1 / w)
        if not lower < w:
            break
        w = lower
    return w - 1
