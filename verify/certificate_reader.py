"""Reading a certificate from a stranger: every shape and size is checked before it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn

from verify.assertion import Target, Written
from verify.certificate import (
    FEWEST_BITS,
    LARGEST_FILE,
    LARGEST_LAW,
    MOST_BITS,
    SCHEMA,
    VERDICTS,
    Certificate,
    CertificateError,
    DataStamp,
)
from verify.decimals import ENCLOSURE_EXPONENT, DecimalError, parse_decimal
from verify.pair import UtilityMean
from verify.utility import UtilityBound

#: The keys of each object: required, then allowed as well.
_TOP = (
    {"schema", "verdict", "base", "target", "enclosures", "precision_bits", "versions"},
    {"data", "reweighting", "witness", "utility", "because"},
)
_REWEIGHTING = {
    "threshold": ({"kind", "t", "log_t", "mass"}, {"condition_above", "tilt"}),
    "tilt": ({"kind", "tilt"}, set()),
    "identity": ({"kind"}, set()),
}
_OF_BOUND = {"law", "tilt", "upper_bound", "because"}
_OF_MEAN = (
    {"law", "mean_target", "direction", "enclosures"},
    {"reweighting", "witness", "total_kl"},
)
_REWEIGHTED, _BOUND = {"log_tail", "mean", "kl"}, {"mean_bound"}
#: Largest decimal exponents of targets, and of ``log_t``.
_TARGET_EXPONENT = 300
_LOG_T_EXPONENT = 12


def read_certificate(text: str) -> Certificate:
    """See :meth:`verify.certificate.Certificate.from_json`."""
    if len(text) > LARGEST_FILE:
        _refuse(f"the file has over {LARGEST_FILE} characters")
    top = _object(_load(text), "the certificate", *_TOP)
    if top["schema"] != SCHEMA:
        _refuse(f"schema: expected {SCHEMA!r}, got {_shown(top['schema'])}")
    verdict = top["verdict"]
    if verdict not in VERDICTS:
        _refuse(f"verdict: expected one of {', '.join(VERDICTS)}, got {_shown(verdict)}")
    stated = _stated(top)
    if stated is None:
        named = _match_parts(verdict, top)
        utility: UtilityBound | UtilityMean | None = _utility(top)
    else:
        named, of_utility = _match_pair(verdict, top, stated)
        utility = _utility_mean(stated, of_utility)
    bits = _whole(top["precision_bits"], "precision_bits", FEWEST_BITS, MOST_BITS)
    because = _string(top.get("because", ""), "because", 10_000, empty=True)
    return Certificate(
        verdict=verdict,
        base=_string(top["base"], "base", LARGEST_LAW),
        target=_target(top["target"]),
        reweighting=_reweighting(top),
        witness=_witness(top),
        enclosures=_enclosures(top["enclosures"], named),
        utility=utility,
        data=_data(top["data"]) if "data" in top else None,
        because=because,
        precision_bits=bits,
        versions=_versions(top["versions"]),
    )


def _refuse(message: str) -> NoReturn:
    raise CertificateError(message)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _load(text: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            _refuse("an object has the same key twice")
        return result

    def constant(name: str) -> NoReturn:
        _refuse(f"{name} is not a number that JSON has")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except CertificateError:
        raise
    except RecursionError:
        _refuse("nested too deeply")
    except ValueError as error:
        message = str(error).splitlines()[0]
        _refuse(f"not JSON: {message:.120}")


def _object(
    value: Any, what: str, required: Iterable[str], allowed: Iterable[str] = ()
) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(f"{what}: expected an object, got {_shown(value)}")
    required = set(required)
    missing = sorted(required - value.keys())
    if missing:
        _refuse(f"{what}: the key {missing[0]!r} is missing")
    unknown = sorted(value.keys() - required - set(allowed))
    if unknown:
        _refuse(f"{what}: unknown key {_shown(unknown[0])}")
    return value


def _string(value: Any, what: str, longest: int, empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > longest or not (value or empty):
        _refuse(f"{what}: expected text of at most {longest} characters, got {_shown(value)}")
    return value


def _whole(value: Any, what: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        _refuse(f"{what}: expected a whole number from {least} to {most}, got {_shown(value)}")
    return value


def _decimal(value: Any, what: str, exponent: int, digits: int = 80) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool):
        _refuse(f'{what}: expected a decimal number in quotes, as in "1.5e-3", got {_shown(value)}')
    try:
        return parse_decimal(value, what, digits, exponent)
    except DecimalError as error:
        raise CertificateError(str(error)) from None


def _stated(top: dict[str, Any]) -> dict[str, Any] | None:
    """What is said of the mean of V; None where its law is there for a bound, or not at all."""
    utility = top.get("utility")
    if not isinstance(utility, dict) or "mean_target" not in utility:
        return None
    return _object(utility, "utility", *_OF_MEAN)


def _match_parts(verdict: str, top: dict[str, Any]) -> set[str]:
    """A counterexample has a reweighting, an impossibility a witness; the enclosures it needs."""
    expected = {"counterexample": {"reweighting"}, "impossible": {"witness"}}.get(verdict, set())
    present = {"reweighting", "witness"} & top.keys()
    if present != expected:
        wanted = " and ".join(sorted(expected)) or "neither reweighting nor witness"
        _refuse(f"verdict {verdict!r} goes with {wanted}")
    if "utility" in top and verdict != "counterexample":
        _refuse("utility goes with a counterexample only, unless it has a mean_target")
    return {"counterexample": _REWEIGHTED, "impossible": _BOUND}.get(verdict, set())


def _match_pair(
    verdict: str, top: dict[str, Any], utility: dict[str, Any]
) -> tuple[set[str], set[str]]:
    """The same for a pair; the enclosures that the two parts need.

    A counterexample reweights both. For an impossibility the witness is about X, about V, or about
    both: then the bound is one on the mean of X.
    """
    kinds = {"reweighting", "witness"}
    present, of_utility = kinds & top.keys(), kinds & utility.keys()
    witnesses = [holder["witness"] for holder in (top, utility) if "witness" in holder]
    if len(witnesses) == 2 and any(isinstance(w, dict) and "upper_end" in w for w in witnesses):
        _refuse("witness: where both laws have one, both are tilts")
    if ("total_kl" in utility) != (verdict == "counterexample"):
        _refuse("utility: total_kl goes with a counterexample, and it needs one")
    match verdict:
        case "counterexample" if present == of_utility == {"reweighting"}:
            return _REWEIGHTED, _REWEIGHTED
        case "impossible" if present | of_utility == {"witness"}:
            return (_BOUND, set()) if present else (set(), _BOUND)
        case "undecided" if not present | of_utility:
            return set(), set()
    _refuse(
        "a utility with a mean_target: a counterexample has a reweighting of either law, an "
        "impossibility a witness for one or both, and nothing else"
    )


def _target(value: Any) -> Target:
    target = _object(value, "target", {"mean", "kl"})
    mean = _decimal(target["mean"], "target mean", _TARGET_EXPONENT)
    kl = _decimal(target["kl"], "target kl", _TARGET_EXPONENT)
    if kl <= 0:
        _refuse("target kl: expected a number above 0")
    return Target(mean, kl)


def _reweighting(holder: dict[str, Any]) -> dict[str, str | None] | None:
    """What an object has under ``reweighting``."""
    if "reweighting" not in holder:
        return None
    value = holder["reweighting"]
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _REWEIGHTING:
        kinds = ", ".join(_REWEIGHTING)
        _refuse(f"reweighting: kind must be one of {kinds}, got {_shown(kind)}")
    result = _object(value, "reweighting", *_REWEIGHTING[kind])
    if kind == "threshold":
        if (result["t"] is None) == (result["log_t"] is None):
            _refuse("reweighting: exactly one of t and log_t must be given")
        for name, exponent in (("t", 10**4), ("log_t", _LOG_T_EXPONENT)):
            if result[name] is not None:
                _decimal(result[name], f"reweighting {name}", exponent)
        mass = _decimal(result["mass"], "reweighting mass", ENCLOSURE_EXPONENT)
        if not 0 < mass <= 1:
            _refuse("reweighting mass: expected a number above 0 and at most 1")
        if "condition_above" in result:
            _decimal(result["condition_above"], "reweighting condition_above", _TARGET_EXPONENT)
        if result.keys() >= {"condition_above", "tilt"}:
            _refuse("reweighting: condition_above and tilt do not go together")
    if "tilt" in result:
        _decimal(result["tilt"], "reweighting tilt", _TARGET_EXPONENT)
    return result


def _witness(holder: dict[str, Any]) -> dict[str, Any] | None:
    """What an object has under ``witness``."""
    if "witness" not in holder:
        return None
    value = holder["witness"]
    if isinstance(value, dict) and "upper_end" in value:
        witness = _object(value, "witness", {"upper_end"})
        return {"upper_end": _written(witness["upper_end"], "witness upper_end")}
    witness = _object(value, "witness", {"tilt", "log_mgf"})
    tilt = _decimal(witness["tilt"], "witness tilt", _TARGET_EXPONENT)
    if tilt <= 0:
        _refuse("witness tilt: expected a number above 0")
    return {
        "tilt": witness["tilt"],
        "log_mgf": _written(witness["log_mgf"], "witness log_mgf"),
    }


def _enclosures(value: Any, names: set[str]) -> dict[str, Written]:
    found = _object(value, "enclosures", names)
    return {name: _written(found[name], f"enclosures {name}") for name in found}


def _written(value: Any, what: str) -> Written:
    if value is None or value == "oo":
        return value  # type: ignore[no-any-return]
    if not isinstance(value, list) or len(value) != 2:
        _refuse(f'{what}: expected [lo, hi], "oo" or null, got {_shown(value)}')
    low = _decimal(value[0], what, ENCLOSURE_EXPONENT)
    if value[1] != "oo" and low > _decimal(value[1], what, ENCLOSURE_EXPONENT):
        _refuse(f"{what}: the lower end is above the upper end")
    return value[0], value[1]


def _utility(top: dict[str, Any]) -> UtilityBound | None:
    if "utility" not in top:
        return None
    utility = _object(top["utility"], "utility", _OF_BOUND)
    tilt = utility["tilt"]
    exact_tilt = None if tilt is None else _decimal(tilt, "utility tilt", _TARGET_EXPONENT)
    if exact_tilt is not None and exact_tilt <= 0:
        _refuse("utility tilt: expected a number above 0")
    if exact_tilt is not None and not isinstance(utility["upper_bound"], list):
        _refuse("utility: a tilt goes with an enclosure of its bound")
    return UtilityBound(
        law=_string(utility["law"], "utility law", LARGEST_LAW),
        tilt=exact_tilt,
        upper_bound=_written(utility["upper_bound"], "utility upper_bound"),
        because=_string(utility["because"], "utility because", 10_000, empty=True),
    )


def _utility_mean(utility: dict[str, Any], names: set[str]) -> UtilityMean:
    if utility["direction"] not in ("above", "below"):
        _refuse(f"utility direction: expected above or below, got {_shown(utility['direction'])}")
    total = utility.get("total_kl")
    if total is not None and not isinstance(total, list):
        _refuse(f"utility total_kl: expected [lo, hi], got {_shown(total)}")
    return UtilityMean(
        law=_string(utility["law"], "utility law", LARGEST_LAW),
        mean_target=_decimal(utility["mean_target"], "utility mean_target", _TARGET_EXPONENT),
        direction=utility["direction"],
        reweighting=_reweighting(utility),
        witness=_witness(utility),
        enclosures=_enclosures(utility["enclosures"], names),
        total_kl=None if total is None else _written(total, "utility total_kl"),
    )


def _data(value: Any) -> DataStamp:
    data = _object(value, "data", {"sha256", "n"})
    digest = _string(data["sha256"], "data sha256", 64)
    if not re.fullmatch("[0-9a-f]{64}", digest):
        _refuse("data sha256: expected 64 hexadecimal digits")
    return DataStamp(digest, _whole(data["n"], "data n", 1, 10**12))


def _versions(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > 20:
        _refuse(f"versions: expected an object, got {_shown(value)}")
    return {
        _string(name, "versions", 60): _string(number, "versions", 60)
        for name, number in value.items()
    }


def read_file(path: str) -> str:
    """The text of a certificate file, if it is small enough to be one.

    Raises
    ------
    CertificateError
        If the file cannot be read, is too large, or is not text.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        _refuse(f"cannot read {path}: {(error.strerror or str(error)).lower()}")
    if len(raw) > LARGEST_FILE:
        _refuse(f"{path}: a certificate has at most {LARGEST_FILE} bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        _refuse(f"{path}: not UTF-8 text")
