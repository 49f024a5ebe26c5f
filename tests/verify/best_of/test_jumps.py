"""What one atom of U does to the KL of best-of-n, near the top of the law."""

from __future__ import annotations

import pytest
from flint import arb, fmpq

from verify.best_of import best_of
from verify.best_of.parts.density import take_apart
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump, cost_of_ranks, jumps
from verify.best_of.ranks import RankIntegral
from verify.enclosure import working_precision
from verify.laws import parse

pytestmark = pytest.mark.usefixtures("best_of_bits")


def test_what_an_atom_saves_near_the_top_keeps_its_digits() -> None:
    """As far out as the best of ``10^18`` is, against six times the working precision.

    Balls of the rank itself lose what 96 bits do not show of ``1 - 10^-18``, some 60 of them.
    """
    n, above, mass = 10**18, fmpq(1, 10**18), fmpq(3, 10**19)

    def saves() -> arb:
        row = arb(mass), arb(0), arb(0)
        return Jump(fmpq(0), *row, (arb(0), arb(0))).saves(n, arb(above))

    found, cost = saves(), cost_of_ranks(n, arb(above))
    with working_precision(600):
        want, want_cost = saves(), cost_of_ranks(n, arb(above))
        # As the formula has it.
        u = 1 - arb(above)
        plain = u**n * (arb(n).log() + (n - 1) * u.log() - arb(n - 1) / n)
        assert want_cost.overlaps(plain)
    assert found.overlaps(want) and found.rad() < 2.0**-80
    assert cost.overlaps(want_cost) and cost.rad() < 2.0**-80


def test_a_law_with_an_atom_on_top_has_its_kl_to_twenty_digits() -> None:
    """The best of many is the top atom, of mass q: KL is ``-log q``."""
    found = best_of("mixture(0.5*uniform(), 0.5*point(2))", "bernoulli(1/3)").at(10**18).kl
    assert isinstance(found, arb) and found.rad() < 1e-20
    assert found.overlaps(arb(6).log())


def test_atoms_that_are_left_out_are_in_the_bound_of_kl() -> None:
    """Two binomial laws less an atom hold, in their ball, what they are with it."""
    x, v = take_apart(parse("binomial(5, 1/2)")), take_apart(parse("bernoulli(1/2)"))
    every, nothing = jumps(x, v), Beyond(arb(0), arb(0), arb(0))
    none = arb(0), arb(0), arb(0)

    def kl(pieces: list[Jump], lost: Beyond) -> arb:
        shifts = fmpq(0), fmpq(0)
        return RankIntegral(pieces, none, nothing, nothing, lost, shifts).kl(10)

    whole, lost = kl(every, nothing), Beyond(every[0].mass, arb(0), arb(0))
    assert kl(every[1:], lost).overlaps(whole)
    assert not kl(every[1:], nothing).overlaps(whole)
