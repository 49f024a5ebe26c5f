"""A limit on the work of one question: counted, so that no answer depends on the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from flint import ctx

from verify.enclosure import Undecided

#: Bits of which an evaluation costs one unit: with fewer the interpreter takes most of the time.
UNIT_BITS = 1024


class OutOfWork(Undecided):
    """The limit is reached: more bits would only cost more."""


@dataclass
class _Meter:
    left: float


_METER: ContextVar[_Meter | None] = ContextVar("work of a question", default=None)


@contextmanager
def limited_work(units: int) -> Iterator[None]:
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


def affordable(evaluations: int, bits: int) -> int:
    """So many evaluations, or fewer where the limit allows only those."""
    meter = _METER.get()
    return evaluations if meter is None else min(evaluations, int(meter.left / _price(bits)) + 1)


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
