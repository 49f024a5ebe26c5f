"""The largest of a stream of numbers, exactly, in one pass."""

from __future__ import annotations

from threading import RLock

import numpy as np

from verify.tails.summary.lattice import Floats

#: Rows that are looked at together: they and the mask fit into a processor's cache.
CHUNK = 2**16
#: How many numbers may wait beside those that are kept, before the smallest are thrown out.
WAITING = 3 * 2**18


class Largest:
    """The ``keep`` largest of what was added.

    Numbers above the running cut wait in a buffer; when it is full, a partition throws out all but
    the largest and raises the cut. Several threads may add at once: what is above the cut is found
    without waiting for others. (``compress`` is up to 4 times as fast as a mask in brackets.)

    Parameters
    ----------
    keep : int
        How many are kept, at least 1.
    floor : float, optional
        Only numbers above it are kept.
    """

    def __init__(self, keep: int, floor: float = -np.inf) -> None:
        self.keep = keep
        # What is not used yet takes no memory.
        self._buffer = np.empty(keep + min(WAITING, max(keep, 2**12)))
        self._held = 0
        self._alone = RLock()
        #: What is not above it is among the largest no more.
        self.cut = floor

    def add(self, values: Floats) -> None:
        """Add finite numbers."""
        for start in range(0, len(values), CHUNK):
            chunk = values[start : start + CHUNK]
            if self.cut > -np.inf:
                chunk = chunk.compress(chunk > self.cut)
            with self._alone:
                while len(chunk):
                    chunk = self._put(chunk)

    def _put(self, chunk: Floats) -> Floats:
        """Put into the buffer what has room; the rest."""
        room = len(self._buffer) - self._held
        if not room:
            self._drop()
            return chunk.compress(chunk > self.cut)
        part = chunk[:room]
        self._buffer[self._held : self._held + len(part)] = part
        self._held += len(part)
        return chunk[room:]

    def _drop(self) -> None:
        """Keep the largest only."""
        if self._held > self.keep:
            held = self._buffer[: self._held]
            out = self._held - self.keep
            held.partition(out)
            moved = min(out, self.keep)  # the others are among the first already
            held[:moved] = held[self._held - moved :]
            self._held = self.keep
        self.cut = float(self._buffer[: self.keep].min())

    def forget_below(self, bound: float) -> None:
        """Throw out what is below a bound that at least ``keep`` of the numbers are not below."""
        with self._alone:
            if bound <= self.cut:
                return
            held, self._held = self._held, 0
            for start in range(0, held, CHUNK):  # in place: memory stays what it was
                part = self._buffer[start : min(start + CHUNK, held)]
                kept = part.compress(part >= bound)
                self._buffer[self._held : self._held + len(kept)] = kept
                self._held += len(kept)
            self.cut = float(np.nextafter(bound, -np.inf))

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
