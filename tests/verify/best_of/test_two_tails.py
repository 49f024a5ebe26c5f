"""Best-of-n of two power tails on lattices, against sums over atoms one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, product

import pytest
from flint import arb, fmpq

from tests.verify.best_of.lattice_pairs import CLOSE, numbers, pair_of
from verify.best_of.lattices.atom_blocks import AtomBlock
from verify.best_of.lattices.far_sums import PowerSum, Term, facing, opposed
from verify.best_of.lattices.two_tails import TwoTails, two_tails
from verify.divergence import entropy_term
from verify.enclosure import Diverges
from verify.law import Law
from verify.laws import parse
from verify.limits import limit_of_utility

pytestmark = pytest.mark.usefixtures("best_of_bits")

#: Exponents that are whole, that are not, and that differ much; where the points begin.
SUMS = [("3", "3", "1", "1"), ("5/2", "21/10", "1/3", "1/2"), ("2", "15", "1/2", "1")]


def _fractions(*texts: str) -> list[fmpq]:
    return [fmpq(*(int(part) for part in text.split("/"))) for text in texts]


def _power(x: fmpq, power: fmpq) -> arb:
    return (arb(x).log() * -arb(power)).exp()


def _value(total: PowerSum, z: fmpq) -> arb:
    return total.series(arb(z), arb(1), 1)[0] + arb(0, total.error(arb(z)))


def _facing(texts: tuple[str, ...], count: int) -> tuple[PowerSum, fmpq, arb]:
    """An expansion, a point, and the sum itself there."""
    a, b, u, w = _fractions(*texts)
    z = u + w + count
    total = facing(a, b, u, w).to(arb(z), 70)
    assert total is not None
    terms = (_power(u + i, a) * _power(w + count - i, b) for i in range(count + 1))
    return total, z, sum(terms, arb(0))


# ---- sums far out -------------------------------------------------------------------------------


@pytest.mark.parametrize("texts", SUMS)
def test_a_sum_of_facing_powers_is_its_expansion(texts: tuple[str, ...]) -> None:
    for count in (24, 60):
        total, z, want = _facing(texts, count)
        found = _value(total, z)
        assert found.overlaps(want) and found.rad() < want * 2.0**-60


@pytest.mark.parametrize("texts", SUMS)
def test_a_sum_of_opposed_powers_is_its_expansion(texts: tuple[str, ...]) -> None:
    """The terms from M on lie between two integrals of ``x^-a (Z + x)^-b``: of x^(-a-b), less."""
    a, b, u, _ = _fractions(*texts)
    z, last = fmpq(30), 2000
    total = opposed(a, b, u).to(arb(z), 70)
    assert total is not None
    want = sum((_power(u + i, a) * _power(z + u + i, b) for i in range(last)), arb(0))
    rest = arb(0).union(_power(u + last - 1, a + b - 1) / arb(a + b - 1))
    found = _value(total, z)
    assert found.overlaps(want + rest) and found.rad() < want * 2.0**-60
    assert rest.rad() < want * 2.0**-20


def test_an_expansion_without_its_last_terms_is_seen() -> None:
    """With fewer terms and no bound it is off; the bound of fewer terms covers that."""
    total, z, want = _facing(SUMS[0], 24)
    ends = facing(*_fractions(*SUMS[0])).ends
    kept = tuple(term for term in total.terms if term.power < 8)
    few = replace(total, terms=kept, errors=())
    assert not _value(few, z).overlaps(want)
    bounds = tuple(Term(end.power + 5, end.errors[5]) for end in ends)
    assert _value(replace(few, errors=bounds), z).overlaps(want)


def test_without_its_logarithm_a_sum_of_whole_powers_is_off() -> None:
    total, z, want = _facing(SUMS[0], 24)
    assert total.logarithm.factor > 0
    wrong = replace(total, logarithm=Term(total.logarithm.power, arb(0)))
    assert not _value(wrong, z).overlaps(want)


@pytest.mark.parametrize("texts", SUMS)
def test_polynomials_and_sums_beyond_agree(texts: tuple[str, ...]) -> None:
    total, _, _ = _facing(texts, 24)
    z, half, y = arb(40), arb(6), arb(1) / 3
    at = z + half * y
    for series, direct in (
        (total.series(z, half, 60)(y), total.series(at, arb(1), 1)[0]),
        (total.above_series(z, half, 60)(y), total.above(at)),
        (total.above(z) - total.above(z + 1), total.series(z + 1, arb(1), 1)[0]),
    ):
        assert abs(series - direct) < abs(direct) * 2.0**-55
    low, high = arb(40), arb(50)
    assert total.size(low, high) > abs(total.series(arb(42), arb(1), 1)[0])
    assert total.above_size(low, high) > abs(total.above(arb(42)))


# ---- numbers ------------------------------------------------------------------------------------


def _atoms(law: Law) -> list[tuple[fmpq, arb]]:
    """The first atoms of a law, from its end on."""
    flips = isinstance(law.support[0], Diverges)
    atoms = islice((-law).atoms() if flips else law.atoms(), 40)
    return [(fmpq(-at if flips else at), mass) for at, mass in atoms]


def _sums(error: str, utility: str, n: int) -> tuple[arb, arb, arb]:
    """``E V``, ``E X`` and KL by the first atoms of each; no bound of the others."""
    masses: dict[fmpq, list[arb]] = {}
    for (x, p), (v, q) in product(_atoms(parse(error)), _atoms(parse(utility))):
        row = masses.setdefault(x + v, [arb(0)] * 3)
        for i, factor in enumerate((arb(1), arb(v), arb(x))):
            row[i] += p * q * factor
    above, found = arb(0), [arb(0)] * 3
    for _, (mass, of_v, of_x) in sorted(masses.items(), reverse=True):
        gain = (1 - above) ** n - (1 - above - mass).max(arb(0)) ** n
        above += mass
        cost = entropy_term(gain, mass) if gain > 2.0**-50 else arb(0)
        terms = gain * of_v / mass, gain * of_x / mass, cost
        found = [a + b for a, b in zip(found, terms, strict=True)]
    return found[0], found[1], found[2]


@pytest.mark.parametrize(
    ("error", "utility"),
    [
        ("zeta(14)", "zeta(13)"),
        ("zeta(14)", "-zeta(13)"),
        ("-zeta(13)", "-zeta(14)"),
        pytest.param("1/2*zeta(14) - 1", "-1/3*zeta(14)", marks=pytest.mark.heavy),
        ("-zeta(14)", "1/2*binomial(3, 1/3)"),
    ],
)
def test_sums_over_atoms_agree(error: str, utility: str) -> None:
    """Beyond 40 atoms there is ``40^-12/12``, times 40 in a mean: for n draws below ``n 2^-60``.

    Terms of the KL below ``2^-50`` are not made, some 3,000 of them.
    """
    for n in (2, 100):
        want = _sums(error, utility, n)
        for one, other in zip(numbers(error, utility, n), want, strict=True):
            assert abs(one - other) < n * 2.0**-38 and one.rad() < CLOSE


@pytest.mark.parametrize("utility", ["zeta(3)", "-zeta(3)"])
def test_cells_of_a_block_are_sums_of_products(utility: str) -> None:
    """On facing lattices all of them; on opposed ones with bounds of the rest."""
    pair = two_tails(parse("zeta(5/2)"), parse(utility))
    assert isinstance(pair, TwoTails)
    block = next(p for p in pair.line(None, None).pieces[::-1] if isinstance(p, AtomBlock))
    assert block.rank_missed < block.whole.above_end(arb(0)) * 2.0**-60
    far = pair.far(+1)
    first = pair._block(far, +1, 32)
    x, v = parse("zeta(5/2)"), parse("zeta(3)")
    for cell in (0, first.count - 1):
        y = arb(fmpq(2 * cell - first.count + 1, 2)) / first.half
        at = 32 + cell
        if pair.is_facing:
            terms = (x.mass_at(fmpq(k)) * v.mass_at(fmpq(at - k)) for k in range(1, at))
            rest = arb(0)
        else:
            terms = (x.mass_at(fmpq(at + j)) * v.mass_at(fmpq(j)) for j in range(1, 800))
            rest = arb(0).union(v.survival(fmpq(799)) * x.mass_at(fmpq(at + 800)))
        want = sum(terms, rest)
        assert first.nodes[0].mass(y).overlaps(want + arb(0, first.rank_missed))


def test_equal_laws_share_the_proxy() -> None:
    for n in (2, 10**9, 10**18):
        v, x, kl = numbers("zeta(3)", "zeta(3)", n)
        assert v.overlaps(x) and v.rad() < v * 1e-14
        assert kl < arb(n).log() - arb(n - 1) / n or n > 10**6


def test_names_shifts_scales_and_signs_go_along() -> None:
    v, x, kl = numbers("zeta(14)", "-zeta(13)", 10)
    swapped = numbers("-zeta(13)", "zeta(14)", 10)
    assert v.overlaps(swapped[1]) and x.overlaps(swapped[0]) and kl.overlaps(swapped[2])
    moved = numbers("2/3*zeta(14) + 1", "-2/3*zeta(13) - 5", 10)
    assert (v * 2 / 3 - 5).overlaps(moved[0])
    assert (x * 2 / 3 + 1).overlaps(moved[1]) and kl.overlaps(moved[2])


def test_of_two_tails_the_heavier_one_decides_far_out() -> None:
    """``E V`` comes back to where it began as X, with the heavier tail, decides alone."""
    limit = limit_of_utility(parse("zeta(3)"), parse("zeta(6)"), "best-of-n").mean_v
    assert isinstance(limit, arb)
    near, far = (numbers("zeta(3)", "zeta(6)", 10**k)[0] - limit for k in (12, 18))
    # As the hazard rate of X falls, n^(-1/2): three digits for each six of n.
    assert 0.9e-3 < far / near < 1.1e-3


def test_next_to_a_whole_exponent_digits_are_lost_but_not_many() -> None:
    one, other = (pair_of(f"zeta({s})", "zeta(14)").at(100).mean_x for s in ("12", "12.000001"))
    assert isinstance(one, arb) and isinstance(other, arb)
    assert 0 < one - other < 1e-5 and other.rad() < 1e-12
