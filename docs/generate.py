"""Write what the pages do not say by hand: the tables and the picture.

    python docs/generate.py

A table stands between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->`` in its page.
``tests/test_examples.py`` fails where a page is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from theorems.catalogue import CLAIMS  # noqa: E402
from verify.certificate import Certificate  # noqa: E402
from verify.construction import construct  # noqa: E402
from verify.enclosure import Diverges  # noqa: E402
from verify.law import Law  # noqa: E402
from verify.laws import CATALOGUE, parse  # noqa: E402
from verify.laws.signatures import catalogue_rows  # noqa: E402
from verify.ledger import Ledger, run  # noqa: E402
from verify.plotting import plot_certificate  # noqa: E402

PICTURE = "docs/images/burr.png"
"""The picture that README shows; the command beside it there draws the same."""

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


# ---------------------------------------------------------------- tables


def table(titles: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", r"\|")


def verdicts(ledger: Ledger) -> str:
    """What the claims say about each printed statement."""
    rows = [
        [verdict.statement, f"**{verdict.verdict}**", ", ".join(f"`{c}`" for c in verdict.claims)]
        for verdict in ledger.verdicts
    ]
    holding = sum(entry.outcome == "holds" for entry in ledger.entries)
    found = table(["Printed statement", "Verdict", "Claims that decide it"], rows)
    return f"{found}\n\n{holding} of {len(ledger.entries)} claims hold."


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


# ---------------------------------------------------------------- pages


def blocks(ledger: Callable[[], Ledger]) -> dict[str, tuple[str, str]]:
    """The page and the content of each block."""
    return {
        "verdicts": ("README.md", verdicts(ledger())),
        "laws": ("docs/laws.md", laws()),
    }


def filled(page: str, name: str, content: str) -> str:
    """A page's text with the content of one block put in.

    Raises
    ------
    ValueError
        If the page has no such block.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"expected one block from {begin} to {end}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", page)


def pictured() -> Certificate:
    """The certificate that the picture shows."""
    return construct(parse("burr(c=2, k=1.2)"), mean="100", kl="0.01")


def main() -> None:
    """Bring every page up to date."""
    for name, (path, content) in blocks(lambda: run(CLAIMS)).items():
        page = ROOT / path
        page.write_text(filled(page.read_text("utf-8"), name, content), "utf-8")
    certificate = pictured()
    plot_certificate(certificate, parse(certificate.base), str(ROOT / PICTURE))


if __name__ == "__main__":
    main()
