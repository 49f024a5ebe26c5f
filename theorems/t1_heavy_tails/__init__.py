"""Theorem 1: heavy-tailed rewards defeat a KL penalty.

**Statement.** Let Q be a law on the line with a heavy right tail and a finite mean. For every M and
every eps > 0 there is a law P with ``E_P X > M`` and ``KL(P || Q) < eps``.

**In print.** Theorem 1 of the paper (the same number in the earlier blog version).

**Verdict.** True, proof repaired. Also true without any moment, and for "heavy" in the weaker sense
that ``E exp(l X) = oo`` for every l > 0, in which it is the exact converse of Theorem 2's "light".

**The idea.** Put mass ``p = c/t`` above a far threshold t and leave Q's proportions alone on either
side. The mean rises by about ``p t = c`` or more; the cost is ``p log(p/q)``, at most
``c (-log Q(X > t))/t``. Heaviness says that ``-log Q(X > t)/t`` comes arbitrarily close to 0.

**Where we differ.** (a) Under our definition there need be no limit of ``-log Q(X > t)/t``, only a
subsequence: the staircase. (b) A printed sign. (c) The mean rises by c or more, not by c in the
limit: ``c a/(a - 1)`` for regularly varying tails. (d) The caption of the
Student t figure says 1 for what is 3/2.

From top to bottom: :mod:`.symbols` (symbols, hypotheses, the weight), :mod:`.derivation`,
:mod:`.subsequence`, :mod:`.instances`, :mod:`.reach` (no moments, finite version, sharpness),
:mod:`.staircase` (erratum a), :mod:`.errata` (b, c, d). What finds the reweighting for a given law
is :mod:`verify.construction`.
"""

from __future__ import annotations

from theorems.kernel import proved
from theorems.t1_heavy_tails import derivation, errata, instances, reach, staircase, subsequence
from verify.claim import Claim, Enclosed
from verify.identity import Identity

THEOREM = Claim(
    "t1",
    "For every right-heavy law Q with finite mean, every M and every eps > 0 there is a P with "
    "E_P X > M and KL(P||Q) < eps. Combines: with c = M - mu + 1, any t with "
    "-log Q(X > t)/t < eps/c, t Q(X > t) < 1/2 and c|mu|/t < 1/2 will do; a finite mean gives the "
    "last two for all large t, heaviness the first for arbitrarily large ones.",
    "Theorem 1",
    "as_printed",
    uses=("t1.cost", "t1.cost-bounds", "t1.mean", "t1.subsequence", "t1.printed-heavy"),
    evidence=(
        Identity(derivation.CHOICE),
        Enclosed(instances.raised, instances.HEAVY_LAWS),
        proved("t1_heavy_tails.theorem1"),
    ),
)

CLAIMS: tuple[Claim, ...] = (
    THEOREM,
    *derivation.CLAIMS,
    *subsequence.CLAIMS,
    *reach.CLAIMS,
    *staircase.CLAIMS,
    *errata.CLAIMS,
)
