"""Rewards whose utility and error are known: U = V + X, each a function of the tokens.

The error X grows with how often one token occurs, the utility V looks at the others. How fast X
grows decides its tail. Where each further occurrence has the chance r, ``Q(count >= k) = r^k``:

==============================  ==========================  =================================
X                               ``Q(X >= x)``               tail
==============================  ==========================  =================================
``count^a``, a < 1              ``exp(-l x^(1/a))``         light: every exponential moment
``count``                       ``exp(-l x)``               light, with rate l
``count^a``, a > 1              ``exp(-l x^(1/a))``         heavy, as Weibull's of shape 1/a
``exp(b count) - 1``            ``(1 + x)^(-l/b)``          heavy, as Pareto's of index l/b
==============================  ==========================  =================================

with ``l = -log r``. A real policy has no such r, and answers end; its tail is computed on an
enumerable model, and measured elsewhere (:mod:`.error_tail`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from verify.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]


class Parts(NamedTuple):
    """The proxy ``u = v + x``, the utility and the error of each answer; float64."""

    u: Floats
    v: Floats
    x: Floats


class Growth(ABC):
    """How the error grows with a count; 0 at 0."""

    @property
    @abstractmethod
    def heavy(self) -> bool:
        """Whether a count with a geometric tail makes a heavy-tailed error."""

    @abstractmethod
    def of(self, counts: Indices) -> Floats:
        """The error at each count, before it is scaled."""


@dataclass(frozen=True)
class Power(Growth):
    """``count^exponent``: light up to exponent 1, heavy beyond."""

    exponent: float

    def __post_init__(self) -> None:
        _check_positive(self.exponent, "the exponent of a count")

    @property
    def heavy(self) -> bool:
        return self.exponent > 1

    def of(self, counts: Indices) -> Floats:
        return np.asarray(counts, dtype=np.float64) ** self.exponent


@dataclass(frozen=True)
class Exponential(Growth):
    """``exp(rate count) - 1``: heavy, whatever the rate."""

    rate: float

    def __post_init__(self) -> None:
        _check_positive(self.rate, "the rate of a count")

    @property
    def heavy(self) -> bool:
        return True

    def of(self, counts: Indices) -> Floats:
        return np.asarray(np.expm1(self.rate * np.asarray(counts, dtype=np.float64)))


@dataclass(frozen=True)
class KnownParts:
    """A reward of known parts; called with token ids, it gives ``(u, v, x)``.

    Attributes
    ----------
    token : int
        The token that the error counts.
    growth : Growth
        How the error grows with the count.
    values : mapping of int to float
        What each other token is worth; those that are not named are worth 0.
    utility : "sum" or "mean"
        V is the sum of the worths, which is light; or their mean over the answer, which lies
        between the least and the largest of them and 0. An empty answer has V = 0.
    error_scale : float
        What the error is multiplied by.
    error_from : int
        The error looks at the tokens from this position on.
    utility_until : int, optional
        The utility looks at those before this one; by default at all.

    Raises
    ------
    InputError
        If the error's token has a worth, a number is not finite, a position is negative, or the
        scale is not positive.
    """

    token: int
    growth: Growth
    values: Mapping[int, float]
    utility: Literal["sum", "mean"] = "sum"
    error_scale: float = 1.0
    error_from: int = 0
    utility_until: int | None = None
    _tokens: Indices = field(init=False, repr=False, compare=False)
    _worths: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.token in self.values:
            raise InputError(f"token {self.token} is the error's: expected no worth for it")
        if self.utility not in ("sum", "mean"):
            raise InputError(f"utility: expected sum or mean, got {self.utility!r}")
        if self.error_from < 0 or (self.utility_until or 0) < 0:
            raise InputError("positions of an answer: expected 0 or more")
        _check_positive(self.error_scale, "the scale of the error")
        ordered = sorted(self.values)
        worths = np.array([self.values[token] for token in ordered], dtype=np.float64)
        if not np.isfinite(worths).all():
            raise InputError("the worth of a token: expected a finite number")
        object.__setattr__(self, "_tokens", np.array(ordered, dtype=np.int64))
        object.__setattr__(self, "_worths", worths)

    @property
    def heavy(self) -> bool:
        """Whether the error is heavy where the count has a geometric tail."""
        return self.growth.heavy

    def least(self, length: int) -> float:
        """What no answer of so many tokens or fewer is worth less than."""
        worst = float(min(self._worths.min(initial=0.0), 0.0))
        return worst if self.utility == "mean" else length * worst

    def __call__(self, ids: Sequence[Sequence[int]] | Any) -> Parts:
        """The parts of the reward of each answer.

        Parameters
        ----------
        ids : sequence of sequences of int, or array of shape (answers, tokens)
            The token ids of each answer, without its prompt and without padding.

        Returns
        -------
        Parts
            With one entry an answer.

        Raises
        ------
        InputError
            If an error leaves the range of float64.
        """
        tokens, owner, position, lengths = _flat(ids)
        counted = owner[(tokens == self.token) & (position >= self.error_from)]
        counts = np.bincount(counted, minlength=len(lengths))
        with np.errstate(over="ignore"):
            x = self.error_scale * self.growth.of(counts)
        if not np.isfinite(x).all():
            raise InputError(
                f"token {self.token} occurs {counts.max()} times, and {self.growth} of that leaves "
                "the range of float64; a smaller exponent or rate would do"
            )
        v = np.bincount(owner, self._worth(tokens, position), len(lengths)).astype(np.float64)
        if self.utility == "mean":
            v /= np.maximum(lengths, 1)
        return Parts(v + x, v, x)

    def _worth(self, tokens: Indices, position: Indices) -> Floats:
        """What each token adds to the utility."""
        if not len(self._tokens):
            return np.zeros(len(tokens))
        places = np.minimum(np.searchsorted(self._tokens, tokens), len(self._tokens) - 1)
        counts = self._tokens[places] == tokens
        if self.utility_until is not None:
            counts &= position < self.utility_until
        return np.where(counts, self._worths[places], 0.0)


def _flat(ids: Any) -> tuple[Indices, Indices, Indices, Indices]:
    """All tokens one after the other, the answer and the position of each, and the lengths."""
    if hasattr(ids, "shape"):
        rows = np.asarray(ids.cpu() if hasattr(ids, "cpu") else ids)
        lengths = np.full(len(rows), rows.shape[1], dtype=np.int64)
        tokens = rows.reshape(-1).astype(np.int64)
    else:
        lengths = np.array([len(answer) for answer in ids], dtype=np.int64)
        tokens = np.fromiter((each for answer in ids for each in answer), np.int64, lengths.sum())
    owner = np.repeat(np.arange(len(lengths)), lengths)
    position = np.arange(len(tokens)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return tokens, owner, position, lengths


def _check_positive(value: float, what: str) -> None:
    if not 0 < value < np.inf:
        raise InputError(f"{what}: expected a positive number, got {value}")
