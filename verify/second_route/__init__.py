"""The second route: a certificate's numbers again, in mpmath, without ball arithmetic.

The first route is a law's closed forms in balls. Here the same numbers come from the density, by
the trapezoidal rule; from masses, by summing them; from a user's formula; or from the rows of a
file. What the two share is the text of the densities (:meth:`ContinuousLaw.log_density`) and of the
user's formula. Errors are estimates, not bounds: this route can refute the first one, and a number
of it proves nothing.
"""

from __future__ import annotations

from verify.second_route.comparison import (
    SecondRoute,
    disagreements,
    threshold_numbers,
    tilt_numbers,
)
from verify.second_route.numbers import Estimate

__all__ = ["Estimate", "SecondRoute", "disagreements", "threshold_numbers", "tilt_numbers"]
