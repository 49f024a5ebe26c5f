"""How far work has come: a bar on a terminal, for commands that take a while."""

from __future__ import annotations

from collections.abc import Callable

#: Called as work is done, with how much is done, how much there is, and what was done last.
Progress = Callable[[int, int, str], None]


class progress_bar:  # noqa: N801 - used like a function
    """A progress bar on stderr where that is a terminal, else nothing."""

    def __enter__(self) -> Progress | None:
        import sys

        if not sys.stderr.isatty():
            self._bar = None
            return None
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        task = self._bar.add_task("")

        def advance(done: int, total: int, last: str) -> None:
            assert self._bar is not None
            self._bar.update(task, completed=done, total=total, description=last)

        return advance

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
