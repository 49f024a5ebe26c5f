"""The frontier over the prompts of a file: float64 against balls, scales, ties, planted errors."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import inf
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from verify import sample_search
from verify.enclosure import ball_of_decimal, working_precision
from verify.errors import InputError
from verify.frontier import FrontierPoint
from verify.large_sample import LargeSample
from verify.laws.empirical_law import Empirical
from verify.prompts import per_prompt
from verify.prompts import sample as prompt_sample
from verify.prompts import sums as prompt_sums
from verify.prompts.answer import QuenchedFrontier
from verify.prompts.laws import PromptLaws
from verify.prompts.per_prompt import CERTIFIED_ROWS, in_float64, per_prompt_frontier
from verify.prompts.quenched import quenched_frontier
from verify.prompts.reading import PromptRewards
from verify.prompts.sample import Pooled, PromptSample, Quenched
from verify.sample_search import Search

Floats = NDArray[np.float64]

#: The aim, relative to max(|S|, S - mean).
AIM = 1e-9
#: The balls' own gap is 1e-13 of that.
BALLS = 1e-12
BITS = 400
BUDGETS = [Decimal(text) for text in ("0", "1e-6", "0.01", "0.5", "2", "30")]


def rewards(groups: list[Floats]) -> PromptRewards:
    """As if read from a file."""
    names = tuple(f"prompt {k}" for k in range(len(groups)))
    rows = np.array([len(group) for group in groups])
    return PromptRewards("a file", names, np.concatenate(groups), rows, "")


def shares_of(data: PromptRewards, weights: str) -> list[int]:
    return data.rows.tolist() if weights == "rows" else [1] * len(data.rows)


def laws_of(data: PromptRewards, weights: str) -> PromptLaws:
    parts = np.split(data.rewards, np.cumsum(data.rows)[:-1])
    laws = [Empirical.from_values(part) for part in parts]
    return PromptLaws.of(laws, shares_of(data, weights), data.names)


def finite(value: object) -> arb:
    assert isinstance(value, arb)
    return value


def check_against_balls(data: PromptRewards, weights: str, budgets: list[Decimal]) -> None:
    """The certified values lie between the float64 ones, and the tilt does what it says."""
    found = in_float64(data, budgets, weights)
    truth = per_prompt._certified(data, budgets, weights)
    size = float(np.abs(data.rewards).max())
    with working_precision(BITS):
        for side in ("points", "pooled"):
            for value, true in zip(getattr(found, side), getattr(truth, side), strict=True):
                check_point(value, true, size)
        laws = laws_of(data, weights)
        for point in found.points:
            if point.tilt is not None:
                log_mgf, mean, _ = laws.cumulants(point.tilt)
                spent = point.tilt * mean - log_mgf
                assert spent <= ball_of_decimal(point.budget), f"over budget: {point.budget}"
                assert mean >= finite(point.lower), f"the tilt's mean is below: {point.budget}"


def check_point(value: FrontierPoint, true: FrontierPoint, size: float) -> None:
    slack = arb(size) * BALLS
    lower, upper = finite(value.lower), finite(value.upper)
    assert lower <= finite(true.upper) + slack, f"too high a lower value: {value.budget}"
    assert upper >= finite(true.lower) - slack, f"too low an upper value: {value.budget}"


def check_is_close(found: QuenchedFrontier) -> None:
    for side in (found.points, found.pooled):
        for point in side:
            lower, upper = float(finite(point.lower)), float(finite(point.upper))
            gained = lower - float(finite(found.mean))
            assert upper - lower <= AIM * max(abs(lower), gained, 1e-300), f"wide: {point.budget}"


# ---------------------------------------------------------------- against balls

values = st.one_of(
    st.lists(st.integers(-50, 50).map(lambda k: k / 8), min_size=1, max_size=8),
    st.lists(st.integers(0, 3).map(float), min_size=1, max_size=8),  # ties
    st.lists(st.floats(-3, 3), min_size=1, max_size=8),
    st.lists(st.integers(0, 30).map(lambda k: 2.0**k), min_size=1, max_size=6),
).map(np.array)


@given(
    st.lists(values, min_size=1, max_size=5),
    st.sampled_from(["equal", "rows"]),
    st.lists(st.sampled_from(BUDGETS), min_size=1, max_size=3),
)
def test_any_prompts(groups: list[Floats], weights: str, budgets: list[Decimal]) -> None:
    check_against_balls(rewards(groups), weights, budgets)


def realistic(rng: np.random.Generator, prompts: int, rows: int) -> list[Floats]:
    """Prompts of different means, spreads and numbers of rows."""
    return [
        rng.normal() + rng.uniform(0.2, 2) * rng.standard_t(4, size=int(rng.integers(1, 2 * rows)))
        for _ in range(prompts)
    ]


@pytest.mark.parametrize("weights", ["equal", "rows"])
@pytest.mark.parametrize(
    ("scale", "offset"), [(1.0, 0.0), (1e-3, 1e6), (1e100, 0.0), (1e-100, 0.0), (1.0, -1e9)]
)
def test_scales(rng: np.random.Generator, scale: float, offset: float, weights: str) -> None:
    data = rewards([group * scale + offset for group in realistic(rng, 30, 20)])
    check_against_balls(data, weights, BUDGETS)
    check_is_close(in_float64(data, BUDGETS, weights))


@pytest.mark.parametrize("power", [990, -990])
def test_the_largest_and_smallest_scales(rng: np.random.Generator, power: int) -> None:
    """Beyond what the search in balls reaches: in float64 a power of two changes nothing else."""
    groups = realistic(rng, 12, 20)
    plain = in_float64(rewards(groups), BUDGETS, "rows")
    moved = in_float64(rewards([np.ldexp(group, power) for group in groups]), BUDGETS, "rows")
    for one, other in zip(plain.points + plain.pooled, moved.points + moved.pooled, strict=True):
        for name in ("lower", "upper"):
            scaled = float(np.ldexp(float(finite(getattr(one, name))), power))
            assert float(finite(getattr(other, name))) == pytest.approx(scaled, rel=1e-14)


@pytest.mark.parametrize("rows", [4, 200])
def test_next_to_the_price_of_all_tops(rng: np.random.Generator, rows: int) -> None:
    """There l is large, and every prompt is close to its top."""
    groups = [rng.normal(size=rows) for _ in range(20)]
    price = np.log(rows)
    budgets = [Decimal(f"{price - gap:.12g}") for gap in (1e-2, 1e-4, 1e-6)]
    check_against_balls(rewards(groups), "equal", budgets)


def test_one_prompt_is_one_sample(rng: np.random.Generator) -> None:
    """Over one prompt, quenched and pooled, and over equal ones pooled, it is the sample's S."""
    sample = rng.standard_t(3, 20_000)
    budgets = BUDGETS[1:]
    one = PromptSample(sample, np.array([len(sample)]), np.array([1]))
    many = PromptSample(sample, np.full(200, 100), np.ones(200, dtype=np.int64))
    other = LargeSample(sample).frontier(budgets)
    for found in (Quenched(one).at(budgets), Pooled(one).at(budgets), Pooled(many).at(budgets)):
        for bracket, point in zip(found, other, strict=True):
            assert float(bracket.lower) <= point.upper and point.lower <= float(bracket.upper)
            assert bracket.at_top == point.at_top


def test_weights_by_rows_pool_the_file(rng: np.random.Generator) -> None:
    data = rewards(realistic(rng, 40, 30))
    found = in_float64(data, BUDGETS[1:], "rows")
    other = LargeSample(data.rewards).frontier(BUDGETS[1:])
    for point, sample in zip(found.pooled, other, strict=True):
        assert float(finite(point.lower)) <= sample.upper
        assert sample.lower <= float(finite(point.upper))


# ---------------------------------------------------------------- what is asked for


def test_small_files_are_certified_and_large_ones_say_that_they_are_not(
    rng: np.random.Generator,
) -> None:
    for rows, means in ((CERTIFIED_ROWS // 10, "ball"), (CERTIFIED_ROWS // 10 + 1, "float64")):
        data = rewards([rng.normal(size=rows) for _ in range(10)])
        answer = per_prompt_frontier(data, ["0.1"])
        (point,), (pooled,) = answer.frontier.points, answer.frontier.pooled
        assert point.means == pooled.means == means
        assert ("float64" in point.because) == (means == "float64")
        assert answer.frontier.settled and len(point.split) == 10


def test_reasons_in_float64(rng: np.random.Generator) -> None:
    """Without a budget nothing is tilted, and past the price of all tops neither."""
    data = rewards([rng.normal(size=20) for _ in range(5)])
    found = in_float64(data, [Decimal(0), Decimal("0.1"), Decimal(4)], "equal")
    for points in (found.points, found.pooled):
        reasons = [point.because.split(";")[0] for point in points]
        assert reasons[:2] == ["without a budget the policy is the base policy", "by one tilt"]
    assert found.points[2].because.startswith("the budget buys every top")


def test_the_split_adds_up(rng: np.random.Generator) -> None:
    """Over the prompts: what they spend is the budget, and what they have the lower value."""
    data = rewards([*realistic(rng, 25, 40), np.array([3.0])])
    for weights in ("equal", "rows"):
        shares = np.array(shares_of(data, weights)) / sum(shares_of(data, weights))
        for point in in_float64(data, BUDGETS, weights).points:
            means, costs = (
                np.array([float(getattr(share, name)) for share in point.split])
                for name in ("mean", "kl")
            )
            # Sums of 26 numbers: 1e-12 of their sizes is generous.
            assert float(shares @ means) == pytest.approx(float(finite(point.lower)), rel=1e-9)
            assert [share.weight for share in point.split] == [
                fmpq(n, sum(shares_of(data, weights))) for n in shares_of(data, weights)
            ]
            if point.budget < 3:
                assert float(shares @ costs) == pytest.approx(float(point.budget), rel=1e-9)
            assert costs[-1] == 0 and means[-1] == 3


def test_the_smallest_budgets(rng: np.random.Generator) -> None:
    """Where float64 shows no tilt to be within the budget, the mean is the lower value."""
    data = rewards([rng.normal(size=50) for _ in range(9)])
    (point,) = in_float64(data, [Decimal("1e-40")], "equal").points
    assert float(finite(point.lower)) <= float(finite(point.upper))
    assert float(finite(point.upper)) - float(finite(point.lower)) < 1e-12


def test_constants_only() -> None:
    data = rewards([np.full(3, 2.0), np.array([5.0])])
    for point in in_float64(data, BUDGETS, "rows").points:
        assert float(finite(point.lower)) == pytest.approx(2.75, abs=1e-14)
        assert point.attained and (point.tilt is None)


def test_weights_are_checked() -> None:
    with pytest.raises(InputError, match="expected equal or rows, got 'even'"):
        per_prompt_frontier(rewards([np.array([1.0, 2.0])]), ["0.1"], "even")


def test_the_same_as_for_laws(rng: np.random.Generator) -> None:
    data = rewards(realistic(rng, 10, 6))
    answer = per_prompt_frontier(data, ["0.2"], "rows")
    found = quenched_frontier(laws_of(data, "rows"), ["0.2"])
    assert abs(finite(answer.frontier.points[0].lower) - finite(found.points[0].lower)) < BALLS


# ---------------------------------------------------------------- planted errors


def no_rounding_error(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(prompt_sums, "ROUNDING", 1e-40)
    patch.setattr(sample_search, "ROUNDING", 1e-40)
    patch.setattr(sample_search, "ELEMENTARY", 1e-40)
    for module in (sample_search, prompt_sample):
        patch.setattr(module, "FOUR", 1e-40)


def averaged_inside(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Quenched, "read", Pooled.read)


def shares_ignored(patch: pytest.MonkeyPatch) -> None:
    real = PromptSample.__init__

    def equal(self: PromptSample, values: Any, rows: Any, shares: Any) -> None:
        real(self, values, rows, np.ones_like(shares))

    patch.setattr(PromptSample, "__init__", equal)


def any_tilt_is_within(patch: pytest.MonkeyPatch) -> None:
    record = Search._record

    def generous(self: Search, active: Any, reading: Any) -> Any:
        self.least = self.least * 1.001
        return record(self, active, reading)

    patch.setattr(Search, "_record", generous)


@pytest.mark.parametrize(
    "plant", [no_rounding_error, averaged_inside, shares_ignored, any_tilt_is_within]
)
def test_planted_errors_are_caught(
    plant: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    rng: np.random.Generator,
) -> None:
    data = rewards(realistic(rng, 30, 20))
    plant(monkeypatch)
    budgets = [Decimal(f"{d:.3g}") for d in np.geomspace(1e-3, 1, 8)]
    with pytest.raises(AssertionError, match=r"lower value|upper value|over budget|mean is below"):
        check_against_balls(data, "rows", budgets)


def test_errors_are_finite(rng: np.random.Generator) -> None:
    data = rewards(realistic(rng, 5, 50))
    found = in_float64(data, BUDGETS, "equal")
    assert all(abs(float(finite(point.upper))) < inf for point in found.points)
