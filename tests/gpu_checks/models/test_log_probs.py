"""Log-probabilities of a base policy against a loop that reads one token after another.

The models are tiny, with random weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.gpu_checks import tiny
from verify.errors import InputError

pytestmark = pytest.mark.gpu

#: Two orders of the same float64 sums. A logit is behind about 20 products of at most 256 terms,
#: each off by 256 units of 2^-53 in its own scale; random layers amplify that by less than 100.
CLOSE = 20 * 256 * 2.0**-53 * 100
PROMPTS = [[5, 9, 14, 7], [], [30], [8] * 20]
ANSWERS = [[40, 3, 2], [11, 12, 13, 14, 15, 2], [2], [7, 7]]


def one_by_one(model: Any, prompt: list[int], answer: list[int]) -> np.ndarray:
    """What the model says of each token after exactly the tokens before it."""
    import torch

    text, found = list(prompt), []
    for token in answer:
        with torch.no_grad():
            logits = model(torch.tensor([text])).logits[0, -1]
        found.append(float(logits.log_softmax(0)[token]))
        text.append(token)
    return np.array(found)


def test_a_padded_batch_says_what_a_loop_over_tokens_does() -> None:
    policy = tiny.policy()
    found = policy.log_probs(PROMPTS, ANSWERS)
    for prompt, answer, each in zip(PROMPTS, ANSWERS, found, strict=True):
        slow = one_by_one(policy.model, prompt or [policy.bos], answer)
        assert each.dtype == np.float64
        assert np.abs(each - slow).max() < CLOSE


def test_neither_unshifted_logits_nor_a_missing_beginning_come_as_close() -> None:
    import torch

    policy = tiny.policy()
    (right,) = policy.log_probs([[]], [ANSWERS[1]])
    text = torch.tensor([[policy.bos, *ANSWERS[1]]])
    with torch.no_grad():
        logs = policy.model(text).logits[0].log_softmax(-1)
    unshifted = logs[1:].gather(1, text[0, 1:, None])[:, 0].numpy()
    assert np.abs(right - unshifted).min() > 1e6 * CLOSE
    without = one_by_one(policy.model, ANSWERS[1][:1], ANSWERS[1][1:])
    assert np.abs(right[1:] - without).max() > 1e6 * CLOSE


def test_the_probabilities_of_all_answers_of_one_token_add_up_to_one() -> None:
    policy = tiny.policy()
    size = policy.vocabulary_size
    every = policy.log_probs([[6, 7]] * size, [[token] for token in range(size)])
    # 320 terms and as many roundings, besides those of the logits, which are the same in all.
    assert abs(float(np.exp(every).sum()) - 1) < CLOSE


def test_a_temperature_divides_the_logits() -> None:
    import torch

    policy = tiny.policy()
    (found,) = policy.log_probs([[6]], [[9]], temperature=2.5)
    with torch.no_grad():
        logits = policy.model(torch.tensor([[6]])).logits[0, -1]
    assert abs(found[0] - float((logits / 2.5).log_softmax(0)[9])) < CLOSE


def test_an_empty_answer_has_no_tokens() -> None:
    found = tiny.policy().log_probs([[6], [6]], [[], [9]])
    assert [len(each) for each in found] == [0, 1]


def test_what_cannot_be_read_is_refused() -> None:
    policy = tiny.policy()
    with pytest.raises(InputError, match="token 999 is not among its"):
        policy.log_probs([[6]], [[999]])
    with pytest.raises(InputError, match="token -1 is not among"):
        policy.log_probs([[6]], [[-1]])
    with pytest.raises(InputError, match="a text of 301 tokens, of which it reads 256"):
        policy.log_probs([[6]], [[9] * 300])
    with pytest.raises(InputError, match="temperature: expected a positive number, got 0"):
        policy.log_probs([[6]], [[9]], temperature=0.0)


def test_an_empty_prompt_needs_a_token_that_begins_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    policy = tiny.policy()
    policy.tokenizer = SimpleNamespace(bos_token_id=None, pad_token_id=0)
    with pytest.raises(InputError, match="no token that begins a text; give a prompt"):
        policy.log_probs([[]], [[9]])
