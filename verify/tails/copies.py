"""Rows that were copied: a file that was joined to itself, or read twice."""

from __future__ import annotations

from verify.tails.upper_tail import UpperTail

#: Among so many different values no chance makes all counts even: one in 2**30.
FEWEST = 30


def one_of_each(tail: UpperTail) -> tuple[UpperTail, tuple[str, ...]]:
    """The tail without copies, where all values occur equally often, and a sentence that says so.

    Each value then occurs m times, or 2 m where two rewards tied, and so on; m > 1 divides all
    counts. One of m is kept, out of ``count/m``. The lowest value may have been cut off.
    """
    import numpy as np

    values = tail.values
    values = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    starts = np.flatnonzero(np.diff(values, prepend=np.inf))
    often = np.diff(starts)  # of all values but the lowest
    if len(often) < FEWEST:
        return tail, ()
    times = int(np.gcd.reduce(often))
    if times == 1:
        return tail, ()
    whole = len(values) if len(values) == tail.count else int(starts[-1])
    return UpperTail(tail.values[:whole:times], tail.count // times), (
        f"Each of the largest rewards occurs {times} times, or a multiple of that: the rows look "
        f"copied. The verdict takes one of {times}; what is said of the sample alone takes all.",
    )
