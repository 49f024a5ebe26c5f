"""Where ``E V`` goes as ``U = X + V`` is optimised, for X and V that depend on each other."""

from __future__ import annotations

from flint import arb

from verify.copulas import clayton, gaussian, independent
from verify.enclosure import Diverges, Undecided
from verify.joint.laws import CopulaLaw
from verify.joint.rate import LEAST_TILT, has_mgf, is_heavy, why_no_mgf
from verify.laws.gaussian import normal_parameters
from verify.limits import limit_of_utility, limit_without_tilts
from verify.limits.numbers import settled
from verify.reweighted import reweight
from verify.utility_curve import Limit, Optimizer
from verify.weight import BestOfN

#: The largest best-of-n whose mean is worked out for a limit.
MOST_DRAWS = 100


def limit_under(joint: CopulaLaw, optimizer: Optimizer) -> Limit:
    """Where ``E V`` goes, as far as it is worked out.

    For independent laws; where X, V and the copula are normal, so that ``E V`` is a line in ``E U``
    for every optimiser, with the sign of ``Cov(U, V)``; and, under conditioning and best-of-n, for
    long-tailed X and Clayton's copulas of a whole theta.
    """
    if isinstance(joint.copula, independent):
        return limit_of_utility(joint.error, joint.utility, optimizer)
    if optimizer == "tilt" and has_mgf(joint, LEAST_TILT) is not True:
        because = why_no_mgf(joint, LEAST_TILT)
        if is_heavy(joint):
            return limit_without_tilts(joint.error, joint.utility, because)
        return Limit(None, because)
    if optimizer != "tilt" and isinstance(joint.copula, clayton) and joint.copula.theta.q == 1:
        found = _under_clayton(joint, int(joint.copula.theta))
        if found is not None:
            return found
    error, utility = normal_parameters(joint.error), normal_parameters(joint.utility)
    if error is None or utility is None or not isinstance(joint.copula, gaussian):
        return Limit(None, _why_not_known(optimizer))
    covariance = utility[1] ** 2 + joint.copula.rho * error[1] * utility[1]
    line = "X and V are jointly normal, so E V - E V_0 = (E U - E U_0) Cov(U, V)/Var U"
    if covariance == 0:
        return Limit(arb(utility[0]), f"{line}, and Cov(U, V) = 0: E V stays as it is")
    sign, word = (1, "above") if covariance > 0 else (-1, "below")
    because = f"{line}, and Cov(U, V) is {word} 0"
    return Limit(Diverges(sign, because), because)


def _under_clayton(joint: CopulaLaw, theta: int) -> Limit | None:
    """For X in L(0) with a density, and V right-light (claim ``dependence.sweep.top``).

    Given that X is at its top, V has the density ``c(1, F(v)) = (1 + theta) F(v)^theta`` against
    its own law: that of the best of ``theta + 1`` draws. Best-of-n averages the curve, whatever
    joins X and V.
    """
    light = joint.utility.mgf_abscissa not in (0, None)
    if joint.error.decay_rate != 0 or not light or theta > MOST_DRAWS:
        return None
    best = reweight(joint.utility, BestOfN(theta + 1))
    try:
        if not isinstance(joint.utility.mean(), arb):
            return None
        mean = settled(best.mean, f"the mean of the best of {theta + 1} draws of V")
    except Undecided as why:
        return Limit(None, f"not known: {why}")
    because = (
        "X is long-tailed, so it is X that is at its top; there Clayton's density is "
        f"(1 + theta) F(v)^theta, and V is the best of {theta + 1} draws"
    )
    return Limit(mean, because)


def _why_not_known(optimizer: Optimizer) -> str:
    if optimizer == "tilt":
        return "not known for this pair and this copula"
    return "worked out for jointly normal pairs, and for Clayton's copulas and heavy errors, only"
