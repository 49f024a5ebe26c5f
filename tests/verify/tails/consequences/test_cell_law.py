"""Cells of a sample: what they hold, and that drawing them together and apart brackets it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from verify.divergence import parse_divergence
from verify.large_sample import LargeSample
from verify.reading import DataError
from verify.tails.consequences.best_mean import Bracket, best_mean
from verify.tails.consequences.cell_law import DISTINCT, CellLaw

N = 10**5

REWARDS = arrays(
    np.float64,
    st.integers(1, 40),
    elements=st.floats(-1e3, 1e3, allow_subnormal=False) | st.sampled_from([0.0, 1.0, -2.5]),
)


def coarse(rewards: np.ndarray, size: int) -> CellLaw:
    """Cells of ``size`` sorted rewards each, but for the largest, which is alone."""
    below, top = np.sort(rewards)[:-1], rewards.max()
    parts = [below[k : k + size] for k in range(0, len(below), size)] + [np.array([top])]
    return CellLaw(
        np.array([len(part) for part in parts]),
        np.array([part[0] for part in parts]),
        np.array([np.clip(part.mean(), part[0], part[-1]) for part in parts]),
        np.array([part[-1] for part in parts]),
    )


@given(rewards=REWARDS)
def test_few_rewards_keep_cells_of_their_own(rewards: np.ndarray) -> None:
    cells = CellLaw.of(rewards)
    values, counts = np.unique(rewards + 0.0, return_counts=True)
    assert (cells.low == values).all() and (cells.high == values).all()
    assert (cells.counts == counts).all() and cells.total == len(rewards)
    assert cells.top == rewards.max()
    assert cells.top_mass == (rewards == rewards.max()).sum() / len(rewards)


@pytest.mark.parametrize("law", ["normal", "Student t(2)", "minus Pareto", "far"])
def test_many_rewards_share_cells(law: str) -> None:
    rng = np.random.default_rng(3)
    rewards = {
        "normal": rng.standard_normal(N),
        "Student t(2)": rng.standard_t(2, N),
        "minus Pareto": -rng.pareto(0.5, N),
        "far": 1e9 + rng.standard_normal(N),
    }[law]
    cells, ordered = CellLaw.of(rewards), np.sort(rewards)
    assert len(cells.counts) < DISTINCT < N == cells.total
    ends = np.cumsum(cells.counts)
    assert (cells.high == ordered[ends - 1]).all()
    assert (cells.low == ordered[ends - cells.counts]).all()
    # The mean of n numbers from a sum of their distances from the least: n roundings of the width.
    exact = np.add.reduceat(ordered.astype(np.longdouble), ends - cells.counts) / cells.counts
    width = cells.high - cells.low
    allowed = cells.counts * width * 2.0**-52 + abs(cells.low) * 2.0**-51
    assert (abs(cells.mean - exact) <= allowed).all()
    # The 512 largest and the 512 smallest have cells of their own.
    assert (cells.counts[-512:] == 1).all() and (cells.counts[:512] == 1).all()


def between(bracket: Bracket, low: float, high: float) -> bool:
    """Whether a bracket holds a value that lies between two, up to rounding."""
    room = 1e-12 * max(abs(low), abs(high), 1.0)
    return bracket.lower <= high + room and low - room <= bracket.upper


@given(seed=st.integers(0, 10**6), size=st.integers(2, 30))
def test_coarse_cells_bracket_the_sample(seed: int, size: int) -> None:
    rewards = np.random.default_rng(seed).standard_t(3, 300)
    for token in ("kl", "chi2", "renyi:1/2", "odds"):
        divergence = parse_divergence(token)
        fine = best_mean(CellLaw.of(rewards), divergence, 0.4)
        assert between(best_mean(coarse(rewards, size), divergence, 0.4), fine.lower, fine.upper)


def test_means_alone_are_no_bound() -> None:
    """A bound from the cells drawn together is below the truth: drawing apart is what makes it."""
    rewards = np.random.default_rng(0).standard_t(3, 300)
    cells = coarse(rewards, 30)
    together = CellLaw(cells.counts, cells.mean, cells.mean, cells.mean)
    divergence = parse_divergence("kl")
    truth = best_mean(CellLaw.of(rewards), divergence, 0.4)
    assert not between(best_mean(together, divergence, 0.4), truth.lower, truth.upper)
    assert between(best_mean(cells, divergence, 0.4), truth.lower, truth.upper)


@given(rewards=REWARDS, level=st.floats(0, 1))
def test_the_cell_of_a_level(rewards: np.ndarray, level: float) -> None:
    cells = CellLaw.of(rewards)
    cell = cells.cell_of(level)
    at_or_above = (rewards >= cells.low[cell]).sum()
    # More than n (1 - level) rewards are in the cell or above, if there are as many; above it there
    # are no more than that.
    most = len(rewards) * (1 - level)
    above = (rewards > cells.high[cell]).sum()
    assert at_or_above == len(rewards) or at_or_above > most * (1 - 1e-11)
    assert above <= most * (1 + 1e-11)


@given(rewards=REWARDS, cap=st.floats(-1e3, 1e3))
def test_clipping(rewards: np.ndarray, cap: float) -> None:
    clipped = CellLaw.of(rewards).clipped_at(cap)
    direct = CellLaw.of(np.minimum(rewards, cap))
    assert clipped.top == direct.top
    assert clipped.top_mass == pytest.approx(direct.top_mass, abs=1e-15)
    assert clipped.average == pytest.approx(direct.average, abs=1e-11)


def test_the_frontier_of_a_million_cells_meets_the_proved_bounds() -> None:
    rewards = np.random.default_rng(0).standard_t(3, N)
    cells, large = CellLaw.of(rewards), LargeSample(rewards)
    for point in large.frontier(["0.01", "0.5", "2", "9"]):
        found = best_mean(cells, parse_divergence("kl"), float(point.budget))
        assert between(found, point.lower, point.upper)
        assert found.upper - found.lower < 1e-6 * found.upper


@pytest.mark.parametrize("bad", [[], [1.0, np.nan], [np.inf]])
def test_what_is_no_sample_is_refused(bad: list[float]) -> None:
    with pytest.raises(DataError):
        CellLaw.of(np.array(bad))


def test_a_last_cell_that_is_no_point_is_refused() -> None:
    with pytest.raises(ValueError, match="last cell"):
        CellLaw(np.array([1, 2]), np.array([0.0, 1.0]), np.array([0.0, 1.5]), np.array([0.0, 2.0]))
