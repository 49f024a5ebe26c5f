"""``construct --utility-mean`` at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.terminal import Terminal, listing

HEAVY = ("construct", "pareto(alpha=2)", "--mean", "100", "--kl", "0.01")
LIGHT = ("construct", "normal()", "--mean", "0.5", "--kl", "0.15")
TOUCHING = ("construct", "normal()", "--mean", "-1", "--kl", "0.125")
DOWN = ("--utility", "student_t(df=3)", "--utility-mean", "-50")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((*HEAVY, *DOWN), 0, ("E_P V below -50 at KL below 0.01", "(-V)", "E_P V        -50.0000")),
        (
            (*LIGHT, "--utility", "exponential()", "--utility-mean", "1.2"),
            0,
            ("E_P V above 1.2", "E_P X        0.50000000", "exp(l V - K(l))"),
        ),
        (
            (*LIGHT, "--utility", "-exponential()", "--utility-mean", "-1.5"),
            3,
            ("K_(-V)(r)", "where E_P (-V) >= v = 1.5", "r = 0.3333"),
        ),
        (
            (*HEAVY, "--utility", "normal()", "--utility-mean", "0.3"),
            3,
            ("E_P V <= (KL + K(l))/l <= 0.14142",),
        ),
        (
            (*HEAVY, "--utility", "uniform(low=0, high=1)", "--utility-mean", "1"),
            3,
            ("E_P V above 1 at KL below 0.01", "E_P V <= (KL + K(l))/l <= 0.54"),
        ),
        (
            (*LIGHT, "--utility", "student_t(df=3)", "--utility-mean", "9", "--mean", "2"),
            3,
            ("E_P X <= (KL + K(l))/l",),
        ),
        (
            (*TOUCHING, "--utility", "normal()", "--utility-mean", "0.5"),
            4,
            ("UNDECIDED: E_P X above -1 and E_P V above 0.5",),
        ),
    ],
)
def test_answers(
    terminal: Terminal, arguments: tuple[str, ...], status: int, words: tuple[str, ...]
) -> None:
    done = terminal(*arguments, "--out", "c.json")
    assert (done.status, done.err) == (status, "")
    for word in words:
        assert word in done.out
    assert terminal("check", "c.json").status == (1 if status == 4 else 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*HEAVY, "--utility-mean", "1"), "it needs --utility"),
        ((*HEAVY, "--utility", "normal()", "--utility-mean", "much"), "utility mean: expected"),
        ((*HEAVY, "--utility", "nrmal()", "--utility-mean", "1"), "--utility: law: position 1"),
    ],
)
def test_bad_input(terminal: Terminal, arguments: tuple[str, ...], words: str) -> None:
    done = terminal(*arguments, "--out", "c.json")
    assert done.status == 2 and done.out == ""
    assert words in done.err and done.err.count("\n") == 1
    assert listing() == []


def test_draws_are_pairs(terminal: Terminal) -> None:
    """A row is (X, V). Tilts of two normals: means 0.5 and -0.25, spread 1."""
    utility = ("--utility", "normal()", "--utility-mean", "-0.25")
    arguments = ("construct", "normal()", "--mean", "0.5", "--kl", "0.2", *utility)
    assert terminal(*arguments, "--sample", "s.npy", "--size", "40000").status == 0
    rows = np.load("s.npy")
    assert rows.shape == (40_000, 2)
    # Six standard errors, 6/200, cover a false alarm of 2e-9 a comparison.
    assert np.abs(rows.mean(axis=0) - [0.5, -0.25]).max() < 0.03
    assert abs(np.corrcoef(rows.T)[0, 1]) < 0.03


def test_csv_and_json_have_both(terminal: Terminal) -> None:
    certificate = json.loads(terminal(*HEAVY, *DOWN, "--json", "-").out)
    assert certificate["utility"]["direction"] == "below"
    rows = terminal(*HEAVY, *DOWN, "--csv", "-").out.splitlines()
    numbers = {name: ends for name, *ends in (row.split(",") for row in rows)}
    own = ["log_tail", "mean", "kl"]
    of_both = (f"{which}.{name}" for which in ("error", "utility") for name in own)
    assert list(numbers) == ["quantity", *of_both, "total_kl"]
    assert numbers["total_kl"] == certificate["utility"]["total_kl"]
    assert numbers["error.kl"] == certificate["enclosures"]["kl"]
    # The certificate is about -V there; a row of a table is about V.
    low, high = certificate["utility"]["enclosures"]["mean"]
    assert numbers["utility.mean"] == [f"-{high}", f"-{low}"] and high.startswith("50.0")


@pytest.mark.parametrize(("sign", "bound"), [("", "0.1414"), ("-", "-0.1414")])
def test_csv_of_what_utility_alone_forbids(terminal: Terminal, sign: str, bound: str) -> None:
    """A bound on V, by hand sqrt(2 eps), has V's sign also where it is one from below."""
    utility = ("--utility", "normal()", "--utility-mean", f"{sign}0.3")
    _, row = terminal(*HEAVY, *utility, "--csv", "-").out.splitlines()
    name, low, high = row.split(",")
    assert name == "utility.mean_bound"
    assert low.startswith(bound) and high.startswith(bound) and float(low) <= float(high)


def test_targets_that_need_no_reweighting(terminal: Terminal) -> None:
    """A mean that is the base's own is not above the target: it is said to be at least that."""
    utility = ("--utility", "normal()", "--utility-mean", "0")
    assert "E_P X above 100 and E_P V at least 0 at KL" in terminal(*HEAVY, *utility).out
    done = terminal("construct", "normal()", "--mean", "0", "--kl", "0.1")
    assert done.status == 0 and done.out.startswith("COUNTEREXAMPLE: mean at least 0 at KL")
    assert "\n  E_P X        0\n" in done.out


@pytest.mark.parametrize(("law", "said"), [("cauchy()", True), ("student_t(df=3)", False)])
def test_utility_without_a_mean_goes_up(terminal: Terminal, law: str, said: bool) -> None:
    done = terminal(*HEAVY, "--utility", law, "--utility-mean", "-5")
    remark = "V has no mean under Q, so E_P V is to be above the target"
    assert (remark in done.out, "E_P V above -5" in done.out) == (said, said)
    assert done.status == 0


def test_heavy_utility_is_spoken_of_as_v(terminal: Terminal) -> None:
    done = terminal(*HEAVY, "--utility", "pareto(alpha=3)")
    assert "V is right-heavy" in done.out and "E exp(l V) = oo" in done.out
    assert "l X" not in done.out


def test_utilities_from_a_file(terminal: Terminal) -> None:
    Path("v.csv").write_text("v\n" + "\n".join(str(i * i) for i in range(40)) + "\n")
    utility = ("--utility", 'empirical("v.csv")', "--utility-mean", "700")
    assert terminal(*HEAVY, *utility, "--kl", "0.1", "--out", "c.json").status == 0
    assert terminal("check", "c.json", "--data", "v.csv").status == 0
    assert terminal("check", "c.json").status == 2
    Path("v.csv").write_text("v\n1\n2\n")
    assert terminal("check", "c.json", "--data", "v.csv").status == 1
    both = ("construct", 'empirical("v.csv")', "--mean", "1.7", "--kl", "0.1", *utility)
    done = terminal(*both)
    assert done.status == 2 and "one file of rewards" in done.err


def test_the_picture_is_of_the_error(terminal: Terminal) -> None:
    assert terminal(*HEAVY, *DOWN, "--plot", "p.svg").status == 0
    assert (
        "X only, not V: a reweighting with KL below 0.01 moves the mean to 100"
        in Path("p.svg").read_text()
    )
    refused = (*HEAVY, "--utility", "normal()", "--utility-mean", "0.3", "--plot", "q.svg")
    done = terminal(*refused)
    assert done.status == 3 and "not LAW alone" in done.err
    assert listing() == ["p.svg"]
