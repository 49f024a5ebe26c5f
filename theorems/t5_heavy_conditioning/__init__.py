"""Theorem 5: selecting by a threshold, with a heavy-tailed error.

**Statement.** Let X be subexponential on the whole line: long-tailed, with ``Pr(X1 + X2 > t)``
about ``2 Pr(X > t)`` for two independent copies. Let V be independent of X with ``E|V| < oo``, and
let ``E[V; V > t]/Pr(X > t)`` tend to c. Then ``E[V | X + V > t]`` tends to ``E V + c``; to oo if c
is infinite.

**In print.** Theorem 5 of the paper: the limit is E V if V has a tail that is lighter by more than
a factor t. Its Lemma 2 bounds a ratio of tails.

**Verdict.** False as printed for errors on the whole line, where the ratio of tails alone does not
make an error heavy. Lemma 2 is false. The conclusion of Theorem 5 holds for long-tailed errors, and
for more utilities than in print: if and only if ``E[V; V > t] = o(Pr(X > t))``.

**The idea.** One big jump. Far out, U is large because one of its two parts is, and the other is as
it always is. Weighting V by its positive part turns ``E[V; U > t]`` into such a probability too:
``m Pr(X > t)``, from where X makes the jump, and ``E[V; V > t]``, from where V does.

**Where we differ.** (a) "Long-tailed" has to be asked for. (b) A factor t in Lemma 2 is too much.
(c) A bound in the proof takes an integral over the whole line, which does not vanish.

From top to bottom: :mod:`.symbols`, :mod:`.sharp` (the derivation), :mod:`.instances` (c = 0, a
number, oo; the printed hypothesis), :mod:`.errata` (a and c), :mod:`.lemma_2` (b), :mod:`.members`
(laws that are meant, and laws that are not). What decides membership is
:mod:`verify.tail_classes`; what encloses the conditional means, :mod:`verify.conditioning`.
"""

from __future__ import annotations

from theorems.t5_heavy_conditioning import errata, instances, lemma_2, members, sharp
from verify.claim import Claim
from verify.identity import Identity

THEOREM = Claim(
    "t5",
    "For X long-tailed with Pr(X1 + X2 > t)/Pr(X > t) -> 2, V independent of X with finite mean, "
    "and t^p Pr(V > t)/Pr(X > t) -> 0 for some p > 1: E[V | X + V >= t] -> E V. Combines: then "
    "E[V; V > t] = o(Pr(X > t)), and so the limit is E V + 0.",
    "Theorem 5",
    "corrected",
    uses=("t5.sharp", "t5.printed-hypothesis"),
    evidence=(Identity(sharp.LIMIT),),
)

CLAIMS: tuple[Claim, ...] = (
    THEOREM,
    *sharp.CLAIMS,
    *instances.CLAIMS,
    *errata.CLAIMS,
    *lemma_2.CLAIMS,
    *members.CLAIMS,
)
