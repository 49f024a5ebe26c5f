"""``goodhart utility --copula`` on the command line."""

from __future__ import annotations

import json

import pytest

from tests.terminal import Terminal

PAIR = ("utility", "exponential()", "normal()")
NOT_KNOWN = ["not", "known", "(1)"]


def test_the_table(terminal: Terminal) -> None:
    done = terminal(*PAIR, "--copula", "gaussian(rho=-0.5)", "--tilts", "0.4,1.5")
    assert done.status == 0 and not done.err
    lines = done.out.splitlines()
    assert lines[1] == "X and V joined by gaussian(rho=-0.5)"
    assert lines[3].split() == [
        *("2.5", "0.4", "0.1117681981", "1.523577159", "0.1848809228", "1.338696237", "yes", "(1)")
    ]
    assert lines[4].split()[:4] == ["0.6666666667", "1.5", "-", "-"]
    assert "no optimum: E exp(l U) is infinite beyond the rate of U" in lines[6]


def test_a_sampled_point_shows_its_error(terminal: Terminal) -> None:
    arguments = (*PAIR, "--copula", "clayton(theta=2)", "--optimizer", "best-of-n")
    done = terminal(*arguments, "--draws", "4", "--seed", "7")
    assert done.status == 0 and " +- " in done.out and "200000 draws" in done.out
    assert done.out == terminal(*arguments, "--draws", "4", "--seed", "7").out
    assert done.out != terminal(*arguments, "--draws", "4", "--seed", "8").out


def test_conditioning_as_json(terminal: Terminal) -> None:
    arguments = ("--copula", "frank(theta=3)", "--optimizer", "condition", "--thresholds=-1,3")
    answer = json.loads(terminal(*PAIR, *arguments, "--json", "-").out)
    assert [point["t"] for point in answer["points"]] == ["-1", "3"]
    assert answer["dependence"] == "frank(theta=3)" and answer["limit"]["mean_v"] is None
    for point in answer["points"]:
        low, high = (float(end) for end in point["mean_v"])
        assert point["means"] == "ball" and 0 <= high - low < 1e-9


def test_without_a_copula_they_are_independent(terminal: Terminal) -> None:
    asked = (*PAIR, "--optimizer", "condition", "--thresholds", "3", "--json", "-")
    alone, joined = (
        json.loads(terminal(*asked, *copula).out) for copula in ((), ("--copula", "independent()"))
    )
    assert (alone["dependence"], joined["dependence"]) == ("independent", "independent()")
    assert alone["limit"] == joined["limit"] and alone["limit"]["because"]
    for one, other in zip(alone["points"], joined["points"], strict=True):
        for name in ("kl", "mean_v"):  # two routes, which enclose the same number
            low, high = (max, min)
            ends = [[float(end) for end in point[name]] for point in (one, other)]
            assert low(end[0] for end in ends) <= high(end[1] for end in ends) + 1e-15


def test_a_cap_without_an_answer_shows_no_tilt(terminal: Terminal) -> None:
    done = terminal(*PAIR, "--copula", "clayton(theta=2)", "--kl-caps", "1,10", "--json", "-")
    one, ten = json.loads(done.out)["points"]
    for point in (one, ten):
        assert point["tilt"] is None and point["means"] is None and point["attained"] is None
    assert one["because"].startswith("the tilt that spends this cap is not known: the weights")
    assert ten["because"] == "no tilt was found that spends this cap"


@pytest.mark.parametrize("law", ["normal()", "uniform(-1, 1)"])
def test_a_proxy_that_is_constant(terminal: Terminal, law: str) -> None:
    """X = -V: nothing is spent by any tilt, so no cap is."""
    done = terminal("utility", law, law, "--copula", "countermonotone()")
    rows = [line.split() for line in done.out.splitlines()[3:8]]
    assert all(row[:2] == ["-", "-"] and row[4:] == list("---") + NOT_KNOWN for row in rows)
    assert done.status == 4 and "if U is constant, every policy is optimal" in done.out


def test_nothing_settled_is_status_4(terminal: Terminal) -> None:
    pair = ("utility", "student_t(df=3)", "student_t(df=3)")
    done = terminal(*pair, "--copula", "gaussian(rho=-0.9)", "--tilts", "1")
    assert done.status == 4 and "not known" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--copula", "gauss(1)"), "copula: unknown copula gauss (did you mean gaussian?)"),
        (("--copula", "gaussian(rho=1)"), "copula: position 1: gaussian: rho must be a number"),
        (
            ("--copula", "frank(theta=2)", "--draws", "2"),
            "--draws: --optimizer tilt is asked with --tilts or --betas or --kl-caps",
        ),
        (
            ("--copula", "frank(theta=2)", "--optimizer", "condition"),
            "--optimizer condition: expected --thresholds too",
        ),
        (("--copula", "frank(theta=2)", "--seed", "-1"), "seed: expected a whole number"),
        (("--optimizer", "guess"), "--optimizer: expected tilt or condition or best-of-n"),
    ],
)
def test_bad_input(terminal: Terminal, arguments: tuple[str, ...], said: str) -> None:
    done = terminal(*PAIR, *arguments)
    assert done.status == 2 and not done.out
    (line,) = done.err.splitlines()
    assert line.startswith(f"goodhart: {said}")


def test_atoms_are_refused(terminal: Terminal) -> None:
    done = terminal("utility", "poisson(mu=3)", "normal()", "--copula", "frank(theta=2)")
    assert done.status == 2
    assert done.err.startswith("goodhart: poisson(mu=3): expected a law with a density")
