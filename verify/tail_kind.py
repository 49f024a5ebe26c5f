"""Whether a law's right tail is heavy: known exactly, or guessed as the order in which to look."""

from __future__ import annotations

from typing import Literal

from flint import arb

from verify.enclosure import working_precision
from verify.law import Law

#: With a question mark: a guess, and what is found must prove itself.
TailKind = Literal["heavy", "light", "heavy?", "light?"]

GUESS_BITS = 96


def tail_kind(law: Law) -> TailKind:
    """Heavy or light, from the MGF abscissa; a guess where that takes a symbolic search."""
    if not law.rates_need_search:
        abscissa = law.mgf_abscissa
        if abscissa is not None:
            return "heavy" if abscissa == 0 else "light"
    with working_precision(GUESS_BITS):
        near, far = (-law.log_survival(arb(10) ** k) / arb(10) ** k for k in (6, 60))
        return "light?" if not far.is_finite() or far > near / 2 else "heavy?"
