"""Best-of-n of a power tail on a lattice beside atoms, against sums over atoms one by one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from time import process_time

import pytest
from flint import acb, arb, fmpq

from tests.verify.balls import assert_close
from tests.verify.best_of.lattice_pairs import CLOSE, numbers, pair_of
from verify.best_of import best_of
from verify.best_of.lattices.atom_blocks import MOST_TURN, AtomBlock, AtomCells
from verify.best_of.lattices.atom_cells import AtomCell
from verify.best_of.lattices.atom_ranks import AtomLine, AtomRanks, Unsure
from verify.best_of.lattices.beside_atoms import LatticePair, lattice_pair
from verify.best_of.monte_carlo import monte_carlo_best_of
from verify.best_of.parts.density import take_apart
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump
from verify.divergence import entropy_term
from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.laws import parse, zeta
from verify.limits import limit_of_utility
from verify.utility_curve import Estimate

NO_SHIFTS = fmpq(0), fmpq(0)
NOTHING = Beyond(arb(0), arb(0), arb(0))
#: Two places between two atoms of the lattice.
TWO_PLACES = "1/2*binomial(3, 1/3)"

pytestmark = pytest.mark.usefixtures("best_of_bits")


@cache
def _parts(utility: str) -> tuple[LatticePair, AtomLine]:
    with working_precision(96):
        pair = lattice_pair(zeta(3), parse(utility))
        assert pair is not None
        return pair, pair.line(None, None)


def _blocks(utility: str) -> list[AtomBlock]:
    return [piece for piece in _parts(utility)[1].pieces if isinstance(piece, AtomBlock)]


def _ranks(utility: str, blocks: list[AtomBlock], end: int | None = None) -> AtomRanks:
    """The law of U in pieces, by some of the blocks; what lies from a cell on is beyond."""
    pair, line = _parts(utility)
    pieces = [*(piece for piece in line.pieces if isinstance(piece, Jump)), *blocks]
    if end is None:
        return replace(line, pieces=pieces).ranks(NO_SHIFTS)
    right, far_right = pair.beyond(end)
    few = replace(line, pieces=pieces, right=right, far_right=far_right)
    return replace(few, largest=pair.largest(end)).ranks(NO_SHIFTS)


def _sums(error: Law, utility: Law, n: int, last: int) -> tuple[arb, arb, arb]:
    """``E V``, ``E X`` and KL by the atoms of X up to one, and what the others may have."""
    masses: dict[fmpq, list[arb]] = {}
    for k in range(1, last + 1):
        p = error.mass_at(fmpq(k))
        for at, q in utility.atoms():
            v = fmpq(at)
            own = masses.setdefault(k + v, [arb(0)] * 3)
            for i, factor in enumerate((arb(1), arb(v), arb(k))):
                own[i] += p * q * factor
    rest, far = error.survival(fmpq(last)), error.upper_mean(fmpq(last))
    assert isinstance(far, arb)
    above, found = rest, [arb(0)] * 3
    for _, (mass, of_v, of_x) in sorted(masses.items(), reverse=True):
        # What the others have of the places before the last atom: at most all.
        rank = 1 - (above - arb(0).union(rest))
        before = rank - mass
        # Where both are next to each other, their powers lose digits.
        fall = (-mass / rank).log1p() if before > 0 else arb.neg_inf()
        gain = -(rank**n) * (n * fall).expm1()
        above += mass
        found[0] += gain * of_v / mass
        found[1] += gain * of_x / mass
        found[2] += entropy_term(gain, mass)
    largest = max(abs(float(v)) for v, _ in utility.atoms())
    bounds = n * rest * largest, n * far, n * rest * (arb(n).log() + 1)
    v, x, kl = (sum_ + arb(0, bound.upper()) for sum_, bound in zip(found, bounds, strict=True))
    return v, x, kl


# ---- cells ------------------------------------------------------------------------------------


@pytest.mark.parametrize("utility", [TWO_PLACES, "-1/3*poisson(2)", "2*poisson(2) - 3"])
def test_a_cell_holds_every_atom_once(utility: str) -> None:
    law = parse(utility)
    cell = AtomCell(take_apart(law), fmpq(1))
    seen = cell.window(arb(2) ** -60)
    mass, of_v, between = cell.matrices(seen)
    assert sum(mass.entries(), arb(0)).overlaps(1 - arb(0).union(seen.mass))
    mean = law.mean()
    assert isinstance(mean, arb)
    assert sum(of_v.entries(), arb(0)).overlaps(mean + arb(0, seen.of_v))
    for j, v in enumerate(cell.residues):
        for k, m in enumerate(range(seen.first, seen.last + 1)):
            assert_close(mass[k, j], law.mass_at(v - m), 2.0**-60)
            want = law.cdf(v - m) - law.cdf(v - m - 1)
            assert abs(between[k, j] - want) < 2 * seen.mass + 2.0**-90
    # What is before the cell is the last node of the cell before.
    for k in range(seen.last - seen.first):
        assert between[k, len(cell.nodes)].overlaps(between[k + 1, len(cell.nodes) - 1])


@pytest.mark.parametrize("n", [2, 10**4])
def test_a_block_is_its_cells_one_by_one(n: int) -> None:
    """A single cell has no series in K."""
    for block in _blocks(TWO_PLACES)[2:4]:
        apart, cost = [arb(0)] * 3, arb(0)
        for k in range(block.count):
            own = AtomCells(block, k, 1)
            apart = [a + b for a, b in zip(apart, own.integrals(n, arb(0)), strict=True)]
            cost += own.costs(n, arb(0))
        together = AtomCells(block, 0, block.count)
        for one, other in zip(
            [*together.integrals(n, arb(0)), together.costs(n, arb(0))], [*apart, cost], strict=True
        ):
            assert one.overlaps(other) and one.rad() < abs(other) * 2.0**-36


def test_the_weight_turns_by_no_more_than_its_bound() -> None:
    """At points of the circle, with the polynomials themselves; and by a share of it."""
    block, n = _blocks(TWO_PLACES)[3], 3000
    cells = next(
        part
        for part in (block.whole, *block.whole.halves, *block.whole.halves[0].halves)
        if part._turn(n, *part._seen[0]) < MOST_TURN
    )
    turn = cells._turn(n, *cells._seen[0])
    bound = (2 * turn - turn.cos().log()).upper()

    def log_weight(y: acb) -> acb:
        node = cells._nodes[0]
        rank, mass = 1 - node.above(y), node.mass(y)
        return (rank**n * (1 - (1 - mass / rank) ** n) / mass).log()

    far = [
        abs(log_weight((acb(0, 1) * acb.pi() * k / 6).exp() * cells._radius) - log_weight(acb(0)))
        for k in range(12)
    ]
    assert all(one < bound for one in far) and any(one > bound / 8 for one in far)


# ---- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("utility", [TWO_PLACES, "point(-1)", "bernoulli(1/4)"])
def test_sums_over_atoms_agree(utility: str) -> None:
    for n in (2, 10, 100):
        found = pair_of("zeta(6)", utility).at(n)
        want = _sums(zeta(6), parse(utility), n, 1200)
        for one, other in zip((found.mean_v, found.mean_x, found.kl), want, strict=True):
            assert isinstance(one, arb)
            # Beyond, n E[X; X > 1200] is about n 2^-42, and masses are n 2^-53.
            assert one.overlaps(other) and one.rad() < CLOSE and other.rad() < n * 2.0**-38


@pytest.mark.parametrize(
    "utility", ["poisson(3)", pytest.param("-negative_binomial(3/2, 1/2)", marks=pytest.mark.heavy)]
)
def test_a_law_without_a_last_atom_is_answered_to_ten_digits(utility: str) -> None:
    pair, mean = pair_of("zeta(3)", utility), parse(utility).mean()
    assert isinstance(mean, arb)
    for n in (2, 10**6, 10**18):
        found = pair.at(n)
        assert isinstance(found.mean_v, arb) and isinstance(found.kl, arb)
        assert found.mean_v.rad() < CLOSE and found.kl.rad() < CLOSE
        ranks = arb(n).log() - arb(n - 1) / n  # without ties; next to them far out
        assert found.kl < ranks if n < 10**12 else found.kl.overlaps(ranks)
    limit = limit_of_utility(zeta(3), parse(utility), "best-of-n").mean_v
    assert isinstance(limit, arb)
    near, far = (numbers("zeta(3)", utility, 10**k)[0] - limit for k in (12, 18))
    # As the hazard rate of X falls, n^(-1/(s - 1)): three digits for each six of n.
    assert 0.9e-3 < far / near < 1.1e-3


def test_two_draws_are_pairs_of_atoms() -> None:
    """The weight of the best of two is ``F + F(-)``: ``E V w = E V + E[V sign(U - U')]``."""
    error, utility = zeta(6), parse(TWO_PLACES)
    total, last = arb(0), 60
    atoms = [
        (k + v, v, error.mass_at(fmpq(k)) * q)
        for k in range(1, last + 1)
        for v, q in utility.atoms()
    ]
    for u, v, mass in atoms:
        for other, _, its in atoms:
            total += mass * its * v * ((u > other) - (u < other))
    mean = utility.mean()
    assert isinstance(mean, arb)
    # What is left out of either draw has Pr(X > 60), and V is at most 3/2.
    want = mean + total + arb(0, (2 * error.survival(fmpq(last)) * fmpq(3, 2)).upper())
    found = pair_of("zeta(6)", TWO_PLACES).at(2).mean_v
    assert isinstance(found, arb) and found.overlaps(want) and want.rad() < 2.0**-25


def test_the_two_laws_may_change_places() -> None:
    v, x, kl = numbers("zeta(6)", TWO_PLACES, 100)
    swapped = numbers(TWO_PLACES, "zeta(6)", 100)
    assert v.overlaps(swapped[1]) and x.overlaps(swapped[0]) and kl.overlaps(swapped[2])


def test_shifts_and_scales_go_along() -> None:
    v, x, kl = numbers("zeta(6)", TWO_PLACES, 10)
    moved = numbers("2/3*zeta(6) + 1", f"2/3*({TWO_PLACES}) - 5", 10)
    assert (v * 2 / 3 - 5).overlaps(moved[0])
    assert (x * 2 / 3 + 1).overlaps(moved[1]) and kl.overlaps(moved[2])


def test_far_out_a_law_without_a_mean_decides_alone() -> None:
    """``E[V | U = k] - 1/2`` is about ``s/(4 k)``, and k is the largest of n.

    With ``Pr(X > k) = c k^(-1/2)``, nearly, ``E 1/k = E (S/c)^2 = 2/(n c)^2``.
    """
    pair, c = pair_of("zeta(3/2)", "bernoulli(1/2)"), 2 / arb("1.5").zeta()
    n, near = 10**4, pair.at(10**4)
    assert isinstance(near.mean_v, arb)
    assert abs((near.mean_v - arb(0.5)) * 4 * n**2 * c**2 / 3 - 1) < 1e-3
    assert isinstance(near.mean_x, Diverges)
    far = pair.at(10**18)  # the best of so many lies beyond the blocks
    assert isinstance(far.mean_v, arb) and isinstance(far.kl, arb)
    assert far.mean_v.contains(0.5) and far.mean_v.rad() < CLOSE
    assert far.kl.overlaps(arb(10**18).log() - 1 + arb(10) ** -18) and far.kl.rad() < CLOSE


def test_an_atom_that_may_not_be_there_is_bounded() -> None:
    """With a mass in [0, m] the numbers hold those of each mass; a plain atom has none."""
    most, above = arb(2) ** -40, arb(2) ** -8
    sizes = 2 * most, 3 * most
    ball = arb(0).union(most)
    unsure = Unsure(fmpq(5), ball, 2 * ball, 3 * ball, sizes)
    for n in (2, 1000):
        for mass in (most / 3, most):
            there = Jump(fmpq(5), mass, 2 * mass, 3 * mass, sizes)
            assert unsure.costs(n, above).contains(there.costs(n, above).mid())
            pairs = zip(unsure.integrals(n, above), there.integrals(n, above), strict=True)
            for one, other in pairs:
                assert one.contains(other.mid()) and one.rad() < 4 * n * most
        plain = Jump(fmpq(5), ball, 2 * ball, 3 * ball, sizes)
        assert not plain.integrals(n, above)[0].is_finite()


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("utility", "reason"),
    [
        ("geometric(1/1000)", "atoms matter"),
        ("binomial(3500, 1/2)", "reaches over too many atoms"),
        ("1/1000*poisson(100)", "places between two atoms"),
    ],
)
def test_what_is_not_settled_is_said_at_once(utility: str, reason: str) -> None:
    start = process_time()
    with pytest.raises(Undecided, match=reason):
        best_of("zeta(3)", utility).at(100)
    assert process_time() - start < 2


# ---- planted violations -----------------------------------------------------------------------


def test_blocks_that_are_missing_are_seen() -> None:
    blocks = _blocks(TWO_PLACES)
    assert _ranks(TWO_PLACES, blocks).means(10**4)[0].contains(1)
    wrong = _ranks(TWO_PLACES, [*blocks[:6], *blocks[7:]])
    assert not wrong.means(10**4)[0].contains(1)


def test_what_ties_save_beyond_the_blocks_is_in_its_bound() -> None:
    """KL by fewer blocks holds that by all, and does not once the bound is taken away."""
    blocks = _blocks(TWO_PLACES)
    kl = _ranks(TWO_PLACES, blocks).kl(10)
    end = _parts(TWO_PLACES)[0].begin + sum(block.count for block in blocks[:5])
    few = _ranks(TWO_PLACES, blocks[:5], end)
    assert few.kl(10).overlaps(kl) and kl.rad() < CLOSE < few.kl(10).rad() < 1e-3
    few.largest = arb(0)
    assert not few.kl(10).overlaps(kl)


def test_an_atom_that_is_off_is_seen() -> None:
    """A node with another mass than the ranks say, by 2^-30 of it."""
    block, n = _blocks(TWO_PLACES)[6], 10**4
    kept = sum((half.integrals(n, arb(0))[0] for half in block.whole.halves), arb(0))
    nodes = tuple(node._replace(mass=node.mass * (1 + arb(2) ** -30)) for node in block.nodes)
    halves = replace(block, nodes=nodes).whole.halves
    assert not sum((half.integrals(n, arb(0))[0] for half in halves), arb(0)).overlaps(kept)


@pytest.mark.heavy
@pytest.mark.parametrize("utility", ["poisson(3)", "1/2*geometric(1/3)"])
def test_draws_agree(utility: str) -> None:
    """Within six standard errors each: a chance below 1e-8 a number."""
    law: Law = parse(utility)
    points = monte_carlo_best_of(zeta(3), law, [2, 100, 10**4], 4 * 10**7, seed=5)
    for n, point in zip((2, 100, 10**4), points, strict=True):
        exact = pair_of("zeta(3)", utility).at(n).mean_v
        assert isinstance(point.mean_v, Estimate) and isinstance(exact, arb)
        assert abs(point.mean_v.value - float(exact.mid())) < 6 * point.mean_v.standard_error
