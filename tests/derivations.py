"""What was found about the steps of derivations: each is proved once a process.

The tests of claims and those of the steps themselves ask for the same proofs.
"""

from __future__ import annotations

from functools import cache

from verify.claim import Evidence, Finding
from verify.identity import Identity, Step


@cache
def of_step(step: Step) -> Finding:
    """What a step comes to, proved and at points."""
    return Identity((step,)).run()


def findings(evidence: Evidence) -> list[Finding]:
    """What a piece of evidence comes to; of a derivation, each of its steps."""
    if isinstance(evidence, Identity):
        return [of_step(step) for step in evidence.steps]
    return [evidence.run()]
