"""Laws from frozen scipy distributions: the catalogue's own, or float-only ones.

A float parameter stands for the decimal that it prints as: ``scipy.stats.pareto(1.2)`` becomes
``pareto(alpha=1.2)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from flint import arb, arb_series, fmpq

from verify import laws
from verify.enclosure import Number, exact
from verify.law import Bound, Law, LawError, Point
from verify.series import Moments
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The standard law (location 0, scale 1) of each scipy distribution, from its shapes.
STANDARD: dict[str, Callable[..., Law]] = {
    "bernoulli": laws.bernoulli,
    "beta": laws.beta,
    "betaprime": lambda a, b: laws.f(2 * a, 2 * b) * (a / b),
    "binom": laws.binomial,
    "burr12": laws.burr,
    "cauchy": laws.cauchy,
    "chi2": lambda df: 2 * laws.gamma(df / 2),
    "erlang": laws.gamma,
    "expon": laws.exponential,
    "f": laws.f,
    "fisk": laws.log_logistic,
    "gamma": laws.gamma,
    "genextreme": lambda c: laws.gev(-c),
    "genpareto": laws.genpareto,
    "geom": laws.geometric,
    "gumbel_l": lambda: -laws.gumbel(),
    "gumbel_r": laws.gumbel,
    "halfcauchy": laws.half_cauchy,
    "halfnorm": laws.half_normal,
    "invgamma": laws.inverse_gamma,
    "invgauss": laws.inverse_gaussian,
    "invweibull": laws.frechet,
    "laplace": laws.laplace,
    "levy": laws.levy,
    "levy_l": lambda: -laws.levy(),
    "logistic": laws.logistic,
    "lognorm": lambda s: laws.lognormal(sigma=s),
    "lomax": lambda c: laws.pareto(c) - 1,
    "nbinom": laws.negative_binomial,
    "norm": laws.normal,
    "pareto": laws.pareto,
    "poisson": laws.poisson,
    "skewnorm": laws.skew_normal,
    "t": laws.student_t,
    "uniform": laws.uniform,
    "wald": lambda: laws.inverse_gaussian(1),
    "weibull_max": lambda c: -laws.weibull(c),
    "weibull_min": laws.weibull,
    "zipf": laws.zeta,
}


def from_scipy(frozen: Any) -> Law:
    """The catalogue law of a frozen scipy distribution; a :class:`FloatOnly` law if there is none.

    Raises
    ------
    LawError
        If it is not a frozen distribution of single numbers.
    """
    try:
        shapes, loc, scale = _parameters(frozen)
    except (AttributeError, TypeError, ValueError):
        raise LawError(
            "from_scipy: expected a frozen distribution of single numbers, such as "
            f"scipy.stats.norm(0, 1), got {str(frozen)[:60]}"
        ) from None
    make = STANDARD.get(frozen.dist.name)
    if make is None:
        return FloatOnly(frozen)
    try:
        return _placed(frozen.dist.name, make(*shapes), loc, scale)
    except LawError:  # parameters beyond the catalogue's range
        return FloatOnly(frozen)


def _parameters(frozen: Any) -> tuple[Sequence[fmpq], fmpq, fmpq]:
    """Shapes, location and scale (1 for discrete distributions), exact."""
    shapes, loc, scale = frozen.dist._parse_args(*frozen.args, **frozen.kwds)
    return [_exact(shape) for shape in shapes], _exact(loc), _exact(scale)


def _exact(value: Any) -> fmpq:
    """A Python or numpy number as what it prints as."""
    number = value.item() if hasattr(value, "item") else value
    return exact(number)


def _placed(name: str, law: Law, loc: fmpq, scale: fmpq) -> Law:
    """``loc + scale law``, in the form that a person would write."""
    if name == "norm":
        return laws.normal(loc, scale)
    if name == "uniform":
        return laws.uniform(loc, loc + scale)
    return loc + scale * law


@dataclass(frozen=True, eq=False)
class FloatOnly(Law):
    """A scipy distribution that is not in the catalogue: draws and float64 tails, no more."""

    frozen: Any

    def __str__(self) -> str:
        given = [str(value) for value in self.frozen.args]
        given += [f"{name}={value}" for name, value in self.frozen.kwds.items()]
        return f"scipy.stats.{self.frozen.dist.name}({', '.join(given)})"

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        return np.asarray(self.frozen.rvs(size=size, random_state=rng), dtype=np.float64)

    def survival_float(self, t: float) -> float:
        """``Q(X > t)`` as scipy has it."""
        return float(self.frozen.sf(t))

    def log_survival_float(self, t: float) -> float:
        """``log Q(X > t)`` as scipy has it."""
        return float(self.frozen.logsf(t))

    def _refuse(self, what: str) -> NoReturn:
        raise LawError(
            f"{self} is known in float64 only, so nothing about it is certified, and {what} is "
            "not to be had; take a law of the catalogue, or write its tail with tail(log_sf=...)"
        )

    @property
    def support(self) -> tuple[Bound, Bound]:
        self._refuse("its support")

    @property
    def right_tail(self) -> TailRates:
        self._refuse("its tail's rate")

    @property
    def left_tail(self) -> TailRates:
        self._refuse("its tail's rate")

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        self._refuse("its survival function")

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        self._refuse("its distribution function")

    def mass_at(self, t: Point) -> arb:
        self._refuse("its mass at a point")

    def density(self, t: Point) -> arb:
        self._refuse("its density")

    def mean(self) -> Number:
        self._refuse("its mean")

    def upper_mean(self, t: Point) -> Number:
        self._refuse("a partial mean")

    def log_mgf(self, tilt: Point) -> Number:
        self._refuse("its log-MGF")

    def cumulants(self, tilt: Point) -> tuple[arb, arb, arb]:
        self._refuse("its log-MGF")

    def cumulant_series(self, tilt: arb) -> arb_series:
        self._refuse("its log-MGF")

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        self._refuse("an exponential moment")

    def quantile(self, level: Point) -> arb:
        self._refuse("a quantile")
