"""What the statistics at all thresholds say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verify.tails.decision.levels import Level, critical_value
from verify.tails.verdict import Interval, Kind

#: A light verdict needs so many rewards above the widest threshold, ...
FEWEST_LIGHT = 60
#: ... and rules out tails as heavy as that of a Weibull law with shape 1/2.
RULED_OUT = 2.0
#: Thresholds with fewer rewards above them are not held against a heavy tail.
FEWEST_AGAINST = 100


@dataclass(frozen=True, eq=False)
class Conclusion:
    """The kind of tail, the threshold that decided, why, and from where on a light one is not."""

    kind: Kind
    level: Level
    because: str
    ruled_out: float | None = None


def conclude(levels: Sequence[Level], index: Interval, confidence: float) -> Conclusion:
    """From the thresholds, the widest first, at least one, and the extreme-value index.

    Heavy where the largest of the statistics is larger than light tails let it be, unless the tail
    bends back further out. Bounded or light by the widest threshold, which knows most; not light
    where the index is clearly that of a power law.
    """
    widest = levels[0]
    top = max(levels, key=lambda level: level.heaviness)
    if top.heaviness > critical_value((1 + confidence) / 2, len(levels)):
        return _bends_back(top, levels, confidence) or Conclusion("heavy", top, _heavy(top))
    one_sided = critical_value((1 + confidence) / 2, 1)
    if widest.tail.signed_root(widest.lowest_line) < -one_sided:
        return Conclusion("bounded", widest, _bounded(widest))
    if widest.k < FEWEST_LIGHT or _highest(widest, confidence) >= RULED_OUT:
        return Conclusion("cannot tell", widest, _too_wide(widest))
    if top.heaviness > critical_value(confidence, len(levels)):
        return Conclusion("cannot tell", top, _between(top))
    if index.low > 0:
        return Conclusion("cannot tell", widest, _contradicted(widest, index))
    highest = _highest(widest, confidence)
    return Conclusion("light", widest, _light(widest, highest), highest)


def _bends_back(top: Level, levels: Sequence[Level], confidence: float) -> Conclusion | None:
    """Not heavy after all, if further out not even half of the excess over 1 is left.

    The coefficient of a heavy tail stays or grows with the threshold; that of a mixture of
    exponentials, or of a heavy law that is cut off, falls back.
    """
    half = (1 + top.tail.coefficient) / 2
    for level in levels:
        if FEWEST_AGAINST <= level.k < top.k and _highest(level, confidence) < half:
            return Conclusion("cannot tell", level, _against(top, level))
    return None


def _highest(level: Level, confidence: float) -> float:
    """The upper end of a one-sided interval for the coefficient."""
    return level.tail.coefficient + critical_value(confidence, 1) * level.tail.error


# ---------------------------------------------------------------- in words


def _heavy(top: Level) -> str:
    return (
        f"Among the largest {top.k} rewards the hazard rate falls: their Weibull-tail coefficient "
        f"is {_shown(top)}, which is {top.heaviness:.1f} standard errors above {top.line:.2f}, "
        "where light tails end."
    )


def _against(top: Level, level: Level) -> str:
    return (
        f"The largest {top.k} rewards look heavy (Weibull-tail coefficient {_shown(top)}), but the "
        f"tail bends back: the largest {level.k} have {_shown(level)}, and 1 or less is light."
    )


def _bounded(widest: Level) -> str:
    return (
        f"Among the largest {widest.k} rewards the hazard rate rises as towards an end: their "
        f"Weibull-tail coefficient is {_shown(widest)}, and less than 0 is bounded."
    )


def _too_wide(widest: Level) -> str:
    return (
        f"Too few rewards lie in the tail: the largest {widest.k} have the Weibull-tail "
        f"coefficient {_shown(widest)}, and the line between light and heavy is at 1."
    )


def _between(top: Level) -> str:
    return (
        f"The largest {top.k} rewards have the Weibull-tail coefficient {_shown(top)}: too large "
        "to pass as light, too uncertain to be called heavy."
    )


def _contradicted(widest: Level, index: Interval) -> str:
    return (
        f"The largest {widest.k} rewards pass as light (Weibull-tail coefficient {_shown(widest)}),"
        f" but the extreme-value index is {index.low:.2f} or more, as in a power law."
    )


def _light(widest: Level, highest: float) -> str:
    return (
        f"No threshold shows a falling hazard rate: the largest {widest.k} rewards have the "
        f"Weibull-tail coefficient {_shown(widest)}, and exponential tails have 1. What this "
        f"sample rules out is a coefficient above {highest:.2f}."
    )


def _shown(level: Level) -> str:
    return f"{level.tail.coefficient:.2f} (standard error {level.tail.error:.2f})"
