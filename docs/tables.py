"""Tables that pages take from the code: the ledger and the catalogue of laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docs.printed import PRINTED
from docs.words import readable
from verify.claim import Claim
from verify.enclosure import Diverges
from verify.law import Law
from verify.laws import CATALOGUE, parse
from verify.laws.signatures import catalogue_rows
from verify.ledger import Entry, Ledger
from verify.limits import limit_of_utility
from verify.utility_curve import Optimizer, limit_text

EXAMPLES = {
    "bernoulli": ("p=0.3",),
    "beta": ("a=2, b=3",),
    "binomial": ("n=5, p=0.2",),
    "burr": ("c=2, k=1.2",),
    "f": ("d1=3, d2=8",),
    "frechet": ("alpha=2",),
    "gamma": ("shape=2.5",),
    "genpareto": ("xi=0.5", "xi=0", "xi=-0.5"),
    "geometric": ("p=0.3",),
    "gev": ("xi=0.5", "xi=0", "xi=-0.5"),
    "half_student_t": ("df=3",),
    "inverse_gamma": ("shape=3",),
    "inverse_gaussian": ("mu=2, lam=1",),
    "log_gamma": ("shape=2",),
    "log_logistic": ("shape=3",),
    "negative_binomial": ("r=2.5, p=0.4",),
    "pareto": ("alpha=2",),
    "point": ("x=1",),
    "poisson": ("mu=3",),
    "skew_normal": ("alpha=2",),
    "student_t": ("df=3",),
    "weibull": ("shape=0.5", "shape=1", "shape=2"),
    "zeta": ("s=3",),
}
"""Parameters at which the rates of a law are shown; laws that are not listed use their defaults."""

NOT_YET = "not treated yet"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", r"\|")


# ---------------------------------------------------------------- the ledger


def verdicts(ledger: Ledger) -> str:
    """What the claims say about each printed statement."""
    rows = [
        [verdict.statement, f"**{verdict.verdict}**", _ids(verdict.claims)]
        for verdict in ledger.verdicts
    ]
    holding = sum(entry.outcome == "holds" for entry in ledger.entries)
    found = table(["Printed statement", "Verdict", "Claims that decide it"], rows)
    return f"{found}\n\n{holding} of {len(ledger.entries)} claims hold."


def verdict(ledger: Ledger, statement: str) -> str:
    """The verdict on one printed statement, in words.

    Raises
    ------
    ValueError
        If the ledger has none.
    """
    for found in ledger.verdicts:
        if found.statement == statement:
            return f"**{found.statement}: {found.verdict}.**"
    raise ValueError(f"no verdict on {statement!r}")


def evidence(ledger: Ledger, prefix: str) -> str:
    """The claims at or below an id, with what was found for each.

    Raises
    ------
    ValueError
        If there are none.
    """
    chosen = [entry for entry in ledger.entries if f"{entry.claim.id}.".startswith(f"{prefix}.")]
    if not chosen:
        raise ValueError(f"no claim is called {prefix!r}")
    return table(
        ["Claim", "What it says", "Outcome", "Reach", "Means"],
        [_evidence_row(entry) for entry in chosen],
    )


def _evidence_row(entry: Entry) -> list[str]:
    claim = entry.claim
    stance = claim.stance.replace("_", " ")
    printed = "" if claim.source == "ours" else f"*{claim.source}, {stance}.* "
    reach, means = entry.strength or ("", "")
    says = printed + readable(claim.statement)
    return [f"`{claim.id}`", says, entry.outcome, reach, means]


def concordance(ledger: Ledger) -> str:
    """Every printed statement in the paper's order: page, verdict, claims.

    Raises
    ------
    ValueError
        If the ledger judges a statement that is not in :data:`docs.printed.PRINTED`.
    """
    verdicts = {verdict.statement: verdict for verdict in ledger.verdicts}
    unknown = verdicts.keys() - {statement.name for statement in PRINTED}
    if unknown:
        raise ValueError(f"docs/printed.py lacks {', '.join(sorted(unknown))}")
    rows = []
    for statement in PRINTED:
        found = verdicts.get(statement.name)
        name = statement.name
        if found and statement.page:
            name = f"[{name}]({statement.page})"
        rows.append(
            [
                name,
                statement.restated,
                f"**{found.verdict}**" if found else NOT_YET,
                _ids(found.claims) if found else "",
            ]
        )
    return table(["In print", "What it says", "Verdict", "Claims that decide it"], rows)


REFUTED = "Refuted: "
"""What the statement of a refutation begins with."""


def errata(ledger: Ledger, pages: Mapping[str, str]) -> str:
    """Every deviation from print, in the paper's order: what is wrong, and what holds instead.

    Parameters
    ----------
    ledger : Ledger
        All claims.
    pages : mapping from claim id to path
        The page that shows the evidence of the claims at or below an id.

    Raises
    ------
    ValueError
        If a refutation is of no printed statement, or no page shows its evidence.
    """
    claims = {entry.claim.id: entry.claim for entry in ledger.entries}
    refuted = [claim for claim in claims.values() if claim.stance == "refutation"]
    rows = []
    for claim in sorted(refuted, key=_place_in_print):
        corrected = claims[f"{claim.id}.corrected"]
        named = f"[{claim.source}]({_page_of(claim.id, pages)}) `{claim.id}`"
        rows.append([named, *(_without_argument(each.statement) for each in (claim, corrected))])
    return table(["In print", "Refuted", "What holds instead"], rows)


def _without_argument(statement: str) -> str:
    """A statement as text, without the argument that combines its steps."""
    return readable(statement.removeprefix(REFUTED).split(" Combines")[0])


def _place_in_print(claim: Claim) -> int:
    """Where the statement that a claim is about stands in :data:`docs.printed.PRINTED`."""
    for place, statement in enumerate(PRINTED):
        if statement.name == claim.source.split(",")[0]:
            return place
    raise ValueError(f"docs/printed.py lacks {claim.source!r}, the source of {claim.id}")


def _page_of(claim: str, pages: Mapping[str, str]) -> str:
    """The page of the longest id that a claim is at or below."""
    above = [prefix for prefix in pages if f"{claim}.".startswith(f"{prefix}.")]
    if not above:
        raise ValueError(f"no page shows the evidence of {claim}")
    return pages[max(above, key=len)]


def _ids(claims: Sequence[str]) -> str:
    return ", ".join(f"`{claim}`" for claim in claims)


# ---------------------------------------------------------------- the laws


def laws() -> str:
    """The catalogue with its exact rates."""
    rows = []
    for row in catalogue_rows(CATALOGUE):
        for number, parameters in enumerate(EXAMPLES.get(row["name"], ("",))):
            law = parse(f"{row['name']}({parameters})")
            first = [f"`{row['signature']}`", row["meaning"]] if number == 0 else ["", ""]
            rows.append([*first, f"`{row['name']}({parameters})`", *_rates(law)])
    titles = ["Law", "What it is", "For example", "Right tail", "`mgf_abscissa`", "`decay_rate`"]
    return table(titles, rows)


ERRORS = ("4*exponential()", "exponential()", "normal()")
"""Errors of rate 1/4, 1 and oo: of the error, only the rate matters where tilts end."""

OTHER_UTILITIES = (
    "0.5*laplace()",
    'tail(log_sf="-x-3*log(1+x)", lower=0)',
    "-pareto(alpha=2)",
)
"""Utilities beside the catalogue's: a lighter exponential tail, a last tilt of finite mean, and a
law whose left tail is heavy."""

LIMIT_DIGITS = 9


def limits() -> str:
    """Where E V goes under tilting: light laws of V against errors of three rates."""
    errors = [parse(text) for text in ERRORS]
    named = (
        f"{row['name']}({parameters})"
        for row in catalogue_rows(CATALOGUE)
        for parameters in EXAMPLES.get(row["name"], ("",))
    )
    rows = []
    for text in (*named, *OTHER_UTILITIES):
        utility = parse(text)
        if utility.mgf_abscissa == 0:
            continue
        found = [limit_of_utility(error, utility) for error in errors]
        cells = [limit_text(limit.mean_v, LIMIT_DIGITS) or "not known" for limit in found]
        rows.append([f"`{text}`", f"{utility.mgf_abscissa}", *cells])
    titles = [f"X of rate {error.mgf_abscissa}" for error in errors]
    return table(["V", "rate of V", *titles], rows)


OPTIMIZERS: tuple[Optimizer, ...] = ("condition", "best-of-n", "tilt")


def decay_rates() -> str:
    """Where E V goes for V ~ N(0, 1), error by error, under each optimiser."""
    utility = parse("normal()")
    rows = []
    for row in catalogue_rows(CATALOGUE):
        for parameters in EXAMPLES.get(row["name"], ("",)):
            error = parse(f"{row['name']}({parameters})")
            found = [limit_of_utility(error, utility, optimizer) for optimizer in OPTIMIZERS]
            cells = [limit_text(limit.mean_v, LIMIT_DIGITS) or limit.text for limit in found]
            if error.mgf_abscissa == 0:
                cells[-1] = "no tilt"
            rows.append([f"`{row['name']}({parameters})`", _rates(error)[2], *cells])
    return table(["X", "decay rate", "conditioning", "best-of-n", "tilts"], rows)


def _rates(law: Law) -> list[str]:
    abscissa, decay = law.mgf_abscissa, law.decay_rate
    bounded = not isinstance(law.support[1], Diverges)
    kind = "not known"
    if bounded:
        kind = "bounded"
    elif isinstance(abscissa, Diverges):
        kind = "superexponential"
    elif abscissa is not None:
        kind = "heavy" if abscissa == 0 else "light"
    none = "none (bounded)" if bounded else "none (lattice)"
    return [kind, f"{abscissa}", none if decay is None else f"{decay}"]
