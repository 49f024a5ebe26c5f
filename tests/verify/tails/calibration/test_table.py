"""The committed table of error rates, and the command that makes it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats

from verify.errors import InputError
from verify.tails.calibration import __main__ as command
from verify.tails.calibration import measuring, table
from verify.tails.calibration.measuring import Row, measure
from verify.tails.calibration.table import Asked, asked, complete, read_table, write_table
from verify.tails.verdict import Interval, Verdict

KINDS = ("bounded", "light", "heavy", "cannot_tell")
#: A comparison fails by chance less often than this.
CHANCE = 1e-7


def committed(law: str, n: int = 10_000, form: str = "moved") -> Row:
    return {row.key: row for row in read_table()}[law, n, form]


def unlike(found: Row, expected: Row) -> list[str]:
    """Counts that the shares of another row do not explain.

    Binomial probabilities, with shares from the other row's counts moved by five of its standard
    errors towards what was found.
    """
    off = []
    for name, of in [(kind, "samples") for kind in KINDS] + [("index_covered", "index_given")]:
        hits, tries = getattr(found, name), getattr(found, of)
        share = getattr(expected, name) / max(getattr(expected, of), 1)
        room = 5 * expected.error(name, of)
        share = min(max(hits / max(tries, 1), share - room), share + room)
        share = min(max(share, 0.0), 1.0)
        if stats.binomtest(hits, tries, share).pvalue < CHANCE if tries else False:
            off.append(name)
    return off


@pytest.mark.parametrize("law", ["exponential()", "gamma(1/2)", "student_t(3)", "uniform()"])
def test_rows_can_be_made_again(law: str) -> None:
    assert unlike(measure(law, 10_000, "moved", 30), committed(law)) == []


def test_rounded_rows_can_be_made_again() -> None:
    found = measure("student_t(3)", 10_000, "bf16", 30)
    assert unlike(found, committed("student_t(3)", form="bf16")) == []


def test_a_decision_that_always_says_heavy_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    always = Verdict("heavy", None, Interval(0.0, -1.0, 1.0), None, 100, "")
    monkeypatch.setattr(measuring, "decide", lambda _: always)
    assert {"heavy", "light"} <= set(
        unlike(measure("exponential()", 10_000, "moved", 30), committed("exponential()"))
    )


def test_an_interval_that_misses_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(tail: object) -> Verdict:
        found = decide(tail)
        return replace(found, shape=Interval(9.0, 8.0, 10.0))

    decide = measuring.decide
    monkeypatch.setattr(measuring, "decide", shifted)
    found = measure("student_t(3)", 10_000, "moved", 30)
    assert unlike(found, committed("student_t(3)")) == ["index_covered"]


def test_the_table_is_whole() -> None:
    """Every law, size and form; counts that add up; as many samples as are asked for."""
    rows = read_table()
    assert [row.key for row in rows] == [row[:3] for row in asked(1)]
    for row in rows:
        assert sum(getattr(row, kind) for kind in KINDS) == row.samples
        assert row.power_law + row.subexponential <= row.heavy
        assert row.index_covered <= row.index_given <= row.samples
        assert row.rate_covered <= row.rate_given == row.light


# ---------------------------------------------------------------- the command

FEW: list[Asked] = [("uniform()", 400, "moved", 4), ("student_t(3)", 400, "bf16", 3)]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "asked", lambda samples: FEW)


@pytest.mark.usefixtures("few")
def test_rows_do_not_depend_on_the_processes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    complete(one, 4, 1)
    complete(two, 4, 2)
    assert one.read_bytes() == two.read_bytes()
    assert read_table(one) == [measure(*row) for row in FEW]


@pytest.mark.usefixtures("few")
def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    first = replace(measure(*FEW[0]), index_width=123.0)  # a mark that measuring would not make
    write_table([first], path)
    steps: list[tuple[int, int, str]] = []
    complete(path, 4, 1, lambda *step: steps.append(step))
    assert read_table(path)[0] == first
    assert [step[:2] for step in steps] == [(0, 1), (1, 1)]


@pytest.mark.usefixtures("few")
def test_rows_with_too_few_samples_are_made_again(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    write_table([replace(measure(*FEW[0]), samples=3)], path)
    complete(path, 4, 1)
    assert read_table(path)[0].samples == 4


@pytest.mark.usefixtures("few")
def test_the_command_says_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.json"
    monkeypatch.setattr(sys, "argv", ["calibration", "--jobs", "1", "--out", str(path)])
    assert command.main() == 0
    assert capsys.readouterr().out == f"2 rows in {path}\n"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"schema": "other", "rows": []}', '{"rows": [{"law": 1}]}']
)
def test_other_files_are_refused(
    content: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "table.json"
    path.write_text(content)
    with pytest.raises(InputError, match="expected a table of schema"):
        read_table(path)
    monkeypatch.setattr(sys, "argv", ["calibration", "--out", str(path)])
    assert command.main() == 2
    assert "expected a table" in capsys.readouterr().err
    assert path.read_text() == content


def test_no_samples_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["calibration", "--samples", "0"])
    assert command.main() == 2
    assert "expected 1 or more" in capsys.readouterr().err
