"""What a search may be told, and the settings that have a name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from gpu_checks.attack.schedule import geometric, official
from verify.errors import InputError

METHODS = ("acg", "gcg", "random")
#: A gradient is a forward pass and a backward one, which takes about two.
PASSES_OF_A_GRADIENT = 3


@dataclass(frozen=True)
class Settings:
    """The settings of one search.

    Attributes
    ----------
    method : str
        ``acg``: Accelerated Coordinate Gradient: candidates by the gradient, edits on a schedule,
        a history of the best states, of which the best is edited. ``gcg``: one edit a candidate,
        and always on to the best candidate. ``random``: tokens drawn uniformly, on when better.
    length : int
        Tokens of the answer.
    edits : tuple of int
        For each step, how many tokens a candidate changes. Its length is the number of steps.
    width : int
        Candidates of a step.
    top_k : int
        How many tokens of each position may be drawn, those of the largest gradient.
    merges : int
        How many of the candidates are made after the others are scored, for ``acg``: the edits of
        the best two together, of the best three, and so on.
    history : int
        How many of the best states are kept to go back to.
    patience : int
        How often in a row a state is edited in vain before another of the history has its turn.
    retokenise : bool
        Whether only answers are tried whose text has these very tokens again.
    ascii_only : bool
        Whether only tokens of printable ASCII are tried.
    seed : int
    target : float or None
        The reward at which to stop.
    stall : int or None
        After how many steps without a better reward to stop.
    passes : int or None
        After how many forward passes to stop; a gradient counts as three.
    """

    method: str = "acg"
    length: int = 20
    edits: tuple[int, ...] = field(default_factory=lambda: geometric(2, 1, 200))
    width: int = 64
    top_k: int = 64
    merges: int = 8
    history: int = 8
    patience: int = 4
    retokenise: bool = True
    ascii_only: bool = False
    seed: int = 0
    target: float | None = None
    stall: int | None = None
    passes: int | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError(f"method: expected {' or '.join(METHODS)}, got {self.method!r:.40}")
        least = {"length": 1, "width": 1, "top_k": 1, "history": 1, "patience": 1, "seed": 0}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise InputError(f"{name}: expected {bound} or more, got {getattr(self, name)}")
        for name in ("stall", "passes"):
            given = getattr(self, name)
            if given is not None and given < 1:
                raise InputError(f"{name}: expected 1 or more, got {given}")
        if not 0 <= self.merges < self.width:
            raise InputError(
                f"merges: expected 0 or more, and fewer than the {self.width} candidates of a step"
                f", got {self.merges}"
            )
        if not self.edits or not all(1 <= each <= self.length for each in self.edits):
            raise InputError(
                f"edits: expected at least one step, and from 1 to {self.length} edits a step "
                "(the tokens of the answer), each at a place of its own"
            )
        if self.target is not None and self.target != self.target:
            raise InputError("target: expected a reward, got nan")

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self.edits)

    def edits_at(self, step: int) -> int:
        """How many tokens a candidate of this step changes."""
        return 1 if self.method == "gcg" else self.edits[step]

    def to_dict(self) -> dict[str, Any]:
        """As JSON; the schedule by the steps at which it changes."""
        changes = [
            [step, count]
            for step, count in enumerate(self.edits)
            if step == 0 or count != self.edits[step - 1]
        ]
        return {**asdict(self), "steps": self.steps, "edits": changes}


def official_settings(seed: int = 0) -> Settings:
    """Those of the paper's experiments: length, steps, candidates, k and edits.

    What the script of those experiments does wrong is not among them: the best state is kept,
    positions are distinct.
    """
    return Settings(
        length=133,
        edits=official(),
        width=12,
        top_k=3,
        merges=0,
        history=1,
        retokenise=False,
        seed=seed,
    )


PRESETS = ("default", "official")
