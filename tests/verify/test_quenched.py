"""The frontier over prompts: closed forms, a direct optimiser, a second implementation, cases."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from verify.enclosure import Diverges, exact, working_precision
from verify.frontier import frontier_point
from verify.law import Law
from verify.laws.point import PointMass
from verify.mdp import MDP, Drawn, policy_frontier
from verify.mixture import mixture
from verify.prompts import quenched
from verify.prompts.answer import QuenchedFrontier
from verify.prompts.laws import PromptLaws
from verify.prompts.quenched import quenched_frontier
from verify.tilt_frontier import by_tilt

Floats = NDArray[np.float64]

#: What a frontier's two values may be apart: 1e-13 of max(|S|, S - mean), all below 100 here.
GAP = 1e-11
NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'


@pytest.fixture(autouse=True)
def precise() -> Iterator[None]:
    """Comparisons at 53 bits would blur what the frontier knows to 80."""
    with working_precision(256):
        yield


def finite(value: object) -> arb:
    assert isinstance(value, arb)
    return value


def check(found: QuenchedFrontier, weights: list[fmpq]) -> None:
    """What must hold at every settled, finite point, whatever the laws."""
    for number, (point, pooled) in enumerate(zip(found.points, found.pooled, strict=True)):
        lower, upper = finite(point.lower), finite(point.upper)
        gap = upper - lower
        assert gap > -GAP and gap < GAP, f"a gap of {gap}"
        spent = sum((w * s.kl for w, s in zip(weights, point.split, strict=True)), arb(0))
        assert spent < arb(str(point.budget)) + 1e-15, f"over budget: {spent.str(10)}"
        gained = sum((w * s.mean for w, s in zip(weights, point.split, strict=True)), arb(0))
        assert abs(gained - lower) < GAP, f"the split's mean is {gained.str(10)}"
        if isinstance(pooled.upper, arb) and pooled.settled:
            excess, _ = found.overstatement(number)
            assert finite(pooled.upper) > lower - GAP, "pooled below"
            assert isinstance(excess, arb) and excess > -GAP


# ---------------------------------------------------------------- closed forms, and other routes


@pytest.mark.parametrize("budget", ["1e-6", "0.1", "3"])
def test_normals(budget: str) -> None:
    """``sqrt(2 d E s^2)``, and prompt s spends ``d s^2/E s^2``."""
    found = quenched_frontier([f"normal(sigma={s})" for s in (1, 2, 5)], [budget], ["5", "3", "2"])
    (point,) = found.points
    best = (2 * arb(exact(budget)) * fmpq(67, 10)).sqrt()
    for value in (point.lower, point.upper):
        assert abs(finite(value) - best) < GAP
    for share, sigma in zip(point.split, (1, 2, 5), strict=True):
        part = exact(budget) * sigma**2 / fmpq(67, 10)
        assert abs(share.kl - part) < 1e-12 * float(part)
        assert abs(share.mean - (2 * arb(part) * sigma**2).sqrt()) < GAP
    check(found, [fmpq(5, 10), fmpq(3, 10), fmpq(2, 10)])


@pytest.mark.parametrize("text", ["normal(mu=1)", "exponential()", "poisson(mu=3)", "-lognormal()"])
@pytest.mark.parametrize("prompts", [1, 3])
def test_equal_prompts_are_one_law(text: str, prompts: int) -> None:
    """Over prompts with one law, the frontier is that law's."""
    for budget in ("0.01", "0.2", "1"):
        (point,) = quenched_frontier([text] * prompts, [budget]).points
        alone = frontier_point(text, budget)
        assert point.settled and point.attained == alone.attained
        assert abs(finite(point.lower) - finite(alone.lower)) < GAP
        assert abs(finite(point.upper) - finite(alone.upper)) < GAP


def test_a_decision_process_says_the_same() -> None:
    laws = ["normal(mu=1)", "gamma(shape=2)", "binomial(n=4, p=0.3)", "point(x=2)"]
    weights = ["0.4", "0.3", "0.2", "0.1"]
    drawn = {k: Drawn(Law.parse(law)) for k, law in enumerate(laws)}
    process = MDP.build(dict(enumerate(weights)), {}, drawn)
    found = quenched_frontier(laws, ["0.05", "0.7"], weights)
    for point in found.points:
        other = policy_frontier(process, str(point.budget))
        assert finite(other.lower) < finite(point.upper) + 1e-15
        assert finite(point.lower) < finite(other.upper) + 1e-15
    check(found, [exact(w) for w in weights])


def random_instance(rng: np.random.Generator) -> tuple[list[int], list[tuple[Floats, Floats, Law]]]:
    """A few prompts with a few returns each: weights, and masses, returns and laws."""
    weights = rng.integers(1, 9, size=rng.integers(1, 5)).tolist()
    prompts = []
    for _ in weights:
        size = int(rng.integers(2, 5))
        counts = rng.integers(1, 9, size=size)
        returns = rng.choice(np.arange(-20, 21), size=size, replace=False) / 4
        parts = [
            (fmpq(int(n), int(counts.sum())), PointMass(exact(x)))
            for n, x in zip(counts, returns, strict=True)
        ]
        prompts.append((counts / counts.sum(), returns, mixture(parts)))
    return weights, prompts


def direct_optimum(weights: Floats, prompts: list[tuple[Floats, Floats, Law]], d: float) -> float:
    """The best mean, by SLSQP over the probabilities of all answers at once: no duality."""
    base = np.concatenate([masses for masses, _, _ in prompts])
    returns = np.concatenate([values for _, values, _ in prompts])
    prompt = np.repeat(np.arange(len(prompts)), [len(masses) for masses, _, _ in prompts])
    share = (weights / weights.sum())[prompt] * base
    members = (prompt[None] == np.arange(len(prompts))[:, None]) * base
    # The density is 1 + step z, so that z and the constraint are of the order of 1.
    step = np.sqrt(d)

    def cost(z: Floats) -> float:
        w = 1 + step * z
        return float((share * (w * np.log(w) - w + 1)).sum()) / d

    found = minimize(
        lambda z: -float((share * z * returns).sum()),
        np.zeros(len(base)),
        jac=lambda z: -share * returns,
        method="SLSQP",
        bounds=[((1e-14 - 1) / step, None)] * len(base),
        constraints=[
            {"type": "eq", "fun": lambda z: members @ z, "jac": lambda z: members},
            {
                "type": "ineq",
                "fun": lambda z: 1 - cost(z),
                "jac": lambda z: -share * np.log(1 + step * z) * step / d,
            },
        ],
        options={"ftol": 1e-16, "maxiter": 500},
    )
    base_mean: float = (share * returns).sum()
    return base_mean - float(step * found.fun)


def test_a_direct_optimiser_finds_the_same(rng: np.random.Generator) -> None:
    """To 1e-10, as the constraints that SLSQP meets to about 1e-13 move the optimum by that."""
    for _ in range(25):
        weights, prompts = random_instance(rng)
        d = str(rng.choice(["0.003", "0.05", "0.2", "0.4"]))
        found = quenched_frontier([law for *_, law in prompts], [d], weights)
        best = direct_optimum(np.array(weights, dtype=float), prompts, float(d))
        (point,) = found.points
        assert abs(finite(point.lower) - best) < 1e-10 and abs(finite(point.upper) - best) < 1e-10
        total = sum(weights)
        check(found, [fmpq(w, total) for w in weights])


def soft_value(tilt: float, tree: Any, returns: dict[str, float]) -> Any:
    """``L_l`` of a state: a name of a final state, or actions with probabilities and outcomes."""
    if isinstance(tree, str):
        return tilt * returns[tree]
    after = [
        (p, sum(q * soft_value(tilt, s, returns) for q, s in outcomes)) for p, outcomes in tree
    ]
    top = max(value for _, value in after)
    return top + float(np.log(sum(p * np.exp(value - top) for p, value in after)))


def test_stochastic_transitions_and_noise_against_a_direct_optimiser() -> None:
    """Two prompts, chance after each action, a second action, noise: SLSQP over the policy."""
    # The noise has the mean of its final state; no policy moves it.
    returns = {"low": -1.0, "end": 1.0, "high": 3.0, "noisy": 2.0}
    middle = [(1 / 3, [(1.0, "high")]), (2 / 3, [(0.9, "low"), (0.1, "noisy")])]
    ask = [(0.5, [(0.7, middle), (0.3, "low")]), (0.5, [(0.2, middle), (0.8, "end")])]
    tell = [(0.25, [(1.0, middle)]), (0.75, [(0.5, "end"), (0.5, "noisy")])]
    start = ((0.6, ask), (0.4, tell))

    def walk(tree: Any, policy: dict[int, float]) -> tuple[float, float]:
        """Mean return and KL from a state on; both actions are there, the first with x[state]."""
        if isinstance(tree, str):
            return returns[tree], 0.0
        first = policy[id(tree)]
        mean = kl = 0.0
        for chance, (p, outcomes) in zip((first, 1 - first), tree, strict=True):
            kl += chance * np.log(chance / p)
            for q, state in outcomes:
                inner = walk(state, policy)
                mean, kl = mean + chance * q * inner[0], kl + chance * q * inner[1]
        return mean, kl

    def over_prompts(x: Floats) -> tuple[float, float]:
        policy = {id(tree): float(v) for tree, v in zip((ask, tell, middle), x, strict=True)}
        each = [(share, walk(tree, policy)) for share, tree in start]
        return sum(w * a for w, (a, _) in each), sum(w * b for w, (_, b) in each)

    for d in (0.02, 0.1):
        direct = minimize(
            lambda x: -over_prompts(x)[0],
            [0.5, 0.25, 1 / 3],
            method="SLSQP",
            bounds=[(1e-6, 1 - 1e-6)] * 3,
            constraints=[{"type": "ineq", "fun": lambda x, d=d: d - over_prompts(x)[1]}],
            options={"ftol": 1e-15, "maxiter": 200},
        )
        # (d + E L_l)/l over l: at its minimum, flat, errors of 1e-8 in l are 1e-16 in the value.
        dual = minimize(
            lambda u, d=d: (
                (d + sum(w * soft_value(float(np.exp(u[0])), tree, returns) for w, tree in start))
                / float(np.exp(u[0]))
            ),
            [np.log(0.5)],
            method="BFGS",
            options={"gtol": 1e-12},
        )
        # SLSQP takes difference quotients of step 1e-8 here: its optimum is good to about 1e-10.
        assert dual.fun == pytest.approx(-direct.fun, abs=1e-9)


# ---------------------------------------------------------------- its four cases


def test_a_heavy_prompt_makes_it_infinite_and_is_named() -> None:
    laws = ["normal()", "pareto(alpha=2)", "exponential()", "lognormal()"]
    found = quenched_frontier(laws, ["0", "1e-9"], [1, 1, 7, 1], ["a", "b", "c", "d"])
    none, little = found.points
    assert abs(finite(none.lower) - (fmpq(2) + 7 + arb("0.5").exp()) / 10) < 1e-15
    assert little.lower == little.upper == Diverges(+1) and little.attained
    assert little.because.startswith("b (and 1 more) is right-heavy: power tail")
    assert little.split == () and found.overstatement(1) == (None, None)


def test_tops() -> None:
    """Each prompt saturates at its top, at ``-log`` of its mass."""
    laws = ["bernoulli(p=0.3)", "point(x=2)", "binomial(n=4, p=0.5)"]
    price = float((-arb("0.3").log() + 4 * arb(2).log()) / 3)  # 1.3255
    below, above = f"{price - 1e-4:.6f}", f"{price + 1e-4:.6f}"
    found = quenched_frontier(laws, [below, above, "50"])
    assert finite(found.points[0].upper) < arb(fmpq(7, 3)) - 1e-9
    for point in found.points[1:]:
        assert finite(point.lower).overlaps(arb(fmpq(7, 3))) and point.tilt is None
        assert [share.mean.str(5, radius=False) for share in point.split] == [
            "1.0000", "2.0000", "4.0000",
        ]  # fmt: skip
        assert abs(sum((s.kl for s in point.split), arb(0)) / 3 - price) < 1e-12
    check(found, [fmpq(1, 3)] * 3)
    # The pooled law wants prompt 3 only.
    assert abs(finite(found.pooled[2].lower) - 4) < GAP


def test_constants_only() -> None:
    found = quenched_frontier(["point(x=1)", "point(x=4)"], ["0", "0.3"], [3, 1])
    for point in found.points:
        assert abs(finite(point.lower) - fmpq(7, 4)) < 1e-15 and point.attained
    excess, ratio = found.overstatement(1)
    assert isinstance(excess, arb) and excess > 0.5 and ratio is None


def test_past_the_last_tilt() -> None:
    """With rate 1: ``D* = 2/3 - log(3/2)`` for the first prompt, and what tilt 1 costs a coin."""
    found = quenched_frontier([NON_STEEP, "bernoulli(p=0.5)"], ["0.15", "2"])
    coin = ((1 + arb(1).exp()) / 2).log()  # its log-MGF at 1
    mean = 1 / (1 + (-arb(1)).exp())
    last = (2 / arb(3) - (arb(3) / 2).log() + mean - coin) / 2
    assert last > 0.15 and last < 0.2
    inside, beyond = found.points
    assert inside.attained and inside.settled
    assert beyond.attained is False and beyond.settled and beyond.tilt == 1
    assert abs(finite(beyond.upper) - (2 + ((arb(3) / 2).log() + coin) / 2)) < 1e-15
    _, second = beyond.split
    assert abs(second.mean - mean) < 1e-15 and abs(second.kl - (mean - coin)) < 1e-15
    check(found, [fmpq(1, 2)] * 2)


def test_left_heavy_prompts() -> None:
    """A mean of -oo under the base policy; any budget ends it."""
    found = quenched_frontier(["-pareto(alpha=1/2)", "normal()"], ["0", "0.1"])
    assert found.points[0].lower == Diverges(-1) == found.mean
    assert finite(found.points[1].lower) < -2 and found.points[1].settled
    assert found.overstatement(1)[1] is None


def test_heavy_prompts_of_ones_own() -> None:
    (point,) = quenched_frontier(['tail(log_sf="-2*log(x)", lower=1)'], ["0.1"]).points
    assert point.lower == Diverges(+1) and point.because.startswith("prompt 1 is right-heavy")


def test_the_very_price_of_all_tops() -> None:
    """-Poisson(3) is 0 with probability exp(-3): d = 3/2 is the price of both tops."""
    (point,) = quenched_frontier(["-poisson(mu=3)", "point(x=5)"], ["1.5"]).points
    assert point.attained and point.settled and "as far as balls can tell" in point.because
    assert abs(finite(point.lower) - 2.5) < GAP and finite(point.upper) == 2.5


# ---------------------------------------------------------------- properties

BOUNDED = st.builds(
    lambda masses, values: mixture(
        [
            (fmpq(m, sum(masses[: len(values)])), PointMass(fmpq(v, 3)))
            for m, v in zip(masses, values, strict=False)
        ]
    ),
    st.lists(st.integers(1, 9), min_size=4, max_size=4),
    st.lists(st.integers(-30, 30), min_size=1, max_size=4, unique=True),
)
LIGHT = st.sampled_from(
    [
        Law.parse(t)
        for t in ("normal()", "2*exponential()", "poisson(mu=1)", "uniform()", "-gumbel()")
    ]
)
BUDGET = st.sampled_from(["1e-8", "0.001", "0.1", "0.7", "3"])


@given(laws=st.lists(st.one_of(BOUNDED, LIGHT), min_size=1, max_size=4), data=st.data())
def test_any_prompts(laws: list[Law], data: st.DataObject) -> None:
    weights = data.draw(
        st.lists(st.integers(1, 20), min_size=len(laws), max_size=len(laws)), label="weights"
    )
    total = sum(weights)
    budget = data.draw(BUDGET, label="budget")
    with working_precision(256):
        found = quenched_frontier(laws, [budget, str(Decimal(budget) * 2)], weights)
        check(found, [fmpq(w, total) for w in weights])
        one, two = found.points
        assert finite(one.lower) < finite(two.upper) + GAP
        # Every prompt spends as its own frontier wants it: KL_s buys no more than its mean.
        share, law = one.split[0], laws[0]
        spent = f"{float(share.kl.mid()) * (1 - 1e-9):.20f}"
        assert finite(frontier_point(law, spent).lower) < share.mean + 1e-6


@given(laws=st.lists(BOUNDED, min_size=1, max_size=3), budget=BUDGET)
def test_units_and_order_do_not_matter(laws: list[Law], budget: str) -> None:
    with working_precision(256):
        (plain,) = quenched_frontier(laws, [budget]).points
        (moved,) = quenched_frontier([7 + 3 * law for law in reversed(laws)], [budget]).points
        (twice,) = quenched_frontier(laws + laws, [budget]).points
        assert abs(finite(moved.lower) - 7 - 3 * finite(plain.lower)) < 100 * GAP
        assert abs(finite(twice.lower) - finite(plain.lower)) < GAP


# ---------------------------------------------------------------- planted errors


def pooled_instead(patch: pytest.MonkeyPatch) -> None:
    """The average taken inside the logarithm."""
    patch.setattr(PromptLaws, "cumulants", lambda self, tilt: self.pooled.cumulants(tilt))


def weights_dropped(patch: pytest.MonkeyPatch) -> None:
    real = quenched._shares

    def equal(prompts: PromptLaws, values: Any) -> Any:
        same = (fmpq(1, len(prompts.laws)),) * len(prompts.laws)
        return real(PromptLaws(prompts.names, same, prompts.laws), values)

    patch.setattr(quenched, "_shares", equal)
    average = PromptLaws.cumulants

    def plain(self: PromptLaws, tilt: Any) -> Any:
        same = (fmpq(1, len(self.laws)),) * len(self.laws)
        return average(PromptLaws(self.names, same, self.laws), tilt)

    patch.setattr(PromptLaws, "cumulants", plain)


def a_generous_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(quenched, "by_tilt", lambda path, d: by_tilt(path, d * fmpq(101, 100)))


@pytest.mark.parametrize("plant", [pooled_instead, weights_dropped, a_generous_budget])
def test_planted_errors_are_caught(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    found = quenched_frontier(["normal()", "normal(sigma=3)"], ["0.1"], [1, 4])
    with pytest.raises(AssertionError, match=r"over budget|the split's mean|a gap"):
        check(found, [fmpq(1, 5), fmpq(4, 5)])
