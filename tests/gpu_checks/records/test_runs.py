"""Runs of sampling and scoring: cut off, gone on with, on a full disk, and from other batches.

The models are tiny, with random weights.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gpu_checks import tiny
from tests.gpu_checks.models.test_log_probs import CLOSE
from tests.gpu_checks.records.folders import save_policy, save_reward
from tests.test_cli_files import quota
from verify.errors import InputError

if TYPE_CHECKING:
    from gpu_checks.records.run import Job, Made, Outcome, Tick

pytestmark = pytest.mark.gpu

PROMPTS = ("what is it?", "the lazy dog", "heavy or light?")
ROOT = Path(__file__).resolve().parents[3]

#: Draws the same rows as ``sampler``, and is killed in the middle of writing the third file.
KILLED = """
import os, signal, sys
import verify.files
from gpu_checks.records.prompts import Prompts
from gpu_checks.sampling import OpenSampler, Plan, sample

calls, fsync = [], os.fsync
def killing(file):
    calls.append(file)
    if len(calls) == 4:  # the description, two files, and the third
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(file)
verify.files.os.fsync = killing
plan = Plan(answers=8, tokens=6, seed=5)
opener = OpenSampler(sys.argv[1], plan, Prompts.of(sys.argv[3:]), "cpu", "float64")
sample(opener, sys.argv[2], most=4)
"""


def sampler(name: str, **others: Any) -> Any:
    from gpu_checks.records.prompts import Prompts
    from gpu_checks.sampling import OpenSampler, Plan

    plan = Plan(**{"answers": 8, "tokens": 6, "seed": 5, **others})
    return OpenSampler(name, plan, Prompts.of(PROMPTS), "cpu", "float64")


def test_after_kill_9_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    from gpu_checks.records import read_records
    from gpu_checks.sampling import sample

    name, cut, whole = save_policy(tmp_path / "model"), tmp_path / "cut", tmp_path / "whole"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, name, str(cut), *PROMPTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(list(cut.glob("part-*"))) == 2  # and one that was being written
    assert len(list(cut.glob(".goodhart-*"))) == 1
    outcome = sample(sampler(name), str(cut), most=4)
    assert (outcome.kept, outcome.rows) == (8, 16)
    sample(sampler(name), str(whole), most=4)
    assert read_records(str(cut))[0].equals(read_records(str(whole))[0])
    assert sorted(each.name for each in cut.iterdir()) == sorted(
        each.name for each in whole.iterdir()
    )
    again = sample(sampler(name), str(cut))
    assert (again.kept, again.rows) == (24, 0)
    assert again.line("sampled") == "sampled no rows: all 24 were there"


def test_rows_are_what_they_say(tmp_path: Path) -> None:
    from gpu_checks.records import read_records
    from gpu_checks.sampling import sample

    name, folder = save_policy(tmp_path / "model"), str(tmp_path / "out")
    sample(sampler(name), folder)
    table, description = read_records(folder)
    rows = table.to_pylist()
    policy = tiny.policy()
    assert [row["id"] for row in rows] == list(range(24))
    assert [row["prompt_id"] for row in rows] == [row // 8 for row in range(24)]
    assert [row["prompt"] for row in rows[::8]] == list(PROMPTS)
    assert description["policy_fingerprint"] == sampler(name)().policy.fingerprint
    logs = policy.log_probs([r["prompt_ids"] for r in rows], [r["answer_ids"] for r in rows])
    for row, right in zip(rows, logs, strict=True):
        assert row["prompt_ids"] == policy.encode_prompt(row["prompt"])
        assert np.abs(right - row["token_log_probs"]).max() < CLOSE
        assert abs(row["log_prob"] - right.sum()) < 6 * CLOSE
        assert row["length"] == len(row["answer_ids"])
        assert row["ended"] == (row["answer_ids"][-1] == 2)
        assert row["answer"] == policy.decode(row["answer_ids"])
    assert len({tuple(row["answer_ids"]) for row in rows}) > 20


def test_rows_do_not_depend_on_how_many_a_file_holds(tmp_path: Path) -> None:
    from gpu_checks.records import read_records
    from gpu_checks.sampling import sample

    name = save_policy(tmp_path / "model")
    tables = []
    for rows in (4, 24):
        sample(sampler(name), str(tmp_path / str(rows)), most=rows)
        tables.append(read_records(str(tmp_path / str(rows)), ["answer_ids"])[0])
    assert tables[0].equals(tables[1])
    with pytest.raises(InputError, match=r"another run: seed is 5 there and 6 here; name another"):
        sample(sampler(name, seed=6), str(tmp_path / "4"))


def test_a_full_disk_keeps_what_is_done(tmp_path: Path) -> None:
    import pyarrow as pa

    from gpu_checks.records import read_records
    from gpu_checks.records.folder import RunFolder
    from gpu_checks.records.run import Made, run_jobs

    noise = np.random.default_rng(0).random(4098)  # does not compress: 32 KiB
    blocks = [noise[:1], noise[1:2], noise[2:]]

    def engine(left: Iterator[Job], tick: Tick) -> Iterator[tuple[Job, Made]]:
        for job in left:
            yield job, Made(pa.table({"reward": job.what}), 0.0, 0.0)

    def run() -> Outcome:
        return run_jobs(blocks, RunFolder(str(tmp_path / "out"), {}), engine, 4098, most=4096)

    with quota(16_384), pytest.raises(InputError) as error:
        run()
    written = len(list((tmp_path / "out").glob("part-*")))
    there = read_records(str(tmp_path / "out"))[0]["reward"].to_pylist()
    assert 2 <= written < len(there) < 4098 and there == noise[: len(there)].tolist()
    said = f"file too large; {len(there):,} of 4,098 rows are done and stay: the same command"
    assert said in str(error.value)
    assert len(list((tmp_path / "out").iterdir())) == 1 + written  # and the description
    outcome = run()
    assert (outcome.kept, outcome.rows) == (len(there), 4098 - len(there))
    assert read_records(str(tmp_path / "out"))[0]["reward"].to_pylist() == noise.tolist()


def test_a_file_has_the_rows_of_some_seconds() -> None:
    """A slow model loses little to an interruption, a fast one has few files."""
    from gpu_checks.records.run import FEWEST_ROWS, MOST_ROWS, SECONDS, Pace

    pace = Pace(MOST_ROWS)
    taken = []
    for rate in (1.0, 3.0, 100.0, 100.0, 1e9, 0.01):
        taken.append(pace.rows)
        pace.took(pace.rows, pace.rows / rate)
    assert taken == [FEWEST_ROWS, FEWEST_ROWS, 60, 240, 960, MOST_ROWS] and SECONDS == 20
    assert pace.rows == FEWEST_ROWS
    assert Pace(4).rows == 4


@given(
    sizes=st.lists(st.integers(0, 9), max_size=6),
    cuts=st.sets(st.integers(0, 54)),
    gone=st.sets(st.integers(0, 54)),
    most=st.integers(1, 12),
)
def test_what_files_have_is_left_out_and_nothing_else(
    sizes: list[int], cuts: set[int], gone: set[int], most: int
) -> None:
    """Whatever files were there, wherever they began: each other row is made once, in order."""
    from gpu_checks.records.run import Pace, jobs_left

    total = sum(sizes)
    ends = sorted({0, total, *(each for each in cuts if each < total)})
    done = {a: b - a for a, b in pairwise(ends) if a not in gone}
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    blocks = [range(first, first + size) for first, size in zip(starts, sizes, strict=True)]
    jobs = list(jobs_left(blocks, done, Pace(most)))
    made = [row for job in jobs for row in job.what]
    assert sorted(made + [row for a, n in done.items() for row in range(a, a + n)]) == [
        *range(total)
    ]
    assert made == sorted(made)
    assert all(list(job.what) == [*range(job.first, job.first + job.rows)] for job in jobs)
    assert all(1 <= job.rows <= most for job in jobs)


def test_two_processes_are_kept_apart(tmp_path: Path) -> None:
    from gpu_checks.records.folder import RunFolder

    one, other = (RunFolder(str(tmp_path), {"seed": 1}) for _ in range(2))
    half_written = tmp_path / ".goodhart-half.parquet"
    half_written.write_text("")
    with one.locked():
        assert not half_written.exists()
        half_written.write_text("")
        with pytest.raises(InputError, match="another process is writing there; wait until"):
            other.locked().__enter__()
        assert half_written.exists()
    with other.locked():
        pass


def test_a_damaged_file_and_a_foreign_folder_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa

    from gpu_checks.records import read_records
    from gpu_checks.records.folder import RunFolder

    folder = RunFolder(str(tmp_path / "out"), {"seed": 1})
    folder.write(0, pa.table({"reward": [1.0, 2.0]}))
    assert folder.done() == {0: 2}
    whole = folder.file(0).read_bytes()
    folder.file(2).write_bytes(whole[:-9])
    with pytest.raises(InputError, match="is damaged; delete it, and the run makes it again"):
        folder.done()
    folder.file(2).unlink()
    for name in ("part-000000000001.parquet", "part-x.parquet"):
        (tmp_path / "out" / name).write_bytes(whole)
        with pytest.raises(InputError, match="has rows that another file has, or a name that is"):
            folder.done()
        (tmp_path / "out" / name).unlink()
    other = RunFolder(str(tmp_path / "other"), {"seed": 2})
    other.file(0).write_bytes(folder.file(0).read_bytes())
    with pytest.raises(InputError, match="belongs to another run"):
        other.done()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(InputError, match="has other files; expected an empty or a new one"):
        RunFolder(str(tmp_path / "mine"), {})
    with pytest.raises(InputError, match=r"expected a folder of goodhart sample or score"):
        read_records(str(tmp_path / "mine"))


def test_progress_says_the_rate_and_the_time_left(tmp_path: Path) -> None:
    from gpu_checks.sampling import sample

    said: list[tuple[int, int, str]] = []
    name = save_policy(tmp_path / "model")
    sample(sampler(name), str(tmp_path / "out"), progress=lambda *each: said.append(each), most=4)
    assert [each[0] for each in said] == [4, 8, 12, 16, 20, 24]
    assert all(each[1] == 24 and "rows/s, " in each[2] and "left" in each[2] for each in said)


def test_texts_and_ids_have_the_rewards_of_the_model(tmp_path: Path) -> None:
    from gpu_checks.records import read_records
    from gpu_checks.records.texts import open_texts
    from gpu_checks.sampling import sample
    from gpu_checks.scoring import OpenScorer, score

    sampled = str(tmp_path / "sampled")
    sample(sampler(save_policy(tmp_path / "model")), sampled)
    name = save_reward(tmp_path / "reward")
    texts = open_texts([sampled], None, None)
    score(OpenScorer(name, texts, "reward", False, "cpu", "float64"), str(tmp_path / "by text"))
    texts = open_texts([str(tmp_path / "by text")], None, None)
    score(OpenScorer(name, texts, "gold", True, "cpu", "float64"), str(tmp_path / "by ids"))
    with pytest.raises(InputError, match="have a column 'reward' already; --column names another"):
        score(OpenScorer(name, texts, "reward", False, "cpu"), str(tmp_path / "again"))
    table, description = read_records(str(tmp_path / "by ids"))
    rows, reward = table.to_pylist(), tiny.reward()
    right = reward.score([r["prompt"] for r in rows], [r["answer"] for r in rows])
    assert np.abs(right - [row["reward"] for row in rows]).max() < CLOSE
    right = reward.score_ids([[*r["prompt_ids"], *r["answer_ids"]] for r in rows])
    assert np.abs(right - [row["gold"] for row in rows]).max() < CLOSE
    assert description["of"][0]["of"][0]["schema"] == "goodhart-samples/1"


def test_ids_of_another_vocabulary_are_refused(tmp_path: Path) -> None:
    from gpu_checks.records.texts import open_texts
    from gpu_checks.sampling import sample
    from gpu_checks.scoring import OpenScorer, score
    from tests.gpu_checks.models.vocabularies import with_one_more_token

    sampled = str(tmp_path / "sampled")
    sample(sampler(save_policy(tmp_path / "model")), sampled)
    name = save_reward(tmp_path / "reward")
    with_one_more_token().save_pretrained(name)
    texts = open_texts([sampled], None, None)
    with pytest.raises(InputError, match="do not share a vocabulary; leave out --ids"):
        score(OpenScorer(name, texts, "reward", True, "cpu"), str(tmp_path / "scored"))
    assert not (tmp_path / "scored").exists()


@pytest.mark.heavy
@pytest.mark.cluster
def test_workers_of_a_cluster_make_the_same_rows(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    from gpu_checks.records import read_records
    from gpu_checks.sampling import sample

    name = save_policy(tmp_path / "model")
    sample(sampler(name), str(tmp_path / "local"))
    outcome = sample(sampler(name), str(tmp_path / "ray"), engine="ray", workers=2, most=4)
    assert outcome.rows == 24
    assert read_records(str(tmp_path / "ray"))[0].equals(read_records(str(tmp_path / "local"))[0])
