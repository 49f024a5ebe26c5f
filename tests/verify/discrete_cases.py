"""The table of laws on lattices that the tests run over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import settings
from hypothesis import strategies as st
from mpmath import mp
from scipy import stats

from tests.verify.law_cases import rationals
from tests.verify.mpmath_route import mp_ball
from verify.law import Law
from verify.laws import (
    bernoulli,
    binomial,
    geometric,
    negative_binomial,
    poisson,
    zeta,
)

#: As many as the profile says: ten times as many under HEAVY=1.
EXAMPLES = settings().max_examples

BITS = 128


@dataclass(frozen=True)
class DiscreteCase:
    """A law, its parameters, its mass in mpmath from the textbook, and scipy's distribution."""

    name: str
    build: Callable[..., Law]
    parameters: dict[str, st.SearchStrategy[fmpq]]
    first: int
    mass: Callable[..., Any]
    scipy: Callable[..., Any]
    last: Callable[[dict[str, fmpq]], int | None] = lambda drawn: None


#: Ratios of neighbouring masses are at most 3/4, far out, which makes sums of masses short.
_P = rationals("1/4", "11/12")

CASES = (
    DiscreteCase(
        "bernoulli",
        bernoulli,
        {"p": _P},
        0,
        lambda k, p: p if k else 1 - p,
        stats.bernoulli,
        lambda drawn: 1,
    ),
    DiscreteCase(
        "binomial",
        binomial,
        {"n": st.integers(1, 60).map(fmpq), "p": _P},
        0,
        lambda k, n, p: mp.binomial(n, k) * p**k * (1 - p) ** (n - k),
        stats.binom,
        lambda drawn: int(drawn["n"].p),
    ),
    DiscreteCase(
        "poisson",
        poisson,
        {"mu": rationals("1/12", "40")},
        0,
        lambda k, mu: mp.exp(-mu) * mu**k / mp.factorial(k),
        stats.poisson,
    ),
    DiscreteCase(
        "geometric", geometric, {"p": _P}, 1, lambda k, p: p * (1 - p) ** (k - 1), stats.geom
    ),
    DiscreteCase(
        "negative_binomial",
        negative_binomial,
        {"r": rationals("1/6", "12"), "p": _P},
        0,
        lambda k, r, p: mp.rf(r, k) / mp.factorial(k) * p**r * (1 - p) ** k,
        stats.nbinom,
    ),
    DiscreteCase(
        "zeta",
        zeta,
        {"s": rationals("5/4", "9")},
        1,
        lambda k, s: mp.mpf(k) ** -s / mp.zeta(s),
        stats.zipf,
    ),
)

BY_NAME = {case.name: case for case in CASES}

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

SAMPLES = settings(max_examples=EXAMPLES // 4)


def drawn_from(data: st.DataObject, case: DiscreteCase) -> tuple[dict[str, fmpq], Law]:
    drawn = data.draw(st.fixed_dictionaries(case.parameters))
    return drawn, case.build(**drawn)


def assert_contains(
    value: arb, truth: Any, error: Any = 0, digits: int = 25, size: Any = 0
) -> None:
    """The ball contains ``truth +- error`` and is narrow, relative to itself or to ``size``."""
    middle, radius = mp_ball(value)
    assert abs(middle - truth) <= radius + error, f"{value} does not contain {mp.nstr(truth, 30)}"
    assert radius <= max(abs(middle), size) * mp.mpf(10) ** -digits, f"{value} is wide"
