"""Proofs that pass, and the ways to cheat that we could think of, on a development of a few lines.

It needs Coq alone, no library. Without Coq the tests that need it are skipped.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import coq_here
from tests.signals import interruptible
from tests.verify.proof_cheats import CHEATS, PROOF, SHUFFLE
from verify import ledger
from verify.claim import Claim, Exact
from verify.ledger import LedgerError, Strength
from verify.proofs.coq import PROGRAMS, Coq, Rejected, Unavailable
from verify.proofs.kernel import Kernel, check, pin
from verify.proofs.pins import PINS, Development, Pins

ROOT = Path(__file__).resolve().parents[2]

FILES = {
    "library": "Require Export PeanoNat.\n",
    "definitions": """\
From toy Require Import library.
Definition twice (n : nat) := n + n.
Definition even (n : nat) := exists k, n = twice k.
""",
    "statements": """\
From toy Require Import library definitions.
Definition sum_is_even : Prop := forall m n, even m -> even n -> even (m + n).
""",
    "lemmas": """\
From toy Require Import library definitions.
Lemma twice_plus m n : twice m + twice n = twice (m + n).
Proof. apply Nat.add_shuffle1. Qed.
""",
    "proofs": """\
From toy Require Import library definitions statements lemmas.
Theorem sum_is_even : statements.sum_is_even.
Proof. intros m n [k ->] [l ->]; exists (k + l); apply twice_plus. Qed.
""",
}

TOY = Development(
    Path(), "toy", "library", "Require Import PeanoNat.", ("proofs.sum_is_even",), "8", "get it"
)


def write(folder: Path) -> Development:
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / f"{name}.v").write_text(text)
    return dataclasses.replace(TOY, folder=folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is compiled in these tests is remembered among them only."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def pins(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Pins:
    try:
        Coq.find()
    except Unavailable as reason:
        coq_here.missing(str(reason))
    return pin(write(tmp_path_factory.mktemp("pins") / "toy"), cache)


@pytest.fixture
def toy(tmp_path: Path, pins: Pins) -> Development:
    development = write(tmp_path / "toy")
    (development.folder / PINS).write_text(pins.render())
    return development


def edit(development: Development, file: str, old: str, new: str) -> None:
    path = development.folder / f"{file}.v"
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))


def test_what_is_proved_passes(toy: Development, pins: Pins, cache: Path) -> None:
    report = check(toy, cache)
    assert report.theorems == ("proofs.sum_is_even",)
    assert report.axioms == ()
    assert pins.theorems == {"proofs.sum_is_even": "statements.sum_is_even"}
    # All that the statement speaks of: `even`, and what that speaks of.
    assert pins.constants == {
        "definitions.twice": "definitions.twice = fun n : nat => n + n",
        "definitions.even": "definitions.even = "
        "fun n : nat => exists k : nat, n = definitions.twice k",
        "statements.sum_is_even": "statements.sum_is_even =\n"
        "forall m n : nat, definitions.even m -> definitions.even n -> definitions.even (m + n)",
    }
    assert pins.explicit.keys() == pins.theorems.keys() | pins.constants.keys()
    assert Pins.parse(pins.render()) == pins


# ---------------------------------------------------------------- cheats


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheat_is_caught(cheat: str, toy: Development, cache: Path) -> None:
    edits, message = CHEATS[cheat]
    for planted in edits:
        edit(toy, *planted)
    with pytest.raises(Rejected) as caught:
        check(toy, cache)
    line = str(caught.value)
    assert message in line
    assert "\n" not in line


def test_pins_that_are_missing_or_spoilt(toy: Development, pins: Pins, cache: Path) -> None:
    target = toy.folder / PINS
    target.write_text(target.read_text() + "\n== lemma x\ny\n")
    with pytest.raises(Rejected, match="no section is called 'lemma'"):
        check(toy, cache)
    target.unlink()
    with pytest.raises(Rejected, match=r"pinned\.txt: no such file"):
        check(toy, cache)


def test_a_pin_too_many_is_found(toy: Development, pins: Pins, cache: Path) -> None:
    extra = {**pins.constants, "lemmas.twice_plus": "lemmas.twice_plus : more"}
    (toy.folder / PINS).write_text(dataclasses.replace(pins, constants=extra).render())
    with pytest.raises(Rejected, match=r"lemmas\.twice_plus"):
        check(toy, cache)


def test_compiled_files_that_lie_about_are_not_used(toy: Development, cache: Path) -> None:
    with_coq = Coq.find()
    for name, _ in with_coq.order(toy.folder, "toy"):
        with_coq.compile(toy.folder, "toy", name)
    edit(toy, "proofs", PROOF, "Admitted.")
    for _ in range(2):  # nor is it remembered as anything but wrong
        with pytest.raises(Rejected, match="assumed, not proved"):
            check(toy, cache)


# ---------------------------------------------------------------- what is remembered


class Recorder(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)

    @property
    def compiled(self) -> list[str]:
        return [line.split(".v:")[0] for line in self if "compiled in" in line]


def test_what_passed_is_remembered(toy: Development, tmp_path: Path) -> None:
    first, second, third = Recorder(), Recorder(), Recorder()
    fresh = tmp_path / "fresh"
    assert check(toy, fresh, first) == check(toy, fresh, second)
    assert sorted(first.compiled) == sorted(FILES)
    assert second == []
    edit(toy, "lemmas", SHUFFLE, f"{SHUFFLE}\n(* no change *)")
    check(toy, fresh, third)
    assert third.compiled == ["lemmas"]  # to the same as before, so that nothing else need be
    for report in fresh.glob("*.json"):
        report.write_text('{"version": 1')
    fourth = Recorder()
    check(toy, fresh, fourth)
    assert fourth.compiled == []
    assert "coqchk: nothing to object" in fourth


def test_a_setting_is_part_of_what_is_remembered(toy: Development, cache: Path) -> None:
    check(toy, cache)
    with pytest.raises(Rejected, match=r"lemmas\.twice_plus: is not pinned|speaks of"):
        check(dataclasses.replace(toy, theorems=(*toy.theorems, "lemmas.twice_plus")), cache)


def test_a_forged_compiled_file_proves_nothing(toy: Development, tmp_path: Path) -> None:
    honest, forged = tmp_path / "honest", tmp_path / "forged"
    check(toy, honest)
    shutil.copytree(honest, forged)
    cheat = write(tmp_path / "cheat" / "toy")
    shutil.copy(toy.folder / PINS, cheat.folder)
    edit(cheat, "proofs", PROOF, "Admitted.")
    with pytest.raises(Rejected):
        check(cheat, forged)
    (made,) = {p.name for p in forged.glob("*.vo")} - {p.name for p in honest.glob("*.vo")}
    (proofs,) = (p for p in honest.glob("*.vo") if {b"sum_is_even", b"lemmas"} <= words(p))
    shutil.copy(forged / made, proofs)
    for report in honest.glob("*.json"):
        report.unlink()
    with pytest.raises(Rejected, match=r"proofs\.sum_is_even is assumed, not proved"):
        check(toy, honest)


def words(path: Path) -> set[bytes]:
    return set(re.findall(rb"\w+", path.read_bytes()))


CHECKER = """
import sys
from pathlib import Path
from tests.verify.test_proof_kernel import TOY
from verify.proofs.kernel import check
import dataclasses

toy = dataclasses.replace(TOY, folder=Path(sys.argv[1]))
check(toy, Path(sys.argv[2]), lambda line: print(line, flush=True))
print("passed")
"""


def start(toy: Development, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHECKER, str(toy.folder), str(cache)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=interruptible,  # noqa: PLW1509 - the tests start no threads
    )


def test_processes_wait_for_each_other(toy: Development, tmp_path: Path) -> None:
    both = [start(toy, tmp_path / "shared") for _ in range(2)]
    said = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(lines.endswith("passed\n") for lines in said)
    assert sum(lines.count("compiled in") for lines in said) == len(FILES)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_check_leaves_nothing_half_done(
    how: signal.Signals, toy: Development, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    process = start(toy, shared)
    assert process.stdout is not None
    assert "compiled in" in process.stdout.readline()
    process.send_signal(how)
    process.communicate(timeout=100)
    assert process.returncode != 0
    if how is not signal.SIGKILL:  # then the compiler that was running comes to its end by itself
        with pytest.raises(ProcessLookupError):
            for _ in range(20):
                os.killpg(process.pid, 0)
                time.sleep(0.05)
    assert list(shared.glob("*.json")) == []
    assert check(toy, shared).theorems == toy.theorems
    assert list(shared.glob("work-*")) == []


def test_a_cache_that_cannot_be_written_is_no_failure(toy: Development, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert check(toy, tmp_path / "file" / "cache").theorems == toy.theorems


# ---------------------------------------------------------------- installations


def pretend(folder: Path, **programs: str) -> str:
    """A search path with programs that are shell scripts."""
    folder.mkdir()
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


OLD = "echo 'The Coq Proof Assistant, version 7.4'; [ $1 = -where ] && echo /nowhere; exit 0"
INSTALLATIONS = {
    "nothing": ({}, "no coqc here; get it"),
    "no checker": ({"coqc": OLD, "coqdep": OLD}, "no coqchk here; get it"),
    "broken": (dict.fromkeys(PROGRAMS, "exit 127"), "coqc does not run; get it"),
    "another version": (dict.fromkeys(PROGRAMS, OLD), "Coq 7.4 is here, and 8 is meant; get it"),
}


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_without_coq_the_finding_is_unknown(
    installation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, message = INSTALLATIONS[installation]
    development = write(tmp_path / "toy")
    monkeypatch.setenv("PATH", pretend(tmp_path / "bin", **programs))
    finding = Kernel("proofs.sum_is_even", development).run()
    assert finding.outcome == "unknown"
    assert finding.detail.startswith("proofs.sum_is_even: ")
    assert finding.detail.endswith(message)


def test_what_passed_before_does_not_count_without_coq(
    toy: Development, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    evidence = Kernel("proofs.sum_is_even", toy)
    assert evidence.run().outcome == "holds"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert evidence.run().outcome == "unknown"


def test_a_missing_library_is_unknown_and_not_false(
    toy: Development, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(toy, "library", "Require Export PeanoNat", "From nowhere Require Export PeanoNat")
    with pytest.raises(Unavailable, match=r"not the libraries that are meant .*; get it"):
        check(toy, cache)


# ---------------------------------------------------------------- in the ledger


def claim(*evidence: object) -> Claim:
    return Claim("t9", "Says t9.", "Theorem 9", "as_printed", (), evidence)  # type: ignore[arg-type]


TRUE, FALSE = Exact(bool, (1,)), Exact(bool, (0,))
PROOF_OF_NOTHING = Kernel("proofs.x", TOY)  # never run here


def test_evidence_in_the_ledger(
    toy: Development, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    proof = Kernel("proofs.sum_is_even", toy)
    (entry,) = ledger.run([claim(TRUE, proof)], jobs=2).entries
    assert (entry.outcome, entry.strength) == ("holds", Strength("all", "kernel"))
    assert [finding.outcome for finding in entry.proofs] == ["holds"]
    edit(toy, "proofs", PROOF, "Admitted.")
    (entry,) = ledger.run([claim(TRUE, proof)], jobs=1).entries
    assert (entry.outcome, entry.strength) == ("fails", None)
    assert "assumed, not proved" in entry.detail
    assert Kernel("proofs.another", toy).run().outcome == "fails"


@pytest.mark.parametrize(
    ("other", "proof", "outcome", "means"),
    [
        ("holds", "holds", "holds", "kernel"),
        ("holds", "unknown", "holds", "exact"),
        ("holds", "fails", "fails", None),
        # Nothing rests on Kernel alone.
        ("unknown", "holds", "unknown", None),
        ("fails", "holds", "fails", None),
    ],
)
def test_how_a_proof_counts(other: str, proof: str, outcome: str, means: str | None) -> None:
    findings = [
        dataclasses.replace(TRUE.run(), outcome=found, detail=f"{name} {found}")
        for name, found in (("other", other), ("proof", proof))
    ]
    (entry,) = ledger.tabulate([claim(TRUE, PROOF_OF_NOTHING)], {"t9": findings}).entries
    assert entry.outcome == outcome
    assert (entry.strength.means if entry.strength else None) == means
    assert [finding.detail for finding in entry.proofs] == [f"proof {proof}"]
    answer = entry.to_json()["evidence"]
    assert [(e["kind"], e["outcome"]) for e in answer] == [("exact", other), ("kernel", proof)]
    if outcome == "fails":
        assert entry.detail.endswith("fails")


def test_no_claim_rests_on_a_proof_alone() -> None:
    with pytest.raises(LedgerError, match="needs evidence beside Kernel"):
        ledger.in_order([claim(PROOF_OF_NOTHING)])
