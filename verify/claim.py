"""Claims and their evidence: what is said, and what was run to support it.

A :class:`Claim` is data. It says one thing, names where it is printed, and carries evidence. Each
piece of evidence is one self-contained route to the claim: it goes through its cases, and all of
them must hold. Pieces of evidence are alternatives to each other, not parts of one argument; the
parts of an argument are the steps of one :class:`verify.identity.Identity`, or claims of their own
that are cited through ``uses``.

How strong a piece of evidence is follows from its type (:data:`verify.ledger.STRENGTHS`) and
cannot be declared. This module knows the kinds that need no computer algebra:

* :class:`Exact`: rational arithmetic, case by case;
* :class:`Enclosed`: balls compared, case by case;
* :class:`Sampled`: random draws, with a tolerance derived from the number of draws.

Claims travel to other processes, so the functions in them are functions of a module, never lambdas.
"""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from flint import arb

from verify.enclosure import (
    FIRST_BITS,
    LAST_BITS,
    Diverges,
    Number,
    Undecided,
    ball_of_decimal,
    escalate,
    working_precision,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Outcome = Literal["holds", "fails", "unknown"]
#: How the claim relates to print: repeats it, repairs it, disproves it, or is our own.
Stance = Literal["as_printed", "corrected", "refutation", "ours"]
STANCES: tuple[Stance, ...] = ("as_printed", "corrected", "refutation", "ours")

_ID = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True)
class Finding:
    """What a piece of evidence found.

    Attributes
    ----------
    outcome : str
        ``unknown`` where the effort cap was reached, or the evidence cannot be run here.
    cases_tried, cases_met_hypotheses : int
        How many cases were looked at, and how many of them the claim speaks about.
    seconds : float
        Wall-clock time.
    detail : str
        The first case that failed, or was left undecided, and why; empty if all is well.
    """

    outcome: Outcome
    cases_tried: int
    cases_met_hypotheses: int
    seconds: float
    detail: str = ""


class NotMet(Exception):
    """Raised by a case that does not meet the hypotheses of the claim."""


class Case(NamedTuple):
    """One thing to check. ``check`` returns None if it holds, else the reason why it fails."""

    name: str
    check: Callable[[], str | None]


@dataclass(frozen=True)
class Evidence(ABC):
    """A route to a claim."""

    @abstractmethod
    def cases(self) -> Iterator[Case]:
        """The cases to go through, each once."""

    def run(self) -> Finding:
        """Go through the cases. One that fails decides; an error counts as a failure."""
        started = perf_counter()
        tried = met = 0
        undecided = failed = ""
        try:
            with working_precision(FIRST_BITS):
                for case in self.cases():
                    tried += 1
                    try:
                        reason = case.check()
                    except NotMet:
                        continue
                    except Undecided as cap:
                        reason, undecided = None, undecided or f"{case.name}: {cap}"
                    except Exception as error:
                        reason = f"{type(error).__name__}: {error}"
                    met += 1
                    if reason is not None:
                        failed = f"{case.name}: {reason}"
                        break
        except Undecided as cap:
            undecided = undecided or str(cap)
        except Exception as error:  # in the list of cases itself
            failed = f"{type(error).__name__}: {error}"
        if not failed and not undecided and met == 0:
            failed = f"none of the {tried} cases meets the hypotheses"
        outcome: Outcome = "fails" if failed else "unknown" if undecided else "holds"
        return Finding(outcome, tried, met, perf_counter() - started, failed or undecided)


@dataclass(frozen=True)
class Claim:
    """One thing that is said.

    Attributes
    ----------
    id : str
        Lower-case words joined by dots and hyphens, ``t1.erratum-a`` say. Dots are levels: ``t1``
        selects itself and every id that begins with ``t1.``.
    statement : str
        What is said, in full, in our own words.
    source : str
        The printed statement (``"Theorem 1"``), after a comma the part of it that is meant
        (``"Theorem 1, proof"``), or ``"ours"``.
    stance : str
        See :data:`Stance`.
    uses : tuple of str
        Ids of the claims that this one rests on.
    evidence : tuple of Evidence
        At least one.
    """

    id: str
    statement: str
    source: str
    stance: Stance
    uses: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"claim id {self.id!r}: expected lower-case words joined by . or -")
        if self.stance not in STANCES:
            raise ValueError(f"{self.id}: stance {self.stance!r}, expected one of {STANCES}")
        if (self.stance == "ours") != (self.source == "ours"):
            raise ValueError(f"{self.id}: source 'ours' and stance 'ours' go together")
        if not self.evidence:
            raise ValueError(f"{self.id}: a claim needs evidence")


@dataclass(frozen=True)
class OverCases(Evidence):
    """Evidence that asks one question of each case in a list."""

    check: Callable[..., Any]
    given: Sequence[Any]

    def cases(self) -> Iterator[Case]:
        for value in self.given:
            yield Case(str(value), partial(self._verdict, value))

    @abstractmethod
    def _verdict(self, value: Any) -> str | None:
        """None if the case holds, else the reason why it fails."""


# ---------------------------------------------------------------- exact arithmetic


@dataclass(frozen=True)
class Exact(OverCases):
    """Exact rational arithmetic over the cases given.

    Attributes
    ----------
    check : callable
        Takes a case; True or False, or None where the case does not meet the hypotheses. It works
        in ``int`` and ``fmpq`` only.
    given : sequence
        The cases.
    """

    check: Callable[[Any], bool | None]

    def _verdict(self, value: Any) -> str | None:
        answer = self.check(value)
        if answer is None:
            raise NotMet
        if not isinstance(answer, bool):
            raise TypeError(f"an exact check answers True, False or None, not {answer!r}")
        return None if answer else "does not hold"


# ---------------------------------------------------------------- balls


@dataclass(frozen=True)
class Comparison:
    """``smaller < larger``, strictly, for two numbers enclosed at the precision in force."""

    what: str
    smaller: Callable[[], Number]
    larger: Callable[[], Number]

    def failure(self) -> str | None:
        """None if the comparison holds, else both sides.

        Raises
        ------
        Undecided
            If the balls overlap at the highest precision, or are not finite.
        """
        last: tuple[Number, Number] = (arb(0), arb(0))

        def order() -> int:
            nonlocal last
            last = self.smaller(), self.larger()
            return compare(*last)

        less = escalate(order, bool, f"{self.what}: which side is smaller", FIRST_BITS, LAST_BITS)
        if less < 0:
            return None
        return f"{self.what}: {_show(last[0])} is not below {_show(last[1])}"


def compare(left: Number, right: Number) -> int:
    """-1 if ``left < right`` for certain, +1 if ``left >= right`` for certain, else 0."""
    if isinstance(left, Diverges) or isinstance(right, Diverges):
        signs = [x.sign if isinstance(x, Diverges) else 0 for x in (left, right)]
        undefined = any(isinstance(x, Diverges) and x.sign == 0 for x in (left, right))
        return 0 if undefined else (-1 if signs[0] < signs[1] else 1)
    if not (left.is_finite() and right.is_finite()):
        return 0
    return -1 if left < right else 1 if left >= right else 0


def below(what: str, smaller: Callable[[], Number], larger: Callable[[], Number]) -> Comparison:
    """``smaller < larger``."""
    return Comparison(what, smaller, larger)


def near(
    what: str, value: Callable[[], arb], target: Callable[[], arb], tolerance: Callable[[], arb]
) -> Comparison:
    """``|value - target| < tolerance``."""
    return Comparison(f"|{what}|", lambda: abs(value() - target()), tolerance)


def rounds_to(what: str, value: Callable[[], arb], printed: str) -> Comparison:
    """``value`` rounds to the decimal ``printed``: it is within half a unit of its last digit."""
    from decimal import Decimal

    number = Decimal(printed)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    half_unit = Decimal((0, (5,), exponent - 1))
    return near(
        f"{what} - {printed}",
        value,
        lambda: ball_of_decimal(number),
        lambda: ball_of_decimal(half_unit),
    )


def agrees(
    what: str, value: Callable[[], arb], other: Callable[[], Any], digits: int
) -> Comparison:
    """A ball agrees with an mpmath number to ``digits`` digits of the larger of it and 1.

    The tolerance belongs beside the call: ``digits`` stays below what mpmath carried.
    """
    computed: list[Any] = []

    def second() -> arb:
        if not computed:
            computed.append(other())
        return ball_of_mpf(computed[0])

    def tolerance() -> arb:
        size = abs(second())
        return (size if size > 1 else arb(1)) * arb(10) ** -digits

    return near(f"{what} by two routes", value, second, tolerance)


def ball_of_mpf(value: Any) -> arb:
    """The exact value of an mpmath number."""
    sign, mantissa, exponent, _ = value._mpf_
    if not mantissa and exponent:
        raise Undecided(f"mpmath gave {value}")
    size = arb(int(mantissa)) * arb(2) ** int(exponent)
    return -size if sign else size


def mpf_of_ball(value: arb) -> Any:
    """The midpoint of a ball as an mpmath number, rounded to mpmath's precision."""
    import mpmath

    mantissa, exponent = value.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def _show(value: Number) -> str:
    return str(value) if isinstance(value, Diverges) else str(value.str(20))


@dataclass(frozen=True)
class Enclosed(OverCases):
    """Comparisons of balls at the instances given; see :class:`Comparison`.

    Attributes
    ----------
    check : callable
        Takes a case; the comparisons that must hold there, or None where the case does not meet
        the hypotheses. None at all is a failure.
    given : sequence
        The cases.
    """

    check: Callable[[Any], Iterable[Comparison] | None]

    def _verdict(self, value: Any) -> str | None:
        comparisons = self.check(value)
        if comparisons is None:
            raise NotMet
        made = 0
        undecided: Undecided | None = None
        for comparison in comparisons:
            made += 1
            try:
                failure = comparison.failure()
            except Undecided as cap:
                undecided = undecided or cap
                continue
            if failure is not None:
                return failure
        if undecided is not None:
            raise undecided
        return None if made else "nothing was compared"


# ---------------------------------------------------------------- Monte Carlo

#: Probability that a true sampled case is called false.
FALSE_ALARM = 1e-9


@dataclass(frozen=True)
class Draws:
    """Independent draws of a bounded variable, and the mean that is claimed for it."""

    values: NDArray[np.float64]
    low: float
    high: float
    expected: float

    def tolerance(self) -> float:
        """By Hoeffding: the sample mean leaves this distance with probability FALSE_ALARM."""
        import math

        spread = math.sqrt(math.log(2 / FALSE_ALARM) / (2 * len(self.values)))
        return (self.high - self.low) * spread


@dataclass(frozen=True)
class Sampled(OverCases):
    """Monte Carlo at the cases given, with Hoeffding's tolerance.

    Attributes
    ----------
    check : callable
        Takes a case and a generator; the :class:`Draws`, or None where the case does not meet the
        hypotheses.
    given : sequence
        The cases.
    """

    check: Callable[[Any, np.random.Generator], Draws | None]

    def _verdict(self, value: Any) -> str | None:
        import numpy as np

        # Seeded by the case, so that a case draws the same whatever ran before it.
        seed = random.Random(str(value)).getrandbits(64)
        draws = self.check(value, np.random.default_rng(seed))
        if draws is None:
            raise NotMet
        values = draws.values
        if not len(values) or not np.all((values >= draws.low) & (values <= draws.high)):
            return f"draws outside [{draws.low:g}, {draws.high:g}]"
        mean, tolerance = float(values.mean()), draws.tolerance()
        if abs(mean - draws.expected) <= tolerance:
            return None
        return f"mean {mean:.8g}, expected {draws.expected:.8g} within {tolerance:.2g}"
