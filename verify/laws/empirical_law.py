"""The exact law of a draw from a file of rewards: finitely many atoms, each a float64.

Counts and partial sums are exact integers; exponential moments are sums of balls over the distinct
values, measured from the end of the support that the tilt favours, so that no term exceeds 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from flint import arb, arb_mat, arb_series, fmpq, fmpz

from verify.enclosure import Number, ball, working_precision
from verify.law import Bound, Law, LawError, Point
from verify.series import Moments
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Differences of two float64 numbers, and squares of them, are exact with this many bits.
EXACT_BITS = 4400


class Empirical(Law):
    """The uniform law on the rows of a column; equal numbers are one atom.

    Attributes
    ----------
    values, counts : numpy.ndarray
        The distinct numbers in increasing order (float64), and how often each occurs (int64).
    n : int
        The number of rows.
    sha256 : str
        Of the bytes of the file; it is what certificates compare.
    """

    name: ClassVar[str] = "empirical"

    def __init__(
        self, rows: NDArray[np.float64], label: str, column: str | None, digest: str
    ) -> None:
        import numpy as np

        self.values, self.counts = np.unique(rows, return_counts=True)
        self.n = len(rows)
        self.sha256 = digest
        self.column = column
        #: The label stands between quotes in law texts, which are printable ASCII.
        self.label = "".join(c if c.isascii() and c.isprintable() else "_" for c in label)

    @classmethod
    def from_file(
        cls, path: str, column: str | None = None, *, name: str | None = None
    ) -> Empirical:
        """The law of a file (``name`` is what the law's text calls it, by default the path).

        Raises
        ------
        DataError
            One line, if the file cannot be used.
        """
        from verify.reading import read_column

        read = read_column(path, column)
        return cls(read.values, path if name is None else name, column, read.sha256)

    @classmethod
    def from_values(cls, rows: Any, name: str = "values") -> Empirical:
        """The law of the numbers in an array, taken exactly.

        Raises
        ------
        LawError
            If there are none, or one is not finite, or not a float64.
        """
        from hashlib import sha256

        import numpy as np

        from verify.reading import DataError, exact_floats

        given = np.asarray(rows).reshape(-1)
        if given.dtype.kind not in "fiu" or given.size == 0:
            raise LawError("empirical: expected at least one number, and numbers only")
        try:
            array = exact_floats("empirical", given)
        except DataError as error:
            raise LawError(str(error)) from None
        return cls(array, name, None, sha256(array.astype("<f8").tobytes()).hexdigest())

    def __str__(self) -> str:
        def quoted(text: str) -> str:
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

        column = "" if self.column is None else f", column={quoted(self.column)}"
        return f"empirical({quoted(self.label)}{column})"

    def __repr__(self) -> str:
        return f"<{self}: {self.n} rewards>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Empirical):
            return NotImplemented
        return (self.sha256, self.column, self.n) == (other.sha256, other.column, other.n)

    def __hash__(self) -> int:
        return hash((self.sha256, self.column))

    # ---- what it is -------------------------------------------------------------------------

    @property
    def support(self) -> tuple[Bound, Bound]:
        return self._value(0), self._value(-1)

    @property
    def right_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def has_atoms(self) -> bool:
        return True

    def _value(self, index: int) -> fmpq:
        return fmpq(*float(self.values[index]).as_integer_ratio())

    def rows(self) -> NDArray[np.float64]:
        """All rows, in increasing order."""
        import numpy as np

        return np.repeat(self.values, self.counts)

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        for index, count in enumerate(self.counts.tolist()):
            yield self._value(index), arb(fmpq(count, self.n))

    # ---- places -----------------------------------------------------------------------------

    def _rank(self, t: Point, before: bool) -> int:
        """How many distinct values are <= t (``before``: < t), for an exact t."""
        low, high = 0, len(self.values)
        while low < high:
            middle = (low + high) // 2
            exact = isinstance(t, fmpq | int)
            value = self._value(middle) if exact else arb(float(self.values[middle]))
            if value < t or (not before and value <= t):
                low = middle + 1
            else:
                high = middle
        return low

    def _over(
        self, t: Point, before: bool, value: Callable[[int], arb], bends: int | None = None
    ) -> arb:
        """A function of the rank of t, over all points of t; monotone but for one bend."""
        if isinstance(t, fmpq | int) or t.is_exact():
            return value(self._rank(t, before))
        if not t.is_finite():
            return arb.nan()
        low, high = self._rank(t.lower(), before), self._rank(t.upper(), before)
        result = value(low)
        ends = {low, high} | ({bends} if bends is not None and low < bends < high else set())
        for end in sorted(ends - {low}):
            other = value(end)
            if not (result == arb.neg_inf() and other == arb.neg_inf()):
                result = result.union(other)
        return result

    @cached_property
    def _rows_before(self) -> NDArray[np.int64]:
        """How many rows come before each distinct value; the last entry is n."""
        import numpy as np

        return np.concatenate([[0], np.cumsum(self.counts)])

    def _rows(self, low: int, high: int) -> int:
        return int(self._rows_before[high] - self._rows_before[low])

    # ---- tails ------------------------------------------------------------------------------

    def survival(self, t: Point, closed: bool = False) -> arb:
        return self._over(t, closed, lambda k: self._share(k, len(self.values)))

    def cdf(self, t: Point, open: bool = False) -> arb:
        return self._over(t, open, lambda k: self._share(0, k))

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        return self._over(t, closed, lambda k: self._log_share(k, len(self.values)))

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        return self._over(t, open, lambda k: self._log_share(0, k))

    def log_between(
        self,
        low: Point | None,
        high: Point | None,
        low_in: bool = False,
        high_out: bool = False,
    ) -> arb:
        if any(isinstance(end, arb) and not end.is_exact() for end in (low, high)):
            return super().log_between(low, high, low_in, high_out)
        first = 0 if low is None else self._rank(low, low_in)
        last = len(self.values) if high is None else self._rank(high, high_out)
        return self._log_share(first, last) if last > first else arb.neg_inf()

    def _share(self, low: int, high: int) -> arb:
        return arb(fmpq(self._rows(low, high), self.n))

    def _log_share(self, low: int, high: int) -> arb:
        rows, others = self._rows(low, high), self.n - self._rows(low, high)
        if rows == 0:
            return arb.neg_inf()
        if others < rows:  # near 1, log1p keeps the digits of the small complement
            return arb(fmpq(-others, self.n)).log1p()
        return arb(fmpq(rows, self.n)).log()

    def mass_at(self, t: Point) -> arb:
        if isinstance(t, arb) and not t.is_exact():
            low, high = self._rank(t.lower(), True), self._rank(t.upper(), False)
            most = int(self.counts[low:high].max()) if high > low else 0
            return arb(0).union(arb(fmpq(most, self.n))) if most else arb(0)
        return self._share(self._rank(t, True), self._rank(t, False))

    # ---- means ------------------------------------------------------------------------------

    def _sum(self, low: int, high: int) -> fmpq:
        """The exact sum of the rows with distinct values number low to high - 1."""
        import numpy as np

        if high <= low:
            return fmpq(0)
        fractions, exponents = np.frexp(self.values[low:high])
        mantissas = np.ldexp(fractions, 53).astype(np.int64)
        least = int(exponents.min())
        total = 0
        # Two halves of 27 bits, so that 64 bits hold the sums over up to 2^35 rows.
        for half, shift in ((mantissas >> 27, 27), (mantissas & (2**27 - 1), 0)):
            sums = np.zeros(int(exponents.max()) - least + 1, dtype=np.int64)
            np.add.at(sums, exponents - least, half * self.counts[low:high])
            total += sum(int(s) << (k + shift) for k, s in enumerate(sums.tolist()) if s)
        power = least - 53
        return fmpq(total << power) if power >= 0 else fmpq(fmpz(total), fmpz(1) << -power)

    @cached_property
    def _exact_mean(self) -> fmpq:
        return self._sum(0, len(self.values)) / self.n

    def mean(self) -> Number:
        return arb(self._exact_mean)

    def upper_mean(self, t: Point) -> Number:
        end = len(self.values)
        bend = self._rank(fmpq(0), False)  # the sum over the rest is largest from 0 on
        return self._over(t, False, lambda k: arb(self._sum(k, end) / self.n), bend)

    def tail_mean(self, t: Point) -> Number:
        end = len(self.values)

        def average(k: int) -> arb:
            return arb(self._sum(k, end) / self._rows(k, end)) if k < end else arb.nan()

        return self._over(t, False, average)

    def partial_mean(self, low: Point | None, high: Point | None) -> arb:
        upper = self.mean() if low is None else self.upper_mean(low)
        beyond = arb(0) if high is None else self.upper_mean(high)
        assert isinstance(upper, arb) and isinstance(beyond, arb)
        return upper - beyond

    # ---- exponential moments ----------------------------------------------------------------

    @cached_property
    def _below_top(self) -> tuple[list[arb], arb_mat]:
        """Distances of the values from the largest; counts times their powers 0, 1, 2. Exact."""
        return self._distances(lambda x: self._end(-1) - x)

    @cached_property
    def _above_bottom(self) -> tuple[list[arb], arb_mat]:
        """The same from the smallest value."""
        return self._distances(lambda x: x - self._end(0))

    def _end(self, index: int) -> arb:
        return arb(float(self.values[index]))

    def _distances(self, distance: Callable[[arb], arb]) -> tuple[list[arb], arb_mat]:
        with working_precision(EXACT_BITS):
            distances = [distance(arb(x)) for x in self.values.tolist()]
            powers: list[arb | int] = []
            for d, count in zip(distances, self.counts.tolist(), strict=True):
                once = count * d
                powers += (count, once, once * d)
            return distances, arb_mat(len(distances), 3, powers)

    def _favoured(self, tilt: arb) -> tuple[arb, int, list[arb], arb_mat]:
        """The end that the tilt favours, the sign of distances from it, and the distances."""
        if tilt < 0:
            return self._end(0), 1, *self._above_bottom
        return self._end(-1), -1, *self._below_top

    def cumulant_series(self, tilt: arb) -> arb_series:
        end, sign, distances, powers = self._favoured(tilt)
        rate = sign * tilt
        near_zero = abs(tilt) * distances[0 if sign < 0 else -1] < 1
        if near_zero:  # K is small: sum exp(-r d) - 1, which is small too
            terms = [(rate * d).expm1() for d in distances]
        else:
            terms = [(rate * d).exp() for d in distances]
        sums = arb_mat(1, len(terms), terms) * powers
        s0, s1, s2 = sums[0, 0], sums[0, 1], sums[0, 2]
        if near_zero:
            log_share = (s0 / self.n).log1p()
            p0, p1, p2 = self._power_sums[sign]
            s0, s1, s2 = s0 + p0, s1 + p1, s2 + p2
        else:
            log_share = (s0 / self.n).log()
        # x = end + sign d
        mean, square = s1 / s0, s2 / s0
        variance = square - mean * mean
        return arb_series([tilt * end + log_share, end + sign * mean, variance / 2], prec=3)

    @cached_property
    def _power_sums(self) -> dict[int, Moments]:
        """The exact sums of the powers of the distances, by the sign of ``_favoured``."""
        with working_precision(EXACT_BITS):
            result = {}
            for sign, (distances, powers) in ((-1, self._below_top), (1, self._above_bottom)):
                ones = arb_mat(1, len(distances), [1] * len(distances)) * powers
                result[sign] = (ones[0, 0], ones[0, 1], ones[0, 2])
            return result

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        end, sign, distances, powers = self._favoured(tilt)
        first = 0 if low is None else self._rank(low, False)
        last = len(distances) if high is None else self._rank(high, False)
        if first >= last:
            return arb(0), arb(0), arb(0)
        rate, count = sign * tilt, last - first
        terms = arb_mat(1, count, [(rate * d).exp() for d in distances[first:last]])
        if count < len(distances):
            powers = arb_mat(count, 3, powers.entries()[3 * first : 3 * last])
        sums = terms * powers
        factor = (tilt * end).exp() / self.n
        s0, s1, s2 = sums[0, 0], sums[0, 1], sums[0, 2]
        return (
            factor * s0,
            factor * (end * s0 + sign * s1),
            factor * (end * end * s0 + 2 * sign * end * s1 + s2),
        )

    def tilt_cost_estimate(self, tilt: arb) -> tuple[arb, arb] | None:
        log_mgf, mean, variance = self.central_cumulants_float(float(tilt))
        cost, slope = float(tilt) * mean - log_mgf, float(tilt) * variance
        return (arb(cost), arb(slope)) if 0 < cost < inf and 0 < slope < inf else None

    def central_cumulants_float(self, tilt: float) -> tuple[float, float, float]:
        """``K(l) - l mu, K'(l) - mu, K''(l)`` in float64, mu being the mean: for searches."""
        import numpy as np

        away, shares = self._away_from_mean
        with np.errstate(all="ignore"):  # what overflows is no estimate
            exponents = tilt * away
            shift = float(exponents.max())
            # exp(s) - 1 keeps the digits of small tilts, where K is of the order of l^2.
            small = shift < 1 and float(exponents.min()) > -1
            weights = shares * np.exp(exponents - (0.0 if small else shift))
            total = float(weights.sum())
            # Not `@`: starting threads costs more than these sums.
            mean = float((weights * away).sum()) / total
            variance = float((weights * (away - mean) ** 2).sum()) / total
            if small:
                log_mgf = float(np.log1p((shares * np.expm1(exponents)).sum()))
            else:
                log_mgf = shift + float(np.log(total))
        return log_mgf, mean, variance

    @cached_property
    def _away_from_mean(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The values less the mean, and the share of each."""
        import numpy as np

        with np.errstate(all="ignore"):
            shares = self.counts / self.n
            away = self.values - float(self.mean())  # type: ignore[arg-type]
            # Once more, for what rounding the mean has left.
            return away - float((shares * away).sum()), shares

    # ---- quantiles and samples --------------------------------------------------------------

    def quantile(self, level: Point) -> arb:
        if not (level > 0 and level < 1):
            raise ValueError(f"a quantile's level lies strictly between 0 and 1, got {level}")

        def reached(rows: fmpz) -> arb:
            """The value of the row number ``rows`` (from 1) in increasing order."""
            wanted = min(max(int(rows), 1), self.n)
            return self._end(int(self._rows_before.searchsorted(wanted)) - 1)

        if isinstance(level, fmpq | int):
            return reached((fmpq(0) + level * self.n).ceil())
        low, high = ((ball(end) * self.n) for end in (level.lower(), level.upper()))
        first, last = low.lower().fmpq().ceil(), high.upper().fmpq().ceil()
        return reached(first) if first == last else reached(first).union(reached(last))

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        rows = rng.integers(self.n, size=size)
        return self.values[self._rows_before.searchsorted(rows, side="right") - 1]
