"""A local Ray cluster of two workers gives the same answer, also when one of them is killed."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.verify.tails.sources import Damaged, Deadly, Lines, Sources, written
from verify.errors import InputError
from verify.tails.engine import cluster, summarise
from verify.tails.summary.stored import to_bytes

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="needs the extra cluster: no ray here"
)
KEEP = 300


@pytest.fixture(scope="module")
def connected() -> Iterator[Any]:
    """A cluster on this machine; one for all tests, as it takes seconds to start."""
    with cluster.connected(2) as ray:
        yield ray
    assert not ray.is_initialized()


@pytest.mark.cluster
@needs_ray
def test_a_worker_that_is_killed_changes_nothing(
    tmp_path: Path, rng: np.random.Generator, connected: Any
) -> None:
    files = written(tmp_path, rng.standard_t(3, 20_000), 6)
    deadly = Deadly(files[2], str(tmp_path / "marker"))
    shards = (*map(Lines, files[:2]), deadly, *map(Lines, files[3:]))
    found = summarise(Sources(shards), engine="ray", workers=2, keep=KEEP)
    assert Path(deadly.marker).exists()  # it was killed
    alone = summarise(Sources(tuple(map(Lines, files))), keep=KEEP)
    assert to_bytes(found) == to_bytes(alone)
    assert connected.is_initialized()  # it is the caller's
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


@pytest.mark.cluster
@needs_ray
def test_what_goes_wrong_there_is_said_here(
    tmp_path: Path, rng: np.random.Generator, connected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "RETRIES", 0)
    files = written(tmp_path, rng.standard_t(3, 2_000), 2)
    with pytest.raises(InputError, match=r"01\.txt: row 101 is cut off$"):
        summarise(Sources((Lines(files[0]), Damaged(files[1]))), engine="ray", keep=KEEP)
    deadly = Deadly(files[1], str(tmp_path / "marker"))
    with pytest.raises(InputError, match="a shard killed 1 worker, most likely for want of memory"):
        summarise(Sources((Lines(files[0]), deadly)), engine="ray", keep=KEEP)


@needs_ray
def test_a_cluster_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as taken:  # a port where nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        monkeypatch.setattr("ray.is_initialized", lambda: False)  # whatever other tests did
        file = tmp_path / "rewards.txt"
        file.write_text("1\n2\n")
        with pytest.raises(InputError, match=f"no Ray cluster answers at {address}"):
            summarise(Sources((Lines(str(file)),)), engine="ray")


def test_where_ray_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    file = tmp_path / "rewards.txt"
    file.write_text("1\n2\n")
    with pytest.raises(InputError, match=r"needs ray: pip install '\.\[cluster\]'"):
        summarise(Sources((Lines(str(file)),)), engine="ray")
