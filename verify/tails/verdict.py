"""What the audit decides about a tail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["bounded", "light", "heavy", "cannot tell"]


@dataclass(frozen=True)
class Interval:
    """An estimate with a confidence interval.

    Attributes
    ----------
    value, low, high : float
        The estimate and the ends of the interval; an end may be infinite.
    level : float
        The confidence level aimed at; how often it is met was measured (docs, "calibration").
    """

    value: float
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True)
class Verdict:
    """The decision about the upper tail of a sample.

    The line runs between finite and infinite exponential moments (THEORY sections 0-2): an
    exponential tail is light, a lognormal one heavy although its extreme-value index is 0.

    Attributes
    ----------
    kind : {'bounded', 'light', 'heavy', 'cannot tell'}
    family : {'power law', 'subexponential'} or None
        What kind of heavy tail, where it is heavy and the sample tells.
    shape : Interval
        The extreme-value index (GPD shape xi): 1/a for a power law of index a, 0 for an
        exponential or a lognormal tail, negative for a bounded one. Unchanged by shift and
        positive scale.
    rate : Interval or None
        ``sup{l : E e^{lX} < oo}`` per unit of reward, where the tail is called light.
    k : int
        How many of the largest rewards the estimate rests on.
    because : str
        One sentence: what decided.
    warnings : tuple of str
        What the reader should know before relying on it.
    ruled_out : float or None
        Where the tail is called light: the Weibull-tail coefficient from which on tails are ruled
        out at the level. A tail is heavy above 1, so that tails between the two may pass as light.
    capped : int
        How many rewards equal the largest one, where they end there as if clipped; else 0.
    """

    kind: Kind
    family: Literal["power law", "subexponential"] | None
    shape: Interval
    rate: Interval | None
    k: int
    because: str
    warnings: tuple[str, ...] = ()
    ruled_out: float | None = None
    capped: int = 0
