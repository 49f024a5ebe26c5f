"""Certificates: the JSON in which a decision travels, and its defensive reader.

A certificate comes from strangers. Reading one never evaluates its text as code, never opens a
file it names, and bounds every size before any work is spent. What is read is plain data; whether
it is *true* is for :mod:`verify.checker`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import flint

from verify import __version__
from verify.assertion import (
    BoundedByTilt,
    BoundedByTop,
    ByIdentity,
    ByThreshold,
    ByTilt,
    ByTiltedThreshold,
    Proved,
    Target,
    Written,
)
from verify.decimals import plain
from verify.errors import InputError
from verify.law import Law
from verify.utility import UtilityBound
from verify.weight import Threshold

SCHEMA = "goodhart-certificate/1"
VERDICTS = ("counterexample", "impossible", "undecided")
#: Bounds on what is read.
LARGEST_FILE = 1 << 16
LARGEST_LAW = 10_000
FEWEST_BITS, MOST_BITS = 64, 4096


class CertificateError(InputError):
    """Text that is not a certificate; the message is one line: what, where, what is accepted."""


@dataclass(frozen=True)
class DataStamp:
    """Which file an empirical law came from: the hash of its bytes and the number of rewards."""

    sha256: str
    n: int


@dataclass(frozen=True)
class Certificate:
    """A decision about a law, as plain data.

    Attributes
    ----------
    verdict : str
        "counterexample", "impossible" or "undecided".
    base : str
        The law Q, as text that ``Law.parse`` reads.
    target : Target
        The mean M to exceed and the KL budget eps, exact.
    reweighting : dict or None
        Of a counterexample: ``kind`` (threshold, tilt or identity) and its exact decimals.
    witness : dict or None
        Of an impossibility: ``tilt`` and ``log_mgf``, or ``upper_end``.
    enclosures : dict
        ``log_tail``, ``mean``, ``kl`` (or ``mean_bound``), each ``(lo, hi)``, "oo" or None.
    utility : UtilityBound or None
        Corollary 1, where a utility law was given.
    data : DataStamp or None
        For empirical laws only.
    because : str
        Why it is undecided; empty otherwise.
    precision_bits : int
        The precision at which the enclosures were computed.
    versions : dict
        Versions of this project and of the ball arithmetic.
    """

    verdict: str
    base: str
    target: Target
    reweighting: dict[str, str | None] | None
    witness: dict[str, Any] | None
    enclosures: dict[str, Written]
    utility: UtilityBound | None
    data: DataStamp | None
    because: str
    precision_bits: int
    versions: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The JSON object."""
        result: dict[str, Any] = {"schema": SCHEMA, "verdict": self.verdict, "base": self.base}
        if self.data is not None:
            result["data"] = {"sha256": self.data.sha256, "n": self.data.n}
        result["target"] = {"mean": plain(self.target.mean), "kl": plain(self.target.kl)}
        if self.reweighting is not None:
            result["reweighting"] = dict(self.reweighting)
        if self.witness is not None:
            result["witness"] = {key: _listed(value) for key, value in self.witness.items()}
        result["enclosures"] = {key: _listed(value) for key, value in self.enclosures.items()}
        if self.utility is not None:
            result["utility"] = {
                "law": self.utility.law,
                "tilt": None if self.utility.tilt is None else plain(self.utility.tilt),
                "upper_bound": _listed(self.utility.upper_bound),
                "because": self.utility.because,
            }
        if self.because:
            result["because"] = self.because
        result["precision_bits"] = self.precision_bits
        result["versions"] = dict(self.versions)
        return result

    def to_json(self) -> str:
        """The certificate as JSON text."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @staticmethod
    def from_json(text: str) -> Certificate:
        """Read a certificate from a stranger's text.

        Raises
        ------
        CertificateError
            If the text is not a certificate.
        """
        from verify.certificate_reader import read_certificate

        return read_certificate(text)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def certificate_of(proved: Proved, utility: UtilityBound | None = None) -> Certificate:
    """Write a proved assertion down."""
    assertion = proved.assertion
    numbers = dict(proved.numbers)
    reweighting: dict[str, str | None] | None = None
    witness: dict[str, Any] | None = None
    match assertion:
        case ByThreshold(weight=weight, floor=floor):
            reweighting = _threshold(weight)
            if floor is not None:
                reweighting["condition_above"] = _text(floor)
        case ByTiltedThreshold(weight=weight, tilt=tilt):
            reweighting = _threshold(weight) | {"tilt": _text(tilt)}
        case ByTilt(tilt=tilt):
            reweighting = {"kind": "tilt", "tilt": _text(tilt)}
        case ByIdentity():
            reweighting = {"kind": "identity"}
        case BoundedByTilt(tilt=tilt):
            witness = {"tilt": _text(tilt), "log_mgf": numbers.pop("log_mgf")}
        case BoundedByTop():
            numbers.pop("log_mgf")
            witness = {"upper_end": numbers["mean_bound"]}
    return Certificate(
        verdict=assertion.verdict,
        base=str(assertion.law),
        target=assertion.target,
        reweighting=reweighting,
        witness=witness,
        enclosures=numbers,
        utility=utility,
        data=data_stamp(assertion.law),
        because="",
        precision_bits=proved.bits,
        versions=versions(),
    )


def undecided(law: Law, target: Target, because: str) -> Certificate:
    """Write down that nothing was decided, and why."""
    return Certificate(
        verdict="undecided",
        base=str(law),
        target=target,
        reweighting=None,
        witness=None,
        enclosures={},
        utility=None,
        data=data_stamp(law),
        because=because,
        precision_bits=MOST_BITS,
        versions=versions(),
    )


def data_stamp(law: Law) -> DataStamp | None:
    """The stamp of the file behind an empirical law, wherever it stands in the law."""
    from verify.laws.empirical_law import Empirical

    for part in law.parts():
        if isinstance(part, Empirical):
            return DataStamp(part.sha256, part.n)
    return None


def _threshold(weight: Threshold) -> dict[str, str | None]:
    location = weight.location
    return {
        "kind": "threshold",
        "t": _text(location.t),
        "log_t": _text(location.log_t),
        "mass": _text(weight.mass),
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def versions() -> dict[str, str]:
    """Versions that the numbers depend on."""
    return {"catastrophic-goodhart": __version__, "python-flint": flint.__version__}
