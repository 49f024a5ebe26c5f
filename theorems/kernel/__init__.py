"""The theorems that a proof assistant checks: Coq 8.16 with mathcomp-analysis 0.6.0.

``make prove`` checks them all; ``docs/proofs.md`` has the mathematics beside each statement.

* ``library.v``: what is imported; ``definitions.v``: tail, moment generating function, divergence
  and the like, each defined once; ``statements.v``: what is proved.
* ``t1_heavy_tails.v``, ``t2_light_tails.v``, ``t6_light_conditioning.v``: the proofs, each with a
  law that meets the hypotheses; ``divergence.v``: the divergence and the threshold reweighting.
* ``integrals.v``, ``discrete.v``: what they share.
* ``pinned.txt``: what Coq prints about all this.

A theorem module cites a proof as evidence::

    evidence=(..., proved("t1_heavy_tails.theorem1"))
"""

from __future__ import annotations

from pathlib import Path

from verify.proofs.kernel import Kernel
from verify.proofs.pins import Development

PREAMBLE = """\
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import boolp classical_sets functions mathcomp_extra.
From mathcomp.analysis Require Import reals signed ereal topology normedtype sequences.
From mathcomp.analysis Require Import numfun measure lebesgue_measure lebesgue_integral exp.
Unset Printing Implicit Defensive.
Open Scope classical_set_scope. Open Scope ring_scope.
"""

DEVELOPMENT = Development(
    folder=Path(__file__).resolve().parent,
    library="goodhart",
    foundation="library",
    preamble=PREAMBLE,
    theorems=(
        "divergence.divergence_nonnegative",
        "divergence.divergence_genuine",
        "divergence.threshold_divergence",
        "t1_heavy_tails.theorem1",
        "t1_heavy_tails.theorem1_witness",
        "t1_heavy_tails.printed_heavy",
        "t2_light_tails.donsker_varadhan",
        "t2_light_tails.theorem2",
        "t2_light_tails.theorem2_witness",
        "t6_light_conditioning.theorem6",
        "t6_light_conditioning.theorem6_witness",
    ),
    version="8.16",
    install="to install it on Debian 12, as root: apt-get install --no-install-recommends "
    "coq libcoq-mathcomp-analysis libcoq-mathcomp-algebra-tactics",
)


def proved(theorem: str) -> Kernel:
    """The evidence that a theorem of these files is proved, ``file.name`` say.

    Raises
    ------
    ValueError
        If no such theorem is listed.
    """
    if theorem not in DEVELOPMENT.theorems:
        raise ValueError(f"no theorem {theorem!r}; there are: {', '.join(DEVELOPMENT.theorems)}")
    return Kernel(theorem, DEVELOPMENT)
