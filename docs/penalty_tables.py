"""Tables of the page on penalties: how each divergence is scaled, and which tail each one holds."""

from __future__ import annotations

from docs.tables import EXAMPLES, table
from docs.words import readable
from verify.decimals import decimal_text
from verify.divergence import NORMALISATIONS, TOKENS
from verify.enclosure import Diverges
from verify.law import Law
from verify.laws import CATALOGUE, parse
from verify.laws.signatures import catalogue_rows
from verify.penalties.holding import holds
from verify.penalties.tail_moments import MomentIndex, moment_index

#: The columns, by the token that stands for each.
COLUMNS = {
    "kl": "KL",
    "power:1.5": "order 1.5",
    "chi2": "order 2, χ²",
    "power:3": "order 3",
    "odds": "odds cap",
    "tv": "f′(∞) < ∞",
}

TAILS = (
    'tail(log_sf="-x/log(x)", lower="exp(1)")',
    'tail(log_sf="-2*log(x)", lower=1)',
    'tail(log_sf="-2*log(x)-2*log(log(x))", lower="exp(1)")',
)
"""Tails of one's own: barely heavy; and two of index 2, one of which has that very moment."""


def divergences() -> str:
    """The tokens, and what each one is."""
    rows = [
        [f"`{token}`", readable(meaning)]
        for token, meaning in zip(TOKENS, NORMALISATIONS.values(), strict=True)
    ]
    return table(["Token", "Divergence of P from Q, w = dP/dQ"], rows)


def held() -> str:
    """For the catalogue and some tails: which divergence keeps the best mean finite, and why."""
    named = [
        f"{row['name']}({parameters})"
        for row in catalogue_rows(CATALOGUE)
        for parameters in EXAMPLES.get(row["name"], ("",))
    ]
    rows = []
    for text in (*named, *TAILS):
        law = parse(text)
        answers = [holds(law, token).answer for token in COLUMNS]
        rows.append([f"`{text}`", _moments(law), *answers, readable(_reason(law))])
    return table(["Law", "E X₊^p finite for", *COLUMNS.values(), "Why"], rows)


def _moments(law: Law) -> str:
    """The orders p for which the upper moment is finite."""
    index = moment_index(law)
    if index.index is None:
        return "not known"
    if isinstance(index.index, Diverges):
        return "all p"
    if index.index == 0:
        return "no p > 0"
    return f"p {'≤' if index.at_index else '<'} {decimal_text(index.index)}"


def _reason(law: Law) -> str:
    """What decides: the top, the exponential moment, or the power moments."""
    if not isinstance(law.support[1], Diverges):
        return "it has a largest value"
    moments: MomentIndex = moment_index(law)
    return moments.because
