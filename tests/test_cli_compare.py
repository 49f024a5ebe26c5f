"""``goodhart compare`` on the command line: its tables, its files, its refusals."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from decimal import Decimal
from math import exp

import numpy as np
import pytest
from PIL import Image

from tests.terminal import Terminal, listing
from verify.commands.compare import LEGEND
from verify.mitigations import comparison, plot
from verify.mitigations.catalogue import MITIGATIONS, KLPenalty, OddsCap
from verify.mitigations.comparison import compare
from verify.mitigations.model import COARSE, Model
from verify.mitigations.weights import Tilts

FINITE = ("binomial(n=2, p=0.5)", "bernoulli(p=0.25)")
HEAVY = ("pareto(alpha=1.4)", "normal()")


def test_the_table(terminal: Terminal) -> None:
    done = terminal("compare", "laplace()", "normal()", "--kl", "3")
    assert done.status == 0 and not done.err
    title, asked, header, *rows, note = done.out.removesuffix(LEGEND + "\n").splitlines()
    assert title == "pair: X = laplace(), V = normal(mu=0, sigma=1), independent"
    assert asked == "at a KL divergence of 3:"
    assert header.split()[:3] == ["mitigation", "strength", "KL"]
    assert len(rows) == len(MITIGATIONS)
    assert rows[0].split()[:2] == ["KL", "penalty"] and rows[0].endswith("balls")
    # The occupancy's row is the KL penalty's, in float64, and says why.
    assert rows[1].startswith("  KL of the occupancy measure") and rows[1].endswith("float64   (1)")
    assert note.startswith("  (1) an answer in one piece is one step")
    # Its digits are those on which two resolutions agree.
    for ball, other in zip(rows[0].split()[-4:-1], rows[1].split()[-5:-2], strict=True):
        assert abs(float(ball) - float(other)) < 2e-5
    assert rows[-1].endswith("sample") and " +- " in rows[-1]
    # The legend has a word for each letter.
    letters = {row.split(" = ")[0].split()[-1] for row in rows}
    assert letters == {"l", "m", "R", "n"} == set(re.findall(r"\b(\w): the", LEGEND))


def test_the_json(terminal: Terminal) -> None:
    arguments = (*FINITE, "--kl", "0.5,1", "--gain", "0.5", "--json", "-")
    (model,) = json.loads(terminal("compare", *arguments).out)["models"]
    assert model["dependence"] == "independent()" and model["base"]["mean_u"] == ["1.25", "1.25"]
    asked = [(question["asked"], question["target"]) for question in model["questions"]]
    assert asked == [("gain", "0.5"), ("kl", "0.5"), ("kl", "1")]
    for question in model["questions"]:
        for row in question["rows"]:
            if row["because"] is not None:
                assert row["mitigation"] == "entropy bonus" and row["kl"] is None
                continue
            if question["asked"] == "kl":
                low, high = (Decimal(end) for end in row["kl"])
            else:
                low = high = Decimal(row["gain_u"])
            # Balls are mended once; a gain of draws is one from a base mean of their own, whose
            # standard error is sqrt(0.6875/200000) = 0.002.
            room = Decimal("0.012" if row["means"] == "monte-carlo" else "1e-9")
            assert low - room <= Decimal(question["target"]) <= high + room, row
            assert row["means"] in ("ball", "float64", "monte-carlo")
    tilt = model["questions"][2]["rows"][0]
    # V is Bernoulli(1/4): under the tilt by l, printed to 4 digits, E V = e^l/(3 + e^l).
    size = exp(float(tilt["strength"].split()[-1]))
    assert abs(float(tilt["gain_v"]) - (size / (3 + size) - 1 / 4)) < 1e-4


def test_the_csv(terminal: Terminal) -> None:
    done = terminal("compare", *FINITE, "--kl", "0.5", "--csv", "-")
    header, *rows = csv.reader(io.StringIO(done.out))
    assert header[:5] == ["model", "asked", "target", "mitigation", "strength"]
    assert len(rows) == len(MITIGATIONS) and {len(row) for row in rows} == {len(header)}
    (entropy,) = (row for row in rows if row[3] == "entropy bonus")
    assert entropy[4:-2] == [""] * 10 and "atoms" in entropy[-2] and not entropy[-1]
    assert header[-2:] == ["because", "note"] and "one step" in rows[1][-1]


def test_a_heavy_error_says_why(terminal: Terminal) -> None:
    done = terminal("compare", *HEAVY, "--kl", "0.5")
    reasons = [line for line in done.out.splitlines() if line.startswith("  (")]
    assert any("E exp(l X) = oo for every l > 0" in line for line in reasons)
    assert any("E U^2 is infinite" in line for line in reasons)
    assert any("not sampled" in line for line in reasons)


def test_the_picture(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """All curves are drawn, of fewer draws; the table beside it is of one mitigation."""
    answer = compare([Model.parse("pair", *FINITE)], [], ["0.5"], [OddsCap()])
    monkeypatch.setattr(comparison, "compare", lambda *_, **__: answer)
    monkeypatch.setattr(plot, "DRAWS", 2_000)
    done = terminal("compare", *FINITE, "--kl", "0.5", "--plot", "c.png")
    assert done.status == 0 and listing() == ["c.png"]
    with Image.open("c.png") as image:
        written = json.loads(image.info["Description"])
        shades = len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0))
    assert written["models"][0]["error"] == FINITE[0]
    assert shades > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("normal()",), "two laws"),
        (("--copula", "gaussian(rho=0.5)"), "--copula joins the laws"),
        (("normal()", "normal()", "--kl", "x"), "KL"),
        (("normal()", "normal()", "--kl", "0"), "above 0"),
        (("normal()", "normal()", "--gain", "-1"), "gain"),
        (("cauchy()", "normal()"), "mean"),
        (("point(x=1)", "point(x=2)"), "the proxy is constant"),
        (("normal(", "normal()"), "the text ends"),
        (("poisson(mu=1)", "normal()", "--copula", "gaussian(rho=0.5)"), "density"),
        (("normal()", "normal()", "--plot", "c.txt"), "c.txt"),
        (("normal()", "normal()", "--json", "-", "--csv", "-"), "standard output"),
        (("normal()", "normal()", "--models", "x"), "--models"),
    ],
)
def test_refusals(terminal: Terminal, arguments: tuple[str, ...], message: str) -> None:
    assert message in terminal.refused("compare", *arguments)
    assert listing() == []


def test_nothing_to_be_had_is_status_4(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "compare", lambda *_, **__: compare_only_kl())
    assert terminal("compare", *HEAVY, "--kl", "0.5").status == 4


def compare_only_kl() -> comparison.Comparison:
    return compare([Model.parse("pair", *HEAVY)], [], ["0.5"], [KLPenalty()])


def test_resolutions_that_differ_are_not_shown() -> None:
    """Planted: the coarser one is off, so the finer one is not to be trusted either."""

    class Unsteady(KLPenalty):
        def path(self, model: Model, resolution: object) -> Tilts:
            profile = model.profile(COARSE)
            if resolution is COARSE:
                profile = replace(profile, utility=profile.utility + 0.2)
            return Tilts(profile, 0.5)

        def enclosed(self, *_: object) -> None:
            return None

    model = Model.parse("pair", "laplace()", "normal()")
    (question,) = compare([model], [], ["0.1"], [Unsteady()]).questions
    assert question.rows[0].kl is None and "do not agree" in question.rows[0].because


def test_draws_that_miss_the_mean_are_not_shown() -> None:
    """A lognormal law with s = 5: its mean, 2.7e5, comes from draws that are hardly ever made."""
    model = Model.parse("pair", "lognormal(mu=0, sigma=5)", "normal()")
    lowest = next(mitigation for mitigation in MITIGATIONS if "lowest" in mitigation.name)
    (question,) = compare([model], [], ["0.5"], [lowest]).questions
    assert question.rows[0].kl is None and "too heavy" in question.rows[0].because


def test_equal_laws_of_the_fixed_set() -> None:
    """Without laws, three pairs; a mitigation that has no policy says so in each."""
    answer = compare(gains=[], kls=["1"], mitigations=[KLPenalty(), OddsCap()])
    assert answer.road
    assert [model.name for model in answer.models] == ["light", "heavy", "dependent"]
    missing = [question.rows[0].kl is None for question in answer.questions]
    assert missing == [False, True, False]
    assert all(question.rows[1].kl is not None for question in answer.questions)
    # The odds cap keeps more of the utility than the tilt, at a KL of 1.
    light = answer.questions[0]
    assert light.gain(light.rows[1], "mean_v") > light.gain(light.rows[0], "mean_v")  # type: ignore[operator]
