"""Policies that mitigate: nodes, cells and paths, each by a second route."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from verify.best_of import best_of
from verify.conditioning.routes import condition
from verify.enclosure import ball, working_precision
from verify.errors import InputError
from verify.joint.laws import CopulaLaw, conditioned
from verify.joint.normal_maximum import mean_of_largest
from verify.law import Law
from verify.mdp import MDP, base_policy, chain_rule_kl
from verify.mdp.array_frontier import evaluate
from verify.mitigations import nodes as nodes_module
from verify.mitigations.catalogue import MITIGATIONS, ByIntegrals
from verify.mitigations.cells import Resolution
from verify.mitigations.ensembles import Ensemble, lowest, mean_less_variance
from verify.mitigations.entropy import EntropyBonus
from verify.mitigations.existence import why_no_errors, why_no_power, why_no_tilt
from verify.mitigations.losses import PENALTIES, Driving, losses
from verify.mitigations.model import COARSE, FINE, Model, default_models
from verify.mitigations.nodes import nodes_of, rank_function
from verify.mitigations.occupancy import (
    average_kl,
    chi_square,
    gathered,
    kl,
    occupancy,
    occupancy_of_actions,
    total_variation,
)
from verify.mitigations.one_step import OneStep
from verify.mitigations.profile import Profile, profile_of
from verify.mitigations.road import driver, road, where
from verify.mitigations.weights import (
    Draws,
    Path,
    Powers,
    Tilts,
    TopShares,
    strength_for,
    strengths,
)
from verify.tilted_utility import tilted_utility

LAPLACE_NORMAL = Model.parse("light", "laplace()", "normal()")
NORMALS = Model.parse("normals", "2*normal()", "normal()")
JOINED = Model.parse("joined", "2*normal()", "normal()", "gaussian(rho=-0.3)")

# ---------------------------------------------------------------- nodes

LAWS = (
    "normal()",
    "laplace()",
    "student_t(df=5)",
    "exponential()",
    "1 - 2*gamma(shape=0.5)",
    "beta(a=0.5, b=2)",
    "pareto(alpha=3)",
    "uniform(low=-1, high=3)",
    "poisson(mu=3)",
    "mixture(0.9*normal(), 0.1*(5 + exponential()))",
    "mixture(0.5*point(x=0), 0.5*normal())",
    'tail(log_sf="-1-x", lower=0)',
    "lognormal(mu=0, sigma=3)",
    "weibull(shape=0.3)",
)


@pytest.mark.parametrize("text", LAWS)
def test_nodes_have_the_laws_mean(text: str) -> None:
    law = Law.parse(text)
    nodes = nodes_of(law, 12)
    assert (np.diff(nodes.points) >= 0).all() and abs(nodes.masses.sum() - 1) < 1e-12
    mean = law.mean()
    assert isinstance(mean, arb)
    # The rule is of order 24 on panels that follow the law; a density that is singular at an end
    # is the worst here: its last panel is 2^-45 of a side, and holds about 2^-22 of the mass.
    assert abs(float(nodes.masses @ nodes.points) - float(mean)) < 1e-6


@pytest.mark.parametrize("text", [law for law in LAWS if not Law.parse(law).has_atoms])
def test_ranks_between_nodes(text: str) -> None:
    law = Law.parse(text)
    ranks = rank_function(law, 12)
    levels = np.concatenate([10.0 ** np.arange(-9, 0), np.linspace(0.15, 0.95, 9)])
    places = [law.quantile(arb(level)).mid() for level in levels]
    found = ranks(np.array([float(place) for place in places]))
    for k, place in enumerate(places):
        # Cubics between nodes of a panel of an eighth of the law's width: h^4/384 times the fourth
        # derivative of a logarithm of a tail, of order 1. Beyond the last node, 2^-45 of a side
        # from the end, beta(1/2, 2) has a mass of about 2^-22.5/3.
        for mine, right in (
            (found.below[k], law.cdf(place)),
            (found.above[k], law.survival(place)),
        ):
            assert abs(mine - float(right)) < max(1e-5 * float(right), 1e-7)


def test_ranks_beyond_the_support() -> None:
    found = rank_function(Law.parse("uniform(low=0, high=1)"), 8)(np.array([-1.0, 2.0]))
    assert list(found.below) == [0, 1] and list(found.above) == [1, 0]


def test_missing_mass_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes_module, "FARTHEST_LIGHT", -3.0)
    with pytest.raises(InputError, match="its masses sum to 0"):
        nodes_of.__wrapped__(Law.parse("normal()"), 8)


# ---------------------------------------------------------------- weights, on finite models

#: Scores with masses and utilities; ties are there to be joined.
FINITE = profile_of(
    np.array([3.0, 0.0, 1.0, 1.0, 2.0]),
    np.array([0.1, 0.2, 0.3, 0.1, 0.3]),
    np.array([3.0, 0.0, 1.0, 1.0, 2.0]),
    np.array([-5.0, 1.0, 2.0, 6.0, 4.0]),
)


def test_ties_are_joined() -> None:
    assert list(FINITE.score) == [0, 1, 2, 3]
    assert FINITE.mass == pytest.approx([0.2, 0.4, 0.3, 0.1])
    assert FINITE.utility == pytest.approx([1, 3, 4, -5])


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_best_of_n_by_enumeration(n: int) -> None:
    """All tuples of n draws, each with its probability; the best of each."""
    shares = np.zeros(4)
    for index in np.ndindex(*(4,) * n):
        shares[max(index)] += np.prod(FINITE.mass[list(index)])
    assert Draws(FINITE).shares(log(n)) == pytest.approx(shares, abs=1e-14)


def test_top_shares_split_an_atom() -> None:
    # The top 1/4: all of the mass 0.1 at 3, and 0.15 of the 0.3 at 2.
    found = TopShares(FINITE).outcome(log(4))
    assert found.mean_u == pytest.approx((0.1 * 3 + 0.15 * 2) * 4)
    assert found.mean_v == pytest.approx((0.1 * -5 + 0.15 * 4) * 4)
    assert found.kl == pytest.approx(0.4 * log(4) + 0.6 * log(2))


def test_powers_by_definition() -> None:
    path = Powers(FINITE, order=fmpq(3))
    weight = np.sqrt(np.maximum(FINITE.score - path.threshold(1.7), 0))
    expected = weight * FINITE.mass / (weight @ FINITE.mass)
    assert path.shares(1.7) == pytest.approx(expected)


@pytest.mark.parametrize("strength", [0.99, 1.0, 1.13, 1.2])
def test_the_kl_of_powers_of_a_uniform_law(strength: float) -> None:
    # The weight z^b on [0, L] has the KL divergence log((b + 1)/L) - b/(b + 1) from the uniform law
    # on [0, 1], wherever in a cell the threshold 1 - L lies.
    cells = 50
    score = (np.arange(cells) + 0.5) / cells
    profile = Profile(score, np.full(cells, 1 / cells), score, score, divisible=True)
    for order, b in ((fmpq(3, 2), 2.0), (fmpq(2), 1.0), (fmpq(4), 1 / 3)):
        path = Powers(profile, order=order)
        expected = log((b + 1) / (1 - path.threshold(strength))) - b / (b + 1)
        assert path.outcome(strength).kl == pytest.approx(expected, abs=1e-12)


def test_tilts_by_definition() -> None:
    weight = np.exp(0.7 * FINITE.score) * FINITE.mass
    assert Tilts(FINITE).shares(0.7) == pytest.approx(weight / weight.sum())


@pytest.mark.parametrize("kind", [Tilts, Powers, TopShares, Draws])
def test_strength_and_kl_rise_together(kind: type) -> None:
    path: Path = kind(FINITE)
    found = [path.outcome(strength).kl for strength in strengths(path)]
    assert abs(found[0]) < 1e-3 and (np.diff(found) > -1e-12).all()
    # All on the largest score costs -log of its mass.
    assert found[-1] == pytest.approx(log(10), abs=1e-2)


@given(st.sampled_from([Tilts, Powers, TopShares, Draws]), st.floats(0.01, 2.2))
def test_strength_for_a_kl(kind: type, kl: float) -> None:
    path: Path = kind(FINITE)
    strength = strength_for(path, "kl", kl)
    assert strength is not None and abs(path.outcome(strength).kl - kl) < 1e-9


def test_out_of_reach_is_none() -> None:
    assert strength_for(TopShares(FINITE), "kl", 3.0) is None
    assert strength_for(Tilts(FINITE), "gain", 2.0) is None


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(-9, 9)), min_size=2, max_size=7))
def test_chi_square_is_best_within_its_divergence(model: list[tuple[int, int]]) -> None:
    """No other path of these has a larger mean of U at the same chi-square divergence."""
    mass = np.array([m for m, _ in model], dtype=float)
    score = np.arange(len(model), dtype=float)
    profile = profile_of(score, mass, score, np.array([v for _, v in model], dtype=float))

    def chi_square(path: Path, strength: float) -> float:
        shares = path.shares(strength)  # type: ignore[attr-defined]
        return float((shares**2 / profile.mass).sum() - 1)

    best = Powers(profile)
    for other in (Tilts(profile), TopShares(profile), Draws(profile)):
        rival = other.outcome(0.5)
        spent = chi_square(other, 0.5)
        low, high = 1e-6, 1e6
        for _ in range(200):
            middle = (low * high) ** 0.5
            low, high = (middle, high) if chi_square(best, middle) < spent else (low, middle)
        assert best.outcome(high).mean_u >= rival.mean_u - 1e-7


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(-9, 9)), min_size=2, max_size=7),
    st.sampled_from([Tilts, Powers, TopShares, Draws]),
    st.floats(0.05, 3),
)
def test_rising_weights_average_the_conditional_means(
    model: list[tuple[int, int]], kind: type, strength: float
) -> None:
    """The layer-cake lemma: E V is no lower, and no higher, than some E[V | score >= t]."""
    mass, utility = (np.array(column, dtype=float) for column in zip(*model, strict=True))
    score = np.arange(len(model), dtype=float)
    profile = profile_of(score, mass, score, utility)
    path: Path = kind(profile)
    found = path.outcome(min(strength, path.strongest)).mean_v
    parts, masses = (np.cumsum(x[::-1])[::-1] for x in (mass * utility, mass))
    means = parts / masses
    assert means.min() - 1e-9 <= found <= means.max() + 1e-9


# ---------------------------------------------------------------- weights, on pairs of laws


def test_tilts_are_the_certified_ones() -> None:
    path = Tilts(LAPLACE_NORMAL.profile(FINE), 1.0)
    (point,) = tilted_utility("laplace()", "normal()", tilts=["0.5"]).points
    found = path.outcome(0.5)
    # Cells of width h in place of points: h^2 l^2/24 relative, h about 0.01 in the body.
    certified = (point.kl, point.mean_u, point.mean_v)
    for mine, right in zip((found.kl, found.mean_u, found.mean_v), certified, strict=True):
        assert isinstance(right, arb) and abs(mine - float(right)) < 2e-5


@pytest.mark.parametrize(
    ("error", "utility"),
    [
        ("student_t(df=3)", "normal()"),
        ("poisson(mu=3)", "normal()"),
        ("exponential()", "poisson(mu=1)"),
        ("pareto(alpha=2.5)", "laplace()"),
    ],
)
def test_top_shares_are_the_certified_ones(error: str, utility: str) -> None:
    model = Model.parse("pair", error, utility)
    path = TopShares(model.profile(FINE))
    for strength in (0.3, 1.0, 4.0):
        t = arb(path.threshold(strength)).fmpq()
        with working_precision(64):
            found = condition(model.error, model.utility, t)
        mine = path.outcome(strength)
        # Interpolated between the ends of cells that are about 1/1000 of the law's width.
        assert abs(mine.kl - float(found.kl)) < 1e-3
        assert isinstance(found.mean_v, arb) and abs(mine.mean_v - float(found.mean_v)) < 1e-3


def test_top_shares_of_a_dependent_pair_are_the_certified_ones() -> None:
    model = default_models()[2]
    path = TopShares(model.profile(FINE))
    t = arb(path.threshold(2.0)).fmpq()
    with working_precision(48):
        found = conditioned(CopulaLaw(model.error, model.utility, model.copula), t)
    mine = path.outcome(2.0)
    assert abs(mine.kl - float(found.kl)) < 1e-3
    assert isinstance(found.mean_v, arb) and abs(mine.mean_v - float(found.mean_v)) < 1e-3


@pytest.mark.heavy
def test_best_of_n_is_the_certified_one() -> None:
    model = default_models()[1]
    with working_precision(64):
        found = best_of(model.error, model.utility).at(19)
    mine = Draws(model.profile(FINE)).outcome(log(19))
    certified = (found.kl, found.mean_u, found.mean_v)
    for number, right in zip((mine.kl, mine.mean_u, mine.mean_v), certified, strict=True):
        # Of the order of what a coarser resolution differs by.
        assert isinstance(right, arb) and abs(number - float(right)) < 1e-4


@pytest.mark.parametrize("model", [NORMALS, JOINED], ids=lambda model: model.name)
def test_best_of_n_of_normals(model: Model) -> None:
    rho = 0 if model.is_independent else -0.3
    spread = (4 + 1 + 4 * rho) ** 0.5
    for n in (2, 10, 1000):
        largest = float(mean_of_largest(n))
        found = Draws(model.profile(FINE)).outcome(log(n))
        # Within a cell the weight changes by a share of about z h < 0.04, z < 3.4 where the mass
        # is and h = 0.011 standard deviations: its mean is off by 0.04^2/24, times log w < 6.
        assert abs(found.kl - (log(n) - (n - 1) / n)) < 4e-4
        assert abs(found.mean_u - spread * largest) < 4e-4
        assert abs(found.mean_v - (1 + 2 * rho) / spread * largest) < 4e-4


@pytest.mark.parametrize("model", [NORMALS, JOINED], ids=lambda model: model.name)
def test_at_an_equal_gain_normals_have_one_utility(model: Model) -> None:
    """E[V | U] is a line, so no rising weight is better than another."""
    slope = 1 / 5 if model.is_independent else (1 - 0.6) / (5 - 1.2)
    checked = 0
    for mitigation in MITIGATIONS:
        if not isinstance(mitigation, ByIntegrals) or mitigation.name == "entropy bonus":
            continue
        path = mitigation.path(model, COARSE)
        strength = strength_for(path, "gain", 1.5)
        assert strength is not None
        assert abs(path.outcome(strength).mean_v - 1.5 * slope) < 2e-4, mitigation.name
        checked += 1
    assert checked == 9


def test_finite_pairs_are_exact() -> None:
    """Bernoulli and binomial: all sums by hand."""
    model = Model.parse("finite", "binomial(n=2, p=0.5)", "bernoulli(p=0.25)")
    profile = model.profile(FINE)
    assert list(profile.score) == [0, 1, 2, 3]
    assert profile.mass == pytest.approx([3 / 16, 7 / 16, 5 / 16, 1 / 16])
    assert profile.utility == pytest.approx([0, 1 / 7, 2 / 5, 1])
    # 0.1 + 0.2 and 0.3 are one score.
    tenths = Model.parse("tenths", "0.1 + 0.2*bernoulli(p=0.5)", "0.2*bernoulli(p=0.5)")
    assert tenths.profile(FINE).mass == pytest.approx([1 / 4, 1 / 2, 1 / 4])


def test_atoms_of_the_error_are_summed_over_the_other_law() -> None:
    """X = 0 or 3: the proxy is a mixture of two normals, whose posterior share is known."""
    model = Model.parse("two", "3*bernoulli(p=0.5)", "normal()")
    profile = model.profile(FINE)
    share = 1 / (1 + np.exp(4.5 - 3 * profile.score))
    body = abs(profile.score - 1.5) < 5
    assert profile.utility[body] == pytest.approx((profile.score - 3 * share)[body], abs=1e-4)


def test_draws_agree_with_integrals() -> None:
    """A profile of draws: E V of the top tenth, within six standard errors."""
    rng = np.random.default_rng(3)
    size = 200_000
    x, v = rng.laplace(size=size), rng.standard_normal(size)
    drawn = profile_of(x + v, np.ones(size), x + v, v)
    here = TopShares(drawn).outcome(log(10))
    there = TopShares(LAPLACE_NORMAL.profile(FINE)).outcome(log(10))
    # V among the selected has a variance below 1.
    assert abs(here.mean_v - there.mean_v) < 6 / (size / 10) ** 0.5


def test_a_shifted_profile_is_noticed() -> None:
    """Planted: the check above fails for a utility that is off by a thirtieth."""
    profile = LAPLACE_NORMAL.profile(FINE)
    moved = Profile(profile.score, profile.mass, profile.reward, profile.utility + 1 / 30, True)
    there = TopShares(profile).outcome(log(10)).mean_v
    assert abs(TopShares(moved).outcome(log(10)).mean_v - there) > 6 / 20_000**0.5 * 0.7


def test_coarser_cells_are_farther_off() -> None:
    """The difference of two resolutions is about the error: a third one is far closer."""
    exactly = 0.5
    errors = []
    for scores in (500, 1000, 2000):
        path = Tilts(LAPLACE_NORMAL.profile(Resolution(10, scores)), 1.0)
        errors.append(abs(path.outcome(0.5).mean_v - exactly))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


# ---------------------------------------------------------------- entropy


def test_entropy_of_uniform_laws() -> None:
    """The base is uniform itself: the box leaves out 0.2 % of each side; tilts are Langevin's."""
    model = Model.parse("box", "uniform(low=-1, high=1)", "uniform(low=-1, high=1)")
    path = EntropyBonus(model, 12)
    assert path.outcome(1e-9).kl == pytest.approx(-2 * log(0.998), abs=1e-9)
    tilt, half = 2.0, 0.998
    mean = half / np.tanh(tilt * half) - 1 / tilt
    found = path.outcome(tilt)
    assert (found.mean_v, found.mean_u) == pytest.approx((mean, 2 * mean), abs=1e-9)
    # Of each side: l K' - K, with K = log(sinh(l h)/(l h)), and the box's own.
    cost = tilt * mean - log(np.sinh(tilt * half) / (tilt * half)) - log(0.998)
    assert found.kl == pytest.approx(2 * cost, abs=1e-9)


def test_entropy_under_a_copula_sees_the_dependence() -> None:
    apart, joined = (EntropyBonus(model, 8).outcome(0.01).kl for model in (NORMALS, JOINED))
    # -E log c of a uniform point of the box, c the Gaussian copula's density with rho = -0.3:
    # (rho^2 (x^2 + y^2) - 2 rho x y)/(2 (1 - rho^2)) + log(1 - rho^2)/2 with E x^2 = b^2/3.
    b = 3.090232306167813
    extra = 0.09 * 2 * b**2 / 3 / (2 * 0.91) + log(0.91) / 2
    assert joined - apart == pytest.approx(extra, abs=0.02)


# ---------------------------------------------------------------- ensembles


def test_the_lowest_of_exponential_errors() -> None:
    """The lowest of 4 is Exp(4): its mean is 1/4."""
    model = Model.parse("pair", "exponential()", "point(x=0)")
    profiles = Ensemble(4, lowest).profiles(model, size=40_000)
    mean = np.mean([profile.mass @ profile.score for profile in profiles])
    assert abs(mean - 0.25) < 6 * 0.25 / 40_000**0.5
    one = np.mean([profile.mass @ profile.reward for profile in profiles])
    assert abs(one - 1) < 6 / 40_000**0.5


def test_shared_errors_leave_one_proxy() -> None:
    for score in (lowest, mean_less_variance):
        for profile in Ensemble(4, score, shared=1.0).profiles(LAPLACE_NORMAL, size=2_000):
            assert np.allclose(profile.score, profile.reward)


def test_dependent_errors_are_drawn_given_the_utility() -> None:
    profiles = Ensemble(2, lowest).profiles(JOINED, size=40_000)
    error = np.concatenate([profile.reward - profile.utility for profile in profiles])
    utility = np.concatenate([profile.utility for profile in profiles])
    # The correlation of 40,000 normal pairs has a standard error below 1/200.
    assert abs(np.corrcoef(error, utility)[0, 1] + 0.3) < 6 / 200


# ---------------------------------------------------------------- existence


def test_which_penalties_have_an_optimum() -> None:
    light, heavy, dependent = default_models()
    assert why_no_tilt(light) == "" == why_no_tilt(dependent)
    assert "right-heavy" in why_no_tilt(heavy)
    # t(3) has moments of orders below 3: a/(a - 1) has to be below 3, that is a above 3/2.
    assert why_no_power(heavy, fmpq(2)) == "" == why_no_power(heavy, fmpq(151, 100))
    assert "E U^3 is infinite" in why_no_power(heavy, fmpq(3, 2))
    assert why_no_errors(heavy) == ""
    assert "standard error" in why_no_errors(Model.parse("pair", "pareto(alpha=2)", "normal()"))


def test_a_heavy_error_may_be_undone_by_the_utility() -> None:
    """Joined laws: an infinite moment of X says nothing if -V has none either."""
    heavy = Model.parse("pair", "pareto(alpha=2)", "-pareto(alpha=2)", "gaussian(rho=-0.9)")
    assert why_no_power(heavy, fmpq(2)).startswith("not known")
    light = Model.parse("pair", "pareto(alpha=2)", "normal()", "gaussian(rho=-0.9)")
    assert why_no_power(light, fmpq(2)).startswith("no optimum")


def test_rates_of_pairs() -> None:
    light, heavy, dependent = default_models()
    assert light.largest_tilt[0] == 1 and heavy.largest_tilt[0] == 0
    assert dependent.largest_tilt[0] == pytest.approx(1, abs=1e-9)
    assert NORMALS.largest_tilt[0] == float("inf")


@pytest.mark.parametrize(
    ("error", "utility", "copula", "message"),
    [
        ("cauchy()", "normal()", None, "mean"),
        ("normal()", "pareto(alpha=1)", None, "mean is oo"),
        ("poisson(mu=1)", "normal()", "gaussian(rho=0.5)", "density"),
        ("normal()", "normal()", "comonotone()", "has no density"),
    ],
)
def test_pairs_that_cannot_be_compared(
    error: str, utility: str, copula: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Model.parse("pair", error, utility, copula)


def test_real_numbers_of_draws() -> None:
    """n = 1.5 lies between 1 and 2."""
    found = [Draws(FINITE).outcome(log(n)).mean_u for n in (1, 1.5, 2)]
    assert found[0] < found[1] < found[2]


# ---------------------------------------------------------------- occupancies


@pytest.mark.parametrize("strength", [0.01, 0.4, 0.95])
def test_one_step_is_the_kl_penalty(strength: float) -> None:
    """Soft values of the process, and tilts: two routes to one policy, and to its divergence."""
    profile = LAPLACE_NORMAL.profile(COARSE)
    path = OneStep(profile)
    here, there = path.outcome(strength), Tilts(profile).outcome(strength)
    assert here.distance(there) < 1e-9
    # The sweep that adds up the KL divergence along trajectories knows no occupancy.
    mean, spent = evaluate(path.mdp, strength)
    assert abs(here.kl - spent) < 1e-9 and abs(here.mean_u - mean) < 1e-9
    assert abs(path.occupancy(strength).sum() - 1) < 1e-12


def test_another_process_is_noticed() -> None:
    """Planted: with a tenth of the time spent elsewhere, the occupancy is no law of answers."""
    path = OneStep(LAPLACE_NORMAL.profile(COARSE))
    path.mdp.start[0] = 0.9
    assert abs(path.occupancy(0.4).sum() - 1) > 0.05


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=2, max_size=6))
def test_in_one_step_every_divergence_is_that_of_the_answers(sizes: list[tuple[int, int]]) -> None:
    """Exactly, for policies in fractions: whatever is penalised, it is the same penalty."""
    if not any(new for _, new in sizes):
        return
    totals = [sum(column) for column in zip(*sizes, strict=True)]
    base, new = (
        {f"answer {k}": fmpq(pair[side], totals[side]) for k, pair in enumerate(sizes)}
        for side in (0, 1)
    )
    moves = {"prompt": {answer: (chance, f"after {answer}") for answer, chance in base.items()}}
    mdp = MDP.build("prompt", moves, {f"after {answer}": 0 for answer in base})
    policy, usual = {"prompt": new}, base_policy(mdp)
    one, other = (occupancy_of_actions(mdp, each) for each in (policy, usual))
    assert {action: share for (_, action), share in one.items()} == new
    assert total_variation(one, other) == total_variation(new, base)
    assert chi_square(one, other) == chi_square(new, base)
    along = chain_rule_kl(mdp, policy, usual)
    assert abs(ball(kl(one, other)) - ball(along)) < arb(2) ** -40


# ---------------------------------------------------------------- the road


@pytest.mark.parametrize(("steps", "base", "turn"), [(20, 400, 20), (7, 3, 2)])
def test_driving_in_closed_form_is_the_process(steps: int, base: int, turn: int) -> None:
    mdp = road(steps, fmpq(1, base))
    policy, usual = driver(mdp, fmpq(1, turn)), base_policy(mdp)
    one, other = (gathered(occupancy(mdp, each), where) for each in (policy, usual))
    with working_precision(128):
        driving = Driving.of(fmpq(1, turn), fmpq(1, base), steps)
        expected = {
            "KL of actions, average over the steps": average_kl(mdp, policy, usual),
            "KL of trajectories, the sum": ball(chain_rule_kl(mdp, policy, usual)),
            "KL of the occupancy": ball(kl(one, other)),
            "chi-square of the occupancy": arb(chi_square(one, other)),
            "total variation of the occupancy": arb(total_variation(one, other)),
        }
        assert set(expected) == set(PENALTIES)
        for name, value in expected.items():
            assert abs(PENALTIES[name](driving, steps) - value) < arb(2) ** -100, name


def test_losses_are_what_the_budget_allows() -> None:
    """At the largest turn the penalty is the budget; a bit beyond, it is above it."""
    for loss in losses(steps=50, base=fmpq(1, 1000), budget="0.02"):
        for side, sign in ((-1, 1), (1, -1)):
            turn = loss.turn.mid().fmpq() + fmpq(side, 2**50)
            with working_precision(128):
                spent = PENALTIES[loss.penalty](Driving.of(turn, fmpq(1, 1000), 50), 50)
            assert sign * (arb(2) / 100 - spent) > 0, loss.penalty
    (variation,) = (x for x in losses() if x.penalty.startswith("total variation"))
    assert abs(variation.lost - arb(1) / 20) < arb(2) ** -50
