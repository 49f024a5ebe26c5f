"""One law: the error's decay rate decides what optimisation buys.

**Statement.** Let ``U = X + V``, X independent of V, and let the tail of X decay at the rate g:
``Pr(X > t + s)/Pr(X > t) -> exp(-g s)`` for every s. Then, for a utility V that is lighter,

* g = 0: ``E[V | U > t] -> E V``. Optimisation buys nothing.
* 0 < g < oo: ``E[V | U > t] -> K_V'(g)``: V is tilted by g, and by no more.
* g = oo: ``E[V | U > t]`` tends to the largest value of V: everything that V has.

Best-of-n and every other monotone optimiser share the limit. So do the best policies under a KL
penalty, for 0 < g < oo; for g = 0 there are none, and for g = oo they may stop earlier.

**In print.** Theorems 5 and 6 of the paper are the ends g = 0 and g = oo. The rest is ours.

**The idea.** ``Pr(V in dv | U > t)`` is proportional to ``Pr(X > t - v)``, hence in the limit to
``exp(g v)``.

From top to bottom: :mod:`.symbols`, :mod:`.one_law`, :mod:`.boundary` (V about as heavy as X),
:mod:`.alternation` (lattices), :mod:`.agreement` (optimisers compared), :mod:`.rates` (which law
has which rate). What says where two given laws go is :mod:`verify.limits.threshold`.
"""

from __future__ import annotations

from theorems.decay_rate import agreement, alternation, boundary, one_law, rates
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *one_law.CLAIMS,
    *boundary.CLAIMS,
    *alternation.CLAIMS,
    *agreement.CLAIMS,
    *rates.CLAIMS,
)
