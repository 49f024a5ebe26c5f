"""A language model on a few words: what the best policies at given KL divergences do to a utility.

The reward is U = V + X on all continuations of a text by those words. V is the number of one word
less that of another, X grows with the number of a third. The best mean of U within a KL budget is
that of a tilt, and the policy that realises it has the E V that is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu_checks.enumerable.enumeration import enumerated
from gpu_checks.enumerable.realised import realise
from gpu_checks.enumerable.tree import PrefixTree
from gpu_checks.enumerable.weights import RewardLaw
from gpu_checks.models.policy import BasePolicy
from gpu_checks.training.known_parts import Exponential, Growth, KnownParts, Power
from verify.enclosure import exact
from verify.errors import InputError
from verify.progress import Progress
from verify.weight import BestOfN, Threshold, Tilt, Weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SCHEMA = "goodhart-enumerable/1"
#: After this text, continued by these words.
TEXT = "The weather today"
WORDS = (" the", " a", " good", " bad", " very", " and", " is", "!", " so", " not")
#: The word that the error counts, and what others are worth.
ERROR, WORTHS = " very", {" good": 1.0, " bad": -1.0}
#: How the error grows: two that are light, two that are heavy.
GROWTHS: Mapping[str, Growth] = {
    "sqrt(count)": Power(0.5),
    "count": Power(1.0),
    "count^3": Power(3.0),
    "exp(2 count) - 1": Exponential(2.0),
}
#: KL divergences in nats.
BUDGETS = (0.01, 0.1, 1.0, 3.0)
#: The best of so many; and a threshold that the base policy passes at least so often.
BEST, RARE = 1000, 1e-3
#: A tilt is halved in so many times: to the last bit of a float.
HALVINGS = 200


@dataclass(frozen=True)
class OnWords:
    """What one error does.

    Attributes
    ----------
    error : str
        How it grows.
    base : float
        E V under the base policy.
    utility : dict of float to float
        E V under the policy of the tilt, by its KL divergence in nats.
    agrees : dict of str to bool
        For each optimiser, whether its policy does what is predicted, within rounding: mean
        reward, KL divergence, and the divergences of tokens added up.
    """

    error: str
    base: float
    utility: dict[float, float]
    agrees: dict[str, bool]

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "error": self.error,
            "base": self.base,
            "utility": {f"{kl:g}": value for kl, value in self.utility.items()},
            "agrees": self.agrees,
        }


def list_words(
    policy: BasePolicy, horizon: int, progress: Progress | None = None
) -> tuple[PrefixTree, dict[str, int]]:
    """All continuations of the text by so many of the words, and the token of each word.

    Raises
    ------
    InputError
        If a word is not one token of the policy.
    """
    tokens = {word: _token(policy, word) for word in WORDS}
    prompt = [int(each) for each in policy.tokenizer(TEXT)["input_ids"]]
    if policy.bos is not None and prompt[:1] != [policy.bos]:
        prompt.insert(0, policy.bos)
    return enumerated(
        policy.model, list(tokens.values()), horizon, prompt, progress=progress
    ), tokens


def on_words(tree: PrefixTree, tokens: Mapping[str, int], error: str) -> OnWords:
    """What the best policies do to the utility, for one growth of the error.

    Parameters
    ----------
    tree, tokens
        See :func:`list_words`.
    error : str
        One of :data:`GROWTHS`.
    """
    worths = {tokens[word]: worth for word, worth in WORTHS.items()}
    u, v, _ = KnownParts(tokens[ERROR], GROWTHS[error], worths)(tree.trajectories)
    law = RewardLaw.of(tree, u)
    weights: list[Weight] = [Tilt(exact(_tilt(law, kl))) for kl in BUDGETS]
    weights += [BestOfN(BEST), Threshold.at(str(Decimal(_rare(law))), "0.02")]
    done = [realise(tree, u, weight) for weight in weights]
    names = (*(f"tilt, KL {kl:g}" for kl in BUDGETS), f"best of {BEST}", "threshold")
    return OnWords(
        error,
        tree.mean(v),
        {kl: each.policy.mean(v) for kl, each in zip(BUDGETS, done, strict=False)},
        {name: each.holds for name, each in zip(names, done, strict=True)},
    )


def summary(policy: BasePolicy, horizon: int, progress: Progress | None = None) -> dict[str, Any]:
    """All errors on all continuations, as JSON, with how long it took."""
    started = time.process_time()
    tree, tokens = list_words(policy, horizon, progress)
    listed = time.process_time()
    found = [on_words(tree, tokens, error).as_json() for error in GROWTHS]
    return {
        "schema": SCHEMA,
        "text": TEXT,
        "words": list(WORDS),
        "horizon": horizon,
        "trajectories": tree.size,
        "errors": found,
        "dtype": str(policy.dtype).removeprefix("torch."),
        "cpu_seconds": {
            "listing": round(listed - started, 1),
            "policies": round(time.process_time() - listed, 1),
        },
    }


def _token(policy: BasePolicy, word: str) -> int:
    ids = policy.tokenizer(word, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        raise InputError(f"word {word!r}: expected one token of the policy, got {len(ids)}")
    return int(ids[0])


def _tilt(law: RewardLaw, kl: float) -> float:
    """The tilt whose reweighted law has this KL divergence, which rises with the tilt.

    Raises
    ------
    InputError
        If no tilt has it: the largest reward has too large a probability.
    """
    if kl >= -float(law.log_survival[-1]):
        raise InputError(f"a KL divergence of {kl:g}: no tilt of these rewards has so much")
    low, high = 0.0, 1.0
    while _divergence(law, high) < kl:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _divergence(law, middle) < kl else (low, middle)
    return high


def _divergence(law: RewardLaw, tilt: float) -> float:
    """The KL divergence of a tilted law from the law, in nats."""
    logs = tilt * (law.values - law.values[-1])
    shares = law.masses * np.exp(logs)
    total = float(shares.sum())
    return float((shares * logs).sum()) / total - float(np.log(total))


def _rare(law: RewardLaw) -> float:
    """The largest reward that the base policy exceeds with probability :data:`RARE` or more."""
    return float(law.values[law.above >= RARE][-1])
