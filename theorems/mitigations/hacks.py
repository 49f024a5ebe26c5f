"""A toy model of hacks: quality, how often a hack succeeds, and how much it is worth.

An answer has a quality V, which is the true utility. With probability q under the base policy it is
a hack as well, which adds a severity S > 0 to the reward. So ``U = V + H S``: the error is
``X = H S``. V, H and S are independent under the base policy.

What does optimising U do: raise the quality, or the share of hacks? Both, at rates that the model
gives in closed form; and where S has a heavy tail and the policy can choose it, neither: it makes
rare hacks of enormous severity.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from theorems.mitigations.symbols import Expression, symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, below, near
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.mixture import mixture
from verify.reweighted import ThresholdReweighted
from verify.tilted_utility import tilted_utility
from verify.weight import Threshold


def _base() -> tuple[Expression, Expression]:
    """The base shares of hacks and of the rest: q/(1 + q) and 1/(1 + q) range over all of them."""
    n = symbols()
    return n.q / (1 + n.q), 1 / (1 + n.q)


# ---------------------------------------------------------------- tilts


def _share(moment: Expression) -> Expression:
    hack, rest = _base()
    return hack * moment / (rest + hack * moment)


def odds() -> Relation:
    n = symbols()
    hack, rest = _base()
    share = _share(n.m)
    return Relation(share / (1 - share), hack / rest * n.m)


def cost_splits() -> Relation:
    import sympy as sp

    n = symbols()
    hack, rest = _base()
    share = _share(n.m)
    cost = n.l * (n.A + share * n.B) - n.J - sp.log(rest + hack * n.m)
    on_quality = n.l * n.A - n.J
    on_frequency = share * sp.log(share / hack) + (1 - share) * sp.log((1 - share) / rest)
    on_severity = share * (n.l * n.B - sp.log(n.m))
    return Relation(cost, on_quality + on_frequency + on_severity)


def first_gain() -> Relation:
    import sympy as sp

    n = symbols()
    hack, _ = _base()
    # log E exp(l H S) to second order in l: S has the mean m and the second moment m2.
    log_mgf = sp.log(1 + hack * (n.m * n.e + n.m2 * n.e**2 / 2))
    second = sp.Subs(sp.Derivative(log_mgf, (n.e, 2)), n.e, 0)
    return Relation(second, hack * n.m2 - hack**2 * n.m**2)


def first_hacks() -> Relation:
    import sympy as sp

    n = symbols()
    hack, rest = _base()
    share = hack * (1 + n.m * n.e) / (rest + hack * (1 + n.m * n.e))
    return Relation(sp.Subs(sp.Derivative(share, n.e), n.e, 0), hack * rest * n.m)


def half_are_hacks() -> Relation:
    import sympy as sp

    n = symbols()
    hack, rest = _base()
    tilt = sp.log(rest / hack) / n.s
    share = hack * sp.exp(tilt * n.s) / (rest + hack * sp.exp(tilt * n.s))
    return Relation(share, sp.Rational(1, 2))


def all_are_hacks() -> Relation:
    import sympy as sp

    n = symbols()
    share = n.q * sp.exp(n.l * n.s) / (1 + n.q * sp.exp(n.l * n.s))
    return Relation(sp.Limit(share, n.l, sp.oo), 1)


def half_for_exponential() -> Relation:
    import sympy as sp

    n = symbols()
    hack, rest = _base()
    tilt = (1 - hack / rest) / n.s
    share = hack / (1 - tilt * n.s) / (rest + hack / (1 - tilt * n.s))
    return Relation(share, sp.Rational(1, 2))


def by_atoms(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (q, s, l), V ~ Poisson(3): E V, E X and KL of the tilt, by the parts and by the laws."""
    q, s, tilt = (exact(text) for text in case)
    utility = Law.parse("poisson(mu=3)")
    error = mixture([(1 - q, Law.parse("point(x=0)")), (q, Law.parse(f"point(x={case[1]})"))])
    point = tilted_utility(error, utility, tilts=[case[2]]).points[0]
    assert isinstance(point.mean_v, arb) and isinstance(point.mean_x, arb)
    mean_v, mean_x, cost = point.mean_v, point.mean_x, point.kl
    assert isinstance(cost, arb)

    def share() -> arb:
        size = q * (tilt * arb(s)).exp()
        return size / (1 - q + size)

    def spent() -> arb:
        p = share()
        log_mgf, mean, _ = utility.cumulants(tilt)
        return tilt * mean - log_mgf + p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()

    yield near("E V", lambda: mean_v, lambda: 3 * arb(tilt).exp(), _small)
    yield near("E X", lambda: mean_x, lambda: s * share(), _small)
    yield near("KL", lambda: cost, spent, _small)


def _small() -> arb:
    # Of the numbers of a utility curve at least 18 digits are settled.
    return arb(10) ** -15


# ---------------------------------------------------------------- selecting by a threshold


def beyond_a_threshold() -> Relation:
    import sympy as sp

    n = symbols()
    hack, rest = _base()
    hacks = hack * sp.exp(-n.r * (n.t - n.s))
    others = rest * sp.exp(-n.r * n.t)
    expected = hack * sp.exp(n.r * n.s) / (rest + hack * sp.exp(n.r * n.s))
    return Relation(hacks / (hacks + others), expected)


def utility_beyond() -> Relation:
    n = symbols()
    share = n.p / (1 + n.p)
    left = share * (n.t - n.s + 1 / n.r) + (1 - share) * (n.t + 1 / n.r)
    return Relation(left, n.t + 1 / n.r - share * n.s)


def counted(case: tuple[int, int, int, int]) -> bool:
    """At (1/q, s, t, 1/f): V geometric with ratio f, by a sum over the atoms up to a far one.

    Beyond it all is geometric again, so the sums are exact.
    """
    one_in, severity, threshold, ratio = case
    q, f = fmpq(1, one_in), fmpq(1, ratio)

    def beyond(t: int) -> tuple[fmpq, fmpq]:
        """Pr(V > t) and E[V; V > t] for Pr(V = v) = (1 - f) f^(v - 1), v = 1, 2, ..."""
        mass = 1 - sum(((1 - f) * f ** (v - 1) for v in range(1, t + 1)), fmpq(0))
        mean = 1 / (1 - f) - sum((v * (1 - f) * f ** (v - 1) for v in range(1, t + 1)), fmpq(0))
        return mass, mean

    plain, hacked = beyond(threshold), beyond(threshold - severity)
    total = q * hacked[0] + (1 - q) * plain[0]
    share = q * hacked[0] / total
    mean = (q * hacked[1] + (1 - q) * plain[1]) / total
    boost = (1 / f) ** severity
    expected = q * boost / (1 - q + q * boost)
    return bool(share == expected and mean == threshold + 1 / (1 - f) - severity * expected)


def quality_of_the_selected(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (s, t), q = 1/100, V ~ N(0, 1): nearly all that are selected are hacks, and E V is "
    "high."""
    s, t = (exact(text) for text in case)
    law, q = Law.parse("normal()"), fmpq(1, 100)

    def parts() -> tuple[arb, arb]:
        hacks, others = q * law.survival(t - s), (1 - q) * law.survival(t)
        mean = q * law.upper_mean(t - s) + (1 - q) * law.upper_mean(t)  # type: ignore[operator]
        return hacks / (hacks + others), mean / (hacks + others)

    yield below("0.99 and the share of hacks", lambda: arb(99) / 100, lambda: parts()[0])
    yield below("t - s and E V", lambda: arb(t - s), lambda: parts()[1])


# ---------------------------------------------------------------- heavy severities


def rare_and_enormous(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (t, mass, gain): q = 1/100, S Pareto(2); hacks beyond t made likelier, up to the mass."""
    t, mass, gain = case
    error = mixture([("0.99", Law.parse("point(x=0)")), ("0.01", Law.parse("pareto(alpha=2)"))])
    policy = ThresholdReweighted(error, Threshold.at(t, mass))

    def gained() -> arb:
        mean, base = policy.mean(), error.mean()
        assert isinstance(mean, arb) and isinstance(base, arb)
        return mean - base

    yield below("what is asked and the gain of E U", lambda: arb(exact(gain)), gained)
    yield below("KL", policy.kl, lambda: arb(1) / 10)
    yield below(
        "share of hacks",
        lambda: 1 - policy.mass_at(fmpq(0)),
        lambda: arb(1) / 100 + exact(mass),
    )


TILTS = (
    Step("odds", "The tilt by l multiplies the odds of a hack by m = E exp(l S).", odds),
    Step(
        "cost",
        "Its KL divergence is that on quality, that on the frequency of hacks, and for the hacks "
        "that on their severity.",
        cost_splits,
    ),
    Step(
        "first gain",
        "At l = 0 the mean of V rises at the rate Var V, that of H S at the rate Var(H S).",
        first_gain,
    ),
    Step("first hacks", "And the share of hacks at the rate q (1 - q) E S.", first_hacks),
    Step(
        "half",
        "A fixed severity s: half of the answers are hacks at l = log((1 - q)/q)/s.",
        half_are_hacks,
    ),
    Step("all", "And all are in the end.", all_are_hacks),
    Step(
        "half, exponential",
        "Severity exponential with mean s, q < 1/2: half are at l = (1 - q/(1 - q))/s.",
        half_for_exponential,
    ),
)
SELECTED = (
    Step(
        "selected",
        "V with the tail exp(-r v), a fixed severity s < t: the share of hacks given U > t does "
        "not depend on t.",
        beyond_a_threshold,
    ),
    Step(
        "quality of the selected",
        "Nor does what they take off the quality: with p the odds of a hack, E V is t + 1/r less s "
        "times their share.",
        utility_beyond,
    ),
)

CLAIMS = (
    Claim(
        "mitigations.hacks",
        "Reward = quality + hack x severity, all independent, hacks with probability q. The tilt "
        "by l multiplies the odds of a hack by E exp(l S), and leaves the mean quality K_V'(l), "
        "as if there were no hacks. Early on, quality and hacks share the gain in the proportion "
        "Var V to Var(H S). A fixed severity s takes over at l = log((1 - q)/q)/s: the rarer the "
        "hacks the later, but in logarithms only.",
        "ours",
        "ours",
        uses=("t4.factors",),
        evidence=(
            Identity(TILTS),
            Enclosed(by_atoms, (("0.01", "5", "0.5"), ("0.01", "5", "1"), ("0.3", "2", "0.25"))),
        ),
    ),
    Claim(
        "mitigations.hacks.selected",
        "Selecting by U > t in that model, with a fixed severity s: for V with an exponential tail "
        "of rate r the share of hacks is q exp(r s)/(1 - q + q exp(r s)) at every t > s, and E V "
        "grows with t all the same. For V ~ N(0, 1) nearly all that is selected is a hack, and "
        "E V > t - s.",
        "ours",
        "ours",
        evidence=(
            Identity(SELECTED),
            Exact(counted, ((100, 3, 5, 2), (100, 3, 9, 2), (10, 1, 4, 3), (1000, 7, 8, 2))),
            Enclosed(quality_of_the_selected, (("5", "6"), ("5", "20"), ("2", "100"))),
        ),
    ),
    Claim(
        "mitigations.hacks.heavy",
        "In that model with S Pareto(2), q = 1/100: a policy that chooses severities gains 10, 100 "
        "and 1000 of E U at a KL divergence below 0.1, by rare hacks of enormous severity. The "
        "share of hacks rises by less than 1/50, and E V stays where it was.",
        "ours",
        "ours",
        uses=("t1",),
        evidence=(
            Enclosed(
                rare_and_enormous,
                (
                    ("1000", "0.006", "10"),
                    ("100000", "0.0025", "100"),
                    ("1000000", "0.0015", "1000"),
                ),
            ),
        ),
    ),
)
