"""Best-of-n, and the layer-cake lemma that ties every rising weight to conditioning (ours).

**Statement.** Let w be a weight of the proxy U that never falls, right-continuous, with ``E w(U) =
1``, and ``E|V|`` and ``E|V| w(U)`` finite. Then ``E[V w(U)] = w(-oo) E V + int E[V | U >= t]
nu(dt)`` with ``nu(dt) = Pr(U >= t) dw(t)``, and ``w(-oo) + nu`` has total mass 1: under any
optimiser whose weight rises with the proxy, the utility is an average of what conditioning makes
of it.

**The idea.** A rising weight is a stack of steps, and a step is conditioning. Best-of-n is the
average over random top fractions s with density ``n (n - 1) s (1 - s)^(n - 2)``.

**What follows.** Optimisers whose mass escapes (``P(U <= T) -> 0`` for each T below the largest
value) all have the limit of the conditioning curve, where it has one. And the KL of best-of-n is
``log n - (n - 1)/n`` where U has no atoms, less where it has some.

From top to bottom: :mod:`.layers` (the lemma), :mod:`.fractions` (best-of-n by top fractions),
:mod:`.price` (its KL), :mod:`.instances` (numbers). The numbers come from :mod:`verify.best_of`.
"""

from __future__ import annotations

from theorems.best_of_n import fractions, instances, layers, price
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *layers.CLAIMS,
    *fractions.CLAIMS,
    *price.CLAIMS,
    *instances.CLAIMS,
)
