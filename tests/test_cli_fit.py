"""``goodhart fit`` on the command line: its table, its JSON and CSV, its picture, its refusals."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.terminal import Terminal, listing
from verify.overoptimization.forms import BEST_OF_N, best_of_n_kl


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A curve with its peak at d = 2.5, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    n = 2.0 ** np.arange(17)
    d = best_of_n_kl(n) ** 0.5
    noise = 0.01 * np.random.default_rng(1).standard_normal((2, len(n)))
    gold = 1 + BEST_OF_N.value(d, 1.0, 0.2) + noise[0]
    rows = zip(n.astype(int), 2 + d + noise[1], gold, strict=True)
    text = "".join(f"{a},{b:.5f},{c:.5f}\n" for a, b, c in rows)
    Path("curve.csv").write_text("n,proxy,gold\n" + text)


def test_the_table(terminal: Terminal) -> None:
    done = terminal("fit", "curve.csv")
    assert done.status == 0 and not done.err
    lines = done.out.splitlines()
    assert lines[0] == "score against d = sqrt KL: 17 rows of curve.csv"
    assert lines[1].startswith("  columns: KL from n 'n' (by its name), gold 'gold' (by its name)")
    assert lines[2].split()[:3] == ["form", "score", "alpha"]
    assert [line.split()[:2] for line in lines[3:7]] == [
        ["best-of-n", "gold"],
        ["rl", "gold"],
        ["best-of-n", "proxy"],
        ["rl", "proxy"],
    ]
    assert lines[7].startswith("peak of best-of-n: KL = 6.") and ", n = " in lines[7]
    assert lines[8].startswith("peak of rl (the other form fits better): KL = ")
    assert ", n = " not in lines[8]
    assert lines[9].startswith("best-of-n fits better: its AIC is lower by ")
    assert lines[10].startswith("95 % intervals: they assume the form, and independent normal")


def test_an_n_beside_a_kl_is_said(terminal: Terminal) -> None:
    Path("both.csv").write_text("n,kl,gold\n1,0,0\n2,0.7,1\n4,1.4,1.5\n8,2.1,1.4\n16,2.8,1\n")
    done = terminal("fit", "both.csv", "--form", "best-of-n")
    assert done.out.splitlines()[1].endswith("; not read: 'n', as there is a KL")
    assert "warning: row 2 has KL 0.7, and the best of n = 2 has 0.1931: the KL is used" in done.out


def test_a_fit_without_residuals_has_no_criterion(terminal: Terminal) -> None:
    """Akaike's is minus infinity then, which is no number to JSON or to a reader of CSV."""
    Path("exact.csv").write_text("kl,gold\n0,0\n1,1\n4,2\n9,3\n16,4\n")
    answer = json.loads(terminal("fit", "exact.csv", "--json", "-").out)
    assert [fit["aic"] for fit in answer["fits"]] == [None, None]
    table = list(csv.DictReader(io.StringIO(terminal("fit", "exact.csv", "--csv", "-").out)))
    assert [row["aic"] for row in table] == ["", ""]
    assert "inf" not in terminal("fit", "exact.csv").out


def test_the_json_and_the_csv_agree(terminal: Terminal) -> None:
    answer = json.loads(terminal("fit", "curve.csv", "--json", "-").out)
    assert answer["rows"] == 17 and answer["level"] == 0.95
    (first, *_) = answer["fits"]
    assert first["alpha"]["low"] < 1.0 < first["alpha"]["high"]
    assert first["beta"]["low"] < 0.2 < first["beta"]["high"]
    assert first["peak"]["low"] < 2.5 < first["peak"]["high"]
    assert first["peak"]["kl"] == pytest.approx(first["peak"]["d"] ** 2)
    assert len(first["residuals"]) == 17
    table = list(csv.DictReader(io.StringIO(terminal("fit", "curve.csv", "--csv", "-").out)))
    for row, fit in zip(table, answer["fits"], strict=True):
        assert row["form"] == fit["form"] and float(row["beta_low"]) == fit["beta"]["low"]
        assert row["peak_d"] == ("" if fit["peak"] is None else str(fit["peak"]["d"]))


def test_scores_are_called_as_in_the_audit(terminal: Terminal) -> None:
    """What is called a proxy goes before what is called a score."""
    header, _, rows = Path("curve.csv").read_text().partition("\n")
    Path("audited.csv").write_text(f"{header.replace('proxy', 'rm_score')}\n{rows}")
    columns = json.loads(terminal("fit", "audited.csv", "--json", "-").out)["columns"]
    assert columns["proxy"] == "rm_score"
    both = "".join(f"{row},0\n" for row in rows.splitlines())
    Path("both.csv").write_text(f"{header},score\n{both}")
    columns = json.loads(terminal("fit", "both.csv", "--json", "-").out)["columns"]
    assert columns["proxy"] == "proxy"


def test_options_reach_the_fit(terminal: Terminal) -> None:
    one = json.loads(terminal("fit", "curve.csv", "--form", "rl", "--json", "-").out)
    assert [fit["form"] for fit in one["fits"]] == ["rl", "rl"] and one["comparison"] is None
    based = json.loads(terminal("fit", "curve.csv", "--base", "1", "--json", "-").out)
    assert based["fits"][0]["base"] == 1
    arguments = ("fit", "curve.csv", "--bootstrap", "200", "--seed", "3", "--json", "-")
    drawn = terminal(*arguments).out
    assert "percentiles of 200 resamples" in drawn and terminal(*arguments).out == drawn
    swapped = terminal("fit", "curve.csv", "--gold", "proxy", "--proxy", "gold", "--json", "-").out
    assert json.loads(swapped)["columns"]["gold"] == "proxy"


def test_the_picture(terminal: Terminal) -> None:
    assert terminal("fit", "curve.csv", "--plot", "c.png").status == 0
    with Image.open("c.png") as image:
        assert json.loads(image.info["Description"])["file"] == "curve.csv"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gone.csv",), "gone.csv: no such file; expected a .csv, .parquet, .jsonl or .json file"),
        (("curve.npy",), "curve.npy: expected a file that ends in .csv, .parquet, .jsonl or .json"),
        (("curve.csv", "--form", "ppo"), "--form: expected best-of-n or rl or both, got 'ppo'"),
        (("curve.csv", "--base", "nan"), "--base: expected a finite number"),
        (("curve.csv", "--base", "x"), "invalid value for '--base'"),
        (("curve.csv", "--bootstrap", "5"), "--bootstrap: expected 0, or 100 to 100000, got 5"),
        (("curve.csv", "--seed", "-1"), "--seed: expected a number from 0 on"),
        (("curve.csv", "--kl", "divergence"), "no column named 'divergence'"),
        (("curve.csv", "--kl", "n", "--n", "n"), "give one"),
        (("curve.csv", "--csv", "curve.csv"), "it would be overwritten"),
        (("curve.csv", "--plot", "c.gif"), "--plot: expected a file ending in"),
        (("curve.csv", "--json", "-", "--csv", "-"), "both go to standard output"),
        (("curve.csv", "--slope"), "no such option"),
    ],
)
def test_bad_input_is_one_line(terminal: Terminal, arguments: tuple[str, ...], says: str) -> None:
    assert says in terminal.refused("fit", *arguments)
    assert listing() == ["curve.csv"]
