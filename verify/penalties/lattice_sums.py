"""Certified expectations over atoms: finite lists, lattice laws with light tails, the zeta law."""

from __future__ import annotations

from flint import arb, fmpq

from verify.enclosure import Diverges, Undecided
from verify.law import Law
from verify.laws.zeta import Zeta
from verify.penalties.kernels import Kernel, Pair, PowerKernel
from verify.penalties.region import Region
from verify.penalties.tail_moments import power_mean_beyond
from verify.work import check_work, count_evaluation

#: Atoms that are summed before the sum is given up: of a finite list, and of an endless one.
MOST_ATOMS, MOST_ENDLESS = 200_000, 20_000
#: Atoms between two looks at how much is left.
STRIDE = 64
#: The zeta law: atoms summed one by one, in units of the cut; terms of the expansion beyond.
DIRECT, TERMS = 8, 80


def over_atoms(law: Law, region: Region, kernel: Kernel) -> Pair:
    """``E[g(z)]`` and ``E[z g(z)]`` over the atoms in a region with z > 0."""
    if isinstance(law, Zeta) and region.side > 0 and region.high is None:
        return _of_zeta(law, region, kernel)
    value, product = arb(0), arb(0)
    endless = isinstance(law.support[1], Diverges)
    most = MOST_ENDLESS if endless else MOST_ATOMS
    for count, (x, mass) in enumerate(law.atoms()):
        if count > most:
            raise Undecided(f"a sum over more than {most} atoms of {law}")
        z = region.distance(x)
        if (region.high is not None and x > region.high) or (region.side < 0 and z <= 0):
            break
        if z > 0 and (region.low is None or x > region.low):
            count_evaluation()
            check_work()
            term = mass * kernel.real(arb(z))
            value, product = value + term, product + z * term
        if endless and region.side > 0 and count % STRIDE == STRIDE - 1 and z > 0:
            rest = _beyond(law, region, kernel, x)
            if rest is not None and _negligible(rest, (value, product)):
                return value + rest[0], product + rest[1]
    return value, product if kernel.paired else arb.nan()


def _beyond(law: Law, region: Region, kernel: Kernel, x: fmpq) -> Pair | None:
    """Bounds for what is left beyond an atom, where there are any."""
    far = arb(region.distance(x))

    def power_mean(order: fmpq, start: arb) -> arb:
        return power_mean_beyond(law, order, region.cut, start, region.side)

    try:
        return kernel.beyond(far, law.survival(x), power_mean)
    except Undecided:
        return None


def _negligible(rest: Pair, so_far: Pair) -> bool:
    """Whether what is left is no more than the rounding errors of the sums."""
    from flint import ctx

    small = arb(2) ** -(ctx.prec + 2)
    pairs = zip(rest, so_far, strict=True)
    return all(left.is_nan() or left.abs_upper() <= small * abs(total) for left, total in pairs)


def _of_zeta(law: Zeta, region: Region, kernel: Kernel) -> Pair:
    """``sum (n - c)^r n^-s``: term by term, then by the expansion of ``(1 - c/n)^r``.

    ``sum_{n > N} n^(r - s) (1 - c/n)^r = sum_j binom(r, j) (-c)^j zeta(s - r + j, N + 1)``.
    """
    if not isinstance(kernel, PowerKernel):
        raise Undecided(f"a sum over {law} of a function that is no power")
    cut = region.cut
    start = max(0, int(cut.floor()), 0 if region.low is None else int(region.low.floor()))
    last = max(start, DIRECT * (int(abs(cut).ceil()) + 4))
    if last - start > MOST_ENDLESS:
        raise Undecided(f"a sum over more than {MOST_ENDLESS} atoms of {law}")
    s, total = arb(law.s), arb(law.s).zeta()
    sums = [arb(0), arb(0)]
    for n in range(start + 1, last + 1):
        if n > cut:
            count_evaluation()
            check_work()
            term = arb(n) ** -s * kernel.real(n - arb(cut))
            sums[0] += term
            sums[1] += term * (n - cut)
    factor = arb(1) if kernel.factor is None else kernel.factor
    for order in range(2):
        sums[order] += factor * _rest_of_zeta(law.s, kernel.exponent + order, cut, last)
    return sums[0] / total, sums[1] / total


def _rest_of_zeta(s: fmpq, r: fmpq, cut: fmpq, last: int) -> arb:
    """``sum_{n > last} n^-s (n - c)^r``, for ``last >= 8 |c|``."""
    if not s - r > 1:
        raise Undecided(f"the sum of n^{r - s} diverges")
    total, coefficient = arb(0), arb(1)
    for j in range(TERMS):
        total += coefficient * arb(s - r + j).zeta(arb(last + 1))
        coefficient = coefficient * (arb(r) - j) / (j + 1) * -cut
    # From j = TERMS on, each term is at most |c|/last |r - j|/(j + 1) of the one before it.
    ratio = abs(arb(cut)) / last * (1 + abs(arb(r)) / TERMS).max(arb(1))
    rest = abs(coefficient) * arb(s - r + TERMS).zeta(arb(last + 1)) / (1 - ratio)
    return total + rest.union(-rest)
