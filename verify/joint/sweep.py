"""Utility curves as the dependence between error and utility is swept from -1 to 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flint import fmpq

from verify.copulas.tau import copula_with_tau
from verify.enclosure import exact
from verify.joint.utility import joint_utility
from verify.law import Law
from verify.utility_curve import Optimizer, UtilityCurve


def sweep(
    error: Law | str,
    utility: Law | str,
    family: str,
    taus: Iterable[Any],
    optimizer: Optimizer = "tilt",
    **asked: Any,
) -> list[tuple[fmpq, UtilityCurve]]:
    """One curve for each strength of dependence.

    Parameters
    ----------
    error, utility : Law or str
        The laws of X and V.
    family : str
        A family of copulas; see :func:`verify.copulas.tau.copula_with_tau`.
    taus : iterable of numbers or decimal texts
        Kendall's tau of the copulas, from -1 to 1. At the ends X is a function of V, and all is
        sampled.
    optimizer : str
        As in :func:`verify.joint.utility.joint_utility`.
    **asked
        Where the curves are asked for, and how they are sampled, likewise.

    Raises
    ------
    InputError
        For a family or a tau that is none.
    """
    strengths = [exact(tau) for tau in taus]
    return [
        (tau, joint_utility(error, utility, copula_with_tau(family, tau), optimizer, **asked))
        for tau in strengths
    ]
