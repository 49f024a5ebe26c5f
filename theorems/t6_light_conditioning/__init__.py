"""Theorem 6: selecting by a threshold, with an error lighter than every exponential.

**Statement.** Let ``Pr(X > t + 1)/Pr(X > t)`` tend to 0, and let V be independent of X and
unbounded above. Then ``E[V | X + V > t]`` tends to oo. So it does if X is bounded above.

**In print.** Theorem 6 of the paper, for V with a finite mean.

**Verdict.** True. No moment of V is needed, and a bounded X, for which the printed hypothesis is
0/0, is no exception.

**The idea.** A step further out is ever less likely for X. So V above b, however rare, beats V
below M < b: it saves X a step.

From top to bottom: :mod:`.symbols`, :mod:`.derivation`, :mod:`.hypotheses` (what fails without
them). The theorem is also proved in Coq, see :mod:`theorems.kernel`. What encloses the conditional
means is :mod:`verify.conditioning`.
"""

from __future__ import annotations

from theorems.t6_light_conditioning import derivation, hypotheses
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (*derivation.CLAIMS, *hypotheses.CLAIMS)
