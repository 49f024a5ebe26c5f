"""Best-of-n by sampling: a hundred million draws in little memory, and how sure the means are.

Draws of (X, V) are made a chunk at a time. For each n they are cut into blocks of n; the draw with
the largest ``U = X + V`` of a block is one independent draw of the best of n. So the mean over the
blocks is unbiased, and its standard error is that of independent draws. The blocks of n are made of
those of the largest earlier n that divides it, so that powers of two cost little more than the
first. Of equal rewards the first wins, whatever its utility: that is as good as any lot.

Nothing here is certified. A standard error means what it says where the law has a finite variance;
then the best of n has one. An interrupt ends it within a chunk, and it leaves nothing behind. For
laws that a copula joins see :mod:`verify.joint.sampling`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flint import arb

from verify.enclosure import Diverges
from verify.errors import InputError
from verify.law import Law
from verify.ties import tied
from verify.utility_curve import Estimate, Quantity, UtilityPoint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Draws that are made at once: few enough that their arrays stay in a processor's cache.
CHUNK = 2**15
#: Draws, or bests of smaller blocks, that wait until there are so many of them.
BATCH = 2**13
#: Fewest blocks that a mean and its standard error are made of.
FEWEST_BLOCKS = 20

#: Called after each chunk with the number of draws done and wanted.
Progress = Callable[[int, int], None]


def monte_carlo_best_of(
    error: Law,
    utility: Law,
    draws: Sequence[int],
    samples: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[UtilityPoint, ...]:
    """Estimates of E V, E X and E U under best-of-n, for X independent of V.

    Parameters
    ----------
    error, utility : Law
        The laws of X and V.
    draws : sequence of int
        The n, in any order; the answer is in the same.
    samples : int
        How many pairs (X, V) are drawn in all; n uses ``samples // n`` blocks of them.
    seed : int
        The same seed gives the same answer.
    progress : callable, optional
        See :data:`Progress`.

    Returns
    -------
    tuple of UtilityPoint
        With :class:`~verify.utility_curve.Estimate` for the means, and the divergence of best-of-n
        in nats where U has no atoms. A mean of X that is infinite is the law's.

    Raises
    ------
    InputError
        If some n is below 1, or so large that there are fewer than :data:`FEWEST_BLOCKS` blocks, or
        V has no finite mean.
    """
    import numpy as np

    _check(utility, draws, samples)
    rng = np.random.default_rng(seed)
    stages = _stages(draws)
    roots = [stage for stage in stages if stage.of_single_draws]
    # Sums of squares are taken about medians, and so lose no digits where the laws are far from 0.
    first = [law.sample(CHUNK, rng) for law in (error, utility)]
    middles = tuple(float(np.median(values)) for values in first)
    size_of_atoms = sum(float(np.abs(values).max()) for values in first)
    ties = error.has_atoms and utility.has_atoms and size_of_atoms > 0
    done = 0
    while done < samples:
        size = min(CHUNK, samples - done)
        x, v = error.sample(size, rng) - middles[0], utility.sample(size, rng) - middles[1]
        u = tied(x + v, size_of_atoms) if ties else x + v
        for stage in roots:
            stage.add(u, v)
        done += size
        if progress is not None:
            progress(done, samples)
    for stage in stages:  # parents come before what is made of them
        stage.take_in()
    found = {stage.n: stage for stage in stages}
    return tuple(_point(error, utility, found[n], middles) for n in draws)


def _check(utility: Law, draws: Sequence[int], samples: int) -> None:
    if not draws or min(draws) < 1:
        raise InputError(f"best-of-n needs n >= 1, got {min(draws, default='none')}")
    if samples // max(draws) < FEWEST_BLOCKS:
        raise InputError(
            f"best of {max(draws)}: {samples} samples make fewer than {FEWEST_BLOCKS} blocks; "
            f"{FEWEST_BLOCKS * max(draws)} would do"
        )
    mean = utility.mean()
    if isinstance(mean, Diverges):
        raise InputError(f"V ~ {utility}: expected a law with a finite mean ({mean.because})")


def _stages(draws: Sequence[int]) -> list[_Blocks]:
    """Blocks for each n, in increasing order, and which are made of which."""
    stages: list[_Blocks] = []
    for n in sorted(set(draws)):
        parent = next((stage for stage in reversed(stages) if n % stage.n == 0), None)
        stages.append(_Blocks(n, n // parent.n if parent else n, parent is None))
        if parent:
            parent.children.append(stages[-1])
    return stages


def _point(error: Law, utility: Law, blocks: _Blocks, middles: tuple[float, ...]) -> UtilityPoint:
    n, mean_x = blocks.n, error.mean()
    of_u, of_v, of_x = blocks.sums.estimates(*middles)
    diverges = isinstance(mean_x, Diverges)
    kl = arb(n).log() - arb(n - 1) / n if not (error.has_atoms and utility.has_atoms) else None
    # The largest of n keeps an infinite upper part; an infinite lower one it may mend or not.
    infinite: Quantity = mean_x if isinstance(mean_x, Diverges) and mean_x.sign > 0 else None
    because = f"means of {blocks.sums.count} independent blocks of {n} draws"
    return UtilityPoint(
        n,
        kl,
        infinite if diverges else of_u,
        of_v,
        infinite if diverges else of_x,
        means="monte-carlo",
        because=because if kl is not None else f"{because}; U has atoms, which lower the KL",
    )


@dataclass
class _Sums:
    """Sums of U and V, of their squares and of their products, as draws come in."""

    count: int = 0
    of_u: float = 0.0
    of_v: float = 0.0
    of_uu: float = 0.0
    of_vv: float = 0.0
    of_uv: float = 0.0

    def add(self, u: Floats, v: Floats) -> None:
        import numpy as np

        # einsum, not dot: threads of a linear algebra library cost more than they save here.
        self.count += len(u)
        self.of_u += float(u.sum())
        self.of_v += float(v.sum())
        self.of_uu += float(np.einsum("i,i", u, u))
        self.of_vv += float(np.einsum("i,i", v, v))
        self.of_uv += float(np.einsum("i,i", u, v))

    def estimates(self, middle_x: float, middle_v: float) -> tuple[Estimate, Estimate, Estimate]:
        """Of U, V and X: the mean, and the standard deviation over the root of the number.

        The sums are about the middles; X is U - V.
        """
        mean_u, mean_v = self.of_u / self.count, self.of_v / self.count
        of_xx = self.of_uu + self.of_vv - 2 * self.of_uv

        def estimate(mean: float, squares: float, middle: float) -> Estimate:
            spread = max(squares / self.count - mean**2, 0.0) / (self.count - 1)
            return Estimate(middle + mean, spread**0.5)

        return (
            estimate(mean_u, self.of_uu, middle_x + middle_v),
            estimate(mean_v, self.of_vv, middle_v),
            estimate(mean_u - mean_v, of_xx, middle_x),
        )


@dataclass
class _Blocks:
    """Blocks of n draws, each made of ``factor`` single draws or bests of smaller blocks.

    Attributes
    ----------
    children : list of _Blocks
        Those that are made of the bests of these.
    waiting : list of (array, array)
        U and V of draws that are not taken in yet.
    best, held : (float, float) and int
        U and V of the best of the block that is not complete, and how much of it there is.
    """

    n: int
    factor: int
    of_single_draws: bool
    sums: _Sums = field(default_factory=_Sums)
    children: list[_Blocks] = field(default_factory=list)
    waiting: list[tuple[Floats, Floats]] = field(default_factory=list)
    best: tuple[float, float] = (float("-inf"), 0.0)
    held: int = 0

    def add(self, u: Floats, v: Floats) -> None:
        """More draws, or more bests of smaller blocks."""
        self.waiting.append((u, v))
        if sum(len(each) for each, _ in self.waiting) >= BATCH:
            self.take_in()

    def take_in(self) -> None:
        """Fill blocks with what is waiting, and pass their bests on."""
        u, v = _joined(self.waiting)
        self.waiting = []
        first = min(self.factor - self.held, len(u)) if self.held else 0
        blocks = (len(u) - first) // self.factor
        last = first + blocks * self.factor
        ended = self._hold(u[:first], v[:first])
        bests = _joined([*ended, _largest(u[first:last], v[first:last], blocks)])
        self._hold(u[last:], v[last:])
        self.sums.add(*bests)
        for child in self.children:
            child.add(*bests)

    def _hold(self, u: Floats, v: Floats) -> list[tuple[Floats, Floats]]:
        """Add less than a block to the one that is not complete; its best, if now it is."""
        import numpy as np

        if not len(u):
            return []
        place = int(u.argmax())
        if float(u[place]) > self.best[0]:  # of equal ones the first, whatever their utility
            self.best = float(u[place]), float(v[place])
        self.held += len(u)
        if self.held < self.factor:
            return []
        best, self.best, self.held = self.best, (float("-inf"), 0.0), 0
        return [(np.array(best[:1]), np.array(best[1:]))]


def _joined(parts: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Pairs of arrays as one pair."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    if not parts:
        return np.empty(0), np.empty(0)
    us, vs = zip(*parts, strict=True)
    return np.concatenate(us), np.concatenate(vs)


def _largest(u: Floats, v: Floats, blocks: int) -> tuple[Floats, Floats]:
    """The largest u of each of so many blocks of one size, with its v.

    A block is every ``blocks``-th draw: any will do, and then it is whole rows that are compared.
    """
    import numpy as np

    if not blocks or blocks == len(u):
        return u, v
    rows, partners = u.reshape(-1, blocks), v.reshape(-1, blocks)
    if len(rows) > blocks:
        places = rows.argmax(axis=0), np.arange(blocks)
        return rows[places], partners[places]
    best, partner = rows[0], partners[0]
    for row, other in zip(rows[1:], partners[1:], strict=True):
        partner = np.where(row > best, other, partner)
        best = np.maximum(best, row)
    return best, partner
