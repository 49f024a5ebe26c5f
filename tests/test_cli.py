"""The command line: exit statuses, one clear line for bad input, and files that are whole.

Commands run in this process where they can; only what needs a process of its own (a signal, a
standard output that is full) gets one.
"""

from __future__ import annotations

import csv
import io
import json
import signal
from decimal import Decimal
from pathlib import Path
from signal import SIGTERM
from typing import Any

import numpy as np
import pytest

import verify.construction
from tests.terminal import Terminal, listing
from verify.assertion import Target
from verify.certificate import undecided
from verify.claim import Claim, Exact
from verify.laws import normal

ROOT = Path(__file__).resolve().parent.parent

HEAVY = ("construct", "pareto(alpha=3)", "--mean", "20", "--kl", "0.5")
LIGHT = ("construct", "normal()", "--mean", "1", "--kl", "0.01")
TILT = ("construct", "normal()", "--mean", "1", "--kl", "1")
BARELY = ("construct", 'tail(log_sf="-x/log(x)", lower="exp(1)")', "--mean", "99", "--kl", "0.01")


# ---------------------------------------------------------------- help, exit statuses


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ((), ("verify", "construct", "check", "laws")),
        (("verify",), ("--select", "--json", "--csv", "--jobs", "Exit status")),
        (("construct",), ("LAW", "--mean", "--kl", "--utility", "--sample", "Exit status")),
        (("check",), ("FILE", "--data", "--json", "Exit status")),
        (("laws",), ("--json", "--csv")),
    ],
)
def test_help(terminal: Terminal, command: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = terminal(*command, "--help")
    assert (done.status, done.err) == (0, "")
    for word in words:
        assert word in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_no_arguments_are_a_call_for_help(terminal: Terminal) -> None:
    assert terminal() == terminal("--help")


@pytest.mark.parametrize(
    ("arguments", "status", "verdict"),
    [(HEAVY, 0, "COUNTEREXAMPLE"), (TILT, 0, "COUNTEREXAMPLE"), (LIGHT, 3, "IMPOSSIBLE")],
)
def test_construct_says_what_it_decided(
    terminal: Terminal, arguments: tuple[str, ...], status: int, verdict: str
) -> None:
    done = terminal(*arguments)
    assert (done.status, done.err) == (status, "")
    assert done.out.startswith(f"{verdict}: ")
    assert listing() == []


def test_undecided(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object) -> Any:
        return undecided(normal(), Target(Decimal(1), Decimal(1)), "nothing was tried")

    monkeypatch.setattr(verify.construction, "construct", give_up)
    done = terminal(*LIGHT, "--out", "c.json")
    assert done.status == 4
    assert done.out.startswith("UNDECIDED: ")
    assert "nothing was tried" in done.out
    assert terminal("check", "c.json").status == 1


def claim(name: str, holds: bool) -> Claim:
    evidence = Exact(given=(0,), check=lambda _: holds)
    return Claim(name, "Planted.", "ours", "ours", (), (evidence,))


@pytest.mark.parametrize("holds", [True, False])
def test_verify_fails_where_a_claim_does(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, holds: bool
) -> None:
    claims = (claim("a", True), claim("b", holds))
    monkeypatch.setattr("theorems.catalogue.CLAIMS", claims)
    done = terminal("verify", "--jobs", "1")
    assert done.status == (0 if holds else 1), done
    assert f"{1 + holds} of 2 claims hold" in done.out
    assert ("b: fails" in done.out) is not holds
    answer = json.loads(terminal("verify", "--jobs", "1", "--json", "-").out)
    outcomes = [entry["outcome"] for entry in answer["claims"]]
    assert outcomes == ["holds", "holds" if holds else "fails"]


def test_verify_when_it_is_stopped_tells_what_is_done(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    stopped = Claim("b", "Stops.", "ours", "ours", (), (Exact(signal.raise_signal, (SIGTERM,)),))
    monkeypatch.setattr("theorems.catalogue.CLAIMS", (claim("a", True), stopped, claim("c", True)))
    done = terminal("verify", "--jobs", "1", "--json", str(tmp_path / "ledger.json"))
    assert done.status == 130
    assert "1 of 1 claims hold" in done.out
    assert done.err.splitlines() == [
        "stopped: 1 of 3 claims are done; no file is written",
        "interrupted; nothing was left half-written",
    ]
    assert not any(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGTERM) == before
    assert terminal("verify", "--jobs", "1", "--json", "-").out == ""


def test_a_long_table_is_not_cut(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "x" * 50
    monkeypatch.setattr("theorems.catalogue.CLAIMS", (claim(name, True),))
    assert name in terminal("verify", "--jobs", "1").out


# ---------------------------------------------------------------- bad input

REFUSED = {
    "no such command": (("frobnicate",), "no such command 'frobnicate'"),
    "no such option": (("check", "c.json", "--dta", "x"), "no such option: --dta"),
    "no such option before a law": (("construct", "--mea", "1", "normal()"), "--mean"),
    "no such option after a law": ((*LIGHT, "--siz=3"), "no such option: --siz"),
    "no law": (("construct", "--mean", "1", "--kl", "1"), "missing argument"),
    "no mean": (("construct", "normal()", "--kl", "1"), "missing option '--mean'"),
    "no kl": (("construct", "normal()", "--mean", "1"), "missing option '--kl'"),
    "no file": (("check",), "missing argument"),
    "two laws": ((*LIGHT, "normal()"), "unexpected extra argument"),
    "an option without its value": (("construct", "normal()", "--mean"), "--mean"),
    "unknown law": (("construct", "nrmal()", "--mean", "1", "--kl", "1"), "did you mean normal"),
    "no parentheses": (("construct", "normal", "--mean", "1", "--kl", "1"), "normal(mu=0"),
    "unknown parameter": (("construct", "pareto(b=1)", "--mean", "1", "--kl", "1"), "alpha"),
    "missing parameter": (("construct", "pareto()", "--mean", "1", "--kl", "1"), "alpha"),
    "bad parameter": (("construct", "pareto(alpha=-1)", "--mean", "1", "--kl", "1"), "alpha"),
    "not a law": (("construct", "3", "--mean", "1", "--kl", "1"), "point(3)"),
    "empty law": (("construct", "", "--mean", "1", "--kl", "1"), "position 1"),
    "code as a law": (
        ("construct", "__import__('os')", "--mean", "1", "--kl", "1"),
        "position 1",
    ),
    "not a tail": (
        ("construct", 'tail(log_sf="x", lower=0)', "--mean", "1", "--kl", "1"),
        "increases",
    ),
    "no such data": (
        ("construct", 'empirical("gone.csv")', "--mean", "1", "--kl", "1"),
        "gone.csv: no such file",
    ),
    "mean in words": (("construct", "normal()", "--mean", "one", "--kl", "1"), "mean: expected"),
    "mean NaN": (("construct", "normal()", "--mean", "nan", "--kl", "1"), "mean: expected"),
    "mean infinite": (("construct", "normal()", "--mean", "inf", "--kl", "1"), "mean: expected"),
    "mean too large": (("construct", "normal()", "--mean", "1e999", "--kl", "1"), "up to 300"),
    "kl zero": (("construct", "normal()", "--mean", "1", "--kl", "0"), "kl: expected"),
    "kl negative": (("construct", "normal()", "--mean", "1", "--kl", "-1"), "kl: expected"),
    "bad utility": ((*HEAVY, "--utility", "nrmal()"), "--utility: law: position 1"),
    "size zero": ((*HEAVY, "--size", "0"), "'--size'"),
    "size in words": ((*HEAVY, "--size", "many"), "'--size'"),
    "seed negative": ((*HEAVY, "--seed", "-1"), "'--seed'"),
    "wrong picture": ((*HEAVY, "--plot", "p.gif"), ".png, .svg, .pdf"),
    "no name": ((*HEAVY, "--out", ""), "--out: expected the name of a file"),
    "stdout twice": ((*HEAVY, "--out", "-", "--csv", "-"), "both go to standard output"),
    "a file twice": ((*HEAVY, "--out", "c", "--json", "./c"), "both go to ./c"),
    "unknown claim": (("verify", "--select", "t99"), "no claim is called 't99'"),
    "no jobs": (("verify", "--jobs", "0"), "'--jobs'"),
    "stdout twice for verify": (("verify", "--json", "-", "--csv", "-"), "standard output"),
    "an argument for laws": (("laws", "normal()"), "unexpected extra argument"),
    "no such certificate": (("check", "gone.json"), "cannot read gone.json: no such file"),
    "a directory as certificate": (("check", "."), "is a directory"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_one_clear_line(
    terminal: Terminal, arguments: tuple[str, ...], words: str
) -> None:
    line = terminal.refused(*arguments)
    assert words in line
    assert "Traceback" not in line
    assert terminal.raw == b""
    assert listing() == []


@pytest.mark.parametrize(
    ("target", "words"),
    [("gone/c.json", "no such file or directory"), (".", "is a directory"), ("f/c", "directory")],
)
@pytest.mark.parametrize("option", ["--out", "--json", "--csv", "--sample"])
def test_unwritable(terminal: Terminal, option: str, target: str, words: str) -> None:
    Path("f").write_text("a file, not a directory")
    if option == "--sample" and target != ".":
        target += ".npy"
    line = terminal.refused(*HEAVY, option, target)
    assert line.startswith(f"cannot write {target}: ")
    assert words in line
    assert listing() == ["f"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"hello", "not JSON"),
        (b"{}", "missing"),
        (b"[" * 60_000, "nested too deeply"),
        (b" " * 70_000, "at most 65536"),
    ],
)
def test_not_a_certificate(terminal: Terminal, content: bytes, words: str) -> None:
    Path("c.json").write_bytes(content)
    assert words in terminal.refused("check", "c.json")
    assert terminal.raw == b""


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        ((*LIGHT, "--sample", "s.npy"), "no law to draw from", 3),
        ((*BARELY, "--sample", "s.npy"), "no float64 lies beyond", 0),
        ((*BARELY, "--plot", "p.png"), "too far out to draw", 0),
    ],
)
def test_what_cannot_be_had_is_a_note_after_the_answer(
    terminal: Terminal, arguments: tuple[str, ...], words: str, status: int
) -> None:
    done = terminal(*arguments, "--out", "c.json")
    assert done.status == status
    assert done.err.startswith("goodhart: not written: ") and words in done.err
    assert terminal.raw != b""
    assert listing() == ["c.json"]
    assert terminal("check", "c.json").status == 0


# ---------------------------------------------------------------- laws that begin with '-'


def test_a_law_may_begin_with_a_minus_sign(terminal: Terminal) -> None:
    law = "-pareto(alpha=2)"
    for arguments in (
        ("construct", law, "--mean", "-0.5", "--kl", "1"),
        ("construct", "--mean", "-0.5", "--kl=1", law),
        ("construct", "--mean", "-0.5", "--kl=1", "--", law),
        ("construct", "--normal()", "--mean", "4", "--kl", "1"),
    ):
        assert terminal(*arguments).status == 3
    done = terminal(*HEAVY, "--utility", law)
    assert done.status == 0
    assert "E V <= -1" in done.out


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    "arguments", [HEAVY, LIGHT, TILT, ("laws",), ("verify", "--select", "t1.rate", "--jobs", "1")]
)
@pytest.mark.parametrize("option", ["--json", "--csv"])
def test_stdout_carries_the_answer_alone(
    terminal: Terminal, arguments: tuple[str, ...], option: str
) -> None:
    printed = terminal(*arguments, option, "-")
    quiet = terminal(*arguments, option, "answer")
    written = Path("answer").read_text()
    assert printed.err == quiet.err == ""
    assert printed.status == quiet.status
    if arguments[0] != "verify":  # its answer has times in it
        assert printed.out == written
    if option == "--json":
        assert isinstance(json.loads(printed.out), dict)
    else:
        rows = list(csv.reader(io.StringIO(printed.out, newline="")))
        assert len(rows) > 1
        assert {len(row) for row in rows} == {len(rows[0])}
    assert listing() == ["answer"]


def test_out_carries_the_certificate_alone(terminal: Terminal) -> None:
    done = terminal(*HEAVY, "--out", "-")
    assert json.loads(done.out)["verdict"] == "counterexample"
    assert terminal(*HEAVY, "--out", "c.json").out.startswith("COUNTEREXAMPLE")
    assert Path("c.json").read_text() == done.out


def test_csv_is_quoted(terminal: Terminal) -> None:
    printed = terminal("laws", "--csv", "-").out
    rows = list(csv.reader(io.StringIO(printed, newline="")))
    answer = json.loads(terminal("laws", "--json", "-").out)["laws"]
    assert [dict(zip(rows[0], row, strict=True)) for row in rows[1:]] == answer
    assert any("," in row["signature"] for row in answer)


def test_csv_of_an_answer_has_its_enclosures(terminal: Terminal) -> None:
    printed = terminal(*LIGHT, "--csv", "-").out
    certificate = json.loads(terminal(*LIGHT, "--json", "-").out)
    low, high = certificate["enclosures"]["mean_bound"]
    assert printed == f"quantity,low,high\nmean_bound,{low},{high}\n"


def test_utility_of_an_impossibility_is_answered(terminal: Terminal) -> None:
    done = terminal(*LIGHT, "--utility", "normal()")
    assert done.status == 3
    assert "none to bound" in done.err


# ---------------------------------------------------------------- check


def edited(**changes: Any) -> None:
    """Edit c.json."""
    certificate = json.loads(Path("c.json").read_text())
    Path("c.json").write_text(json.dumps(certificate | changes))


def test_check(terminal: Terminal) -> None:
    terminal(*HEAVY, "--out", "c.json")
    done = terminal("check", "c.json")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("valid: counterexample")
    answer = json.loads(terminal("check", "c.json", "--json", "-").out)
    assert answer["valid"] is True
    assert answer["faults"] == []


def test_check_of_a_tampered_file(terminal: Terminal) -> None:
    terminal(*HEAVY, "--out", "c.json")
    edited(target={"mean": "21", "kl": "0.5"})
    done = terminal("check", "c.json")
    assert done.status == 1
    assert done.out.startswith("INVALID: ")
    assert "do not prove" in done.err
    done = terminal("check", "c.json", "--json", "-")
    assert done.status == 1
    assert json.loads(done.out)["valid"] is False


def test_check_with_the_data(terminal: Terminal) -> None:
    for name, last in (("right", 4), ("wrong", 5)):
        Path(f"{name}.csv").write_text(f"reward\n1\n2\n{last}\n")
    construct = ("construct", 'empirical("right.csv")', "--mean", "3", "--kl", "0.5")
    assert terminal(*construct, "--out", "c.json").status == 0
    assert terminal("check", "c.json", "--data", "right.csv").status == 0
    done = terminal("check", "c.json", "--data", "wrong.csv")
    assert done.status == 1
    assert "sha256 differs" in done.err
    assert "--data FILE" in terminal.refused("check", "c.json")
    assert "gone.csv" in terminal.refused("check", "c.json", "--data", "gone.csv")
    terminal(*HEAVY, "--out", "c.json")
    assert "leave it out" in terminal.refused("check", "c.json", "--data", "right.csv")


def test_own_rewards(terminal: Terminal) -> None:
    rng = np.random.default_rng(5)
    np.save("rewards.npy", rng.standard_normal(2000))
    construct = ("construct", 'empirical("rewards.npy")', "--mean", "2", "--kl", "0.5")
    done = terminal(*construct, "--out", "c.json")
    assert done.status == 3
    assert "optimum      the best mean at this KL is " in done.out
    assert "finite bound mass from " in done.out
    answer = json.loads(terminal(*construct, "--json", "-").out)
    low, high = map(float, answer["frontier"])
    assert 0.9 < low <= high < 1.1  # sqrt(2 KL) = 1 for a standard normal; its mean is off by 0.02
    assert float(answer["finite_bound"]["mean"][0]) < low
    assert terminal("check", "c.json", "--data", "rewards.npy").status == 0
