"""The best states that a search has seen, and whose turn it is to be edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Point:
    """Token ids and their reward."""

    ids: tuple[int, ...]
    reward: float


@dataclass
class History:
    """The best distinct states, the best first.

    Attributes
    ----------
    size : int
        How many are kept.
    points : list of Point
    in_vain : dict
        By token ids: how often in a row the state was edited and nothing better was found.
    """

    size: int
    points: list[Point] = field(default_factory=list)
    in_vain: dict[tuple[int, ...], int] = field(default_factory=dict)

    @property
    def best(self) -> Point:
        """The best of all that were added."""
        return self.points[0]

    def add(self, point: Point) -> bool:
        """Keep a state if it is new and among the best; whether it is the best now."""
        if any(point.ids == kept.ids for kept in self.points):
            return False
        better = not self.points or point.reward > self.best.reward
        self.points.append(point)
        # Stable: of equal rewards the one that was found first stays first.
        self.points.sort(key=lambda kept: -kept.reward)
        for dropped in self.points[self.size :]:
            self.in_vain.pop(dropped.ids, None)
        del self.points[self.size :]
        return better

    def parent(self, patience: int) -> Point:
        """The best state that was not yet edited so often in vain; then all begin anew."""
        for point in self.points:
            if self.in_vain.get(point.ids, 0) < patience:
                return point
        self.in_vain.clear()
        return self.best

    def tried(self, parent: Point, found: bool) -> None:
        """Remember that a state was edited, and whether something better came of it."""
        self.in_vain[parent.ids] = 0 if found else self.in_vain.get(parent.ids, 0) + 1

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "size": self.size,
            "points": [[list(each.ids), each.reward] for each in self.points],
            "in_vain": [[list(ids), count] for ids, count in self.in_vain.items()],
        }

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> History:
        """Read back."""
        points = [Point(tuple(ids), reward) for ids, reward in saved["points"]]
        return cls(saved["size"], points, {tuple(ids): n for ids, n in saved["in_vain"]})
