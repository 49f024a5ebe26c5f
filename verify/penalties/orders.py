"""Best means under power and Renyi divergences of any order, chi-square, Hellinger, reverse KL.

With ``a' = a/(a - 1)`` and ``R`` the largest ``E w^a`` that the budget allows:

* order a > 1, for any cut c: ``E_P X <= c + R^(1/a) (E (X - c)_+^a')^(1/a')`` (Hoelder), with
  equality for ``w ~ (X - c)_+^(1/(a - 1))`` where that spends R;
* order 0 < a < 1, R now the least, for any pole c above all rewards:
  ``E_P X <= c - R^(1/a) (E (c - X)^a')^(1/a')`` (Hoelder again, a' < 0), with equality for
  ``w ~ (c - X)^-(1/(1 - a))``;
* reverse KL (a = 0): ``E_P X <= c - exp(E log(c - X) - e)`` (Jensen), ``w ~ 1/(c - X)``.

These are the dual bounds of section 9 after the best l for the cut. One evaluation at a cut gives
both values, and the same cut is best for both.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from verify.divergence import Power, Renyi
from verify.enclosure import Undecided, ball
from verify.law import Law
from verify.penalties.expectation import expect
from verify.penalties.kernels import LogKernel, PowerKernel
from verify.penalties.primal import Dual, Primal, Scale, with_top
from verify.penalties.search import Spending
from verify.penalties.shapes import AboveCut, BelowPole

#: How near to the top a pole is looked for, as ``log`` of its distance in units of the law.
NEAREST_POLE = 60


@dataclass(frozen=True)
class OrderProblem:
    """A law, a divergence with an order, and a budget.

    Attributes
    ----------
    law : Law
        Q.
    divergence : Power or Renyi
        Of an order other than 1.
    budget : fmpq
        e > 0.
    scale : Scale
        Where the law lies.
    """

    law: Law
    divergence: Power | Renyi
    budget: fmpq
    scale: Scale

    @property
    def order(self) -> fmpq:
        """a."""
        return self.divergence.order

    def moment(self) -> arb:
        """R: the ``E w^a`` that spends the budget."""
        return self.divergence.moment_at(ball(self.budget))

    # ---- order above 1 ----------------------------------------------------------------------

    def above(self) -> tuple[Primal, Dual]:
        """The best cut, on both sides."""

        def share(y: arb) -> arb:
            cut = self.scale.below(y)
            first, second = self._moments_above(cut)
            return self._log_spent(first, second) / self.moment().log()

        found = Spending(share).spend()
        if not found.reached:
            raise Undecided("no cut was found that spends the budget")
        cut = self.scale.below(found.y)
        first, second = self._moments_above(cut)
        primal = Primal(
            AboveCut(self.order, cut),
            mean=cut + second / first,
            spent=self._log_spent(first, second) / self.moment().log(),
        )
        a = arb(self.order)
        bound = cut + self.moment() ** (1 / a) * second ** ((a - 1) / a)
        # lX - m is proportional to X - c up to a constant: l = k/(a - 1), k^a' = R/E (X - c)^a'.
        k = (self.moment() / second) ** ((a - 1) / a)
        return primal, self._dual(bound, k / (a - 1), (1 + k * cut) / (a - 1))

    def _moments_above(self, cut: fmpq) -> tuple[arb, arb]:
        """``E (X - c)_+^b`` and ``E (X - c)_+^(b + 1)``, with ``b = 1/(a - 1)``."""
        return expect(self.law, cut, +1, PowerKernel(1 / (self.order - 1)))

    def _log_spent(self, first: arb, second: arb) -> arb:
        """``log E w^a`` of the w in proportion to the kernel: its two moments are all it takes."""
        return second.log() - self.order * first.log()

    # ---- order below 1 ----------------------------------------------------------------------

    def below(self) -> tuple[Primal, Dual]:
        """The best pole, on both sides; a share goes to the very top where none spends enough."""

        def share(y: arb) -> arb:
            return self._share_spent(self._moments_below(self.scale.above(y)))

        found = Spending(share).spend(farthest=NEAREST_POLE, onwards=self.scale.is_endless)
        pole = self.scale.above(found.y)
        moments = self._moments_below(pole)
        primal = Primal(
            BelowPole(self.order, pole),
            mean=pole - moments[1] / moments[0],
            spent=self._share_spent(moments),
        )
        if not found.reached:
            primal = with_top(primal, self._spare_mass(moments), self.law, self.scale)
        return primal, self._bound_below(pole, moments)

    def _moments_below(self, pole: fmpq) -> tuple[arb, arb, arb]:
        """``E z^-beta``, ``E z^(1 - beta)`` and, for a = 0, ``E log z``; ``z = c - X``."""
        first, second = expect(self.law, pole, -1, PowerKernel(-1 / (1 - self.order)))
        if self.order > 0:
            return first, second, arb(0)
        return first, second, expect(self.law, pole, -1, LogKernel())[0]

    def _spent_below(self, moments: tuple[arb, arb, arb]) -> arb:
        """``-log E w^a``, or the reverse KL divergence, of the w in proportion to the kernel."""
        first, second, log = moments
        if self.order == 0:
            return first.log() + log
        return self.order * first.log() - second.log()

    def _allowed_below(self) -> arb:
        """The largest value of :meth:`_spent_below` within the budget."""
        return ball(self.budget) if self.order == 0 else -self.moment().log()

    def _share_spent(self, moments: tuple[arb, arb, arb]) -> arb:
        return self._spent_below(moments) / self._allowed_below()

    def _spare_mass(self, moments: tuple[arb, arb, arb]) -> arb:
        """The share of P that may be moved to the top: ``E (s w)^a = s^a E w^a`` spends the rest.

        What is added there only raises ``E w^a``, and lowers ``-E log w``.
        """
        spare = self._allowed_below() - self._spent_below(moments)
        return -(-spare if self.order == 0 else -spare / self.order).expm1()

    def _bound_below(self, pole: fmpq, moments: tuple[arb, arb, arb]) -> Dual:
        a, (_, second, log) = arb(self.order), moments
        if self.order == 0:
            distance = (log - self.budget).exp()
            # 1 - (l X - m) = (c - X) l with l = 1/distance.
            return self._dual(pole - distance, 1 / distance, pole / distance - 1)
        distance = self.moment() ** (1 / a) * second ** ((a - 1) / a)
        k = (self.moment() / second) ** ((a - 1) / a)
        return self._dual(pole - distance, k / (1 - a), (k * pole - 1) / (1 - a))

    def _dual(self, bound: arb, slope: arb, offset: arb) -> Dual:
        """The bound, with the l and m of the f-divergence that it comes from."""
        if isinstance(self.divergence, Renyi):
            return Dual(bound, slope, offset, linear=False)
        return Dual(bound, self.divergence.scale * slope, self.divergence.scale * offset)
