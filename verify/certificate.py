"""Certificates: the JSON in which a decision travels, and its defensive reader.

A certificate comes from strangers. Reading one never evaluates its text as code, never opens a
file it names, and bounds every size before any work is spent. What is read is plain data; whether
it is *true* is for :mod:`verify.checker`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import flint

from verify import __version__
from verify.assertion import (
    Assertion,
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
from verify.pair import PairAssertion, UtilityGoal, UtilityMean, split
from verify.utility import UtilityBound
from verify.weight import Threshold

SCHEMA = "goodhart-certificate/1"
VERDICTS = ("counterexample", "impossible", "undecided")
#: Bounds on what is read.
LARGEST_FILE = 1 << 16
LARGEST_LAW = 10_000
FEWEST_BITS, MOST_BITS = 64, 4096


#: A reweighting as it is written; see :class:`Certificate`.
Reweighting = dict[str, str | None] | None


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
    utility : UtilityBound, UtilityMean or None
        Where a utility law was given: Corollary 1, or the mean that V was given.
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
    reweighting: Reweighting
    witness: dict[str, Any] | None
    enclosures: dict[str, Written]
    utility: UtilityBound | UtilityMean | None
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
            result["witness"] = _all_listed(self.witness)
        result["enclosures"] = _all_listed(self.enclosures)
        if self.utility is not None:
            result["utility"] = _utility(self.utility)
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


def _utility(utility: UtilityBound | UtilityMean) -> dict[str, Any]:
    if isinstance(utility, UtilityBound):
        return {
            "law": utility.law,
            "tilt": None if utility.tilt is None else plain(utility.tilt),
            "upper_bound": _listed(utility.upper_bound),
            "because": utility.because,
        }
    result: dict[str, Any] = {
        "law": utility.law,
        "mean_target": plain(utility.mean_target),
        "direction": utility.direction,
    }
    if utility.reweighting is not None:
        result["reweighting"] = dict(utility.reweighting)
    if utility.witness is not None:
        result["witness"] = _all_listed(utility.witness)
    result["enclosures"] = _all_listed(utility.enclosures)
    if utility.total_kl is not None:
        result["total_kl"] = _listed(utility.total_kl)
    return result


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _all_listed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _listed(value) for key, value in values.items()}


def certificate_of(proved: Proved, utility: UtilityBound | None = None) -> Certificate:
    """Write a proved assertion down, with a bound on E V or without."""
    if isinstance(proved.assertion, PairAssertion):
        return _certificate_of_pair(proved, proved.assertion)
    numbers = dict(proved.numbers)
    reweighting, witness = _described(proved.assertion, numbers)
    return _certificate(proved, reweighting, witness, numbers, utility)


def _certificate_of_pair(proved: Proved, pair: PairAssertion) -> Certificate:
    numbers, of_utility = split(proved.numbers)
    total = numbers.pop("total_kl", None)
    error, utility = pair.parts
    reweighting, witness = _described(error, numbers)
    stated = _stated(pair.goal, *_described(utility, of_utility), of_utility, total)
    return _certificate(proved, reweighting, witness, numbers, stated)


def _certificate(
    proved: Proved,
    reweighting: Reweighting,
    witness: dict[str, Written] | None,
    enclosures: dict[str, Written],
    utility: UtilityBound | UtilityMean | None,
) -> Certificate:
    assertion = proved.assertion
    return Certificate(
        verdict=assertion.verdict,
        base=str(assertion.law),
        target=assertion.target,
        reweighting=reweighting,
        witness=witness,
        enclosures=enclosures,
        utility=utility,
        data=data_stamp(*assertion.laws),
        because="",
        precision_bits=proved.bits,
        versions=versions(),
    )


def _described(
    assertion: Assertion | None, numbers: dict[str, Written]
) -> tuple[Reweighting, dict[str, Written] | None]:
    """The witness of an assertion; what belongs to it is taken from the numbers."""
    match assertion:
        case ByThreshold(weight=weight, floor=floor):
            reweighting = _threshold(weight)
            if floor is not None:
                reweighting["condition_above"] = _text(floor)
            return reweighting, None
        case ByTiltedThreshold(weight=weight, tilt=tilt):
            return _threshold(weight) | {"tilt": _text(tilt)}, None
        case ByTilt(tilt=tilt):
            return {"kind": "tilt", "tilt": _text(tilt)}, None
        case ByIdentity():
            return {"kind": "identity"}, None
        case BoundedByTilt(tilt=tilt):
            return None, {"tilt": _text(tilt), "log_mgf": numbers.pop("log_mgf")}
        case BoundedByTop():
            numbers.pop("log_mgf")
            return None, {"upper_end": numbers["mean_bound"]}
    return None, None


def _stated(
    goal: UtilityGoal,
    reweighting: Reweighting = None,
    witness: dict[str, Written] | None = None,
    enclosures: dict[str, Written] | None = None,
    total_kl: Written = None,
) -> UtilityMean:
    """What is said of the mean of V."""
    direction = "above" if goal.above else "below"
    return UtilityMean(
        str(goal.law), goal.mean, direction, reweighting, witness, enclosures or {}, total_kl
    )


def undecided(
    law: Law, target: Target, because: str, goal: UtilityGoal | None = None
) -> Certificate:
    """Write down that nothing was decided, and why."""
    return Certificate(
        verdict="undecided",
        base=str(law),
        target=target,
        reweighting=None,
        witness=None,
        enclosures={},
        utility=None if goal is None else _stated(goal),
        data=data_stamp(law, *([] if goal is None else [goal.law])),
        because=because,
        precision_bits=MOST_BITS,
        versions=versions(),
    )


def data_stamp(*laws: Law) -> DataStamp | None:
    """The stamp of the file behind an empirical law, wherever it stands in the laws."""
    from verify.laws.empirical_law import Empirical

    for law in laws:
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
