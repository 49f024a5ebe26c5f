"""Hypothesis strategies for laws of the whole catalogue and what the algebra makes of them."""

from __future__ import annotations

from flint import fmpq
from hypothesis import strategies as st

from tests.verify.law_cases import CONTINUOUS, rationals
from verify.law import Law, LawError
from verify.laws import (
    bernoulli,
    binomial,
    geometric,
    mixture,
    negative_binomial,
    point,
    poisson,
    tail,
    truncate,
    zeta,
)

_P = rationals("1/4", "11/12")

DISCRETE: dict[str, st.SearchStrategy[Law]] = {
    "bernoulli": st.builds(bernoulli, p=_P),
    "binomial": st.builds(binomial, n=st.integers(1, 30), p=_P),
    "poisson": st.builds(poisson, mu=rationals("1/4", "20")),
    "geometric": st.builds(geometric, p=_P),
    "negative_binomial": st.builds(negative_binomial, r=rationals("1/4", "9"), p=_P),
    "zeta": st.builds(zeta, s=rationals("5/4", "9")),
    "point": st.builds(point, x=rationals("-3", "3")),
}
TAILS = st.sampled_from(
    [
        ("-x/log(x)", "exp(1)"),
        ("-sqrt(x)", 0),
        ("-1 - x", fmpq(1, 3)),
        ("-2*log(x)", 1),
        ("-x - 3*log(1 + x)", 0),
    ]
).map(lambda given: tail(log_sf=given[0], lower=given[1]))

#: One strategy for each law of the catalogue, by name.
CATALOGUED: dict[str, st.SearchStrategy[Law]] = {
    **{case.name: case.laws() for case in CONTINUOUS},
    **DISCRETE,
}
catalogued = st.one_of(*CATALOGUED.values())

#: Numbers of many sizes, some of which no single literal can hold.
numbers = st.one_of(
    rationals("-20", "20"),
    st.builds(
        lambda p, q, e: fmpq(p, q) * fmpq(10) ** e,
        st.integers(-(10**60), 10**60),
        st.integers(1, 10**60),
        st.integers(-400, 400),
    ),
    st.builds(
        lambda p, k: fmpq(p) * fmpq(2) ** k, st.integers(-(2**53), 2**53), st.integers(-1074, 900)
    ),
)


def mixtures(parts: st.SearchStrategy[Law]) -> st.SearchStrategy[Law]:
    """Mixtures of two or three laws."""

    def build(weights: list[int], laws: list[Law]) -> Law:
        total = sum(weights)
        return mixture([(fmpq(w, total), law) for w, law in zip(weights, laws, strict=True)])

    return st.integers(2, 3).flatmap(
        lambda n: st.builds(
            build,
            st.lists(st.integers(1, 12), min_size=n, max_size=n),
            st.lists(parts, min_size=n, max_size=n),
        )
    )


@st.composite
def truncations(draw: st.DrawFn, parts: st.SearchStrategy[Law]) -> Law:
    """Truncations that leave some mass."""
    law = draw(parts)
    low = draw(st.none() | rationals("-5", "2"))
    high = draw(rationals("2", "30") if low is None else st.none() | rationals("2", "30"))
    try:
        return truncate(law, low=low, high=high)
    except LawError:  # no mass in between
        return law


def images(
    parts: st.SearchStrategy[Law], values: st.SearchStrategy[fmpq]
) -> st.SearchStrategy[Law]:
    """``shift + scale X``."""
    return st.builds(lambda a, b, law: a + b * law, values, values.filter(bool), parts)


def compositions(
    leaves: st.SearchStrategy[Law], values: st.SearchStrategy[fmpq]
) -> st.SearchStrategy[Law]:
    """Images, mixtures and truncations of one another."""
    return st.recursive(
        leaves,
        lambda parts: st.one_of(images(parts, values), mixtures(parts), truncations(parts)),
        max_leaves=4,
    )
