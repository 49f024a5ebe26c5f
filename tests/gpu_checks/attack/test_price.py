"""What forcing an answer costs: exact, by two routes, and held against the frontier."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st

from verify.divergence import binary_kl
from verify.enclosure import ball, exact, log_one_less, working_precision
from verify.errors import InputError
from verify.laws.empirical_law import Empirical

pytestmark = pytest.mark.gpu


def test_the_example_in_print() -> None:
    """THEORY section 10: 13.3409984656452 nats, where the print has 13.351 by a first order."""
    from gpu_checks.attack.price import divergence

    kl = divergence(exact("0.01"), -1339.70)
    assert abs(kl - arb("13.3409984656452")) < 1e-12


@given(
    share=st.fractions(0, 1, max_denominator=10**6),
    nats=st.floats(0, 1e4, allow_subnormal=False),
)
def test_the_divergence_is_that_of_two_outcomes(share: object, nats: float) -> None:
    """x against the rest, with masses ``(1 - a) q + a`` and q."""
    from gpu_checks.attack.price import divergence

    a = fmpq(share.numerator, share.denominator)  # type: ignore[attr-defined]
    assume(a > 0)
    kl = divergence(a, -nats)
    with working_precision(300 + int(2 * nats)):  # 1 - q is told from 1
        log_q = -arb(nats)
        if nats == 0 or a == 1:
            expected = ball(a) * arb(nats)
        else:
            q = log_q.exp()
            expected = binary_kl((1 - ball(a)) * q + ball(a), log_q, log_one_less(log_q))
        assert kl.overlaps(expected)
        # Convex in the share, with the ends 0 and -log q.
        assert not kl > ball(a) * arb(nats)
    assert kl.rel_accuracy_bits() >= 60 or kl == 0


@pytest.mark.parametrize("log_prob", [0.5, float("nan")])
def test_no_log_probability_is_positive(log_prob: float) -> None:
    from gpu_checks.attack.price import divergence

    with pytest.raises(InputError, match="expected a number up to 0"):
        divergence(fmpq(1, 2), log_prob)


def test_the_place_against_the_frontier_of_the_sample(rng: np.random.Generator) -> None:
    """Below it, and above it, where the reward is beyond all of the sample: both proved."""
    from gpu_checks.attack.price import base_mean, price

    rewards = rng.standard_normal(500)
    base = Empirical.from_values(rewards)
    mean = base_mean(base)
    assert abs(float(mean.p) / float(mean.q) - rewards.mean()) < 1e-15
    a = fmpq(1, 100)
    low = price(a, -100.0, 5.0, base)
    assert low.place == "below" and low.gain == a * (5 - mean) and low.mean == mean + low.gain
    needed = low.reward_needed(mean)
    assert needed is not None and needed > 100
    # At the reward that is needed the mixture has the frontier's mean.
    above, below = (price(a, -100.0, float(needed) * f, base) for f in (1.0001, 0.9999))
    assert (above.place, below.place) == ("above", "below")
    written = low.to_dict(mean)
    assert written["share"] == "0.01" and written["place"] == "below"
    assert float(written["kl"][0]) <= float(written["kl"][1])
    assert price(a, -100.0, 5.0, None).place is None


def test_shares_are_read() -> None:
    from gpu_checks.attack.price import default_shares, parse_shares

    assert parse_shares("0.01, 1") == (fmpq(1, 100), fmpq(1))
    assert default_shares()[0] == fmpq(1, 100)
    for text in ("0", "1.1", "-0.1", "x", ""):
        with pytest.raises(InputError):
            parse_shares(text)
