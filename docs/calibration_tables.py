"""Tables of the page on calibration: how often the audit's verdicts and intervals are right."""

from __future__ import annotations

from docs.tables import table
from verify.tails.calibration.cases import BY_TEXT
from verify.tails.calibration.measuring import Row
from verify.tails.calibration.table import read_table

#: The columns of verdicts.
KINDS = ("light", "bounded", "heavy", "cannot_tell")


def calibration(which: str) -> str:
    """A table by its name: ``rounded``, ``intervals``, or a group of laws."""
    return {"rounded": rounded, "intervals": intervals}.get(which, lambda: verdicts(which))()


def verdicts(group: str) -> str:
    """Shares of the verdicts, in percent, for the laws of a group."""
    rows = []
    for row in _rows("moved"):
        case = BY_TEXT[row.law]
        if case.group != group:
            continue
        shares = [_percent(row, kind) for kind in KINDS]
        rows.append([f"`{row.law}`", case.truth, _count(row.n), f"{row.samples}", *shares])
    return table(["Law", "It is", "n", "Samples", "light", "bounded", "heavy", "cannot tell"], rows)


def rounded() -> str:
    """The same for rewards in bf16: at their place, and shifted by 100."""
    there = {row.key: row for row in _rows("bf16 at 100")}
    rows = []
    for row in _rows("bf16"):
        case = BY_TEXT[row.law]
        far = there.get((row.law, row.n, "bf16 at 100"))
        rows.append(
            [
                f"`{row.law}`",
                _count(row.n),
                f"{row.samples}",
                _right(row, case.truth),
                _percent(row, "heavy"),
                *(["-", "-"] if far is None else [f"{far.samples}", _percent(far, "cannot_tell")]),
                "-" if far is None else _percent(far, "heavy"),
            ]
        )
    titles = ["right", "heavy", "Samples at 100", "cannot tell", "heavy"]
    return table(["Law", "n", "Samples", *titles], rows)


def intervals() -> str:
    """How often the intervals held the truth, and how wide they were."""
    rows = []
    for row in _rows("moved"):
        case = BY_TEXT[row.law]
        rate = ["-", "-", "-"]
        if case.truth != "heavy" and row.rate_given:
            ratio = "infinite" if row.rate_ratio is None else f"{row.rate_ratio:.3g}"
            true = "∞" if case.rate == float("inf") else f"{case.rate:.3g}"
            rate = [true, _percent(row, "rate_covered", "rate_given"), ratio]
        rows.append(
            [
                f"`{row.law}`",
                _count(row.n),
                f"{case.index:.3g}",
                _percent(row, "index_covered", "index_given"),
                "-" if row.index_width is None else f"{row.index_width:.2g}",
                *rate,
            ]
        )
    return table(
        ["Law", "n", "Index", "held", "median width", "Rate", "held", "median high/low"], rows
    )


def _rows(form: str) -> list[Row]:
    return [row for row in read_table() if row.form == form]


def _count(n: int) -> str:
    return {10_000: "10⁴", 100_000: "10⁵"}[n]


def _right(row: Row, truth: str) -> str:
    """A bounded law may be called light."""
    counts = ("bounded", "light") if truth == "bounded" else (truth,)
    share = sum(getattr(row, count) for count in counts) / row.samples
    return f"{100 * share:.1f}"


def _percent(row: Row, hits: str, of: str = "samples") -> str:
    """A share in percent with its standard error."""
    tries = getattr(row, of)
    if not tries:
        return "-"
    return f"{100 * getattr(row, hits) / tries:.1f} ± {100 * row.error(hits, of):.1f}"
