"""How often verdicts are wrong at the measured size nearest to a sample's, law by law."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Any

from verify.tails.calibration.cases import BY_TEXT
from verify.tails.calibration.table import SIZES, read_table


@dataclass(frozen=True)
class ErrorRate:
    """How often samples of a law got the wrong verdict.

    Attributes
    ----------
    law : str
        As it is written in the catalogue.
    samples, wrong : int
        How many were drawn, and how many of them got it.
    """

    law: str
    samples: int
    wrong: int

    @property
    def share(self) -> float:
        """Of the samples."""
        return self.wrong / self.samples

    @property
    def is_mixture(self) -> bool:
        """Whether the law is one of several kinds of rewards."""
        return self.law.startswith("mixture(")


@dataclass(frozen=True)
class ErrorRates:
    """Wrong verdicts at one sample size, for independent rewards that are not rounded.

    Attributes
    ----------
    n : int
        The size of the samples.
    light_called_heavy, heavy_called_light : tuple of ErrorRate
        Light and bounded laws whose samples were called heavy; heavy laws whose samples were called
        light or bounded. "Cannot tell" is no error.
    """

    n: int
    light_called_heavy: tuple[ErrorRate, ...]
    heavy_called_light: tuple[ErrorRate, ...]

    def missed(self, law: str) -> float:
        """The share of samples of a heavy law that were called light or bounded."""
        return next(rate.share for rate in self.heavy_called_light if rate.law == law)

    def false_alarms(self, mixtures: bool) -> float:
        """The largest share of samples that were called heavy, of light mixtures or of the rest."""
        return max(rate.share for rate in self.light_called_heavy if rate.is_mixture == mixtures)

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "n": self.n,
            "light_called_heavy": _listed(self.light_called_heavy),
            "heavy_called_light": _listed(self.heavy_called_light),
        }


def _listed(rates: Iterable[ErrorRate]) -> list[dict[str, Any]]:
    return [{"law": rate.law, "samples": rate.samples, "share": repr(rate.share)} for rate in rates]


def error_rates(count: int) -> ErrorRates:
    """Those of the measured size whose logarithm is nearest to that of ``count`` rewards."""
    return _measured(min(SIZES, key=lambda size: abs(log(size) - log(count))))


@cache
def _measured(n: int) -> ErrorRates:
    alarms, missed = [], []
    for row in read_table():
        if (row.n, row.form) != (n, "moved"):
            continue
        if BY_TEXT[row.law].truth == "heavy":
            missed.append(ErrorRate(row.law, row.samples, row.light + row.bounded))
        else:
            alarms.append(ErrorRate(row.law, row.samples, row.heavy))
    return ErrorRates(n, tuple(alarms), tuple(missed))
