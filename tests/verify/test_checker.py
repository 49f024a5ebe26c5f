"""The checker: what construct writes is valid, and what anyone edits is not."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flint import arb
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.verify.certificates import CASES, PAIRS, certificate, document
from tests.verify.forging import at, is_valid, put
from verify.assertion import AtLeast, write
from verify.certificate import Certificate, CertificateError
from verify.checker import check, enclosure_fault
from verify.construction import construct
from verify.decimals import rational
from verify.enclosure import Diverges, working_precision
from verify.errors import InputError
from verify.laws import exponential, parse
from verify.laws.light import Exponential
from verify.reweighted import reweight
from verify.weight import Threshold


@pytest.mark.parametrize("name", [*CASES, *PAIRS])
def test_what_construct_writes_is_valid(name: str) -> None:
    result = check(Certificate.from_json(certificate(name).to_json()))
    assert result.valid, result.faults
    assert result.second_route == "agrees" or result.second_route.startswith("not settled")


# ---- any edited digit ----------------------------------------------------------------------------

#: Where the numbers that matter stand; each is a decimal string.
NUMBERS = (
    ("reweighting", "t"), ("reweighting", "log_t"), ("reweighting", "mass"),
    ("reweighting", "tilt"), ("reweighting", "condition_above"), ("witness", "tilt"),
    ("witness", "log_mgf", 0), ("witness", "log_mgf", 1), ("enclosures", "mean", 0),
    ("enclosures", "mean", 1), ("enclosures", "kl", 0), ("enclosures", "kl", 1),
    ("enclosures", "log_tail", 0), ("enclosures", "log_tail", 1),
    ("enclosures", "mean_bound", 0), ("enclosures", "mean_bound", 1),
    ("utility", "tilt"), ("utility", "upper_bound", 0), ("utility", "upper_bound", 1),
    ("utility", "reweighting", "t"), ("utility", "reweighting", "log_t"),
    ("utility", "reweighting", "mass"), ("utility", "reweighting", "tilt"),
    ("utility", "witness", "tilt"), ("utility", "witness", "log_mgf", 0),
    ("utility", "witness", "log_mgf", 1), ("utility", "witness", "upper_end", 0),
    ("utility", "witness", "upper_end", 1), ("utility", "enclosures", "mean", 0),
    ("utility", "enclosures", "mean", 1), ("utility", "enclosures", "kl", 0),
    ("utility", "enclosures", "kl", 1), ("utility", "enclosures", "log_tail", 0),
    ("utility", "enclosures", "log_tail", 1), ("utility", "enclosures", "mean_bound", 0),
    ("utility", "enclosures", "mean_bound", 1), ("utility", "total_kl", 0),
    ("utility", "total_kl", 1),
)  # fmt: skip


def edits(name: str) -> list[tuple[str | int, ...]]:
    made = document(name)
    return [path for path in NUMBERS if isinstance(at(made, path), str)]


@pytest.mark.parametrize("name", [*CASES, *PAIRS])
@settings(max_examples=12)
@given(data=st.data())
def test_an_edited_digit_is_caught(name: str, data: st.DataObject) -> None:
    paths = [path for path in edits(name) if at(document(name), path) != "oo"]
    made = copy.deepcopy(document(name))
    path = data.draw(st.sampled_from(paths))
    text = at(made, path)
    place = data.draw(st.sampled_from([i for i, c in enumerate(text) if c.isdigit()]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[place]]))
    edited = text[:place] + digit + text[place + 1 :]
    assume(Decimal(edited) != Decimal(text))  # as in the exponent of 0e5
    # A tilt is stated to 24 digits, what follows from it to 20. Of a utility bound, which is least
    # at its l, an edit of relative size 1e-8 changes the 17th digit; smaller ones may be harmless.
    if path[-1] == "tilt":
        assume(abs(Decimal(edited) / Decimal(text) - 1) > Decimal("1e-8"))
    put(made, path, edited)
    assert not is_valid(made)


@pytest.mark.parametrize("name", ["threshold", "tilt", "impossible", "threshold at log_t"])
def test_the_last_digit_of_an_enclosure_matters(name: str) -> None:
    """The smallest edit there is: one unit in the last of twenty digits, outward."""
    for key, value in document(name)["enclosures"].items():
        if not isinstance(value, list):
            continue
        for end, side in ((0, -1), (1, +1)):
            number = Decimal(value[end])
            unit = Decimal((0, (1,), number.adjusted() - 19))
            made = copy.deepcopy(document(name))
            made["enclosures"][key][end] = str(number + side * 2 * unit)
            assert not is_valid(made), (key, end)


@pytest.mark.parametrize("name", CASES)
def test_a_harder_target_is_not_proved(name: str) -> None:
    made = document(name)
    if made["verdict"] == "counterexample":
        if made["enclosures"]["mean"] == "oo":
            return  # an infinite mean exceeds every target
        made["target"]["mean"] = made["enclosures"]["mean"][1] + "1"
    else:
        made["target"]["mean"] = str(Decimal(made["target"]["mean"]) - 10)
    assert not is_valid(made)


@pytest.mark.parametrize("name", ["threshold", "threshold at log_t", "tilt"])
def test_a_smaller_budget_is_not_met(name: str) -> None:
    made = document(name)
    made["target"]["kl"] = made["enclosures"]["kl"][0]
    assert not is_valid(made)


OTHER_LAWS = {
    "threshold": ["burr(c=2, k=1.3)", "burr(c=2.1, k=1.2)", "-burr(c=2, k=1.2)", "normal()"],
    "tilt": ["gamma(shape=2.51)", "1*gamma(shape=2)", "2*gamma(shape=2.5)"],
    "impossible": ["normal(mu=0.001)", "normal(sigma=1.001)", "2*normal()", "cauchy()"],
    "identity": ["2*exponential()", "normal()"],
    "threshold at log_t": ['tail(log_sf="-x/log(x)-1", lower="exp(1)")'],
}


@pytest.mark.parametrize(("name", "law"), [(n, law) for n, ls in OTHER_LAWS.items() for law in ls])
def test_another_law_is_caught(name: str, law: str) -> None:
    assert not is_valid(document(name) | {"base": law})


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("verdict", ["counterexample", "impossible", "undecided"])
def test_another_verdict_is_caught(name: str, verdict: str) -> None:
    made = document(name)
    if made["verdict"] != verdict:
        assert not is_valid(made | {"verdict": verdict})


@pytest.mark.parametrize("name", CASES)
def test_a_dropped_or_renamed_key_is_caught(name: str) -> None:
    required = document(name).keys() - {"because", "utility"}
    for key in required:
        made = document(name)
        value = made.pop(key)
        assert not is_valid(made), key
        assert not is_valid(made | {key + "x": value}), key


def test_a_utility_bound_needs_its_law() -> None:
    made = document("threshold and utility")
    made["utility"]["law"] = "normal(mu=1, sigma=3)"
    assert not is_valid(made)
    made["utility"] |= {"law": "normal(mu=1, sigma=2)", "upper_bound": "oo", "tilt": None}
    assert not is_valid(made)


# ---- the parts of it -----------------------------------------------------------------------------


def test_enclosure_fault() -> None:
    with working_precision(128):
        third = arb(1) / 3
        printed = write(third)
        assert enclosure_fault(printed, third) is None
        low, high = printed
        assert enclosure_fault((low, low), third)
        assert enclosure_fault((high, high), third)
        assert enclosure_fault("oo", third)
        assert enclosure_fault(None, third)
        assert enclosure_fault(printed, Diverges(+1, ""))
        assert enclosure_fault("oo", Diverges(+1, "")) is None
        assert enclosure_fault(printed, AtLeast(third))
        assert enclosure_fault((low, "oo"), AtLeast(third)) is None
        assert enclosure_fault(printed, None)
        assert enclosure_fault(printed, arb.nan())
        assert enclosure_fault(("0", "0"), arb(0)) is None
        assert enclosure_fault(("0", "1e-30"), arb(0))


class WrongExponential(Exponential):
    """A planted mistake in the first route only: the tail is off by one part in 10^6."""

    def _log_survival(self, x: arb) -> arb:
        return super()._log_survival(x) * (1 + arb(10) ** -6)

    def cumulant_series(self, tilt: arb) -> Any:
        return super().cumulant_series(tilt) * (1 + arb(10) ** -6)


def test_the_second_route_catches_a_wrong_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = construct(WrongExponential(), "10", "1")
    right = construct(exponential(), "10", "1")
    monkeypatch.setattr("verify.checker.parse", lambda text, **_: WrongExponential())
    result = check(wrong)
    assert not result.valid
    assert any("second route" in fault for fault in result.faults)
    monkeypatch.undo()
    assert check(right).valid


# ---- data ----------------------------------------------------------------------------------------


@pytest.fixture
def rewards(tmp_path: Path) -> Path:
    path = tmp_path / "rewards.csv"
    path.write_text("reward\n" + "\n".join(str(0.1 * i * i) for i in range(60)) + "\n")
    return path


def test_data_file(rewards: Path, tmp_path: Path) -> None:
    made = construct(parse(f'empirical("{rewards}")'), "180", "0.5")
    assert made.data is not None and made.data.n == 60
    assert check(made, str(rewards)).valid
    with pytest.raises(CertificateError, match="--data"):
        check(made)
    other = tmp_path / "other.csv"
    other.write_text(rewards.read_text().replace("0.1\n", "0.2\n", 1))
    result = check(made, str(other))
    assert not result.valid and "sha256" in result.faults[0]
    changed = made.to_dict() | {"data": {"sha256": made.data.sha256, "n": 61}}
    assert not check(Certificate.from_json(json.dumps(changed)), str(rewards)).valid
    with pytest.raises(InputError):
        check(made, str(tmp_path / "missing.csv"))


# ---- forgeries that a review once got past the checker -------------------------------------------


def test_the_top_of_a_mixture_is_exact() -> None:
    """Two atoms closer than any ball tells apart: the higher one is the top."""
    law = parse("mixture(0.5*point(0), 0.25*point(1), 0.25*point(1 + 1e-200))")
    assert construct(law, "1", "2").verdict != "impossible"
    assert str(law.support[1]) != "1"


@pytest.mark.parametrize(
    "law",
    [
        "cauchy()",
        "mixture(0.99*student_t(1), 0.01*pareto(0.5))",
        "mixture(0.5*pareto(1), 0.5*-pareto(1))",
    ],
)
def test_an_infinite_upper_part_alone_is_no_infinite_mean(law: str) -> None:
    made = document("conditioning") | {"base": law}
    made["reweighting"] = made["reweighting"] | {"t": "2", "mass": "0.15"}
    assert not is_valid(made)
    with working_precision(128):
        reweighted = reweight(parse(law), Threshold.at(2, "0.15"))
        assert reweighted.mean() == Diverges(0)


def test_a_utility_bound_needs_a_positive_tilt() -> None:
    made = document("threshold and utility")
    low, high = made["utility"]["upper_bound"]
    made["utility"] |= {"tilt": "-1", "upper_bound": ["-" + high, "-" + low]}
    with pytest.raises(CertificateError, match="above 0"):
        Certificate.from_json(json.dumps(made))
    made["utility"] |= {"tilt": "1", "upper_bound": "oo"}
    with pytest.raises(CertificateError, match="enclosure"):
        Certificate.from_json(json.dumps(made))


def test_a_threshold_just_below_an_irrational_lower_end() -> None:
    root = "1.414213562373095048801688724209698078569671875376948073176"
    law = 'tail(log_sf="-1-x", lower="sqrt(2)")'
    for bits in (64, 128):
        with working_precision(bits):
            below = parse(law).tail_mean(rational(Decimal(root)))
            whole = parse(law).mean()
            assert below.overlaps(whole)  # type: ignore[union-attr, arg-type]
    forged = document("conditioning") | {"base": law, "precision_bits": 64}
    forged["reweighting"] = {
        "kind": "threshold",
        "t": root,
        "log_t": None,
        "mass": "1",
        "tilt": "0.1",
    }
    forged["target"] = {"mean": "2.4", "kl": "3"}
    assert not is_valid(forged)


def test_a_wide_ball_confirms_nothing() -> None:
    with working_precision(64):
        wide = arb("1", "0.01")
        assert enclosure_fault(write(wide), wide) == "could not be recomputed accurately"
