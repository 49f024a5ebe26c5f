"""What shift, scale, mixture and truncation do to a tail: its rate, and means that are infinite."""

from __future__ import annotations

import pytest
from flint import arb, fmpq

from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.laws import (
    cauchy,
    exponential,
    geometric,
    lognormal,
    mixture,
    normal,
    pareto,
    parse,
    point,
    poisson,
    truncate,
    uniform,
    zeta,
)

BITS = 128


@pytest.mark.parametrize("law", [pareto(fmpq(1, 3)), cauchy(), zeta(fmpq(3, 2)), lognormal()])
def test_a_truncated_heavy_law_is_bounded(law: Law) -> None:
    assert law.mgf_abscissa == 0
    cut = truncate(law, high=50)
    assert cut.mgf_abscissa == Diverges(1) and cut.decay_rate is None
    assert cut.support[1] == fmpq(50)
    with working_precision(BITS):
        assert cut.survival(fmpq(50)) == 0 and cut.survival(fmpq(49)) > 0
        if law.left_tail.abscissa != 0:
            mean, log_mgf = cut.mean(), cut.log_mgf(fmpq(2))
            assert isinstance(mean, arb) and mean < 50
            assert isinstance(log_mgf, arb) and 2 * mean < log_mgf and log_mgf < 100  # Jensen


def test_the_heaviest_part_decides() -> None:
    light, heavy = exponential(), pareto(3)
    law = mixture([(fmpq(9, 10), light), (fmpq(1, 10), heavy)])
    assert law.mgf_abscissa == 0 and law.decay_rate == 0
    law = mixture([(fmpq(1, 2), 2 * light), (fmpq(1, 2), normal())])
    assert law.mgf_abscissa == fmpq(1, 2) and law.decay_rate == fmpq(1, 2)
    law = mixture([(fmpq(1, 2), geometric(fmpq(1, 2))), (fmpq(1, 2), poisson(3))])
    assert str(law.mgf_abscissa) == "-log(0.5)" and law.decay_rate is None
    assert (-law).mgf_abscissa == Diverges(1)


def halves(*laws: Law) -> Law:
    return mixture([(fmpq(1, len(laws)), law) for law in laws])


def test_what_has_no_part_in_the_tail_does_not_spoil_the_decay_rate() -> None:
    """Components that end, and lighter ones, on a lattice or not."""
    for beside in (point(9), uniform(0, 1), truncate(poisson(3), high=4), -pareto(2)):
        assert halves(normal(), beside).decay_rate == Diverges(1)
        assert halves(exponential(), beside).decay_rate == 1
        assert halves(beside, beside + 1).decay_rate is None
    assert halves(poisson(3), exponential()).decay_rate == 1
    assert halves(2 * exponential(), geometric(fmpq(1, 2))).decay_rate == fmpq(1, 2)
    assert halves(zeta(fmpq(3)), pareto(2), geometric(fmpq(1, 2))).decay_rate == 0
    # The lattice is the heavier one here, or of one rate with the other.
    assert halves(exponential() / 2, geometric(fmpq(1, 2))).decay_rate is None
    assert halves(normal(), poisson(3)).decay_rate is None
    # Rates that no float tells apart.
    close = exponential() * (1 + fmpq(1, 10**40))
    assert halves(exponential(), close).decay_rate == 1 / (1 + fmpq(1, 10**40))


INFINITE: list[tuple[str, int]] = [
    ("pareto(alpha=1)", 1),
    ("-pareto(alpha=1/2)", -1),
    ("3 - 2*zeta(s=2)", -1),
    ("cauchy()", 0),
    ("mixture(0.5*pareto(alpha=1), 0.5*normal())", 1),
    ("mixture(0.5*pareto(alpha=1), 0.5*(-pareto(alpha=1)))", 0),
    ("mixture(0.5*cauchy(), 0.5*pareto(alpha=1))", 0),
    ("truncate(cauchy(), low=0)", 1),
    ("truncate(cauchy(), high=0)", -1),
    ("truncate(pareto(alpha=1/2), low=9)", 1),
    ("truncate(mixture(0.5*pareto(alpha=1), 0.5*(-pareto(alpha=1))), low=-5)", 1),
    ("-truncate(cauchy(), high=7)", 1),
]


@pytest.mark.parametrize(("text", "sign"), INFINITE)
def test_infinite_means(text: str, sign: int) -> None:
    mean = parse(text).mean()
    assert isinstance(mean, Diverges) and mean.sign == sign and mean.because
    if sign:
        assert parse(text).upper_mean(fmpq(20)) == (
            Diverges(1) if sign > 0 else parse(text).upper_mean(fmpq(20))
        )


def test_parts_of_infinite_means_are_finite() -> None:
    with working_precision(BITS):
        for text in ("-pareto(alpha=1/2)", "3 - 2*zeta(s=2)", "truncate(cauchy(), high=0)"):
            law = parse(text)
            upper = law.upper_mean(fmpq(-30))
            assert isinstance(upper, arb) and upper.is_finite()
            assert law.lower_mean(fmpq(-30)) == Diverges(-1)
        # E[X; X <= 4] for Pareto(1/2) is the integral of x^(-1/2)/2 from 1 to 4.
        lower = pareto(fmpq(1, 2)).lower_mean(fmpq(4))
        assert isinstance(lower, arb) and lower.overlaps(arb(1)) and lower.rel_accuracy_bits() > 60
        upper = (-pareto(fmpq(1, 2))).upper_mean(fmpq(-4))
        assert isinstance(upper, arb) and upper.overlaps(arb(-1))


def test_log_mgfs_that_are_infinite() -> None:
    for text in ("3*exponential()", "mixture(0.5*normal(), 0.5*(3*exponential()))"):
        assert parse(text).log_mgf(fmpq(1, 2)) == Diverges(1)
        assert isinstance(parse(text).log_mgf(fmpq(1, 4)), arb)
        with pytest.raises(Undecided, match="infinite"):
            parse(text).cumulants(fmpq(1, 2))
    assert isinstance(parse("-3*exponential()").log_mgf(fmpq(1, 2)), arb)
    assert parse("-3*exponential()").log_mgf(fmpq(-1, 2)) == Diverges(1)
