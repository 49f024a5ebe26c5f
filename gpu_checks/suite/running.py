"""Runs the checks, and writes down what they found and where."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gpu_checks.finding import Finding
from gpu_checks.suite.checks import CHECKS, findings_of
from gpu_checks.suite.provenance import provenance
from gpu_checks.suite.workshop import Workshop

SCHEMA = "goodhart-gpu-checks/1"


@dataclass(frozen=True)
class Ran:
    """What one check found, and how long it took."""

    name: str
    findings: tuple[Finding, ...]
    seconds: float


def run_checks(shop: Workshop, names: Iterable[str] = CHECKS) -> Iterator[Ran]:
    """Run checks one after the other.

    Parameters
    ----------
    shop : Workshop
    names : iterable of str
        Of the checks.
    """
    for name in names:
        shop.say(f"{name}: {CHECKS[name]} ...")
        started = time.perf_counter()
        found = tuple(findings_of(name, shop))
        yield Ran(name, found, time.perf_counter() - started)


def to_dict(shop: Workshop, ran: Sequence[Ran]) -> dict[str, Any]:
    """All of it as JSON."""
    return {
        "schema": SCHEMA,
        "size": asdict(shop.size),
        "seed": shop.seed,
        "provenance": provenance(shop.policy.device),
        "models": shop.fingerprints,
        "checks": [
            {
                "name": each.name,
                "seconds": round(each.seconds, 1),
                "findings": [finding.as_json() for finding in each.findings],
            }
            for each in ran
        ],
    }


def table(ran: Sequence[Ran]) -> list[tuple[str, ...]]:
    """The findings as rows of text, a header first."""
    found = [("check", "prediction", "outcome", "interval", "verdict")]
    for each in ran:
        for finding in each.findings:
            interval = f"{finding.low:.4g} to {finding.high:.4g}"
            row = (
                each.name,
                finding.prediction,
                f"{finding.outcome:.4g}",
                interval,
                finding.verdict,
            )
            found.append(row)
    return list(found)
