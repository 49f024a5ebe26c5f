"""What pages take from the code is current: tables, derivations, the picture of README."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docs.generate import (
    PICTURE,
    ROOT,
    complete_ledger,
    evidence_pages,
    filled,
    pages,
    pictured,
)
from docs.tables import concordance, errata
from theorems import catalogue
from theorems.catalogue import CLAIMS
from verify.claim import Claim, Exact, Finding
from verify.identity import Identity
from verify.ledger import Ledger, tabulate


def ledger_if_all_hold(claims: tuple[Claim, ...] = CLAIMS) -> Ledger:
    """The ledger, as tests/test_claims.py finds it: each claim is a test of its own there."""
    held = Finding("holds", 1, 1, 0.0, "")
    return tabulate(claims, {claim.id: [held] * len(claim.evidence) for claim in claims})


def no_ledger() -> Ledger:
    raise AssertionError("this block needs no ledger")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_is_current(page: Path) -> None:
    text = page.read_text("utf-8")
    assert filled(text, ledger_if_all_hold) == text, f"{page.name}: python docs/generate.py"


def test_stale_block_is_caught() -> None:
    page = "<!-- laws:begin -->\nold\n<!-- laws:end -->\n"
    assert "pareto(alpha" in filled(page, no_ledger)


WRONG = {
    "no such kind": "<!-- moons:begin -->\n<!-- moons:end -->",
    "no end": "<!-- laws:begin -->\n",
    "no beginning": "<!-- laws:end -->\n",
    "another end": "<!-- laws:begin -->\n<!-- verdicts:end -->",
    "no such claim": "<!-- derivation t0:begin -->\n<!-- derivation t0:end -->",
    "a claim without steps": "<!-- derivation t1.left-tail:begin -->\n"
    "<!-- derivation t1.left-tail:end -->",
    "no evidence": "<!-- evidence t0:begin -->\n<!-- evidence t0:end -->",
    "not pinned": "<!-- coq definitions.none:begin -->\n<!-- coq definitions.none:end -->",
    "no verdict": "<!-- verdict Theorem 0:begin -->\n<!-- verdict Theorem 0:end -->",
}


@pytest.mark.parametrize("page", WRONG.values(), ids=WRONG.keys())
def test_wrong_block_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match=r"block|claim|verdict"):
        filled(page, ledger_if_all_hold)


def test_step_is_shown_once_a_page() -> None:
    block = "<!-- derivation t1.cost:begin -->\n<!-- derivation t1.cost:end -->\n"
    text = filled(block + block, no_ledger)
    assert text.count("$$") == 4
    assert text.count("As above") == 1


def test_evidence_that_was_not_run_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Finding("unknown", 0, 0, 0.0, "no coqc here")
    findings = {"t1.erratum-b": [lacking], "t1.cost": [Finding("holds", 1, 1, 0.0, "")]}
    monkeypatch.setattr("docs.generate.run", lambda _: tabulate(CLAIMS, findings))
    with pytest.raises(SystemExit, match=r"t1\.erratum-b: unknown: no coqc here"):
        complete_ledger()


# ---------------------------------------------------------------- nothing is left out


CHAPTERS = sorted({claim.id.split(".")[0] for claim in CLAIMS})
"""What the ids of claims begin with: one a theorem, and one for dependence."""


def derivations_left_out(prefix: str, page: str, claims: tuple[Claim, ...]) -> set[str]:
    """Claims at or below an id that have a derivation which the page (or pages) do not show."""
    blocks = [line for line in page.splitlines() if line.startswith("<!-- derivation ")]
    shown = {name for line in blocks for name in line.split(":")[0].split()[2:]}
    derived = {
        claim.id
        for claim in claims
        if f"{claim.id}.".startswith(f"{prefix}.")
        and any(isinstance(evidence, Identity) for evidence in claim.evidence)
    }
    return derived - shown


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_derivation_is_on_a_page(chapter: str) -> None:
    site = "\n".join(page.read_text("utf-8") for page in pages())
    assert derivations_left_out(chapter, site, CLAIMS) == set()


def test_derivation_left_out_is_caught() -> None:
    page = "<!-- derivation t1.cost:begin -->\n<!-- derivation t1.cost:end -->\n"
    left_out = derivations_left_out("t1", page, CLAIMS)
    assert "t1.mean" in left_out
    assert "t1.cost" not in left_out


def test_concordance_has_every_statement() -> None:
    planted = Claim("x", "x", "Theorem 99", "as_printed", evidence=(Exact(bool, (1,)),))
    assert "Theorem 1" in concordance(ledger_if_all_hold())
    with pytest.raises(ValueError, match="lacks Theorem 99"):
        concordance(ledger_if_all_hold((*catalogue.CLAIMS, planted)))


def test_errata_have_every_refutation() -> None:
    ledger, pages_of = ledger_if_all_hold(), evidence_pages()
    rows = errata(ledger, pages_of)
    for claim in CLAIMS:
        if claim.stance == "refutation":
            assert f"`{claim.id}` |" in rows
    with pytest.raises(ValueError, match="no page shows the evidence of"):
        errata(ledger, {"t1": pages_of["t1"]})
    wrong = Claim("x", "x", "Theorem 99", "refutation", evidence=(Exact(bool, (1,)),))
    right = replace(wrong, id="x.corrected", stance="corrected")
    with pytest.raises(ValueError, match="lacks 'Theorem 99', the source of x"):
        errata(ledger_if_all_hold((wrong, right)), {"x": "x.md"})


# ---------------------------------------------------------------- picture


def test_picture_is_current() -> None:
    from PIL import Image

    with Image.open(ROOT / PICTURE) as image:
        shown: dict[str, Any] = json.loads(image.info["Description"])
    current = pictured().to_dict()
    for certificate in (shown, current):
        del certificate["versions"]
    assert shown == current, f"{PICTURE} is out of date: python docs/generate.py"
