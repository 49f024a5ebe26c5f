"""Choices of the threshold above which rewards are called the tail, made by the data.

Each takes an :class:`~verify.tails.upper_tail.UpperTail` and returns a
:class:`~verify.tails.thresholds.choice.Choice`. Bader's test is on excesses. The others are made
for Hill's estimator; they take the least reward kept as their zero point, so that a shift of the
rewards changes no choice, and with ``base=0`` take the rewards as they are, with a warning.

The interval of :mod:`verify.tails.index_interval` uses none of them: after a choice by the data the
usual standard errors are too small.
"""

from verify.tails.thresholds.choice import Choice
from verify.tails.thresholds.double_bootstrap import danielsson
from verify.tails.thresholds.kolmogorov_smirnov import clauset
from verify.tails.thresholds.least_error import minimal_amse
from verify.tails.thresholds.sequential_tests import bader

__all__ = ["Choice", "bader", "clauset", "danielsson", "minimal_amse"]
