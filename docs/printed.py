"""The statements of the paper in its own order, restated, each with the page that treats it.

The verdicts are not here: the ledger has them. :mod:`docs.tables` puts the two together.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Printed:
    """A statement in print.

    Attributes
    ----------
    name : str
        As claims name their source, ``"Theorem 1"``.
    restated : str
        What it says, in our words, as Markdown.
    page : str
        The page that treats it, from ``docs/``; empty where none does yet.
    """

    name: str
    restated: str
    page: str = ""


PRINTED = (
    Printed(
        "Theorem 1",
        "A heavy-tailed reward can be given any mean at any small KL divergence.",
        "theorems/theorem_1.md",
    ),
    Printed(
        "Student t figure caption",
        "What the mean tends to for Student t(3) with mass 1/t instead of t^-0.8.",
        "theorems/theorem_1.md#d-three-halves-not-one",
    ),
    Printed(
        "Theorem 2",
        "For a light-tailed reward a vanishing KL divergence moves the mean by a vanishing amount.",
        "theorems/theorem_2.md",
    ),
    Printed(
        "Theorem 3",
        "In a Markov decision process, policies realise such reweightings.",
        "theorems/theorem_3.md",
    ),
    Printed(
        "Corollary 1",
        "Policies exist whose proxy reward is as high as one likes, at a KL divergence as small as "
        "one likes, while the utility stays where it was.",
        "theorems/theorem_2.md#corollary-1",
    ),
    Printed(
        "Theorem 4",
        "With light-tailed errors (independent of the utility, says the heading) the best policy's "
        "utility grows without bound as the KL penalty is relaxed.",
        "theorems/theorem_4.md",
    ),
    Printed(
        "Theorem 5",
        "Selecting by a threshold: with a heavy-tailed error the utility falls back to its mean.",
        "theorems/theorem_5.md",
    ),
    Printed(
        "Lemma 2",
        "A bound on tail ratios in the proof of Theorem 5.",
        "theorems/theorem_5.md#b-lemma-2",
    ),
    Printed(
        "Theorem 6",
        "Selecting by a threshold: with an error lighter than every exponential, the utility grows "
        "without bound. (Its proof is checked in [Coq](proofs.md#theorem-6).)",
        "theorems/theorem_6.md",
    ),
    Printed(
        "Hill plots",
        "Hill plots of a reward model's scores show whether their tail is heavy.",
        "theorems/experiments.md#hill-plots",
    ),
    Printed(
        "KL of a mixture",
        "The KL divergence of a policy that forces one outcome now and then.",
        "theorems/experiments.md#a-policy-that-forces-one-outcome",
    ),
    Printed(
        "KL of the example",
        "A policy that plays the best input found 1 % of the time has a KL of 13.35 nats.",
        "theorems/experiments.md#a-policy-that-forces-one-outcome",
    ),
    Printed(
        "Gain of the example",
        "Its mean reward is 0.02571 above the base policy's, a difference times 0.01.",
        "theorems/experiments.md#a-policy-that-forces-one-outcome",
    ),
    Printed(
        "Conclusion of the example",
        "That is far less than conditioning gains at the same KL divergence.",
        "theorems/experiments.md#the-highest-reward-found",
    ),
    Printed(
        "Bounded objective",
        "Maximising a bounded function of the mean reward plus the KL divergence makes the KL "
        "divergence, and with it the utility's gain, vanish.",
        "theorems/experiments.md#an-objective-with-a-plus",
    ),
    Printed(
        "Footnote on dependence",
        "An example in which error and utility are dependent, and the utility is said to fall back "
        "to its mean.",
        "theorems/dependence.md",
    ),
    Printed(
        "Number of token sequences",
        "There are more than 10^2000 of them to search.",
        "theorems/experiments.md#how-many-token-sequences-there-are",
    ),
    Printed(
        "Best-of-N figure: normal error",
        "With a normal error the utility rises with N.",
        "theorems/experiments.md#a-normal-error",
    ),
    Printed(
        "Best-of-N figure: peaks",
        "With a heavy error the utility peaks at about 10^2 or 10^3 draws, in one case at about "
        "10^5.",
        "theorems/experiments.md#heavy-errors",
    ),
    Printed(
        "Best-of-N figure: Theorem 5",
        "Where error and utility are heavy-tailed, Theorem 5 has the utility fall back.",
        "theorems/experiments.md#heavy-errors",
    ),
)
