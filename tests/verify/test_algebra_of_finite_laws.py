"""The algebra of laws, on finite laws against exact fractions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.mpmath_route import mp_ball
from verify.affine import Affine
from verify.enclosure import Diverges, Number, working_precision
from verify.law import Law, LawError
from verify.laws import (
    bernoulli,
    binomial,
    mixture,
    point,
    truncate,
)
from verify.laws.empirical_law import Empirical
from verify.mixture import Mixture

#: As many as the profile says: ten times as many under HEAVY=1.
EXAMPLES = settings().max_examples

BITS = 128

Masses = dict[Fraction, Fraction]


def q(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


# ------------------------------------------------------------------ finite laws, and their model


@dataclass(frozen=True)
class Modelled:
    """A law, and its masses by exact arithmetic in this file."""

    law: Law
    masses: Masses


def small_fractions(low: int, high: int) -> st.SearchStrategy[Fraction]:
    return st.fractions(low, high, max_denominator=6)


def leaves() -> st.SearchStrategy[Modelled]:
    probability = st.fractions(Fraction(1, 6), Fraction(5, 6), max_denominator=6)

    def coin(p: Fraction) -> Modelled:
        return Modelled(bernoulli(p=q(p)), {Fraction(0): 1 - p, Fraction(1): p})

    def coins(p: Fraction) -> Modelled:
        from math import comb

        masses = {Fraction(k): comb(4, k) * p**k * (1 - p) ** (4 - k) for k in range(5)}
        return Modelled(binomial(4, q(p)), masses)

    def constant(x: Fraction) -> Modelled:
        return Modelled(point(q(x)), {x: Fraction(1)})

    def rewards(rows: list[float]) -> Modelled:
        masses: Masses = {}
        for row in rows:
            masses[Fraction(row)] = masses.get(Fraction(row), Fraction(0)) + Fraction(1, len(rows))
        return Modelled(Empirical.from_values(rows), masses)

    some_rows = st.lists(st.sampled_from([-1.0, 0.0, 0.1, 0.5, 1.0, 2.0]), min_size=1, max_size=6)
    return st.one_of(
        probability.map(coin),
        probability.map(coins),
        small_fractions(-2, 2).map(constant),
        some_rows.map(rewards),
    )


def image(shift: Fraction, scale: Fraction, of: Modelled) -> Modelled:
    masses = {shift + scale * x: mass for x, mass in of.masses.items()}
    return Modelled(q(shift) + q(scale) * of.law, masses)


def mixed(weight: Fraction, one: Modelled, other: Modelled) -> Modelled:
    masses = {x: weight * mass for x, mass in one.masses.items()}
    for x, mass in other.masses.items():
        masses[x] = masses.get(x, Fraction(0)) + (1 - weight) * mass
    return Modelled(mixture([(q(weight), one.law), (q(1 - weight), other.law)]), masses)


def truncated(low: Fraction | None, high: Fraction | None, of: Modelled) -> Modelled:
    kept = {
        x: mass
        for x, mass in of.masses.items()
        if (low is None or x > low) and (high is None or x <= high)
    }
    limits = [None if end is None else q(end) for end in (low, high)]
    if not kept:
        with pytest.raises(LawError, match="no mass"):
            truncate(of.law, *limits)
        return of
    if limits == [None, None]:
        return of
    total = sum(kept.values())
    return Modelled(truncate(of.law, *limits), {x: mass / total for x, mass in kept.items()})


ends = st.none() | small_fractions(-3, 3)
modelled = st.recursive(
    leaves(),
    lambda parts: st.one_of(
        st.builds(image, small_fractions(-2, 2), small_fractions(-3, 3).filter(bool), parts),
        st.builds(
            mixed, st.fractions(Fraction(1, 5), Fraction(4, 5), max_denominator=5), parts, parts
        ),
        st.builds(truncated, ends, ends, parts),
    ),
    max_leaves=5,
)


def assert_ball(value: Number, truth: Fraction) -> None:
    """The ball contains the fraction and has at least 80 of 128 bits, or an absolute 1e-24."""
    assert isinstance(value, arb) and value.is_finite(), value
    assert value.overlaps(arb(q(truth))), f"{value} does not contain {truth}"
    assert value.rel_accuracy_bits() > 80 or value.rad() < 1e-24, f"{value} is wide"


def check_tails(of: Modelled, t: Fraction) -> None:
    law, above = of.law, {x: m for x, m in of.masses.items() if x > t}
    mass_above, here = sum(above.values(), Fraction(0)), of.masses.get(t, Fraction(0))
    assert_ball(law.survival(q(t)), mass_above)
    assert_ball(law.survival(q(t), closed=True), mass_above + here)
    assert_ball(law.cdf(q(t)), 1 - mass_above)
    assert_ball(law.cdf(q(t), open=True), 1 - mass_above - here)
    assert_ball(law.mass_at(q(t)), here)
    for value, mass in ((law.log_survival(q(t)), mass_above), (law.log_cdf(q(t)), 1 - mass_above)):
        assert value == arb.neg_inf() if mass == 0 else value.exp().overlaps(arb(q(mass)))
    upper = sum((x * m for x, m in above.items()), Fraction(0))
    mean = sum((x * m for x, m in of.masses.items()), Fraction(0))
    assert_ball(law.upper_mean(q(t)), upper)
    assert_ball(law.lower_mean(q(t)), mean - upper)
    if above:
        assert_ball(law.tail_mean(q(t)), upper / mass_above)


@settings(max_examples=EXAMPLES * 3)
@given(modelled)
def test_tails_and_means_of_composed_finite_laws(of: Modelled) -> None:
    with working_precision(BITS):
        mean = sum((x * m for x, m in of.masses.items()), Fraction(0))
        assert_ball(of.law.mean(), mean)
        places = sorted(of.masses)
        between = [places[0] - 1, places[0] + Fraction(1, 10**40), places[-1] + 1]
        for t in [*places[:6], *places[-1:], *between]:
            check_tails(of, t)
        low, high = of.law.support
        # A truncation's support ends at its limits, though the next atom may be further in.
        assert low <= q(places[0]) and q(places[-1]) <= high
        assert of.law.mgf_abscissa == Diverges(1) and of.law.has_atoms


@settings(max_examples=EXAMPLES * 2)
@given(modelled)
def test_atoms_and_quantiles_of_composed_finite_laws(of: Modelled) -> None:
    with working_precision(BITS):
        atoms = [(x, mass) for x, mass in of.law.atoms() if not mass == 0]
        assert [x for x, _ in atoms] == [q(x) for x in sorted(of.masses)]
        for x, mass in atoms:
            assert_ball(mass, of.masses[Fraction(int(x.p), int(x.q))])
        up_to = Fraction(0)
        for x in sorted(of.masses):
            # A level strictly inside the step at x.
            level = up_to + of.masses[x] / 3
            up_to += of.masses[x]
            assert of.law.quantile(q(level)).overlaps(arb(q(x)) + arb("0 +/- 1e-30"))


@settings(max_examples=EXAMPLES * 3 // 2)
@given(modelled, st.sampled_from(["-3/2", "1/7", "2"]), ends, ends)
def test_exponential_moments_of_composed_finite_laws(
    of: Modelled, tilt: str, low: Fraction | None, high: Fraction | None
) -> None:
    l = Fraction(tilt)  # noqa: E741
    with working_precision(BITS), mp.workdps(60):

        def moment(order: int, kept: Callable[[Fraction], bool]) -> object:
            return mp.fsum(
                (mp.mpf(x.numerator) / x.denominator) ** order
                * mp.exp(mp.mpf((l * x).numerator) / (l * x).denominator)
                * mp.mpf(m.numerator)
                / m.denominator
                for x, m in of.masses.items()
                if kept(x)
            )

        limits = [None if end is None else q(end) for end in (low, high)]
        part = of.law.exponential_moments(arb(q(l)), *limits)
        inside = [
            moment(k, lambda x: (low is None or x > low) and (high is None or x <= high))
            for k in range(3)
        ]
        whole = [moment(k, lambda x: True) for k in range(3)]
        for value, truth in zip(part, inside, strict=True):
            assert_mp(value, truth)
        mean = whole[1] / whole[0]  # type: ignore[operator]
        cumulants = (mp.log(whole[0]), mean, whole[2] / whole[0] - mean**2)  # type: ignore[operator]
        for value, truth in zip(of.law.cumulants(q(l)), cumulants, strict=True):
            assert_mp(value, truth)
        log_mgf = of.law.log_mgf(q(l))
        assert isinstance(log_mgf, arb)
        assert_mp(log_mgf, cumulants[0])


def assert_mp(value: arb, truth: object) -> None:
    middle, radius = mp_ball(value)
    assert abs(middle - truth) <= radius + mp.mpf(10) ** -45
    assert radius <= 1e-24 * (1 + abs(truth))  # type: ignore[arg-type]


def test_the_model_catches_planted_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(of: Modelled) -> None:
        with working_precision(BITS):
            check_tails(of, Fraction(1, 3))

    flipped = image(
        Fraction(1, 3),
        Fraction(-2, 3),
        Modelled(
            bernoulli(p=q(Fraction(1, 2))),
            {Fraction(0): Fraction(1, 2), Fraction(1): Fraction(1, 2)},
        ),
    )
    check(flipped)
    right = Affine.survival

    def wrong(self: Affine, t: fmpq, closed: bool = False) -> arb:
        return right(self, t, not closed)  # > for >= where the law is turned round

    monkeypatch.setattr(Affine, "survival", wrong)
    with pytest.raises(AssertionError):
        check(flipped)
    monkeypatch.undo()
    halves = mixed(Fraction(1, 4), flipped, flipped)
    check(halves)
    monkeypatch.setattr(Mixture, "mass_at", lambda self, t: self.laws[0].mass_at(t) / 2)
    with pytest.raises(AssertionError):
        check(halves)
