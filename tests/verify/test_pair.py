"""Error and utility at once: exact verdicts, certificates that stand, forgeries that do not."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.balls import number
from tests.verify.certificates import PAIRS, certificate, document
from tests.verify.forging import is_valid
from verify.assertion import ByIdentity, ByThreshold, ByTilt, Target
from verify.certificate import Certificate, CertificateError
from verify.checker import assertion_of, check
from verify.decimals import rational
from verify.enclosure import ball_of_decimal, working_precision
from verify.errors import InputError
from verify.law import Law
from verify.laws import normal, parse
from verify.pair import (
    BoundedByOne,
    BoundedByPair,
    ByPair,
    PairAssertion,
    UtilityGoal,
    UtilityMean,
)
from verify.pair_construction import construct_pair, just_beyond

NORMAL = "normal(mu=0, sigma=1)"

# ---- what is decided -----------------------------------------------------------------------------

VERDICTS: dict[str, type[PairAssertion]] = {
    "two thresholds": ByPair, "two tilts": ByPair, "threshold and tilt": ByPair,
    "floor and log_t": ByPair, "identity and tilt": ByPair, "X forbids": BoundedByOne,
    "V forbids": BoundedByOne, "V forbids, bounded": BoundedByOne, "both forbid": BoundedByPair,
}  # fmt: skip


def stated(name: str) -> UtilityMean:
    utility = certificate(name).utility
    assert isinstance(utility, UtilityMean)
    return utility


def statement(name: str) -> Any:
    return assertion_of(certificate(name), parse(PAIRS[name][0]), parse(PAIRS[name][3]))


@pytest.mark.parametrize("name", PAIRS)
def test_verdict(name: str) -> None:
    made = statement(name)
    assert isinstance(made, VERDICTS[name])
    assert made.verdict == certificate(name).verdict
    if isinstance(made, BoundedByOne):
        assert made.of_utility == name.startswith("V")


@pytest.mark.parametrize("name", [name for name, kind in VERDICTS.items() if kind is ByPair])
def test_the_laws_have_the_means_and_the_divergence(name: str) -> None:
    """From the reweighted laws themselves: their means, and the KL of each against its base."""
    pair = statement(name)
    _, mean, kl, _, utility_mean = PAIRS[name]
    with working_precision(256):
        error, utility = (_moved(part) for part in (pair.error, pair.utility))
        sign = 1 if pair.goal.above else -1
        assert error[0] is None or error[0] >= arb(mean)
        assert utility[0] is not None and utility[0] > sign * arb(utility_mean)
        assert utility[0] - sign * arb(utility_mean) < arb("1e-6")
        total = error[1] + utility[1]
        assert total < arb(kl)
        written = stated(name).total_kl
        assert isinstance(written, tuple)
        low, high = written
        assert ball_of_decimal(Decimal(low)) <= total <= ball_of_decimal(Decimal(high))


def _moved(part: Any) -> tuple[arb | None, arb]:
    """Mean (None if infinite) and KL of the law that a part reweights to."""
    if isinstance(part, ByIdentity):
        return number(part.law.mean()), arb(0)
    law = part.reweighted()
    mean, kl = law.mean(), law.kl()
    if isinstance(part, ByThreshold) and part.floor is not None:
        kl -= part.law.log_survival(rational(part.floor))
    return (mean if isinstance(mean, arb) else None), kl


halves = st.integers(-6, 6).map(lambda n: Fraction(n, 4))


@settings(max_examples=40)
@given(halves, halves, st.integers(1, 40).map(lambda n: Fraction(n, 16)))
def test_two_normals_are_decided_exactly(m: Fraction, v: Fraction, eps: Fraction) -> None:
    """The least KL is half the sum of squares: of m if it is above 0, and of v on either side."""
    least = max(m, Fraction(0)) ** 2 / 2 + v**2 / 2
    if least == eps:
        return  # the two sides touch
    made = construct_pair(NORMAL, str(float(m)), str(float(eps)), NORMAL, str(float(v)))
    assert made.verdict == ("counterexample" if least < eps else "impossible")
    assert check(Certificate.from_json(made.to_json())).valid


LIGHT = ["exponential()", "gamma(shape=2.5)", "laplace()", "poisson(mu=3)", "-gumbel()",
         "uniform(low=-1, high=1)", "bernoulli(p=0.3)", "logistic()"]  # fmt: skip


def least_kl(law: Law, mean: float) -> float:
    """``sup_l (l m - K(l))``, the rate function, in float64 by scipy."""
    from scipy.optimize import minimize_scalar

    rate = law.mgf_abscissa
    end = float(arb(rate)) if isinstance(rate, int | fmpq) else 60.0

    def loss(l_: float) -> float:
        with working_precision(64):
            return float(number(law.cumulant_series(arb(l_))[0])) - l_ * mean

    found = minimize_scalar(loss, bounds=(1e-9, end * (1 - 1e-9)), method="bounded",
                            options={"xatol": 1e-12})  # fmt: skip
    return -float(found.fun)


@pytest.mark.parametrize(("x", "v"), list(pairwise([*LIGHT, LIGHT[0]])))
@pytest.mark.parametrize("room", ["1.05", "0.95"])
def test_light_laws_are_decided_at_the_sum_of_their_least_costs(x: str, v: str, room: str) -> None:
    """A budget 5 % above the sum of the two least divergences does, one 5 % below does not."""
    goals = []
    for text in (x, v):
        law = parse(text)
        with working_precision(64):
            mean, spread = number(law.mean()), number(law.cumulants(fmpq(1, 10**6))[2]).sqrt()
        goals.append(round(float(mean + spread / 2), 3))
    least = sum(least_kl(parse(text), goal) for text, goal in zip((x, v), goals, strict=True))
    eps = str(round(least * float(room), 9))
    made = construct_pair(x, str(goals[0]), eps, v, str(goals[1]))
    assert made.verdict == ("counterexample" if room > "1" else "impossible")
    kind = assertion_of(made, parse(x), parse(v))
    assert isinstance(kind, ByPair if room > "1" else BoundedByPair)


HEAVY = ["pareto(alpha=2)", "student_t(df=3)", "lognormal(mu=0, sigma=1)", "cauchy()",
         "zeta(s=3)", "burr(c=2, k=1.2)"]  # fmt: skip


@pytest.mark.parametrize("x", HEAVY)
def test_a_heavy_error_leaves_the_budget_to_the_utility(x: str) -> None:
    """Down to -5 on a heavy left tail; on a light one to all but where the budget ends it."""
    for v, goal, eps in (
        ("student_t(df=3)", "-5", "0.01"),
        ("-frechet(alpha=3)", "-5", "0.01"),
        (NORMAL, "-0.1", "0.0051"),
    ):
        assert construct_pair(x, "50", eps, v, goal).verdict == "counterexample", v
    assert construct_pair(x, "50", "0.0049", NORMAL, "-0.1").verdict == "impossible"


@pytest.mark.parametrize("name", PAIRS)
def test_it_is_the_same_for_minus_v(name: str) -> None:
    x, mean, kl, v, goal = PAIRS[name]
    turned = construct_pair(x, mean, kl, -parse(v), str(-Decimal(goal)))
    utility = turned.utility
    assert isinstance(utility, UtilityMean)
    assert {utility.direction, stated(name).direction} == {"above", "below"}
    assert utility.enclosures == stated(name).enclosures
    assert utility.reweighting == stated(name).reweighting
    assert turned.enclosures == certificate(name).enclosures


def test_the_side_is_that_of_the_mean() -> None:
    for goal, direction in (("1.0001", "above"), ("1", "above"), ("0.9999", "below")):
        made = construct_pair("pareto(alpha=2)", "9", "0.1", "exponential()", goal).utility
        assert isinstance(made, UtilityMean) and made.direction == direction
    for law, direction in (("levy()", "below"), ("-levy()", "above"), ("cauchy()", "above")):
        made = construct_pair("pareto(alpha=2)", "9", "0.1", law, "60").utility
        assert isinstance(made, UtilityMean) and made.direction == direction


def test_what_touches_is_undecided() -> None:
    """V reaches 1/2 with the whole budget and no less, and is to be above it."""
    made = construct_pair(NORMAL, "-1", "0.125", NORMAL, "0.5")
    assert made.verdict == "undecided" and made.because
    assert Certificate.from_json(made.to_json()) == made
    assert not check(made).valid


# ---- the witness --------------------------------------------------------------------------------


def test_no_more_is_spent_than_is_needed() -> None:
    target = Target(Decimal("0.5"), Decimal(2))
    lowered = just_beyond(ByTilt(normal(), target, Decimal(2)))
    assert isinstance(lowered, ByTilt)
    assert abs(lowered.tilt - Decimal("0.5")) < Decimal("1e-8")
    identity = ByIdentity(normal(), target)
    assert just_beyond(identity) is identity


def test_a_top_of_0_is_approached() -> None:
    """The budget buys the top, 0 of -V: far along the path a mean is too close to 0 to write."""
    made = construct_pair("bernoulli(0.3)", "0.9999", "2", "bernoulli(0.5)", "0.001")
    assert made.verdict == "counterexample" and check(made).valid
    assert made.utility is not None and made.utility.direction == "below"  # type: ignore[union-attr]
    # kl(0.9999, 0.3) + kl(0.001, 0.5) = 1.88810...: less is not enough.
    made = construct_pair("bernoulli(0.3)", "0.9999", "1.888", "bernoulli(0.5)", "0.001")
    assert made.verdict == "impossible" and check(made).valid


def test_a_floor_too_far_out_is_undecided() -> None:
    """``-log_cauchy()`` has a floor near ``-exp(10^300)`` at this budget."""
    made = construct_pair("levy()", "1e300", "1e-300", "log_cauchy()", "1e300")
    assert made.verdict == "undecided" and "too large to write" in made.because


def test_the_budget_is_for_both() -> None:
    """A planted violation: each part fits into the budget, the two together do not."""
    pair = statement("two tilts")
    with working_precision(128):
        numbers = pair.numbers()
        assert pair.holds(numbers)
        parts = (numbers["kl"], numbers["utility.kl"])
        budget = Decimal("0.2")
        assert all(part < arb("0.2") for part in parts) and sum(parts) > arb("0.2")
        tight = replace(pair, target=replace(pair.target, kl=budget))
        assert tight.error.holds(dict(numbers)) and not tight.holds(numbers)


@pytest.mark.parametrize("tilts", [("-0.5", "0.33"), ("0.5", "-0.33"), ("0", "0.33")])
def test_tilts_of_the_wrong_sign_bound_nothing(tilts: tuple[str, str]) -> None:
    goal = UtilityGoal(normal(), Decimal("0.1"), above=True)
    target = Target(Decimal("0.5"), Decimal("0.1"))
    pair = BoundedByPair(normal(), target, goal, Decimal(tilts[0]), Decimal(tilts[1]))
    with working_precision(128):
        assert not pair.holds(pair.numbers())


# ---- forgeries -----------------------------------------------------------------------------------


def decimals(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a decimal string stands in the parts that matter."""
    if isinstance(value, str):
        return [path] if path[-1] not in ("kind", "direction", "law") and value != "oo" else []
    items = value.items() if isinstance(value, dict) else enumerate(value or [])
    if not isinstance(value, dict | list):
        return []
    return [found for key, part in items for found in decimals(part, (*path, key))]


def fields(name: str) -> list[tuple[Any, ...]]:
    made = document(name)
    parts = ("reweighting", "witness", "enclosures", "utility")
    return [path for part in parts for path in decimals(made.get(part), (part,))]


@pytest.mark.parametrize("name", PAIRS)
def test_every_number_matters(name: str) -> None:
    """Each one a millionth larger; the target of V on its harder side."""
    paths = fields(name)
    assert len(paths) >= 4
    for path in paths:
        made = document(name)
        place = made
        for step in path[:-1]:
            place = place[step]
        value = Decimal(place[path[-1]])
        edited = value * (1 + Decimal("1e-6")) if value else Decimal("1e-9")
        if path == ("utility", "mean_target"):
            harder = 1 if made["utility"]["direction"] == "above" else -1
            easier = name in ("V forbids", "both forbid", "X forbids", "V forbids, bounded")
            edited = value + (-1 if easier else 1) * harder
            if name == "X forbids":
                continue  # whatever V is asked for
        place[path[-1]] = f"{edited:f}" if abs(edited.adjusted()) < 60 else str(edited)
        assert not is_valid(made), path


@pytest.mark.parametrize("name", PAIRS)
def test_other_laws_directions_and_verdicts_are_caught(name: str) -> None:
    for law in ("laplace()", "2.001*normal()", "student_t(df=4)"):
        made = document(name)
        made["utility"]["law"] = law
        if name != "X forbids":  # there V does not matter
            assert not is_valid(made), law
    made = document(name)
    turned = {"above": "below", "below": "above"}[made["utility"]["direction"]]
    made["utility"]["direction"] = turned
    assert not is_valid(made)
    for verdict in ("counterexample", "impossible", "undecided"):
        if verdict != document(name)["verdict"]:
            assert not is_valid(document(name) | {"verdict": verdict})


@pytest.mark.parametrize("name", PAIRS)
def test_a_dropped_key_is_caught(name: str) -> None:
    for key in document(name)["utility"]:
        made = document(name)
        made["utility"].pop(key)
        assert not is_valid(made), key
        made["utility"][key + "x"] = document(name)["utility"][key]
        assert not is_valid(made), key


@pytest.mark.parametrize("name", ["two thresholds", "two tilts", "threshold and tilt"])
def test_half_the_budget_is_not_enough(name: str) -> None:
    made = document(name)
    made["target"]["kl"] = made["utility"]["total_kl"][0]
    assert not is_valid(made)


def swapped(made: dict[str, Any], key: str) -> dict[str, Any]:
    made[key], made["utility"][key] = made["utility"][key], made[key]
    return made


def test_the_parts_may_not_change_places() -> None:
    for key in ("reweighting", "enclosures"):
        assert not is_valid(swapped(document("threshold and tilt"), key))
    assert not is_valid(swapped(document("both forbid"), "witness"))


HOSTILE: dict[str, tuple[str, dict[str, Any]]] = {
    "no such direction": ("two tilts", {"direction": "sideways"}),
    "a number for a direction": ("two tilts", {"direction": 1}),
    "a huge target": ("two tilts", {"mean_target": "1e999"}),
    "a number for a target": ("two tilts", {"mean_target": 1.5}),
    "the total is infinite": ("two tilts", {"total_kl": "oo"}),
    "a total for an impossibility": ("both forbid", {"total_kl": ["0", "1"]}),
    "both parts": ("two tilts", {"witness": {"tilt": "1", "log_mgf": ["0", "1"]}}),
    "one of two is a top": ("both forbid", {"witness": {"upper_end": ["1", "1"]}}),
    "a bound as well": ("two tilts", {"upper_bound": ["1", "2"]}),
    "a law that is none": ("two tilts", {"law": "nrmal()"}),
    "a file": ("two tilts", {"law": 'empirical("/etc/passwd")'}),
    "a negative tilt": ("both forbid", {"witness": {"tilt": "-1", "log_mgf": ["0", "1"]}}),
    "a list for a kind": ("two thresholds", {"reweighting": {"kind": []}}),
    "mass 0": ("two thresholds",
               {"reweighting": {"kind": "threshold", "t": "1", "log_t": None, "mass": "0"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_in_one_line(name: str) -> None:
    case, changes = HOSTILE[name]
    made = document(case)
    made["utility"] |= changes
    with pytest.raises(CertificateError) as refusal:
        check(Certificate.from_json(json.dumps(made)))
    message = str(refusal.value)
    assert message and "\n" not in message and len(message) < 300


def test_the_second_route_catches_a_wrong_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    from verify.laws.light import Exponential

    class Wrong(Exponential):
        """A planted mistake in the first route only."""

        def cumulant_series(self, tilt: arb) -> Any:
            return super().cumulant_series(tilt) * (1 + arb(10) ** -6)

    def planted(text: str, **_: object) -> Law:
        return Wrong() if text == "exponential()" else parse(text)

    wrong = construct_pair(normal(), "0.5", "0.5", Wrong(), "1.5")
    monkeypatch.setattr("verify.checker.parse", planted)
    faults = check(wrong).faults
    assert any("second route" in fault and "utility." in fault for fault in faults)


# ---- files of rewards ----------------------------------------------------------------------------


def test_a_file_of_utilities(tmp_path: Path) -> None:
    path = tmp_path / "utilities.csv"
    path.write_text("v\n" + "\n".join(str(0.1 * i * i) for i in range(60)) + "\n")
    law = f'empirical("{path}")'
    made = construct_pair("pareto(alpha=2)", "100", "0.3", law, "150")
    assert made.data is not None and made.data.n == 60
    assert check(made, str(path)).valid
    with pytest.raises(CertificateError, match="--data"):
        check(made)
    other = tmp_path / "other.csv"
    other.write_text(path.read_text().replace("0.1\n", "0.2\n", 1))
    assert not check(made, str(other)).valid
    with pytest.raises(InputError, match="one file"):
        construct_pair(law, "100", "0.3", law, "150")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((NORMAL, "x", "1", NORMAL, "1"), "mean: expected a decimal"),
        ((NORMAL, "1", "0", NORMAL, "1"), "kl: expected a budget above 0"),
        ((NORMAL, "1", "1", NORMAL, "nan"), "utility mean: expected a decimal"),
        ((NORMAL, "1", "1", "nrmal()", "1"), "law"),
    ],
)
def test_bad_input(arguments: tuple[str, str, str, str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        construct_pair(*arguments)
