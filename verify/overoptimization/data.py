"""Measured points of an overoptimisation curve, from a file of a user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.decimals import counted
from verify.errors import InputError
from verify.overoptimization.forms import best_of_n_kl
from verify.reading import DataError, broken_files, exact_floats, numbers_in, quoted, read_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: What the scores of a reward model are called.
REWARDS = ("reward", "rewards", "score", "scores", "reward_score", "rm_score", "reward_model_score")
#: Names that say what a column is, whatever their case; the first goes before others.
USUAL = {
    "kl": ("kl", "kl_divergence", "kl divergence"),
    "n": ("n", "best_of_n", "best-of-n"),
    "gold": ("gold", "gold_score", "gold score", "gold_reward", "gold reward", "utility"),
    "proxy": ("proxy", "proxy_score", "proxy score", "proxy_reward", "proxy reward", *REWARDS),
    "error": ("gold_se", "gold_stderr", "standard_error"),
}
#: Numbers are at most so large, and standard errors at least one over it: the squares of scores in
#: units of their errors stay within float64.
LARGEST = 1e60
#: KL divergences that were written with two digits after the point agree up to so much.
AGREE = 0.01


@dataclass(frozen=True, eq=False)
class CurveData:
    """The points, a row each.

    Attributes
    ----------
    path : str
        The file, or another name for where they come from.
    columns : dict
        What was read: from ``kl`` or ``n``, ``gold``, ``proxy`` and ``error`` to names of columns.
    guessed : tuple of str
        Which of those were found by their names.
    kl : array
        Nats, 0 or more.
    gold : array
        The gold score, in its own units.
    proxy, error : array or None
        The proxy score; the standard error of the gold score.
    unread_n : str or None
        A column that is called like the n of best-of-n, and that ``kl`` went before.
    disagreement : str or None
        Where the KL divergences are not those of that n.
    """

    path: str
    columns: dict[str, str]
    guessed: tuple[str, ...]
    kl: Floats
    gold: Floats
    proxy: Floats | None = None
    error: Floats | None = None
    unread_n: str | None = None
    disagreement: str | None = None

    @property
    def d(self) -> Floats:
        """``sqrt KL``."""
        root: Floats = self.kl**0.5
        return root


def read_curve(
    path: str,
    kl: str | None = None,
    n: str | None = None,
    gold: str | None = None,
    proxy: str | None = None,
    error: str | None = None,
) -> CurveData:
    """Read a curve from a .csv, .json, .jsonl or .parquet file.

    Parameters
    ----------
    path : str
        The file.
    kl, n, gold, proxy, error : str, optional
        Names of its columns: the KL divergence in nats or the n of best-of-n, the gold score, the
        proxy score, the standard error of the gold score. Those that are not given are looked for
        under the usual names; of ``kl`` and ``n`` the first is taken if both are there.

    Raises
    ------
    InputError
        One line: the file cannot be read, a column is missing or is not known, or a row holds no
        number, a negative KL, an n that is no whole number from 1 on, or no positive error.
    """
    if kl is not None and n is not None:
        raise InputError("--kl and --n both say how far each row is from the base; give one")
    asked = {"kl": kl, "n": n, "gold": gold, "proxy": proxy, "error": error}
    columns, guessed, found, table = columns_of(path, asked, ("kl", "n", "gold"))
    divergences = _kl(path, columns, found)
    unread = _unread_n(columns, table)
    return CurveData(
        path,
        columns,
        guessed,
        divergences,
        found["gold"],
        found.get("proxy"),
        _errors(path, columns, found),
        unread,
        None if unread is None else _disagreement(path, table, unread, divergences),
    )


def columns_of(
    path: str, asked: dict[str, str | None], needed: tuple[str, ...]
) -> tuple[dict[str, str], tuple[str, ...], dict[str, Floats], Any]:
    """The columns of a file by what they are.

    Parameters
    ----------
    path : str
        The file.
    asked : dict
        What is looked for, each with the name of its column or None.
    needed : tuple of str
        What has to be there; ``kl`` and ``n`` count as one.

    Returns
    -------
    columns, guessed, found, table
        The names of the columns, those found by the usual names, the numbers, and the whole table.
    """
    given = [name for name in asked.values() if name is not None]
    _, table = read_table(path, given)
    names = list(table.schema.names)
    if not table.num_rows:
        raise DataError(f"{path}: it has no rows; columns: {quoted(names)}")
    columns = {role: name for role, name in asked.items() if name is not None}
    guessed = _guess(columns, names, tuple(asked))
    _check_roles(path, columns, names, needed)
    found = {role: _numbers(path, table, name) for role, name in columns.items()}
    for role, numbers in found.items():
        if role != "n":  # whose KL is about its logarithm
            wanted = f"a number of size {LARGEST:g} at most"
            _refuse(path, columns[role], numbers, abs(numbers) > LARGEST, wanted)
    return columns, guessed, found, table


def _guess(columns: dict[str, str], names: list[str], roles: tuple[str, ...]) -> tuple[str, ...]:
    """Add the columns whose names say what they are; which were added."""
    guessed = []
    for role in roles:
        if (
            role in columns
            or (role == "n" and "kl" in columns)
            or (role == "kl" and "n" in columns)
        ):
            continue
        name = _usual(role, names)
        if name is not None and name not in columns.values():
            columns[role] = name
            guessed.append(role)
    return tuple(guessed)


def _usual(role: str, names: list[str]) -> str | None:
    """The one column whose name says that it is this; None of none or several."""
    for usual in USUAL[role]:
        fitting = [name for name in names if name.strip().lower() == usual]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _unread_n(columns: dict[str, str], table: Any) -> str | None:
    name = _usual("n", list(table.schema.names))
    return name if "kl" in columns and name not in columns.values() else None


def _disagreement(path: str, table: Any, column: str, divergences: Floats) -> str | None:
    """Where the best of the n of a column has another KL divergence; None if nowhere."""
    import numpy as np

    try:
        n = _numbers(path, table, column)
    except InputError:
        return None  # the name means something else here
    expected = best_of_n_kl(np.maximum(n, 1))
    off = (n >= 1) & (abs(divergences - expected) > AGREE * (1 + expected))
    if not off.any():
        return None
    row, such = int(off.argmax()), counted(int(off.sum()), "such row")
    return (
        f"row {row + 1} has KL {divergences[row]:.4g}, and the best of n = {n[row]:g} has "
        f"{expected[row]:.4g}: the KL is used; --n {column} uses n ({such})"
    )


def _check_roles(
    path: str, columns: dict[str, str], names: list[str], needed: tuple[str, ...]
) -> None:
    if "kl" in needed and not {"kl", "n"} & columns.keys():
        raise DataError(
            f"{path}: no column is called kl or n; name one with --kl COL or --n COL, or say "
            f"--samples if each row is an answer of the base policy; columns: {quoted(names)}"
        )
    for role in ("gold", "proxy"):
        if role in needed and role not in columns:
            raise DataError(
                f"{path}: no column is called {role}; name one with --{role} COL; "
                f"columns: {quoted(names)}"
            )
    taken: dict[str, str] = {}
    for role, name in columns.items():
        if name in taken:
            raise DataError(f"{path}: column {name!r} is to be both {taken[name]} and {role}")
        taken[name] = role


def _numbers(path: str, table: Any, column: str) -> Floats:
    # Several columns are read, so that what is wrong in a row needs its column's name too.
    where = f"{path}, column {column}" if column in table.schema.names else path
    with broken_files(path):
        return exact_floats(where, numbers_in(where, table, column))


def _kl(path: str, columns: dict[str, str], found: dict[str, Floats]) -> Floats:
    import numpy as np

    if "kl" in found:
        _refuse(path, columns["kl"], found["kl"], found["kl"] < 0, "a KL divergence of 0 or more")
        return found["kl"]
    n = found["n"]
    _refuse(path, columns["n"], n, (n < 1) | (n != np.floor(n)), "a whole number from 1 on")
    return best_of_n_kl(n)


def _errors(path: str, columns: dict[str, str], found: dict[str, Floats]) -> Floats | None:
    errors = found.get("error")
    if errors is not None:
        found_by_name = columns["error"].strip().lower() in USUAL["error"]
        wanted = (
            f"a standard error above 0, at least {1 / LARGEST:g} (the base score is exact: give it "
            "with --base, and leave out its row; other errors: --gold-error COL; none: "
            f"{'rename the column' if found_by_name else 'no --gold-error'})"
        )
        _refuse(path, columns["error"], errors, ~(errors >= 1 / LARGEST), wanted)
    return errors


def _refuse(path: str, column: str, values: Floats, wrong: Any, wanted: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{path}: row {row + 1} has {values[row]:g} in column {column!r}; expected {wanted}"
        )
