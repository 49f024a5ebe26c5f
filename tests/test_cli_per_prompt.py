"""``goodhart frontier --per-prompt``: its table, its files, its picture, its refusals."""

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

#: Three prompts: two answers, three of which one is far better, and one answer.
SCORES = "prompt,reward\nadd,1\nadd,2\nprove,0\nprove,10\nprove,1\nhello,4\n"
COLUMNS = ("--prompt", "prompt", "--reward", "reward")


@pytest.fixture
def scores(terminal: Terminal) -> str:
    """A small file in the working directory."""
    Path("scores.csv").write_text(SCORES)
    return "scores.csv"


def test_the_table(terminal: Terminal, scores: str) -> None:
    done = terminal("frontier", "--per-prompt", scores, *COLUMNS, "--budgets", "0.1,1")
    assert done.status == 0 and not done.err
    lines = done.out.splitlines()
    assert lines[0].startswith("best mean of a policy over 3 prompts (equal weights), 6 rewards")
    assert lines[1] == "file: scores.csv by prompt, rewards reward; base mean 3.05556"
    # All tops cost (log 2 + log 3)/3 = 0.597: at 1 nat each prompt's best, (2 + 10 + 4)/3.
    assert lines[4].split()[:2] == ["1", "5.333333333333"]
    assert "times" in lines[3] and "pooled (wrong)" in lines[2]
    assert "prompts that spend most at d = 1" in done.out
    spenders = [line.split()[0] for line in lines if "%" in line]
    assert spenders == ["'prove'", "'add'"]
    assert "1 of 3 prompts have one row: no budget moves them." in done.out
    assert "costs" not in done.err


def test_no_digits_of_the_factor_that_are_not_known(terminal: Terminal) -> None:
    """Far from 0 in float64, small gains are blurred: both ends, with the factor between them.

    At small budgets a gain is about ``sqrt(2 d v)``, v the average variance: 5/2, and pooled 2.75.
    """
    rows = [("a", 1e9 - 1), ("a", 1e9 + 1), ("b", 1e9 - 1), ("b", 1e9 + 3)]
    lines = "".join(f"{prompt},{reward}\n" for prompt, reward in rows)
    Path("far.csv").write_text("prompt,reward\n" + lines * 3000)
    done = terminal("frontier", "--per-prompt", "far.csv", *COLUMNS, "--budgets", "1e-9,0.1")
    small, large = (line.split() for line in done.out.splitlines()[3:5])
    assert small[-3] == "to" and float(small[-4]) < (2.75 / 2.5) ** 0.5 < float(small[-2])
    assert large[-1] == "times" and large[-3] != "to"


def test_by_hand(terminal: Terminal) -> None:
    """Two even answers a prompt, at 0 and s: each prompt is a coin, and a tilt's mean is s/(1 +
    exp(-l s))."""
    Path("s.csv").write_text("p,r\na,0\na,1\nb,0\nb,3\n")
    done = terminal(
        "frontier", "--per-prompt", "s.csv", "--prompt", "p", "--reward", "r",
        "--budgets", "0.2", "--json", "-",
    )  # fmt: skip
    (point,) = json.loads(done.out)["points"]
    tilt = float(point["tilt"])

    def of(s: float) -> tuple[float, float]:
        mean = s / (1 + np.exp(-tilt * s))
        return mean, tilt * mean - np.log((1 + np.exp(tilt * s)) / 2)

    (one, cost_one), (three, cost_three) = of(1.0), of(3.0)
    assert (cost_one + cost_three) / 2 == pytest.approx(0.2, abs=1e-12)
    assert float(point["lower"][0]) == pytest.approx((one + three) / 2, abs=1e-12)
    assert {row["prompt"]: float(row["kl"]) for row in point["split"]} == pytest.approx(
        {"a": cost_one, "b": cost_three}, abs=1e-12
    )


def test_the_json(terminal: Terminal, scores: str) -> None:
    done = terminal("frontier", "--per-prompt", scores, *COLUMNS, "--json", "-")
    answer = json.loads(done.out)
    assert {"base", "divergence", "points", "pooled", "overstated", "prompts"} < set(answer)
    assert answer["prompts"] == {"count": 3, "single_row": 1} and answer["weights"] == "equal"
    assert answer["data"]["n"] == 6 and len(answer["data"]["sha256"]) == 64
    for point, pooled, over in zip(
        answer["points"], answer["pooled"], answer["overstated"], strict=True
    ):
        assert point["means"] == "ball" and point["attained"] is True
        low, high = Decimal(point["lower"][0]), Decimal(point["upper"][1])
        assert low <= high < Decimal(pooled["lower"][0])
        assert Decimal(over["gain_ratio"][0]) > 1


def test_the_csv_and_the_split(terminal: Terminal, scores: str) -> None:
    done = terminal("frontier", "--per-prompt", scores, *COLUMNS, "--csv", "-", "--split", "s.csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["side"] for row in rows] == ["per-prompt"] * 3 + ["pooled"] * 3
    with open("s.csv", newline="") as file:
        split = list(csv.DictReader(file))
    assert len(split) == 9 and {row["rows"] for row in split if row["prompt"] == "prove"} == {"3"}
    bases = {row["prompt"]: row["base_mean"] for row in split}
    assert bases == {
        "add": "1.50000000000000",
        "prove": "3.66666666666667",
        "hello": "4.00000000000000",
    }
    for row in split:
        assert Decimal(row["gain"]) == Decimal(row["mean"]) - Decimal(row["base_mean"]) >= 0
        assert (Decimal(row["gain"]) > 0) == (row["prompt"] != "hello")
    for budget in ("0.01", "0.1"):
        costs = [float(row["kl"]) for row in split if row["budget"] == budget]
        assert sum(costs) / 3 == pytest.approx(float(budget), abs=1e-12)


def test_the_table_has_gains(terminal: Terminal, scores: str) -> None:
    """With all tops bought: 10 - 11/3 and 2 - 3/2."""
    done = terminal("frontier", "--per-prompt", scores, *COLUMNS, "--budgets", "1")
    table = [line.split() for line in done.out.splitlines() if "%" in line or "part of" in line]
    assert table[0][-2:] == ["mean", "gain"]
    assert [row[-2:] for row in table[1:]] == [["10", "6.33333"], ["2", "0.5"]]


def test_base_means_of_any_size(terminal: Terminal) -> None:
    """Sums of float64 numbers overflow where their mean does not."""
    huge, tiny = 1.7e308, 5e-324
    Path("s.csv").write_text(f"p,r\na,{huge}\na,{huge}\nb,{tiny}\nb,{tiny}\nc,-{huge}\nc,{huge}\n")
    columns = ("--prompt", "p", "--reward", "r", "--budgets", "0")
    assert terminal("frontier", "--per-prompt", "s.csv", *columns, "--split", "o.csv").status == 0
    with open("o.csv", newline="") as file:
        split = {row["prompt"]: row for row in csv.DictReader(file)}
    assert [float(split[name]["base_mean"]) for name in "abc"] == [huge, tiny, 0]
    assert {row["gain"] for row in split.values()} == {"0"}


@pytest.mark.parametrize("rows", [1, 3])
def test_prompts_that_nothing_moves(terminal: Terminal, rows: int) -> None:
    Path("s.csv").write_text("prompt,reward\n" + "a,0.1\n" * rows + "b,0.3\n" * rows)
    done = terminal("frontier", "--per-prompt", "s.csv", *COLUMNS)
    only = "one row" if rows == 1 else "the same reward in all their rows"
    assert done.status == 0
    assert f"2 of 2 prompts have {only}: no budget moves them." in done.out


def test_weights(terminal: Terminal, scores: str) -> None:
    """By rows the base mean is the file's, 3; with equal weights that of the prompts' means."""
    for weights, mean in (("equal", (1.5 + 11 / 3 + 4) / 3), ("rows", 3)):
        done = terminal(
            "frontier", "--per-prompt", scores, *COLUMNS,
            "--weights", weights, "--budgets", "0", "--json", "-",
        )  # fmt: skip
        (point,) = json.loads(done.out)["points"]
        assert float(point["lower"][0]) == pytest.approx(mean, abs=1e-15)


def test_the_picture(terminal: Terminal, scores: str) -> None:
    done = terminal("frontier", "--per-prompt", scores, *COLUMNS, "--plot", "f.png")
    assert done.status == 0 and listing() == ["f.png", "scores.csv"]
    with Image.open("f.png") as image:
        image.load()
        assert json.loads(image.text["Description"])["weights"] == "equal"  # type: ignore[attr-defined]
        drawn = np.asarray(image.convert("RGB")).reshape(-1, 3)
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):  # over prompts, and pooled
        assert (abs(drawn.astype(int) - colour).sum(axis=1) < 40).sum() > 200


def test_no_picture_without_a_budget(terminal: Terminal, scores: str) -> None:
    done = terminal(
        "frontier", "--per-prompt", scores, *COLUMNS, "--budgets", "0", "--plot", "f.png"
    )
    assert done.status == 0 and listing() == ["scores.csv"]
    assert done.err.startswith("goodhart: not written: --plot: no budget is above 0")


def test_a_large_file_is_in_float64(terminal: Terminal, rng: np.random.Generator) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    prompts, rewards = rng.integers(300, size=20_000), rng.normal(size=20_000)
    parquet.write_table(pa.table({"p": prompts, "r": rewards}), "big.parquet")
    done = terminal(
        "frontier", "--per-prompt", "big.parquet", "--prompt", "p", "--reward", "r", "--json", "-"
    )
    answer = json.loads(done.out)
    assert done.status == 0
    assert all(point["means"] == "float64" for point in answer["points"] + answer["pooled"])
    assert all(len(point["split"]) == 20 for point in answer["points"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "expected LAW, or --per-prompt FILE"),
        (("normal()", "--prompt", "p"), "--prompt goes with --per-prompt FILE"),
        (("normal()", "--split", "s.csv"), "--split goes with --per-prompt FILE"),
        (("normal()", "--per-prompt", "scores.csv", *COLUMNS), "takes no LAW (normal())"),
        (("--per-prompt", "scores.csv", *COLUMNS, "--two-sided"), "takes no --two-sided"),
        (("--per-prompt", "scores.csv", "--prompt", "prompt"), "needs --reward COLUMN"),
        (("--per-prompt", "scores.csv", "--reward", "reward"), "needs --prompt COLUMN"),
        (("--per-prompt", "none.csv", *COLUMNS), "none.csv: no such file"),
        (("--per-prompt", "scores.npy", *COLUMNS), "expected a file with named columns"),
        (
            ("--per-prompt", "scores.csv", "--prompt", "x", "--reward", "reward"),
            "no column named 'x'",
        ),
        (("--per-prompt", "scores.csv", *COLUMNS, "--weights", "even"), "expected equal or rows"),
        (("--per-prompt", "scores.csv", *COLUMNS, "--budgets", "-1"), "0 or more"),
        (("--per-prompt", "scores.csv", *COLUMNS, "--divergence", "tv"), "expected kl, got 'tv'"),
        (
            ("--per-prompt", "scores.csv", *COLUMNS, "--csv", "a", "--split", "a"),
            "both go to a; name two files",
        ),
        (("--per-promt", "scores.csv"), "did you mean --per-prompt"),
    ],
)
def test_bad_input_is_one_line(
    terminal: Terminal, scores: str, arguments: tuple[str, ...], words: str
) -> None:
    assert words in terminal.refused("frontier", *arguments)
    assert listing() == [scores]
