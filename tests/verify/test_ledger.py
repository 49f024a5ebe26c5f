"""The ledger: outcomes, strengths and verdicts are added up as its docstring says."""

from __future__ import annotations

import multiprocessing
import operator
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.signals import interruptible
from theorems.catalogue import CLAIMS
from verify import ledger
from verify.claim import Claim, Enclosed, Evidence, Exact, Finding, Outcome, Sampled
from verify.identity import Identity
from verify.ledger import LedgerError, Strength

ROOT = Path(__file__).resolve().parents[2]

# Evidence from functions that any process can import.
TRUE, FALSE, BROKEN = Exact(bool, (1,)), Exact(bool, (0,)), Exact(operator.neg, ("x",))
ALL, BALL, DRAWN = Identity(()), Enclosed(len, ()), Sampled(len, ())  # never run here


def claim(name: str, source: str = "ours", stance: Any = "ours", **given: Any) -> Claim:
    return Claim(name, f"Says {name}.", source, stance, **{"evidence": (TRUE,), **given})


def found(*outcomes: Outcome) -> list[Finding]:
    return [
        Finding(outcome, 3, 2, 0.25, "" if outcome == "holds" else "why") for outcome in outcomes
    ]


def entry(table: ledger.Ledger, name: str) -> ledger.Entry:
    return next(entry for entry in table.entries if entry.claim.id == name)


# ---------------------------------------------------------------- outcomes


@pytest.mark.parametrize(
    ("findings", "outcome"),
    [
        (("holds",), "holds"),
        (("fails",), "fails"),
        (("unknown",), "unknown"),
        (("holds", "unknown"), "holds"),
        (("unknown", "holds"), "holds"),
        (("holds", "fails"), "fails"),
        (("unknown", "fails"), "fails"),
    ],
)
def test_outcome(findings: tuple[Outcome, ...], outcome: str) -> None:
    one = claim("t9", evidence=(TRUE,) * len(findings))
    table = ledger.tabulate([one], {"t9": found(*findings)})
    assert entry(table, "t9").outcome == outcome
    assert table.holds == (outcome == "holds")


def test_planted_false_claim_is_found() -> None:
    table = ledger.run([claim("t9.good"), claim("t9.bad", evidence=(TRUE, FALSE))], jobs=1)
    assert [e.outcome for e in table.entries] == ["holds", "fails"]
    assert not table.holds
    assert entry(table, "t9.bad").detail
    assert entry(table, "t9.bad").strength is None


# ---------------------------------------------------------------- strength


@pytest.mark.parametrize(
    ("evidence", "findings", "strength"),
    [
        ((ALL,), ("holds",), Strength("all", "symbolic")),
        ((TRUE,), ("holds",), Strength("instance", "exact")),
        ((BALL,), ("holds",), Strength("instance", "ball")),
        ((DRAWN,), ("holds",), Strength("sample", "monte-carlo")),
        ((BALL, ALL), ("holds", "holds"), Strength("all", "symbolic")),
        ((BALL, TRUE), ("holds", "holds"), Strength("instance", "exact")),
        ((DRAWN, BALL), ("holds", "holds"), Strength("instance", "ball")),
        ((BALL, ALL), ("holds", "unknown"), Strength("instance", "ball")),
        ((BALL, ALL), ("holds", "fails"), None),
        ((ALL,), ("unknown",), None),
    ],
)
def test_strength_follows_from_the_evidence_that_holds(
    evidence: tuple[Evidence, ...], findings: tuple[Outcome, ...], strength: Strength | None
) -> None:
    table = ledger.tabulate([claim("t9", evidence=evidence)], {"t9": found(*findings)})
    assert entry(table, "t9").strength == strength


def test_a_subclass_cannot_borrow_strength() -> None:
    @dataclass(frozen=True)
    class Stronger(Identity):
        pass

    with pytest.raises(LedgerError, match="Stronger"):
        ledger.run([claim("t9", evidence=(Stronger(()),))], jobs=1)


@pytest.mark.parametrize(
    ("own", "used", "expected"),
    [
        (ALL, BALL, Strength("instance", "ball")),
        (ALL, TRUE, Strength("instance", "exact")),
        (BALL, ALL, Strength("instance", "ball")),
        (TRUE, DRAWN, Strength("sample", "monte-carlo")),
        (ALL, ALL, Strength("all", "symbolic")),
    ],
)
def test_uses_weakens(own: Evidence, used: Evidence, expected: Strength) -> None:
    claims = [claim("t9", uses=("t8",), evidence=(own,)), claim("t8", evidence=(used,))]
    table = ledger.tabulate(claims, {"t9": found("holds"), "t8": found("holds")})
    assert entry(table, "t9").strength == expected


def test_weakness_passes_through_a_chain() -> None:
    claims = [
        claim("t9", uses=("t8",), evidence=(ALL,)),
        claim("t8", uses=("t7",), evidence=(ALL,)),
        claim("t7", evidence=(DRAWN,)),
    ]
    table = ledger.tabulate(claims, {c.id: found("holds") for c in claims})
    assert entry(table, "t9").strength == Strength("sample", "monte-carlo")


@pytest.mark.parametrize("used", ["fails", "unknown"])
def test_nothing_holds_on_what_does_not(used: Outcome) -> None:
    claims = [claim("t9", uses=("t8",)), claim("t8"), claim("t7", uses=("t9",))]
    findings = {"t9": found("holds"), "t8": found(used), "t7": found("holds")}
    table = ledger.tabulate(claims, findings)
    assert [e.outcome for e in table.entries] == ["unknown", used, "unknown"]


def test_own_failure_stays_a_failure() -> None:
    claims = [claim("t9", uses=("t8",)), claim("t8")]
    table = ledger.tabulate(claims, {"t9": found("fails"), "t8": found("unknown")})
    assert entry(table, "t9").outcome == "fails"


# ---------------------------------------------------------------- the list of claims


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ([claim("t9"), claim("t9")], "two claims"),
        ([claim("t9", uses=("t8",))], "t8"),
        ([claim("t9", uses=("t9",))], "circle"),
        ([claim("t9", uses=("t8",)), claim("t8", uses=("t9",))], "circle"),
        (
            [claim("a", uses=("b",)), claim("b", uses=("c",)), claim("c", uses=("a",)), claim("d")],
            "circle",
        ),
    ],
)
def test_lists_that_make_no_sense(claims: list[Claim], message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        ledger.run(claims, jobs=1)
    with pytest.raises(LedgerError, match=message):
        ledger.select(claims, [claims[0].id])


FAMILY = [claim(n) for n in ("t1", "t1.a", "t1.a.b", "t1.ab", "t10", "t2")]


@pytest.mark.parametrize(
    ("prefixes", "ids"),
    [
        (["t1"], ["t1", "t1.a", "t1.a.b", "t1.ab"]),
        (["t1.a"], ["t1.a", "t1.a.b"]),
        (["t2", "t10"], ["t10", "t2"]),
        ([" t2 "], ["t2"]),
    ],
)
def test_selection(prefixes: list[str], ids: list[str]) -> None:
    assert [c.id for c in ledger.select(FAMILY, prefixes)] == ids


@pytest.mark.parametrize("prefix", ["t3", "t", "", "t1."])
def test_selection_of_nothing(prefix: str) -> None:
    with pytest.raises(LedgerError, match="ids begin with: t1, t10, t2"):
        ledger.select(FAMILY, [prefix])


def test_selection_takes_in_what_is_used() -> None:
    claims = [claim("t1", uses=("t2.a",)), claim("t2.a", uses=("t3",)), claim("t2"), claim("t3")]
    assert [c.id for c in ledger.select(claims, ["t1"])] == ["t1", "t2.a", "t3"]


# ---------------------------------------------------------------- verdicts


def printed(stance: str, source: str = "Theorem 9", evidence: Evidence = ALL) -> tuple[Any, ...]:
    return stance, source, evidence


PROOF = "Theorem 9, proof"


@pytest.mark.parametrize(
    ("rows", "outcomes", "verdict"),
    [
        ([printed("as_printed")], "h", "true"),
        ([printed("as_printed")], "u", "unsettled"),
        ([printed("as_printed")], "f", "unsettled"),
        # An enclosure at instances is not a theorem; for a number in print it is all there is.
        ([printed("as_printed", evidence=BALL)], "h", "unsettled"),
        ([printed("as_printed", "Figure 9", BALL)], "h", "true"),
        ([printed("as_printed"), printed("refutation", PROOF)], "hh", "true, proof repaired"),
        ([printed("as_printed"), printed("refutation", PROOF, BALL)], "hh", "true, proof repaired"),
        ([printed("as_printed"), printed("refutation", PROOF)], "hu", "unsettled"),
        ([printed("as_printed"), printed("corrected", PROOF)], "hh", "true"),
        ([printed("refutation")], "h", "false as printed"),
        ([printed("refutation", evidence=BALL)], "h", "false as printed"),
        ([printed("refutation"), printed("corrected")], "hh", "false as printed"),
        ([printed("refutation"), printed("corrected")], "hu", "false as printed"),
        ([printed("refutation"), printed("as_printed")], "hh", "false as printed"),
        ([printed("refutation"), printed("corrected")], "uh", "unsettled"),
        ([printed("refutation"), printed("as_printed")], "uh", "unsettled"),
        ([printed("refutation", PROOF)], "h", "unsettled"),
        ([printed("corrected")], "h", "unsettled"),
    ],
)
def test_verdict(rows: list[tuple[Any, ...]], outcomes: str, verdict: str) -> None:
    words: dict[str, Outcome] = {"h": "holds", "u": "unknown", "f": "fails"}
    claims = [
        claim(f"t9.x{i}", source, stance, evidence=(evidence,))
        for i, (stance, source, evidence) in enumerate(rows)
    ]
    findings = {c.id: found(words[o]) for c, o in zip(claims, outcomes, strict=True)}
    (given,) = ledger.tabulate([claim("t9.ours"), *claims], findings).verdicts
    assert given.verdict == verdict
    assert given.claims == tuple(c.id for c in claims)
    assert given.statement == rows[0][1].split(",")[0]


def test_no_verdict_on_part_of_the_claims() -> None:
    claims = [claim("t9", "Theorem 9", "as_printed"), claim("t8", PROOF, "refutation")]
    assert ledger.run(claims, ["t9"], jobs=1).verdicts == ()
    assert len(ledger.run(claims, jobs=1).verdicts) == 1


# ---------------------------------------------------------------- answers


def test_json_answer() -> None:
    claims = [claim("t9", "Figure 9", "as_printed"), claim("t9.x", evidence=(FALSE,))]
    answer = ledger.run(claims, jobs=1).to_json()
    first, second = answer["claims"]
    assert {"id", "source", "stance", "outcome", "reach", "means", "seconds"} <= set(first)
    assert (first["id"], first["source"], first["stance"]) == ("t9", "Figure 9", "as_printed")
    assert (first["outcome"], first["reach"], first["means"]) == ("holds", "instance", "exact")
    assert (second["outcome"], second["reach"], second["means"]) == ("fails", None, None)
    assert first["seconds"] >= 0
    assert answer["verdicts"] == [{"statement": "Figure 9", "verdict": "true", "claims": ["t9"]}]


def test_rows_match_the_columns() -> None:
    for row in ledger.run([claim("t9"), claim("t8", evidence=(FALSE,))], jobs=1).rows():
        assert len(row) == len(ledger.COLUMNS)
        assert all(isinstance(cell, str) for cell in row)


# ---------------------------------------------------------------- processes


def without_times(table: ledger.Ledger) -> list[Any]:
    return [
        (e.claim, e.outcome, e.strength, [replace(f, seconds=0.0) for f in e.findings])
        for e in table.entries
    ]


def test_parallel_and_serial_agree() -> None:
    planted = [claim("t9.bad", evidence=(TRUE, FALSE, BROKEN)), claim("t9.good")]
    claims = [*planted, *(c for c in CLAIMS if c.id in {"t1.cost", "t1.left-tail", "t1.erratum-b"})]
    done: list[tuple[int, int, str]] = []
    serial = ledger.run(claims, jobs=1)
    parallel = ledger.run(claims, jobs=2, progress=lambda *step: done.append(step))
    assert without_times(parallel) == without_times(serial)
    assert parallel.verdicts == serial.verdicts
    tasks = sum(len(c.evidence) for c in claims)
    assert [step[:2] for step in done] == [(i + 1, tasks) for i in range(tasks)]
    assert {step[2] for step in done} == {c.id for c in claims}


def test_a_process_that_dies_leaves_unknown() -> None:
    claims = [claim("t9", evidence=(Exact(os._exit, (1,)), TRUE))]
    table = ledger.run(claims, jobs=2)
    assert table.entries[0].findings[0].outcome == "unknown"
    assert "died" in table.entries[0].findings[0].detail


def test_an_error_in_the_caller_leaves_no_process_behind() -> None:
    before = set(multiprocessing.active_children())

    def give_up(done: int, total: int, name: str) -> None:
        raise RuntimeError("enough")

    claims = [claim("t9", evidence=(TRUE, Exact(time.sleep, (60,)), Exact(time.sleep, (60,))))]
    with pytest.raises(RuntimeError, match="enough"):
        ledger.run(claims, jobs=2, progress=give_up)
    deadline = time.monotonic() + 10
    while set(multiprocessing.active_children()) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert set(multiprocessing.active_children()) <= before


def test_stopped_half_way_the_claims_that_are_done_are_told() -> None:
    claims = [
        claim("t8", uses=("t9",)),  # done, but what it uses is not
        claim("t7", source="Theorem 7", stance="as_printed", evidence=(TRUE, TRUE)),
        claim("t9", evidence=(TRUE, TRUE)),
    ]

    def stop(done: int, total: int, name: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(ledger.Interrupted) as stopped:
        ledger.run(claims, jobs=1, progress=stop)
    assert [entry.claim.id for entry in stopped.value.ledger.entries] == ["t7"]
    assert [verdict.statement for verdict in stopped.value.ledger.verdicts] == ["Theorem 7"]
    assert stopped.value.number == 3


def test_a_process_that_was_stopped_as_well_says_nothing_of_its_claim() -> None:
    claims = [claim("t8", evidence=(Exact(os._exit, (1,)),)), claim("t9")]

    def stop(done: int, total: int, name: str) -> None:
        if name == "t8":
            raise KeyboardInterrupt

    with pytest.raises(ledger.Interrupted) as stopped:
        ledger.run(claims, jobs=2, progress=stop)
    assert "t8" not in [entry.claim.id for entry in stopped.value.ledger.entries]


SLEEPER = """
import sys, time
from verify import ledger
from verify.claim import Claim, Exact

if __name__ == "__main__":
    evidence = (Exact(bool, (1,)), *(Exact(time.sleep, (60,)) for _ in range(4)))
    claims = [Claim("t9", "Sleeps.", "ours", "ours", (), evidence)]
    ledger.run(claims, jobs=2, progress=lambda *step: print("ready", flush=True))
"""


@pytest.mark.parametrize("group", [True, False], ids=["ctrl-c", "kill"])
def test_interrupt_ends_at_once_and_cleanly(tmp_path: Path, group: bool) -> None:
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=interruptible,  # noqa: PLW1509 - the tests start no threads
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"  # a worker has answered, another is asleep
    started = time.monotonic()
    if group:
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
    else:
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - started < 10
    assert process.returncode != 0
    assert errors.count("Traceback") == 1, errors  # the caller's own; none from the workers
    assert errors.rstrip().endswith("verify.ledger.Interrupted")
    with pytest.raises(ProcessLookupError):  # nobody of the group is left
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.1)
