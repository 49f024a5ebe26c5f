"""Attacks on a reward model, against nanogcg, plain GCG and random search.

Run by ``make bench``. nanogcg searches for a text that makes a language model say a target: its
loss needs the logits of all tokens, ours one number a candidate. Both read the same trunk
(SmolLM2), the same number of candidates of the same number of tokens, about as long a template and
no filter by text. The aims: 1.3 times as many candidates a second without any cache; and, at equal
forward passes over five seeds, a better reward than GCG and than random search. That is asked where
there is something left to find: with 12 tokens and 1000 passes this reward model saturates, and ACG
(1.562, standard deviation 0.008) and GCG (1.565, 0.010) do not differ.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.gpu, pytest.mark.models]

#: nanogcg cuts its candidates into batches of this size; so does ours.
BATCH = 16
WIDTH, LENGTH, TOP_K = 32, 20, 64
REPEATS = 3
AIM = 1.3
SEEDS = range(5)
ANSWER, PASSES = 24, 500
PROMPT = "How are you?"


def smollm2() -> tuple[Any, Any, Any]:
    """The language model, its tokenizer, and a reward model on its trunk with a random head."""
    import torch

    from gpu_checks.models import RewardModel, base_policy
    from gpu_checks.models.heads import TrunkWithHead

    policy = base_policy("smollm2", "cpu", "float32")
    torch.manual_seed(0)
    network = TrunkWithHead(policy.model.model, "last").eval().requires_grad_(False)
    return policy.model, policy.tokenizer, RewardModel(network, policy.tokenizer, "smollm2", 2048)


def peer(model: Any, tokenizer: Any) -> Any:
    """nanogcg, made ready."""
    from nanogcg.gcg import GCG, GCGConfig

    config = GCGConfig(
        num_steps=1,
        optim_str_init=" x" * LENGTH,
        search_width=WIDTH,
        batch_size=BATCH,
        topk=TOP_K,
        use_prefix_cache=False,  # with transformers 5 it fails
        filter_ids=False,
        verbosity="ERROR",
    )
    return GCG(model, tokenizer, config)


def ours(reward: Any, cached: bool) -> Any:
    """One step from a random answer, as nanogcg's: a gradient and as many candidates."""
    from gpu_checks.attack.objective import RewardObjective
    from gpu_checks.attack.prefix_cache import CausalScorer
    from gpu_checks.attack.search import Search
    from gpu_checks.attack.settings import Settings
    from gpu_checks.attack.vocabulary import Vocabulary

    vocabulary = Vocabulary(reward.tokenizer, len(reward.embedding))
    causal = CausalScorer.of(reward.network) if cached else None
    objective = RewardObjective(reward, PROMPT, vocabulary, causal)
    assert (objective.causal is not None) == cached
    reward.budget.rows = BATCH
    settings = Settings(
        length=LENGTH, edits=(1,), width=WIDTH, top_k=TOP_K, merges=0, history=1, retokenise=False
    )
    return lambda: Search(objective, settings).run()


@pytest.mark.skipif(find_spec("nanogcg") is None, reason="needs the extra bench: no nanogcg here")
@pytest.mark.filterwarnings("ignore")
def test_candidates_a_second() -> None:
    model, tokenizer, reward = smollm2()
    attacker = peer(model, tokenizer)
    runs = {
        "nanogcg": lambda: attacker.run(PROMPT + "{optim_str}", "x"),
        "ours": ours(reward, cached=False),
        "ours, beginnings read once": ours(reward, cached=True),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(REPEATS):
        for name, run in runs.items():  # by turns: what else runs here slows all of them
            start = perf_counter()
            run()
            times[name].append(perf_counter() - start)
    least = {name: min(each) for name, each in times.items()}
    for name, seconds in least.items():
        print(
            f"\n{name}: {WIDTH / seconds:.2f} candidates/s, "
            f"{least['nanogcg'] / seconds:.2f} times nanogcg's",
            end="",
        )
    print()
    assert least["nanogcg"] / least["ours"] >= AIM
    assert least["ours, beginnings read once"] < least["ours"]


def trained() -> Any:
    """The reward model from human preferences that comes with the project."""
    from pathlib import Path

    import gpu_checks.models
    from gpu_checks.models import reward_model

    folder = Path(gpu_checks.models.__file__).parent / "trained" / "minilm-harmless"
    return reward_model(str(folder), "cpu", "float32")


def test_best_reward_at_equal_forward_passes() -> None:
    from gpu_checks.attack.objective import RewardObjective
    from gpu_checks.attack.schedule import geometric
    from gpu_checks.attack.search import Search
    from gpu_checks.attack.settings import Settings
    from gpu_checks.attack.vocabulary import Vocabulary

    reward = trained()
    vocabulary = Vocabulary(reward.tokenizer, len(reward.embedding))
    objective = RewardObjective(reward, PROMPT, vocabulary, None)
    steps = PASSES // WIDTH
    given = Settings(length=ANSWER, edits=geometric(2, 1, steps), width=WIDTH, history=4)
    found: dict[str, np.ndarray] = {}
    for method in ("acg", "gcg", "random"):
        edits = given.edits + (1,) * steps  # gradients are left out where the parent stays
        settings = replace(given, method=method, edits=edits, passes=PASSES)
        states = [Search(objective, replace(settings, seed=seed)).run() for seed in SEEDS]
        assert all(PASSES <= state.passes < PASSES + WIDTH + 3 for state in states)
        found[method] = np.array([state.best.reward for state in states])
    for method, rewards in found.items():
        print(
            f"\n{method}: mean of the best {rewards.mean():.3f}, standard deviation "
            f"{rewards.std(ddof=1):.3f}, from {rewards.min():.3f} to {rewards.max():.3f}",
            end="",
        )
    print()
    for other in ("gcg", "random"):
        gain = found["acg"] - found[other]
        wins = int((gain > 0).sum())
        print(f"acg over {other}: {gain.mean():.3f} a seed, better on {wins} of {len(gain)} seeds")
        assert gain.mean() > 0
