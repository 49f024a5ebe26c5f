"""Where ``E V`` goes as ``U = X + V`` is optimised, for X and V that depend on each other."""

from __future__ import annotations

from flint import arb

from verify.copulas import gaussian, independent
from verify.enclosure import Diverges
from verify.joint.laws import CopulaLaw
from verify.joint.rate import LEAST_TILT, has_mgf, is_heavy, why_no_mgf
from verify.laws.gaussian import normal_parameters
from verify.limits import limit_of_utility, limit_without_tilts
from verify.utility_curve import Limit, Optimizer


def limit_under(joint: CopulaLaw, optimizer: Optimizer) -> Limit:
    """Where ``E V`` goes; known for independent laws, and where X, V and the copula are normal.

    In the second case ``E V`` is a line in ``E U`` for every optimiser, with the sign of ``Cov(U,
    V)``.
    """
    if isinstance(joint.copula, independent):
        return limit_of_utility(joint.error, joint.utility, optimizer)
    if optimizer == "tilt" and has_mgf(joint, LEAST_TILT) is not True:
        because = why_no_mgf(joint, LEAST_TILT)
        if is_heavy(joint):
            return limit_without_tilts(joint.error, joint.utility, because)
        return Limit(None, because)
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


def _why_not_known(optimizer: Optimizer) -> str:
    if optimizer == "tilt":
        return "not known for this pair and this copula"
    return "limits are worked out for tilts and for jointly normal pairs only so far"
