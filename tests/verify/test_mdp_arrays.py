"""Float64 sweeps over large MDPs: against the exact ones, and against a sweep written plainly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import verify.mdp.array_frontier
from tests.verify.mdp_strategies import deterministic, layered, weights
from verify.errors import InputError
from verify.mdp import MDP, MDPError, averages, base_policy, soft_values, weights_at_end
from verify.mdp.array_frontier import array_frontier, evaluate, greedy_price, soft_series
from verify.mdp.arrays import ArrayMDP
from verify.mdp.greedy import greedy, greedy_costs

HALF = fmpq(1, 2)
#: Relative to numbers up to about 100, after at most 5 layers of sums of 53 bits.
CLOSE = 1e-11

anything = st.one_of(deterministic, layered(deterministic=False, starts=3))


@given(st.data(), anything)
def test_h_agrees_with_the_exact_one(data: st.DataObject, mdp: MDP) -> None:
    w = weights_at_end(mdp, data.draw(weights(mdp)))
    arrays, number = ArrayMDP.of(mdp)
    at_end = np.zeros(arrays.size)
    for state, value in w.items():
        at_end[number[state]] = float(arb(value))
    h = arrays.averages(at_end)
    for state, value in averages(mdp, base_policy(mdp), w).items():
        assert h[number[state]] == pytest.approx(float(arb(value)), abs=CLOSE)


@given(anything, st.sampled_from([fmpq(1, 7), fmpq(3), fmpq(2000)]))
def test_soft_values_agree_with_the_certified_ones(mdp: MDP, tilt: fmpq) -> None:
    """Also for tilts so large that exponentials of the returns leave the range of float64."""
    arrays, number = ArrayMDP.of(mdp)
    found = arrays.soft_values(float(arb(tilt)))
    for state, value in soft_values(mdp, tilt).items():
        assert found[number[state]] == pytest.approx(float(value[0]), rel=1e-12, abs=CLOSE)


@given(anything)
def test_derivatives_and_evaluation_agree(mdp: MDP) -> None:
    arrays, _ = ArrayMDP.of(mdp)
    tilt = 0.75
    value, mean, variance = soft_series(arrays, tilt)
    got, spent = evaluate(arrays, tilt)
    assert got == pytest.approx(mean, abs=CLOSE)
    assert spent == pytest.approx(tilt * mean - value, abs=CLOSE)
    step = 1e-4
    ends = [soft_series(arrays, tilt + move)[1] for move in (-step, step)]
    # A central difference errs by step^2 K''''/6, and here |K''''| < 10^3.
    assert variance == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=1e-5)


@given(anything)
def test_price_of_the_best_mean_agrees(mdp: MDP) -> None:
    best, price = greedy_price(ArrayMDP.of(mdp)[0])
    found = greedy(mdp)
    exact = -sum((p * greedy_costs(mdp, found)[s] for s, p in mdp.start.items()), arb(0))
    assert best == pytest.approx(float(arb(found.value)), abs=CLOSE)  # type: ignore[arg-type]
    assert price == pytest.approx(float(exact), abs=1e-9)


def test_actions_that_tie_but_for_rounding_are_tied(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.3 (2/7 + 2/7 + 3/7) is not 0.3 in float64: at s both actions get it, nothing is to gain."""
    drawn = {"x": fmpq(2, 7), "y": fmpq(2, 7), "z": fmpq(3, 7)}
    moves = {"s": {"a": ("1/2", "x"), "b": ("1/2", drawn)}}
    ends = {**dict.fromkeys("xyz", fmpq(6, 10)), "w": fmpq(0)}
    arrays, _ = ArrayMDP.of(MDP.build({"s": HALF, "w": HALF}, moves, ends))
    found = array_frontier(arrays, 1e-3)
    assert found.lower == found.upper == pytest.approx(0.3, abs=1e-15)
    assert found.kl == 0
    monkeypatch.setattr(verify.mdp.array_frontier, "TIE", 0.0)
    assert greedy_price(arrays.with_returns(arrays.returns - 0.3))[1] == pytest.approx(
        np.log(2) / 2
    )


def test_returns_far_from_zero_lose_no_digits() -> None:
    arrays = large(layers=4, width=10, actions=3, outcomes=2)
    near = array_frontier(ArrayMDP(**arrays), 0.01)
    far = array_frontier(ArrayMDP(**{**arrays, "returns": arrays["returns"] + 2.0**20}), 0.01)
    # The returns themselves are rounded to 2^-32 there.
    assert far.lower - 2.0**20 == pytest.approx(near.lower, abs=1e-8)
    assert far.kl == pytest.approx(0.01, rel=1e-6)


#: The best mean of a fair coin at 0.1 nats: the root of ``kl(p, 1/2) = 0.1``.
COIN = 0.71979462616141


def test_what_the_base_policy_never_does_is_left_out() -> None:
    """An action of probability 0, and a state that no one gets to, with returns out of all size."""
    leads = sparse.csr_array(np.eye(5)[[0, 1, 2]])
    for huge in (1e4, -1e20, 1e300):
        mdp = ArrayMDP(
            start=np.array([0.0, 0, 0, 0, 1]),
            owner=np.array([4, 4, 4]),
            base=np.array([0.5, 0.5, 0.0]),
            leads=leads,
            returns=np.array([0.0, 1.0, huge, huge, np.nan]),
        )
        assert mdp.reached.tolist() == [True, True, False, False, True]
        assert mdp.soft_values(1.0)[4] == pytest.approx(np.log((1 + np.e) / 2), rel=1e-14)
        found = array_frontier(mdp, 0.1)
        assert found.lower == pytest.approx(COIN, rel=1e-13)
        assert found.upper == pytest.approx(COIN, rel=1e-13)


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e200, 1e300])
def test_returns_of_any_size(size: float) -> None:
    """Squares of these leave the range of float64."""
    arrays = {**small(), "returns": np.array([0.0, size, np.nan])}
    found = array_frontier(ArrayMDP(**arrays), 0.1)
    assert found.lower / size == pytest.approx(COIN, rel=1e-13)
    assert found.kl == pytest.approx(0.1, rel=1e-12)
    mean = np.exp(found.tilt * size) / (1 + np.exp(found.tilt * size))
    assert mean == pytest.approx(COIN, rel=1e-12)


# ---------------------------------------------------------------- large


def large(layers: int, width: int, actions: int, outcomes: int, seed: int = 3) -> dict[str, Any]:
    """``layers`` layers of ``width`` states each, beside the final ones; transitions at random."""
    rng = np.random.default_rng(seed)
    size = (layers + 1) * width
    owner = np.repeat(np.arange(width, size), actions)
    base = rng.random((layers * width, actions)) + 0.1
    base /= base.sum(axis=1, keepdims=True)
    to = rng.integers(0, width, (len(owner), outcomes)) + (owner // width - 1)[:, None] * width
    shares = rng.random((len(owner), outcomes)) + 0.1
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(owner)), outcomes)
    leads = sparse.coo_array((shares.ravel(), (rows, to.ravel())), shape=(len(owner), size))
    start, returns = np.zeros(size), np.full(size, np.nan)
    start[-width:] = 1 / width
    returns[:width] = rng.normal(size=width)
    return {
        "start": start,
        "owner": owner,
        "base": base.ravel(),
        "leads": leads,
        "returns": returns,
    }


def test_large_one_against_a_plain_sweep() -> None:
    given_arrays = large(layers=9, width=40, actions=4, outcomes=2)
    mdp = ArrayMDP(**given_arrays)
    tilt = 1.5
    values = np.where(np.isnan(mdp.returns), 0.0, tilt * mdp.returns)
    leads = given_arrays["leads"].tocsr()
    for state in range(40, len(values)):  # states are numbered from the ends backwards here
        of_state = np.flatnonzero(given_arrays["owner"] == state)
        reached = leads[of_state] @ values
        values[state] = np.log(given_arrays["base"][of_state] @ np.exp(reached))
    assert mdp.soft_values(tilt) == pytest.approx(values, abs=CLOSE)


def test_order_of_states_and_actions_does_not_matter() -> None:
    arrays = large(layers=5, width=20, actions=3, outcomes=2)
    rng = np.random.default_rng(1)
    states, actions = rng.permutation(120), rng.permutation(300)  # new number of each, and order
    back = np.argsort(states)
    leads = arrays["leads"].tocsr()[actions][:, back]
    shuffled = ArrayMDP(
        arrays["start"][back],
        states[arrays["owner"]][actions],
        arrays["base"][actions],
        leads,
        arrays["returns"][back],
    )
    one, other = ArrayMDP(**arrays).soft_values(2.0), shuffled.soft_values(2.0)
    assert other[states] == pytest.approx(one, abs=CLOSE)


@pytest.mark.parametrize(("actions", "outcomes"), [(10, 1), (5, 2)])
def test_full_size(actions: int, outcomes: int) -> None:
    """10^5 states and 10^6 transitions: both sides of the frontier meet."""
    mdp = ArrayMDP(**large(layers=19, width=5000, actions=actions, outcomes=outcomes))
    assert mdp.size == 10**5
    assert mdp.leads.nnz > 0.94 * 10**6  # 5 % of the states are final
    found = array_frontier(mdp, 0.5)
    assert found.kl == pytest.approx(0.5, rel=1e-9)
    assert found.lower == pytest.approx(found.upper, rel=1e-9)


# ---------------------------------------------------------------- bad input


def small() -> dict[str, Any]:
    return {
        "start": np.array([0.0, 0.0, 1.0]),
        "owner": np.array([2, 2]),
        "base": np.array([0.5, 0.5]),
        "leads": sparse.csr_array(np.array([[1.0, 0, 0], [0, 1.0, 0]])),
        "returns": np.array([0.0, 1.0, np.nan]),
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": np.array([0.5, 0.4])}, "state 2: the base probabilities do not sum to 1"),
        ({"returns": np.array([0.0, np.nan, np.nan])}, "state 1: the base probabilities"),
        ({"start": np.array([0.0, 0.5, 0.6])}, "the start law: the probabilities sum to 1.1"),
        ({"start": np.array([np.nan, 0, 1])}, "state 0: a start probability"),
        ({"base": np.array([1.5, -0.5])}, "state 2: the probabilities after an action"),
        ({"leads": sparse.csr_array(np.array([[1.0, 0, 0], [0, 0.5, 0]]))}, "state 2: the prob"),
        ({"leads": sparse.csr_array(np.array([[1.0, 0, 0], [0, 0, 1.0]]))}, "state 2: it may come"),
        ({"base": np.array([0.5, np.nan])}, "state 2: the base probabilities do not sum to 1"),
        ({"leads": sparse.csr_array(np.array([[1.0, 0, 0], [0, np.nan, 0]]))}, "state 2: the prob"),
        ({"returns": np.array([0.0, np.inf, np.nan])}, "state 1: the return is infinite"),
        ({"owner": np.array([2, 3])}, "owner: expected numbers of states, from 0 to 2"),
        ({"leads": sparse.csr_array(np.eye(2))}, r"leads of shape \(2, 3\), got 3 and \(2, 2\)"),
    ],
)
def test_bad_arrays_name_the_state(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MDPError, match=message):
        _ = ArrayMDP(**{**small(), **change}).layers


def test_budget_is_positive() -> None:
    mdp = ArrayMDP(**small())
    assert array_frontier(mdp, 5).lower == 1
    for budget in (0, -1, float("nan")):
        with pytest.raises(InputError, match="budget: expected a number of nats above 0"):
            array_frontier(mdp, budget)
