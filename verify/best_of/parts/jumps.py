"""The atoms of ``U = X + V``, and what best-of-n does at one of them.

The best of n has mass ``F(u)^n - F(u-)^n`` at an atom u of U: ties share in proportion. Its
``dP/dQ`` is constant there, where that of ranks without ties would be ``n r^(n-1)`` for the ranks r
from F(u-) to F(u). So KL is less than without atoms (Beirami et al., arXiv 2401.01879), by what
each atom saves.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from verify.best_of.parts.density import Parts
from verify.divergence import entropy_term
from verify.enclosure import Undecided

#: Pairs of atoms of X and V.
MOST_PAIRS = 400_000


@dataclass(frozen=True)
class Jump:
    """An atom of U.

    Attributes
    ----------
    at : fmpq
        Where.
    mass, of_v, of_x : arb
        ``Pr(U = u)``, ``E[V; U = u]`` and ``E[X; U = u]``.
    sizes : tuple of arb
        ``E[|V|; U = u]`` and ``E[|X|; U = u]``.
    """

    at: fmpq
    mass: arb
    of_v: arb
    of_x: arb
    sizes: tuple[arb, arb]

    @property
    def place(self) -> arb:
        """Where, as a ball."""
        return arb(self.at)

    @property
    def whole(self) -> Jump:
        """Itself, as an atom has no parts."""
        return self

    @property
    def totals(self) -> tuple[arb, arb, arb]:
        """The mass and the two parts of means."""
        return self.mass, self.of_v, self.of_x

    @property
    def missed(self) -> tuple[arb, arb, arb]:
        """Nothing is."""
        return arb(0), arb(0), arb(0)

    def above_end(self, above: arb) -> arb:
        """``Pr(U > u)``."""
        return above

    def gains(self, n: int, above: arb) -> arb:
        """Its mass under best-of-n; ``above`` is ``Pr(U > u)``."""
        here, before = 1 - above, (1 - above - self.mass).max(arb(0))
        if above < 0.5 and before > 0:
            log_here, fall = (-above).log1p(), (-self.mass / here).log1p()
            return -(n * log_here).exp() * (n * fall).expm1()
        return here.max(arb(0)) ** n - before**n

    def integrals(self, n: int, above: arb) -> list[arb]:
        """The parts of the mass and of the means under best-of-n."""
        share = self.gains(n, above) / self.mass
        return [share * part for part in self.totals]

    def costs(self, n: int, above: arb) -> arb:
        """Its term of the KL, ``p log(p/q)``."""
        return entropy_term(self.gains(n, above), self.mass)

    def saves(self, n: int, above: arb) -> arb:
        """How much less its term of the KL is than that of as many ranks without ties."""
        before = (above + self.mass).min(arb(1))
        return cost_of_ranks(n, above.max(arb(0))) - cost_of_ranks(n, before) - self.costs(n, above)


class Lump(Jump):
    """What next to a point belongs together: at one point for best-of-n, but no tie."""

    def saves(self, n: int, above: arb) -> arb:
        """Nothing: the ranks there are without ties."""
        return arb(0)


def cost_of_ranks(n: int, above: arb) -> arb:
    """``int_0^u w log w`` for ``w = n r^(n-1)``: ``u^n (log n + (n - 1) log u - (n - 1)/n)``.

    By ``1 - u``, which for many draws is to show its distance from 0.
    """
    u = 1 - above
    if u > arb(2) ** -20:
        log_u = (-above).log1p()
        return (n * log_u).exp() * (arb(n).log() + (n - 1) * log_u - arb(n - 1) / n)
    # |u log u| < 2 sqrt(u).
    size = u.abs_upper()
    return arb(0, (size**n * arb(n).log() + 2 * n * size ** (n - 1) * size.sqrt()).upper())


def jumps(error: Parts, utility: Parts) -> list[Jump]:
    """The atoms of the sum, in increasing order.

    Raises
    ------
    Undecided
        For more than :data:`MOST_PAIRS` pairs.
    """
    if len(error.atoms) * len(utility.atoms) > MOST_PAIRS:
        raise Undecided(f"U has more than {MOST_PAIRS} pairs of atoms")
    found: dict[fmpq, list[arb]] = {}
    for x, p in error.atoms:
        for v, q in utility.atoms:
            mass = p * q
            terms = (mass, mass * v, mass * x, mass * abs(v), mass * abs(x))
            sums = found.setdefault(x + v, [arb(0)] * 5)
            for k, term in enumerate(terms):
                sums[k] = sums[k] + term
    return [
        Jump(at, mass, of_v, of_x, (size_v, size_x))
        for at, (mass, of_v, of_x, size_v, size_x) in sorted(found.items(), key=lambda row: row[0])
    ]
