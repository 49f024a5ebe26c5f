"""What models read of prompts that are dialogues, and where a text ends."""

from __future__ import annotations

import pytest

from gpu_checks.dialogue import ANSWER, QUESTION
from tests.gpu_checks import tiny

pytestmark = pytest.mark.gpu

DIALOGUE = f"{QUESTION} Is it late?{ANSWER} A little.{QUESTION} Good night.{ANSWER}"


def test_turns_go_through_the_chat_template() -> None:
    reward, policy = tiny.reward("last"), tiny.policy()
    read = reward.tokenizer.decode(reward.encode(DIALOGUE, "Sleep well."))
    assert read == (
        "<s>user: Is it late?<e>\n<s>assistant: A little.<e>\n<s>user: Good night.<e>\n"
        "<s>assistant: Sleep well.<e>\n"
    )
    asked = policy.tokenizer.decode(policy.encode_prompt(DIALOGUE))
    assert read.startswith(asked) and asked.endswith("<s>assistant: ")


def test_a_model_trained_here_reads_an_answer_as_it_is_sampled() -> None:
    reward, policy = tiny.reward("last"), tiny.policy()
    reward.ends_with_answer = True
    answer = policy.tokenizer("Sleep well.", add_special_tokens=False)["input_ids"]
    sampled = [*policy.encode_prompt(DIALOGUE), *answer, policy.tokenizer.eos_token_id]
    assert reward.encode(DIALOGUE, "Sleep well.") == sampled


def test_a_question_is_the_same_however_it_is_written() -> None:
    for template in (True, False):
        reward = tiny.reward("mean")
        reward.tokenizer = tiny.tokenizer(template)
        written = f"{QUESTION} Is it late?{ANSWER}"
        assert reward.encode(written, "Yes.") == reward.encode("Is it late?", "Yes.")


def test_without_a_template_what_is_too_long_loses_its_beginning() -> None:
    reward = tiny.reward("mean")
    reward.tokenizer, reward.longest = tiny.tokenizer(False), 7
    prompt, answer = (
        reward.tokenizer(text, add_special_tokens=False)["input_ids"]
        for text in ("the quick brown fox", "jumps over the dog")
    )
    whole = reward.encode("the quick brown fox", "jumps over the dog")
    assert len(prompt) + len(answer) > 7 == len(whole) and reward.truncated == 1
    assert whole == [*prompt, *answer][-7:]
    assert reward.encode("the quick", "jumps over the dog" * 9) == answer[-2:] + answer
