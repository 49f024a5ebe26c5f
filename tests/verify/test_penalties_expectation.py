"""Expectations of functions of a distance: closed forms, the laws' own means, and mpmath."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import mpmath
import pytest
from flint import acb, arb, fmpq

from verify.claim import mpf_of_ball
from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.laws.student import LogCauchy
from verify.penalties import lattice_sums
from verify.penalties.expectation import _Integral, expect
from verify.penalties.kernels import BoseKernel, BoseLogKernel, Kernel, LogKernel, PowerKernel
from verify.penalties.log_scale import on_log_scale
from verify.penalties.region import Region
from verify.penalties.tail_moments import (
    moment_bound,
    moment_index,
    power_index,
    tail_limit,
)

ONE = PowerKernel(fmpq(1))
BITS = 84
#: Relative accuracy that the engine aims at is about 2^-68; this leaves it eight bits.
CLOSE = arb(2) ** -60

LAWS = (
    "normal()",
    "exponential()",
    "laplace()",
    "logistic()",
    "gamma(shape=5/2)",
    "gamma(shape=1/3)",
    "gamma(shape=10000)",
    "uniform()",
    "beta(a=1/2, b=3)",
    "lognormal()",
    "weibull(shape=1/2)",
    "weibull(shape=2)",
    "pareto(alpha=5/2)",
    "frechet(alpha=3)",
    "burr(c=2, k=1.2)",
    "inverse_gamma(shape=3)",
    "f(d1=3, d2=8)",
    "student_t(df=3)",
    "half_student_t(df=3)",
    "genpareto(xi=1/4)",
    "genpareto(xi=-1/2)",
    "gev(xi=1/4)",
    "gev(xi=-1/2)",
    "gumbel()",
    "half_normal()",
    "skew_normal(alpha=3)",
    "inverse_gaussian(mu=1)",
    "bernoulli(p=0.3)",
    "binomial(n=9, p=0.2)",
    "poisson(mu=3)",
    "geometric(p=0.3)",
    "negative_binomial(r=2.5, p=0.4)",
    "zeta(s=4.5)",
    "point(x=1)",
    "2 - 3*gumbel()",
    "-pareto(alpha=2)",
    "mixture(0.5*normal(), 0.25*point(3), 0.25*pareto(alpha=4))",
    "truncate(normal(), low=-1, high=2)",
    "truncate(student_t(df=3), low=1)",
    'tail(log_sf="-sqrt(x)", lower=0)',
)


def closely(value: arb, other: arb, scale: arb | None = None) -> None:
    size = abs(other) if scale is None else scale
    assert value.is_finite() and abs(value - other) <= CLOSE * size, (value, other)


@pytest.mark.parametrize("text", LAWS)
@pytest.mark.parametrize("cut", ["-3", "1/3", "7/2"])
def test_the_mean_excess_is_the_laws_own(text: str, cut: str) -> None:
    """``E (X - c)_+ = E[X; X > c] - c Q(X > c)``, from the law's closed forms."""
    law, point = Law.parse(text), fmpq(*map(int, (cut + "/1").split("/")[:2]))
    with working_precision(BITS):
        value, _ = expect(law, point, +1, ONE)
        upper = law.upper_mean(point)
        assert isinstance(upper, arb)
        closely(value, upper - point * law.survival(point), abs(value) + arb(2) ** -20)


@pytest.mark.parametrize("text", [text for text in LAWS if "tail" not in text])
def test_distances_below_mirror_those_above(text: str) -> None:
    law, cut = Law.parse(text), fmpq(7, 3)
    with working_precision(BITS):
        one, other = expect(-law, -cut, -1, ONE), expect(law, cut, +1, ONE)
        for left, right in zip(one, other, strict=True):
            closely(left, right, abs(right) + arb(2) ** -40)


@pytest.mark.parametrize("far", ["1", "10", "1" + 40 * "0", "1" + 130 * "0"])
def test_a_lower_tail_without_moments(far: str) -> None:
    """``E (C - Y)_+`` is the integral of ``Q(Y < t)`` up to C; with ``t = e^s`` no tail is left."""
    distance = fmpq(int(far))

    def below(s: acb, analytic: bool) -> acb:
        return (acb(1) / 2 + s.atan() / acb.pi()) * s.exp()

    with working_precision(4 * BITS):  # less e^-200, which is below 2^-280
        other = acb.integral(below, -200, arb(distance).log(), eval_limit=10**5).real
    with working_precision(BITS):
        value, _ = expect(Law.parse("-log_cauchy()"), -distance, +1, ONE)
        closely(value, other)


@pytest.mark.parametrize("cut", [fmpq(1, 3**40), fmpq(7), fmpq(10**48)])
@pytest.mark.parametrize(
    ("side", "kernel"),
    [
        (1, PowerKernel(fmpq(-2))),
        (1, BoseLogKernel(fmpq(1))),
        (-1, PowerKernel(fmpq(1, 2))),
    ],
)
def test_along_the_logarithm_and_along_the_reward(cut: fmpq, side: int, kernel: Kernel) -> None:
    """The log-Cauchy law by two routes: its density in log x, and its density in x."""
    law, region = LogCauchy(), Region(-side * cut, side)
    with working_precision(BITS):
        scaled = kernel.scaled(1 / cut) if isinstance(kernel, BoseLogKernel) else kernel
        one, other = on_log_scale(law, region, scaled), _Integral(law, region, scaled).pair()
        closely(one[0], other[0])
        if kernel.paired:
            closely(one[1], other[1])


def test_logarithms_over_zeta_by_euler_and_maclaurin() -> None:
    with working_precision(BITS), mpmath.workdps(30):
        found = expect(Law.parse("zeta(s=3)"), fmpq(-1, 2), +1, LogKernel(fmpq(2)))[0]
        other = mpmath.nsum(lambda n: mpmath.log(2 * n + 1) / n**3, [1, mpmath.inf], method="e")
        assert abs(mpf_of_ball(found) - other / mpmath.zeta(3)) < mpmath.mpf("1e-20")


def test_a_falling_kernel_over_zeta_term_by_term() -> None:
    with working_precision(BITS), mpmath.workdps(30):
        value, product = expect(Law.parse("zeta(s=3)"), fmpq(1, 2), +1, BoseKernel(fmpq(1, 10)))
        terms = [
            (n - 0.5, n**-3 / mpmath.expm1((n - 0.5) / 10)) for n in map(mpmath.mpf, range(1, 900))
        ]
        sums = [sum(z**k * term for z, term in terms) / mpmath.zeta(3) for k in (0, 1)]
        for one, other in zip((value, product), sums, strict=True):
            assert abs(mpf_of_ball(one) - other) < mpmath.mpf("1e-20")


def closed_forms() -> list[tuple[str, fmpq, int, Kernel, Any, Any]]:
    half, zero = fmpq(1, 2), fmpq(0)
    root_pi = arb.pi().sqrt()
    return [
        ("exponential()", fmpq(1), 1, PowerKernel(half), root_pi / 2 * arb(-1).exp(), None),
        ("normal()", zero, 1, ONE, 1 / (2 * arb.pi()).sqrt(), half),
        ("pareto(alpha=5/2)", zero, 1, ONE, fmpq(5, 3), fmpq(5)),
        ("student_t(df=3)", zero, 1, ONE, arb(3).sqrt() / arb.pi(), fmpq(3, 2)),
        ("zeta(s=4.5)", zero, 1, ONE, arb(3.5).zeta() / arb(4.5).zeta(), None),
        ("uniform()", fmpq(2), -1, PowerKernel(fmpq(-1)), arb(2).log(), fmpq(1)),
        ("uniform()", fmpq(2), -1, PowerKernel(fmpq(-2)), half, arb(2).log()),
        ("uniform()", fmpq(2), -1, LogKernel(), 2 * arb(2).log() - 1, None),
        # E 1/(exp(z) - 1) over z in [1, 2], and the integral of log(1 - exp(-z)).
        ("uniform()", fmpq(2), -1, BoseKernel(fmpq(1)), _bose(2) - _bose(1), None),
        # E log(1 + X) = e E_1(1).
        ("-exponential()", fmpq(1), -1, LogKernel(), -arb(1).exp() * arb(-1).ei(), None),
        ("-pareto(alpha=2)", zero, -1, LogKernel(), half, None),
        ("-pareto(alpha=1/2)", zero, -1, LogKernel(), fmpq(2), None),
    ]


def _bose(z: int) -> arb:
    return (1 - (-arb(z)).exp()).log()


@pytest.mark.parametrize("number", range(12))
def test_closed_forms(number: int) -> None:
    with working_precision(BITS):
        text, cut, side, kernel, value, product = closed_forms()[number]
        found = expect(Law.parse(text), cut, side, kernel)
        closely(found[0], arb(value))
        if product is not None:
            closely(found[1], arb(product))


def test_a_kernel_that_is_no_power_by_mpmath() -> None:
    with working_precision(BITS), mpmath.workdps(25):
        law, rate = Law.parse("beta(a=2, b=3)"), 3

        def integrand(x: mpmath.mpf) -> mpmath.mpf:
            return (
                mpmath.log(1 - mpmath.exp(-rate * (mpmath.mpf("1.25") - x))) * 12 * x * (1 - x) ** 2
            )

        found = expect(law, fmpq(5, 4), -1, BoseLogKernel(fmpq(rate)))[0]
        assert abs(mpf_of_ball(found) - mpmath.quad(integrand, [0, 1])) < mpmath.mpf("1e-15")


@pytest.mark.parametrize(
    "kernel", [ONE, PowerKernel(fmpq(-3, 2)), LogKernel(), BoseKernel(fmpq(2))]
)
def test_a_scaled_kernel(kernel: Kernel) -> None:
    z, size = arb("0.7"), fmpq(5, 3)
    assert abs(kernel.scaled(size).real(z) - kernel.real(size * z)) < arb("1e-14")


def test_a_tail_by_parts_agrees_with_the_density() -> None:
    own, known = Law.parse('tail(log_sf="-5/2*log(x)", lower=1)'), Law.parse("pareto(alpha=5/2)")
    with working_precision(BITS):
        for cut, side, kernel in (
            (fmpq(-2), 1, ONE),
            (fmpq(3), 1, PowerKernel(fmpq(1, 2))),
            (fmpq(7, 2), -1, PowerKernel(fmpq(1, 3))),
            (fmpq(1, 2), 1, PowerKernel(fmpq(-2))),
        ):
            for one, other in zip(
                expect(own, cut, side, kernel), expect(known, cut, side, kernel), strict=True
            ):
                closely(one, other)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("cut", [fmpq(1), fmpq(13591409, 10**7), fmpq(136, 100), fmpq(3)])
def test_a_tail_that_begins_at_no_fraction(side: int, cut: fmpq) -> None:
    """``x^-3`` from L = e/2 on: ``E z`` and ``E z^2`` by hand; e/2 is between the middle cuts."""
    with working_precision(BITS):
        law, low, c = Law.parse('tail(log_sf="-3*log(x)", lower="exp(1)/2")'), arb(1).exp() / 2, cut
        start = low if low > c else arb(c)
        # E (X - c)_+ = (L - c)_+ + int_start^oo x^-3, and E (X - c)_+^2 likewise.
        over = start - c + 1 / (2 * start**2)
        over_square = (start - c) ** 2 + 2 * (1 / start - c / (2 * start**2))
        below = over - (low + 1 / (2 * low**2) - c)
        below_square = low**2 + 2 / low - 2 * c * (low + 1 / (2 * low**2)) + c**2 - over_square
        known = (over, over_square) if side > 0 else (below, below_square)
        for found, expected in zip(expect(law, cut, side, ONE), known, strict=True):
            assert found.overlaps(expected) and found.rad() < arb(2) ** -50


def test_what_has_no_answer_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lattice_sums, "MOST_ENDLESS", 1000)
    with working_precision(BITS):
        for text, cut, kernel in (
            ("pareto(alpha=2)", fmpq(0), ONE),  # E X^2 is infinite
            ("zeta(s=3)", fmpq(0), ONE),
            ("geometric(p=1/1000000)", fmpq(0), ONE),  # too many atoms
        ):
            with pytest.raises(Undecided):
                expect(Law.parse(text), cut, +1, kernel)


# ---------------------------------------------------------------- tails

POWER_TAILS = [text for text in LAWS if power_index(Law.parse(text)) is not None]


@pytest.mark.parametrize("text", [text for text in POWER_TAILS if "zeta" not in text])
def test_a_power_tail_rises_to_its_limit(text: str) -> None:
    law = Law.parse(text)
    index, limit = power_index(law), tail_limit(law)
    assert index is not None and limit is not None
    with working_precision(256):
        limit = tail_limit(law)
        places = [arb(2) ** k for k in range(1, 200, 6)]
        sizes = [law.density(x) * x ** (index + 1) for x in places]
        assert all(not after < before for before, after in pairwise(sizes))
        assert abs(sizes[-1] - limit) < arb(2) ** -100 * limit  # type: ignore[operator]


@pytest.mark.parametrize("text", [text for text in LAWS if text in POWER_TAILS or "logn" in text])
def test_moment_bounds(text: str) -> None:
    """``E X_+^p`` by integration is below the bound, and the bound is no more than 8 times it."""
    law, order = Law.parse(text), fmpq(5, 4)
    with working_precision(BITS):
        moment = expect(law, fmpq(0), +1, PowerKernel(order - 1))[1]
        bound = moment_bound(law, order)
        assert not bound < moment and bound < 8 * moment


@pytest.mark.parametrize(
    ("text", "index", "at_index"),
    [
        ("normal()", None, True),
        ("pareto(alpha=5/2)", "5/2", False),
        ("-pareto(alpha=2)", None, True),
        ("2 - 3*student_t(df=4)", "4", False),
        ("mixture(0.5*normal(), 0.5*student_t(df=3))", "3", False),
        ("truncate(cauchy(), high=7)", None, True),
        ("truncate(cauchy(), low=7)", "1", False),
        ("log_cauchy()", "0", False),
        ("zeta(s=3)", "2", False),
        ('tail(log_sf="-2*log(x)", lower=1)', "2", False),
        ('tail(log_sf="-2*log(x)-2*log(log(x))", lower="exp(1)")', "2", True),
        ('tail(log_sf="-x/log(x)", lower="exp(1)")', None, True),
    ],
)
def test_moment_indices(text: str, index: str | None, at_index: bool | None) -> None:
    found = moment_index(Law.parse(text))
    expected = None if index is None else fmpq(*map(int, (index + "/1").split("/")[:2]))
    shown = None if isinstance(found.index, Diverges) else found.index
    assert (shown, found.at_index) == (expected, at_index) and found.because
