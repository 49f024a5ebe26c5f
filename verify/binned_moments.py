"""Exponential sums over many rewards, from the moments of bins, with a bound on every error.

For rewards ``x_1 .. x_n``, a tilt l and a reference r, three means are wanted::

    W = mean e^{l(x-r)}        A = W - 1        V = mean (x-r) e^{l(x-r)}

The rewards are sorted once and cut into bins. A bin of n_j rewards with centre c and half width h
keeps the means ``M_k`` of ``((x-c)/h)^k``, k = 1 .. m. With ``t = l(c-r)`` and ``a = l h`` it adds

    n_j e^t (1 + Q)   to n W,   Q = sum a^k M_k/k!,  k = 1 .. m
    n_j e^t (c-r)(1 + Q) + n_j e^t h F   to n V,   F = sum a^k M_{k+1}/k!,  k = 0 .. m-1

**Truncation.** All ``|M_k| <= 1``, so Taylor's remainder is at most ``T = a^{m+1} e^a/(m+1)!`` in Q
and ``(m+1) T/a`` in F. Where ``a > 1/2`` the bin counts as n_j rewards at c: what is wrong then is
at most ``e^{l(top of the bin - r)}`` for each reward, and ``2(|c-r| + h)`` times that in V.

**Rounding.** u = 2^-53. numpy's exp, expm1, log and log1p are taken to be within 4 ulp (8u), which
is what numpy tests itself to. Second-order terms go into the last digit of each constant.

* ``M_k``: x - c, 1/h, their product (3 roundings, k times), k - 1 products, n_j - 1 additions in
  any order, one division: ``(4k + n_j) u``. Horner's rule adds 4k u to the term with a^k. Summed
  over k, with ``a e^a`` and ``e^a - 1`` at most 1.65 a and 1.3 a: Q is wrong by ``kappa a``, F by
  ``kappa``, where ``kappa = (16 + 2 n_j) u``.
* e^t: t is wrong by 2u|t| (two roundings), so e^t is, relatively, by ``(8 + 2.1|t|) u``.
* Sums over bins add by halves, L = ceil(log2 bins) roundings deep (:func:`_sum_of_rows`).

Together, with ``e = n_j e^t`` and unit = (25 + 2L) u, no more than

    W    sum e (unit (1 + |t|) + kappa a + T)
    A    sum unit (n_j |expm1 t| + e |t| + e a) + e (kappa a + T)
    V    sum e (unit (1 + |t|)(|c-r| + h) + kappa (|c-r| a + h) + T |c-r| + (m+1) h T/a)

(the largest constant needed: 1.65 * (8 + 6) + 1.65 L in V). A bin whose truncation matters is split
into its distinct rewards, for which h = 0: at worst the sums run over every reward.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: The relative error of one rounding.
ROUNDING = 2.0**-53

#: Bound on the relative error of exp, expm1, log and log1p: 4 ulp.
ELEMENTARY = 8 * ROUNDING

#: Moments kept for each bin, and the largest ``l h`` at which they are used.
MOMENTS = 8
EXPANDED_TO = 0.5

#: A bin holds at most n/MOST_BINS rewards, and of those near an end 1/GRADING of their rank.
MOST_BINS = 1024
GRADING = 32

#: Bins narrower than this (rewards are at most 1) count as one place.
NARROWEST = 2.0**-1000

#: What underflow can do to W, A and V: ``e^t`` below 2^-1022 is lost, ``|x-r|`` is at most 2.
UNDERFLOW = 1e-300

#: The largest exponent ``l (top - r)``: e^600 times the rows of any sample is far from overflow.
LARGEST_EXPONENT = 600.0

#: Numbers in one temporary array: what a core's cache holds several of.
_BLOCK = 2**15


@dataclass(frozen=True)
class Sums:
    """The means W, A and V for each tilt, and bounds on their errors.

    Attributes
    ----------
    total, excess, first : numpy.ndarray
        W, A = W - 1, and V.
    second : numpy.ndarray
        ``mean (x-r)^2 e^{l(x-r)}`` up to O((l h)^2): for searches, without a bound.
    total_error, excess_error, first_error : numpy.ndarray
        How wrong the first three can be.
    """

    total: Floats
    excess: Floats
    first: Floats
    second: Floats
    total_error: Floats
    excess_error: Floats
    first_error: Floats


@dataclass(frozen=True)
class Bins:
    """A sample in bins: first the ``len(moments[0])`` wide ones, then single places.

    Attributes
    ----------
    rewards : numpy.ndarray
        Sorted, none larger than 1 in size.
    start : numpy.ndarray
        For each wide bin, the index of its first reward.
    rows : numpy.ndarray
        How many rewards a bin holds.
    centre, half, high : numpy.ndarray
        The place that a bin is expanded about, a bound on the distance from there (zero for single
        places), and its largest reward.
    moments : numpy.ndarray
        ``moments[k-1]`` has the means of ``((x - centre)/half)^k`` of the wide bins.
    """

    rewards: Floats
    start: NDArray[np.int64]
    rows: Floats
    centre: Floats
    half: Floats
    high: Floats
    moments: Floats

    @classmethod
    def of(cls, rewards: Floats) -> Bins:
        """Cut sorted rewards, none larger than 1 in size, into bins."""
        edges = bin_edges(len(rewards))
        start, rows = edges[:-1], np.diff(edges)
        low, high = rewards[start], rewards[edges[1:] - 1]
        centre = low + (high - low) / 2
        half = np.maximum(high - centre, centre - low) * (1 + 4 * ROUNDING)
        half[half < NARROWEST] = 0.0
        scale = np.zeros_like(half)
        np.divide(1.0, half, out=scale, where=half > 0)
        distance = rewards - np.repeat(centre, rows)
        distance *= np.repeat(scale, rows)
        moments = np.empty((MOMENTS, len(rows)))
        power = distance.copy()
        for k in range(MOMENTS):
            if k:
                power *= distance
            np.add.reduceat(power, start, out=moments[k])
        moments /= rows
        wide = half > 0
        order = np.concatenate([np.flatnonzero(wide), np.flatnonzero(~wide)])
        return cls(
            rewards,
            start[wide],
            rows[order].astype(np.float64),
            centre[order],
            half[order],
            high[order],
            moments[:, wide],
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def wide(self) -> int:
        """How many bins are wide; they come first."""
        return len(self.start)

    def split(self, chosen: Flags) -> Bins:
        """The same sample with the chosen wide bins split into their distinct rewards."""
        kept = np.concatenate([~chosen, np.ones(len(self) - self.wide, dtype=np.bool_)])
        start, rows = self.start[chosen], self.rows[: self.wide][chosen].astype(np.int64)
        # Rows number start .. start + rows - 1 of each chosen bin, one after the other.
        skipped = np.cumsum(rows) - rows
        index = np.arange(int(rows.sum())) + np.repeat(start - skipped, rows)
        places, counts = np.unique(self.rewards[index], return_counts=True)
        return Bins(
            self.rewards,
            self.start[~chosen],
            np.concatenate([self.rows[kept], counts]),
            np.concatenate([self.centre[kept], places]),
            np.concatenate([self.half[kept], np.zeros(len(places))]),
            np.concatenate([self.high[kept], places]),
            self.moments[:, ~chosen],
        )

    def sums(self, tilts: Floats, references: Floats) -> Sums:
        """W, A and V for each tilt with its reference.

        Parameters
        ----------
        tilts : numpy.ndarray
            Not negative.
        references : numpy.ndarray
            One for each tilt, between -1 and 1, with ``l (top - r)`` at most 1.01 LARGEST_EXPONENT.
        """
        parts = [
            self._sums(tilts[k : k + step], references[k : k + step])
            for step in (max(1, _BLOCK // len(self)),)
            for k in range(0, len(tilts), step)
        ]
        return Sums(*np.concatenate(parts, axis=1))

    def truncated(self, tilts: Floats, references: Floats, allowed: Floats) -> Flags:
        """The wide bins whose truncation adds more than ``allowed`` to the error of l V/W."""
        chosen = np.zeros(self.wide, dtype=np.bool_)
        wide = slice(0, self.wide)
        for tilt, reference, most in zip(tilts, references, allowed, strict=True):
            t = tilt * (self.centre - reference)
            weight = self.rows * np.exp(t)
            a = tilt * self.half[wide]
            place, slope = self._truncation(
                np.array([[tilt]]), np.array([[reference]]), weight[None, wide], a[None]
            )
            lost = place[0] * (1 + np.abs(t[wide])) + a * slope[0]
            chosen |= lost > most * weight.sum()
        return chosen

    def _truncation(
        self, tilt: Floats, reference: Floats, weight: Floats, a: Floats
    ) -> tuple[Floats, Floats]:
        """``(e T, (m+1) e T/a)`` of each wide bin, or their crude forms where ``a > 1/2``."""
        rough = a > EXPANDED_TO
        b = np.where(rough, 0.0, a)
        # 1.01: its own roundings, no more than 4 MOMENTS
        slope = weight * (b**MOMENTS * (1.01 / factorial(MOMENTS)) * np.exp(b))
        place = slope * b / (MOMENTS + 1)
        if rough.any():
            # No larger than 2e needs: l (high - r) is at most 606, its roundings at most 1200 u.
            wide = slice(0, self.wide)
            worst = 2.01 * self.rows[wide] * np.exp(tilt * (self.high[wide] - reference))
            place[rough] = slope[rough] = worst[rough]
        return place, slope

    def _sums(self, tilts: Floats, references: Floats) -> list[Floats]:
        """The fields of :class:`Sums`, for so few tilts that the arrays stay small."""
        tilt, reference = tilts[:, None], references[:, None]
        wide = slice(0, self.wide)
        y = self.centre - reference
        t = tilt * y
        weight = self.rows * np.exp(t)
        excess = self.rows * np.expm1(t)
        a = tilt * self.half[wide]
        place, slope = self._truncation(tilt, reference, weight[:, wide], a)
        errors = self._errors(y, t, weight, excess, a, place, slope)

        quotient, offset = self._expansion(a)
        half, near, e = self.half[wide], y[:, wide], weight[:, wide]
        excess[:, wide] += e * quotient
        # About e times the mean of (x-r)^2 - (x-r) y in the bin.
        spread = e * (half * (half * self.moments[1] + near * self.moments[0]))
        offset *= half * e
        weight[:, wide] *= 1 + quotient
        first = weight * y
        first[:, wide] += offset
        second = first * y
        second[:, wide] += spread
        sums = [_sum_of_rows(weight), _sum_of_rows(excess), _sum_of_rows(first), second.sum(axis=1)]
        n = len(self.rewards)
        # 1.01: the roundings of the errors themselves, less than 2^-53 (bins + 20) of them.
        return [total / n for total in sums] + [1.01 * error / n + UNDERFLOW for error in errors]

    def _errors(
        self,
        y: Floats,
        t: Floats,
        weight: Floats,
        excess: Floats,
        a: Floats,
        place: Floats,
        slope: Floats,
    ) -> list[Floats]:
        """How wrong n W, n A and n V can be: the three sums of the module's docstring."""
        wide = slice(0, self.wide)
        depth = (len(self) - 1).bit_length()
        unit = (25 + 2 * depth) * ROUNDING
        e, near, half = weight[:, wide], y[:, wide], self.half[wide]
        kappa = e * ((16 + 2 * self.rows[wide]) * ROUNDING)
        place = place + kappa * a
        slope = slope + kappa
        scaled = np.abs(t) * weight
        of_excess = np.abs(excess).sum(axis=1) + scaled.sum(axis=1) + (e * a).sum(axis=1)
        scaled += weight
        of_total = scaled.sum(axis=1)
        distance = np.abs(y)
        distance[:, wide] += half
        scaled *= distance
        of_place = place.sum(axis=1)
        of_first = (place * np.abs(near) + slope * half).sum(axis=1)
        return [
            unit * of_total + of_place,
            unit * of_excess + of_place,
            unit * scaled.sum(axis=1) + of_first,
        ]

    def _expansion(self, a: Floats) -> tuple[Floats, Floats]:
        """Q and F of the wide bins, by Horner's rule; zero where ``a > 1/2``."""
        rough = a > EXPANDED_TO
        b = np.where(rough, 0.0, a)
        quotient = np.zeros_like(b)
        offset = np.zeros_like(b)
        for k in range(MOMENTS, 0, -1):
            quotient += self.moments[k - 1]
            quotient *= b / k
            offset += self.moments[k - 1]
            if k > 1:
                offset *= b / (k - 1)
        offset[rough] = 0.0
        return quotient, offset


def bin_edges(n: int) -> NDArray[np.int64]:
    """Where bins begin, and n: equal counts in the middle, fewer towards both ends."""
    most = max(1, n // MOST_BINS)
    near: list[int] = [0]
    while near[-1] // GRADING < most and near[-1] < n // 2:
        near.append(near[-1] + max(1, near[-1] // GRADING))
    graded = np.array(near)
    middle = np.arange(near[-1], max(n - near[-1], near[-1]), most)
    return np.unique(np.concatenate([graded, middle, n - graded]).clip(0, n))


def _sum_of_rows(terms: Floats) -> Floats:
    """The sum of each row, by halves: a term meets at most ceil(log2 columns) roundings.

    The terms are used up.
    """
    while (columns := terms.shape[1]) > 1:
        half = (columns + 1) // 2
        terms[:, : columns - half] += terms[:, half:]
        terms = terms[:, :half]
    return terms[:, 0].copy()
