"""Where a search stands, and how it is kept over an interruption."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu_checks.attack.history import History, Point
from verify.errors import InputError
from verify.files import write_text

SCHEMA = "goodhart-attack-state/1"


@dataclass
class State:
    """Where a search stands between two steps.

    Attributes
    ----------
    parent : Point
        What the last step's candidates were made from, or what plain GCG went on to.
    best : Point
        The best of all that was scored.
    history : History
    step, passes : int
        Steps and forward passes that are done; a gradient counts as three.
    best_step : int
        The step that found the best; 0 for the random states at the beginning.
    trace : list of (step, passes, reward)
        Each time that the best was bettered.
    graded : tuple of int or None
        The answer whose gradient was taken last.
    stopped : str or None
        Why the search ended: ``steps``, ``target``, ``stall`` or ``passes``.
    """

    parent: Point
    best: Point
    history: History
    step: int = 0
    passes: int = 0
    best_step: int = 0
    trace: list[tuple[int, int, float]] = field(default_factory=list)
    graded: tuple[int, ...] | None = None
    stopped: str | None = None

    def found(self, point: Point) -> bool:
        """Remember a state that was scored; whether it betters the best."""
        self.history.add(point)
        if point.reward <= self.best.reward:
            return False
        self.best, self.best_step = point, self.step
        self.trace.append((self.step, self.passes, point.reward))
        return True

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "parent": [list(self.parent.ids), self.parent.reward],
            "best": [list(self.best.ids), self.best.reward],
            "history": self.history.to_dict(),
            "step": self.step,
            "passes": self.passes,
            "best_step": self.best_step,
            "trace": [list(each) for each in self.trace],
            "graded": None if self.graded is None else list(self.graded),
            "stopped": self.stopped,
        }

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> State:
        """Read back."""
        return cls(
            Point(tuple(saved["parent"][0]), saved["parent"][1]),
            Point(tuple(saved["best"][0]), saved["best"][1]),
            History.from_dict(saved["history"]),
            saved["step"],
            saved["passes"],
            saved["best_step"],
            [(step, passes, reward) for step, passes, reward in saved["trace"]],
            None if saved["graded"] is None else tuple(saved["graded"]),
            saved["stopped"],
        )


def save(file: Path, what: dict[str, Any], state: State) -> None:
    """Write a state beside what it is a state of, whole or not at all."""
    write_text(str(file), json.dumps({"schema": SCHEMA, "of": what, "state": state.to_dict()}))


def load(file: Path, what: dict[str, Any]) -> State | None:
    """The state that is kept in a file; None where there is none.

    Parameters
    ----------
    file : Path
    what : dict
        What the search is: its settings, prompt and model.

    Raises
    ------
    InputError
        If the file is of another search, or no state.
    """
    try:
        saved = json.loads(file.read_text())
        of, state = saved["of"], State.from_dict(saved["state"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, IndexError):
        raise InputError(f"{file}: expected a state of this command; delete it to start") from None
    if of != json.loads(json.dumps(what)):
        differs = sorted(key for key in what if json.loads(json.dumps(what[key])) != of.get(key))
        raise InputError(
            f"{file}: the state of another search ({', '.join(differs)} differ); delete it or name "
            "another folder (--work)"
        )
    return state
