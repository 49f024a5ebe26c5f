"""Write what the pages do not say by hand: tables, derivations and the picture of README.

    python docs/generate.py

It stands between ``<!-- KIND ARGUMENTS:begin -->`` and ``<!-- KIND ARGUMENTS:end -->``, in any page
and as often as wanted: :data:`KINDS` has the kinds. ``tests/docs/test_generated.py`` fails where a
page is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from docs import calibration_tables, model_tables, penalty_tables, tables  # noqa: E402
from docs.derivations import derivation  # noqa: E402
from theorems.catalogue import CLAIMS  # noqa: E402
from theorems.kernel import DEVELOPMENT  # noqa: E402
from verify.certificate import Certificate  # noqa: E402
from verify.construction import construct  # noqa: E402
from verify.identity import Identity, Step  # noqa: E402
from verify.laws import parse  # noqa: E402
from verify.ledger import Ledger, run  # noqa: E402
from verify.plotting import plot_certificate  # noqa: E402
from verify.proofs.pins import Pins  # noqa: E402

PICTURE = "docs/images/burr.png"
"""The picture that README shows; the command beside it there draws the same."""

BLOCK = re.compile(
    r"<!-- (?P<kind>[a-z]+)(?: (?P<arguments>[^:]*))?:begin -->"
    r"(?P<content>.*?)"
    r"<!-- (?P<ends>[^:]*):end -->",
    re.DOTALL,
)

LedgerOf = Callable[[], Ledger]
"""The ledger, which is run only if a block asks for it."""


def pages() -> list[Path]:
    """The pages that are written by hand: README and those of the site."""
    site = (ROOT / "docs").rglob("*.md")
    built = ROOT / "docs" / "_build"
    return [ROOT / "README.md", *sorted(page for page in site if built not in page.parents)]


def filled(page: str, ledger: LedgerOf) -> str:
    """A page's text with the content of each block put in.

    Raises
    ------
    ValueError
        If a block is of no known kind, or does not end as it began.
    """
    shown: set[str] = set()

    def fill(block: re.Match[str]) -> str:
        kind, arguments = block["kind"], block["arguments"] or ""
        name = f"{kind} {arguments}".strip()
        if block["ends"] != name or kind not in KINDS:
            raise ValueError(f"no block is made for: {name}:begin ... {block['ends']}:end")
        content = KINDS[kind](arguments, ledger, shown)
        return f"<!-- {name}:begin -->\n{content}\n<!-- {name}:end -->"

    text = BLOCK.sub(fill, page)
    if len(re.findall(r"<!-- .*?:(?:begin|end) -->", text)) != 2 * len(BLOCK.findall(text)):
        raise ValueError("a block has no end, or no beginning")
    return text


# ---------------------------------------------------------------- kinds of blocks


def _derivation(claims: str, ledger: LedgerOf, shown: set[str]) -> str:
    """The steps of the claims named; those that the page has shown already are only named."""
    chosen = {step: None for claim in claims.split() for step in steps_of(claim)}  # each once
    return derivation(chosen, shown)


def steps_of(name: str) -> Iterator[Step]:
    """The steps of a claim.

    Raises
    ------
    ValueError
        If no claim has this id, or it has no derivation.
    """
    found = [
        step
        for claim in CLAIMS
        if claim.id == name
        for evidence in claim.evidence
        if isinstance(evidence, Identity)
        for step in evidence.steps
    ]
    if not found:
        raise ValueError(f"no claim {name!r} has a derivation")
    yield from found


def _coq(name: str, *_: object) -> str:
    """A statement or definition as Coq prints it, which ``make prove`` compares.

    Raises
    ------
    ValueError
        If none of this name is pinned.
    """
    constants = Pins.parse(DEVELOPMENT.pinned_text()).constants
    if name not in constants:
        raise ValueError(f"no block can be made: {name!r} is not pinned")
    return f"```coq\n{constants[name]}\n```"


def evidence_pages() -> dict[str, str]:
    """The page, from ``docs/``, that shows the evidence of the claims at or below an id."""
    return {
        block["arguments"]: page.relative_to(ROOT / "docs").as_posix()
        for page in pages()
        for block in BLOCK.finditer(page.read_text("utf-8"))
        if block["kind"] == "evidence"
    }


KINDS: dict[str, Callable[[str, LedgerOf, set[str]], str]] = {
    "verdicts": lambda _, ledger, __: tables.verdicts(ledger()),
    "verdict": lambda statement, ledger, _: tables.verdict(ledger(), statement),
    "evidence": lambda prefix, ledger, _: tables.evidence(ledger(), prefix),
    "concordance": lambda _, ledger, __: tables.concordance(ledger()),
    "errata": lambda _, ledger, __: tables.errata(ledger(), evidence_pages()),
    "laws": lambda _, __, ___: tables.laws(),
    "limits": lambda _, __, ___: tables.limits(),
    "rates": lambda _, __, ___: tables.decay_rates(),
    "divergences": lambda _, __, ___: penalty_tables.divergences(),
    "held": lambda _, __, ___: penalty_tables.held(),
    "calibration": lambda which, _, __: calibration_tables.calibration(which),
    "models": lambda which, _, __: model_tables.models(which),
    "derivation": _derivation,
    "coq": _coq,
}
"""What is between the marks, by the word that they begin with.

=============  ==========================  ====================================================
Kind           Arguments                   Content
=============  ==========================  ====================================================
verdicts                                   the table of verdicts on printed statements
verdict        a printed statement         its verdict
evidence       the id of a claim           the table of the claims at or below it
derivation     ids of claims               their steps, in words and formulas
concordance                                the paper's statements in its order
errata                                     what is wrong in print, and what holds instead
laws                                       the catalogue of laws
limits                                     where E V goes under tilting, law by law
rates                                      decay rates of errors, and where E V goes with them
divergences                                the divergences and how each is scaled
held                                       which divergence holds which tail
calibration    rounded, intervals, laws    how often the verdicts about tails are right
models         a table, a file             results on models, from ``gpu_checks/results/``
coq            a name in theorems/kernel   the statement or definition as Coq prints it
=============  ==========================  ====================================================
"""


# ---------------------------------------------------------------- pages


def pictured() -> Certificate:
    """The certificate that the picture shows."""
    return construct(parse("burr(c=2, k=1.2)"), mean="100", kl="0.01")


def complete_ledger() -> Ledger:
    """The ledger, all of whose evidence was run and holds.

    Raises
    ------
    SystemExit
        If some does not, or cannot be run here: pages do not depend on where they are made.
    """
    ledger = run(CLAIMS)
    for entry in ledger.entries:
        for finding in entry.findings:
            if finding.outcome != "holds":
                sys.exit(f"{entry.claim.id}: {finding.outcome}: {finding.detail}")
    return ledger


def main() -> None:
    """Bring every page up to date."""
    ledger = cache(complete_ledger)
    for page in pages():
        page.write_text(filled(page.read_text("utf-8"), ledger), "utf-8")
    certificate = pictured()
    plot_certificate(certificate, parse(certificate.base), str(ROOT / PICTURE))


if __name__ == "__main__":
    main()
