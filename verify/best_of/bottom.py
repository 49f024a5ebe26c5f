"""What lies left of all pieces of U, where a law without a mean decides alone."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb


@dataclass(frozen=True)
class Bottom:
    """What lies left of the pieces, where V and X have there about the same means for any weight.

    Attributes
    ----------
    mass : arb
        ``F = Pr(U <= T)``.
    means : tuple of arb
        Those of V and X; NaN where it is not so.
    spread, lost : tuple of arb
        For V and X: by how much ``E[V w]`` may differ from ``F^n E V``, for each unit of
        ``(2n - 1) F^n``, and beside for each of ``2 n F^(n-1)``.
    """

    mass: arb
    means: tuple[arb, arb]
    spread: tuple[arb, arb]
    lost: tuple[arb, arb]

    def part(self, n: int) -> list[arb]:
        """Its mass under the best of n, and its parts of ``E V`` and ``E X``."""
        gain, weight = self.mass**n, n * self.mass ** (n - 1)
        errors = [
            (2 * n * gain * spread + 2 * weight * lost).upper()
            for spread, lost in zip(self.spread, self.lost, strict=True)
        ]
        parts = [
            gain * mean + arb(0, error) if error.is_finite() else arb.nan()
            for mean, error in zip(self.means, errors, strict=True)
        ]
        return [gain, *parts]
