"""A certificate about error and utility in plain sentences, for the terminal."""

from __future__ import annotations

from typing import Any

from verify.assertion import Written
from verify.certificate import Certificate
from verify.commands.summary import described, passing, short, shown
from verify.decimals import plain
from verify.enclosure import Diverges, Undecided
from verify.law import Law
from verify.pair import PREFIX, UtilityMean

#: Numbers that change their sign with V.
OF_A_MEAN = ("mean", "mean_bound")


def summary_of_pair(certificate: Certificate, stated: UtilityMean, utility: Law) -> list[str]:
    """The lines that ``goodhart construct --utility-mean`` prints; ``utility`` is the law of V."""
    target = certificate.target
    goal = (
        f"E_P X {passing(certificate.reweighting, 'above')} {plain(target.mean)} "
        f"and E_P V {passing(stated.reweighting, stated.direction)} {plain(stated.mean_target)} "
        f"at KL below {plain(target.kl)}"
    )
    describe = {
        "counterexample": _counterexample,
        "impossible": _impossible,
        "undecided": _undecided,
    }[certificate.verdict]
    first, *rest = describe(certificate, stated)
    laws = [
        f"  law of X     {certificate.base}",
        f"  law of V     {stated.law}, independent of X",
    ]
    return [f"{first} {goal}", *laws, *_remark(stated, utility), *rest]


def _remark(stated: UtilityMean, utility: Law) -> list[str]:
    """Why a mean of V below its target is not asked for, where V has no mean to be below."""
    try:
        mean = utility.mean()
    except Undecided:
        return []
    if not (isinstance(mean, Diverges) and mean.sign == 0):
        return []
    return [
        f"  remark       V has no mean under Q, so E_P V is to be {stated.direction} the target"
    ]


def named_numbers(certificate: Certificate, stated: UtilityMean) -> dict[str, Written]:
    """The numbers of a pair by names that say whose they are; means of V with V's own sign."""
    error = {f"error.{name}": value for name, value in certificate.enclosures.items()}
    utility = {
        f"{PREFIX}{name}": _of_v(value, stated) if name in OF_A_MEAN else value
        for name, value in stated.enclosures.items()
    }
    total = {} if stated.total_kl is None else {"total_kl": stated.total_kl}
    return {**error, **utility, **total}


def _counterexample(certificate: Certificate, stated: UtilityMean) -> list[str]:
    error, utility, name = certificate.enclosures, stated.enclosures, _turned(stated)
    return [
        "COUNTEREXAMPLE:",
        f"  X            {described(certificate.reweighting)}",
        f"  {name:<13}{described(stated.reweighting, name)}",
        f"  E_P X        {shown(error['mean'])}",
        f"  E_P V        {_shown_mean(_of_v(utility['mean'], stated))}",
        f"  KL(P||Q)     {shown(stated.total_kl)}",
    ]


def _impossible(certificate: Certificate, stated: UtilityMean) -> list[str]:
    error, utility, name = certificate.witness, stated.witness, _turned(stated)
    if error is None:
        assert utility is not None
        return ["IMPOSSIBLE: no P has", *_alone(name, utility, stated.enclosures)]
    if utility is None:
        return ["IMPOSSIBLE: no P has", *_alone("X", error, certificate.enclosures)]
    bound = shown(certificate.enclosures["mean_bound"])
    above = stated.direction == "above"
    target = plain(stated.mean_target if above else stated.mean_target.copy_negate())
    return [
        "IMPOSSIBLE: no P has",
        f"  because      E_P X <= (KL + K_X(l) + K_{name}(r) - r v)/l <= {bound}",
        f"               where E_P {name} >= v = {target}",
        f"  witness      {_witness(error, 'l', 'K_X(l)')}",
        f"               {_witness(utility, 'r', f'K_{name}(r)')}",
    ]


def _alone(name: str, witness: dict[str, Any], numbers: dict[str, Written]) -> list[str]:
    """Why the mean of one of the two cannot be had, whatever becomes of the other."""
    bound = shown(numbers["mean_bound"])
    if "upper_end" in witness:
        return [f"  because      {name} never exceeds {bound}"]
    return [
        f"  because      E_P {name} <= (KL + K(l))/l <= {bound}",
        f"  witness      {_witness(witness, 'l', 'K(l)')}",
    ]


def _undecided(certificate: Certificate, stated: UtilityMean) -> list[str]:
    return ["UNDECIDED:", f"  because      {certificate.because}"]


def _witness(witness: dict[str, Any], tilt: str, log_mgf: str) -> str:
    return f"{tilt} = {short(witness['tilt'])}, {log_mgf} = {shown(witness['log_mgf'])}"


def _turned(stated: UtilityMean) -> str:
    """What the numbers of V are about."""
    return "V" if stated.direction == "above" else "(-V)"


def _of_v(mean: Written, stated: UtilityMean) -> Written:
    """The mean of V, where that of ``-V`` is written."""
    if stated.direction == "above" or mean is None:
        return mean
    if isinstance(mean, str):
        return f"-{mean}"
    low, high = mean
    return _minus(high), _minus(low)


def _shown_mean(mean: Written) -> str:
    """For reading; of a mean that is not known to be finite the end that is."""
    if isinstance(mean, tuple) and mean[0] == "-oo":
        return f"at most {short(mean[1])}"
    return shown(mean)


def _minus(number: str) -> str:
    if number == "0":
        return number
    return number[1:] if number.startswith("-") else f"-{number}"
