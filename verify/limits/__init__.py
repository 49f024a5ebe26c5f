"""Where the true utility goes as an optimiser of the proxy is pushed to its end, and why.

:mod:`.optimizers` has the answer for two independent laws, optimiser by optimiser. What it is made
of, from the outside in: conditioning and best-of-n (:mod:`.threshold`), tails of V about as heavy
as those of X (:mod:`.balance`), the logarithms of tails term by term (:mod:`.asymptote`,
:mod:`.growth`), lattices (:mod:`.lattices`, :mod:`.lattice_phases`), and the numbers
(:mod:`.numbers`).
"""

from verify.limits.optimizers import limit_of_utility, limit_without_tilts

__all__ = ["limit_of_utility", "limit_without_tilts"]
