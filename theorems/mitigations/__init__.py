"""Mitigations: what the paper's discussion leaves open, answered in exact models.

**What is claimed.** A bounded function of ``E U`` in place of ``E U`` drives a policy with a
heavy-tailed proxy back to the base (:mod:`.saturating`). In a toy model of quality and hacks the
tilt raises both, the share of hacks in closed form (:mod:`.hacks`). Ensembles make tails thinner,
but not light (:mod:`.ensembles`). Clipping keeps the utility at what thresholds below the cap make
of it (:mod:`.clipping`). Which of two weights keeps more is decided by how ``E[V | U]`` bends
(:mod:`.bending`). Occupancy measures see what an average divergence of the actions does not, and
the sum over the trajectory does (:mod:`.occupancy`).

All of it is ours. What the mitigations make of given pairs of laws, in numbers, is
:mod:`verify.mitigations`, and ``goodhart compare``.
"""

from __future__ import annotations

from theorems.mitigations import bending, clipping, ensembles, hacks, occupancy, saturating
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *saturating.CLAIMS,
    *hacks.CLAIMS,
    *bending.CLAIMS,
    *clipping.CLAIMS,
    *ensembles.CLAIMS,
    *occupancy.CLAIMS,
)
