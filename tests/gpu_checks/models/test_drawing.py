"""Samples of a base policy: their law, their log-probabilities, and what they depend on.

The models are tiny, with random weights.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.gpu_checks import tiny
from tests.gpu_checks.models.test_log_probs import CLOSE
from verify.errors import InputError

pytestmark = pytest.mark.gpu

PROMPTS = [[5, 9, 14, 7], [], [30], [8] * 12] * 3


def generators(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(count)]


def test_kept_log_probabilities_are_those_of_the_whole_text() -> None:
    policy = tiny.policy()
    drawn = policy.sample(PROMPTS, 30, generators(len(PROMPTS)))
    again = policy.log_probs(PROMPTS, [each.ids for each in drawn])
    assert max(np.abs(a - b.log_probs).max() for a, b in zip(again, drawn, strict=True)) < CLOSE


def test_an_answer_ends_at_the_first_token_that_ends_it() -> None:
    policy = tiny.policy()
    policy.ends = frozenset(range(100))  # a third of all tokens: answers of about 3
    drawn = policy.sample(PROMPTS, 6, generators(len(PROMPTS)))
    assert {each.ended for each in drawn} == {True, False}
    for each in drawn:
        assert not policy.ends & set(each.ids[:-1])
        assert each.ended == (each.ids[-1] in policy.ends)
        assert each.ended or len(each.ids) == 6


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_an_answer_does_not_depend_on_the_batch(rows: int) -> None:
    policy = tiny.policy()
    policy.ends = frozenset(range(40))  # rows leave the batch at different times
    together = policy.sample(PROMPTS, 10, generators(len(PROMPTS)))
    assert len({len(each.ids) for each in together}) > 2
    policy.budget.rows = rows
    apart = policy.sample(PROMPTS, 10, generators(len(PROMPTS)))
    assert [each.ids for each in apart] == [each.ids for each in together]


def test_one_generator_spawns_those_of_the_answers() -> None:
    policy = tiny.policy()
    by_one = policy.sample(PROMPTS, 5, np.random.default_rng(3))
    by_many = policy.sample(PROMPTS, 5, np.random.default_rng(3).spawn(len(PROMPTS)))
    assert [each.ids for each in by_one] == [each.ids for each in by_many]
    assert len({tuple(each.ids) for each in by_one}) == len(PROMPTS)


def test_generation_defaults_of_a_checkpoint_are_not_applied() -> None:
    from transformers import GenerationConfig

    policy = tiny.policy()
    before = policy.sample(PROMPTS, 8, generators(len(PROMPTS)))
    policy.model.generation_config = GenerationConfig(
        do_sample=True, top_k=1, temperature=0.1, repetition_penalty=2.0, eos_token_id=2
    )
    after = policy.sample(PROMPTS, 8, generators(len(PROMPTS)))
    assert [each.ids for each in before] == [each.ids for each in after]
    # Planted: with them, every answer to a prompt is the same.
    assert len({tuple(each.ids) for each in after[::4]}) == 3


def test_tokens_are_drawn_with_their_probabilities() -> None:
    import torch

    from gpu_checks.models.drawing import draw_tokens

    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(scale=3, size=50))
    logits[[0, 20, 49]] = -torch.inf
    count = 20_000
    grid = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    drawn, logs = draw_tokens(logits.expand(count, -1), grid, 1.0)
    # Of a grid, an interval of length p holds count p points, up to one at its ends.
    expected = count * logits.softmax(0)
    found = torch.bincount(drawn, minlength=50)
    assert float((found - expected).abs().max()) <= 1
    assert (
        torch.equal(logs, logits.log_softmax(0)[drawn])
        or float((logs - logits.log_softmax(0)[drawn]).abs().max()) < 1e-14
    )
    # The ends of [0, 1) fall on tokens that have a probability.
    edges = torch.tensor([0.0, 1 - 2.0**-53], dtype=torch.float64)
    assert draw_tokens(logits.expand(2, -1), edges, 1.0)[0].tolist() == [1, 48]


def test_bad_numbers_are_refused() -> None:
    policy = tiny.policy()
    with pytest.raises(InputError, match="max_new_tokens: expected a number from 1 on, got 0"):
        policy.sample([[5]], 0, np.random.default_rng(0))
    with pytest.raises(InputError, match="a text of 258 tokens"):
        policy.sample([[5, 6]], 256, np.random.default_rng(0))


def test_uniform_tokens_are_ordinary_ones() -> None:
    from gpu_checks.models.uniform import UniformPolicy

    policy = UniformPolicy(tiny.tokenizer(), "uniform")
    drawn = policy.sample([[]] * 200, 20, generators(200))
    ordinary = set(tiny.tokenizer().get_vocab().values()) - {0, 1, 2}
    assert {token for each in drawn for token in each.ids} == ordinary
    assert all(each.ended and len(each.ids) == 20 for each in drawn)
    assert np.allclose(drawn[0].log_probs, -np.log(len(ordinary)), rtol=1e-15)
