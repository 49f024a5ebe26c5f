"""One row of the table: many samples of one law, decided about and counted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from verify.tails.calibration.cases import BY_TEXT
from verify.tails.calibration.samples import Form, draw
from verify.tails.decision import decide
from verify.tails.upper_tail import UpperTail

#: This share of each sample is kept: the estimate of the index looks at up to a fifth.
KEPT = 0.25


@dataclass(frozen=True)
class Row:
    """What was counted.

    Attributes
    ----------
    law, n, form : str, int, str
        What was drawn: see :mod:`verify.tails.calibration.cases` and ``samples``.
    samples : int
        How many.
    bounded, light, heavy, cannot_tell : int
        How often each verdict was given.
    power_law, subexponential : int
        How often a heavy verdict named that family.
    index_given, index_covered : int
        How often there was an interval for the extreme-value index, and it held the true one.
    index_width : float or None
        The median of its width.
    rate_given, rate_covered : int
        The same for the rate, which only light verdicts have.
    rate_ratio : float or None
        The median of its upper end over its lower one; None where there was none or it is infinite.
    """

    law: str
    n: int
    form: Form
    samples: int
    bounded: int
    light: int
    heavy: int
    cannot_tell: int
    power_law: int
    subexponential: int
    index_given: int
    index_covered: int
    index_width: float | None
    rate_given: int
    rate_covered: int
    rate_ratio: float | None

    @property
    def key(self) -> tuple[str, int, str]:
        """What tells it from other rows."""
        return self.law, self.n, self.form

    def error(self, hits: str, of: str = "samples") -> float:
        """The standard error of a share of one count in another, by their names.

        That of ``hits + 1`` in ``tries + 2``, which is never 0.
        """
        tries = int(getattr(self, of))
        share = (int(getattr(self, hits)) + 1) / (tries + 2)
        return math.sqrt(share * (1 - share) / max(tries, 1))


def measure(law: str, n: int, form: Form, samples: int) -> Row:
    """Draw and decide."""
    case = BY_TEXT[law]
    verdicts, scales = [], []
    for number in range(samples):
        rewards, scale = draw(case, n, form, number)
        verdicts.append(decide(UpperTail.of(rewards, int(KEPT * n))))
        scales.append(scale)
    kinds = [verdict.kind for verdict in verdicts]
    families = [verdict.family for verdict in verdicts]
    shapes = [verdict.shape for verdict in verdicts if math.isfinite(verdict.shape.value)]
    rates = [
        (verdict.rate, case.rate / scale)
        for verdict, scale in zip(verdicts, scales, strict=True)
        if verdict.rate is not None
    ]
    return Row(
        law,
        n,
        form,
        samples,
        kinds.count("bounded"),
        kinds.count("light"),
        kinds.count("heavy"),
        kinds.count("cannot tell"),
        families.count("power law"),
        families.count("subexponential"),
        len(shapes),
        sum(shape.low <= case.index <= shape.high for shape in shapes),
        _median([shape.high - shape.low for shape in shapes]),
        len(rates),
        sum(rate.low <= true <= rate.high for rate, true in rates),
        _median([rate.high / rate.low if rate.low > 0 else math.inf for rate, _ in rates]),
    )


def _median(values: list[Any]) -> float | None:
    """To four digits, where there is a finite one."""
    import statistics

    middle = statistics.median(values) if values else math.inf
    return float(f"{middle:.4g}") if math.isfinite(middle) else None
