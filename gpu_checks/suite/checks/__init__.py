"""The checks of the suite: each is a module whose ``findings`` takes a workshop."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpu_checks.finding import Finding
    from gpu_checks.suite.workshop import Workshop

#: In the order in which they run.
CHECKS = ("exact_model", "large_samples", "tails", "selection", "forced_answers", "training")


def findings_of(name: str, shop: Workshop) -> list[Finding]:
    """What a check finds.

    Parameters
    ----------
    name : str
        One of :data:`CHECKS`; its module is loaded now, as models take seconds to import.
    shop : Workshop
    """
    found: list[Finding] = import_module(f"gpu_checks.suite.checks.{name}").findings(shop)
    return found
