"""One integral in two variables: quick ones are used where the integrand allows, and must agree."""

from __future__ import annotations

import pytest
from flint import arb, fmpq

from verify.enclosure import working_precision
from verify.laws import parse
from verify.laws import stretched as stretched_module
from verify.laws.custom import forget_tails
from verify.laws.stretched import Weibull
from verify.laws.tail_integrals import TailIntegrals
from verify.series import Moments

BITS = 96
#: Half of the bits: narrow enough that an overlap means something.
NARROW = arb(2) ** -48

LIMITS = ((None, None), (fmpq(1, 3), None), (None, fmpq(2)), (fmpq(1, 3), fmpq(2)))


def same(one: Moments, other: Moments) -> bool:
    """Whether two enclosures of the moments, all of them narrow, overlap."""
    return all(
        a.overlaps(b) and max(a.rad(), b.rad(), key=float) < NARROW * (1 + abs(a.mid()))
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("tilt", ["-3", "0.2", "4"])
@pytest.mark.parametrize("shape", [2, 3, 10])
def test_weibull_by_place_and_by_its_logarithm(
    shape: int, tilt: str, limits: tuple[fmpq | None, fmpq | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    law = Weibull(fmpq(shape))
    with working_precision(BITS):
        calls: list[int] = []
        by_place = Weibull._inside_by_place
        monkeypatch.setattr(
            Weibull, "_inside_by_place", lambda *given: calls.append(1) or by_place(*given)
        )
        quick = law.exponential_moments(arb(tilt), *limits)
        assert calls
        calls.clear()
        monkeypatch.setattr(stretched_module, "_CANCELS_FROM", 0)
        slow = law.exponential_moments(arb(tilt), *limits)
        assert not calls
        assert same(quick, slow)
        # Planted: another lower limit is told apart.
        moved = law.exponential_moments(arb(tilt), fmpq(2, 5), limits[1])
        assert not same(quick, moved)


ANALYTIC = ("-x - 3*log(1+x)", "-x**2", "1 - exp(x)", "-x/(1+1/(1+x)) - 0.25")


@pytest.mark.parametrize("tilt", ["-1", "0.4"])
@pytest.mark.parametrize("log_sf", ANALYTIC)
def test_tails_from_their_start_and_towards_it(
    log_sf: str, tilt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'tail(log_sf="{log_sf}", lower=0)'
    if log_sf.endswith("0.25"):
        text = f'tail(log_sf="{log_sf}", lower=-0.25)'
    found = []
    with working_precision(BITS):
        for analytic in (TailIntegrals._is_analytic_around, lambda *_: False):
            monkeypatch.setattr(TailIntegrals, "_is_analytic_around", analytic)
            forget_tails()
            law = parse(text)
            mean = law.mean()
            assert isinstance(mean, arb)
            found.append((law.exponential_moments(arb(tilt)), mean))
        (quick, mean), (slow, other_mean) = found
        assert same(quick, slow)
        assert mean.overlaps(other_mean) and mean.rad() < NARROW
        assert not same(quick, (slow[0], slow[1] + 4 * NARROW, slow[2]))
    forget_tails()


def test_a_root_at_the_start_is_seen_and_a_wrong_guess_does_no_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    law = parse('tail(log_sf="-x - sqrt(x)", lower=0)')
    with working_precision(BITS):
        slow = law.exponential_moments(arb("0.4"))
        assert not law.integrals._is_analytic_around(arb(0), arb("0.1"))  # type: ignore[attr-defined]
        assert law.integrals._is_analytic_around(arb(1), arb("0.1"))  # type: ignore[attr-defined]
        monkeypatch.setattr(TailIntegrals, "_is_analytic_around", lambda *_: True)
        guessed = law.exponential_moments(arb("0.4"))
        assert all(not a.is_finite() or a.overlaps(b) for a, b in zip(guessed, slow, strict=True))


@pytest.mark.parametrize("text", ["logistic()", "uniform(low=-1, high=1)"])
def test_closed_forms_near_0_and_away_from_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tilts with the boundary between the two forms moved to either side."""
    from verify.laws import light

    law = parse(text)
    with working_precision(BITS):
        for tilt in ("-0.7", "0.01", "0.2", "0.95"):
            forms = []
            for boundary in (0.001, 0.99):
                monkeypatch.setattr(light, "_ELEMENTARY_FROM", boundary)
                forms.append(law.cumulants(arb(tilt)))
            assert same(*forms)
            third = forms[0][2]
            assert not same(forms[1], (*forms[0][:2], third * (1 + 8 * NARROW)))


@pytest.mark.parametrize(("a", "b"), [("2", "3"), ("1/2", "1/2"), ("1", "2"), ("1/10", "40")])
@pytest.mark.parametrize("tilt", ["-60", "-6", "0.9", "12"])
def test_the_variance_of_a_beta_law_by_kummers_equation_and_by_a_third_function(
    a: str, b: str, tilt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verify.laws import light

    with working_precision(BITS):
        law = parse(f"beta(a={a}, b={b})")
        quick = law.cumulants(arb(tilt))
        monkeypatch.setattr(light, "_KUMMER_UP_TO", 0)
        assert same(quick, law.cumulants(arb(tilt)))
