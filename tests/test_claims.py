"""Each catalogued claim as one test, named by its id: `pytest -k t1` validates Theorem 1."""

from __future__ import annotations

import pickle

import pytest

from tests import coq_here
from tests.derivations import findings
from theorems.catalogue import CLAIMS
from verify import ledger
from verify.claim import Claim, Finding
from verify.proofs.kernel import Kernel

HOLDS = Finding("holds", 1, 1, 0.0)


@pytest.mark.parametrize("claim", [pytest.param(claim, id=claim.id) for claim in CLAIMS])
def test_claim(claim: Claim) -> None:
    for evidence in claim.evidence:
        if not isinstance(evidence, Kernel):
            found = findings(evidence)
            assert found
            for finding in found:
                assert finding.outcome == "holds", f"{type(evidence).__name__}: {finding.detail}"
                assert finding.cases_met_hypotheses > 0


PROVED = [(c.id, e) for c in CLAIMS for e in c.evidence if isinstance(e, Kernel)]


@pytest.mark.parametrize(("name", "proof"), PROVED, ids=[name for name, _ in PROVED])
def test_claim_in_coq(name: str, proof: Kernel) -> None:
    finding = proof.run()
    if finding.outcome == "unknown":
        coq_here.missing(f"{name}: {finding.detail}")
    assert finding.outcome == "holds", finding.detail


def test_catalogue_makes_sense() -> None:
    assert len(ledger.in_order(CLAIMS)) == len(CLAIMS)


def test_claims_travel_to_other_processes() -> None:
    for claim in CLAIMS:
        assert pickle.loads(pickle.dumps(claim)) == claim


def test_every_refutation_has_its_correction() -> None:
    corrected = {(claim.source, claim.id) for claim in CLAIMS if claim.stance == "corrected"}
    for claim in CLAIMS:
        if claim.stance == "refutation":
            assert (claim.source, f"{claim.id}.corrected") in corrected, claim.id


def test_every_statement_gets_a_verdict() -> None:
    table = ledger.tabulate(CLAIMS, {c.id: [HOLDS] * len(c.evidence) for c in CLAIMS})
    assert table.holds
    assert "unsettled" not in {verdict.verdict for verdict in table.verdicts}
    verdicts = {verdict.statement: verdict.verdict for verdict in table.verdicts}
    assert verdicts["Theorem 1"] == "true, proof repaired"
    assert verdicts["Student t figure caption"] == "false as printed"
