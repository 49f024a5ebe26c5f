"""The laws that are drawn from, and what is true of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from verify.enclosure import Diverges, ball
from verify.law import Law

#: ``target``: error rates were asked of it. ``reported``: looked at while the decision was
#: designed. ``held out``: first drawn from when all its constants were fixed.
Group = Literal["target", "reported", "held out"]


@dataclass(frozen=True)
class Case:
    """A law.

    Attributes
    ----------
    text : str
        As it is written in the catalogue.
    index : float
        Its extreme-value index.
    group : {'target', 'reported', 'held out'}
    """

    text: str
    index: float
    group: Group

    @cached_property
    def law(self) -> Law:
        """The law itself."""
        return Law.parse(self.text)

    @property
    def rate(self) -> float:
        """``sup{l : E exp(l X) < oo}``, from the catalogue."""
        abscissa = self.law.mgf_abscissa
        if abscissa is None:
            raise ValueError(f"{self.text}: the catalogue does not know the rate")
        if isinstance(abscissa, Diverges):
            return math.inf
        return float(ball(abscissa).mid())

    @property
    def truth(self) -> Literal["bounded", "light", "heavy"]:
        """What a verdict should say."""
        if self.rate == 0:
            return "heavy"
        return "light" if isinstance(self.law.support[1], Diverges) else "bounded"


CASES = (
    Case("normal()", 0, "target"),
    Case("exponential()", 0, "target"),
    Case("gamma(2)", 0, "target"),
    Case("gamma(1/2)", 0, "target"),
    Case("logistic()", 0, "target"),
    Case("uniform()", -1, "target"),
    Case("beta(2, 2)", -1 / 2, "target"),
    Case("beta(2, 5)", -1 / 5, "target"),
    Case("student_t(3)", 1 / 3, "target"),
    Case("pareto(5/2)", 2 / 5, "target"),
    Case("lognormal(0, 1/2)", 0, "reported"),
    Case("lognormal(0, 1)", 0, "reported"),
    Case("weibull(1/2)", 0, "reported"),
    Case("weibull(4/5)", 0, "reported"),
    Case("student_t(5)", 1 / 5, "reported"),
    Case("student_t(10)", 1 / 10, "reported"),
    Case("pareto(3/2)", 2 / 3, "reported"),
    Case("pareto(5)", 1 / 5, "reported"),
    Case("burr(2, 2)", 1 / 4, "reported"),
    Case("burr(3, 1/2)", 2 / 3, "reported"),
    Case("mixture(0.999*normal(), 0.001*pareto(3/2))", 2 / 3, "reported"),
    Case("laplace()", 0, "reported"),
    Case("gumbel()", 0, "reported"),
    Case("mixture(0.9*exponential(), 0.1*(3*exponential()))", 0, "reported"),
    Case("mixture(0.999*normal(), 0.001*(5*student_t(3)))", 1 / 3, "held out"),
    Case("mixture(0.9*normal(), 0.1*(2*normal()))", 0, "held out"),
    Case("half_normal()", 0, "held out"),
    Case("gamma(1/4)", 0, "held out"),
    Case("-gumbel()", 0, "held out"),
    Case("frechet(3)", 1 / 3, "held out"),
    Case("log_logistic(4)", 1 / 4, "held out"),
    Case("lognormal(0, 2)", 0, "held out"),
)
BY_TEXT = {case.text: case for case in CASES}
