"""A limit on the work of one question: counted, so that no answer depends on the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from flint import acb, ctx

from verify.enclosure import Undecided

#: Bits of which an evaluation costs one unit: with fewer the interpreter takes most of the time.
UNIT_BITS = 512
#: Evaluations for one answer: some twenty seconds.
ONE_ANSWER = 1_000_000

#: A function for ``acb.integral``.
Integrand = Callable[[acb, bool], acb]


class OutOfWork(Undecided):
    """The limit is reached: more bits would only cost more."""


@dataclass
class _Meter:
    left: float


_METER: ContextVar[_Meter | None] = ContextVar("work of a question", default=None)


@contextmanager
def limited_work(units: int = ONE_ANSWER) -> Iterator[None]:
    """Within it about so many evaluations of integrands and terms of sums are made.

    Raises
    ------
    OutOfWork
        From the integral or the sum that reaches the limit.
    """
    before = _METER.set(_Meter(units))
    try:
        yield
    finally:
        _METER.reset(before)


def count_evaluation() -> None:
    """One more evaluation at the working precision."""
    meter = _METER.get()
    if meter is not None:
        meter.left -= _price(ctx.prec)


def metered(integrand: Integrand) -> Integrand:
    """The integrand, with its evaluations counted where there is a limit."""
    if _METER.get() is None:
        return integrand

    def counted(z: acb, analytic: bool) -> acb:
        count_evaluation()
        return integrand(z, analytic)

    return counted


def affordable(evaluations: int, bits: int) -> int:
    """So many evaluations, or fewer where the limit allows only those."""
    meter = _METER.get()
    if meter is None:
        return evaluations
    return min(evaluations, 1 + int(max(meter.left, 0.0) / _price(bits)))  # 0 would be no limit


def check_work() -> None:
    """Whether there is work left; not to be asked within an integrand, from which nothing raises.

    Raises
    ------
    OutOfWork
        If not.
    """
    meter = _METER.get()
    if meter is not None and meter.left <= 0:
        raise OutOfWork("it takes more evaluations of integrands than one answer is allowed")


def _price(bits: int) -> float:
    return max(1.0, bits / UNIT_BITS)
