"""Whole attacks on tiny random models: what is reported is the best, and rightly priced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.gpu_checks import tiny
from verify.errors import InputError
from verify.laws.empirical_law import Empirical

pytestmark = pytest.mark.gpu

PROMPT = "what is a fox?"
#: Rewards of tiny models are about 1; float32 roots in their norms.
ROUNDING = 1e-5


def settings(**others: Any) -> Any:
    from gpu_checks.attack.schedule import geometric
    from gpu_checks.attack.settings import Settings

    given = Settings(length=8, edits=geometric(3, 1, 6), width=12, top_k=20, merges=3, history=2)
    return replace(given, **others)


def attacked(kind: str = "last", **options: Any) -> Any:
    from gpu_checks.attack.run import attack

    given = options.pop("settings", settings())
    return attack(tiny.reward(kind), PROMPT, given, **options)


def test_the_best_of_the_runs_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official script's results were sorted upwards, and the first was taken."""
    from gpu_checks.attack.result import best_of

    answer = attacked(runs=3)
    rewards = [run.reward for run in answer.runs]
    assert len(set(rewards)) == 3 and answer.best.reward == max(rewards)
    assert best_of(sorted(answer.runs, key=lambda run: run.reward)).reward == max(rewards)
    written = answer.to_dict()
    assert written["best"]["reward"] == repr(max(rewards))
    assert [float(each) for each in written["rewards_of_runs"]] == rewards
    assert [run["seed"] for run in written["runs"]] == [0, 1, 2]


@pytest.mark.parametrize("kind", ["classifier", "mean"])
def test_what_is_found_has_the_reward_that_is_said(kind: str) -> None:
    reward = tiny.reward(kind)
    answer = attacked(kind)
    best = answer.best
    assert answer.prefix_cache == (kind == "classifier")
    assert reward.score([PROMPT], [best.text])[0] == pytest.approx(best.reward, abs=ROUNDING)
    assert best.text_reward == pytest.approx(best.reward, abs=ROUNDING)
    start = best.state.trace[0][2]
    assert best.reward > start + 0.1


def test_any_tokens_may_have_no_text() -> None:
    """Then the text has another reward, and both are told."""
    from gpu_checks.attack.terminal import terminal_lines

    answer = attacked(settings=settings(retokenise=False, seed=3))
    reward = tiny.reward("last")
    best = answer.best
    assert reward.score([PROMPT], [best.text])[0] == pytest.approx(best.text_reward, abs=ROUNDING)
    assert abs(best.text_reward - best.reward) > 1e-3
    assert any("the text alone" in line for line in terminal_lines(answer))


def test_the_log_probability_is_that_of_each_token_after_those_before() -> None:
    """Against a loop token by token; planted: unshifted logits, and no token that begins."""
    import torch

    from gpu_checks.attack.run import log_prob

    policy, reward = tiny.policy(), tiny.reward()
    ids = [40, 7, 99, 150, 12]

    def by_loop(context: list[int], shift: int = 1) -> float:
        total = 0.0
        for place, token in enumerate(ids):
            text = torch.tensor([[*context, *ids]])
            at = len(context) + place - shift
            logits = policy.model(input_ids=text[:, : at + 1]).logits[0, -1].double()
            total += float(logits[token] - logits.logsumexp(0))
        return total

    prompt = policy.encode_prompt(PROMPT)
    found = log_prob(policy, reward, PROMPT, ids, "")
    assert found.shared and found.ids == tuple(ids)
    assert found.value == pytest.approx(by_loop(prompt), abs=ROUNDING)
    assert abs(found.value - by_loop(prompt, shift=0)) > 0.1  # unshifted

    alone = log_prob(policy, reward, "", ids, "")
    begins = policy.tokenizer.bos_token_id
    assert alone.value == pytest.approx(by_loop([begins]), abs=ROUNDING)
    without = sum_without_beginning(policy, ids)
    assert abs(alone.value - without) > 0.1


def sum_without_beginning(policy: Any, ids: list[int]) -> float:
    """As in the official script: the first token is given for nothing."""
    import torch

    logits = policy.model(input_ids=torch.tensor([ids])).logits[0, :-1].double().log_softmax(1)
    return float(logits.gather(1, torch.tensor(ids[1:])[:, None]).sum())


def test_a_policy_of_another_vocabulary_reads_the_text() -> None:
    from gpu_checks.attack.run import log_prob

    policy, reward = tiny.policy(), tiny.reward()
    reward.tokenizer = tiny.tokenizer.__wrapped__()
    reward.tokenizer.add_tokens(["another"])
    text = "the quick fox"
    found = log_prob(policy, reward, PROMPT, [5, 6], text)
    assert not found.shared
    assert list(found.ids) == policy.tokenizer(text, add_special_tokens=False)["input_ids"]
    with pytest.raises(InputError, match="has no tokens"):
        log_prob(policy, reward, PROMPT, [5, 6], "")


def test_the_whole_answer(rng: np.random.Generator) -> None:
    """JSON, CSV and lines say the same."""
    from gpu_checks.attack.price import default_shares
    from gpu_checks.attack.terminal import terminal_lines

    base = Empirical.from_values(0.1 * rng.standard_normal(200))
    answer = attacked(
        policy=tiny.policy(), base=base, base_files=("base.npy",), shares=default_shares()
    )
    written = answer.to_dict()
    assert written["schema"] == "goodhart-attack/1"
    assert len(written["mixtures"]) == 4 and written["mixtures"][0]["share"] == "0.01"
    certain = written["mixtures"][3]
    assert certain["share"] == "1" and certain["place"] == "above"
    assert float(certain["kl"][0]) == pytest.approx(-answer.log_prob.value, rel=1e-15)
    rows = list(answer.rows())
    assert rows[0] == ("seed", "step", "forward_passes", "reward")
    assert rows[-1][3] == written["best"]["reward"]
    lines = list(terminal_lines(answer))
    assert lines[0].startswith("acg on tiny last: best reward ")
    assert lines[-1].startswith("  forced with probability 1: KL ") and "(above)" in lines[-1]


def test_an_attack_goes_on_where_it_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpu_checks.attack import run

    monkeypatch.setattr(run, "SAVE_EVERY", 0.0)
    whole = attacked(runs=2)

    def cut(done: int, total: int, last: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attacked(runs=2, work_folder=str(tmp_path), progress=cut)
    assert [file.name for file in tmp_path.iterdir()] == ["attack_0.json"]
    steps: list[int] = []
    again = attacked(
        runs=2,
        work_folder=str(tmp_path),
        progress=lambda done, total, last: steps.append(done),
    )
    assert steps == [5, 6, 1, 2, 3, 4, 5, 6]
    assert [run.to_dict() for run in again.runs] == [run.to_dict() for run in whole.runs]
    with pytest.raises(InputError, match=r"another search \(settings differ\)"):
        attacked(settings=settings(width=13), work_folder=str(tmp_path))


def test_an_answer_that_the_model_cannot_read_whole_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"beside this prompt it reads \d+ tokens of an answer; 250 were asked for"
    ):
        attacked(settings=settings(length=250))
