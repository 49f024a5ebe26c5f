"""Rounded rewards: reward models answer in bf16, people in whole points.

Rounded rewards tie, and ties wreck estimators that are made for continuous laws. Where a sample
lies on a lattice that is coarse enough to matter, each value is spread evenly over the cell of
reals that are rounded to it. Duplicates that lie on no lattice (a row that was read twice, a
reward that was clipped) are no rounding, and are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.tails.upper_tail import Array, UpperTail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Values of more significant bits are not called rounded: float32 has 24, fp16 11, bf16 8.
MOST_BITS = 16
#: Cells matter from this share of the standard error of a mean on (the distance of the quartiles,
#: over the root of the count): with smaller ones, rounding moves no estimate by more than that.
MATTERS = 0.01
#: Fewer distinct values lie on some lattice by accident.
FEWEST = 5
#: The top so many gaps share one step: each is an odd multiple of it with probability 1/2, so that
#: all of them are even by chance once in 2**16.
TOGETHER = 16
#: A mean width of cells is taken over at least so many of the values, where there are more.
SOME = 1000
#: How far from whole a multiple of the step may be: float64 tells nothing about steps smaller
#: than that.
OFF_LATTICE = 0.05


@dataclass(frozen=True)
class Rounding:
    """The lattice that rewards lie on.

    Attributes
    ----------
    mantissa_bits : int or None
        Each value has at most so many significant bits, the leading one counted: 8 in bf16, 11 in
        fp16. None where that says nothing: a decimal grid, or rounded values that were shifted.
    step : float
        All differences of values are multiples of it.
    ties : float
        Which share of the values equals another one.
    distinct : int
        How many different values there are.
    """

    mantissa_bits: int | None
    step: float
    ties: float
    distinct: int

    def __str__(self) -> str:
        """One sentence for a report."""
        bits = self.mantissa_bits
        grid = f"multiples of {self.step:.4g} apart"
        known = {8: "bf16", 11: "fp16"}.get(bits or 0)
        if known is not None:  # other numbers of bits are those of judges' points
            grid = f"numbers of {bits} significant bits, as {known} has"
        return (
            f"The rewards are rounded: they are {grid}, and {self.ties:.1%} of those looked at "
            "equal another one. Each was spread evenly over the reals that are rounded to it."
        )


def detect(values: Array) -> Rounding | None:
    """The lattice that values lie on, if it is coarse enough to matter.

    Parameters
    ----------
    values : array of shape (m,), float64
        Finite rewards, or the largest of them; in any order.

    Returns
    -------
    Rounding or None
        None for continuous values, those in float32 included, and where there are fewer than 5
        different ones.
    """
    ascending = _ascending(values)
    found = _lattice(ascending)
    return found if found is not None and _matters(ascending, found) else None


def is_grid(values: Array) -> bool:
    """Whether ties come from a lattice, however fine: then neighbours are as common as ties.

    Of two cells with counts that are Poisson with one mean, the product has twice the mean of the
    pairs in one of them. Copied rows have more pairs than neighbours.
    """
    import numpy as np

    ascending = _ascending(values)
    found = _lattice(ascending)
    if found is None:
        return False
    distinct, often = np.unique(ascending, return_counts=True)
    together = float((often * (often - 1.0)).sum()) / 2
    beside = np.abs(np.diff(distinct) / found.step - 1) < 0.5
    neighbours = float((often[1:] * often[:-1] * 1.0)[beside].sum())
    return bool(together <= neighbours + 3 * neighbours**0.5)


def _lattice(ascending: Floats) -> Rounding | None:
    """The lattice that sorted values lie on, coarse enough to matter or not."""
    import numpy as np

    starts = np.flatnonzero(np.diff(ascending, prepend=-np.inf))
    distinct = ascending[starts]
    if len(distinct) < FEWEST:
        return None
    bits = _significant_bits(distinct)
    step = _common_step(distinct, bits)
    if bits <= MOST_BITS:
        step = max(step or 0.0, _lowest_bit(distinct))
    if step is None:
        return None
    often = np.diff(starts, append=len(ascending))
    return Rounding(
        bits if bits <= MOST_BITS else None,
        step,
        float(often[often > 1].sum() / len(ascending)),
        len(distinct),
    )


def share_of_ties(values: Array) -> float:
    """Which share of the values equals another one, whatever the reason; 0 for none."""
    import numpy as np

    ascending = _ascending(values)
    equal = np.diff(ascending) == 0
    tied = np.append(equal, False) | np.append(False, equal)
    return float(tied.sum() / max(len(ascending), 1))


def spread(tail: UpperTail, rounding: Rounding, seed: int = 0) -> UpperTail:
    """The tail with each value drawn evenly from its cell, and sorted again.

    Where the tail is not the whole sample, values equal to its lowest one may have been cut off;
    which of them would come out on top is not known. So the lowest cell is left out, and what is
    returned holds all rewards above its lowest one again.

    Parameters
    ----------
    tail : UpperTail
        Rounded values.
    rounding : Rounding
        What :func:`detect` found in them.
    seed : int, optional
        Of the draws: the same for the same seed, however the sample was read.
    """
    import numpy as np
    from array_api_compat import array_namespace, device

    values = np.asarray(_to_numpy(tail.values), np.float64)
    if len(values) < tail.count:
        values = values[values > values[-1:]]
    low, high = cells(values[::-1], rounding)
    drawn = np.random.default_rng(seed).uniform(low, high)
    descending = np.sort(drawn)[::-1].copy()
    xp = array_namespace(tail.values)
    return UpperTail(xp.asarray(descending, device=device(tail.values)), tail.count)


def cells(ascending: Floats, rounding: Rounding) -> tuple[Floats, Floats]:
    """The reals that are rounded to each value: the lower and the upper end of its cell.

    Parameters
    ----------
    ascending : array of shape (m,), float64
        Values on the lattice, the smallest first.

    Returns
    -------
    low, high : arrays of shape (m,)
        For m significant bits the lower half of the cell of a power of two is half as wide, as the
        floats below it lie closer. The number 0 is its own cell there.
    """
    import numpy as np

    if rounding.mantissa_bits is None:
        half = _local_steps(ascending, rounding.step) / 2
        return ascending - half, ascending + half
    mantissa, exponent = np.frexp(ascending)
    outer = np.maximum(np.ldexp(1.0, exponent - rounding.mantissa_bits), rounding.step) / 2
    inner = np.maximum(np.ldexp(1.0, exponent - 1 - rounding.mantissa_bits), rounding.step) / 2
    inner = np.where(np.abs(mantissa) == 0.5, inner, outer)
    if _is_floating(ascending, rounding):
        outer[ascending == 0], inner[ascending == 0] = 0.0, 0.0
    below = np.where(ascending > 0, inner, outer)
    above = np.where(ascending > 0, outer, inner)
    return ascending - below, ascending + above


def _is_floating(values: Floats, rounding: Rounding) -> bool:
    """Whether cells grow with the values: what is then rounded to 0 is nothing but 0 itself."""
    assert rounding.mantissa_bits is not None
    return bool(abs(values).max(initial=0.0) > rounding.step * 2.0**rounding.mantissa_bits)


def _matters(ascending: Floats, rounding: Rounding) -> bool:
    """Whether the cells are wide against the standard error of a mean of the values."""
    count = len(ascending)
    width = rounding.step
    if rounding.mantissa_bits is not None:
        low, high = cells(ascending[:: 1 + count // SOME], rounding)
        width = max(width, float((high - low).mean()))
    lower, upper = ascending[count // 4], ascending[-1 - count // 4]
    return bool(width * count**0.5 >= MATTERS * float(upper - lower))


def _local_steps(ascending: Floats, step: float) -> Floats:
    """The step around each value: where floats were shifted, it doubles from some value on.

    Upwards steps only grow, so that at a value it divides all gaps above it.
    """
    import numpy as np

    multiples = np.rint((ascending - ascending[:1]) / step)
    index = np.minimum(multiples, 2.0**62).astype(np.int64)  # further out none is a neighbour
    distinct, place = np.unique(index, return_inverse=True)
    if len(distinct) < 2:
        return np.full(len(ascending), step)
    gaps = np.diff(distinct)
    powers = gaps & -gaps
    powers[-TOGETHER:] = powers[-TOGETHER:].min()
    divides = np.minimum.accumulate(powers[::-1])[::-1]
    local: Floats = step * np.append(divides, divides[-1])[place].astype(np.float64)
    return local


def _common_step(distinct: Floats, bits: int) -> float | None:
    """The step that divides all differences, if the smallest of them does.

    Values whose own rounding hides the step are not asked, if they are fewer than the others.
    """
    import numpy as np

    # What was written in float32 is off its grid by its own rounding, at either end of a gap.
    errors = 2 * 2.0 ** -(24 if MOST_BITS < bits <= 24 else 53) * np.abs(distinct)
    with np.errstate(over="ignore"):
        gaps = np.diff(distinct)
    gaps = gaps[gaps > np.maximum(errors[1:], errors[:-1])]
    step = float(gaps.min(initial=np.inf))
    exact = errors <= OFF_LATTICE**2 * step
    if not len(gaps) or 2 * exact.sum() < len(distinct):
        return None
    error = float(errors[exact].max())
    distinct = distinct[exact]
    with np.errstate(over="ignore"):
        distances = distinct - distinct[len(distinct) // 2]
    if not (error > 0 and np.isfinite(distances).all()):
        return None  # at the ends of what float64 has
    # The smallest gap is known to `error`, the step to `error / n` from a distance of n steps. So
    # go as far as n is still certain, and with the better step again further.
    reach, unsure = step, error
    while reach < distances[-1]:
        reach = OFF_LATTICE * step * step / unsure
        farthest = float(distances[np.searchsorted(distances, reach, side="right") - 1])
        multiple = round(farthest / step)
        if multiple * unsure <= error:
            break  # no value in reach tells more
        step, unsure = farthest / multiple, error / multiple
    multiples = distances / step
    off = np.abs(multiples - np.rint(multiples))
    return step if float(off.max()) <= OFF_LATTICE else None


def _significant_bits(values: Floats) -> int:
    """How many significant bits the values have at most, the leading one counted."""
    import numpy as np

    mantissas = values.view(np.int64) & ((1 << 52) - 1)
    together = int(np.bitwise_or.reduce(mantissas))
    return 53 - ((together & -together).bit_length() - 1) if together else 1


def _lowest_bit(values: Floats) -> float:
    """The largest power of two that divides all values, which are not all 0."""
    import numpy as np

    mantissa, exponent = np.frexp(values[values != 0])
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    lowest = np.log2((whole & -whole).astype(np.float64)) + exponent - 53
    return float(np.exp2(lowest.min()))


def _ascending(values: Array) -> Floats:
    """A sorted copy, 0 without a sign; quick where they come sorted already."""
    import numpy as np

    found = np.asarray(_to_numpy(values), np.float64)
    if len(found) > 1 and (found[:-1] >= found[1:]).all():
        found = found[::-1]
    elif not (found[:-1] <= found[1:]).all():
        found = np.sort(found)
    return np.ascontiguousarray(found + 0.0)


def _to_numpy(values: Array) -> Any:
    """Of a torch tensor on any device, too."""
    return values.detach().cpu().numpy() if hasattr(values, "detach") else values
