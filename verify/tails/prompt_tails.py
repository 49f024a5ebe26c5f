"""The tail prompt by prompt: a policy answers prompts, and does not choose them.

A tail of all rewards together can be heavy only because prompts differ, or light although some
prompts have heavy tails. So the rewards are looked at less the mean of their prompt, on the scale
of their prompt, and prompts with enough rewards are each decided on their own; what these say
together is in :mod:`verify.tails.within_prompts`. What a KL budget buys where prompts are given is
:mod:`verify.tails.consequences.quenched`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.errors import InputError
from verify.tails.bootstrap import by_prompt
from verify.tails.consequences.answer import number
from verify.tails.decision import decide
from verify.tails.rounding import detect, spread
from verify.tails.rows import Rows
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Interval, Verdict
from verify.tails.within_prompts import Scaled, Within, conclude_within, scaled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

#: A prompt with fewer rewards is not decided on its own.
ENOUGH = 2000
#: At most so many prompts are, those with the most rewards first.
MOST_DECIDED = 100
#: How many prompts are listed, those with the largest rewards first.
LISTED = 10
#: Whether answers to a prompt are alike is told from this share of the rewards, the largest.
UPPER = 0.05
#: The bootstrap by prompt rests on so many of the largest rewards at most.
MOST_DRAWN = 2000
#: Where more prompts than this have one reward only, the column may be another.
MOST_SINGLE = 0.9


@dataclass(frozen=True)
class PromptVerdict:
    """What was decided about one prompt."""

    name: str
    rows: int
    verdict: Verdict


@dataclass(frozen=True)
class PromptTails:
    """The tail prompt by prompt.

    Attributes
    ----------
    prompts, single : int
        How many prompts there are, and how many of them have one reward only.
    between : float
        The share of the variance that lies between the means of prompts.
    alike : float
        The design effect of the largest rewards, :func:`design_effect`: k of them are worth about
        ``k/alike`` independent ones.
    within : Verdict
        Of the rewards less the mean of their prompt, those of prompts with one reward left out.
    scaled : Scaled or None
        The same on the scale of their prompt; None where too few prompts have one.
    met : Within
        The tail that a policy meets that does not choose its prompts.
    shape_by_prompt : Interval or None
        The GPD shape of the pooled tail, its interval by drawing prompts anew: wider than that of
        independent rewards where answers to a prompt are alike. None with too few prompts.
    decided : tuple of PromptVerdict
        The prompts with enough rewards, those with the most first.
    largest : tuple of (str, int, float, float)
        The prompts with the largest rewards: name, rewards, mean, largest.
    """

    prompts: int
    single: int
    between: float
    alike: float
    within: Verdict
    scaled: Scaled | None
    met: Within
    shape_by_prompt: Interval | None
    decided: tuple[PromptVerdict, ...]
    largest: tuple[tuple[str, int, float, float], ...]

    @property
    def mostly_single(self) -> bool:
        """Whether nearly every prompt has one reward only, which says nothing of its tail."""
        return self.single > MOST_SINGLE * self.prompts

    def count(self, kind: str) -> int:
        """How many of the prompts that were decided are of this kind."""
        return sum(each.verdict.kind == kind for each in self.decided)

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        shape, standard = self.shape_by_prompt, self.scaled
        return {
            "verdict": self.met.kind,
            "because": self.met.because,
            "prompts": self.prompts,
            "single_row": self.single,
            "variance_between": number(self.between),
            "design_effect": number(self.alike),
            "within": {"verdict": self.within.kind, "because": self.within.because},
            "scaled": None
            if standard is None
            else {"verdict": standard.verdict.kind, "because": standard.verdict.because},
            "tail_index_by_prompt": None if shape is None else interval_json("shape", shape),
            "decided": [
                {"prompt": each.name, "n": each.rows, "verdict": each.verdict.kind}
                for each in self.decided
            ],
            "largest": [
                {"prompt": name, "n": rows, "mean": number(mean), "largest": number(top)}
                for name, rows, mean, top in self.largest
            ],
        }


def interval_json(name: str, found: Interval) -> dict[str, Any]:
    """An interval as the contract of the audit writes it."""
    return {
        name: number(found.value),
        "low": number(found.low),
        "high": number(found.high),
        "level": number(found.level),
    }


def prompt_tails(rows: Rows, pooled: Verdict, seed: int = 0) -> PromptTails:
    """Look at the tail prompt by prompt.

    Parameters
    ----------
    rows : Rows
        With their prompts.
    pooled : Verdict
        About all rewards together.
    seed : int
        Of the bootstrap.
    """
    import numpy as np

    assert rows.prompt is not None
    counts = np.bincount(rows.prompt)
    means = np.bincount(rows.prompt, rows.reward) / counts
    variance = float(np.var(rows.reward))
    between = float(((means - rows.reward.mean()) ** 2 * counts).sum()) / len(rows.reward)
    several = counts[rows.prompt] > 1
    within = decide(UpperTail.of((rows.reward - means[rows.prompt])[several]))
    standard, decided = scaled(rows.reward, rows.prompt), _decided(rows, counts)
    alone = 1 - float(several.mean())
    return PromptTails(
        len(counts),
        int((counts == 1).sum()),
        between / variance if variance > 0 else 0.0,
        design_effect(rows.reward, rows.prompt),
        within,
        standard,
        conclude_within(pooled, within, standard, alone, [each.verdict for each in decided]),
        _drawn_by_prompt(rows, len(counts), pooled.k, seed),
        decided,
        _largest(rows.reward, rows.prompt, rows.prompts),
    )


def design_effect(rewards: Floats, prompts: Codes) -> float:
    """How much less the largest rewards are worth than independent ones.

    ``sum (c - q m)^2 / (n q (1 - q))`` over prompts with m rewards, c of them among the share q of
    the largest (Kish, *Survey Sampling*, 1965, 8.2); 1 on average if rewards are independent.

    Parameters
    ----------
    rewards : array of shape (n,)
    prompts : integer array of shape (n,)
        Which prompt each answers, from 0 on.
    """
    import numpy as np

    threshold = np.quantile(rewards, 1 - UPPER)
    upper = rewards > threshold
    share = float(upper.mean())
    if share == 0:
        return 1.0
    counts, above = np.bincount(prompts), np.bincount(prompts, upper)
    spread_out = float(((above - share * counts) ** 2).sum())
    return spread_out / (len(rewards) * share * (1 - share))


def _drawn_by_prompt(rows: Rows, prompts: int, k: int, seed: int) -> Interval | None:
    import numpy as np

    k = min(k, MOST_DRAWN, len(rows.reward) - 1)
    assert rows.prompt is not None
    order = np.argsort(-rows.reward, kind="stable")[: 2 * k + 1]
    tail = UpperTail(rows.reward[order], len(rows.reward))
    rounding = detect(tail.values)
    if rounding is not None:
        # Which of the rewards that tie comes first does not matter: less than a cell is between.
        moved = spread(tail, rounding)
        order, tail = order[: moved.kept], moved
    try:
        return by_prompt(tail, rows.prompt[order], prompts, min(k, tail.kept - 1), seed=seed)
    except InputError:
        return None


def _decided(rows: Rows, counts: Codes) -> tuple[PromptVerdict, ...]:
    import numpy as np

    enough = np.flatnonzero(counts >= ENOUGH)
    chosen = enough[np.argsort(-counts[enough], kind="stable")][:MOST_DECIDED]
    return tuple(
        PromptVerdict(
            rows.prompts[code],
            int(counts[code]),
            decide(UpperTail.of(rows.reward[rows.prompt == code])),
        )
        for code in chosen
    )


def _largest(
    rewards: Floats, codes: Codes, names: tuple[str, ...]
) -> tuple[tuple[str, int, float, float], ...]:
    import numpy as np

    counts, sums = np.bincount(codes), np.bincount(codes, rewards)
    tops = np.full(len(counts), -np.inf)
    np.maximum.at(tops, codes, rewards)
    first = np.argsort(-tops, kind="stable")[:LISTED]
    return tuple(
        (names[code], int(counts[code]), float(sums[code] / counts[code]), float(tops[code]))
        for code in first
    )
