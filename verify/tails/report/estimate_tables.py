"""Tables of what the single estimators and tests say."""

from __future__ import annotations

from collections.abc import Iterator

from verify.tails.estimates import Estimates
from verify.tails.report.html import Table
from verify.tails.report.words import DASH, between, shown


def estimate_tables(found: Estimates) -> Iterator[Table]:
    """Estimators, thresholds, tests, moments, families; those that there are."""
    if found.estimates:
        rows = [
            (
                each.name,
                f"{each.k:,}",
                shown(each.shape.value, 3),
                between(each.shape.low, each.shape.high, 3),
                each.warning or "",
            )
            for each in found.estimates
        ]
        titles = ("extreme-value index by", "largest rewards", "estimate", "95 %", "")
        yield Table(titles, rows)
    if found.choices:
        chosen = [
            (each.method, f"{each.k:,}", shown(each.threshold), each.warning or "")
            for each in found.choices
        ]
        yield Table(("threshold chosen by", "rewards above", "threshold", ""), chosen)
    tests = list(_tests(found))
    if tests:
        yield Table(("test", "statistic", "p-value", "small means"), tests)
    if found.largest_shares:
        shares = [(str(power), f"{share:.2%}") for power, share in found.largest_shares]
        note = (
            "Of what the rewards exceed their median by. A share that stays far from 0 as rewards"
            " are added means that this moment is infinite (maximum-to-sum ratio)."
        )
        yield Table(("power p", "largest reward's share in the sum of p-th powers"), shares, note)
    if found.families is not None:
        best = found.families.fits[0].log_likelihood
        fits = [
            (each.family, shown(each.log_likelihood - best, 3), _parameters(each.parameters))
            for each in found.families.fits
        ]
        note = (
            f"Fitted to the {found.families.k:,} largest rewards, counted from the median, since"
            " these families have a zero point and rewards have none."
        )
        yield Table(("family of tails", "log-likelihood less the best", "parameters"), fits, note)


def _tests(found: Estimates) -> Iterator[tuple[str, str, str, str]]:
    test = found.exponential
    if test is not None:
        name = "exponential excesses, against generalised Pareto"
        yield name, shown(test.statistic), shown(test.p_value, 2), "not exponential"
        yield f"{name}, heavier", shown(test.signed_root), shown(test.p_heavier, 2), "heavier"
    fit = found.fit
    if fit is not None:
        for name, statistic, chance in (
            ("Anderson-Darling", fit.anderson_darling, fit.p_anderson_darling),
            ("Cramer-von Mises", fit.cramer_von_mises, fit.p_cramer_von_mises),
        ):
            yield name, shown(statistic), shown(chance, 2), "not generalised Pareto"


def _parameters(parameters: dict[str, float]) -> str:
    said = ", ".join(f"{name} {shown(value, 3)}" for name, value in parameters.items())
    return said or DASH
