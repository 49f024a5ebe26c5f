"""The scores of a user's files: which columns they are, and shards that are read in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from verify.reading import DataError, broken_files
from verify.tails.reading.batch import Batch
from verify.tails.reading.cells import batch_of
from verify.tails.reading.columns import Columns, Kind, check, choose
from verify.tails.reading.formats import Arrays, Part, format_of
from verify.tails.reading.sources import files_of

Side = Literal["upper", "lower"]


@dataclass(frozen=True)
class Shard:
    """A part of a file that can be read alone, by another process too.

    Attributes
    ----------
    path : str
        The file.
    part : Part
        Which part of it.
    columns : Columns
        Which columns are read as what.
    side : {'upper', 'lower'}
        Rewards are negated for the lower tail.
    """

    path: str
    part: Part
    columns: Columns
    side: Side = "upper"

    def batches(self) -> Iterator[Batch]:
        """The rows of this part, in order.

        Raises
        ------
        DataError
            One line, if the file is damaged.
        """
        for first, arrays in self._blocks():
            yield batch_of(self.path, first, arrays, self.columns, self.side == "lower")

    def _blocks(self) -> Iterator[tuple[int, Arrays]]:
        with broken_files(self.path):
            yield from format_of(self.path).blocks(self.path, self.part, self.columns)


@dataclass(frozen=True)
class Scores:
    """Files of scores.

    Attributes
    ----------
    files : tuple of str
        In the order in which they are read.
    columns : Columns
        Which columns are read as what; the same in all files.
    shards : tuple of Shard
        All of the files.
    messages : tuple of str
        What was guessed, a sentence each.
    side : {'upper', 'lower'}
        Which tail is looked at.
    """

    files: tuple[str, ...]
    columns: Columns
    shards: tuple[Shard, ...]
    messages: tuple[str, ...] = ()
    side: Side = "upper"


def open_scores(
    paths: Sequence[str] | str,
    reward: str | None = None,
    prompt: str | None = None,
    utility: str | None = None,
    log_prob: str | None = None,
    side: Side = "upper",
    option: str = "--reward",
) -> Scores:
    """Find the files and their columns; rows are read by :meth:`Shard.batches`.

    Parameters
    ----------
    paths : str or sequence of str
        Files (.npy, .npz, .csv, .tsv, .jsonl, the last three also .gz, .json, .parquet, .arrow),
        folders of them, patterns, or folders of data sets that Hugging Face's ``save_to_disk``
        wrote.
    reward, prompt, utility, log_prob : str, optional
        Names of columns. Those that are not given are looked for under the usual names; where only
        one column holds numbers, it is the reward.
    side : {'upper', 'lower'}, optional
        With 'lower' rewards are negated, so that their lower tail is seen as an upper one.
    option : str
        The option that names the column of rewards, for messages.

    Raises
    ------
    DataError
        One line: what is wrong with which file, and what would be accepted.
    """
    files = files_of([paths] if isinstance(paths, str) else list(paths))
    columns, messages = choose(
        files[0], _kinds(files[0]), reward, prompt, utility, log_prob, option
    )
    shards = []
    for path in files:
        if path != files[0]:
            _check_same(path, columns)
        with broken_files(path):
            shards += [Shard(path, part, columns, side) for part in format_of(path).parts(path)]
    if not shards:
        raise DataError(f"{files[0]}: there are no rows in it")
    return Scores(tuple(files), columns, tuple(shards), messages, side)


def _kinds(path: str) -> dict[str, Kind]:
    with broken_files(path):
        return format_of(path).columns(path)


def _check_same(path: str, columns: Columns) -> None:
    """Refuse a file without the columns that the first one has."""
    given = {role: getattr(columns, role) for role in ("prompt", "utility", "log_prob")}
    asked = {role: name for role, name in given.items() if name is not None}
    kinds = _kinds(path)
    for name in columns.reward:
        check(path, kinds, {"reward": name, **asked})
