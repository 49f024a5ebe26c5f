"""Many pieces of a density as few points: against all their points, and planted violations."""

from __future__ import annotations

from time import process_time

import pytest
from flint import acb, arb

from tests.verify.balls import assert_close
from verify.best_of import best_of
from verify.best_of.convolution.cluster import Cluster, count
from verify.best_of.convolution.interval_sums import Place, Sums, terms
from verify.best_of.convolution.two_densities import TwoDensities
from verify.best_of.expansion import rank_integral
from verify.best_of.panel import Panel
from verify.best_of.parts.density import Density, take_apart
from verify.best_of.parts.leaves import Leaf
from verify.best_of.parts.sizes import Node, Sizes
from verify.best_of.ranks import Part
from verify.conditioning import condition
from verify.enclosure import Diverges, Undecided, working_precision
from verify.laws import parse
from verify.taylor_series import series_length


def density(text: str) -> Density:
    """The one density of a law."""
    return take_apart(parse(text)).densities[0]


def pieces(of: str, beside: str, last: int) -> tuple[list[Leaf], Density]:
    """The first pieces of the upper ray of one law, and the density of the other."""
    pair = TwoDensities(density(beside), density(of))
    ray = next(ray for (_, side), ray in pair.ranges.v_rays.items() if side > 0)
    first = 0 if ray.knot.regular else -90
    return [ray.leaf(k) for k in range(first, last)], pair.error


def convolved(leaves: list[Leaf], kernel: Density, t: arb) -> arb:
    """By the points of all pieces, each halved four times."""
    for _ in range(4):
        leaves = [half for leaf in leaves for half in leaf.halves]
    points = [point for leaf in leaves for point in leaf.nodes.points]
    return sum((node.mass * kernel.at(t - node.point) for node in points), arb(0))


def goals(size: arb) -> Sizes:
    """What is asked of the mass alone."""
    return Sizes(size, arb.pos_inf(), arb.pos_inf())


@pytest.mark.parametrize(
    ("of", "beside", "last", "at"),
    [
        ("student_t(2)", "cauchy()", 5, 5000),
        ("gamma(1/2)", "student_t(5)", 3, 200),
        ("pareto(3)", "exponential()", 1, 20),
    ],
)
def test_a_cluster_against_all_its_points(of: str, beside: str, last: int, at: int) -> None:
    with working_precision(96):
        leaves, kernel = pieces(of, beside, last)
        cluster, t = Cluster(leaves), arb(at)
        exact = convolved(leaves, kernel, t)
        place = Place(t - arb(1) / 8, t + arb(1) / 8)
        error = cluster.error(kernel, place, True, goals(exact * 2.0**-50))
        assert error is not None
        nodes = cluster.nodes_of(error[1])
        assert nodes is not None
        assert len(nodes) < sum(len(leaf.nodes) for leaf in leaves) or len(leaves) == 1
        found = sum((c * kernel.at(t - v) for v, c, _ in nodes.points), arb(0))
        assert abs(found - exact) < error[0].mass + exact * 2.0**-56
        # A weight off by a millionth is noticed.
        v, c, _ = nodes.points[0]
        off = found + c * 1e-6 * kernel.at(t - v)
        assert not abs(off - exact) < error[0].mass + exact * 2.0**-56


def test_the_second_weights_are_those_of_the_moment() -> None:
    """Far out most of the mass is close: what is missed of E V is little against E|V|."""
    with working_precision(96):
        leaves, kernel = pieces("student_t(2)", "cauchy()", 40)
        cluster, t = Cluster(leaves), arb(10) ** 26
        place = Place(t, t * (1 + arb(2) ** -10))
        size = kernel.at(t)
        sought = Sizes(size * 2.0**-50, size * 2.0**-50, arb.pos_inf())
        error = cluster.error(kernel, place, True, sought)
        assert error is not None
        nodes = cluster.nodes_of(error[1])
        assert nodes is not None
        found = sum((node.moment * kernel.at(t - node.point) for node in nodes.points), arb(0))
        for _ in range(3):
            leaves = [half for leaf in leaves for half in leaf.halves]
        points = [node for leaf in leaves for node in leaf.nodes.points]
        exact = sum((node.moment * kernel.at(t - node.point) for node in points), arb(0))
        # E[V; V > 0] is the root of 1/2.
        assert abs(exact / size - arb(0.5).sqrt()) < 1e-10
        assert abs(found - exact) < error[0].of_v + exact * 2.0**-56
        # The weights of the mass, times the points, are far from that.
        crude = sum((c * v * kernel.at(t - v) for v, c, _ in nodes.points), arb(0))
        assert not abs(crude - exact) < exact


def test_a_cluster_made_from_a_smaller_one() -> None:
    """Its points stand for the first pieces, whatever the interval; off by a bit, they show it."""
    with working_precision(96):
        leaves, _ = pieces("student_t(2)", "cauchy()", 9)
        inner = Cluster(leaves[:6])
        whole, nested = Cluster(leaves), Cluster(leaves, inner)
        rows = [cluster.nodes_of(21) for cluster in (whole, nested)]
        assert rows[0] is not None and rows[1] is not None
        for one, other in zip(rows[0].points, rows[1].points, strict=True):
            for a, b in ((one.mass, other.mass), (one.moment, other.moment)):
                assert a.overlaps(b)
        # All of the weights are known to 50 bits of the mass, or of E|V|.
        for node in rows[1].points:
            assert node.mass.rad() < whole.mass * 2.0**-50
            assert node.moment.rad() < whole.moment * 2.0**-50
        points = inner.nodes_of(count())
        assert points is not None
        v, c, moment = points.points[3]
        changed = [*points.points]
        changed[3] = Node(v, c * (1 + arb(2) ** -30), moment)
        points.points = changed
        spoilt = Cluster(leaves, inner).nodes_of(21)
        assert spoilt is not None
        pairs = zip(rows[0].points, spoilt.points, strict=True)
        assert not all(one.mass.overlaps(other.mass) for one, other in pairs)


def test_a_cluster_too_close_to_a_pole_is_refused() -> None:
    """The density of a Cauchy law has poles at i and -i: points from 0 to 816 see them at 900."""
    with working_precision(96):
        leaves, kernel = pieces("student_t(2)", "cauchy()", 6)
        cluster = Cluster(leaves)
        near, far = (Place(arb(t), arb(t) + 1) for t in (900, 10**5))
        assert cluster.error(kernel, near, True, goals(kernel.at(near.middle) * 2.0**-50)) is None
        assert cluster.error(kernel, far, True, goals(kernel.at(far.middle) * 2.0**-50)) is not None


def test_bounds_of_wide_pieces_are_sharp() -> None:
    """What the expansion of an interval may miss is near what it should be, far out too."""
    with working_precision(96):
        pair = TwoDensities(density("cauchy()"), density("student_t(2)"))
        # Here a bound of a whole piece at once was 10^17 times too large.
        place = Place(arb("10.1"), arb("10.2"), arb(0))
        estimate = pair.estimate(place)
        with series_length(terms()):
            sums = Sums(place, estimate)
            pair.add_to(sums)
            found = sums.expansion()
        assert sums.bounds[0] < 8 * estimate
        assert found.missed[0] < estimate * 2.0**-40


def test_ends_are_told_apart_far_out() -> None:
    """Where t and t - 1 are one float, the ends of X = 1 and X = 0 still have their order."""
    with working_precision(96):
        pair = TwoDensities(density("beta(a=1/2, b=1/2)"), density("pareto(2)"))
        t = arb(2) ** 60
        ends = [end.at for end in pair.ranges.ends(Place(t, t * 2)) if end.moves]
        assert len(ends) == 2 and ends[0] is not None and ends[1] is not None
        assert ends[0] + 1 == ends[1]
        # Where t and t - 1 are one number of the working precision, the range between is still one.
        for bits in (60, 200):
            t = arb(2) ** bits
            assert len(pair.ranges._inside(Place(t, t * 2))) == 1


def test_a_ray_of_which_next_to_nothing_is_needed() -> None:
    """Ten deviations out the normal law has less than what is left out at first: it is refined."""
    with working_precision(96):
        error, utility = take_apart(parse("gev(-1/2)") - 2).densities[0], density("normal()")
        pair = TwoDensities(error, utility)
        place = Place(arb("10.3"), arb("10.6"))
        found = pair.estimate(place)
        # U is above t where V is, and -X = 2 sqrt(E) with E exponential: int 2 s e^(-s^2) ...
        steps = [arb(k) / 256 for k in range(1, 1024)]
        height = [y * (-y * y / 4).exp() / 2 * utility.at(place.middle + y) for y in steps]
        # The trapezoidal rule errs by h^2/12 times the slope at 0, here 1.4e-4 of the whole.
        assert abs(found - sum(height, arb(0)) / 256) < found * 1e-3


def test_a_whole_power_is_smooth_up_to_the_end_of_its_law() -> None:
    """The density of genpareto(-1/2) is 1 - x/2; that of genpareto(-2/3) has a root at its end."""
    with working_precision(96):
        line = density("genpareto(-1/2)")
        assert [knot.regular for knot in line.knots] == [True, True]
        z = acb(2.25, 0.5)
        assert abs(line.density_near(z) - (1 - z / 2)) < 2.0**-80
        assert [knot.regular for knot in density("genpareto(-2/3)").knots] == [True, False]


def test_a_tail_that_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no number of pieces is enough, that is an answer."""
    monkeypatch.setattr("verify.best_of.convolution.ranges.LAST_PIECE", 1)
    with pytest.raises(Undecided, match="not known well enough"):
        best_of("exponential()", "student_t(3)").at(2)


# ---- means that are infinite --------------------------------------------------------------------


def test_a_mean_that_does_not_exist_is_infinite_under_best_of_n() -> None:
    """Of the best of two or more, a Cauchy variable's left part is integrable, the right is not."""
    found = best_of("cauchy()", "pareto(1)").at(10**6)
    assert found.mean_x == found.mean_v == found.mean_u == Diverges(1)
    with working_precision(96):
        n = arb(10**6)
        assert_close(found.kl, n.log() - 1 + 1 / n, 2.0**-80)
    # A low X is taken as often as V makes up for it: 1/(pi log x), for which 1/x has no integral.
    found = best_of("cauchy()", "log_cauchy()").at(2)
    assert found.mean_v == found.mean_u == Diverges(1)
    assert found.mean_x == Diverges(0)


# ---- pairs that once took too long --------------------------------------------------------------

PAIRS = [
    ("cauchy()", "student_t(df=2)"),
    ("burr(c=2, k=2)", "frechet(alpha=3)"),
    ("f(d1=3, d2=5)", "inverse_gamma(shape=3)"),
    ("beta(a=1/2, b=1/2)", "normal()"),
    ("uniform()", "beta(a=2, b=3)"),
    ('tail(log_sf="-sqrt(x)", lower=0)', "normal()"),
    ("gamma(shape=5/2)", "gamma(shape=1/2)"),
    ("gev(-1/2)", "normal()"),
]


@pytest.mark.heavy
@pytest.mark.parametrize(("error", "utility"), PAIRS)
def test_pairs_are_answered_within_half_a_minute(error: str, utility: str) -> None:
    """And what they are answered by agrees with the certified conditioning, interval by interval.

    Between the ends of an interval E[V; U in it] is a difference of what conditioning gives.
    """
    x, v = parse(error), parse(utility)
    with working_precision(96):
        started = process_time()
        ranks = rank_integral(x, v)
        assert process_time() - started < 30
        shift = ranks.shifts[0] + ranks.shifts[1]
        for n in (2, 10**6, 10**18):
            mass, mean_v, mean_x = ranks.means(n)
            assert abs(mass - 1) < 1e-10
            # Where X decides nearly alone, E V is next to its own mean, here 0.
            assert mean_v.rad() < 1e-10 * (abs(mean_v) + (n > 10**9))
            assert isinstance(x.mean(), Diverges) or mean_x.rad() < 1e-10 * abs(mean_x)
        for step in ranks.steps[5::12]:
            # Next to a flat end on the left conditioning takes minutes, and has nothing to compare.
            if step.above > 1 - arb(10) ** -9:
                continue
            assert isinstance(step.piece, Part)
            panel: Panel = step.piece.panel
            ends = [end.mid().fmpq() + shift for end in panel.place.ends]
            low, high = (condition(x, v, end) for end in ends)
            # What conditioning is asked at is the middle of a ball, which is narrow.
            room = panel.missed[0] + panel.totals[0] * arb(2) ** -45
            known = low.mass.rad() + high.mass.rad()
            assert known < 1e-20  # near a corner more than the interval itself has
            assert abs(low.mass - high.mass - panel.totals[0]) < room + 2 * known


@pytest.mark.heavy
def test_a_density_with_three_corners_is_answered_within_half_a_minute() -> None:
    """Each mean is that of the other law too, and of U half; n = 2 by the mean of the larger."""
    started = process_time()
    pair = best_of("beta(a=1/2, b=1/2)", "beta(a=1/2, b=1/2)")
    for n in (2, 100, 10**6, 10**18):
        found = pair.at(n)
        assert isinstance(found.mean_v, arb) and isinstance(found.mean_x, arb)
        assert found.mean_v.rad() < 1e-10 * found.mean_v
        assert found.mean_v.overlaps(found.mean_x)
    # Near 2 the density of U is 1/pi^2 * pi = 1/pi: 2 - max of n is about pi/n.
    mean_u = pair.at(10**6).mean_u
    assert isinstance(mean_u, arb) and abs((2 - mean_u) * 10**6 - arb.pi()) < 1e-4
    assert process_time() - started < 30
