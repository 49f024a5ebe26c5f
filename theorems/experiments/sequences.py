"""How many token sequences there are.

The print calls the search for better inputs intractable, as there are more than 10^2000 sequences.
Its search is over 133 tokens of a vocabulary of 32,000. All there are, exactly, in integers.
"""

from __future__ import annotations

import math

from flint import fmpz

from verify.claim import Claim, Exact

#: Llama 2's vocabulary, and the lengths in print: of the inputs searched for, and of random ones.
VOCABULARY, SEARCHED, RANDOM = 32_000, 133, 1024


def of_length(length: int) -> int:
    """The number of sequences of ``length`` tokens."""
    return math.prod([VOCABULARY] * length)


def up_to(length: int) -> int:
    """The number of sequences of at most ``length`` tokens: a geometric sum."""
    return (of_length(length + 1) - 1) // (VOCABULARY - 1)


def decimal_order(case: tuple[int, int]) -> bool:
    """At (length, k): between 10^k and 10^(k + 1) sequences, shorter ones counted or not."""
    length, order = case
    counted = 1  # token by token: the empty sequence, or a first token and a shorter sequence
    for _ in range(length):
        counted = 1 + VOCABULARY * counted
    powers = fmpz(10) ** order, fmpz(10) ** (order + 1)
    between = bool(powers[0] < of_length(length) < counted < powers[1])
    return between and counted == up_to(length)


def first_beyond(case: tuple[int, int]) -> bool:
    """At (k, length): that length is the first with more than 10^k sequences."""
    order, length = case
    return bool(up_to(length - 1) < fmpz(10) ** order < of_length(length))


CLAIMS = (
    Claim(
        "experiments.sequences",
        "Refuted: of the token sequences searched, 133 tokens long from a vocabulary of 32,000, "
        "there are more than 10^2000. There are more than 10^599 and fewer than 10^600, shorter "
        "ones included.",
        "Number of token sequences",
        "refutation",
        evidence=(Exact(decimal_order, ((SEARCHED, 599),)),),
    ),
    Claim(
        "experiments.sequences.corrected",
        "There are more than 10^2000 of length 444 and more: of the random inputs' 1024 tokens, "
        "more than 10^4613. (The search is as intractable with 10^599.)",
        "Number of token sequences",
        "corrected",
        evidence=(Exact(first_beyond, ((2000, 444),)), Exact(decimal_order, ((RANDOM, 4613),))),
    ),
)
