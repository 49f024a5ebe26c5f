"""Overoptimisation curves: the utility against ``d = sqrt KL`` as the proxy is optimised.

**In print.** Gao, Schulman and Hilton measured ``d (alpha - beta d)`` for best-of-n and
``d (alpha - beta log d)`` for reinforcement learning (arXiv 2210.10760). The paper cites them and
states nothing of its own here, so that all of this is ours.

**What is found.** Both forms have a peak if beta > 0. The first is exact for a normal proxy whose
utility is a parabola in it; the second never is near the base policy. Under a KL penalty a downturn
takes dependence between error and utility; under best-of-n a rare larger error does it, even a
light one that is independent. A fit to a curve that rises for ever may have beta > 0, and a peak
inside the data.

From top to bottom: :mod:`.symbols`, :mod:`.forms` (peaks, and where a form can hold),
:mod:`.gaussian` (the exact curve of normal laws), :mod:`.downturn` (with :mod:`.closed_proxy`),
:mod:`.fitted` (alpha and beta of exact curves), :mod:`.estimate` (from samples),
:mod:`.early_stopping`. What fits a user's curve is :mod:`verify.overoptimization`.
"""

from __future__ import annotations

from theorems.overoptimization import (
    downturn,
    early_stopping,
    estimate,
    fitted,
    forms,
    gaussian,
)
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *forms.CLAIMS,
    *gaussian.CLAIMS,
    *downturn.CLAIMS,
    *fitted.CLAIMS,
    *estimate.CLAIMS,
    *early_stopping.CLAIMS,
)
