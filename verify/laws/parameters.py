"""Parameters of catalogue laws: exact rationals with a stated domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar

from flint import fmpq

from verify.decimals import law_number
from verify.enclosure import exact
from verify.law import LawError

#: Shapes feed special functions, whose cost grows with the size of their parameters.
LARGEST_SHAPE = fmpq(10) ** 6
LARGEST_COUNT = 10**6


@dataclass(frozen=True)
class Domain:
    """The values that a parameter may take."""

    description: str
    contains: Callable[[fmpq], bool]


REAL = Domain("a number", lambda value: True)
POSITIVE = Domain("a positive number", lambda value: value > 0)
SHAPE = Domain(
    "a number from 1e-6 to 1e6", lambda value: 1 / LARGEST_SHAPE <= value <= LARGEST_SHAPE
)
SIGNED_SHAPE = Domain("a number from -1e6 to 1e6", lambda value: abs(value) <= LARGEST_SHAPE)
PROBABILITY = Domain("a number strictly between 0 and 1", lambda value: 0 < value < 1)
COUNT = Domain(
    f"a whole number from 1 to {LARGEST_COUNT}",
    lambda value: value.q == 1 and 1 <= value <= LARGEST_COUNT,
)


def parameter(domain: Domain, default: Any = MISSING) -> Any:
    """A dataclass field that holds an exact rational in ``domain``."""
    if default is MISSING:
        return field(metadata={"domain": domain})
    return field(default=default, metadata={"domain": domain})


@dataclass(frozen=True)
class Parametric:
    """Base of the laws whose parameters are all numbers: conversion, checks and text."""

    name: ClassVar[str]

    def __post_init__(self) -> None:
        for spec in fields(self):
            given = getattr(self, spec.name)
            domain: Domain = spec.metadata["domain"]
            try:
                value = exact(given)
            except ValueError:
                value = None
            if value is None or not domain.contains(value):
                raise LawError(
                    f"{self.name}: {spec.name} must be {domain.description}, got {given!s:.60}"
                )
            object.__setattr__(self, spec.name, value)

    def __str__(self) -> str:
        values = (f"{s.name}={law_number(getattr(self, s.name))}" for s in fields(self))
        return f"{self.name}({', '.join(values)})"
