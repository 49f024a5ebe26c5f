"""A certificate in plain sentences, for the terminal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from verify.assertion import Written
from verify.certificate import Certificate, Reweighting
from verify.decimals import plain
from verify.utility import UtilityBound


def summary(certificate: Certificate, context: dict[str, Any]) -> list[str]:
    """The lines that ``goodhart construct`` prints."""
    target = certificate.target
    passed = passing(certificate.reweighting, "above")
    goal = f"mean {passed} {plain(target.mean)} at KL below {plain(target.kl)}"
    describe = {
        "counterexample": _counterexample,
        "impossible": _impossible,
        "undecided": _undecided,
    }[certificate.verdict]
    lines = describe(certificate, goal)
    lines.insert(1, f"  base law     {certificate.base}")
    return lines + _utility(certificate) + _context(context)


def _counterexample(certificate: Certificate, goal: str) -> list[str]:
    numbers = certificate.enclosures
    how = described(certificate.reweighting)
    lines = [f"COUNTEREXAMPLE: {goal}", f"  reweighting  {how}"]
    lines.append(f"  E_P X        {shown(numbers['mean'])}")
    lines.append(f"  KL(P||Q)     {shown(numbers['kl'])}")
    if numbers["log_tail"] is not None:
        lines.append(f"  log Q(X>t)   {shown(numbers['log_tail'])}")
    return lines


def described(reweighting: Reweighting, name: str = "X") -> str:
    """A reweighting of the law of ``name`` in words."""
    assert reweighting is not None
    describe = {"threshold": _threshold, "tilt": _tilt, "identity": _identity}
    return describe[str(reweighting["kind"])](reweighting, name)


def passing(reweighting: Reweighting, direction: str) -> str:
    """How a mean passes its target, in words: Q itself may have the very mean that is asked for."""
    if reweighting is None or reweighting["kind"] != "identity":
        return direction
    return "at least" if direction == "above" else "at most"


def _threshold(reweighting: dict[str, str | None], name: str) -> str:
    if reweighting["t"] is None:
        where = f"t = exp({short(reweighting['log_t'])})"
    else:
        where = f"t = {short(reweighting['t'])}"
    first = ""
    if "condition_above" in reweighting:
        first = f"condition on {name} > {short(reweighting['condition_above'])}, then "
    if "tilt" in reweighting:
        first = f"tilt by l = {short(reweighting['tilt'])}, then "
    return f"{first}threshold: mass {short(reweighting['mass'])} above {where}"


def _tilt(reweighting: dict[str, str | None], name: str) -> str:
    return f"tilt: dP/dQ = exp(l {name} - K(l)), l = {short(reweighting['tilt'])}"


def _identity(reweighting: dict[str, str | None], name: str) -> str:
    return "none needed: P = Q has this mean already"


def _undecided(certificate: Certificate, goal: str) -> list[str]:
    return [f"UNDECIDED: {goal}", f"  {certificate.because}"]


def _impossible(certificate: Certificate, goal: str) -> list[str]:
    witness = certificate.witness or {}
    lines = [f"IMPOSSIBLE: no P has {goal}"]
    if "upper_end" in witness:
        return [*lines, f"  because      X never exceeds {shown(witness['upper_end'])}"]
    return [
        *lines,
        f"  because      E_P X <= (KL + K(l))/l <= {shown(certificate.enclosures['mean_bound'])}",
        f"  witness      l = {short(witness['tilt'])}, K(l) = {shown(witness['log_mgf'])}",
    ]


def _utility(certificate: Certificate) -> list[str]:
    utility = certificate.utility
    if not isinstance(utility, UtilityBound):
        return []
    if utility.upper_bound == "oo":
        return [f"  utility      E V has no bound: {utility.because}"]
    if utility.upper_bound is None:
        return [f"  utility      {utility.because}"]
    return [f"  utility      E V <= {shown(utility.upper_bound)} for every P within this KL"]


def _context(context: dict[str, Any]) -> list[str]:
    if not context:
        return []
    bound, best = context["finite_bound"], context["frontier"]
    lines = [f"  optimum      the best mean at this KL is {shown(tuple(best))}"]
    if bound is not None:
        where, mean = short(bound["threshold"]), shown(tuple(bound["mean"]))
        lines.append(f"  finite bound mass from {where} on already buys {mean}")
    return lines


def short(text: object, digits: int = 12) -> str:
    """A decimal string rounded for reading."""
    return plain(Decimal(f"{Decimal(str(text)):.{digits}g}"))


def shown(written: Written) -> str:
    """An enclosure for reading: the digits both ends share, or its ends."""
    if not isinstance(written, tuple):
        return str(written)
    low, high = written
    if low == high:
        return low
    if high == "oo":
        return f"at least {short(low)}"
    shared = 0
    while shared < min(len(low), len(high)) and low[shared] == high[shared]:
        shared += 1
    same_exponent = low.partition("e")[2] == high.partition("e")[2]
    if same_exponent and shared > 6 and "e" not in low[:shared]:
        exponent = "e" + low.partition("e")[2] if "e" in low else ""
        return f"{low[:shared]}...{exponent}"
    return _centred(Decimal(low), Decimal(high)) or f"[{low}, {high}]"


def _centred(low: Decimal, high: Decimal) -> str | None:
    """``0.01 +- 1e-22``, where the ends are close but share no digits (0.0099... and 0.01)."""
    centre = Decimal(f"{high:.12g}")
    radius = max(abs(low - centre), abs(high - centre))
    if radius * 10**15 > abs(centre):
        return None
    return f"{plain(centre)} +- {Decimal(10) ** (radius.adjusted() + 1):.0e}"
