"""The curve's JSON and rows, and how a limit is written."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from verify.commands.utility import print_answer
from verify.decimals import rational
from verify.enclosure import INFINITE, Diverges, Number, working_precision
from verify.utility_curve import (
    Estimate,
    Limit,
    UtilityCurve,
    UtilityPoint,
    limit_text,
    selected,
    written,
)

ENCLOSED = UtilityPoint(fmpq(1, 2), arb("0.5 +/- 1e-30"), arb(3), arb(1), arb(2))
SAMPLED = UtilityPoint(
    fmpq(1, 3), arb(1), INFINITE, Estimate(1.0, 0.25), None, means="monte-carlo", attained=None
)


def curve() -> UtilityCurve:
    limit = Limit(arb(2) / 3, "a reason")
    return UtilityCurve("tilt", "X", "V", (ENCLOSED, SAMPLED), limit, "clayton(2)")


def test_the_json() -> None:
    answer = curve().to_dict()
    assert answer["optimizer"] == "tilt" and answer["dependence"] == "clayton(2)"
    first, second = answer["points"]
    assert first["tilt"] == "0.5" and second["tilt"] == "1/3"
    assert Decimal(first["kl"][0]) <= Decimal("0.5") <= Decimal(first["kl"][1])
    assert first["mean_v"] == ["1", "1"] and "standard_error" not in first
    assert second["mean_u"] == "oo" and second["mean_x"] is None
    assert second["standard_error"] == {"mean_v": 0.25}
    assert [float(end) for end in second["mean_v"]] == pytest.approx([0.51, 1.49])
    assert answer["limit"]["because"] == "a reason"
    assert answer["limit"]["along"] is None and answer["limit"]["determined"] is True


@pytest.mark.parametrize(("optimizer", "name"), [("condition", "t"), ("best-of-n", "n")])
def test_the_parameter_goes_by_its_name(optimizer: str, name: str) -> None:
    other = UtilityCurve(optimizer, "X", "V", (ENCLOSED,), Limit(None, "no"))  # type: ignore[arg-type]
    assert other.to_dict()["points"][0][name] == "0.5"
    assert next(other.rows())[0] == name


def test_the_rows_have_both_ends() -> None:
    header, first, second = curve().rows()
    assert len(header) == len(first) == len(second)
    cells = dict(zip(header, second, strict=True))
    assert cells["mean_u_low"] == cells["mean_u_high"] == "oo" and cells["mean_x_low"] == ""


def test_what_is_not_finite_is_no_number() -> None:
    assert written(arb.nan()) is None and written(arb("0 +/- inf")) is None
    assert written(Diverges(0)) == "undefined"
    nothing = UtilityPoint(fmpq(2), None, None, None, None, attained=False)
    assert not nothing.known and ENCLOSED.known


def test_where_nothing_was_computed_no_means_are_named() -> None:
    nothing = UtilityPoint(fmpq(2), None, None, None, None, attained=None)
    assert nothing.to_dict("tilt")["means"] is None
    assert SAMPLED.to_dict("tilt")["means"] == "monte-carlo"
    header, row = UtilityCurve("tilt", "X", "V", (nothing,), Limit(None, "no")).rows()
    assert dict(zip(header, row, strict=True))["means"] == ""


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Limit(arb(2), ""), "2"),
        (Limit(INFINITE, ""), "oo"),
        (Limit(None, ""), "not known"),
        (Limit(None, "", determined=False), "not determined"),
    ],
)
def test_a_limit_in_words(limit: Limit, text: str) -> None:
    assert limit.text == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (INFINITE, "oo"),
        (Diverges(-1), "-oo"),
        (arb(1), "1"),
        (arb(0), "0"),
        (arb.nan(), None),
        (arb("0 +/- 1"), None),  # planted: a ball that settles no digit
        (arb(2) ** 10_000_000, "9.0498173063608003014e3010299"),  # beyond decimal.Overflow
        (arb(2) ** -10_000_000, "1.1049946823756706659e-3010300"),
        (arb("2.04 +/- 0.02"), "2"),
        (arb("0.095 +/- 0.001"), None),  # 0.09 or 0.1 as far as one knows
        (arb("-1235 +/- 7"), "-1.2e3"),  # not -1200: two of its digits are not settled
    ],
)
def test_the_text_of_a_limit(value: Number | None, text: str | None) -> None:
    assert limit_text(value) == text


def test_the_text_is_the_nearest() -> None:
    with working_precision(200):
        assert limit_text(arb(2) / 3) == "0.66666666666666666667"
        assert limit_text(arb.pi(), 5) == "3.1416"


@given(
    st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6),
    st.integers(min_value=0, max_value=60),
)
def test_the_digits_shown_are_correctly_rounded(value: object, exponent: int) -> None:
    exact = fmpq(value.numerator, value.denominator)  # type: ignore[attr-defined]
    with working_precision(300):
        ball = arb(exact) + arb(0, arb(2) ** -exponent)
    text = limit_text(ball)
    if text is None:
        return
    # Within half a unit of the last place that is shown: that of the text, not of the number.
    last = Decimal(text).as_tuple().exponent
    assert isinstance(last, int)
    assert 2 * abs(exact_of(text) - exact) <= fmpq(10) ** last


def exact_of(text: str) -> fmpq:
    return rational(Decimal(text))


def of_selection(limit: arb | Diverges | None, *means: str) -> UtilityCurve:
    points = (selected(fmpq(t), [arb(t), None, arb(x), None], "") for t, x in enumerate(means))
    return UtilityCurve("condition", "X", "V", tuple(points), Limit(limit, ""))


def test_points_that_do_not_show_the_limit() -> None:
    for limit, means in (
        (Diverges(+1, ""), ("1", "3", "2")),
        (Diverges(+1, ""), ("2", "0.5", "1")),
        (Diverges(-1, ""), ("1", "2")),
        (arb(1), ("2", "3")),
        (arb(1), ("2", "1.5", "1.8")),
        (arb(1), ("1", "3", "2.5")),
        (arb(1), ("1", "3")),
    ):
        assert of_selection(limit, *means).strays
    for limit, means in (
        (Diverges(+1, ""), ("1", "2", "3")),
        (Diverges(+1, ""), ("1",)),
        (arb(1), ("3", "1.0001", "0.99")),
        (arb(1), ("1", "1")),
        (arb(1), ("1", "3", "1.5", "1.000001")),
        (None, ("1", "2")),
        (arb(1), ("2 +/- 1", "3 +/- 1")),
    ):
        assert not of_selection(limit, *means).strays
    tilted = replace(of_selection(arb(1), "2", "3"), optimizer="tilt")
    assert not tilted.strays


@pytest.mark.parametrize(
    ("largest", "said"), [(100, "ask for larger --draws"), (10**18, "no more are accepted")]
)
def test_no_more_draws_are_asked_for_than_are_accepted(
    largest: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    points = tuple(
        selected(fmpq(n), [arb(0), None, arb(x), None], "") for n, x in ((10, 2), (largest, 3))
    )
    print_answer(UtilityCurve("best-of-n", "X", "V", points, Limit(arb(1), "")))
    assert capsys.readouterr().out.splitlines()[-1].endswith(said)


def test_a_limit_that_is_known_is_an_answer() -> None:
    unsettled = (UtilityPoint(fmpq(10), None, None, None, None, attained=None),)
    for limit, answered in (
        (Limit(arb(1), ""), True),
        (Limit(None, "", exists=False), True),
        (Limit(None, ""), False),
        (Limit(None, "", determined=False), False),
    ):
        assert UtilityCurve("best-of-n", "X", "V", unsettled, limit).answered is answered


def test_a_selected_point_says_what_is_missing() -> None:
    point = selected(fmpq(2), [arb(1), arb.nan(), arb.nan(), arb.nan()], "given")
    assert point.attained is None and point.known and not point.has_mean
    assert point.because == "given; not settled: E U, E V, E X"
    curve = UtilityCurve("best-of-n", "X", "V", (point,), Limit(None, ""))
    assert not curve.answered
    point = selected(fmpq(2), [arb(1), arb(2), arb("0 +/- 0.5"), Diverges(+1, "")], "given")
    assert point.attained is True
    assert point.because.startswith("given; no digit of E V is settled: it is between -0.5")
