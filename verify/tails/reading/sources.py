"""Which files are meant: a file, a folder of shards, a pattern, a data set of Hugging Face."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verify.files import reason
from verify.reading import DataError, quoted
from verify.tails.reading.formats import is_known

#: What a data set of Hugging Face on disk has beside its Arrow files.
STATE, SPLITS = "state.json", "dataset_dict.json"


def files_of(paths: Sequence[str]) -> list[str]:
    """The files that some paths stand for, in order, those of a folder by their names.

    Parameters
    ----------
    paths : sequence of str
        Files, folders, patterns with ``*``, ``?`` or ``**``.

    Raises
    ------
    DataError
        One line: nothing is there, a folder has no file of a known format or of several formats,
        a data set has splits and none was chosen, or a file is there twice.
    """
    if not paths:
        raise DataError("no file of scores was named")
    found = [file for path in paths for file in _expanded(path)]
    seen: dict[str, str] = {}
    for file in found:
        place = os.path.realpath(file)
        if place in seen:
            raise DataError(f"{file}: the same file as {seen[place]}; name each once")
        seen[place] = file
    return found


def _expanded(path: str) -> list[str]:
    try:
        if os.path.isdir(path):
            return _in_folder(path)
        if os.path.exists(path):
            if not (os.path.isfile(path)):
                raise DataError(f"{path}: is not a file; expected a file or a folder of them")
            if os.path.getsize(path) == 0:
                raise DataError(f"{path}: the file is empty")
            return [path]
        if glob.has_magic(path):
            matching = [each for each in sorted(glob.glob(path, recursive=True)) if is_known(each)]
            if matching:
                return [file for each in matching for file in _expanded(each)]
            raise DataError(f"{path}: no file of a known format matches")
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise DataError(f"{path}: cannot be opened ({why})") from None
    raise DataError(f"{path}: no such file")


def _in_folder(folder: str) -> list[str]:
    """The files of scores in a folder and in those below it."""
    splits = Path(folder, SPLITS)
    if splits.is_file():
        names = _json(splits).get("splits", [])
        listed = ", ".join(str(Path(folder, str(name))) for name in names) or "none"
        raise DataError(f"{folder}: a data set with splits; name one of them: {listed}")
    state = Path(folder, STATE)
    if state.is_file():
        return _of_data_set(folder, _json(state))
    files = [
        str(file)
        for file in sorted(Path(folder).rglob("*"))
        if file.is_file()
        and is_known(str(file))
        and not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    ]
    data = [file for file in files if Path(file).name != "dataset_info.json"]
    if not data:
        raise DataError(f"{folder}: the folder holds no file of a known format")
    formats = sorted({Path(file).name.partition(".")[2].rpartition(".")[2] for file in data})
    if len(formats) > 1:
        raise DataError(
            f"{folder}: the folder holds files of several formats ({quoted(formats)}); "
            f"name those that are meant, such as {folder}/*.{formats[0]}"
        )
    return [file for each in data for file in _expanded(each)]


def _of_data_set(folder: str, state: dict[str, Any]) -> list[str]:
    """The Arrow files of a data set, as it lists them."""
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise DataError(
            f"{folder}: a selection of rows of a data set; save it with flatten_indices() first"
        )
    try:
        names = [str(entry["filename"]) for entry in state["_data_files"]]
    except (KeyError, TypeError):
        raise DataError(f"{folder}/{STATE}: does not list the files of a data set") from None
    if not names:
        raise DataError(f"{folder}: the data set has no rows")
    return [file for name in names for file in _expanded(str(Path(folder, name)))]


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except ValueError:
        raise DataError(f"{file}: is not JSON") from None
    if not isinstance(found, dict):
        raise DataError(f"{file}: expected an object of JSON")
    return found
