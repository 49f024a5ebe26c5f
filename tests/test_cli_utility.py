"""``goodhart utility`` on the command line: its table, its JSON, its picture, its refusals."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import numpy as np
import pytest
from PIL import Image

from tests.terminal import Terminal, listing

NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'


def test_the_table(terminal: Terminal) -> None:
    done = terminal("utility", "exponential()", "normal()", "--betas", "2, 1.5,1")
    assert done.status == 0 and not done.err
    lines = done.out.splitlines()
    assert lines[0].endswith("X = exponential(), V = normal(mu=0, sigma=1)")
    assert lines[1].split() == ["b", "l", "KL", "E", "U", "E", "V", "E", "X", "attained", "because"]
    # E V = l, E X = 1/(1 - l) and KL = l/(1 - l) + log(1 - l) + l^2/2
    assert lines[2].split() == ["2", "0.5", "0.4318528194", "2.5", "0.5", "2", "yes", "(1)"]
    assert lines[3].split()[:2] == ["1.5", "0.6666666667"]
    assert lines[4].split() == ["1", "1", "-", "-", "-", "-", "no", "(2)"]
    assert "no optimum" in lines[6] and lines[7] == "limit of E V: 1"


def test_the_default_is_a_grid_of_caps(terminal: Terminal) -> None:
    answer = json.loads(terminal("utility", "normal()", "normal()", "--json", "-").out)
    assert [point["kl_cap"] for point in answer["points"]] == ["0.01", "0.1", "1", "10", "100"]


def test_the_json_encloses(terminal: Terminal) -> None:
    done = terminal("utility", "exponential()", "normal()", "--kl-caps", "1,100", "--json", "-")
    answer = json.loads(done.out)
    assert answer["optimizer"] == "tilt" and answer["dependence"] == "independent"
    assert answer["limit"]["mean_v"] == "1" and answer["limit"]["because"]
    for point, digits in zip(
        answer["points"], ("0.646849483353", "0.990491132452371"), strict=True
    ):
        unit = Decimal(1).scaleb(Decimal(digits).as_tuple().exponent)  # type: ignore[arg-type]
        for end in point["mean_v"]:
            assert abs(Decimal(end) - Decimal(digits)) <= unit / 2
        for name in ("kl", "mean_u", "mean_v", "mean_x"):
            low, high = (Decimal(end) for end in point[name])
            assert 0 <= high - low < Decimal("1e-17") * (1 + abs(high))
        low, high = (Decimal(end) for end in point["kl"])
        assert low <= Decimal(point["kl_cap"]) <= high
        assert point["means"] == "ball" and point["attained"] is True
        Decimal(point["tilt"])


def test_past_the_last_tilt(terminal: Terminal) -> None:
    arguments = (NON_STEEP, "normal()", "--kl-caps", "3", "--json", "-")
    (point,) = json.loads(terminal("utility", *arguments).out)["points"]
    assert point["attained"] is False and point["mean_v"] == ["1", "1"]
    assert point["tilt"] == "1" and "near-optimal" in point["because"]


def test_a_heavy_error_has_no_tilt(terminal: Terminal) -> None:
    done = terminal("utility", "pareto(2)", "normal()", "--json", "-")
    answer = json.loads(done.out)
    assert done.status == 0 and answer["limit"]["mean_v"] is None
    assert "right-heavy" in answer["limit"]["because"]
    assert all(point["mean_u"] == "oo" and point["mean_v"] is None for point in answer["points"])


def test_a_limit_that_is_not_determined(terminal: Terminal) -> None:
    done = terminal("utility", "pareto(2)", "normal()", "--kl-caps", "1")
    assert done.out.splitlines()[-2] == "limit of E V: not determined"


def test_a_limit_along_the_tilts_is_named_so(terminal: Terminal) -> None:
    """Within the cap E V is far above it."""
    done = terminal("utility", "normal()", NON_STEEP, "--kl-caps", "10")
    *_, name, because = done.out.splitlines()
    assert name.startswith("limit of E V along the optimal tilts, as the price b falls to 1: 0.666")
    assert because.endswith("E V grows with them without bound") and "9.905" in done.out


def test_an_infinite_limit(terminal: Terminal) -> None:
    done = terminal("utility", "normal()", "-gumbel()", "--tilts", "0,1")
    assert done.status == 0 and "limit of E V: oo" in done.out
    assert done.out.splitlines()[2].split()[:3] == ["oo", "0", "0"]


def test_the_csv(terminal: Terminal) -> None:
    arguments = ("laplace()", "normal()", "--betas", "2,0.5", "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(terminal("utility", *arguments).out)))
    assert [row["tilt"] for row in rows] == ["0.5", "2"]
    assert [row["beta"] for row in rows] == ["2", "0.5"]
    assert float(rows[0]["mean_v_low"]) == float(rows[0]["mean_v_high"]) == 0.5
    assert rows[1]["mean_v_low"] == "" and rows[1]["attained"] == "False"
    assert [row["means"] for row in rows] == ["ball", ""]


def test_a_limit_that_is_known_is_an_answer(terminal: Terminal) -> None:
    done = terminal("utility", "normal()", "-log_cauchy()", "--kl-caps", "1e-9")
    assert done.status == 0 and "not settled" in done.out and "limit of E V: 0\n" in done.out


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_picture(terminal: Terminal, ending: str) -> None:
    arguments = (NON_STEEP, "normal()", "--kl-caps", "0.01,0.1,0.5,1,3", "--plot", f"u.{ending}")
    done = terminal("utility", *arguments)
    assert done.status == 0 and listing() == [f"u.{ending}"]
    if ending == "png":
        with Image.open("u.png") as image:
            image.load()
            note = json.loads(image.text["Description"])  # type: ignore[attr-defined]
            drawn = np.asarray(image.convert("RGB")).reshape(-1, 3)
        assert note["utility"] == "normal(mu=0, sigma=1)" and len(note["points"]) == 5
        for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):  # the path, and its limit
            assert (abs(drawn.astype(int) - colour).sum(axis=1) < 40).sum() > 200


def test_no_picture_without_a_utility(terminal: Terminal) -> None:
    done = terminal("utility", "pareto(2)", "normal()", "--plot", "u.png")
    assert done.status == 0 and listing() == []
    assert done.err.startswith("goodhart: not written: --plot: no point has both")


# ---------------------------------------------------------------- conditioning and best-of-n


def test_conditioning_answers_bare(terminal: Terminal) -> None:
    """From the body of U far out, with the limit and the reason; any two laws will do."""
    done = terminal("utility", "exponential()", "normal()", "--optimizer", "condition")
    assert done.status == 0 and not done.err
    *_, name, because = lines = done.out.splitlines()
    assert lines[1].split()[:4] == ["t", "KL", "E", "U"] and len(lines) == 2 + 7 + 1 + 2
    assert name == "limit of E V: 1" and "the decay rate of X" in because
    for pair in (("poisson(3)", "pareto(2)"), ("-pareto(2)", "geometric(0.5)")):
        done = terminal("utility", *pair, "--optimizer", "condition", "--json", "-")
        answer = json.loads(done.out)
        assert done.status == 0 and answer["limit"]["mean_v"] == "oo"
        assert all(point["means"] == "ball" and point["mean_v"] for point in answer["points"])


def test_a_table_that_does_not_show_the_limit_says_so(terminal: Terminal) -> None:
    done = terminal("utility", "lognormal()", "student_t(df=10)", "--optimizer", "condition")
    assert (
        done.out.splitlines()[-1] == "  the points do not show it yet: ask for larger --thresholds"
    )
    assert "attained" not in done.out and "limit of E V: oo" in done.out
    done = terminal("utility", "lognormal()", "normal()", "--optimizer", "condition")
    assert "do not show it" not in done.out


def test_an_impossible_event_is_answered(terminal: Terminal) -> None:
    asked = (
        "bernoulli(0.5)",
        "bernoulli(0.5)",
        "--optimizer",
        "condition",
        "--thresholds",
        "3,7/2",
    )
    done = terminal("utility", *asked)
    assert done.status == 0 and "not settled" not in done.out
    assert "U never exceeds 3\n" in done.out and "U never exceeds 3.5\n" in done.out
    points = json.loads(terminal("utility", *asked, "--json", "-").out)["points"]
    assert [(point["attained"], point["mean_v"]) for point in points] == [(False, None)] * 2


def test_conditioning_as_json(terminal: Terminal) -> None:
    asked = ("--optimizer", "condition", "--thresholds=-1,8", "--json", "-")
    answer = json.loads(terminal("utility", "exponential()", "normal()", *asked).out)
    assert answer["optimizer"] == "condition" and answer["dependence"] == "independent"
    assert [point["t"] for point in answer["points"]] == ["-1", "8"]
    low, high = (Decimal(end) for end in answer["points"][1]["mean_v"])
    # 1 - 1.1248e-12, of which the digits are those of the page on the one law.
    assert low <= Decimal("0.99999999999887522") <= high and high - low < Decimal("1e-14")
    assert answer["limit"] == {
        "mean_v": "1",
        "because": answer["limit"]["because"],
        "along": None,
        "determined": True,
        "exists": True,
    }


def test_no_limit_is_told_from_one_that_is_not_known(terminal: Terminal) -> None:
    pair = ("utility", "geometric(p=0.5)", "0.5*bernoulli(p=0.5)")
    done = terminal(*pair, "--optimizer", "condition", "--thresholds", "9,9.5")
    assert "limit of E V: none" in done.out and "0.25 along t = n + 1/2" in done.out
    assert [line.split()[3] for line in done.out.splitlines()[2:4]] == ["0.3333333333", "0.25"]
    done = terminal(*pair, "--optimizer", "best-of-n", "--draws", "1", "--json", "-")
    limit = json.loads(done.out)["limit"]
    assert limit["mean_v"] is None and limit["exists"] and "not known" in limit["because"]


def test_best_of_n_answers_bare(terminal: Terminal) -> None:
    done = terminal("utility", "bernoulli(0.3)", "binomial(3, 0.5)", "--optimizer", "best-of-n")
    assert done.status == 0 and not done.err
    lines = done.out.splitlines()
    assert lines[1].split()[0] == "n" and lines[9].split()[0] == "1" + 18 * "0"
    # At the top E V = 3; the mass off it is (1 - 0.3/8)^n, nothing for n = 10^18.
    assert lines[9].split()[3] == "3" and lines[-2] == "limit of E V: 3"
    # Without a choice it is the base policy, and (0.3/8) of it is at the top: KL = -log of that.
    assert lines[2].split()[1:5] == ["0", "1.8", "1.5", "0.3"]
    assert lines[9].split()[1] == "3.283414346"


@pytest.mark.parametrize("optimizer", ["condition", "best-of-n"])
def test_a_pair_that_is_constant(terminal: Terminal, optimizer: str) -> None:
    done = terminal("utility", "point(2)", "point(3)", "--optimizer", optimizer)
    assert done.status == 0 and "limit of E V: 3" in done.out and "V is constant" in done.out


def test_a_picture_of_conditioning(terminal: Terminal) -> None:
    arguments = ("pareto(2)", "pareto(3)", "--optimizer", "condition", "--plot", "u.svg")
    assert terminal("utility", *arguments).status == 0 and listing() == ["u.svg"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("normal()",), "missing argument"),
        (
            ("normal()", "normal()", "--optimizer", "condition", "--draws", "3"),
            "--draws: --optimizer condition is asked with --thresholds",
        ),
        (
            ("normal()", "normal()", "--optimizer", "condition", "--thresholds", "x"),
            "threshold: expected a decimal number",
        ),
        (
            ("normal()", "normal()", "--optimizer", "best-of-n", "--draws", "1.5"),
            "draws: expected a whole number from 1 to",
        ),
        (
            ("normal()", "normal()", "--optimizer", "best-of-n", "--draws", "1e19"),
            "draws: expected a whole number from 1 to 1000000000000000000",
        ),
        (
            ("normal()", "normal()", "--optimizer", "condition", "--thresholds", "1/0"),
            "threshold: expected a number above 0",
        ),
        (("normal()", "nosuch()"), "nosuch"),
        (("normal()", "normal()", "--betas", "0"), "beta: expected a number above 0, got 0"),
        (("normal()", "normal()", "--betas", "1,,2"), "beta: expected a decimal number"),
        (("normal()", "normal()", "--kl-caps", ""), "KL cap: expected a decimal number"),
        (("normal()", "normal()", "--kl-caps", "nan"), "KL cap: expected a decimal number"),
        (("normal()", "normal()", "--kl-caps", "-1"), "KL cap: expected a number, 0 or more"),
        (("normal()", "normal()", "--tilts", "-0.5"), "tilt: expected a number, 0 or more"),
        (("normal()", "normal()", "--optimizer", "magic"), "--optimizer: expected tilt"),
        (("normal()", "normal()", "--plot", "u.jpeg"), "--plot: expected a file ending in"),
        (("normal()", "normal()", "--json", "-", "--csv", "-"), "both go to standard output"),
        (("normal()", "normal()", "--beta", "1"), "did you mean --betas"),
    ],
)
def test_bad_input_is_one_line(terminal: Terminal, arguments: tuple[str, ...], words: str) -> None:
    assert words in terminal.refused("utility", *arguments)
    assert listing() == []
