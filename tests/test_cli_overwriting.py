"""An output that is a file which the command reads is refused: nobody's data are overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.terminal import Terminal, listing

REWARDS = "prompt,reward\na,1\na,2\nb,0\nb,4\n"
COLUMNS = ("--prompt", "prompt", "--reward", "reward")
LAW = 'empirical("r.csv", column="reward")'
MOVED = f"mixture(0.5*normal(), 0.5*(1 + 2*{LAW}))"
CONSTRUCT = ("construct", LAW, "--mean", "2", "--kl", "0.1")
OF_UTILITY = ("construct", "normal()", "--mean", "0.1", "--kl", "0.1", "--utility", MOVED)


@pytest.fixture
def here(terminal: Terminal) -> Terminal:
    """A file of rewards, two more names for it, and a certificate about it."""
    Path("r.csv").write_text(REWARDS)
    os.symlink("r.csv", "link.svg")
    os.link("r.csv", "hard.npy")
    assert terminal(*CONSTRUCT, "--out", "c.json").status == 0
    return terminal


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (("frontier", "--per-prompt", "r.csv", *COLUMNS, "--split", "r.csv"), "r.csv"),
        (("frontier", "--per-prompt", "r.csv", *COLUMNS, "--plot", "link.svg"), "link.svg"),
        (("frontier", MOVED, "--csv", "./r.csv"), "./r.csv"),
        ((*CONSTRUCT, "--csv", "r.csv"), "r.csv"),
        ((*CONSTRUCT, "--out", "d.json", "--sample", "hard.npy"), "hard.npy"),
        ((*OF_UTILITY, "--json", "r.csv"), "r.csv"),
        ((*OF_UTILITY, "--utility-mean", "3", "--out", "r.csv"), "r.csv"),
        (("utility", LAW, "normal()", "--csv", "r.csv"), "r.csv"),
        (("utility", "normal()", f"-{LAW}", "--json", "r.csv"), "r.csv"),
        (("check", "c.json", "--data", "r.csv", "--json", "r.csv"), "r.csv"),
        (("check", "c.json", "--data", "r.csv", "--json", "c.json"), "c.json"),
    ],
)
def test_what_is_read_is_not_overwritten(
    here: Terminal, arguments: tuple[str, ...], target: str
) -> None:
    before = {name: Path(name).read_bytes() for name in listing()}
    said = here.refused(*arguments)
    assert f": {target} is a file that is read here, and it would be overwritten" in said
    assert {name: Path(name).read_bytes() for name in listing()} == before


def test_two_names_of_one_file_are_refused(here: Terminal) -> None:
    """Hard links: the paths differ, the file does not."""
    Path("one.json").write_text("")
    os.link("one.json", "two.csv")
    said = here.refused("frontier", "normal()", "--json", "one.json", "--csv", "two.csv")
    assert said == "--json and --csv are one file, two.csv; name two files"


def test_other_files_are_written_over(here: Terminal) -> None:
    """The data of another law, of no law, or a file of an earlier run: that is what was asked."""
    Path("old.csv").write_text("old")
    assert here("frontier", LAW, "--csv", "old.csv").status == 0
    assert Path("old.csv").read_text().startswith("side,budget")
    assert here("frontier", "normal()", "--csv", "r.csv").status == 0
    assert Path("r.csv").read_text().startswith("side,budget")


def test_a_law_that_cannot_be_read_is_refused_as_such(here: Terminal) -> None:
    said = here.refused("frontier", 'empirical("r.csv"', "--csv", "r.csv")
    assert said.startswith("law: position") and Path("r.csv").read_text() == REWARDS
