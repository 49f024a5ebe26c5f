"""Backward induction over large MDPs in float64, against a bare scipy.sparse sweep.

Run by ``make bench``. The sweep to beat is two sparse products a layer over the same arrays: from
the states to the actions that lead there, and from the actions to their states. ``h`` and the soft
values of deterministic MDPs are one product with the two multiplied out before. Where the
environment draws, soft values take an exponential for each action, which is what they cost more.
The aims: within 3 times the bare sweep; time that grows with the size and no faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import scipy
from scipy import sparse

from tests.verify.test_mdp_arrays import large
from verify.mdp.array_frontier import array_frontier
from verify.mdp.arrays import ArrayMDP

LAYERS = 20
#: The size of the aims, and the sizes that are measured.
AIM = 100_000
SIZES = (50_000, AIM, 200_000, 400_000)
REPEATS = 25
#: Times the bare sweep.
MOST = 3.0
#: Times as long for each transition, at the largest size against that of the aim: 1 where time is
#: linear, 4 where it is quadratic. At both sizes the arrays are larger than the caches.
GROWTH = 2.0


@dataclass(frozen=True)
class Shape:
    """How many actions a state has, and to how many states an action leads."""

    actions: int
    outcomes: int

    def __str__(self) -> str:
        drawn = "deterministic" if self.outcomes == 1 else f"{self.outcomes} outcomes"
        return f"{self.actions} actions, {drawn}"

    def mdp(self, size: int) -> ArrayMDP:
        width = size // LAYERS
        return ArrayMDP(**large(LAYERS - 1, width, self.actions, self.outcomes))


SHAPES = (Shape(10, 1), Shape(5, 2))


def least(*runs: Callable[[], Any]) -> list[float]:
    """The least time of each, taken by turns: what else runs here slows all of them."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(REPEATS):
        for run, taken in zip(runs, times, strict=True):
            start = perf_counter()
            run()
            taken.append(perf_counter() - start)
    return [min(taken) for taken in times]


def bare_sweep(mdp: ArrayMDP) -> Callable[[], Any]:
    """Expected returns by two sparse products a layer, and nothing else."""
    values = mdp.from_end(mdp.returns)
    parts = [
        (
            layer.first,
            layer.last,
            sparse.csr_array(
                (
                    layer.base,
                    np.arange(len(layer.base)),
                    np.append(layer.firsts, len(layer.base)),
                )
            ),
            layer.leads,
        )
        for layer in mdp.layers
    ]

    def sweep() -> Any:
        for first, last, base, leads in parts:
            values[first:last] = base @ (leads @ values[:first])
        return values

    return sweep


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_bare_sweep_computes_the_same(shape: Shape) -> None:
    mdp = shape.mdp(2_000)
    values = bare_sweep(mdp)()
    assert values[mdp.place] == pytest.approx(mdp.averages(mdp.returns), abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_backward_induction_against_a_bare_sweep(shape: Shape) -> None:
    print(f"\n{shape}; {LAYERS} layers, scipy {scipy.__version__}; least of {REPEATS}, by turns\n")
    print(f"{'states':>8} {'transitions':>12} {'sweep ms':>9} {'h':>6} {'soft values':>12}")
    ratios, times = [], []
    for size in SIZES:
        mdp = shape.mdp(size)
        sweep, h, soft = least(
            bare_sweep(mdp), lambda m=mdp: m.averages(m.returns), lambda m=mdp: m.soft_values(1.0)
        )
        print(
            f"{size:8} {mdp.leads.nnz:12} {1e3 * sweep:9.2f} {h / sweep:6.2f} {soft / sweep:12.2f}"
        )
        ratios.append((h / sweep, soft / sweep))
        times.append(soft)
    at_aim = ratios[SIZES.index(AIM)]
    print(f"\nat 10^5 states: h {at_aim[0]:.2f}, soft values {at_aim[1]:.2f} (aim {MOST})")
    growth = [b / a for a, b in pairwise(times)]
    print(f"each doubling takes {', '.join(f'{g:.2f}' for g in growth)} times as long (linear: 2)")
    assert max(at_aim) <= MOST
    assert times[-1] / times[SIZES.index(AIM)] <= GROWTH * SIZES[-1] / AIM


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_frontier_in_seconds(shape: Shape) -> None:
    start = perf_counter()
    mdp = shape.mdp(100_000)
    drawn = perf_counter()
    _ = mdp.layers
    ordered = perf_counter()
    found = array_frontier(mdp, 0.5)
    done = perf_counter()
    print(
        f"\n{shape}, 10^5 states: read and checked with the drawing {drawn - start:.2f} s, layers "
        f"{ordered - drawn:.2f} s, frontier point {done - ordered:.2f} s"
    )
    assert found.upper - found.lower < 1e-9
    assert done - drawn < 5
