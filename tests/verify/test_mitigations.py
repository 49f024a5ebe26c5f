"""Policies that mitigate: nodes, cells and paths, each by a second route."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.mitigation_cases import FINITE, JOINED, LAPLACE_NORMAL, NORMALS
from verify.best_of import best_of
from verify.conditioning.routes import condition
from verify.enclosure import working_precision
from verify.errors import InputError
from verify.joint.laws import CopulaLaw, conditioned
from verify.joint.normal_maximum import mean_of_largest
from verify.law import Law
from verify.mitigations import nodes as nodes_module
from verify.mitigations.catalogue import MITIGATIONS, ByIntegrals
from verify.mitigations.cells import Resolution
from verify.mitigations.model import COARSE, FINE, Model, default_models
from verify.mitigations.nodes import nodes_of, rank_function
from verify.mitigations.profile import Profile, profile_of
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
