"""Tables of the pages on models, from the results in ``gpu_checks/results/``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from math import isinf
from pathlib import Path
from typing import Any

from docs.tables import table
from gpu_checks.suite.sizes import SIZES

RESULTS = Path(__file__).resolve().parent.parent / "gpu_checks" / "results"
#: What the arms of training are called on the page.
ARMS = {
    "heavy": "heavy error, KL penalty",
    "light": "light error, KL penalty",
    "clipped": "heavy error, clipped reward, KL penalty",
    "capped": "heavy error, odds capped, no penalty",
    "unpenalised": "heavy error, no penalty",
}
#: Numbers are written in another way below the one, and from the other on.
SMALL, LARGE = 0.01, 1000
#: Updates at which a coefficient is shown.
UPDATES = (5, 10, 20, 30, 39)
#: Runs, and numbers of their updates, at which estimates of the KL are shown beside the sum.
SHOWN = (
    ("light", 0, 20),
    ("heavy", 0, 7),
    ("heavy", 1, 30),
    ("heavy", 2, 20),
    ("heavy", 2, 30),
)


@cache
def results(name: str) -> dict[str, Any]:
    """What a file of results holds."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return found


def models(which: str) -> str:
    """A table by its name and that of its file, such as ``findings train-smoke``; or ``sizes``."""
    if which == "sizes":
        return sizes()
    kind, name = which.split()
    kinds = {
        "suite": suite,
        "arms": arms,
        "findings": training_findings,
        "estimates": estimates,
        "coefficients": coefficients,
        "tails": tails,
        "words": words,
    }
    return kinds[kind](results(name))


def arms(answer: Mapping[str, Any]) -> str:
    """Where each arm ended, beside the base policy and the best policy."""
    rows = []
    for arm in answer["arms"]:
        best = arm["best_policy"]
        ends = [run["summed"][max(run["summed"], key=int)] for run in arm["runs"]]
        rows.append(
            [
                ARMS[arm["name"]],
                *(_range([end[part] for end in ends]) for part in ("kl", "u", "x", "v")),
                *("-" if best is None else _number(best[part]) for part in ("kl", "v")),
            ]
        )
    titles = ["Arm", "KL", "E U", "E X", "**E V**", "KL of the best policy", "its E V"]
    return table(titles, rows)


def training_findings(answer: Mapping[str, Any]) -> str:
    """Predictions of an experiment beside their outcomes."""
    titles = ["Prediction", "Outcome", "Interval", "Verdict"]
    return table(titles, [_finding(each) for each in answer["findings"]])


def suite(answer: Mapping[str, Any]) -> str:
    """Predictions of a run of the suite beside their outcomes."""
    rows = [
        [f"`{check['name']}`", *_finding(each)]
        for check in answer["checks"]
        for each in check["findings"]
    ]
    return table(["Check", "Prediction", "Outcome", "Interval", "Verdict"], rows)


def sizes() -> str:
    """How much the suite does."""
    what = {
        "prompts": "Prompts",
        "answers": "answers to each",
        "tokens": "tokens at most",
        "random_texts": "Random texts",
        "attack_steps": "Steps of an attack",
        "attack_runs": "runs",
        "training_steps": "Updates in training",
        "seeds": "seeds",
    }
    rows = [
        [f"`{name}`", *(f"{getattr(size, key):,}" for key in what)] for name, size in SIZES.items()
    ]
    return table(["Size", *what.values()], rows)


def estimates(answer: Mapping[str, Any]) -> str:
    """Two estimates of the KL beside the sum over all answers."""
    arms = {arm["name"]: arm for arm in answer["arms"]}
    rows = []
    for name, seed, step in SHOWN:
        (run,) = (run for run in arms[name]["runs"] if run["seed"] == seed)
        (entry,) = (entry for entry in run["logged"] if entry["step"] == step)
        rows.append(
            [
                f"{ARMS[name]}, seed {seed}, {step} updates",
                _number(run["summed"][str(step)]["kl"]),
                *(
                    f"{_number(entry[k]['mean'])} ± {_number(entry[k]['error'])}"
                    for k in ("k1", "k3")
                ),
            ]
        )
    return table(["Policy", "KL, summed", "k1", "k3"], rows)


def coefficients(answer: Mapping[str, Any]) -> str:
    """The coefficient of a target KL at some updates, with the proxy and the KL."""
    rows = []
    for arm in answer["arms"]:
        if arm["settings"]["target_kl"] is None:
            continue
        logs = [{entry["step"]: entry for entry in run["logged"]} for run in arm["runs"]]
        for step in UPDATES:
            entries = [log[step] for log in logs]
            rows.append(
                [
                    ARMS[arm["name"]],
                    str(step),
                    _range([entry["coefficient"] for entry in entries]),
                    *(
                        _range([each[part]["mean"] for each in entries])
                        for part in ("k1", "u", "v")
                    ),
                ]
            )
    return table(["Arm", "Updates", "Coefficient", "KL (k1)", "E U", "E V"], rows)


def tails(answer: Mapping[str, Any]) -> str:
    """What the audit says of each sample of rewards."""
    rows = []
    for each in answer["samples"]:
        shape, rate = each["tail_index"], each["rate"]
        given = each["per_prompt"]
        rows.append(
            [
                f"`{each['model']}`",
                each["texts"],
                f"{each['n']:,}",
                f"**{_word(each['verdict'])}**",
                "-" if given is None else _word(given["verdict"]),
                _interval(shape, "shape"),
                "-" if rate is None else _interval(rate, "rate"),
            ]
        )
    titles = ["Verdict", "given the prompt", "Extreme-value index, 95 %", "Rate, 95 %"]
    return table(["Model", "Texts", "Rewards", *titles], rows)


def words(answer: Mapping[str, Any]) -> str:
    """E V under the policies of tilts on all continuations of a text, error by error."""
    budgets = list(answer["errors"][0]["utility"])
    rows = [
        [
            f"`{each['error']}`",
            *(_signed(value) for value in (each["base"], *each["utility"].values())),
        ]
        for each in answer["errors"]
    ]
    return table(["Error", "E V at KL 0", *budgets], rows)


def _signed(value: float) -> str:
    """Three places."""
    return f"{value:.3f}".replace("-", "−")


def _finding(found: Mapping[str, Any]) -> list[str]:
    low, high = found["low"], found["high"]
    between = "-" if low is None or high is None else f"{_number(low)} to {_number(high)}"
    text = str(found["prediction"])
    return [text, _number(found["outcome"]), between, f"**{found['verdict']}**"]


def _interval(found: Mapping[str, str | None], name: str) -> str:
    """A number with its interval, as the audit writes them; none is known of too few rewards."""
    texts = [found[key] for key in (name, "low", "high")]
    value, low, high = (
        _number(None if text is None else float(text.replace("oo", "inf"))) for text in texts
    )
    return value if low == high == "-" else f"{value} ({low} to {high})"


def _range(numbers: Sequence[float]) -> str:
    """The numbers of several runs: one where they look the same."""
    low, high = _number(min(numbers)), _number(max(numbers))
    return low if low == high else f"{low} to {high}"


def _number(value: float | None) -> str:
    """Four digits; what is closer to 0 than 0.01 in four places."""
    if value is None:
        return "-"
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{size:.4f}" if size < SMALL else f"{size:.4g}" if size < LARGE else f"{size:,.0f}"
    return "0" if float(text.replace(",", "")) == 0 else f"{'−' * (value < 0)}{text}"


def _word(verdict: str) -> str:
    return verdict.replace("_", " ")
