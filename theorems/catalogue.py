"""All claims, as one explicit tuple. A claim that is not in here does not exist."""

from __future__ import annotations

from theorems import (
    best_of_n,
    decay_rate,
    dependence,
    experiments,
    mitigations,
    overoptimization,
    penalties,
    t1_heavy_tails,
    t2_light_tails,
    t3_policies,
    t4_tilting,
    t5_heavy_conditioning,
    t6_light_conditioning,
)
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *t1_heavy_tails.CLAIMS,
    *t2_light_tails.CLAIMS,
    *t3_policies.CLAIMS,
    *t4_tilting.CLAIMS,
    *t5_heavy_conditioning.CLAIMS,
    *t6_light_conditioning.CLAIMS,
    *best_of_n.CLAIMS,
    *decay_rate.CLAIMS,
    *dependence.CLAIMS,
    *experiments.CLAIMS,
    *mitigations.CLAIMS,
    *overoptimization.CLAIMS,
    *penalties.CLAIMS,
)
