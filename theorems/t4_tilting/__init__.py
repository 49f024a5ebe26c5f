"""Theorem 4: light errors that are independent of the utility.

**Statement.** Let the proxy be ``U = X + V`` with X independent of V, and let ``rate(U) =
min(rate(X), rate(V))`` be positive. For every price b of a nat with ``l = 1/b < rate(U)`` one
policy maximises ``E U - b KL``: the tilt of the base policy by ``exp(l U)``. Its true utility is
``E V = K_V'(l)``. That is above the base policy's (unless V is constant), never falls as b does,
and tends to ``K_V'(rate(U) -)``, or to the largest value of V where ``rate(U) = oo``.

**In print.** Theorem 4 of the paper: as b falls to 0 the utility grows without bound.

**Verdict.** False as printed, twice over: without independence, which only its heading has, the
utility may fall without bound; and with it the utility may stop at a number, as the optimal
policies do.

**The idea.** ``E_P U - b KL(P || Q)`` is a constant less b times ``KL(P || Q_l)``: so the tilt is
best. Its weight ``exp(l X) exp(l V)`` factorises: so it tilts V by l as if X were not there. More
tilting raises the mean of V. How far l can go is up to the heavier one of the two.

**Where we differ.** (a) Independence is needed. (b) The utility grows without bound iff
``K_V'(rate(U) -) = oo``; below ``b = 1/rate(U)`` there is no optimal policy. (c) The printed proof
compares weights that are not normalised. And continuity of U, a printed hypothesis, plays no part.

From top to bottom: :mod:`.symbols`, :mod:`.path` (tilts are optimal, keep X and V independent, and
take E V up to a limit), :mod:`.errata` (a and b), :mod:`.normalising` (c), :mod:`.continuity`,
:mod:`.saturation` (past the last tilt). What computes the path for two given laws is
:mod:`verify.tilted_utility`; where it ends, :mod:`verify.limits`.
"""

from __future__ import annotations

from theorems.t4_tilting import continuity, errata, normalising, path, saturation
from verify.claim import Claim
from verify.identity import Identity

THEOREM = Claim(
    "t4",
    "For X independent of V and l = 1/b < rate(U) = min(rate(X), rate(V)): one policy maximises "
    "E U - b KL, the tilt by l; E V = K_V'(l) there, which never falls as b does, exceeds the base "
    "policy's E V unless V is constant, and tends to K_V'(rate(U) -), or to the largest value of V "
    "where the rate is oo. Below b = 1/rate(U) there is no optimal policy.",
    "Theorem 4",
    "corrected",
    uses=("t4.optimum", "t4.no-optimum", "t4.factors", "t4.rises", "t4.limit"),
    evidence=(Identity(path.FACTORS),),
)

CLAIMS: tuple[Claim, ...] = (
    THEOREM,
    *path.CLAIMS,
    *errata.CLAIMS,
    *normalising.CLAIMS,
    *continuity.CLAIMS,
    *saturation.CLAIMS,
)
