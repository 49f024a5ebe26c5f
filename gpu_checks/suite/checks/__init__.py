"""The checks of the suite: each is a module whose ``findings`` takes a workshop."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpu_checks.finding import Finding
    from gpu_checks.suite.workshop import Workshop

#: What each does, in the order in which they run.
CHECKS = {
    "exact_model": "the model all of whose answers are listed",
    "large_samples": "best of n of very many draws",
    "tails": "the audit of the proxy's rewards",
    "selection": "best of n answers by the proxy",
    "forced_answers": "an attack on the proxy",
    "training": "training against heavy and light errors",
}


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
