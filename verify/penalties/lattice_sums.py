"""Certified expectations over atoms: finite lists, lattice laws with light tails, the zeta law."""

from __future__ import annotations

from flint import arb, arb_series, fmpq

from verify.enclosure import Diverges, Undecided
from verify.law import Law
from verify.laws.zeta import Zeta
from verify.penalties.kernels import Kernel, LogKernel, Pair, PowerKernel
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
    upwards = region.side > 0 and region.high is None
    if isinstance(law, Zeta) and isinstance(kernel, PowerKernel | LogKernel) and upwards:
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


def _of_zeta(law: Zeta, region: Region, kernel: PowerKernel | LogKernel) -> Pair:
    """``sum n^-s g(n - c)``: term by term, then by an expansion of g in ``c/n``.

    Every other kernel falls so fast that no expansion is needed.
    """
    cut = region.cut
    start = max(0, int(cut.floor()), 0 if region.low is None else int(region.low.floor()))
    last = max(start, DIRECT * (int(abs(cut).ceil()) + 4))
    if last - start > MOST_ENDLESS:
        raise Undecided(f"a sum over more than {MOST_ENDLESS} atoms of {law}")
    value, product, total = arb(0), arb(0), arb(law.s).zeta()
    for n in range(start + 1, last + 1):
        if n > cut:
            count_evaluation()
            check_work()
            term = arb(n) ** -law.s * kernel.real(n - arb(cut))
            value, product = value + term, product + term * (n - cut)
    if isinstance(kernel, LogKernel):
        return (value + _logs_beyond(law.s, kernel.size, cut, last)) / total, arb.nan()
    factor = arb(1) if kernel.factor is None else kernel.factor
    value += factor * _powers_beyond(law.s, kernel.exponent, cut, last)
    product += factor * _powers_beyond(law.s, kernel.exponent + 1, cut, last)
    return value / total, product / total


def _powers_beyond(s: fmpq, r: fmpq, cut: fmpq, last: int) -> arb:
    """``sum_{n > last} n^-s (n - c)^r``, for ``last >= 8 |c|``.

    It is ``sum_j binom(r, j) (-c)^j zeta(s - r + j, last + 1)``.
    """
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


def _logs_beyond(s: fmpq, size: fmpq, cut: fmpq, last: int) -> arb:
    """``sum_{n > last} n^-s log(size (n - c))``, for ``last >= 8 |c|``.

    ``log(n - c) = log n - sum_j (c/n)^j/j``, and ``sum n^-s log n`` is minus zeta's derivative.
    """
    begin = arb(last + 1)
    series = arb_series([arb(s), 1], 2).zeta(begin)
    total = arb(size).log() * series[0] - series[1]
    power = arb(1)
    for j in range(1, TERMS):
        power = power * cut
        total -= power / j * arb(s + j).zeta(begin)
    # Each term that is left is at most |c|/last of the one before it.
    rest = abs(power * cut) / TERMS * arb(s + TERMS).zeta(begin) / (1 - abs(arb(cut)) / last)
    return total + rest.union(-rest)
