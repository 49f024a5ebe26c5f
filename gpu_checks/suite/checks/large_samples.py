"""Best-of-n of very many draws on the device, against the certified value."""

from __future__ import annotations

from flint import arb

from gpu_checks.finding import LEVEL, Finding, agrees
from gpu_checks.kernels.best_of_draws import best_of_draws
from gpu_checks.suite.workshop import Workshop
from verify.best_of import best_of
from verify.laws import parse

#: The error is heavy, then light; the utility is normal.
ERRORS = ("student_t(df=3)", "laplace()")
SIZES = (10, 1000)


def findings(shop: Workshop) -> list[Finding]:
    """E V under the best of n: drawn, and enclosed."""
    from scipy.stats import norm

    spread = float(norm.isf((1 - LEVEL) / 2))
    utility = parse("normal()")
    found = []
    for text in ERRORS:
        error = parse(text)
        exact = best_of(error, utility)
        drawn = best_of_draws(error, utility, SIZES, shop.size.draws, shop.seed, shop.policy.device)
        for each in drawn:
            mean = exact.at(each.n).mean_v
            assert isinstance(mean, arb)
            margin = spread * each.utility.standard_error
            found.append(
                agrees(
                    f"best of {each.n:,}, error {text}, {shop.size.draws:,} draws: E V",
                    float(mean.mid()),
                    0.0,  # E V of the base: nothing gained
                    each.utility.value,
                    each.utility.value - margin,
                    each.utility.value + margin,
                    "95 %",
                )
            )
    return found
