"""The numbers printed with the experiments, and the arguments that they carry.

**In print.** A formula for the divergence of a policy that forces one outcome now and then, with an
example; Hill plots of rewards; a count of token sequences; an objective that a KL divergence is
added to; and a figure of best-of-N on synthetic rewards.

**Verdict.** The formula is right, and what the example concludes holds. The example has two signs
wrong, the objective one, and the count is that of longer sequences. Hill plots of these rewards
tell nothing. Of the figure's heavy cases one is not what the caption takes it for.

From top to bottom: :mod:`.symbols`, :mod:`.mixture` (formula and example), :mod:`.hill`,
:mod:`.sequences`, :mod:`.objective`, :mod:`.normal_error` (the figure's light error, for every
utility), :mod:`.synthetic` (its heavy errors), :mod:`.peaks`.
"""

from __future__ import annotations

from theorems.experiments import (
    hill,
    mixture,
    normal_error,
    objective,
    peaks,
    sequences,
    synthetic,
)
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *mixture.CLAIMS,
    *hill.CLAIMS,
    *sequences.CLAIMS,
    *objective.CLAIMS,
    *normal_error.CLAIMS,
    *synthetic.CLAIMS,
    *peaks.CLAIMS,
)
