"""Weights: the exact value at every rank, atoms included."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.balls import assert_close, rational
from verify.enclosure import working_precision
from verify.errors import InputError
from verify.weight import BestOfN, Identity, Location, Threshold, Tilt, TopFraction

#: Lists of atoms' masses that add up to 1.
masses = st.lists(st.integers(1, 50), min_size=1, max_size=12).map(
    lambda counts: [Fraction(count, sum(counts)) for count in counts]
)
shares = st.fractions(Fraction(1, 50), 1, max_denominator=50)


def ranks(of: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """``(Q(X < x), Q(X <= x))`` at each atom."""
    return list(pairwise(accumulate(of, initial=Fraction(0))))


def value_at(weight: BestOfN | TopFraction, below: Fraction, up_to: Fraction) -> arb:
    return weight.value(fmpq(0), arb(rational(below)), arb(rational(up_to)))


@given(masses, st.integers(1, 30))
def test_best_of_n_is_the_difference_quotient(of: list[Fraction], n: int) -> None:
    with working_precision(200):
        total = arb(0)
        for (below, up_to), mass in zip(ranks(of), of, strict=True):
            value = value_at(BestOfN(n), below, up_to)
            quotient = (up_to**n - below**n) / mass
            assert_close(value, arb(rational(quotient)), 1e-50)
            total += value * rational(mass)
        assert_close(total, arb(1), 1e-50)  # E_Q w = 1


@given(st.fractions(0, 1, max_denominator=99), st.integers(1, 30))
def test_best_of_n_without_an_atom(rank: Fraction, n: int) -> None:
    with working_precision(200):
        value = value_at(BestOfN(n), rank, rank)
        assert_close(value, arb(rational(n * rank ** (n - 1))), 1e-50, 1e-55)


@given(masses, shares)
def test_top_fraction_keeps_exactly_its_share(of: list[Fraction], share: Fraction) -> None:
    weight = TopFraction(rational(share))
    with working_precision(200):
        kept = []
        for below, up_to in ranks(of):
            value = value_at(weight, below, up_to)
            part = max(Fraction(0), up_to - max(below, 1 - share))
            assert_close(value, arb(rational(part / (up_to - below) / share)), 1e-50, 1e-55)
            kept.append(value * rational(up_to - below))
        assert_close(sum(kept, arb(0)), arb(1), 1e-50)


@given(
    masses,
    st.one_of(st.integers(1, 30).map(BestOfN), shares.map(lambda f: TopFraction(rational(f)))),
)
def test_weights_never_fall(of: list[Fraction], weight: BestOfN | TopFraction) -> None:
    with working_precision(200):
        values = [value_at(weight, *rank) for rank in ranks(of)]
        assert not any(later < earlier for earlier, later in pairwise(values))


def test_tilt_and_identity_look_at_the_reward_alone() -> None:
    with working_precision(100):
        nowhere = arb.nan()
        assert_close(Tilt(fmpq(1, 3)).value(fmpq(6), nowhere, nowhere), arb(2).exp(), 1e-28)
        assert Tilt(fmpq(0)).value(fmpq(6), nowhere, nowhere) == 1
        assert Identity().value(fmpq(6), nowhere, nowhere) == 1


def test_numbers_are_read_exactly() -> None:
    assert Tilt("0.1").tilt == fmpq(1, 10) == Tilt(0.1).tilt  # type: ignore[arg-type]
    assert TopFraction(0.05).fraction == fmpq(1, 20)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0, -1, "1.0001", 2])
def test_a_top_fraction_outside_its_range(share: object) -> None:
    with pytest.raises(ValueError, match=r"lies in \(0, 1\]"):
        TopFraction(share)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [0, -3])
def test_a_best_of_none(n: int) -> None:
    with pytest.raises(ValueError, match="n >= 1"):
        BestOfN(n)


@pytest.mark.parametrize("mass", ["0", "-0.1", "1.000000001", "2"])
def test_a_mass_outside_its_range(mass: str) -> None:
    with pytest.raises(ValueError, match=r"lies in \(0, 1\]"):
        Threshold.at(5, mass)


@pytest.mark.parametrize(
    "bad", ["1/20", "much", "", "nan", "-inf", None, fmpq(1, 20), float("nan")]
)
def test_a_threshold_is_given_in_decimals(bad: object) -> None:
    """Whether it is the place or the mass: one line, with what was given."""
    for what, given_as in (("a threshold", (bad, 1)), ("a threshold's mass", (1000, bad))):
        with pytest.raises(InputError) as caught:
            Threshold.at(*given_as)
        shown = repr(str(bad))
        assert str(caught.value) == f"{what}: expected a decimal number like 0.05, got {shown}"


@pytest.mark.parametrize("given_as", ["1e-3", 0.001, Decimal("0.001")])
def test_a_threshold_reads_decimals_exactly(given_as: object) -> None:
    found = Threshold.at(given_as, given_as)
    assert found.mass == Decimal("0.001") == found.location.t


@pytest.mark.parametrize(
    "given_as", [{}, {"t": Decimal(1), "log_t": Decimal(0)}], ids=["neither", "both"]
)
def test_a_location_is_one_of_two(given_as: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match="exactly one of t and log_t"):
        Location(**given_as)


@pytest.mark.parametrize("text", ["0", "-3.25", "1e400", "-1e-400", "12345678901234567890.5"])
def test_a_location_is_a_fraction_while_that_is_short(text: str) -> None:
    point = Location(t=Decimal(text)).point()
    assert isinstance(point, fmpq)
    assert Fraction(int(point.p), int(point.q)) == Fraction(text)


def test_a_location_further_out_is_a_ball() -> None:
    with working_precision(128):
        point = Location(t=Decimal("-7e9999")).point()
        assert isinstance(point, arb)
        assert_close((-point).log(), arb(7).log() + 9999 * arb(10).log(), 1e-35)
        beyond = Location(log_t=Decimal("1e5")).point()
        assert isinstance(beyond, arb) and beyond.log().contains(10**5)
    assert str(Location(log_t=Decimal("12.5"))) == "exp(12.5)"
    assert str(Location(t=Decimal("3"))) == "3"


def test_a_threshold_has_no_value_by_rank() -> None:
    with pytest.raises(TypeError, match="ask the reweighted law"):
        Threshold.at(1, "0.5").value(fmpq(0), arb(0), arb(1))
