"""Training against rewards of known parts: estimates against sums, and planted outcomes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from docs.generate import ROOT
from gpu_checks.enumerable.tree import PrefixTree, kl_of_trajectories
from gpu_checks.models.policy import BasePolicy
from gpu_checks.training.adaptive import GAIN, LARGEST_ERROR, moved
from gpu_checks.training.arms import arms
from gpu_checks.training.divergence import Estimated, estimate_kl
from gpu_checks.training.enumerable_policy import LENGTH, PROMPT, VOCABULARY, save_enumerable_policy
from gpu_checks.training.exact_parts import Enumerated, ExactParts, tree_of
from gpu_checks.training.experiment import ArmRun, Experiment, run_experiment
from gpu_checks.training.findings import findings
from gpu_checks.training.recorder import Entry
from gpu_checks.training.result import rows, to_dict
from gpu_checks.training.settings import Settings
from tests.terminal import Terminal
from verify.errors import InputError

ARMS = arms(Settings(), 1, {2: 1.0, 3: -1.0}, clip=5.0)
HEAVY, LIGHT, CLIPPED, FREE = ARMS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policy")


@pytest.fixture(scope="module")
def base(folder: Path) -> BasePolicy:
    return save_enumerable_policy(folder)


@pytest.fixture(scope="module")
def answers(base: BasePolicy) -> Enumerated:
    return Enumerated(base, LIGHT.reward)


def pushed(base: BasePolicy, by: float) -> BasePolicy:
    """Another policy: its output weights are moved, those of each token by another number."""
    from copy import deepcopy

    model = deepcopy(base.model)
    with torch.no_grad():
        weight = model.get_output_embeddings().weight
        weight += by * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    return BasePolicy(model, base.tokenizer, "pushed")


# ---------------------------------------------------------------- the KL divergence


def test_both_estimates_meet_the_sum_over_all_answers(
    base: BasePolicy, rng: np.random.Generator
) -> None:
    policy = pushed(base, 0.1)
    tree, origin = tree_of(policy), tree_of(base)
    drawn = tree.trajectories[tree.sample(3000, rng)].tolist()
    contexts = [[0]] * len(drawn)
    k1, k3 = estimate_kl(policy.log_probs(contexts, drawn), base.log_probs(contexts, drawn))
    exact = kl_of_trajectories(tree, origin)
    assert exact > 0.05
    # Five standard errors are exceeded once in two million tries.
    assert abs(k1.mean - exact) < 5 * k1.error
    assert abs(k3.mean - exact) < 5 * k3.error
    assert k3.error < k1.error
    # Planted: the estimates of the other divergence are not.
    other, _ = estimate_kl(base.log_probs(contexts, drawn), policy.log_probs(contexts, drawn))
    assert abs(other.mean - exact) > 5 * other.error


def test_k3_is_never_negative_and_both_are_nothing_at_the_base() -> None:
    logs = [np.array([-1.0, -2.0]), np.array([-0.5])]
    assert estimate_kl(logs, logs) == (Estimated(0, 0), Estimated(0, 0))
    one, three = estimate_kl(logs, [log + 0.3 for log in logs])
    assert one.mean < 0 < three.mean


def test_the_coefficient_follows_the_divergence() -> None:
    assert moved(1.0, 2.0, 2.0) == 1.0
    assert moved(1.0, 2.2, 2.0) == pytest.approx(1 + GAIN * 0.1)
    assert moved(1.0, 100.0, 2.0) == 1 + GAIN * LARGEST_ERROR
    assert moved(1.0, -3.0, 2.0) == 1 - GAIN * LARGEST_ERROR > 0


# ---------------------------------------------------------------- sums over all answers


def test_no_policy_beats_the_tilt(base: BasePolicy, answers: Enumerated) -> None:
    best = answers.best_objective(1.0)
    tilted = answers.tilted(1.0)
    # Sums of 6^7 probabilities and rewards below 8, each with 1e-16.
    assert tilted.u - tilted.kl == pytest.approx(best, abs=1e-9)
    for policy in (base, pushed(base, 0.2)):
        found = answers.of(policy)
        assert found.u - found.kl < best
        assert found.u == pytest.approx(found.v + found.x, abs=1e-9)
    assert answers.of(base).kl == 0


def test_clipping_bounds_the_reward_of_the_tilt(base: BasePolicy) -> None:
    heavy = Enumerated(base, HEAVY.reward)
    assert heavy.tilted(1.0).v < heavy.of(base).v < heavy.tilted(1.0, clip=5.0).v


def test_the_page_has_the_numbers_of_the_tilt(base: BasePolicy, answers: Enumerated) -> None:
    page = (ROOT / "docs" / "concepts" / "training.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", page, re.MULTILINE)
    assert len(rows) == 7
    heavy = Enumerated(base, HEAVY.reward)
    for b, cells in rows:
        coefficient = float(b)
        tilts = (heavy.tilted(coefficient), answers.tilted(coefficient))
        found = [*tilts, heavy.tilted(coefficient, CLIPPED.settings.clip)]
        expected = [f"{number:.2f}" for each in found for number in (each.kl, each.v)]
        assert [cell.strip() for cell in cells.split("|")] == expected


def test_saving_the_policy_shows_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save_enumerable_policy(tmp_path)
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "model.safetensors").stat().st_size > 0


def test_the_policy_gives_every_answer_the_same_length(base: BasePolicy) -> None:
    tree = tree_of(base)
    assert isinstance(tree, PrefixTree)
    assert tree.size == VOCABULARY**LENGTH >= 10**5
    assert base.tokenizer(PROMPT)["input_ids"] == [0]
    assert base.tokenizer.eos_token_id == VOCABULARY  # which the model does not know
    assert base.vocabulary_size == VOCABULARY


# ---------------------------------------------------------------- training


@pytest.fixture(scope="module")
def trained(folder: Path, base: BasePolicy) -> Experiment:
    """Two updates of one arm: enough to see that everything is written down."""
    arm = replace(LIGHT, settings=Settings(steps=2, answers=32, group=32, target_kl=0.5))
    return run_experiment(folder, base, [PROMPT] * 32, [arm], [5], enumerable=True)


def test_what_is_logged_is_what_the_sums_say(trained: Experiment) -> None:
    run = trained.runs[0]
    assert [entry.step for entry in run.entries] == [0, 1]
    assert sorted(run.exact) == [0, 1, 2]
    for entry in run.entries:
        exact = run.exact[entry.step]
        for part in ("u", "v", "x"):
            estimated = getattr(entry, part)
            assert abs(estimated.mean - getattr(exact, part)) < 5 * estimated.error
    assert run.exact[0].kl == 0 < run.exact[2].kl
    assert run.exact[2].u > run.exact[0].u  # it learns
    assert run.last == run.exact[2]


def test_the_target_moves_the_coefficient(trained: Experiment) -> None:
    first, second = trained.runs[0].entries
    assert first.coefficient == 1.0
    assert second.coefficient == pytest.approx(moved(1.0, first.k1.mean, 0.5))


def test_the_answer_as_data(trained: Experiment) -> None:
    table = list(rows(trained))
    assert len(table) == 3 and len(set(map(len, table))) == 1
    with pytest.raises(KeyError):  # it compares arms, and this experiment has one
        findings(trained)


# ---------------------------------------------------------------- findings


def entry(step: int, v: float, kl: float) -> Entry:
    some = Estimated(v, 0.1)
    return Entry(step, some, some, some, Estimated(kl, 0.0), Estimated(kl, 0.0), 1.0)


@cache
def outcome(heavy_v: float, light_v: float, free_v: float, u: float = 10.0) -> dict[str, Any]:
    """Verdicts where the arms ended with these utilities; the base has 1."""
    ends = {"heavy": heavy_v, "light": light_v, "clipped": light_v, "unpenalised": free_v}
    runs = [
        ArmRun(
            name,
            seed,
            (entry(0, 1.0, 0.0), entry(1, v, 2.0)),
            {0: ExactParts(1, 1, 0, 0), 2: ExactParts(u, v + seed * 1e-3, 0, 2)},
            (),
        )
        for name, v in ends.items()
        for seed in range(3)
    ]
    start = {name: ExactParts(1, 1, 0, 0) for name in ends}
    found = Experiment(ARMS, tuple(runs), start, {}, {"heavy": 9.0, "light": 9.0})
    answer = to_dict(found)
    assert json.loads(json.dumps(answer)) == answer
    return {each["prediction"]: each["verdict"] for each in answer["findings"]}


def test_what_the_theory_says_holds() -> None:
    assert set(outcome(0.0, 3.0, 0.0).values()) == {"holds"}


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((2.0, 3.0, 2.0), "gains nothing"),
        ((0.0, 0.5, 0.0), "light error"),
        ((0.9, 3.0, -1.0), "equal KL"),
        ((0.0, 3.0, 0.0, 12.0), "beats the tilt"),
    ],
)
def test_what_it_denies_fails(ends: tuple[float, ...], words: str) -> None:
    verdicts = outcome(*ends)
    assert "fails" in {verdict for text, verdict in verdicts.items() if words in text}


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--steps", "0"), "steps: expected 1"),
        (("--coefficient", "-1"), "coefficient"),
        (("--target-kl", "0"), "target KL"),
        (("--seeds", "0"), "--seeds"),
        (("--length", "3"), "7 tokens"),
        (("--policy", "smollm2"), "--prompts"),
    ],
)
def test_bad_input_is_one_line(terminal: Terminal, options: tuple[str, ...], words: str) -> None:
    assert words in terminal.refused("train", *options)


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="multiple"):
        Settings(answers=10, group=4)


@pytest.mark.heavy
def test_a_heavy_error_takes_over_and_a_light_one_does_not(terminal: Terminal) -> None:
    done = terminal("train", "--json", "-", "--plot", "a.png")
    assert done.status == 0
    assert {each["verdict"] for each in json.loads(done.out)["findings"]} == {"holds"}
    assert Path("a.png").stat().st_size > 10_000
