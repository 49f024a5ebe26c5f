"""The theorems that Coq checks: they pass, and false ones planted among them do not.

How the checks themselves fare against cheats is tested on a small development, in
``tests/verify/test_proof_kernel.py``. Here the plants stand in the last files, since all that
depends on a file is compiled again.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import coq_here
from tests.terminal import Terminal
from theorems.catalogue import CLAIMS
from theorems.kernel import DEVELOPMENT, proved
from verify.identity import Identity
from verify.proofs.cache import cache_folder
from verify.proofs.coq import Rejected, Unavailable
from verify.proofs.kernel import Kernel, check
from verify.proofs.pins import Development, Pins

ROOT = Path(__file__).resolve().parents[2]
PINNED = Pins.parse(DEVELOPMENT.pinned_text())
PAGE = (ROOT / "docs" / "proofs.md").read_text("utf-8")

AXIOMS = {
    "propositional_extensionality",
    "functional_extensionality_dep",
    "constructive_indefinite_description",
}


def test_theorems_are_proved() -> None:
    try:
        report = check(DEVELOPMENT)
    except Unavailable as reason:
        coq_here.missing(str(reason))
    assert report.theorems == DEVELOPMENT.theorems
    assert {axiom.split(" ")[0] for axiom in report.axioms} == AXIOMS


# ---------------------------------------------------------------- planted

LAST = "t6_light_conditioning"
HEAD = DEVELOPMENT.sources()[LAST].partition("\nSection ")[0]
"""The file's imports: what is refused needs no more of it, and compiles sooner."""

WITNESS = "Theorem theorem6_witness : statements.theorem6_witness. Admitted.\n"

PLANTS = {
    "Admitted": (
        LAST,
        f"{HEAD}\nTheorem theorem6 : statements.theorem6. Admitted.\n{WITNESS}",
        f"{LAST}.theorem6_witness is assumed, not proved",
    ),
    # No theorem uses it, and what it stands beside is not compiled again.
    "an extra axiom": (
        "beside",
        "Axiom convenient : 0 = 1.\n",
        "goodhart.beside.convenient is an axiom: the files may have none of their own",
    ),
    "a weakened statement": (
        LAST,
        f"{HEAD}\nDefinition weakened : Prop := statements.theorem6 \\/ True.\n"
        f"Theorem theorem6 : weakened. Proof. by right. Qed.\n{WITNESS}",
        f"{LAST}.theorem6: speaks of {LAST}.weakened, which is not pinned",
    ),
    "a renamed theorem": (
        LAST,
        f"{HEAD}\nTheorem theorem_6 : statements.theorem6. Admitted.\n{WITNESS}",
        f"{LAST}.theorem6: there is none",
    ),
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with what is compiled of the files as they are."""
    try:
        check(DEVELOPMENT)
    except Unavailable as reason:
        coq_here.missing(str(reason))
    cache = tmp_path_factory.mktemp("cache")
    for made in cache_folder().glob("*.vo"):
        shutil.copy(made, cache)
    return cache


SLOW = {"an extra axiom", "a renamed theorem"}
"""They take 6 and 18 seconds here; ``tests/verify/proof_cheats.py`` has the same on small files."""


@pytest.mark.parametrize(
    "plant",
    [pytest.param(plant, marks=[pytest.mark.heavy] * (plant in SLOW)) for plant in PLANTS],
)
def test_plant_is_caught(plant: str, compiled: Path, tmp_path: Path) -> None:
    file, text, message = PLANTS[plant]
    planted = copy(tmp_path / "kernel")
    (planted.folder / f"{file}.v").write_text(text, "utf-8")
    said: list[str] = []
    with pytest.raises(Rejected) as caught:
        check(planted, compiled, said.append)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    # The guard caught it, not the compiler; and nothing else had to be compiled.
    assert [line.split(".v:")[0] for line in said if "compiled in" in line] == [file]


def copy(folder: Path) -> Development:
    folder.mkdir()
    for path in DEVELOPMENT.folder.iterdir():
        if path.suffix in {".v", ".txt"}:
            shutil.copy(path, folder)
    return dataclasses.replace(DEVELOPMENT, folder=folder)


# ---------------------------------------------------------------- without Coq


def test_make_prove_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "theorems.kernel"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("prove: not checked: no coqc here; ")
    assert DEVELOPMENT.install in done.stderr


def test_ci_installs_what_the_install_line_says() -> None:
    packages = re.search(r"^packages=\((.*)\)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert packages is not None
    assert DEVELOPMENT.install.endswith(packages[1])


def test_pins_are_of_the_theorems_listed() -> None:
    assert tuple(PINNED.theorems) == DEVELOPMENT.theorems
    assert {axiom.split(" ")[0] for axiom in PINNED.axioms} == AXIOMS
    for theorem, statement in PINNED.theorems.items():
        assert statement == f"statements.{theorem.partition('.')[2]}"


def test_every_statement_is_proved_in_the_file_it_names() -> None:
    """What statements.v says is proved is listed, and so checked."""
    file, stated = "", []
    for line in DEVELOPMENT.sources()["statements"].splitlines():
        if heading := re.match(r"\(\* -+ (\w+)\.v \*\)", line):
            file = heading[1]
        elif statement := re.match(r"Definition (\w+) : Prop :=", line):
            stated.append(f"{file}.{statement[1]}")
    assert tuple(stated) == DEVELOPMENT.theorems


def test_every_theorem_has_its_witness() -> None:
    theorems = {name for name in PINNED.constants if re.fullmatch(r"statements\.theorem\d", name)}
    assert len(theorems) == 3
    for name in theorems:
        # The hypotheses are one definition, so that theorem and witness cannot drift apart.
        for speaker in (name, f"{name}_witness"):
            assert f"{name}_hypotheses" in PINNED.constants[speaker]


def test_nothing_is_left_open() -> None:
    for name, text in DEVELOPMENT.sources().items():
        assert not re.search(r"\b(Admitted|admit|Axiom|Parameter|Conjecture)\b", text), name


def test_a_proof_that_is_not_there_cannot_be_cited() -> None:
    assert proved("t1_heavy_tails.theorem1").theorem == "t1_heavy_tails.theorem1"
    with pytest.raises(ValueError, match=r"no theorem 't1_heavy_tails\.theorem7'"):
        proved("t1_heavy_tails.theorem7")


# ---------------------------------------------------------------- the page


def shown(page: str) -> list[str]:
    """What the page shows as Coq prints it."""
    return re.findall(r"^```coq\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_is_pinned() -> None:
    blocks = [block.strip("\n") for block in shown(PAGE)]
    assert sorted(blocks) == sorted([*PINNED.constants.values()])


def test_a_page_out_of_date_is_caught() -> None:
    planted = PAGE.replace("right_heavy Q X", "right_light Q X", 1)
    assert planted != PAGE
    assert sorted(b.strip("\n") for b in shown(planted)) != sorted(PINNED.constants.values())


def test_the_page_names_theorems_axioms_and_how_to_install() -> None:
    for name in (*DEVELOPMENT.theorems, *AXIOMS):
        assert f"`{name}`" in PAGE, name
    assert DEVELOPMENT.install.partition(": ")[2] in PAGE


# ---------------------------------------------------------------- goodhart verify


@pytest.fixture
def said_by_verify(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What ``goodhart verify`` says of t1 under a search path.

    The claim is left one identity and its proof: all else that is run for t1 is tests of its own,
    in ``tests/test_claims.py``.
    """

    def verify(path: str) -> str:
        (claim,) = (claim for claim in CLAIMS if claim.id == "t1")
        kinds = (Identity, Kernel)
        kept = tuple(each for each in claim.evidence if isinstance(each, kinds))
        assert len(kept) == len(kinds)
        monkeypatch.setattr(
            "theorems.catalogue.CLAIMS", (dataclasses.replace(claim, uses=(), evidence=kept),)
        )
        monkeypatch.setenv("PATH", path)
        done = terminal("verify", "--select", "t1", "--jobs", "1")
        assert done.status == 0, done
        return done.out

    return verify


def test_verify_says_that_a_claim_is_proved(
    compiled: Path, said_by_verify: Callable[[str], str]
) -> None:
    assert "\nt1: proved in Coq as well\n" in said_by_verify(os.environ["PATH"])


def test_verify_holds_without_coq_and_says_what_is_missing(
    tmp_path: Path, said_by_verify: Callable[[str], str]
) -> None:
    said = said_by_verify(str(tmp_path))
    assert f"\nt1: not checked in Coq: no coqc here; {DEVELOPMENT.install}\n" in said


@pytest.mark.parametrize(("required", "outcome"), [("", "1 skipped"), ("1", "1 failed")])
def test_a_test_that_needs_coq_is_skipped_or_fails(
    required: str, outcome: str, tmp_path: Path
) -> None:
    test = "tests/theorems/test_kernel.py::test_theorems_are_proved"
    options = ("-p", "no:xdist", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, test],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "GOODHART_REQUIRE_COQ": required},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome in done.stdout
    assert f"no coqc here; {DEVELOPMENT.install}" in done.stdout.replace("\n", " ")
