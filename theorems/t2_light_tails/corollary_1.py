"""Corollary 1: the proxy reward ``U = V + X`` without bound, the utility V where it was.

**In print.** With the error X heavy-tailed and the utility V light-tailed there are policies whose
proxy reward is as high as one likes, at a KL as small as one likes, and whose utility stays near
the base policy's.

**What is needed.** That U is right-heavy: Theorem 1 is applied to U. X heavy gives that where the
left tail of V is light, or where X and V are independent; not in general, for V may cancel X. And
that V is right-light: then no P within the KL has a utility above ``(d + K_V(l))/l``, whatever the
dependence between V and X, and this tends to E V with d. For the utility not to fall either, the
left tail of V must be light too.

Here P reweights the outcomes of the base policy. That policies can do so is Theorem 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import arb, fmpq

from theorems.t2_light_tails.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.construction import construct
from verify.enclosure import Undecided, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.reweighted import ThresholdReweighted
from verify.utility import UtilityBound
from verify.weight import Threshold

# ---------------------------------------------------------------- V can cancel X


def cancelled() -> Relation:
    n = symbols()
    return Relation(n.x + -n.x, 0)


def difference() -> Relation:
    n = symbols()
    # V = u - x with u standard normal, independent of the error x: again U = u, whatever x is.
    return Relation((n.b - n.x) + n.x, n.b)


def cancelling(case: tuple[str, str]) -> Iterator[Comparison]:
    """X heavy, V = U - X right-light, and U the law given: no mean above 0.15 at KL 0.01.

    U and X are independent, X >= 0: ``K_V(l) = K_U(l) + K_-X(l) <= K_U(l)``.
    """
    error, proxy = Law.parse(case[0]), Law.parse(case[1])
    tilt, budget = fmpq(1, 7), fmpq(1, 100)

    def of(law: Law) -> arb:
        value = law.log_mgf(tilt)
        assert isinstance(value, arb)
        return value

    if error.mgf_abscissa != 0:
        raise Undecided(f"{error} is not known to be right-heavy")
    yield below("K_V(1/7)", lambda: of(proxy) + of(-error), lambda: arb(1) / 10)
    yield below("bound on E_P U", lambda: (budget + of(proxy)) / tilt, lambda: arb(15) / 100)


# ---------------------------------------------------------------- when X makes U heavy


def split() -> Relation:
    import sympy as sp

    n = symbols()
    # x = u - b with u the proxy: exp(l x) is at most the average of exp(2 l u) and exp(-2 l b).
    proxy = n.x + n.b
    average = (sp.exp(2 * n.l * proxy) + sp.exp(-2 * n.l * n.b)) / 2
    form = (sp.exp(n.l * proxy) - sp.exp(-n.l * n.b)) ** 2 / 2
    return Relation(average, sp.exp(n.l * n.x), ">=", form)


def factorises() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.exp(n.l * (n.b + n.x)), sp.exp(n.l * n.b) * sp.exp(n.l * n.x))


# ---------------------------------------------------------------- the corollary


def utility_divergence() -> Relation:
    import sympy as sp

    n = symbols()
    # w is the density of P at an outcome, whatever it depends on; V is b there.
    left = n.w * sp.log(n.w) - n.w * (n.l * n.b - n.K)
    return Relation(left, n.w * sp.log(n.w / sp.exp(n.l * n.b - n.K)))


def utility_bound() -> Relation:
    n = symbols()
    given, via = (n.d + n.K >= n.l * n.A,), {n.K: n.l * n.A - n.d + n.v}
    return Relation((n.d + n.K) / n.l, n.A, ">=", (n.d + n.K - n.l * n.A) / n.l, given, via)


@dataclass(frozen=True)
class Capped:
    """The utility ``V = min(U, cap)`` of a proxy U: the error is what U has above the cap."""

    proxy: Law
    cap: fmpq

    def mean(self, law: Law) -> arb:
        """``E V`` where U has the law given."""
        under = law.lower_mean(self.cap)
        assert isinstance(under, arb)
        return under + self.cap * law.survival(self.cap)

    def log_mgf(self, tilt: fmpq) -> arb:
        """``K_V(l)`` under the base law."""
        under = self.proxy.exponential_moments(arb(tilt), None, self.cap)[0]
        return (under + (tilt * arb(self.cap)).exp() * self.proxy.survival(self.cap)).log()


def proxy_up_utility_still(case: tuple[str, str, str, str, str]) -> Iterator[Comparison]:
    """At (law of U, cap, M, eps, room): E_P U > M at KL < eps, and E_P V within room of E V."""
    text, *numbers = case
    cap, target, budget, room = (exact(number) for number in numbers)
    law = Law.parse(text)
    utility = Capped(law, cap)
    certificate = construct(law, numbers[1], numbers[2])
    weighting = certificate.reweighting
    if weighting is None or weighting["kind"] != "threshold" or weighting["t"] is None:
        raise Undecided(f"{text}: {certificate.verdict}")
    mass, t = str(weighting["mass"]), str(weighting["t"])
    optimised = ThresholdReweighted(law, Threshold.at(t, mass))
    tilt = room / 4

    def gain() -> arb:
        return utility.mean(optimised) - utility.mean(law)

    def by_parts() -> arb:
        # Above the threshold V is the cap; below it P has the proportions of the base law.
        p, up_to, under = arb(exact(mass)), law.cdf(exact(t)), law.lower_mean(cap)
        assert isinstance(under, arb)
        below_t = (under + cap * (up_to - law.cdf(cap))) / up_to
        return p * cap + (1 - p) * below_t - utility.mean(law)

    def dual() -> arb:
        return (budget + utility.log_mgf(tilt)) / tilt - utility.mean(law)

    yield below("cap and threshold", lambda: arb(cap), lambda: arb(exact(t)))
    yield below("proxy", lambda: arb(target), optimised.mean)
    yield below("KL", optimised.kl, lambda: arb(budget))
    yield near("utility by two routes", gain, by_parts, lambda: arb(10) ** -25)
    yield below("gain and its bound", gain, dual)
    yield below("bound and room", dual, lambda: arb(room))


def bounded_whatever_the_dependence(case: tuple[str, str, str, str, str]) -> Iterator[Comparison]:
    """At (U, V, M, eps, room): a certificate for U, and a bound on E_P V within room of E V."""
    proxy, law, mean, kl, room = case
    utility = Law.parse(law)
    certificate = construct(proxy, mean, kl, utility)
    found = certificate.utility
    if not isinstance(found, UtilityBound) or not isinstance(found.upper_bound, tuple):
        raise Undecided(f"{proxy}: {certificate.verdict}")
    upper = exact(found.upper_bound[1])

    def base() -> arb:
        value = utility.mean()
        assert isinstance(value, arb)
        return value

    raised, spent = (certificate.enclosures[name] for name in ("mean", "kl"))
    assert isinstance(raised, tuple) and isinstance(spent, tuple)
    yield below("proxy", lambda: arb(exact(mean)), lambda: arb(exact(raised[0])))
    yield below("KL", lambda: arb(exact(spent[1])), lambda: arb(exact(kl)))
    yield below("utility", lambda: arb(upper), lambda: base() + exact(room))
    yield below("E V and its bound", base, lambda: arb(upper))


# ---------------------------------------------------------------- claims

CANCELLED = (
    Step("cancelled", "With V = -X the proxy is 0.", cancelled),
    Step("difference", "With V = u - X it is u, however heavy X is.", difference),
)
HEAVY_PROXY = (
    Step("split", "If U and -V had light right tails, so would X.", split),
    Step("factors", "Under independence M_U is M_V times M_X.", factorises),
)
UTILITY = (
    Step("utility, Gibbs", "KL - l E_P V + K_V(l) is a relative entropy.", utility_divergence),
    Step("utility, bound", "So E_P V <= (d + K_V(l))/l.", utility_bound),
)

CLAIMS = (
    Claim(
        "t2.corollary",
        "Refuted: where X is heavy-tailed and V light-tailed (both on the right), small KL "
        "divergences allow any mean of U = V + X. With X Pareto(2) and V = -X, U is 0. With U "
        "standard normal and independent of X, and V = U - X, no P with KL(P||Q) <= 0.01 has "
        "E_P U > 0.15.",
        "Corollary 1",
        "refutation",
        uses=("t2.gibbs",),
        evidence=(
            Identity(CANCELLED),
            Enclosed(
                cancelling,
                (
                    ("pareto(alpha=2)", "point(x=0)"),
                    ("pareto(alpha=2)", "normal(mu=0, sigma=1)"),
                    ("frechet(alpha=3)", "normal(mu=0, sigma=1)"),
                ),
            ),
        ),
    ),
    Claim(
        "t2.corollary.corrected",
        "Where U is right-heavy and V right-light with a finite mean: for every M, eps > 0 and "
        "h > 0 a reweighting of the outcomes has E_P U > M, KL(P||Q) < eps and E_P V < E V + h; if "
        "V is left-light too, also E_P V > E V - h. Whatever the dependence. Combines: Theorem 1 "
        "for U, at a KL small enough for Theorem 2 to keep V. (For policies in place of "
        "reweightings: Theorem 3.)",
        "Corollary 1",
        "corrected",
        uses=("t1.no-moments", "t2", "t2.bowl", "t2.erratum-a.corrected"),
        evidence=(
            Identity(UTILITY),
            Enclosed(
                proxy_up_utility_still,
                (
                    ("student_t(df=3)", "1", "100", "0.01", "0.3"),
                    ("student_t(df=3)", "1", "100", "0.0001", "0.03"),
                    ("pareto(alpha=2)", "5", "1000", "0.0001", "0.1"),
                    ("lognormal(mu=0, sigma=1)", "2", "10", "0.01", "0.3"),
                ),
            ),
            Enclosed(
                bounded_whatever_the_dependence,
                (
                    ("pareto(alpha=2)", "normal(mu=0, sigma=1)", "100", "0.01", "0.142"),
                    ("pareto(alpha=2)", "normal(mu=0, sigma=1)", "100", "0.0001", "0.0142"),
                    ("student_t(df=3)", "exponential()", "1000", "0.0001", "0.015"),
                    ("lognormal(mu=0, sigma=1)", "-pareto(alpha=3)", "10", "0.001", "0.04"),
                ),
            ),
        ),
    ),
    Claim(
        "t2.corollary.heavy-proxy",
        "X right-heavy makes U = V + X right-heavy where V is left-light, or where V and X are "
        "independent. Combines: exp(l X) is at most the average of exp(2 l U) and exp(-2 l V), so "
        "were U right-light, E exp(l X) would be finite for small l; under independence M_U(l) = "
        "M_V(l) M_X(l) = oo.",
        "ours",
        "ours",
        evidence=(Identity(HEAVY_PROXY),),
    ),
)
