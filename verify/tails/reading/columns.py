"""Which column is the reward, which the prompt: as asked for, or by the usual names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from verify.overoptimization.data import REWARDS
from verify.overoptimization.data import USUAL as USUAL_SCORES
from verify.reading import DataError, quoted

#: What a column holds: a number, a list of numbers (one per completion of a prompt), text, or
#: something that is of no use here.
Kind = Literal["number", "numbers", "text", "other"]
#: The name of the one column of a format whose columns have no names.
UNNAMED = ""
#: Given for the name of a column: none is read as this, whatever columns are called.
NO_COLUMN = "none"
#: Names that say what a column is, whatever their case.
USUAL = {
    "reward": (*REWARDS, *USUAL_SCORES["proxy"]),
    "prompt": ("prompt_id", "prompt", "query_id", "query", "instruction", "question", "input"),
    "utility": USUAL_SCORES["gold"],
    "log_prob": ("log_prob", "logprob", "logp", "log_probability"),
}
#: Scores of the two answers of a pair, as rewardbench and others write them: both are rewards.
PAIRS = (
    ("scores_chosen", "scores_rejected"),
    ("score_chosen", "score_rejected"),
    ("chosen_score", "rejected_score"),
    ("chosen_reward", "rejected_reward"),
    ("reward_chosen", "reward_rejected"),
)
#: Names of columns that number or date the rows, whatever their case: no reward unless named.
NUMBERING = (
    *("id", "idx", "index", "row", "row_number", "unnamed: 0", "rank", "position", "seed"),
    *("step", "steps", "global_step", "epoch", "iteration", "time", "timestamp"),
)


@dataclass(frozen=True)
class Columns:
    """The names of columns by what they are.

    Attributes
    ----------
    reward : tuple of str
        One column, or several whose rewards are taken together.
    prompt, utility, log_prob : str or None
        None where there is none.
    """

    reward: tuple[str, ...]
    prompt: str | None = None
    utility: str | None = None
    log_prob: str | None = None

    def names(self) -> list[str]:
        """All that have to be read, each once."""
        others = (self.prompt, self.utility, self.log_prob)
        return list(dict.fromkeys([*self.reward, *(each for each in others if each is not None)]))


def choose(
    path: str,
    kinds: dict[str, Kind],
    reward: str | None = None,
    prompt: str | None = None,
    utility: str | None = None,
    log_prob: str | None = None,
    option: str = "--reward",
) -> tuple[Columns, tuple[str, ...]]:
    """The columns that were asked for, and the others by their names.

    Parameters
    ----------
    path : str
        The file, for messages.
    kinds : dict
        What each column of the file holds.
    reward, prompt, utility, log_prob : str or None
        Names of columns; those that are None are looked for under the usual names, but for
        log-probabilities, which are only read if they are asked for. Prompts or gold scores that
        are :data:`NO_COLUMN` are not looked for, unless a column has that name.

    Returns
    -------
    columns : Columns
    messages : tuple of str
        One sentence for each that was found by its name, or is not read.

    Raises
    ------
    DataError
        One line: no such column, one that holds something else, or several that would do.
    """
    asked = {"reward": reward, "prompt": prompt, "utility": utility, "log_prob": log_prob}
    given = {role: name for role, name in asked.items() if name is not None}
    unwanted = {
        role
        for role in ("prompt", "utility")
        if given.get(role) == NO_COLUMN and NO_COLUMN not in kinds
    }
    given = {role: name for role, name in given.items() if role not in unwanted}
    check(path, kinds, given)
    taken = set(given.values())
    messages = []
    rewards: tuple[str, ...]
    if reward is not None:
        rewards = (reward,)
    else:
        rewards, message = _rewards(path, kinds, taken, option)
        messages += [message] * bool(message)
    taken.update(rewards)
    for role in ("prompt", "utility"):
        if role in given or role in unwanted:
            continue
        name = _usual(role, kinds, taken)
        if name is not None:
            given[role] = name
            taken.add(name)
            messages.append(f"column {name!r} is read as the {_SPOKEN[role]}, by its name")
    if log_prob is None and (unread := _usual("log_prob", kinds, taken)) is not None:
        messages.append(
            f"column {unread!r} is not read: what the base policy answered needs no weights, and "
            "rewards of another policy are audited as if that were the base"
        )
    others = {role: name for role, name in given.items() if role != "reward"}
    return Columns(rewards, **others), tuple(messages)


_SPOKEN = {
    "reward": "reward",
    "prompt": "prompt",
    "utility": "utility (gold score)",
}


def check(path: str, kinds: dict[str, Kind], given: dict[str, str]) -> None:
    """Refuse names of columns that a file does not have, or that hold something else.

    Raises
    ------
    DataError
        With the columns that would do.
    """
    seen: dict[str, str] = {}
    for role, name in given.items():
        if name not in kinds:
            listed = _listed(kinds, role)
            if list(kinds) == [UNNAMED]:
                listed = "it has one column, without a name; leave out the name"
            raise DataError(f"{path}: no column named {name!r:.60} ({role}); {listed}")
        if kinds[name] not in _HOLDS[role]:
            wanted = "text or numbers" if role == "prompt" else "numbers"
            raise DataError(
                f"{path}: column {name!r:.60} ({role}) {_HELD[kinds[name]]}; expected {wanted}; "
                f"{_listed(kinds, role)}"
            )
        if name in seen:
            raise DataError(f"{path}: column {name!r:.60} is to be both {seen[name]} and {role}")
        seen[name] = role


_NUMBERS: tuple[Kind, ...] = ("number", "numbers")
_HOLDS: dict[str, tuple[Kind, ...]] = {
    "reward": _NUMBERS,
    "prompt": ("number", "text"),
    "utility": _NUMBERS,
    "log_prob": _NUMBERS,
}
_HELD = {
    "number": "holds numbers",
    "numbers": "holds lists of numbers",
    "text": "holds text",
    "other": "holds neither text nor numbers",
}


def _listed(kinds: dict[str, Kind], role: str) -> str:
    fitting = [name for name, kind in kinds.items() if kind in _HOLDS[role]]
    return f"columns that would do: {quoted(fitting)}"


def _rewards(
    path: str, kinds: dict[str, Kind], taken: set[str], option: str
) -> tuple[tuple[str, ...], str]:
    """The columns of rewards where none was named, and what to say of them."""
    named = _usual("reward", kinds, taken)
    if named is not None:
        return (named,), f"column {named!r} is read as the reward, by its name"
    for pair in PAIRS:
        if all(kinds.get(name) in _NUMBERS and name not in taken for name in pair):
            both = " and ".join(repr(name) for name in pair)
            return pair, f"columns {both} are read as rewards, taken together; one alone: name it"
    usual = {name for role in USUAL for name in kinds if name.strip().lower() in USUAL[role]}
    numeric = [name for name, kind in kinds.items() if kind in _NUMBERS and name not in taken]
    left = [name for name in numeric if name not in usual]
    if len(left) != 1:
        problem = "several columns hold" if numeric else "no column holds"
        advice = f"; name one with {option}: {quoted(numeric)}" if numeric else ""
        columns = "" if numeric else f"; its columns: {quoted(list(kinds))}"
        raise DataError(f"{path}: {problem} numbers{advice}{columns}")
    _check_no_numbering(path, kinds, left[0], option)
    message = f"column {left[0]!r} is read as the reward: no other holds numbers"
    return (left[0],), "" if left[0] == UNNAMED else message


def _check_no_numbering(path: str, kinds: dict[str, Kind], name: str, option: str) -> None:
    """Refuse a column that only numbers the rows, though no other holds numbers."""
    lowered = name.strip().lower()
    if lowered not in NUMBERING and not lowered.endswith("_id"):
        return
    nested = [other for other, kind in kinds.items() if kind == "other"]
    inside = f"; what lies within {quoted(nested)} has to be a column of its own" if nested else ""
    raise DataError(
        f"{path}: only column {name!r} holds numbers, and its name says that it numbers the rows; "
        f"if it is the reward, say so with {option} {name}{inside}"
    )


def _usual(role: str, kinds: dict[str, Kind], taken: set[str]) -> str | None:
    """The one column whose name says that it is this; the first usual name goes before others."""
    for usual in USUAL[role]:
        fitting = [
            name
            for name, kind in kinds.items()
            if name.strip().lower() == usual and kind in _HOLDS[role] and name not in taken
        ]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None
