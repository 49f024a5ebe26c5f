"""Utility curves of dependent pairs: what each point rests on, and what is refused."""

from __future__ import annotations

import json

import pytest
from flint import arb, fmpq

from verify.copulas import gaussian
from verify.enclosure import Diverges, working_precision
from verify.errors import InputError
from verify.joint.normal_maximum import mean_of_largest, moments_of_largest
from verify.joint.sweep import sweep
from verify.joint.utility import _spends, joint_utility
from verify.plot_utility import heading
from verify.tilted_utility import tilted_utility
from verify.utility_curve import Estimate, Quantity, UtilityPoint

SMALL = {"size": 50_000}


def only(points: tuple[UtilityPoint, ...]) -> UtilityPoint:
    (point,) = points
    return point


# ---------------------------------------------------------------- tilting


def test_jointly_normal() -> None:
    curve = joint_utility("2*normal()", "normal()", "gaussian(rho=-0.6)", "tilt", kl_caps=["0.5"])
    point = only(curve.points)
    # Var U = 1 + 4 - 2.4 = 2.6, Cov(U, V) = 1 - 1.2 = -0.2, and l = sqrt(2 KL/Var U) = 1/sqrt(2.6)
    assert isinstance(point.kl, arb) and isinstance(point.mean_v, arb)
    assert abs(point.kl - 0.5) < 1e-8 and abs(point.mean_v + arb(0.2) / arb(2.6).sqrt()) < 1e-8
    assert point.means == "ball" and str(point.kl_cap) == "0.5"
    assert curve.limit.mean_v == Diverges(-1) and "Cov(U, V) is below 0" in curve.limit.because
    assert curve.dependence == "gaussian(rho=-0.6)"


@pytest.mark.parametrize(("rho", "limit"), [("-0.5", 0), ("0.5", 1)])
def test_limits_of_jointly_normal_pairs(rho: str, limit: int) -> None:
    for optimizer in ("tilt", "condition", "best-of-n"):
        curve = joint_utility("2*normal()", "3 + normal()", gaussian(rho), optimizer)  # type: ignore[arg-type]
        expected = Diverges(+1) if limit else arb(3)
        assert curve.limit.mean_v == expected


def test_a_heavy_error_has_no_tilt() -> None:
    curve = joint_utility(
        "student_t(df=3)", "normal()", "clayton(theta=1)", "tilt", tilts=["0.1"], kl_caps=["1"]
    )
    tilted, capped = curve.points
    assert not tilted.known and tilted.attained is False
    assert capped.mean_u == Diverges(+1) and capped.mean_v is None
    assert curve.limit.text == "not determined" and "right-heavy" in curve.limit.because


def test_a_heavy_utility_has_it_all() -> None:
    """However the two are joined: a finite KL leaves a right-light error a finite mean above 0."""
    curve = joint_utility("normal()", "pareto(2)", "clayton(2)", "tilt", kl_caps=["1"])
    point = only(curve.points)
    assert curve.limit.mean_v == Diverges(+1)
    assert point.mean_u == point.mean_v == Diverges(+1) and point.mean_x is None


def test_a_tiny_rate_is_not_a_heavy_tail() -> None:
    pair = ("1e31*exponential()", "normal()", "gaussian(0.5)")
    (point,) = joint_utility(*pair, "tilt", kl_caps=["0.1"]).points
    assert point.mean_u is None and point.attained is None


def test_what_cannot_be_written_is_not_settled() -> None:
    pair = ("normal()", "-lognormal(mu=1e16)", "gaussian(0.5)")
    (point,) = joint_utility(*pair, "tilt", tilts=["0"]).points
    assert point.attained is None and "too large to write" in point.because


def test_what_is_not_known_is_said() -> None:
    heavy = joint_utility(
        "student_t(df=3)", "student_t(df=3)", "gaussian(rho=-0.9)", "tilt", tilts=["1"]
    )
    assert only(heavy.points).attained is None and "not known" in only(heavy.points).because
    strong = joint_utility("exponential()", "normal()", "clayton(theta=1)", "tilt", tilts=["0.6"])
    assert not only(strong.points).known and "no variance" in only(strong.points).because


@pytest.mark.parametrize("copula", ["clayton(theta=2)", "comonotone()", "student_t(rho=0, df=4)"])
def test_sampled_tilts_spend_their_cap(copula: str) -> None:
    curve = joint_utility("exponential()", "normal()", copula, "tilt", kl_caps=["0.05"], **SMALL)  # type: ignore[arg-type]
    point = only(curve.points)
    assert isinstance(point.kl, Estimate) and isinstance(point.mean_v, Estimate)
    # The tilt comes from another sample of the same size, so both errors count.
    assert abs(point.kl.value - 0.05) < 6 * 2**0.5 * point.kl.standard_error
    assert point.means == "monte-carlo" and "effective" in point.because


@pytest.mark.parametrize("copula", ["comonotone()", "frank(theta=-5)"])
def test_a_cap_that_no_sampled_tilt_spends(copula: str) -> None:
    pair = ("normal()", "uniform(0, 1)", copula)
    point = only(joint_utility(*pair, "tilt", kl_caps=["40"], **SMALL).points)  # type: ignore[arg-type]
    assert point.at is None and not point.known and point.attained is None
    assert point.because == "no tilt was found that spends this cap"


@pytest.mark.parametrize(
    ("kl", "spends"),
    [
        (Estimate(1.02, 0.005), True),
        (Estimate(0.0, 0.0), False),  # a constant U
        (Estimate(0.9, 0.005), False),
        (Estimate(0.9, 0.5), False),  # an error as large as the cap tells nothing
        (arb("1.009"), True),
        (arb("1.011"), False),
        (arb("1 +/- 0.02"), False),
        (arb.nan(), False),
        (None, False),
    ],
)
def test_what_spends_a_cap_of_one(kl: Quantity, spends: bool) -> None:
    assert _spends(kl, fmpq(1)) is spends


def test_best_of_n_draws_as_many_as_it_needs() -> None:
    pair = ("exponential()", "normal()", "frank(theta=2)")
    point = only(joint_utility(*pair, "best-of-n", draws=[100], **SMALL).points)  # type: ignore[arg-type]
    assert isinstance(point.mean_v, Estimate) and "100000 draws" in point.because


def test_the_ranks_of_a_constant_proxy_say_nothing() -> None:
    pair = ("normal()", "normal()", "countermonotone()")
    best = joint_utility(*pair, "best-of-n", draws=[4], **SMALL)  # type: ignore[arg-type]
    beyond = joint_utility(*pair, "condition", thresholds=["0"], **SMALL)  # type: ignore[arg-type]
    for point in (only(best.points), only(beyond.points)):
        assert not point.known and point.attained is None and "equal" in point.because


def test_why_no_limit_is_known() -> None:
    pair = ("exponential()", "normal()", "frank(theta=2)")
    tilt, condition = (joint_utility(*pair, name).limit for name in ("tilt", "condition"))
    assert tilt.text == condition.text == "not known"
    assert tilt.because == "not known for this pair and this copula"
    assert condition.because.startswith("worked out for jointly normal pairs, and for Clayton's")


def test_independence_goes_the_certified_way() -> None:
    point = only(
        joint_utility("exponential()", "normal()", "independent()", "tilt", tilts=["0.5"]).points
    )
    assert isinstance(point.mean_v, arb) and point.mean_v.contains(arb(0.5))


# ---------------------------------------------------------------- conditioning, best-of-n


def test_heavy_errors_show_no_sampled_mean() -> None:
    curve = joint_utility(
        "student_t(df=3)",
        "normal()",
        "gumbel(theta=2)",
        "best-of-n",
        draws=[1, 4],
        **SMALL,  # type: ignore[arg-type]
    )
    base, four = curve.points
    assert base.means == "ball" and isinstance(base.mean_v, arb) and base.mean_v == 0
    assert four.mean_x is None and four.mean_u is None and isinstance(four.mean_v, Estimate)
    assert isinstance(four.kl, arb) and abs(four.kl - (arb(4).log() - 0.75)) < 1e-15


def test_a_heavy_utility_is_not_sampled() -> None:
    curve = joint_utility(
        "normal()",
        "student_t(df=3)",
        "frank(theta=2)",
        "best-of-n",
        draws=[4],
        **SMALL,  # type: ignore[arg-type]
    )
    assert not only(curve.points).known and "no variance" in only(curve.points).because


def test_an_infinite_mean_of_the_error_leaves_the_rest() -> None:
    curve = joint_utility(
        "pareto(alpha=1)", "normal()", "frank(theta=2)", "condition", thresholds=[5]
    )
    point = only(curve.points)
    assert isinstance(point.mean_v, arb) and point.mean_x is None and point.mean_u is None


def test_normal_best_of_n_lies_on_the_line() -> None:
    curve = joint_utility("2*normal()", "normal()", "gaussian(rho=0.5)", "best-of-n", draws=[16])
    point = only(curve.points)
    assert isinstance(point.mean_u, arb) and isinstance(point.mean_v, arb)
    # Cov(U, V)/Var U = (1 + 1)/(1 + 4 + 2)
    with working_precision(64):
        assert (point.mean_v / point.mean_u).overlaps(arb(fmpq(2, 7)))
        assert abs(point.mean_u / arb(7).sqrt() - arb("1.7659913931")) < 1e-9  # E max of 16


@pytest.mark.parametrize(
    ("n", "expected"), [(1, 0), (2, "0.56418958354775628695"), (5, "1.1629644736405196128")]
)
def test_the_largest_of_n_normals(n: int, expected: object) -> None:
    """Closed forms for n up to 5: ``1/sqrt(pi)`` for 2."""
    with working_precision(80):
        mean = mean_of_largest(n)
        assert abs(mean - arb(expected)) < arb(10) ** -17  # type: ignore[arg-type]


def test_the_square_of_the_largest_of_n_normals() -> None:
    """Closed forms: 1 up to n = 2, and ``1 + sqrt(3)/(2 pi)`` for 3."""
    with working_precision(80):
        for n, expected in ((1, arb(1)), (2, arb(1)), (3, 1 + arb(3).sqrt() / (2 * arb.pi()))):
            assert abs(moments_of_largest(n)[1] - expected) < arb(10) ** -17


def test_seeds() -> None:
    def value(seed: int) -> object:
        curve = joint_utility(
            "normal()",
            "normal()",
            "frank(theta=2)",
            "best-of-n",
            draws=[4],
            seed=seed,
            **SMALL,  # type: ignore[arg-type]
        )
        return only(curve.points).mean_v

    assert value(3) == value(3) != value(4)


# ---------------------------------------------------------------- the sweep, JSON, refusals


def test_the_sweep_rises_with_the_dependence() -> None:
    taus = ["-1", "-0.5", "0", "0.5", "1"]
    curves = sweep("exponential()", "normal()", "frank", taus, "condition", thresholds=[2], **SMALL)
    means = [only(curve.points).mean_v for _, curve in curves]
    values = [mean.value if isinstance(mean, Estimate) else float(mean) for mean in means]  # type: ignore[arg-type]
    assert values == sorted(values) and values[0] < values[-1] - 0.5
    assert [isinstance(mean, Estimate) for mean in means] == [True, False, False, False, True]
    assert [tau for tau, _ in curves] == [fmpq(k, 2) for k in range(-2, 3)]


def test_the_picture_names_the_copula() -> None:
    pair = ("2*normal()", "normal()")
    joined = joint_utility(*pair, "gaussian(rho=-0.6)", "tilt", tilts=["1"])
    alone = tilted_utility(*pair, tilts=["1"])
    assert heading(joined) == f"{heading(alone)}\njoined by gaussian(rho=-0.6)"


def test_the_json() -> None:
    curve = joint_utility(
        "normal()",
        "normal()",
        "comonotone()",
        "condition",
        thresholds=["1.5"],
        **SMALL,  # type: ignore[arg-type]
    )
    answer = json.loads(json.dumps(curve.to_dict()))
    assert answer["optimizer"] == "condition" and answer["dependence"] == "comonotone()"
    (point,) = answer["points"]
    assert point["t"] == "1.5" and point["means"] == "monte-carlo"
    assert set(point["standard_error"]) == {"kl", "mean_u", "mean_v", "mean_x"}
    # U = 2 V: V given V > 0.75 has the mean phi(0.75)/Pr(V > 0.75).
    low, high = (float(end) for end in point["mean_v"])
    assert low - 0.01 < 1.3276 < high + 0.01


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"draws": ["1.5"]}, "draws: expected a whole number from 1 to 10000, got 1.5"),
        ({"draws": ["0"]}, "draws: expected a whole number from 1 to 10000, got 0"),
        ({"thresholds": ["x"]}, "threshold: expected a"),
        ({"tilts": ["-1"]}, "tilt: expected a number, 0 or more, got -1"),
        ({"seed": -1}, "seed: expected a whole number, 0 or more, got -1"),
    ],
)
def test_bad_input(asked: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as refused:
        joint_utility("normal()", "normal()", "frank(theta=2)", "tilt", **asked)  # type: ignore[arg-type]
    assert str(refused.value).startswith(said) and "\n" not in str(refused.value)
