"""The copulas of the bivariate normal and Student t laws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flint import arb, fmpq

from verify.copulas.base import Copula, Floats
from verify.enclosure import ball
from verify.laws.gaussian import Normal
from verify.laws.parameters import SHAPE, Domain, Parametric, parameter
from verify.laws.student import StudentT
from verify.ranks import FLOAT_RANKS, Rank, RankArithmetic

CORRELATION = Domain(
    "a number strictly between -1, which is countermonotone(), and 1, which is comonotone()",
    lambda value: abs(value) < 1,
)


def _elliptical_tau(rho: fmpq) -> arb:
    return 2 * ball(rho).asin() / arb.pi()


@dataclass(frozen=True)
class Gaussian(Parametric, Copula):
    """The copula of two normal variables with correlation ``rho``."""

    name: ClassVar[str] = "gaussian"
    rho: fmpq = parameter(CORRELATION)

    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        a, law = arithmetic, Normal()
        x, y = a.quantile(law, u), a.quantile(law, v)
        return a.rank(law, (x - a.number(self.rho) * y) / self._spread(a))

    def inverse(self, level: Floats, v: Floats) -> Floats:
        a, law = FLOAT_RANKS, Normal()
        z, y = a.quantile(law, level), a.quantile(law, v)
        return a.rank(law, a.number(self.rho) * y + self._spread(a) * z)

    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        a, law, rho = arithmetic, Normal(), arithmetic.number(self.rho)
        x, y = a.quantile(law, u), a.quantile(law, v)
        square = rho * (rho * (x * x + y * y) - 2 * x * y)
        return -square / (2 * a.number(1 - self.rho**2)) - a.log(self._spread(a))

    def _spread(self, arithmetic: RankArithmetic[Any]) -> Any:
        return arithmetic.sqrt(arithmetic.number(1 - self.rho**2))

    def tau(self) -> arb:
        return _elliptical_tau(self.rho)

    def tail_dependence(self) -> tuple[arb, arb]:
        return arb(0), arb(0)


@dataclass(frozen=True)
class Student(Parametric, Copula):
    """The copula of a bivariate Student t law: correlation ``rho``, ``df`` degrees of freedom.

    Given ``Y = y`` the other variable is Student t again, with ``df + 1`` degrees of freedom,
    location ``rho y`` and squared scale ``(1 - rho^2)(df + y^2)/(df + 1)``.
    """

    name: ClassVar[str] = "student_t"
    rho: fmpq = parameter(CORRELATION)
    df: fmpq = parameter(SHAPE)

    @property
    def _margin(self) -> StudentT:
        return StudentT(self.df)

    @property
    def _given(self) -> StudentT:
        return StudentT(self.df + 1)

    def _scale(self, y: Any, arithmetic: RankArithmetic[Any]) -> Any:
        a = arithmetic
        return a.sqrt((a.number(self.df) + y * y) * a.number((1 - self.rho**2) / (self.df + 1)))

    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        a = arithmetic
        x, y = a.quantile(self._margin, u), a.quantile(self._margin, v)
        return a.rank(self._given, (x - a.number(self.rho) * y) / self._scale(y, a))

    def inverse(self, level: Floats, v: Floats) -> Floats:
        a = FLOAT_RANKS
        z, y = a.quantile(self._given, level), a.quantile(self._margin, v)
        return a.rank(self._margin, a.number(self.rho) * y + self._scale(y, a) * z)

    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        a, rho, df = arithmetic, arithmetic.number(self.rho), arithmetic.number(self.df)
        x, y = a.quantile(self._margin, u), a.quantile(self._margin, v)
        rest = a.number(1 - self.rho**2)
        square = (x * x - 2 * rho * x * y + y * y) / rest
        margins = a.log1p(x * x / df) + a.log1p(y * y / df)
        return self._log_constant(a) + (df + 1) / 2 * margins - (df + 2) / 2 * a.log1p(square / df)

    def _log_constant(self, arithmetic: RankArithmetic[Any]) -> Any:
        a, half = arithmetic, self.df / 2
        gammas = a.log_gamma(a.number(half + 1)) + a.log_gamma(a.number(half))
        root = a.log(a.number(1 - self.rho**2)) / 2
        return gammas - 2 * a.log_gamma(a.number(half + fmpq(1, 2))) - root

    def tau(self) -> arb:
        return _elliptical_tau(self.rho)

    def tail_dependence(self) -> tuple[arb, arb]:
        far = (arb((self.df + 1) * (1 - self.rho) / (1 + self.rho))).sqrt()
        both = 2 * self._given.survival(far)
        return both, both
