"""The largest of a stream of numbers, exactly, in one pass."""

from __future__ import annotations

import numpy as np

from verify.tails.summary.lattice import Floats

#: Rows that are looked at together: they and the mask fit into a processor's cache.
CHUNK = 2**16
#: How many numbers may wait beside those that are kept, before the smallest are thrown out.
WAITING = 3 * 2**18


class Largest:
    """The ``keep`` largest of what was added.

    Numbers above the running cut wait in a buffer; when it is full, a partition throws out all but
    the largest and raises the cut.

    Parameters
    ----------
    keep : int
        How many are kept, at least 1.
    floor : float, optional
        Only numbers above it are kept.
    """

    def __init__(self, keep: int, floor: float = -np.inf) -> None:
        self.keep = keep
        self._waiting = min(WAITING, max(keep, 2**12))
        self._buffer = np.empty(min(keep, 2**12) + self._waiting)
        self._held = 0
        #: What is not above it is among the largest no more.
        self.cut = floor

    def add(self, values: Floats) -> None:
        """Add finite numbers."""
        for start in range(0, len(values), CHUNK):
            chunk = values[start : start + CHUNK]
            if self.cut > -np.inf:
                chunk = chunk[chunk > self.cut]
            while len(chunk):
                chunk = self._put(chunk)

    def _put(self, chunk: Floats) -> Floats:
        """Put into the buffer what has room; the rest."""
        room = len(self._buffer) - self._held
        if not room:
            self._make_room()
            return chunk[chunk > self.cut]
        part = chunk[:room]
        self._buffer[self._held : self._held + len(part)] = part
        self._held += len(part)
        return chunk[room:]

    def _make_room(self) -> None:
        if self._held >= self.keep + self._waiting:
            self._drop()
        else:  # it starts small, and grows to its size
            wanted = min(2 * len(self._buffer), self.keep + self._waiting)
            grown = np.empty(wanted)
            grown[: self._held] = self._buffer[: self._held]
            self._buffer = grown

    def _drop(self) -> None:
        """Keep the largest only."""
        if self._held > self.keep:
            held = self._buffer[: self._held]
            held.partition(self._held - self.keep)
            self._buffer[: self.keep] = held[-self.keep :].copy()
            self._held = self.keep
        self.cut = float(self._buffer[: self.keep].min())

    def forget_below(self, bound: float) -> None:
        """Throw out what is below a bound that at least ``keep`` of the numbers are not below."""
        held = self._buffer[: self._held]
        kept = held[held >= bound]
        self._held = len(kept)
        self._buffer[: self._held] = kept
        self.cut = max(self.cut, float(np.nextafter(bound, -np.inf)))

    def reached(self) -> float:
        """What further numbers must be above to be among the largest."""
        if self._held >= self.keep:
            self._drop()
        return self.cut

    @property
    def values(self) -> Floats:
        """What is kept, the largest first; a zero has no sign."""
        if self._held > self.keep:
            self._drop()
        kept = np.sort(self._buffer[: self._held])[::-1]
        kept += 0.0
        return kept
