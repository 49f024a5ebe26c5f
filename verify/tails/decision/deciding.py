"""The verdict about an upper tail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from verify.errors import InputError
from verify.tails.atom import above_atom
from verify.tails.copies import one_of_each
from verify.tails.decision.conclusion import conclude
from verify.tails.decision.family import heavy_family
from verify.tails.decision.gamma_tail import GammaTail
from verify.tails.decision.levels import (
    DISTINCT,
    FEWEST,
    Level,
    critical_value,
    usable_levels,
)
from verify.tails.index_interval import index_interval
from verify.tails.rounding import Rounding, detect, is_grid, share_of_ties, spread
from verify.tails.upper_tail import Array, UpperTail
from verify.tails.verdict import Interval, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: At least so many rewards that equal the largest, and more than equal the next value, are a cap.
FEWEST_AT_CAP = 10
#: With fewer different values below it, it may as well be rounding.
FEWEST_BELOW_CAP = 5
#: More ties than this, without a lattice that explains them, are worth a warning.
MOST_TIES = 0.01
#: Scores of so few different values may be all that can occur.
MOST_SCORES = 64
#: The coefficient of the normal law: a finite rate is given where it is ruled out, and a rate is
#: estimated as finite from half-way between it and the exponential on.
NORMAL = 0.5
#: The rate is read off the widest threshold with at most so many rewards above it at 10**4
#: rewards. The number grows with the cube root of theirs, so that the hazard has settled.
RATE_REWARDS = 500


def decide(tail: UpperTail, *, level: float = 0.95, rounding: Rounding | None = None) -> Verdict:
    """Is the tail bounded, light or heavy?

    Parameters
    ----------
    tail : UpperTail
        The largest rewards of the sample: the top 5 % at least. More helps the interval of the
        extreme-value index.
    level : float, optional
        Of the intervals, above 1/2. A light tail whose hazard falls no more than that of a gamma
        law with shape 1/2 is called heavy with probability at most about ``(1 - level)/2``, and
        not light with at most about ``1 - level``.
    rounding : Rounding, optional
        How the rewards were rounded, where the tail has been spread over the cells already. Else
        it is looked for here, and the tail is spread.

    Raises
    ------
    InputError
        If the level is not between 1/2 and 1.
    """
    if not 0.5 < level < 1:
        raise InputError(f"level: expected above 0.5 and below 1, got {level}")
    tail, warnings = one_of_each(tail)
    given = tail
    capped = _at_cap(_as_numpy(tail.values))
    if rounding is None:
        rounding = detect(tail.values)
        tail = tail if rounding is None else spread(tail, rounding)
    warnings += () if rounding is None else (str(rounding),)
    tail, atom = above_atom(tail)
    warnings += atom
    values = _as_numpy(tail.values)
    nothing = Interval(math.nan, -math.inf, math.inf, level)
    if capped:
        because = f"{capped:,} rewards equal the largest one: they end there, as at a cap."
        return Verdict("bounded", None, nothing, None, capped, because, warnings, capped=capped)
    cells = None if rounding is None else _cell_widths(values, rounding)
    levels = usable_levels(values, tail.count, cells)
    if not levels:
        because = _no_threshold(tail, given, rounding)
        return Verdict("cannot tell", None, nothing, None, 0, because, warnings)
    shape, k = index_interval(tail, level)
    found = conclude(levels, shape, level)
    significant = critical_value((1 + level) / 2, 1)
    return Verdict(
        found.kind,
        heavy_family(found.level, significant) if found.kind == "heavy" else None,
        shape,
        light_rate(levels, values, tail.count, level) if found.kind == "light" else None,
        k,
        found.because,
        warnings if rounding is not None else warnings + _copies(values),
        found.ruled_out,
    )


def light_rate(levels: Sequence[Level], values: Floats, count: int, confidence: float) -> Interval:
    """The exponential rate of a light tail; infinite where the hazard rises as a normal one does.

    No sample tells a finite rate from one that is infinite by a hair. The upper end is finite
    where tails as light as the normal one are ruled out.
    """
    widest = levels[0]
    most = RATE_REWARDS * max(1.0, (count / 10_000) ** (1 / 3))
    k = next((level.k for level in levels if level.k <= most), levels[-1].k)
    rate = GammaTail.of(values[:k] - values[k], count).rate(confidence)
    finite = widest.tail.signed_root(NORMAL) > critical_value((1 + confidence) / 2, 1)
    settles = finite or widest.tail.coefficient > (1 + NORMAL) / 2
    return Interval(
        rate.value if settles else math.inf, rate.low, rate.high if finite else math.inf, confidence
    )


def _as_numpy(values: Array) -> Floats:
    """The values on the processor, in float64."""
    import numpy as np

    found: Floats = np.asarray(
        values.detach().cpu() if hasattr(values, "detach") else values, np.float64
    )
    return found


def _at_cap(values: Floats) -> int:
    """How many rewards equal the largest, if that is a cap; else 0."""
    import numpy as np

    if not len(values):
        return 0
    first = np.flatnonzero(np.diff(values)) + 1
    if len(first) < FEWEST_BELOW_CAP or first[0] < FEWEST_AT_CAP:
        return 0
    return int(first[0]) if first[0] > first[1] - first[0] else 0


def _cell_widths(values: Floats, rounding: Rounding) -> Floats:
    """How wide the rounding cell around each value is."""
    import numpy as np

    if rounding.mantissa_bits is None:
        return np.full(len(values), rounding.step)
    _, exponent = np.frexp(values)
    widths: Floats = np.maximum(np.ldexp(1.0, exponent - rounding.mantissa_bits), rounding.step)
    return widths


def _copies(values: Floats) -> tuple[str, ...]:
    """A warning where values that are not rounded tie."""
    ties = share_of_ties(values)
    if ties <= MOST_TIES or is_grid(values):
        return ()
    return (
        f"{ties:.1%} of the largest rewards equal another one, and no rounding explains that: if "
        "rows were copied, all errors are larger than shown.",
    )


def _no_threshold(tail: UpperTail, given: UpperTail, rounding: Rounding | None) -> str:
    """Why no threshold can be used, from the rewards as they were given and what is left of them.

    What is left was spread over its cells, and lies above what many rewards equal.
    """
    import numpy as np

    values, often = np.unique(_as_numpy(given.values), return_counts=True)
    different = len(often)
    if given.kept > FEWEST and different <= MOST_SCORES and np.median(often) > 1:
        which = "rewards" if given.kept == given.count else f"largest {given.kept} rewards"
        called = "one value," if different == 1 else f"{different} different values, the largest"
        return (
            f"The {which} take {called} {values[-1]:.6g}: the tail is bounded, unless larger ones "
            "can occur. If they are rounded, the shape of their tail is lost: score with more "
            "digits, such as in fp32."
        )
    if rounding is not None and tail.kept > FEWEST:
        return (
            "The rewards are rounded so coarsely that the cells hide the shape of the tail: scores "
            "with more digits, such as in fp32, would show it, and more of these do not."
        )
    different = len(np.unique(_as_numpy(tail.values)))
    if tail.kept > FEWEST and different < DISTINCT * tail.kept:
        return (
            f"The largest {tail.kept} rewards take no more than {different} different values: "
            "if no others can occur the tail is bounded, if they are rounded its shape is lost."
        )
    if tail.count == 1:
        return "One reward says nothing about a tail."
    return f"Of {tail.count:,} rewards too few lie in the tail to say anything about it."
