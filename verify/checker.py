"""Independent re-verification of a certificate.

From the file the checker takes the law, the target and the witness, and nothing else. It computes
every other number again, by two routes: in ball arithmetic at twice the certificate's precision,
and in mpmath from the density (:mod:`verify.second_route`). The certificate is valid only if

* the ball route proves the claim;
* each printed enclosure is the true one: it contains the new ball, and each end lies within one
  unit of its last digit of it, so that an edited digit is caught;
* the second route agrees, where it can be had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flint import arb

from verify.assertion import (
    Assertion,
    AtLeast,
    BoundedByTilt,
    BoundedByTop,
    ByIdentity,
    ByThreshold,
    ByTilt,
    ByTiltedThreshold,
    Target,
    Value,
    Written,
)
from verify.certificate import (
    Certificate,
    CertificateError,
    DataStamp,
    Reweighting,
    data_stamp,
)
from verify.decimals import DIGITS
from verify.enclosure import Diverges, Undecided, accurate, ball_of_decimal, working_precision
from verify.law import Law, LawError
from verify.laws import parse
from verify.pair import (
    PREFIX,
    BoundedByOne,
    BoundedByPair,
    ByPair,
    PairAssertion,
    UtilityGoal,
    UtilityMean,
)
from verify.utility import UtilityBound, bound_at
from verify.weight import Location, Threshold

#: Correct bits that a recomputed number must have.
FEWEST_BITS = 64


@dataclass(frozen=True)
class Check:
    """The result of checking a certificate.

    Attributes
    ----------
    valid : bool
        Whether everything was confirmed.
    faults : tuple of str
        What was not, a line each; empty for a valid certificate.
    second_route : str
        What the second route said: "agrees", or why it could not be had.
    law : Law
        The base law.
    """

    valid: bool
    faults: tuple[str, ...]
    second_route: str
    law: Law


def check(certificate: Certificate, data: str | None = None) -> Check:
    """Re-verify a certificate.

    Parameters
    ----------
    certificate : Certificate
        As read by :meth:`Certificate.from_json`.
    data : str, optional
        The file behind an empirical law. No other file is ever opened.

    Raises
    ------
    CertificateError
        If the certificate does not describe a law, or needs a data file that was not given.
    """
    law = _law(certificate.base, data)
    stated = certificate.utility if isinstance(certificate.utility, UtilityMean) else None
    utility = None if stated is None else _law(stated.law, data, "utility law")
    about = [law] if utility is None else [law, utility]
    faults = list(_data_faults(certificate.data, data_stamp(*about)))
    if certificate.verdict == "undecided":
        faults.append("the certificate decides nothing (verdict 'undecided')")
        return Check(False, tuple(faults), "not asked", law)
    assertion = assertion_of(certificate, law, utility)
    with working_precision(2 * certificate.precision_bits):
        try:
            numbers = assertion.numbers()
            faults += _faults(certificate, assertion, numbers)
            faults += _utility_faults(certificate, numbers, data)
            faults += _direction_faults(assertion)
        except (Undecided, LawError) as why:
            faults.append(f"could not be recomputed: {why}")
    if faults:
        return Check(False, tuple(faults), "not asked", law)
    second = _second_route(assertion, numbers)
    if second not in ("agrees",) and not second.startswith("not settled"):
        faults.append(second)
    return Check(not faults, tuple(faults), second, law)


def _law(text: str, data: str | None, what: str = "base") -> Law:
    try:
        return parse(text, open_files=False, data=data)
    except LawError as error:
        raise CertificateError(f"{what}: {error}") from None


def _data_faults(claimed: DataStamp | None, actual: DataStamp | None) -> list[str]:
    if claimed == actual:
        return []
    if claimed is None:
        return ["the law is empirical, but the certificate has no data hash"]
    if actual is None:
        return ["the certificate has a data hash, but its law is not empirical"]
    if claimed.sha256 != actual.sha256:
        return ["the data file is not the one the certificate was made for (sha256 differs)"]
    return [f"the data file has {actual.n} rewards, the certificate says {claimed.n}"]


def assertion_of(certificate: Certificate, law: Law, utility: Law | None = None) -> Assertion:
    """The statement that a (decided) certificate makes.

    Parameters
    ----------
    certificate : Certificate
        As read.
    law : Law
        What its base reads as.
    utility : Law, optional
        The law of V, for the statement about a pair; without it what is said of X alone.

    Raises
    ------
    CertificateError
        If nothing is said of X alone.
    """
    target = certificate.target
    stated = certificate.utility
    if utility is None or not isinstance(stated, UtilityMean):
        found = _alone(law, target, certificate.reweighting, certificate.witness)
        if found is None:
            raise CertificateError("the certificate has no witness about its base law")
        return found
    goal = UtilityGoal(utility, stated.mean_target, stated.direction == "above")
    error = _alone(law, target, certificate.reweighting, certificate.witness)
    wanted = goal.target(target.kl)
    of_utility = _alone(goal.outward, wanted, stated.reweighting, stated.witness)
    match error, of_utility:
        case None, Assertion():
            return BoundedByOne(law, target, goal, of_utility, of_utility=True)
        case Assertion(), None:
            return BoundedByOne(law, target, goal, error, of_utility=False)
        case BoundedByTilt(tilt=tilt), BoundedByTilt(tilt=utility_tilt):
            return BoundedByPair(law, target, goal, tilt, utility_tilt)
    assert error is not None and of_utility is not None
    return ByPair(law, target, goal, error, of_utility)


def _alone(
    law: Law, target: Target, reweighting: Reweighting, witness: Mapping[str, Any] | None
) -> Assertion | None:
    """The statement of a witness about one law; None without a witness."""
    if witness is not None:
        if "upper_end" in witness:
            return BoundedByTop(law, target)
        return BoundedByTilt(law, target, Decimal(witness["tilt"]))
    if reweighting is None:
        return None
    match reweighting["kind"]:
        case "identity":
            return ByIdentity(law, target)
        case "tilt":
            return ByTilt(law, target, Decimal(str(reweighting["tilt"])))
    location = Location(_number(reweighting["t"]), _number(reweighting["log_t"]))
    weight = Threshold(location, Decimal(str(reweighting["mass"])))
    tilt = _number(reweighting.get("tilt"))
    if tilt is not None:
        return ByTiltedThreshold(law, target, weight, tilt)
    return ByThreshold(law, target, weight, _number(reweighting.get("condition_above")))


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _faults(certificate: Certificate, assertion: Assertion, numbers: dict[str, Value]) -> list[str]:
    """What the ball route finds wrong with the claim or its printed enclosures."""
    printed, faults = _printed(certificate.enclosures, certificate.witness)
    stated = certificate.utility
    if isinstance(stated, UtilityMean):
        of_utility, more = _printed(stated.enclosures, stated.witness)
        printed |= {PREFIX + name: written for name, written in of_utility.items()}
        printed["total_kl"] = stated.total_kl
        faults += more
    faults += [
        f"{name}: {fault}"
        for name, value in numbers.items()
        if (fault := enclosure_fault(printed[name], value)) is not None
    ]
    if not assertion.holds(numbers):
        faults.append("the numbers do not prove the claim")
    return faults


def _printed(
    enclosures: Mapping[str, Written], witness: Mapping[str, Written] | None
) -> tuple[dict[str, Written], list[str]]:
    """The enclosures in a file by name, and what is wrong between them."""
    printed = dict(enclosures)
    if witness is None:
        return printed, []
    if "upper_end" not in witness:
        return printed | {"log_mgf": witness["log_mgf"]}, []
    differ = witness["upper_end"] != printed["mean_bound"]
    faults = ["upper_end and mean_bound differ"] if differ else []
    return printed | {"log_mgf": None}, faults


def enclosure_fault(printed: Written, value: Value) -> str | None:
    """What is wrong with a printed enclosure of a recomputed value; None if nothing."""
    if value is None or isinstance(value, Diverges):
        expected = None if value is None else str(value)
        return None if printed == expected else f"expected {expected}, the file says {printed}"
    if not isinstance(printed, tuple):
        return f"expected an enclosure, the file says {printed}"
    low, high = printed
    if isinstance(value, AtLeast) != (high == "oo"):
        return f"the upper end {high} does not belong to this number"
    ball = value.lower if isinstance(value, AtLeast) else value
    # construct asks for 76 bits: an honest certificate never needs a wide ball to fit into.
    if not accurate(ball, FEWEST_BITS):
        return "could not be recomputed accurately"
    if not _end_fits(Decimal(low), ball.lower(), -1):
        return f"the lower end should be near {ball.str(DIGITS, radius=False)}, not {low}"
    if high != "oo" and not _end_fits(Decimal(high), ball.upper(), +1):
        return f"the upper end should be near {ball.str(DIGITS, radius=False)}, not {high}"
    return None


def _end_fits(printed: Decimal, end: arb, side: int) -> bool:
    """Whether a printed end lies outside the recomputed one, by at most a unit in its last digit.

    The unit has one per cent of slack.
    """
    slack = side * (ball_of_decimal(printed) - end)
    if printed == 0:
        return bool(end == 0)
    # The constructor's own ball is up to 2^-ACCURACY wide, well under 1 % of a unit.
    unit = ball_of_decimal(Decimal((0, (1, 0, 1), printed.adjusted() - DIGITS - 1)))
    return bool(slack <= unit) and (bool(slack >= 0) or bool(slack.contains(0)))


def _utility_faults(
    certificate: Certificate, numbers: dict[str, Value], data: str | None
) -> list[str]:
    utility = certificate.utility
    if not isinstance(utility, UtilityBound):
        return []
    law = _law(utility.law, data, "utility law")
    if utility.upper_bound is None:
        return []
    if utility.upper_bound == "oo":
        return [] if law.mgf_abscissa == 0 else ["utility: its law is not right-heavy"]
    kl = numbers["kl"]
    assert isinstance(kl, arb)
    value = law.mean() if utility.tilt is None else bound_at(law, kl, utility.tilt)
    if utility.tilt is None and not kl == 0:
        return ["utility: a bound needs its tilt"]
    fault = enclosure_fault(utility.upper_bound, value)
    return [] if fault is None else [f"utility: {fault}"]


def _direction_faults(assertion: Assertion) -> list[str]:
    if not isinstance(assertion, PairAssertion):
        return []
    goal = assertion.goal
    away = UtilityGoal.of(goal.law, goal.mean)
    return [] if goal == away else ["utility: the direction is not the one away from E V"]


def _second_route(assertion: Assertion, numbers: dict[str, Value]) -> str:
    """Compare with the second route: "agrees", a disagreement, or "not settled: ..."."""
    from verify.second_route import disagreements

    try:
        differing = disagreements(assertion, numbers)
    except Undecided as why:
        return f"not settled: {why}"
    return "agrees" if not differing else f"the second route disagrees: {'; '.join(differing)}"
