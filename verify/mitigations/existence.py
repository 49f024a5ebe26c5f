"""Which penalties have an optimum for a pair at all: what its tails say.

A KL penalty needs exponential moments of the proxy, one of order a > 1 the moment of order
``a/(a - 1)``. Where they are infinite the proxy's mean has no bound within any budget, so there is
no optimal policy to look at.
"""

from __future__ import annotations

from flint import fmpq

from verify.decimals import decimal_text
from verify.mitigations.model import Model
from verify.penalties.tail_moments import MomentIndex, moment_index


def why_no_tilt(model: Model) -> str:
    """Why no tilt of the proxy exists; empty where one does."""
    rate, because = model.largest_tilt
    if rate > 0:
        return ""
    if because.startswith("not known"):
        return because
    return f"no optimum, and no bound on E U at any KL divergence: {because}"


def why_no_power(model: Model, order: fmpq) -> str:
    """Why a divergence of order a > 1 has no optimum; empty where it has one."""
    power = order / (order - 1)
    needed = f"E U^{decimal_text(power)}"
    x, v = moment_index(model.error), moment_index(model.utility)
    if x.finite(power) and v.finite(power):
        return ""
    for name, tail, other in (("X", x, model.utility), ("V", v, model.error)):
        if tail.finite(power) is False and _leaves(model, other, power):
            return (
                f"no optimum, and no bound on E U within any budget: {needed} is infinite "
                f"({name}: {tail.because})"
            )
    return f"not known: whether {needed} is finite"


def why_no_errors(model: Model) -> str:
    """Why draws say nothing about means, or by how much they are off; empty where they do."""
    for name, law in (("X", model.error), ("V", model.utility)):
        for side in (-1, 1):
            tail = moment_index(law, side)
            if tail.finite(fmpq(2)) is not True:
                return (
                    f"not sampled: {name} has no variance that is known to be finite "
                    f"({tail.because}), so a standard error would mean nothing"
                )
    return ""


def _leaves(model: Model, other: object, power: fmpq) -> bool:
    """Whether an infinite moment of one part is one of the sum, whatever the other part is."""
    if model.is_independent:
        return True
    left: MomentIndex = moment_index(other, -1)  # type: ignore[arg-type]
    return left.finite(power) is True
