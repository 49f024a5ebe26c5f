"""All engines give the same summary, bit for bit; a run that was cut off goes on."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from tests.verify.tails.sources import Changing, Damaged, Deadly, Lines, Sources, written
from verify.errors import InputError
from verify.tails.engine import Source, run, summarise
from verify.tails.engine.task import Task
from verify.tails.reading import open_scores
from verify.tails.reading.batch import Batch
from verify.tails.summary import Summary
from verify.tails.summary.stored import to_bytes

KEEP = 300
PARTS = 6
#: For how many seconds a thread may wait for another before the test fails.
PATIENCE = 60


@pytest.fixture
def rewards(rng: np.random.Generator) -> np.ndarray:
    """Of a heavy-tailed law."""
    return rng.standard_t(3, 20_000)


@pytest.fixture
def files(tmp_path: Path, rewards: np.ndarray) -> list[str]:
    """The rewards in 6 files."""
    return written(tmp_path, rewards, PARTS)


def identical(first: Summary, second: Summary) -> bool:
    """Bit for bit, sums included."""
    return to_bytes(first) == to_bytes(second)


class Interrupted(Exception):
    """What stops a run."""


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read, as they are."""
    read: list[str] = []
    batches = Lines.batches

    def counted(self: Lines) -> Iterator[Batch]:
        read.append(self.path)
        return batches(self)

    monkeypatch.setattr(Lines, "batches", counted)
    return read


def stopping(after: int) -> Callable[[int, int, str], None]:
    """A progress that interrupts the run."""

    def progress(done: int, total: int, last: str) -> None:
        if done == after:
            raise Interrupted

    return progress


def test_the_summary_is_that_of_all_rewards(files: list[str], rewards: np.ndarray) -> None:
    seen: list[tuple[int, int, str]] = []
    found = summarise(
        Sources(tuple(map(Lines, files))),
        keep=KEEP,
        progress=lambda *where: seen.append(where),
    )
    whole = Summary.of(rewards, KEEP)
    assert np.array_equal(found.top, whole.top)
    assert np.array_equal(found.lowest, whole.lowest)
    assert np.array_equal(found.sketch.counts, whole.sketch.counts)
    assert found.mean == pytest.approx(rewards.mean(), rel=1e-13)
    assert found.tally.rows == len(rewards)
    assert found.prompts is not None
    assert found.prompts.counts.sum() == len(rewards)
    assert seen == [(number, PARTS, path) for number, path in enumerate(files, 1)]


def test_engines_and_a_work_folder_change_nothing(files: list[str], tmp_path: Path) -> None:
    sources = Sources(tuple(map(Lines, files)))
    alone = summarise(sources, keep=KEEP, engine="serial")
    kept = summarise(sources, keep=KEEP, work_folder=str(tmp_path / "work"))
    apart = summarise(sources, keep=KEEP, engine="processes", workers=2)
    assert identical(alone, kept)
    assert identical(alone, apart)
    for workers in (1, 2, PARTS):
        assert identical(alone, summarise(sources, keep=KEEP, workers=workers))


@dataclass(frozen=True)
class Waiting:
    """A shard that is read only once another has been, or is being: it comes last or first."""

    shard: Source
    before: Event | None = None
    after: Event | None = None

    @property
    def path(self) -> str:
        """The file."""
        return self.shard.path

    def batches(self) -> Iterator[Batch]:
        """Its rows."""
        if self.before is not None:
            assert self.before.wait(PATIENCE)
        yield from self.shard.batches()
        if self.after is not None:
            self.after.set()


def test_which_thread_is_quicker_does_not_matter(files: list[str]) -> None:
    """The first shard is read when the fourth has been: sums of prompts would differ."""
    late = Event()
    shards = [Waiting(Lines(path)) for path in files]
    shards[0] = Waiting(Lines(files[0]), before=late)
    shards[3] = Waiting(Lines(files[3]), after=late)
    found = summarise(Sources(tuple(shards)), keep=KEEP, workers=2)
    alone = summarise(Sources(tuple(map(Lines, files))), keep=KEEP, engine="serial")
    assert identical(found, alone)


def test_of_two_damaged_files_the_first_is_named(files: list[str]) -> None:
    """Though the second is found first."""
    late = Event()
    first = Waiting(Damaged(files[0]), before=late)
    second = Waiting(Lines(files[1]), after=late)
    sources = Sources((first, second, Damaged(files[2])))
    with pytest.raises(InputError, match=r"00\.txt: row 101 is cut off$"):
        summarise(sources, keep=KEEP, workers=2)


def test_threads_end_with_the_work(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is not read when the run is interrupted."""
    read = counting(monkeypatch)
    sources = Sources(tuple(map(Lines, files * 50)))
    with pytest.raises(Interrupted):
        summarise(sources, keep=KEEP, workers=2, progress=stopping(after=1))
    assert len(read) < len(files) * 50


def test_files_are_read_through_the_reader(tmp_path: Path, rewards: np.ndarray) -> None:
    np.save(tmp_path / "rewards.npy", rewards)
    scores = open_scores(str(tmp_path / "rewards.npy"))
    found = summarise(scores, keep=KEEP)
    assert identical(found, Summary.of(rewards, KEEP))
    assert pickle.loads(pickle.dumps(scores)) == scores  # as it goes to other processes
    below = summarise(open_scores(str(tmp_path / "rewards.npy"), side="lower"), keep=KEEP)
    assert np.array_equal(below.top, -np.sort(rewards)[:KEEP])


def test_a_run_that_was_cut_off_goes_on(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, work = Sources(tuple(map(Lines, files))), str(tmp_path / "work")
    read = counting(monkeypatch)
    with pytest.raises(Interrupted):
        summarise(sources, keep=KEEP, engine="serial", work_folder=work, progress=stopping(after=4))
    assert read == files[:4]
    read.clear()
    found = summarise(sources, keep=KEEP, work_folder=work)
    assert read == files[4:]
    assert identical(found, summarise(sources, keep=KEEP))


def test_a_file_that_has_changed_is_read_again(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, work = Sources(tuple(map(Lines, files))), str(tmp_path / "work")
    summarise(sources, keep=KEEP, work_folder=work)
    np.savetxt(files[2], np.arange(50.0))
    read = counting(monkeypatch)
    found = summarise(sources, keep=KEEP, work_folder=work)
    assert read == [files[2]]
    assert identical(found, summarise(sources, keep=KEEP))


def test_what_was_left_out_beside_a_file_that_has_changed_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first file had all of the largest rewards, so that of the second none was kept."""
    files = [str(tmp_path / name) for name in ("first.txt", "second.txt")]
    np.savetxt(files[0], np.arange(1000.0, 2000.0))
    np.savetxt(files[1], np.arange(1000.0))
    sources, work = Sources(tuple(map(Lines, files))), str(tmp_path / "work")
    # One after the other, so that the second is told what the first has reached.
    first = summarise(sources, keep=KEEP, engine="serial", work_folder=work)
    assert first.top[-1] == 1700
    np.savetxt(files[0], np.arange(-1000.0, 0.0))
    read = counting(monkeypatch)
    for expected in (3, 0):  # the first, then both; then they are known
        read.clear()
        found = summarise(sources, keep=KEEP, engine="serial", work_folder=work)
        assert np.array_equal(found.top, np.arange(999.0, 699.0, -1))
        assert len(read) == expected


def test_other_options_are_other_results(files: list[str], tmp_path: Path) -> None:
    sources, work = Sources(tuple(map(Lines, files))), str(tmp_path / "work")
    summarise(sources, keep=KEEP, work_folder=work)
    found = summarise(sources, keep=2 * KEEP, work_folder=work)
    assert len(found.top) == 2 * KEEP


def test_a_damaged_result_is_made_again(files: list[str], tmp_path: Path) -> None:
    sources, work = Sources(tuple(map(Lines, files))), tmp_path / "work"
    whole = summarise(sources, keep=KEEP, work_folder=str(work))
    results = sorted(work.iterdir())
    assert len(results) == PARTS
    contents = [result.read_bytes() for result in results]
    results[1].write_bytes(contents[1][:-20])
    results[3].write_bytes(b"")
    assert identical(summarise(sources, keep=KEEP, work_folder=str(work)), whole)
    assert [len(result.read_bytes()) > 0 for result in results] == [True] * PARTS


@pytest.mark.parametrize("engine", ["threads", "serial", "processes"])
def test_a_damaged_file_is_named(engine: run.Engine, files: list[str]) -> None:
    sources = Sources((Lines(files[0]), Damaged(files[1])))
    with pytest.raises(InputError, match=r"01\.txt: row 101 is cut off$"):
        summarise(sources, engine=engine, workers=1, keep=KEEP)


@pytest.mark.parametrize("folder", [None, "work"])
def test_a_file_that_changes_meanwhile_is_named(
    folder: str | None, files: list[str], tmp_path: Path
) -> None:
    sources = Sources((Lines(files[0]), Changing(files[1])))
    work = None if folder is None else str(tmp_path / folder)
    with pytest.raises(InputError, match=r"01\.txt: the file changed while it was read"):
        summarise(sources, keep=KEEP, work_folder=work)


def test_a_process_that_dies_is_said(files: list[str], tmp_path: Path) -> None:
    work = str(tmp_path / "work")
    deadly = Deadly(files[1], str(tmp_path / "marker"))
    sources = Sources((Lines(files[0]), deadly, Lines(files[2])))
    with pytest.raises(InputError, match="a worker process died, most likely for want of memory"):
        summarise(sources, engine="processes", workers=1, keep=KEEP, work_folder=work)
    again = summarise(sources, engine="processes", workers=1, keep=KEEP, work_folder=work)
    assert identical(again, summarise(Sources(tuple(map(Lines, files[:3]))), keep=KEEP))


def test_results_do_not_pile_up(files: list[str]) -> None:
    """Only so many tasks are taken as there are workers to do them."""
    taken = 0

    def tasks() -> Iterator[Task]:
        nonlocal taken
        for path in files:
            taken += 1
            yield Task(Lines(path), run.state_of(path), KEEP, -np.inf)

    found = run.ENGINES["processes"](tasks(), 1)
    next(found)
    assert taken == 2
    found.close()


def test_later_shards_know_what_the_first_have_reached(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    floors: list[float] = []
    done = Task.done

    def watched(self: Task) -> Summary:
        floors.append(self.floor)
        return done(self)

    monkeypatch.setattr(Task, "done", watched)
    sources = Sources(tuple(map(Lines, files)))
    found = summarise(sources, keep=KEEP, work_folder=str(tmp_path / "work"))
    assert floors[0] == -np.inf < floors[-1] <= found.top[-1]
    assert floors == sorted(floors)


def test_bad_input_gets_one_line(files: list[str], tmp_path: Path) -> None:
    sources = Sources((Lines(files[0]),))
    with pytest.raises(InputError, match="no engine is called 'fast'; there are threads, serial, "):
        summarise(sources, engine="fast")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="workers: expected at least 1, got 0"):
        summarise(sources, workers=0)
    with pytest.raises(InputError, match=r"00\.txt: cannot be used as a folder"):
        summarise(sources, work_folder=files[0])
    with pytest.raises(InputError, match=r"gone\.txt: cannot be read \(no such file"):
        summarise(Sources((Lines(str(tmp_path / "gone.txt")),)))
