"""Where ``E[V | X + V >= t]`` goes: to 1 for the footnote's block, to 0 for the repaired one.

On the block V has, given ``U >= t``, a density in proportion to ``f = phi(v) T(z(v))``. What
decides is how fast f falls with the distance y from its peak: at a rate of at least ``(t - 5)/4``
in print, ``t(t - 2)/8`` in the repair. A density that falls at a rate of k or more has a mean
distance of at most 1/k.
"""

from __future__ import annotations

from theorems.dependence.symbols import Expression, symbols
from verify.identity import Relation, Step

# ---------------------------------------------------------------- the normal tail


def hazard() -> Relation:
    import sympy as sp

    n = symbols()
    left = sp.Integral(n.s / n.z * sp.exp(-(n.s**2) / 2), (n.s, n.z, sp.oo))
    return Relation(left, sp.exp(-(n.z**2) / 2) / n.z)


def hazard_sign() -> Relation:
    n = symbols()
    return Relation(n.s / n.z, 1, ">=", (n.s - n.z) / n.z, (n.s >= n.z,), {n.s: n.z + n.v})


def tail_slope() -> Relation:
    import sympy as sp

    n = symbols()
    left = sp.Derivative(-sp.exp(-(n.z**2) / 2) / n.z, n.z)
    return Relation(left, (1 + n.z**-2) * sp.exp(-(n.z**2) / 2))


# ---------------------------------------------------------------- a weight that falls


def _product_slope() -> Expression:
    """``(y f)'``, where g is the slope of f; not worked out."""
    import sympy as sp

    n = symbols()
    return sp.Subs(sp.Derivative((n.y + n.e) * (n.f + n.g * n.e), n.e), n.e, 0)


def by_parts() -> Relation:
    n = symbols()
    given, via = (n.g <= -n.k * n.f,), {n.g: -n.k * n.f - n.v}
    form = -n.y * (n.g + n.k * n.f)
    return Relation(n.f - _product_slope(), n.k * n.y * n.f, ">=", form, given, via)


def by_parts_above() -> Relation:
    n = symbols()
    given, via = (n.g >= -n.k * n.f,), {n.g: -n.k * n.f + n.v}
    form = n.y * (n.g + n.k * n.f)
    return Relation(n.k * n.y * n.f, n.f - _product_slope(), ">=", form, given, via)


# ---------------------------------------------------------------- the footnote


def printed_slope() -> Relation:
    n = symbols()
    given, via = (n.h >= (n.t - 1 + n.y) / 2,), {n.h: (n.t - 1 + n.y) / 2 + n.v}
    form = 5 * n.y / 4 + (n.h - (n.t - 1 + n.y) / 2) / 2
    return Relation(n.h / 2 + n.y - 1, (n.t - 5) / 4, ">=", form, given, via)


def printed_slope_above() -> Relation:
    n = symbols()
    score = (n.t - 1 + n.y) / 2
    given = (n.h <= score + 1 / score, n.y < 2, n.t > 1)
    y = 2 * n.i / (n.i + n.j)
    t = 1 + n.z
    via = {n.y: y, n.t: t, n.h: (n.z + y) / 2 + 2 / (n.z + y) - n.v}
    form = 5 * (2 - n.y) / 4 + n.y / ((n.t - 1) * (n.t - 1 + n.y)) + (score + 1 / score - n.h) / 2
    return Relation((n.t + 5) / 4 + 1 / (n.t - 1), n.h / 2 + n.y - 1, ">=", form, given, via)


def printed_limit() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(1 - 4 / (n.t - 5), n.t, sp.oo), 1)


def printed_rest() -> Relation:
    import sympy as sp

    n = symbols()
    # With a factor t more than the limit asks for: the rate needs it.
    return Relation(sp.Limit(n.t * _rest(n.t / 2, sp.Rational(1, 2)), n.t, sp.oo), 0)


def _rest(score: Expression, half_square: Expression) -> Expression:
    """``phi(t)/(phi(v) phi(z) z/(1 + z^2))`` without ``sqrt(2 pi)``, ``v^2/2 = half_square``."""
    import sympy as sp

    n = symbols()
    exponent = score**2 / 2 + half_square - n.t**2 / 2
    return sp.exp(exponent) * (1 + score**2) / score


def end_of_block() -> Relation:
    import sympy as sp

    n = symbols()
    left = sp.Integral(sp.exp(n.k * (2 - n.s)), (n.s, 0, 2))
    return Relation(left, (sp.exp(2 * n.k) - 1) / n.k)


def end_vanishes() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(2 * n.k / (sp.exp(2 * n.k) - 1), n.k, sp.oo), 0)


def printed_rate() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(4 * n.t / (n.t - 5), n.t, sp.oo), 4)


def printed_rate_below() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.t / ((n.t + 5) / 4 + 1 / (n.t - 1)), n.t, sp.oo), 4)


# ---------------------------------------------------------------- the repair


def _right() -> Expression:
    n = symbols()
    return (n.t - n.y) / (2 - n.y)


def _left() -> Expression:
    n = symbols()
    return (n.t + n.y) / (2 - n.y)


def _on_block() -> tuple[tuple[Expression, ...], dict[Expression, Expression]]:
    """``t > 2`` and ``y < 1``."""
    n = symbols()
    return (n.t > 2, n.y < 1), {n.t: 2 + n.z, n.y: n.i / (n.i + n.j)}


def score_slope_right() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(_right(), n.y), (n.t - 2) / (2 - n.y) ** 2, given=(n.y < 1,))


def score_slope_left() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(_left(), n.y), (n.t + 2) / (2 - n.y) ** 2, given=(n.y < 1,))


def score_right() -> Relation:
    n = symbols()
    return Relation(_right(), n.t / 2, ">=", n.y * (n.t - 2) / (2 * (2 - n.y)), *_on_block())


def score_left() -> Relation:
    n = symbols()
    return Relation(_left(), n.t / 2, ">=", n.y * (n.t + 2) / (2 * (2 - n.y)), *_on_block())


def slope_at_least() -> Relation:
    n = symbols()
    form = (n.t - 2) * n.y * (4 - n.y) / (4 * (2 - n.y) ** 2)
    return Relation((n.t - 2) / (2 - n.y) ** 2, (n.t - 2) / 4, ">=", form, *_on_block())


def repaired_limit() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(8 / (n.t * (n.t - 2)), n.t, sp.oo), 0)


def repaired_rest() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(_rest((2 * n.t - 1) / 3, sp.Rational(1, 8)), n.t, sp.oo), 0)


# ---------------------------------------------------------------- steps

TAIL = (
    Step("hazard", "φ(z)/z is the area under φ beyond z, each point s weighted by s/z.", hazard),
    Step("hazard, sign", "The weight is at least 1: φ(z) is at least z T(z).", hazard_sign),
    Step(
        "by parts", "Where f falls at a rate of k or more, f - (y f)' is at least k y f.", by_parts
    ),
)
LOWER_TAIL = (
    Step(
        "tail, below",
        "φ(z)/z integrates (1 + 1/s²) φ(s) beyond z, so T(z) is at least φ(z) z/(1 + z²).",
        tail_slope,
    ),
)

PRINTED = (
    *TAIL,
    Step("fall", "With y = 1 - v and the hazard h at z = (t - 1 + y)/2, f falls at a rate of "
         "h/2 + y - 1.", printed_slope),
    Step("limit 1", "So the mean of 1 - V on the block is at most 4/(t - 5).", printed_limit),
    *LOWER_TAIL,
    Step("nothing beyond", "What V >= t adds is at most φ(t)/(φ(1) T(t/2)), of which even t "
         "times vanishes.", printed_rest),
)  # fmt: skip
RATE = (
    *LOWER_TAIL,
    Step("by parts, above", "Where f falls at a rate of k or less, f - (y f)' is at most k y f.",
         by_parts_above),
    Step("fall, above", "The hazard is at most z + 1/z: f falls no faster than this.",
         printed_slope_above),
    Step("end of block", "f at the far end is at most k/(exp(2k) - 1) of the block's mass.",
         end_of_block),
    Step("end vanishes", "So what is lost there vanishes.", end_vanishes),
    Step("rate", "t times the bound above tends to 4.", printed_rate),
    Step("rate, below", "So does t times the bound below.", printed_rate_below),
)  # fmt: skip
REPAIRED = (
    *TAIL,
    Step("score, right", "The slope of z right of 0, where y = v.", score_slope_right),
    Step("score, left", "And left of 0, where y = -v.", score_slope_left),
    Step("least score, right", "z is least at 0.", score_right),
    Step("least score, left", "It is, from either side.", score_left),
    Step("slope, at least", "So f falls at a rate of z z', which is at least t(t - 2)/8: on the "
         "left z' is larger.", slope_at_least),
    Step("limit 0", "The mean of |V| on the block is at most 8/(t(t - 2)).", repaired_limit),
    *LOWER_TAIL,
    Step("nothing beyond 1", "What V >= t adds is at most φ(t)/(φ(1/2) T((2t - 1)/3)/2), "
         "which vanishes.", repaired_rest),
)  # fmt: skip
