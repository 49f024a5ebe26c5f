"""A value that many rewards equal, such as the 0 of a verifier, and the rewards above it."""

from __future__ import annotations

from verify.tails.upper_tail import UpperTail

#: A value that so large a share of the rewards equal is no part of a continuous law. Those above it
#: are a sample of their own: its tail does not begin where they do.
SHARE = 0.05
#: Fewer may be copies of a row.
FEWEST = 10


def above_atom(tail: UpperTail) -> tuple[UpperTail, tuple[str, ...]]:
    """The rewards above the largest value that many of them equal, and a sentence that says so."""
    import numpy as np

    values = tail.values
    values = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    starts = np.flatnonzero(np.diff(values, prepend=np.inf))
    often = np.diff(starts, append=len(values))
    many = np.flatnonzero(often >= max(SHARE * tail.count, FEWEST))
    if not len(many) or not starts[many[0]]:
        return tail, ()
    above, equal = int(starts[many[0]]), int(often[many[0]])
    return UpperTail(tail.values[:above], above), (
        f"{equal:,} of {tail.count:,} rewards equal {values[above]:.6g}: the tail is that of the "
        f"{above:,} rewards above it.",
    )
