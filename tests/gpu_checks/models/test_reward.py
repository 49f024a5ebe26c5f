"""Reward models: against transformers itself, with padding, as embeddings, and refused.

The models are tiny, with random weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.gpu_checks import tiny
from tests.gpu_checks.models.test_log_probs import CLOSE
from verify.errors import InputError

pytestmark = pytest.mark.gpu

TEXTS = [[5, 9, 14, 7], [30], [8] * 20, [11, 12, 13, 14, 15, 2]]


def classifier(kind: str) -> Any:
    """A classifier of transformers with one label, in float64."""
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        GPT2Config,
        GPT2ForSequenceClassification,
        LlamaForSequenceClassification,
    )

    torch.manual_seed(4)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    made = {
        "llama": lambda: LlamaForSequenceClassification(tiny.llama_config(num_labels=1)),
        "gpt2": lambda: GPT2ForSequenceClassification(
            GPT2Config(vocab_size=320, n_embd=32, n_layer=2, n_head=4, num_labels=1, pad_token_id=0)
        ),
        "bert": lambda: BertForSequenceClassification(
            BertConfig(vocab_size=320, intermediate_size=48, num_labels=1, **size)
        ),
    }[kind]()
    return made.double().eval().requires_grad_(False)


def reward_of(model: Any) -> Any:
    from gpu_checks.models.heads import SequenceClassifier
    from gpu_checks.models.reward import RewardModel

    return RewardModel(SequenceClassifier(model), tiny.tokenizer(), "tiny", 256)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "bert"])
def test_a_batch_says_what_transformers_says_of_each_text_alone(kind: str) -> None:
    import torch

    model = classifier(kind)
    with torch.no_grad():
        alone = [float(model(torch.tensor([text])).logits[0, 0]) for text in TEXTS]
    found = reward_of(model).score_ids(TEXTS)
    assert found.dtype == np.float64 and len(set(found)) == len(TEXTS)
    assert np.abs(found - alone).max() < CLOSE


def test_a_text_that_ends_in_the_padding_token_is_read_as_transformers_reads_it() -> None:
    import torch

    model = classifier("llama")
    text = [5, 9, 14, 0, 0]  # 0 is the padding token: the reward is that of the third token
    with torch.no_grad():
        alone = float(model(torch.tensor([text])).logits[0, 0])
    reward = reward_of(model)
    assert abs(float(reward.score_ids([text, TEXTS[2]])[0]) - alone) < CLOSE
    assert abs(alone - float(reward.score_ids([text[:3]])[0])) < CLOSE
    ids = torch.tensor([text])
    embedded = reward.embedding[ids]
    assert abs(float(reward.score_embeddings(embedded, torch.ones_like(ids), ids)) - alone) < CLOSE
    # Planted: without the ids, the last token is read.
    assert abs(float(reward.score_embeddings(embedded, torch.ones_like(ids))) - alone) > 1e-3


@pytest.mark.parametrize("kind", ["llama", "gpt2", "bert"])
def test_embeddings_have_the_reward_of_their_tokens_and_a_gradient(kind: str) -> None:
    import torch

    from gpu_checks.models.padding import padded

    reward = reward_of(classifier(kind))
    ids, mask = padded(TEXTS, 0, reward.device)
    embeddings = reward.embedding[ids].requires_grad_(True)
    rewards = reward.score_embeddings(embeddings, mask)
    assert np.abs(rewards.detach().numpy() - reward.score_ids(TEXTS)).max() < CLOSE
    (gradient,) = torch.autograd.grad(rewards.sum(), embeddings)
    assert not gradient[mask == 0].any() and gradient[mask == 1].any(1).all()
    # The same, by a difference quotient along the gradient. Llama's norms round to float32, off by
    # 2^-24 beside a step of 1e-4; of the step itself its square is left.
    step = 1e-4 * gradient / gradient.norm()
    with torch.no_grad():
        up, down = (reward.score_embeddings(embeddings + s * step, mask).sum() for s in (1, -1))
    assert abs(float((up - down) / 2e-4 / gradient.norm()) - 1) < 2.0**-24 / 1e-4


@pytest.mark.parametrize("pooling", ["mean", "last", "first"])
def test_pooling_leaves_padding_out(pooling: str) -> None:
    reward = tiny.reward(pooling)
    alone = [float(reward.score_ids([text])[0]) for text in TEXTS]
    assert np.abs(reward.score_ids(TEXTS) - alone).max() < CLOSE


def test_what_cannot_be_scored_is_refused() -> None:
    reward = tiny.reward()
    with pytest.raises(InputError, match="a text without tokens has no reward"):
        reward.score_ids([[5], []])
    with pytest.raises(InputError, match="a text of 257 tokens, of which it reads 256"):
        reward.score_ids([[5] * 257])
    with pytest.raises(InputError, match="token 4000 is not among its"):
        reward.score_ids([[5, 4000]])
    assert reward.score_ids([]).shape == (0,)


def saved_to(folder: Path, model: Any) -> str:
    model.save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return str(folder)


def test_a_folder_is_loaded_and_has_the_rewards_it_had(tmp_path: Path) -> None:
    from gpu_checks.models import reward_model

    model = classifier("llama")
    loaded = reward_model(saved_to(tmp_path, model), "cpu", "float64")
    assert np.array_equal(loaded.score_ids(TEXTS), reward_of(model).score_ids(TEXTS))
    assert loaded.longest == 256
    in_float32 = reward_model(str(tmp_path), "cpu")
    assert str(in_float32.dtype) == "torch.float32"
    assert in_float32.fingerprint != loaded.fingerprint


def test_a_checkpoint_without_its_head_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from gpu_checks.models import reward_model

    name = saved_to(tmp_path, classifier("llama"))
    weights = load_file(tmp_path / "model.safetensors")
    del weights["score.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"has no weights for score\.weight; they would be random"):
        reward_model(name, "cpu")


def test_models_that_are_no_reward_models_are_refused(tmp_path: Path) -> None:
    import torch
    from transformers import LlamaForSequenceClassification

    from gpu_checks.models import base_policy, reward_model

    causal = saved_to(tmp_path / "causal", tiny.policy().model)
    with pytest.raises(InputError, match="has no reward head, it is LlamaForCausalLM"):
        reward_model(causal, "cpu")
    torch.manual_seed(0)
    two = LlamaForSequenceClassification(tiny.llama_config(num_labels=2))
    with pytest.raises(InputError, match="its head has 2 outputs, a reward model's has 1"):
        reward_model(saved_to(tmp_path / "two", two), "cpu")
    with pytest.raises(InputError, match=r"has no weights for lm_head\.weight"):
        base_policy(saved_to(tmp_path / "reward", classifier("llama")), "cpu")
    assert base_policy(causal, "cpu", "float64").log_probs([[5]], [[6]]) == [
        tiny.policy().log_probs([[5]], [[6]])[0]
    ]


def test_a_head_of_another_kind_joins_by_an_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from gpu_checks.models import heads, register_adapter, reward_model
    from gpu_checks.models.loading import load_weights

    def adapter(source: Any, config: Any, device: Any, dtype: Any) -> Any:
        from transformers import LlamaForSequenceClassification

        if config.num_labels != 3:
            return None
        model = load_weights(source, LlamaForSequenceClassification, device, dtype)
        network = heads.SequenceClassifier(model)
        # Of three heads, such as helpful, honest and harmless, the reward is the last.
        model.score.weight = torch.nn.Parameter(model.score.weight[2:], requires_grad=False)
        return network

    monkeypatch.setattr(heads, "_ADAPTERS", {})
    torch.manual_seed(0)
    model = type(classifier("llama"))(tiny.llama_config(num_labels=3)).double().eval()
    name = saved_to(tmp_path, model)
    with pytest.raises(InputError, match="its head has 3 outputs"):
        reward_model(name, "cpu")
    register_adapter("three heads", adapter)
    with torch.no_grad():
        third = float(model(torch.tensor([TEXTS[0]])).logits[0, 2])
    assert abs(float(reward_model(name, "cpu", "float64").score_ids(TEXTS[:1])[0]) - third) < CLOSE
