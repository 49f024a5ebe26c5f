"""``goodhart audit`` on the command line: table, JSON, CSV, report, refusals."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.terminal import Terminal, listing

ROWS = 6000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewards of a light and of a heavy law, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    np.save("light.npy", rng.normal(3, 2, 2 * ROWS))
    np.save("heavy.npy", rng.pareto(1.5, ROWS) - 7)
    golds = rng.normal(size=ROWS)
    rows = zip(rng.integers(0, 50, ROWS), golds + rng.normal(size=ROWS), golds, strict=True)
    text = "".join(f"p{prompt},{reward:.6f},{gold:.6f}\n" for prompt, reward, gold in rows)
    Path("scores.csv").write_text("prompt,reward,gold\n" + text)


def test_a_heavy_tail(terminal: Terminal) -> None:
    done = terminal("audit", "heavy.npy")
    assert done.status == 0 and not done.err
    lines = done.out.splitlines()
    assert len(lines) < 40 and max(map(len, lines)) <= 88
    assert lines[0].startswith("The upper tail is heavy")
    assert "verdict: heavy" in done.out and "penalties that hold the tail:" in done.out
    assert "●" in done.out and "∞" in done.out


def test_a_light_tail(terminal: Terminal) -> None:
    done = terminal("audit", "light.npy")
    assert done.status == 0
    assert done.out.startswith("The upper tail is light. No sign of a heavy tail")
    assert "If it goes on like this, a KL penalty holds it" in done.out.replace("\n", " ")
    assert "penalties that hold the tail: kl" in done.out


def test_gold_scores_of_a_tenth_of_the_rewards(terminal: Terminal) -> None:
    """As of 6,000 rewards with 600 gold scores; and without them, where that is asked for."""
    head, *rows = Path("scores.csv").read_text().splitlines()
    kept = [
        row if place % 10 == 0 else row.rpartition(",")[0] + "," for place, row in enumerate(rows)
    ]
    Path("part.csv").write_text("\n".join([head, *kept]))
    done = terminal("audit", "part.csv")
    assert (
        done.status == 0 and "rewards: 6,000\n" in done.out and "gold score: tilting:" in done.out
    )
    assert "Of 6,000 rewards 600 have a gold score (column 'gold')" in done.out.replace(
        "\n    ", " "
    )
    done = terminal("audit", "part.csv", "--utility", "none")
    assert done.status == 0 and "gold" not in done.out and "rewards: 6,000\n" in done.out


def test_the_json_keeps_its_contract(terminal: Terminal) -> None:
    answer = json.loads(terminal("audit", "heavy.npy", "--json", "-").out)
    assert answer["n"] == ROWS and answer["verdict"] == "heavy"
    assert set(answer["tail_index"]) >= {"shape", "low", "high"}
    low, high = float(answer["tail_index"]["low"]), float(answer["tail_index"]["high"])
    assert low < 1 / 1.5 < high
    assert answer["rate"] is None and answer["per_prompt"] is None
    assert "kl" not in answer["safe_penalties"]
    assert float(answer["cap"]["cap"]["value"]) > 0
    for point in answer["frontier"]["pooled"]:
        # Never the plug-in alone.
        assert point["plug_in"]["value"] != "oo" and point["fitted"]["value"] == "oo"
        assert point["fitted"]["because"] and point["growth"]
    assert isinstance(answer["warnings"], list)


def test_the_csv_agrees_with_the_json(terminal: Terminal) -> None:
    answer = json.loads(terminal("audit", "light.npy", "--json", "-", "--budgets", "2,0.5").out)
    table = terminal("audit", "light.npy", "--csv", "-", "--budgets", "2,0.5").out
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["budget"] for row in rows] == ["0.5", "2.0"]
    for row, point in zip(rows, answer["frontier"]["pooled"], strict=True):
        assert [row["plug_in_low"], row["plug_in_high"]] == point["plug_in"]["interval"]
        assert row["fitted"] == point["fitted"]["value"] and row["prompts_given"] == ""
        assert [row["fitted_low"], row["fitted_high"]] == point["fitted"]["interval"]


def test_prompts_and_gold_are_found_by_their_names(terminal: Terminal) -> None:
    answer = json.loads(terminal("audit", "scores.csv", "--json", "-").out)
    assert answer["sample"]["columns"]["prompt"] == "prompt"
    assert answer["per_prompt"]["prompts"] == 50
    assert answer["frontier"]["per_prompt"]["prompts"] == 50
    assert answer["gold"]["tilts"][0]["kl"] == "0.0"


def test_the_lower_tail_is_that_of_the_negated_rewards(terminal: Terminal) -> None:
    np.save("negated.npy", -np.load("heavy.npy"))
    lower = json.loads(terminal("audit", "negated.npy", "--side", "lower", "--json", "-").out)
    upper = json.loads(terminal("audit", "heavy.npy", "--json", "-").out)
    assert lower["tail_index"] == upper["tail_index"] and lower["frontier"] == upper["frontier"]
    assert "lower tail" in lower["warnings"][0]


def test_a_picture_and_a_report_are_written(terminal: Terminal) -> None:
    done = terminal("audit", "heavy.npy", "--report", "r.html", "--plot", "p.png")
    assert done.status == 0 and done.out
    with Image.open("p.png") as picture:
        assert json.loads(picture.info["Description"])["verdict"] == "heavy"
    text = Path("r.html").read_text()
    assert text.startswith("<!doctype html>") and text.count("<svg role") == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.npy",), "none.npy"),
        (("light.npy", "--side", "left"), "--side: expected upper or lower"),
        (
            ("light.npy", "--engine", "spark"),
            "--engine: expected threads or serial or processes or ray",
        ),
        (("light.npy", "--budgets", "0"), "--budgets: expected numbers from 1e-09 to 100"),
        (("light.npy", "--budgets", "1e-12"), "--budgets: expected numbers from 1e-09 to 100"),
        (("light.npy", "--budgets", "1,x"), "--budgets: expected numbers from 1e-09 to 100"),
        (("light.npy", "--cap-budget", "nan"), "--cap-budget: expected a number from"),
        (("light.npy", "--most-bad", "1.5"), "--most-bad: expected a share"),
        (("light.npy", "--seed", "-1"), "--seed: expected a number from 0 on"),
        (("light.npy", "--plot", "x.txt"), "--plot: expected a file ending in"),
        (("scores.csv", "--reward", "nothing"), "nothing"),
        (("light.npy", "--json", "light.npy"), "light.npy"),
        (("*.npy", "--json", "light.npy"), "light.npy"),
        (("shards", "--json", "shards/o.json"), "lies in shards, a folder that is read"),
        (("light.npy", "shards", "--work", "shards/w"), "lies in shards, a folder that is read"),
        (("light.npy", "--report", "none/r.html"), "cannot write none/r.html: no such"),
        (("light.npy", "--report", "r.txt"), "--report: expected a file ending in .html, .htm"),
        (("light.npy", "--json", "shards"), "cannot write shards: is a directory"),
    ],
)
def test_bad_input_is_one_line(terminal: Terminal, arguments: tuple[str, ...], said: str) -> None:
    Path("shards").mkdir()
    np.save("shards/1.npy", np.arange(5.0))
    before = listing()
    # Other outputs are not written either.
    assert said in terminal.refused("audit", *arguments, "--csv", "other.csv")
    assert listing() == before


def test_too_many_bad_rows_are_refused_with_the_first(terminal: Terminal) -> None:
    rewards = np.load("light.npy")
    rewards[10] = np.nan
    rewards[100:300] = np.inf
    np.save("bad.npy", rewards)
    line = terminal.refused("audit", "bad.npy")
    assert "201 of 12,000 rows" in line and "row 11 of bad.npy" in line
    assert "allow more with --most-bad" in line
    done = terminal("audit", "bad.npy", "--most-bad", "0.05")
    assert done.status == 0 and "warning: 201 of 12,000 rows" in done.out


def test_reports_and_pictures_may_lie_beside_what_is_read(terminal: Terminal) -> None:
    Path("shards/.work").mkdir(parents=True)
    np.save("shards/1.npy", np.load("light.npy")[:600])
    for _ in range(2):
        assert terminal("audit", "shards", "--report", "shards/r.html").status == 0


def test_rows_that_are_left_out_leave_no_prompt_behind(terminal: Terminal) -> None:
    rows = Path("scores.csv").read_text().splitlines()
    rows[1] = rows[1].removeprefix(rows[1].partition(",")[0])
    rows += ["p99,nan,0"]
    Path("scores.csv").write_text("\n".join(rows) + "\n")
    answer = json.loads(terminal("audit", "scores.csv", "--json", "-").out)
    assert answer["per_prompt"]["prompts"] == 50  # neither the one without a name, nor p99
    assert 0 <= float(answer["per_prompt"]["variance_between"]) < 0.1
    done = terminal("audit", "scores.csv")
    assert "2 of 6,001 rows lack a finite number or a prompt" in done.out.replace("\n    ", " ")
