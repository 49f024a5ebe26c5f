"""``goodhart frontier`` on the command line: its table, its JSON, its picture, its refusals."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.terminal import Terminal, listing

NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'


def test_the_table(terminal: Terminal) -> None:
    done = terminal("frontier", "normal()", "--budgets", "0.01, 0.5,2")
    assert done.status == 0 and not done.err
    lines = done.out.splitlines()
    assert lines[0] == "best mean of a law P with KL(P||Q) <= d, Q = normal(mu=0, sigma=1)"
    assert lines[1].split() == ["d", "mean", "gap", "attained", "because"]
    budgets, means = zip(*(line.split()[:2] for line in lines[2:5]), strict=True)
    assert budgets == ("0.01", "0.5", "2")
    # sqrt(2 d), to the 13 digits that are shown
    assert [float(mean) for mean in means] == pytest.approx([0.02**0.5, 1, 2], abs=1e-12)
    assert all("yes" in line for line in lines[2:5]) and lines[5].lstrip().startswith("(1)")


def test_the_json_encloses(terminal: Terminal) -> None:
    done = terminal("frontier", NON_STEEP, "--budgets", "0.1,0.5", "--json", "-")
    answer = json.loads(done.out)
    assert set(answer) == {"base", "divergence", "points"} and answer["divergence"] == "kl"
    below, above = answer["points"]
    assert below["attained"] is True and above["attained"] is False
    for point in (below, above):
        ends = [Decimal(end) for side in ("lower", "upper") for end in point[side]]
        assert ends == sorted(ends)
        assert point["means"] == "ball"
    best = Decimal("0.9054651081081643819780131154643")  # 1/2 + log(3/2)
    assert Decimal(above["lower"][0]) < best < Decimal(above["upper"][1])


def test_heavy_is_infinite_with_the_reason(terminal: Terminal) -> None:
    done = terminal("frontier", "pareto(alpha=2)", "--two-sided", "--json", "-")
    answer = json.loads(done.out)
    assert done.status == 0
    assert all(point["lower"] == point["upper"] == "oo" for point in answer["points"])
    assert all("right-heavy" in point["because"] for point in answer["points"])
    assert all(1 < float(point["upper"][1]) < 2 for point in answer["least"])


def test_the_csv(terminal: Terminal) -> None:
    done = terminal("frontier", "laplace()", "--budgets", "0.5", "--two-sided", "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["side"] for row in rows] == ["best", "least"]
    assert all("tilt" in row["because"] for row in rows), rows
    best, least = ([float(row["lower"]), float(row["upper"])] for row in rows)
    assert best == pytest.approx([1.56406717852819237] * 2) == [-end for end in reversed(least)]


@pytest.mark.parametrize(
    ("law", "divergence", "best", "least"),
    [
        ("-exponential()", "tv", "0", "-oo"),
        ("uniform()", "js", "1", "0"),
        ("uniform(1, 4/3)", "hellinger", "1.333333333333", "1"),
    ],
)
def test_an_end_that_is_not_attained_is_written_as_it_is(
    terminal: Terminal, law: str, divergence: str, best: str, least: str
) -> None:
    asked = ("--divergence", divergence, "--budgets", "1", "--two-sided")
    rows = terminal("frontier", law, *asked).out.splitlines()
    assert [row.split()[1] for row in rows if row.startswith("  1  ")] == [best, least]


def test_undecided_is_said(terminal: Terminal) -> None:
    done = terminal("frontier", "-log_cauchy()", "--budgets", "1e-6,1")
    assert done.status == 4 and "not known" in done.out and "not settled" in done.out


@pytest.mark.parametrize(
    ("law", "divergence", "mean"),
    [
        ("exponential()", "chi2", 1.5),  # 1 + sqrt(d)
        ("exponential()", "odds", 1.25),  # 1 + d
        ("bernoulli(p=0.3)", "tv", 0.55),  # p + d
        ("normal()", "hellinger", None),
    ],
)
def test_another_divergence(
    terminal: Terminal, law: str, divergence: str, mean: float | None
) -> None:
    done = terminal(
        "frontier", law, "--divergence", divergence, "--budgets", "0.25", "--json", "f.json"
    )
    assert done.status == 0 and divergence in done.out and "w = dP/dQ" in done.out
    answer = json.loads(Path("f.json").read_text())
    assert answer["divergence"] == divergence
    (found,) = answer["points"]
    if mean is None:
        assert found["lower"] == found["upper"] == "oo" and "no largest value" in found["because"]
    else:
        assert float(found["lower"][0]) == pytest.approx(mean, abs=1e-9)
        assert float(found["upper"][1]) == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("token", ["kl", "chi2", "renyi:2"])
def test_capitals_count_as_small_letters(terminal: Terminal, token: str) -> None:
    arguments = ("frontier", "bernoulli(p=0.3)", "--budgets", "0.1", "--divergence")
    small, capital = (terminal(*arguments, text).out for text in (token, token.upper()))
    assert capital == small and "0.1" in small


def test_the_least_mean_under_another_divergence(terminal: Terminal) -> None:
    done = terminal(
        "frontier",
        "exponential()",
        *("--divergence", "renyi:2", "--budgets", "0.5", "--two-sided", "--json", "-"),
    )
    answer = json.loads(done.out)
    assert answer["divergence"] == "renyi:2" and len(answer["least"]) == 1
    assert 0 < float(answer["least"][0]["lower"][0]) < 1 < float(answer["points"][0]["lower"][0])


@pytest.mark.parametrize(("token", "budgets"), [("js", "0.01 0.1"), ("tv", "0.01 0.1 1")])
def test_budgets_that_nobody_named_are_ones_that_there_are(
    terminal: Terminal, token: str, budgets: str
) -> None:
    """No Jensen-Shannon divergence is above log 2; a total variation of 1 allows every law."""
    answer = json.loads(terminal("frontier", "uniform()", "--divergence", token, "--json", "-").out)
    assert [point["budget"] for point in answer["points"]] == budgets.split()


@pytest.mark.parametrize(
    ("token", "budgets", "note"),
    [
        ("tv", "0.5,2,1", "goodhart: tv is never above 1.000: a budget of 2 allows every law\n"),
        (
            "js",
            "0.6932",
            "goodhart: js is never above 0.6931: a budget of 0.6932 allows every law\n",
        ),
        ("js", "0.6931", ""),
        ("kl", "9", ""),
    ],
)
def test_a_budget_that_limits_nothing_is_noted(
    terminal: Terminal, token: str, budgets: str, note: str
) -> None:
    done = terminal("frontier", "bernoulli(p=0.3)", "--divergence", token, "--budgets", budgets)
    assert (done.status, done.err) == (0, note)
    assert done.out.count("\n") >= 3 + budgets.count(",")


def test_the_picture_of_another_divergence(terminal: Terminal) -> None:
    done = terminal(
        "frontier",
        "bernoulli(p=0.3)",
        *("--divergence", "hellinger", "--budgets", "0.1", "--plot", "f.svg"),
    )
    assert done.status == 0 and "squared Hellinger distance" in Path("f.svg").read_text()


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_picture(terminal: Terminal, ending: str) -> None:
    done = terminal("frontier", "gamma(shape=2)", "--budgets", "0.1,1", "--plot", f"f.{ending}")
    assert done.status == 0 and listing() == [f"f.{ending}"]
    if ending == "png":
        with Image.open("f.png") as image:
            image.load()
            assert json.loads(image.text["Description"])["base"] == "gamma(shape=2)"  # type: ignore[attr-defined]
            drawn = np.asarray(image.convert("RGB")).reshape(-1, 3)
        for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):  # the curve, and its bound
            assert (abs(drawn.astype(int) - colour).sum(axis=1) < 40).sum() > 200


def test_no_picture_of_infinity(terminal: Terminal) -> None:
    done = terminal("frontier", "pareto(alpha=2)", "--plot", "f.png")
    assert done.status == 0 and listing() == []
    assert done.err.startswith("goodhart: not written: --plot: no budget above 0 has a finite")


def test_rewards_in_a_file(terminal: Terminal) -> None:
    np.save("r.npy", np.arange(8.0))
    done = terminal("frontier", 'empirical("r.npy")', "--budgets", "0.5,2.0794,2.0795")
    rows = [line.split() for line in done.out.splitlines()[2:5]]
    assert float(rows[0][1]) < 7 and float(rows[2][1]) == 7  # log 8 = 2.07944
    assert rows[1][1] != rows[2][1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("normal()", "--budgets", "1,,2"), "budget: expected a decimal number"),
        (("normal()", "--budgets", "1,-2"), "0 or more"),
        (("normal()", "--budgets", "nan"), "budget: expected a decimal number"),
        (("normal()", "--divergence", "l2"), "--divergence: expected one of kl, chi2, renyi:A"),
        (("normal()", "--divergence", "renyi:1"), "--divergence: renyi:A: expected an order A"),
        (("normal()", "--budgets", ""), "budget: expected a decimal number"),
        (("normal()", "--plot", "f.jpeg"), "--plot: expected a file ending in"),
        (("normal()", "--json", "-", "--csv", "-"), "both go to standard output"),
        (("nosuch()",), "nosuch"),
        (('empirical("none.npy")',), "none.npy"),
        (("normal()", "--budget", "1"), "did you mean --budgets"),
    ],
)
def test_bad_input_is_one_line(terminal: Terminal, arguments: tuple[str, ...], words: str) -> None:
    assert words in terminal.refused("frontier", *arguments)
    assert listing() == []
