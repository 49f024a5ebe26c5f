"""What an optimiser of the proxy does to the true utility: a curve of points, and its limit.

The proxy reward is ``U = X + V``: X the error, V the true utility. A point is one policy: the
optimiser's parameter, the KL it spends, and the means of U, V and X under it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal

from flint import arb, fmpq

from verify.decimals import DIGITS, decimal_text, outward, plain, round_decimal
from verify.enclosure import Diverges, Exact, Number, working_precision

Optimizer = Literal["tilt", "condition", "best-of-n"]

#: What the parameter of each optimiser is called.
PARAMETERS: dict[Optimizer, str] = {"tilt": "tilt", "condition": "t", "best-of-n": "n"}
#: The quantities of a point, and what they are called in text.
LABELS = {"kl": "KL", "mean_u": "E U", "mean_v": "E V", "mean_x": "E X"}
QUANTITIES = tuple(LABELS)
#: Digits of the ends of a number of which no digit is settled.
END_DIGITS = 2
#: What a point may answer to.
ASKED = ("kl_cap", "beta")
#: Standard errors on either side of a sampled estimate: a 95 % interval of the normal law.
SPREAD = 1.96
#: Numbers between this and its inverse are far from the ends of decimal exponents.
LARGE = arb(2) ** 1000
#: Digits of a sampled estimate's interval: float64's.
SAMPLED_DIGITS = 17


@dataclass(frozen=True)
class Estimate:
    """A sampled number.

    Attributes
    ----------
    value, standard_error : float
        The estimate, and the standard deviation of its error.
    """

    value: float
    standard_error: float


#: A number of a point: enclosed, proved infinite, sampled, or not known.
Quantity = Number | Estimate | None


@dataclass(frozen=True)
class UtilityPoint:
    """What one policy does, or the near-optimal ones where no policy is optimal.

    Attributes
    ----------
    at : exact number, Diverges or None
        The optimiser's parameter: the tilt l, the threshold t, or n; oo where all mass goes to the
        largest value, None where there is none.
    kl : arb, Diverges, Estimate or None
        The divergence from the base, in nats; None where it is not known.
    mean_u, mean_v, mean_x : arb, Diverges, Estimate or None
        The means of the proxy, of the true utility and of the error.
    means : str
        ``ball`` or ``monte-carlo``; written only beside numbers.
    attained : bool or None
        Whether a policy has these numbers. False: they are limits along the near-optimal policies,
        or there is no optimum, or nothing to select. None: not known.
    because : str
        What the numbers rest on, or why they are missing, in one sentence.
    kl_cap, beta : Decimal or None
        The budget of KL, or the price b of a unit of it, that the point answers to.
    """

    at: Exact | Diverges | None
    kl: Quantity
    mean_u: Quantity
    mean_v: Quantity
    mean_x: Quantity
    means: Literal["ball", "monte-carlo"] = "ball"
    attained: bool | None = True
    because: str = ""
    kl_cap: Decimal | None = None
    beta: Decimal | None = None

    @property
    def place(self) -> str | None:
        """The parameter as text: a decimal, or a fraction or formula where it is none."""
        if self.at is None:
            return None
        return decimal_text(fmpq(self.at)) if isinstance(self.at, int | fmpq) else str(self.at)

    @property
    def quantities(self) -> dict[str, Quantity]:
        """The four numbers by name."""
        return {name: getattr(self, name) for name in QUANTITIES}

    @property
    def known(self) -> bool:
        """Whether there is any number here beside the parameter."""
        return any(value is not None for value in self.quantities.values())

    @property
    def has_mean(self) -> bool:
        """Whether one of the three means is known."""
        return any(value is not None for value in (self.mean_u, self.mean_v, self.mean_x))

    def to_dict(self, parameter: str) -> dict[str, Any]:
        """The point as JSON: decimal strings, rounded outward.

        A sampled number is its 95 % interval, beside ``standard_error``.
        """
        answer: dict[str, Any] = {parameter: self.place}
        for name in ASKED:
            asked = getattr(self, name)
            if asked is not None:
                answer[name] = plain(asked)
        answer |= {name: written(value) for name, value in self.quantities.items()}
        errors = {
            name: value.standard_error
            for name, value in self.quantities.items()
            if isinstance(value, Estimate)
        }
        if errors:
            answer["standard_error"] = errors
        means = self.means if self.known else None
        return answer | {"means": means, "attained": self.attained, "because": self.because}


@dataclass(frozen=True)
class Limit:
    """Where the utility goes as the optimiser is pushed to its end.

    Attributes
    ----------
    mean_v : arb, Diverges or None
        The limit of ``E V``; None where there is none, or it is not known.
    because : str
        The reason, in one sentence.
    along : str
        Which policies it is the limit of, where it is not that of all optimal ones.
    determined : bool
        False: ``E V`` is left open, for policies that are as good as each other differ in it.
    exists : bool
        False: it is proved that there is no limit.
    """

    mean_v: Number | None
    because: str
    along: str = ""
    determined: bool = True
    exists: bool = True

    @property
    def text(self) -> str:
        """The limit, or that there is none, or that it is not determined or not known."""
        if not self.exists:
            return "none"
        unknown = "not known" if self.determined else "not determined"
        return limit_text(self.mean_v) or unknown

    def to_dict(self) -> dict[str, Any]:
        """The limit as JSON: correctly rounded to the digits shown, "oo", "-oo" or null."""
        return {
            "mean_v": limit_text(self.mean_v),
            "because": self.because,
            "along": self.along or None,
            "determined": self.determined,
            "exists": self.exists,
        }


@dataclass(frozen=True)
class UtilityCurve:
    """The curve of an optimiser.

    Attributes
    ----------
    optimizer : str
        ``tilt``, ``condition`` or ``best-of-n``.
    error, utility : str
        The laws of X and of V, as text.
    points : tuple of UtilityPoint
        In the order they were asked for.
    limit : Limit
        Where ``E V`` goes.
    dependence : str
        How X and V depend on each other, as text.
    """

    optimizer: Optimizer
    error: str
    utility: str
    points: tuple[UtilityPoint, ...]
    limit: Limit
    dependence: str = field(default="independent")

    @property
    def answered(self) -> bool:
        """Whether something is settled: a point, or the limit.

        Of a point a mean, or that it has none or no optimum; of the limit also that there is none.
        """
        points = any(point.has_mean or point.attained is False for point in self.points)
        return points or self.limit.mean_v is not None or not self.limit.exists

    @property
    def strays(self) -> bool:
        """Whether the points of a selection do not show the limit that ``E V`` has.

        The last ``E V`` is farther from the limit than the first; or farther than the one before
        it, and not much nearer than the first. Only what is certified is compared.

        A first E V that cannot be told from the limit, as that of n = 1 where a large U says
        nothing of V, is no start: half of the farthest is, so that a curve that has all but come
        back shows its limit.
        """
        if self.optimizer == "tilt" or self.limit.mean_v is None:
            return False
        ordered = sorted(
            (point for point in self.points if isinstance(point.at, int | fmpq)),
            key=lambda point: fmpq(point.at),  # type: ignore[arg-type]
        )
        means = [point.mean_v for point in ordered if isinstance(point.mean_v, arb)]
        if len(means) < 2:
            return False
        if isinstance(self.limit.mean_v, Diverges):
            ways = [-self.limit.mean_v.sign * mean for mean in means]
            return bool(ways[-1] > ways[0]) or bool(ways[-1] > ways[-2])
        ways = [abs(mean - self.limit.mean_v) for mean in means]
        start = ways[0] if ways[0] > 0 else max(ways, key=lambda way: float(way.mid())) / 2
        leaving = bool(ways[-1] > ways[-2]) and bool(2 * ways[-1] > start)
        return leaving or bool(ways[-1] > start)

    def to_dict(self) -> dict[str, Any]:
        """The answer of ``goodhart utility``."""
        parameter = PARAMETERS[self.optimizer]
        return {
            "optimizer": self.optimizer,
            "error": self.error,
            "utility": self.utility,
            "dependence": self.dependence,
            "points": [point.to_dict(parameter) for point in self.points],
            "limit": self.limit.to_dict(),
        }

    def rows(self) -> Iterator[list[Any]]:
        """The points as rows of a table, the names of its columns first."""
        ends = [f"{name}_{end}" for name in QUANTITIES for end in ("low", "high")]
        yield [PARAMETERS[self.optimizer], *ASKED, *ends, "attained", "means", "because"]
        for point in self.points:
            asked = (getattr(point, name) for name in ASKED)
            row: list[Any] = [point.place or "", *("" if x is None else plain(x) for x in asked)]
            for value in point.quantities.values():
                text = written(value)
                row += text if isinstance(text, list) else [text or ""] * 2
            yield [*row, point.attained, point.means if point.known else "", point.because]


def selected(at: Exact, numbers: Iterable[Number | None], because: str) -> UtilityPoint:
    """The point of a selection: conditioning or best-of-n.

    Parameters
    ----------
    at : exact number
        The t or the n.
    numbers : iterable of arb, Diverges or None
        The KL and the means of U, V and X, as :func:`check_writable` leaves them.
    because : str
        What they rest on; numbers that are not settled are added, with what is known of them.
    """
    known = [None if isinstance(x, arb) and not x.is_finite() else x for x in numbers]
    kl, mean_u, mean_v, mean_x = known
    point = UtilityPoint(at, kl, mean_u, mean_v, mean_x)
    named = dict(zip(LABELS.values(), known, strict=True))
    missing = [name for name, value in named.items() if value is None]
    if missing:
        because += f"; not settled: {', '.join(missing)}"
    for name, value in named.items():
        if isinstance(value, arb) and limit_text(value) is None:
            low, high = outward(value, END_DIGITS)
            because += f"; no digit of {name} is settled: it is between {low} and {high}"
    return replace(point, attained=True if point.has_mean else None, because=because)


def written(value: Quantity) -> list[str] | str | None:
    """A number as ``[lo, hi]``, "oo", "-oo", "undefined" or None.

    The ends enclose a ball, and are the 95 % interval of an estimate.

    Raises
    ------
    Undecided
        If a ball is too large, or too close to 0, to be written.
    """
    if isinstance(value, Estimate):
        margin = SPREAD * value.standard_error
        ends = (value.value - margin, value.value + margin)
        return [f"{end:.{SAMPLED_DIGITS}g}" for end in ends]
    if value is None or (isinstance(value, arb) and not value.is_finite()):
        return None
    return str(value) if isinstance(value, Diverges) else list(outward(value))


def check_writable(*values: Number) -> None:
    """Refuse numbers that no decimal text can hold.

    Raises
    ------
    Undecided
        If one is too large, or too close to 0, to be written.
    """
    for value in values:
        if not (isinstance(value, arb) and _is_moderate(value)):
            written(value)


def _is_moderate(value: arb) -> bool:
    """Whether all of a ball has a size that decimals hold: a quick look, so as not to write it."""
    return bool(abs(value) < LARGE) and bool(abs(value) > 1 / LARGE)


def limit_text(value: Number | None, digits: int = DIGITS) -> str | None:
    """A number correctly rounded to as many digits as its ball settles, at most ``digits``.

    None where the ball settles none.
    """
    if value is None or isinstance(value, Diverges):
        return None if value is None else str(value)
    if not value.is_finite():
        return None
    with working_precision(4 * digits + 64):
        # Outward to twice the digits, which each rounding below then shortens.
        low = round_decimal(value.lower(), 2 * digits, up=False)
        high = round_decimal(value.upper(), 2 * digits, up=True)
    for places in range(digits, 0, -1):
        nearest = Context(places, ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX)
        one, other = nearest.plus(low), nearest.plus(high)
        if one == other:
            return _shown(one)
    return None


def _shown(number: Decimal) -> str:
    """Decimal text that shows no digit before the point but the settled ones."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return str(number).lower().replace("e+", "e")
    return plain(number)
