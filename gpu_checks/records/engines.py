"""Who does the jobs of a run: this process, or workers of a Ray cluster with a GPU each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gpu_checks.records.run import Engine, Job, Made, Tick, Worker, made_by
from verify.errors import InputError

ENGINES = ("local", "ray")
#: How often a worker of a cluster is started again when it has died.
RESTARTS = 3


def _local(worker: Worker) -> Engine:
    """This process, one job after another."""

    def engine(jobs: Iterator[Job], tick: Tick) -> Iterator[tuple[Job, Made]]:
        for job in jobs:
            yield job, made_by(worker, job, tick)

    return engine


@contextmanager
def engine_of(
    name: str, open_worker: Callable[[], Worker], workers: int, device: str | None
) -> Iterator[tuple[Engine, dict[str, Any]]]:
    """The engine of this name, and what its worker says decides the rows.

    Parameters
    ----------
    name : {'local', 'ray'}
        Which.
    open_worker : callable
        Makes a worker, in the process where it works.
    workers : int
        Of a cluster.
    device : str or None
        Where a worker computes; a GPU by default where there is one.

    Raises
    ------
    InputError
        If there is no such engine, or it cannot work.
    """
    if name not in ENGINES:
        raise InputError(f"engine: expected {' or '.join(ENGINES)}, got {name!r:.40}")
    if workers < 1:
        raise InputError(f"workers: expected a number from 1 on, got {workers}")
    if name == "local":
        worker = open_worker()
        yield _local(worker), worker.describe()
        return
    with _on_cluster(open_worker, workers, device) as found:
        yield found


class _Remote:
    """What lives in a worker of the cluster: it makes its own worker there, once."""

    def __init__(self, open_worker: Callable[[], Worker]) -> None:
        self._worker = open_worker()

    def describe(self) -> dict[str, Any]:
        return self._worker.describe()

    def work(self, job: Job) -> Made:
        return made_by(self._worker, job, lambda _: None)


@contextmanager
def _on_cluster(
    open_worker: Callable[[], Worker], workers: int, device: str | None
) -> Iterator[tuple[Engine, dict[str, Any]]]:
    """Workers of a Ray cluster, each with a model of its own, on a GPU of its own if there are."""
    from verify.tails.engine.cluster import connected

    with connected(workers) as ray:
        gpus = 0 if device == "cpu" or not ray.cluster_resources().get("GPU") else 1
        kind = ray.remote(num_gpus=gpus, max_restarts=RESTARTS, max_task_retries=RESTARTS)(_Remote)
        actors = [kind.remote(open_worker) for _ in range(workers)]
        description = _result(ray, actors[0].describe.remote())

        def engine(jobs: Iterator[Job], tick: Tick) -> Iterator[tuple[Job, Made]]:
            running: dict[Any, tuple[Any, Job]] = {}

            def give(actor: Any) -> None:
                job = next(jobs, None)
                if job is not None:
                    running[actor.work.remote(job)] = (actor, job)

            for actor in actors:
                give(actor)
            while running:
                (ready, *_), _ = ray.wait(list(running), num_returns=1)
                actor, job = running.pop(ready)
                made = _result(ray, ready)
                give(actor)  # before this one is written, so that no worker waits for the disk
                tick(job.rows)
                yield job, made

        yield engine, description


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # what was raised there is raised here
        raise error.cause from None
    except (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError):
        raise InputError(
            f"a job killed its worker {RESTARTS + 1} times, most likely for want of memory"
        ) from None
