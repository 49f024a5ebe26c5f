"""Copulas: how the ranks of two variables hang together, whatever their laws.

The names of this package are those of the text syntax: ``gaussian(rho=0.5)``,
``survival(clayton(theta=2))``. The first rank is the error's, the second the utility's.
"""

from __future__ import annotations

from collections.abc import Mapping

from verify.copulas.archimedean import Clayton as clayton  # noqa: N813
from verify.copulas.archimedean import Frank as frank  # noqa: N813
from verify.copulas.archimedean import Gumbel as gumbel  # noqa: N813
from verify.copulas.base import Copula
from verify.copulas.elliptical import Gaussian as gaussian  # noqa: N813
from verify.copulas.elliptical import Student as student_t  # noqa: N813
from verify.copulas.simple import Comonotone as comonotone  # noqa: N813
from verify.copulas.simple import Countermonotone as countermonotone  # noqa: N813
from verify.copulas.simple import Independent as independent  # noqa: N813
from verify.copulas.simple import negated, survival

#: The copulas with parameters, by the names that texts use.
CATALOGUE: Mapping[str, type[Copula]] = {
    kind.name: kind
    for kind in (
        independent,
        gaussian,
        student_t,
        clayton,
        gumbel,
        frank,
        comonotone,
        countermonotone,
    )
}

__all__ = [
    "CATALOGUE",
    "Copula",
    "clayton",
    "comonotone",
    "countermonotone",
    "frank",
    "gaussian",
    "gumbel",
    "independent",
    "negated",
    "parse_copula",
    "student_t",
    "survival",
]


def parse_copula(text: str) -> Copula:
    """Read a copula, ``gaussian(rho=0.5)`` say; see :mod:`verify.copulas.text`."""
    from verify.copulas.text import parse_copula as parse

    return parse(text)
