"""The search itself: Accelerated Coordinate Gradient, and plain GCG and random search beside it.

All three keep the best state that was ever scored. They differ in the state whose edits a step
tries: ACG edits the best of its history that was not edited in vain too often, GCG goes on to the
best candidate of each step, better or not, and random search to one that is better.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gpu_checks.attack.candidates import best_tokens, enough_of, from_gradient, merged, uniform
from gpu_checks.attack.history import History, Point
from gpu_checks.attack.settings import PASSES_OF_A_GRADIENT, Settings
from gpu_checks.attack.state import State
from gpu_checks.attack.vocabulary import Vocabulary
from verify.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verify.progress import Progress

    Rows = NDArray[np.int64]

#: How many of a step's candidates are asked, best first, whether their text has their tokens.
ASKED = 8
#: Random answers that are tried as a beginning.
STARTS = 100


class Objective(Protocol):
    """What is maximised over answers of a fixed length."""

    vocabulary: Vocabulary

    def values(self, rows: Rows, parent: Rows | None = None) -> NDArray[np.float64]:
        """Rewards of answers, shape (n, length); ``parent`` is what they share tokens with."""

    def gradient(self, ids: Rows) -> Any:
        """Of the reward to the one-hot tokens, a tensor of shape (length, vocabulary)."""

    def text_of(self, ids: Rows) -> str | None:
        """The answer's text, where the whole input that is read from it has these tokens."""


class Search:
    """A search for the answer of the highest reward.

    Parameters
    ----------
    objective : Objective
    settings : Settings
    state : State, optional
        Where an earlier search was left; by default a new one begins at random answers.
    """

    def __init__(self, objective: Objective, settings: Settings, state: State | None = None):
        self.objective, self.settings = objective, settings
        self._tokens: tuple[Point, Rows] | None = None
        self.state = self._begin() if state is None else state

    def run(
        self, progress: Progress | None = None, after: Callable[[State], None] | None = None
    ) -> State:
        """Step until a reason to stop; ``after`` is called with the state after each step."""
        total = self.settings.steps
        while self.state.stopped is None:
            self._step()
            self.state.stopped = self._reason_to_stop()
            if after is not None:
                after(self.state)
            if progress is not None:
                best = f"best reward {self.state.best.reward:.4f}"
                progress(self.state.step, total, f"{self.settings.method}: {best}")
        return self.state

    def _begin(self) -> State:
        """As many random answers as the history holds; the best of them is the first parent."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, 0])
        rows = np.array([self._start(rng) for _ in range(settings.history)])
        points = _points(rows, self.objective.values(rows))
        best = max(points, key=lambda point: point.reward)
        history = History(settings.history)
        for point in points:
            history.add(point)
        state = State(best, best, history, passes=len(rows))
        state.trace.append((0, state.passes, best.reward))
        state.stopped = self._reason_to_stop_at(state)
        return state

    def _start(self, rng: np.random.Generator) -> Rows:
        """A random answer whose whole input can be written as text, where that is asked for."""
        settings, objective = self.settings, self.objective
        for _ in range(STARTS):
            ids = objective.vocabulary.start(settings.length, rng, settings.retokenise)
            if not settings.retokenise or objective.text_of(ids) is not None:
                return ids
        raise InputError(
            f"no random text of {settings.length} tokens has the same tokens again inside the chat "
            "template: try another length, or all tokens (--any-tokens)"
        )

    def _step(self) -> None:
        state, settings = self.state, self.settings
        parent = self._parent()
        ids = np.array(parent.ids, dtype=np.int64)
        points = self._scored(self._candidates(parent, ids), ids)
        if settings.method == "acg" and settings.merges:
            points += self._scored(self._merged(parent, ids, points), ids)
        state.step += 1
        child = self._best_text(points)
        if child is not None:
            state.found(child)
        if settings.method == "acg":
            found = child is not None and child.reward > parent.reward
            state.history.tried(parent, found)
            state.parent = parent
        elif child is not None and (settings.method == "gcg" or child.reward > parent.reward):
            state.parent = child

    def _scored(self, rows: Rows, parent: Rows) -> list[Point]:
        if not len(rows):
            return []
        self.state.passes += len(rows)
        return _points(rows, self.objective.values(rows, parent))

    def _merged(self, parent: Point, ids: Rows, points: list[Point]) -> Rows:
        """The edits of the better candidates together."""
        better = sorted(
            (point for point in points if point.reward > parent.reward),
            key=lambda point: -point.reward,
        )
        rows = merged(ids, np.array([point.ids for point in better]), self.settings.merges)
        if self.settings.retokenise:
            rows = rows[self.objective.vocabulary.is_text(rows)]
        return rows

    def _parent(self) -> Point:
        if self.settings.method == "acg":
            return self.state.history.parent(self.settings.patience)
        return self.state.parent

    def _candidates(self, parent: Point, ids: Rows) -> Rows:
        settings, vocabulary = self.settings, self.objective.vocabulary
        rng = np.random.default_rng([settings.seed, self.state.step + 1])
        width = settings.width - (settings.merges if settings.method == "acg" else 0)
        edits = settings.edits_at(self.state.step)
        if settings.method == "random":

            def draw(count: int) -> Rows:
                return uniform(ids, vocabulary.ids, count, edits, rng)
        else:
            tokens = self._best_tokens(parent, ids)

            def draw(count: int) -> Rows:
                return from_gradient(ids, tokens, count, edits, rng)

        if settings.retokenise:
            return enough_of(draw, vocabulary.is_text, vocabulary.mended, ids, width)
        return enough_of(draw, _all, _none, ids, width)

    def _best_tokens(self, parent: Point, ids: Rows) -> Rows:
        """What the gradient recommends; the last parent's is kept."""
        import torch

        if self._tokens is None or self._tokens[0] != parent:
            gradient = self.objective.gradient(ids)
            allowed = torch.as_tensor(self.objective.vocabulary.allowed, device=gradient.device)
            self._tokens = parent, best_tokens(gradient, ids, allowed, self.settings.top_k)
        if self.state.graded != parent.ids:  # it was counted if a search before this one took it
            self.state.graded = parent.ids
            self.state.passes += PASSES_OF_A_GRADIENT
        return self._tokens[1]

    def _best_text(self, points: list[Point]) -> Point | None:
        """The best candidate, where asked for one whose whole input can be written as text."""
        points = sorted(points, key=lambda point: -point.reward)
        if not self.settings.retokenise:
            return points[0] if points else None
        for point in points[:ASKED]:
            if self.objective.text_of(np.array(point.ids, dtype=np.int64)) is not None:
                return point
        return None

    def _reason_to_stop(self) -> str | None:
        return self._reason_to_stop_at(self.state)

    def _reason_to_stop_at(self, state: State) -> str | None:
        settings = self.settings
        if settings.target is not None and state.best.reward >= settings.target:
            return "target"
        if settings.passes is not None and state.passes >= settings.passes:
            return "passes"
        if state.step >= settings.steps:
            return "steps"
        if settings.stall is not None and state.step - state.best_step >= settings.stall:
            return "stall"
        return None


def _all(rows: Rows) -> NDArray[np.bool_]:
    return np.ones(len(rows), dtype=bool)


def _none(rows: Rows) -> Rows:
    return rows[:0]


def _points(rows: Rows, rewards: NDArray[np.float64]) -> list[Point]:
    """The states with a finite reward.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [
        Point(tuple(int(each) for each in ids), float(reward))
        for ids, reward in zip(rows, rewards, strict=True)
        if np.isfinite(reward)
    ]
    if not found:
        raise InputError("the reward model: no reward of a whole step is a finite number")
    return found
