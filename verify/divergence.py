"""Divergences between a reweighted law P and its base Q: generators, conjugates, normalisations.

An f-divergence is ``D_f(P || Q) = E_Q f(w)`` with ``w = dP/dQ``. Each generator here is convex,
with ``f(1) = f'(1) = 0``; its conjugate is ``f*(y) = sup_{w >= 0} (w y - f(w))``. Two divergences
are no ``E f(w)``: Renyi's, a monotone function of the power divergence of its order, and the odds
cap, the logarithm of the largest weight. All logarithms are natural. :data:`NORMALISATIONS` says
how each one is scaled.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq

from verify.decimals import decimal_text
from verify.enclosure import Diverges, Number, Undecided
from verify.errors import InputError

#: How each divergence is scaled, by the head of its token; ``w = dP/dQ``.
NORMALISATIONS: dict[str, str] = {
    "kl": "E_P log w, in nats",
    "chi2": "E_Q (w - 1)^2, which is twice power:2",
    "renyi": "log(E_Q w^A)/(A - 1), in nats",
    "power": "(E_Q w^A - 1)/(A (A - 1)), which tends to kl as A -> 1, to reverse_kl as A -> 0",
    "odds": "log of the largest w, in nats: a budget d allows w <= R = exp(d)",
    "tv": "E_Q |w - 1|/2, the largest |P(B) - Q(B)|; at most 1",
    "hellinger": "1 - E_Q sqrt(w), the squared distance; at most 1, a quarter of power:1/2",
    "js": "(KL(P||M) + KL(Q||M))/2 with M = (P + Q)/2, in nats; at most log 2",
    "reverse_kl": "KL(Q||P) = -E_Q log w, in nats",
}

ONE = fmpq(1)

#: Orders that are accepted, and how far from 1 they stay: exponents are 1/(A - 1).
LARGEST_ORDER = 1000
NEAREST_TO_ONE = fmpq(1, 1000)

ORDER = re.compile(r"\d{1,20}(\.\d{1,20})?(/\d{1,20})?", re.ASCII)


def binary_kl(p: arb, log_q: arb, log_not_q: arb) -> arb:
    """``kl(p, q) = p log(p/q) + (1-p) log((1-p)/(1-q))`` with q given by its logarithms.

    Parameters
    ----------
    p : arb
        A probability in [0, 1].
    log_q, log_not_q : arb
        ``log q`` and ``log(1 - q)``. Both are asked for because q may be far below the smallest
        number that a ball of ``1 - q`` could tell from 1, or as close to 1.
    """
    total = arb(0)
    if not p == 0:
        total += p * (p.log() - log_q)
    if not p == 1:
        total += (1 - p) * ((-p).log1p() - log_not_q)
    return total


class Divergence(ABC):
    """A way to measure how far P is from Q."""

    @property
    @abstractmethod
    def token(self) -> str:
        """The name, as commands and answers write it: ``chi2``, ``renyi:3/2``."""

    @property
    def normalisation(self) -> str:
        """How it is scaled."""
        return NORMALISATIONS[self.token.partition(":")[0]]

    @property
    def largest(self) -> arb | None:
        """Its value where P and Q have no mass in common, the largest of all; None: infinite."""
        return None

    @abstractmethod
    def of_groups(self, groups: Iterable[tuple[arb, arb]]) -> Number:
        """The divergence of a weight with finitely many values.

        Parameters
        ----------
        groups : iterable of pairs
            The mass ``Q(w = value)`` and the value, for each value.
        """


class Generated(Divergence):
    """An f-divergence ``E_Q f(w)``."""

    @property
    @abstractmethod
    def slope_at_infinity(self) -> Number:
        """``f'(oo)``, the price of a unit of mass that P moves where Q has none."""

    @property
    @abstractmethod
    def at_zero(self) -> Number:
        """``f(0)``, the price of leaving all of a unit of Q."""

    @property
    def largest(self) -> arb | None:
        slope, leaving = self.slope_at_infinity, self.at_zero
        if isinstance(slope, Diverges) or isinstance(leaving, Diverges):
            return None
        return slope + leaving

    @abstractmethod
    def _generator(self, w: arb) -> arb:
        """``f(w)`` for w > 0."""

    @abstractmethod
    def conjugate(self, y: arb) -> Number:
        """``f*(y)``; infinite above ``f'(oo)``."""

    @abstractmethod
    def best_weight(self, y: arb) -> arb:
        """The w >= 0 at which ``w y - f(w)`` is largest: ``(f')^{-1}(y)``, or 0 below ``f'(0)``."""

    def generator(self, w: arb) -> Number:
        """``f(w)`` for w >= 0; of a ball that reaches 0, all that f can be there."""
        if w > 0:
            return self._generator(w)
        if w.is_zero() or isinstance(self.at_zero, Diverges):
            return self.at_zero if w.is_zero() else arb.nan()
        largest = w.abs_upper()
        # f falls from f(0) on [0, 1].
        return self.at_zero.union(self._generator(largest)) if largest < 1 else arb.nan()

    def of_groups(self, groups: Iterable[tuple[arb, arb]]) -> Number:
        total = arb(0)
        for mass, weight in groups:
            if mass.is_zero():
                continue
            value = self.generator(weight)
            if isinstance(value, Diverges):
                return Diverges(+1, f"P leaves out a part of Q, and {self.token} has f(0) = oo")
            total += mass * value
        return total


@dataclass(frozen=True)
class Power(Generated):
    """``scale`` times the power divergence of an order: Cressie and Read's family.

    ``f(w) = (w^a - 1 - a(w - 1))/(a(a - 1))``, with the limits ``w log w - w + 1`` at a = 1 and
    ``w - 1 - log w`` at a = 0. All have ``f''(1) = 1`` before they are scaled.

    Attributes
    ----------
    name : str
        The token.
    order : fmpq
        a, at least 0.
    scale : fmpq
        A positive factor.
    """

    name: str
    order: fmpq
    scale: fmpq = ONE

    @property
    def token(self) -> str:
        return self.name

    @property
    def slope_at_infinity(self) -> Number:
        if self.order >= 1:
            return Diverges(+1, f"f grows faster than w at order {decimal_text(self.order)} >= 1")
        return arb(self.scale / (1 - self.order))

    @property
    def at_zero(self) -> Number:
        if self.order == 0:
            return Diverges(+1, "-log w grows without bound as w falls to 0")
        return arb(self.scale / self.order)

    def _generator(self, w: arb) -> arb:
        a = self.order
        if a == 1:
            return self.scale * (w * w.log() - w + 1)
        if a == 0:
            return self.scale * (w - 1 - w.log())
        return self.scale * (w**a - 1 - a * (w - 1)) / (a * (a - 1))

    def conjugate(self, y: arb) -> Number:
        a, y = self.order, y / self.scale
        if a == 1:
            return self.scale * y.expm1()
        root = 1 + (a - 1) * y
        if a > 1 and root <= 0:
            return arb(-self.scale / a)
        if a < 1 and root <= 0:
            return Diverges(+1, "y is f'(oo) or above: w y - f(w) grows without bound")
        if not root > 0:
            return arb.nan()
        return -self.scale * root.log() if a == 0 else self.scale * (root ** (a / (a - 1)) - 1) / a

    def best_weight(self, y: arb) -> arb:
        a, y = self.order, y / self.scale
        if a == 1:
            return y.exp()
        root = 1 + (a - 1) * y
        if a > 1 and root <= 0:
            return arb(0)
        return root ** (1 / (a - 1)) if root > 0 else arb.nan()

    def of_moment(self, moment: arb) -> arb:
        """The divergence from ``E w^a`` (a neither 0 nor 1)."""
        return self.scale * (moment - 1) / (self.order * (self.order - 1))

    def moment_at(self, budget: arb) -> arb:
        """The ``E w^a`` that spends a budget."""
        return 1 + self.order * (self.order - 1) * budget / self.scale


@dataclass(frozen=True)
class Renyi(Divergence):
    """``log(E w^a)/(a - 1)``."""

    order: fmpq

    @property
    def token(self) -> str:
        return f"renyi:{decimal_text(self.order)}"

    def of_moment(self, moment: arb) -> arb:
        """The divergence from ``E w^a``."""
        return moment.log() / (self.order - 1)

    def moment_at(self, budget: arb) -> arb:
        """The ``E w^a`` that spends a budget."""
        return ((self.order - 1) * budget).exp()

    def of_groups(self, groups: Iterable[tuple[arb, arb]]) -> Number:
        moment = sum((mass * power_of(weight, self.order) for mass, weight in groups), arb(0))
        return self.of_moment(moment)


@dataclass(frozen=True)
class OddsCap(Divergence):
    """``log ess sup w``: the Renyi divergence of order oo."""

    @property
    def token(self) -> str:
        return "odds"

    def of_groups(self, groups: Iterable[tuple[arb, arb]]) -> Number:
        largest = arb(0)
        for mass, weight in groups:
            if mass.is_zero():
                continue
            if not mass > 0:
                raise Undecided("the largest weight: whether a value of it has any mass")
            largest = largest.max(weight)
        return largest.log()


@dataclass(frozen=True)
class TotalVariation(Generated):
    """``f(w) = |w - 1|/2``."""

    @property
    def token(self) -> str:
        return "tv"

    @property
    def slope_at_infinity(self) -> arb:
        return arb(1) / 2

    @property
    def at_zero(self) -> arb:
        return arb(1) / 2

    def _generator(self, w: arb) -> arb:
        return abs(w - 1) / 2

    def conjugate(self, y: arb) -> Number:
        if y > arb(1) / 2:
            return Diverges(+1, "y is above f'(oo): w y - f(w) grows without bound")
        return y.max(-arb(1) / 2) if y <= arb(1) / 2 else arb.nan()

    def best_weight(self, y: arb) -> arb:
        if y < -arb(1) / 2:
            return arb(0)
        return arb(1) if y > -arb(1) / 2 and y < arb(1) / 2 else arb.nan()


@dataclass(frozen=True)
class JensenShannon(Generated):
    """``f(w) = (w log w - (1 + w) log((1 + w)/2))/2``."""

    @property
    def token(self) -> str:
        return "js"

    @property
    def slope_at_infinity(self) -> arb:
        return arb.const_log2() / 2

    @property
    def at_zero(self) -> arb:
        return arb.const_log2() / 2

    def _generator(self, w: arb) -> arb:
        if w > 1:  # where the two logarithms would cancel
            return ((1 + w) * arb.const_log2() - w * (1 / w).log1p() - (1 + w).log()) / 2
        return (w * w.log() - (1 + w) * ((1 + w) / 2).log()) / 2

    def conjugate(self, y: arb) -> Number:
        if y >= self.slope_at_infinity:
            return Diverges(+1, "y is f'(oo) or above: w y - f(w) grows without bound")
        return -(2 - (2 * y).exp()).log() / 2

    def best_weight(self, y: arb) -> arb:
        return 1 / (2 * (-2 * y).exp() - 1) if y < self.slope_at_infinity else arb.nan()


def power_of(weight: arb, order: fmpq) -> arb:
    """``w^a`` for w >= 0 and a > 0; of a ball that reaches 0, all that it can be."""
    if weight > 0:
        return weight**order
    return arb(0) if weight.is_zero() else arb(0).union(weight.abs_upper() ** order)


# ---------------------------------------------------------------- by name

KL = Power("kl", fmpq(1))
REVERSE_KL = Power("reverse_kl", fmpq(0))
CHI_SQUARE = Power("chi2", fmpq(2), fmpq(2))
HELLINGER = Power("hellinger", fmpq(1, 2), fmpq(1, 4))

_PLAIN: dict[str, Divergence] = {
    divergence.token: divergence
    for divergence in (
        KL,
        CHI_SQUARE,
        OddsCap(),
        TotalVariation(),
        HELLINGER,
        JensenShannon(),
        REVERSE_KL,
    )
}

#: The tokens, as help texts and messages list them.
TOKENS = tuple(f"{name}:A" if name in ("renyi", "power") else name for name in NORMALISATIONS)


def parse_divergence(token: str) -> Divergence:
    """The divergence of a token: ``kl``, ``chi2``, ``renyi:A``, ``power:A``, ``odds``, ...

    Parameters
    ----------
    token : str
        The order A is a decimal number or a fraction, ``1.5`` or ``3/2``; positive and not 1.
        Capitals count as small letters.

    Raises
    ------
    InputError
        For another token, or an order that is not accepted.
    """
    known = _PLAIN.get(token.lower())
    if known is not None:
        return known
    head, colon, text = token.lower().partition(":")
    if head not in ("renyi", "power") or not colon:
        raise InputError(f"divergence: expected one of {', '.join(TOKENS)}, got {token!r:.40}")
    order = parse_order(text, head)
    return Renyi(order) if head == "renyi" else Power(f"power:{decimal_text(order)}", order)


def parse_order(text: str, head: str) -> fmpq:
    """An order A as it is written.

    Raises
    ------
    InputError
        If it is not a number that is accepted.
    """
    accepted = f"above 0, at most {LARGEST_ORDER}, and at least 1/1000 away from 1"
    order = None
    if ORDER.fullmatch(text):
        try:
            whole, _, below = text.partition("/")
            fraction = Fraction(whole) / Fraction(below or 1)
            order = fmpq(fraction.numerator, fraction.denominator)
        except ZeroDivisionError:
            order = None
    if order is None or not 0 < order <= LARGEST_ORDER or abs(order - 1) < NEAREST_TO_ONE:
        raise InputError(
            f"{head}:A: expected an order A like 1.5 or 3/2, {accepted}, got {text!r:.40}"
        )
    return order


def entropy_term(share: arb, atom: arb) -> arb:
    """``s log(s/a)`` for 0 <= s; where s may be 0, all it can be."""
    if share > 0:
        return share * (share / atom).log()
    largest = share.abs_upper()
    if largest == 0:
        return arb(0)
    # It falls from 0 as s grows from 0, up to s = a/e.
    if not largest < atom / 3:
        return arb.nan()
    return arb(0).union(largest * (largest / atom).log())
