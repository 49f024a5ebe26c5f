"""Files of rewards: what is read, what is refused, and the exact law of what was read."""

from __future__ import annotations

import time
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.mpmath_route import mp_ball
from verify.enclosure import Diverges, working_precision
from verify.law import LawError
from verify.laws import empirical, parse
from verify.laws.empirical_law import Empirical

#: As many as the profile says: ten times as many under HEAVY=1.
EXAMPLES = settings().max_examples

BITS = 128
REWARDS = [0.1, -2.5, 0.1, 3.0, -2.5, 1e-300, 7.25]

finite_floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
moderate = st.floats(-50, 50).map(lambda x: round(x, 3))
rows = st.lists(
    st.one_of(moderate, st.sampled_from([-1.0, 0.0, 0.1, 2.0])), min_size=1, max_size=30
)


# ------------------------------------------------------------------ in law texts


def test_law_texts(tmp_path: Path) -> None:
    path = tmp_path / 'odd "name".csv'
    path.write_text("x,y\n1,2\n3,5\n")
    law = empirical(str(path), "y")
    assert parse(str(law)) == law and '\\"' in str(law) and 'column="y"' in str(law)
    assert empirical(str(path), "x") != law
    scaled = parse(f"2 + 3*{law}")
    assert parse(str(scaled)) == scaled and scaled.support == (fmpq(8), fmpq(17))
    with pytest.raises(LawError, match="no file named in a law is opened here"):
        parse(str(law), open_files=False)
    with pytest.raises(LawError, match="no file"):
        parse('empirical("/dev/zero")', open_files=False)


def test_a_law_text_reads_the_file_that_the_caller_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.npy"
    np.save(path, np.array(REWARDS))
    for open_files in (True, False):
        law = parse('1 + empirical("/nowhere/theirs.npy")', open_files=open_files, data=str(path))
        assert str(law) == '1 + empirical("/nowhere/theirs.npy")'
        part = next(p for p in law.parts() if isinstance(p, Empirical))
        assert part.sha256 == sha256(path.read_bytes()).hexdigest() and part.n == 7


def test_labels_are_printable(tmp_path: Path) -> None:
    path = tmp_path / "größe\n.npy"
    np.save(path, np.array(REWARDS))
    law = empirical(str(path))
    assert str(law).isascii() and str(law).isprintable()
    assert parse(str(law), open_files=False, data=str(path)) == law


# ------------------------------------------------------------------ the law, by exact fractions


def exact_rows(values: list[float]) -> list[Fraction]:
    return sorted(Fraction(v) for v in values)


def as_ball(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


@settings(max_examples=EXAMPLES * 3 // 2)
@given(rows, st.sampled_from([0, 1, 2, 3]), st.data())
def test_tails_and_means_against_fractions(values: list[float], kind: int, data: Any) -> None:
    law, all_rows, n = Empirical.from_values(values), exact_rows(values), len(values)
    at = Fraction(data.draw(st.sampled_from(values)))
    at += [Fraction(0), Fraction(1, 3), Fraction(-1, 10**60), Fraction(10**400)][kind]
    t = fmpq(at.numerator, at.denominator)
    above = [x for x in all_rows if x > at]
    with working_precision(BITS):
        assert law.survival(t).overlaps(as_ball(Fraction(len(above), n)))
        assert law.cdf(t).overlaps(as_ball(Fraction(n - len(above), n)))
        reached = sum(x >= at for x in all_rows)
        assert law.survival(t, closed=True).overlaps(as_ball(Fraction(reached, n)))
        assert law.cdf(t, open=True).overlaps(as_ball(Fraction(n - reached, n)))
        assert law.mass_at(t).overlaps(as_ball(Fraction(reached - len(above), n)))
        logs = law.log_survival(t)
        assert logs == arb.neg_inf() if not above else logs.exp().overlaps(law.survival(t))
        mean, upper = law.mean(), law.upper_mean(t)
        assert isinstance(mean, arb) and mean.overlaps(as_ball(sum(all_rows, Fraction(0)) / n))
        assert mean.is_exact() or mean.rel_accuracy_bits() > 100
        assert isinstance(upper, arb) and upper.overlaps(as_ball(sum(above, Fraction(0)) / n))
        if above:
            assert law.tail_mean(t).overlaps(as_ball(sum(above) / len(above)))  # type: ignore[union-attr]
        atoms = list(law.atoms())
        assert sum((mass for _, mass in atoms), arb(0)).overlaps(arb(1))
        assert [x for x, _ in atoms] == [
            fmpq(x.numerator, x.denominator) for x in sorted(set(all_rows))
        ]
        assert law.support == (atoms[0][0], atoms[-1][0])
        assert law.mgf_abscissa == Diverges(1) and law.decay_rate is None


@settings(max_examples=EXAMPLES * 3 // 2)
@given(st.lists(finite_floats, min_size=1, max_size=8))
def test_sums_of_any_floats_are_exact(values: list[float]) -> None:
    law = Empirical.from_values(values)
    with working_precision(4400):  # wide enough for every sum of float64 numbers
        mean = law.mean()
        assert isinstance(mean, arb) and (mean * len(values)).overlaps(
            as_ball(sum(map(Fraction, values)))
        )


@settings(max_examples=EXAMPLES)
@given(rows, st.floats(-60, 60), st.floats(0, 30))
def test_a_ball_covers_all_its_points(values: list[float], low: float, width: float) -> None:
    law = Empirical.from_values(values)
    with working_precision(BITS):
        t = arb(low).union(arb(low + width))
        for share in (0.0, 0.25, 0.7, 1.0):
            at = arb(low + width * share).fmpq()
            assert law.survival(t).contains(law.survival(at))
            assert law.cdf(t).contains(law.cdf(at))
            assert law.mass_at(t).contains(law.mass_at(at))
            assert law.upper_mean(t).contains(law.upper_mean(at))  # type: ignore[union-attr, arg-type]
            outer = law.log_survival(t)
            assert not outer.is_finite() or outer.contains(law.log_survival(at))


@settings(max_examples=EXAMPLES)
@given(rows, st.sampled_from([-40.0, -1.5, -1e-9, 1e-12, 0.02, 1.0, 12.0]))
def test_cumulants_against_mpmath(values: list[float], tilt: float) -> None:
    law = Empirical.from_values(values)
    with working_precision(BITS), mp.workdps(60):
        weights = [mp.exp(mp.mpf(tilt) * v) for v in values]
        total = mp.fsum(weights)
        mean = mp.fsum(w * v for w, v in zip(weights, values, strict=True)) / total
        square = mp.fsum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True)) / total
        truth = (mp.log(total / len(values)), mean, square)
        spread = mp.mpf(max(values) - min(values))
        # Sizes that rounding is relative to: K <= |l| max|x|, the mean, and the squared range.
        sizes = (abs(tilt) * max(map(abs, values)), max(map(abs, values)), spread**2)
        series = law.cumulant_series(arb(tilt))
        for k, number in enumerate(truth):
            middle, radius = mp_ball(series[k] * (2 if k == 2 else 1))
            assert abs(middle - number) <= radius + mp.mpf(10) ** -50 * (1 + sizes[k])
            assert radius <= 1e-33 * sizes[k]
        middle = mp.fsum(values) / len(values)
        central = (truth[0] - tilt * middle, mean - middle, square)
        found = law.central_cumulants_float(tilt)
        for estimate, number, size in zip(found, central, sizes, strict=True):
            # float64 sums of at most 30 terms
            assert abs(estimate - number) <= 1e-12 * max(1, size)


@settings(max_examples=EXAMPLES * 3 // 4)
@given(rows, st.floats(-60, 60), st.floats(0, 60), st.sampled_from([-2.0, 0.0, 0.5]))
def test_exponential_moments_of_parts(
    values: list[float], start: float, width: float, tilt: float
) -> None:
    law = Empirical.from_values(values)
    low, high = arb(start).fmpq(), arb(start + width).fmpq()
    with working_precision(BITS), mp.workdps(60):
        moments = law.exponential_moments(arb(tilt), low, high)
        inside = [v for v in values if start < v <= start + width]
        for k in range(3):
            terms = [mp.mpf(v) ** k * mp.exp(mp.mpf(tilt) * v) for v in inside]
            middle, radius = mp_ball(moments[k])
            size = mp.fsum(map(abs, terms)) / len(values)
            assert abs(middle - mp.fsum(terms) / len(values)) <= radius + mp.mpf(10) ** -50 * size
        parts = [law.exponential_moments(arb(tilt), *e) for e in ((None, low), (high, None))]
        for whole, *rest in zip(law.exponential_moments(arb(tilt)), moments, *parts, strict=True):
            assert whole.overlaps(sum(rest, arb(0)))


@settings(max_examples=EXAMPLES)
@given(rows, st.fractions(0, 1, max_denominator=40).filter(lambda p: 0 < p < 1))
def test_quantiles(values: list[float], level: Fraction) -> None:
    law, all_rows = Empirical.from_values(values), exact_rows(values)
    wanted = next(x for i, x in enumerate(all_rows) if Fraction(i + 1, len(all_rows)) >= level)
    p = fmpq(level.numerator, level.denominator)
    assert law.quantile(p).fmpq() == fmpq(wanted.numerator, wanted.denominator)
    assert law.quantile(arb(p)).contains(law.quantile(p))


def test_draws(rng: np.random.Generator) -> None:
    law = Empirical.from_values(REWARDS)
    draws = law.sample(70_000, rng)
    for value, count in zip(law.values, law.counts, strict=True):
        share = count / law.n
        # Five standard errors.
        assert abs((draws == value).mean() - share) < 5 * (share * (1 - share) / 70_000) ** 0.5


def test_a_file_of_thousands_is_quick(rng: np.random.Generator) -> None:
    law = Empirical.from_values(rng.normal(size=16_000))
    with working_precision(BITS):
        law.cumulant_series(arb(1.5))  # distances are computed once
        took = []
        for tilt in (0.3, 1.5, 2.0):
            started = time.process_time()
            value = law.cumulant_series(arb(tilt))
            took.append(time.process_time() - started)
            assert value[0].rel_accuracy_bits() > 100
    assert min(took) < 0.2, took  # 12 ms alone on a machine


def test_a_wrong_count_is_caught() -> None:
    law = Empirical.from_values(REWARDS)
    law.counts = law.counts + np.array([0, 0, 0, 0, 1])
    with pytest.raises(AssertionError):
        total = sum((mass for _, mass in law.atoms()), arb(0))
        assert total.overlaps(arb(1))


def test_the_name_stays_a_function(tmp_path: Path) -> None:
    """A module of the same name would take its place in the package once it is imported."""
    import verify.laws
    import verify.laws.empirical_law

    path = tmp_path / "rewards.csv"
    path.write_text("1\n2\n4\n")
    assert str(verify.laws.empirical(str(path))) == f'empirical("{path}")'
