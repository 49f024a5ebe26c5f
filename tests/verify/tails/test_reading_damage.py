"""Whatever happens to a file, reading it ends in rows or in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.tails.written import WRITERS
from verify.reading import DataError
from verify.tails.reading import open_scores

ROWS = 40
COLUMNS = {
    "prompt": ["01", "a", 'b"q', "ü", "x,y", "a\nb", "c", "d"] * (ROWS // 8),
    "reward": [1.5, -2.25, 1e300, 0.1, 3.0, 5e-324, 7.0, 8.0] * (ROWS // 8),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An undamaged file of each format."""
    folder = tmp_path_factory.mktemp("whole")
    for name, write in WRITERS.items():
        write(folder / name, COLUMNS)
    return {name: folder / name for name in WRITERS}


def read_or_refused(path: Path) -> int | None:
    """How many rows there are; None if the file is refused, in one line that names it."""
    try:
        batches = [batch for shard in open_scores(str(path)).shards for batch in shard.batches()]
    except DataError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        return None
    for batch in batches:
        assert np.isfinite(batch.reward).all()
        assert batch.tally.rows - batch.tally.bad == len(batch.reward)
        assert batch.prompt is None or len(batch.prompt.codes) == len(batch.reward)
    return sum(batch.tally.rows for batch in batches)


@given(st.sampled_from(sorted(WRITERS)), st.floats(0, 1), st.binary(max_size=6), st.integers(0, 6))
def test_bytes_that_were_replaced(
    whole: dict[str, Path], name: str, where: float, put: bytes, dropped: int
) -> None:
    content = whole[name].read_bytes()
    place = int(where * len(content))
    path = whole[name].with_name(f"damaged-{name}")
    path.write_bytes(content[:place] + put + content[place + dropped :])
    read_or_refused(path)


@given(st.sampled_from(sorted(WRITERS)), st.integers(1, 200))
def test_files_that_were_cut_off(whole: dict[str, Path], name: str, lost: int) -> None:
    content = whole[name].read_bytes()
    path = whole[name].with_name(f"cut-{name}")
    path.write_bytes(content[: max(len(content) - lost, 1)])
    found = read_or_refused(path)
    # The end of a line is not needed, nor the mark at the end of a stream; of a CSV or TSV a line
    # may be cut so that it is still one.
    assert found is None or found == ROWS or (name in ("a.csv", "a.tsv") and found < ROWS)


def test_texts_that_end_before_they_begin(tmp_path: Path) -> None:
    # pyarrow reads memory that is not its own at such places, unless the batch is validated.
    path = tmp_path / "a.arrow"
    texts = [str(i) for i in range(100, 150)]
    WRITERS["file.arrow"](path, {"prompt": texts, "reward": [1.0] * 50})
    offsets = np.arange(51, dtype="<i4") * 3
    content = path.read_bytes()
    assert content.count(offsets.tobytes()) == 1
    path.write_bytes(content.replace(offsets.tobytes(), (offsets * 2**20).tobytes()))
    assert read_or_refused(path) is None


def test_a_row_group_is_not_held_as_a_whole(tmp_path: Path, rng: np.random.Generator) -> None:
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    rewards = rng.normal(size=4_000_000)
    parquet.write_table(pa.table({"reward": rewards}), path, row_group_size=len(rewards))
    before = pa.total_allocated_bytes()
    (shard,) = open_scores(str(path)).shards
    most = max(pa.total_allocated_bytes() - before for _ in shard.batches())
    assert 0 < most < rewards.nbytes / 2  # 8 MB, of 32
