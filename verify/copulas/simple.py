"""Independence, the two extremes, and copulas turned round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flint import arb

from verify.copulas.base import Copula, Floats
from verify.errors import InputError
from verify.laws.parameters import Parametric
from verify.ranks import Rank, RankArithmetic


@dataclass(frozen=True)
class Independent(Parametric, Copula):
    """Ranks that know nothing of each other."""

    name: ClassVar[str] = "independent"

    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        return u

    def inverse(self, level: Floats, v: Floats) -> Floats:
        return level

    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        return 0 * u.below

    def tau(self) -> arb:
        return arb(0)

    def tail_dependence(self) -> tuple[arb, arb]:
        return arb(0), arb(0)


@dataclass(frozen=True)
class Singular(Parametric, Copula):
    """A copula under which V determines U; it has no density, and is for sampling."""

    has_density = False

    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        raise InputError(f"{self} has no density; expected a copula that has one, or sampling")

    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        raise InputError(f"{self} has no density; expected a copula that has one")


@dataclass(frozen=True)
class Comonotone(Singular):
    """The strongest positive dependence: the same rank twice."""

    name: ClassVar[str] = "comonotone"

    def inverse(self, level: Floats, v: Floats) -> Floats:
        return v

    def tau(self) -> arb:
        return arb(1)

    def tail_dependence(self) -> tuple[arb, arb]:
        return arb(1), arb(1)


@dataclass(frozen=True)
class Countermonotone(Singular):
    """The strongest negative dependence: a rank, and 1 minus it."""

    name: ClassVar[str] = "countermonotone"

    def inverse(self, level: Floats, v: Floats) -> Floats:
        return v.turned()

    def tau(self) -> arb:
        return arb(-1)

    def tail_dependence(self) -> tuple[arb, arb]:
        return arb(0), arb(0)


@dataclass(frozen=True)
class Turned(Copula):
    """The copula of (1 - U, V), of (U, 1 - V), or of both turned, for (U, V) of another copula.

    Attributes
    ----------
    base : Copula
        The other copula.
    first, second : bool
        Whether U and V are turned.
    """

    base: Copula
    first: bool
    second: bool

    def __str__(self) -> str:
        if self.first and self.second:
            return f"survival({self.base})"
        return f"negated({self.base})" if self.first else f"negated(survival({self.base}))"

    @property
    def has_density(self) -> bool:  # type: ignore[override]
        """Whether there is a density."""
        return self.base.has_density

    def _both(self, u: Rank[Any], v: Rank[Any]) -> tuple[Rank[Any], Rank[Any]]:
        return (u.turned() if self.first else u), (v.turned() if self.second else v)

    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        given = self.base.conditional(*self._both(u, v), arithmetic)
        return given.turned() if self.first else given

    def inverse(self, level: Floats, v: Floats) -> Floats:
        u = self.base.inverse(*self._both(level, v))
        return u.turned() if self.first else u

    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        return self.base.log_density(*self._both(u, v), arithmetic)

    def tau(self) -> arb:
        tau = self.base.tau()
        return tau if self.first == self.second else -tau

    def tail_dependence(self) -> tuple[arb, arb]:
        if self.first != self.second:
            raise InputError(f"{self}: tail dependence is known for survival copulas only")
        lower, upper = self.base.tail_dependence()
        return upper, lower

    def swapped(self) -> Copula:
        return turned(self.base.swapped(), first=self.second, second=self.first)


def turned(copula: Copula, *, first: bool, second: bool) -> Copula:
    """The copula with U, V or both turned round, in its simplest form."""
    if isinstance(copula, Turned):
        base = copula.base
        first, second = first != copula.first, second != copula.second
    else:
        base = copula
    return Turned(base, first, second) if first or second else base


def survival(copula: Copula) -> Copula:
    """The copula of (-X, -V) for (X, V) of the copula given: upper and lower corners exchanged."""
    return turned(copula, first=True, second=True)


def negated(copula: Copula) -> Copula:
    """The copula of (-X, V) for (X, V) of the copula given: the dependence changes its sign."""
    return turned(copula, first=True, second=False)
