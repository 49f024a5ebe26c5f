"""Best-of-n of 10^9 draws on one device: they are made a chunk at a time and never kept.

As :mod:`verify.best_of.monte_carlo` does it in numpy: draws of (X, V) are cut into blocks of n, and
the V of the one with the largest ``U = X + V`` in a block is one independent draw of the best of n.
The blocks of n are made of those of the largest earlier n that divides it. What is left of a chunk
that fills no block is dropped, which is no choice. Nothing leaves the device before the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from gpu_checks.kernels.drawing import drawing
from verify.errors import InputError
from verify.law import Law
from verify.utility_curve import Estimate

#: Draws that are made at a time: on a CPU they stay in its cache, on a GPU they keep it busy.
CHUNK = {"cpu": 2**15, "cuda": 2**24}
#: Fewest blocks that a mean and its standard error are made of.
FEWEST_BLOCKS = 20

#: Called after each chunk with the number of draws done and wanted.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DrawnBest:
    """What the best of n is like on average, by sampling.

    Attributes
    ----------
    n, blocks : int
        How many the best is chosen from, and how many times it was.
    proxy, utility, error : Estimate
        E U, E V and E X, with standard errors; these mean what they say where the best of n has a
        finite variance.
    """

    n: int
    blocks: int
    proxy: Estimate
    utility: Estimate
    error: Estimate


def best_of_draws(
    error: Law,
    utility: Law,
    draws: Sequence[int],
    samples: int,
    seed: int,
    device: torch.device,
    progress: Progress | None = None,
) -> tuple[DrawnBest, ...]:
    """Estimates of E U, E V and E X under best-of-n, for X independent of V.

    Parameters
    ----------
    error, utility : Law
        The laws of X and V, as :func:`~gpu_checks.kernels.drawing.drawing` takes them.
    draws : sequence of int
        The n, in any order; the answer is in the same.
    samples : int
        How many pairs (X, V) are drawn in all.
    seed : int
        The same seed gives the same answer on the same kind of device.
    device : torch.device
        Where they are drawn.
    progress : callable, optional
        See :data:`Progress`.

    Raises
    ------
    InputError
        If some n is below 1, so large that it has fewer than :data:`FEWEST_BLOCKS` blocks, or a law
        is not one that is drawn here.
    """
    if not draws or min(draws) < 1:
        raise InputError(f"best-of-n needs n >= 1, got {min(draws, default='none')}")
    if samples // max(draws) < FEWEST_BLOCKS:
        raise InputError(
            f"best of {max(draws)}: {samples} samples make fewer than {FEWEST_BLOCKS} blocks; "
            f"{FEWEST_BLOCKS * max(draws)} would do"
        )
    of_x, of_v = drawing(error), drawing(utility)
    generator = torch.Generator(device).manual_seed(seed)
    bests = BlockBests(draws)
    largest = max(draws)
    chunk = max(CHUNK[device.type] // largest, 1) * largest
    done = 0
    while samples - done >= min(chunk, largest):
        # The last chunk is cut to whole blocks of the largest n.
        size = min(chunk, (samples - done) // largest * largest)
        x, v = of_x(size, generator), of_v(size, generator)
        bests.add(x.add_(v), v)
        done += size
        if progress is not None:
            progress(done, samples)
    return tuple(bests.of(n) for n in draws)


@dataclass
class BlockBests:
    """The best of blocks of each n, as draws come in."""

    draws: Sequence[int]
    _sums: dict[int, _Moments] = field(init=False)

    def __post_init__(self) -> None:
        self._sums = {n: _Moments() for n in sorted(set(self.draws))}

    def add(self, u: torch.Tensor, v: torch.Tensor) -> None:
        """Blocks of more draws: their proxies and utilities."""
        bests: dict[int, tuple[torch.Tensor, torch.Tensor]] = {1: (u, v)}
        for n, sums in self._sums.items():
            smaller = max(each for each in bests if n % each == 0)
            bests[n] = largest_of_blocks(*bests[smaller], n // smaller)
            sums.add(*bests[n])

    def of(self, n: int) -> DrawnBest:
        """The estimates for one n."""
        return self._sums[n].best(n)


def largest_of_blocks(
    u: torch.Tensor, v: torch.Tensor, size: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The largest u of each block of so many neighbours, with its v; what fills none is dropped."""
    if size == 1:
        return u, v
    blocks = len(u) // size
    if size == 2:
        # Without an index of the larger, which costs as much again.
        pairs, partners = u[: 2 * blocks].view(-1, 2), v[: 2 * blocks].view(-1, 2)
        first = pairs[:, 0] >= pairs[:, 1]
        best = torch.maximum(pairs[:, 0], pairs[:, 1])
        return best, torch.where(first, partners[:, 0], partners[:, 1])
    best, place = u[: blocks * size].view(-1, size).max(dim=1)
    return best, v[: blocks * size].view(-1, size).gather(1, place[:, None])[:, 0]


@dataclass
class _Moments:
    """Means of U and V and sums of products about them, merged over chunks without cancellation.

    Chan, Golub and LeVeque's update: for parts with counts a, b and means d apart, the sum of
    products about the common mean is that of both and ``d d' a b/(a + b)``. X is U - V.
    """

    count: int = 0
    means: torch.Tensor | None = None
    products: torch.Tensor | None = None

    def add(self, u: torch.Tensor, v: torch.Tensor) -> None:
        if not len(u):
            return
        means = torch.stack([u.mean(), v.mean()])
        of_u, of_v = u - means[0], v - means[1]
        products = torch.stack([of_u @ of_u, of_v @ of_v, of_u @ of_v])
        if self.means is None or self.products is None:
            self.count, self.means, self.products = len(u), means, products
            return
        total = self.count + len(u)
        apart = means - self.means
        between = torch.stack([apart[0] ** 2, apart[1] ** 2, apart[0] * apart[1]])
        self.products = self.products + products + between * (self.count * len(u) / total)
        self.means = self.means + apart * (len(u) / total)
        self.count = total

    def best(self, n: int) -> DrawnBest:
        assert self.means is not None
        assert self.products is not None
        mean_u, mean_v = self.means.tolist()
        of_uu, of_vv, of_uv = self.products.tolist()

        def estimate(mean: float, squares: float) -> Estimate:
            return Estimate(mean, (max(squares, 0.0) / (self.count - 1) / self.count) ** 0.5)

        return DrawnBest(
            n,
            self.count,
            estimate(mean_u, of_uu),
            estimate(mean_v, of_vv),
            estimate(mean_u - mean_v, of_uu + of_vv - 2 * of_uv),
        )
