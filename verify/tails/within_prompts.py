"""What tail a policy meets that answers prompts and does not choose them.

Light within every prompt is light for such a policy, however much means and scales differ: of
finitely many prompts ``E_s K_s(l)`` is finite for some l > 0 (THEORY section 3). So each reward is
looked at less the mean of its prompt, and over the interquartile range of its prompt as well. The
standard deviation will not do: a large reward raises its own, so that of 20 rewards none lies more
than 4.3 of them above the mean, and lognormal prompts of 50 rewards all pass as light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.tails.decision import decide
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Kind, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

#: A prompt with fewer rewards has no scale.
FEWEST = 20
#: From so many rewards on, the chance in the scale makes few light tails heavy: 2 of 60 samples of
#: 20,000 normal, exponential or Laplace rewards on lognormal scales; with 20 a prompt it is 16. Of
#: t(3), lognormal and Weibull(1/2) rewards all 120 are heavy, with 20 a prompt or with 50.
SETTLED = 50
#: Prompts must hold this share of the rewards to speak for all of them.
MOST = 0.5
#: So many heavy verdicts among single prompts come by chance less often than this.
CHANCE = 0.01
#: How often a light tail is called heavy, at most: :func:`verify.tails.decision.decide`.
FALSE_ALARM = 0.025


@dataclass(frozen=True, eq=False)
class Scaled:
    """The rewards less the mean of their prompt, over the interquartile range of their prompt.

    Attributes
    ----------
    rows : int
        How many rewards it rests on.
    fewest : int
        How many rewards each prompt has at least, of those that it rests on.
    verdict : Verdict
    """

    rows: int
    fewest: int
    verdict: Verdict


@dataclass(frozen=True)
class Within:
    """The kind of tail that a policy meets where prompts are given, and why in one sentence."""

    kind: Kind
    because: str


def scaled(rewards: Floats, prompts: Codes) -> Scaled | None:
    """Decide about rewards that prompts of all scales have in common.

    Parameters
    ----------
    rewards : array of shape (n,)
    prompts : integer array of shape (n,)
        Which prompt each answers, from 0 on.

    Returns
    -------
    Scaled or None
        None where prompts with enough rewards hold too few of them.
    """
    import numpy as np

    counts = np.bincount(prompts)
    means = np.bincount(prompts, rewards) / counts
    scales = _interquartile_ranges(rewards, prompts, counts)
    for fewest in (SETTLED, FEWEST):
        used = ((counts >= fewest) & (scales > 0))[prompts]
        if used.mean() >= MOST:
            own = prompts[used]
            standard = (rewards[used] - means[own]) / scales[own]
            return Scaled(len(own), fewest, decide(UpperTail.of(standard)))
    return None


def _interquartile_ranges(rewards: Floats, prompts: Codes, counts: Codes) -> Floats:
    import numpy as np

    ordered = rewards[np.lexsort((rewards, prompts))]
    starts = np.cumsum(counts) - counts
    low, high = (starts + (share * (counts - 1)).astype(int) for share in (0.25, 0.75))
    ranges: Floats = ordered[high] - ordered[low]
    return ranges


def conclude_within(
    pooled: Verdict,
    within: Verdict,
    standard: Scaled | None,
    single: float,
    decided: Sequence[Verdict],
) -> Within:
    """The tail within prompts, from all that was looked at.

    Parameters
    ----------
    pooled : Verdict
        Of all rewards together. Where it is light or bounded, so is every prompt.
    within : Verdict
        Of the rewards less the mean of their prompt.
    standard : Scaled or None
        The same on the scale of their prompt.
    single : float
        The share of the rewards that are the only one of their prompt.
    decided : sequence of Verdict
        Of prompts with many rewards, each alone. One heavy prompt is enough for a policy.
    """
    if pooled.kind == "bounded":
        return Within("bounded", "All rewards together are bounded.")
    heavy = sum(verdict.kind == "heavy" for verdict in decided)
    if heavy and _at_least(heavy, len(decided)) < CHANCE:
        return Within(
            "heavy",
            f"{heavy} of {len(decided)} prompts that were decided alone are heavy, which is more "
            "than chance, and one is enough.",
        )
    kind, because = _kind(within, standard, single)
    if kind == "cannot tell" and pooled.kind == "light" and within.kind != "heavy":
        return Within("light", "All rewards together are light, and then every prompt is.")
    return Within(kind, because)


def _at_least(heavy: int, decided: int) -> float:
    """The chance of so many false alarms or more."""
    from scipy.stats import binom

    return float(binom.sf(heavy - 1, decided, FALSE_ALARM))


def _kind(within: Verdict, standard: Scaled | None, single: float) -> tuple[Kind, str]:
    if single > 1 - MOST:
        return "cannot tell", f"{single:.0%} of the rewards are the only one of their prompt."
    if standard is None:
        if within.kind != "heavy":
            return within.kind, f"Each reward less the mean of its prompt: {within.kind}."
        return "cannot tell", (
            "Each reward less the mean of its prompt: heavy. Prompts of different scales do that "
            f"too, and prompts with {FEWEST} rewards or more, which would tell, hold too few."
        )
    found = standard.verdict.kind
    said = (
        f"Each reward less the mean of its prompt: {within.kind}; over the interquartile range of "
        f"its prompt as well: {found}."
    )
    if found == "heavy" and standard.fewest < SETTLED:
        return "cannot tell", (
            f"{said} Of prompts with fewer than {SETTLED} rewards the range is so uncertain that "
            "light tails look heavy on it."
        )
    if found == "heavy" and within.kind in ("light", "bounded"):
        return "cannot tell", said
    if found == "bounded" and within.kind != "bounded":
        # In units of a range that ends too: no sooner than light.
        return "light", said
    return found, said
