"""What it costs to force an answer now and then, and what the budget would have bought otherwise.

The policy ``P = (1 - a) Q + a delta_x`` answers x with probability a, else as the base policy. Its
divergence (THEORY section 10) and its mean reward follow from ``log Q(x)`` and the base rewards
alone. They are exact for the log-probability as it is given, a float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from theorems.experiments.mixture import divergence as mixture_divergence
from verify.decimals import decimal_text, outward, parse_decimal, rational
from verify.enclosure import ball, exact, to_accuracy, working_precision
from verify.errors import InputError
from verify.frontier import FrontierPoint, frontier, written

if TYPE_CHECKING:
    from verify.laws.empirical_law import Empirical

#: Shares of the time at which the answer is forced. The first is the paper's.
SHARES = ("0.01", "0.001", "0.1", "1")
#: Correct bits of what is written.
BITS = 80


@dataclass(frozen=True)
class Price:
    """What one share costs and brings.

    Attributes
    ----------
    share : fmpq
        a, exact.
    kl : arb
        ``KL(P || Q)``, in nats.
    mean, gain : fmpq or None
        The mean reward under P, and by how much it exceeds the base mean; exact for the base
        sample. None without one.
    frontier : tuple of FrontierPoint or None
        Of the base sample, at the two ends of ``kl``: no reweighting of the sample at this
        divergence has a mean above the last one's ``upper``; some has the first one's ``lower``.
    """

    share: fmpq
    kl: arb
    mean: fmpq | None = None
    gain: fmpq | None = None
    frontier: tuple[FrontierPoint, FrontierPoint] | None = None

    @property
    def place(self) -> str | None:
        """``below`` or ``above`` the frontier of the base sample, where that is proved."""
        if self.frontier is None or self.mean is None:
            return None
        lower, upper = self.frontier[0].lower, self.frontier[1].upper
        with working_precision(BITS):
            mean = ball(self.mean)
            if isinstance(lower, arb) and mean < lower:
                return "below"
            if isinstance(upper, arb) and mean > upper:
                return "above"
        return "cannot tell"

    def reward_needed(self, base_mean: fmpq) -> arb | None:
        """The reward of x with which the mixture would have the frontier's mean."""
        if self.frontier is None or not isinstance(self.frontier[1].upper, arb):
            return None
        with working_precision(BITS):
            return (self.frontier[1].upper - ball((1 - self.share) * base_mean)) / ball(self.share)

    def to_dict(self, base_mean: fmpq | None) -> dict[str, Any]:
        """As JSON: decimal strings, rounded outward."""
        answer: dict[str, Any] = {"share": decimal_text(self.share), "kl": list(outward(self.kl))}
        if self.mean is None or self.gain is None or self.frontier is None or base_mean is None:
            return answer
        with working_precision(BITS):
            needed = self.reward_needed(base_mean)
            return answer | {
                "mean": list(outward(ball(self.mean))),
                "gain": list(outward(ball(self.gain))),
                "frontier": {
                    "means": self.frontier[0].means,
                    "lower": written(self.frontier[0].lower),
                    "upper": written(self.frontier[1].upper),
                },
                "place": self.place,
                "reward_needed": None if needed is None else list(outward(needed)),
            }


def parse_shares(text: str) -> tuple[fmpq, ...]:
    """Shares of the time, separated by commas.

    Raises
    ------
    InputError
        If one is no decimal number above 0 and up to 1.
    """
    found = []
    for each in text.split(","):
        share = rational(parse_decimal(each.strip(), "--shares", exponent=300))
        if not 0 < share <= 1:
            raise InputError(f"--shares: expected numbers above 0 and up to 1, got {each.strip()}")
        found.append(share)
    return tuple(found)


def divergence(share: fmpq, log_prob: float) -> arb:
    """``KL((1 - a) Q + a delta_x || Q)`` in nats, as a ball.

    Parameters
    ----------
    share : fmpq
        a, above 0 and up to 1.
    log_prob : float
        ``log Q(x)``, taken exactly.
    """
    if not log_prob <= 0:
        raise InputError(f"log-probability: expected a number up to 0, got {log_prob}")
    nats = arb(-log_prob).fmpq() if log_prob else fmpq(0)
    if share == 1 or nats == 0:
        return ball(nats * share)  # P is x alone, or all of Q is
    return to_accuracy(
        lambda: mixture_divergence(share, nats), BITS, f"the divergence at share {share}"
    )


def price(share: fmpq, log_prob: float, reward: float, base: Empirical | None) -> Price:
    """What forcing an answer with probability ``share`` costs, and what it brings.

    Parameters
    ----------
    share : fmpq
        a, above 0 and up to 1.
    log_prob : float
        ``log Q(x)`` of the answer.
    reward : float
        Its reward.
    base : Empirical or None
        The rewards of answers of the base policy.
    """
    kl = divergence(share, log_prob)
    if base is None:
        return Price(share, kl)
    mean = base_mean(base)
    gain = share * (arb(reward).fmpq() - mean)
    low, high = frontier(base, outward(kl)).points
    return Price(share, kl, mean + gain, gain, (low, high))


def prices(
    shares: Sequence[fmpq], log_prob: float, reward: float, base: Empirical | None
) -> list[Price]:
    """The price of each share."""
    return [price(share, log_prob, reward, base) for share in shares]


def base_mean(base: Empirical) -> fmpq:
    """The mean of the base rewards, exact."""
    total = fmpq(0)
    for value, count in zip(base.values, base.counts, strict=True):
        total += arb(float(value)).fmpq() * int(count)
    return total / base.n


def default_shares() -> tuple[fmpq, ...]:
    """The shares that are priced where none are named."""
    return tuple(exact(each) for each in SHARES)
