"""Tiny models with random weights, made from a seed on the spot: they know nothing of language."""

from __future__ import annotations

from functools import cache
from typing import Any

TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}<e>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)
SENTENCES = (
    "the quick brown fox jumps over the lazy dog",
    "a reward model reads an answer and says one number",
    "tails may be heavy, light, or bounded from above",
    "user: what is it? assistant: that is all I know of it",
)


@cache
def tokenizer(template: bool = True) -> Any:
    """A byte-level BPE of 300 tokens, trained on a few sentences."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<pad>", "<s>", "<e>"],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    made.train_from_iterator(SENTENCES * 3, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="<e>",
        chat_template=TEMPLATE if template else None,
    )


def llama_config(**others: Any) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer()) + 5,  # rows that no token has, as many real models
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        initializer_range=0.3,
        **others,
    )


def reward(kind: str = "classifier", dtype: str = "float64", seed: int = 0) -> Any:
    """A reward model: ``classifier`` and ``last`` with a causal trunk, ``mean`` pooled over all."""
    import torch
    from transformers import LlamaForSequenceClassification, LlamaModel

    from gpu_checks.models.heads import SequenceClassifier, TrunkWithHead
    from gpu_checks.models.reward import RewardModel

    torch.manual_seed(seed)
    if kind == "classifier":
        network: Any = SequenceClassifier(
            LlamaForSequenceClassification(llama_config(num_labels=1))
        )
    else:
        network = TrunkWithHead(LlamaModel(llama_config()), kind)
    network = network.to(getattr(torch, dtype)).eval().requires_grad_(False)
    return RewardModel(network, tokenizer(), f"tiny {kind}", 256)


def policy(seed: int = 1) -> Any:
    """A base policy in float64."""
    import torch
    from transformers import LlamaForCausalLM

    from gpu_checks.models.policy import BasePolicy

    torch.manual_seed(seed)
    model = LlamaForCausalLM(llama_config()).double().eval().requires_grad_(False)
    return BasePolicy(model, tokenizer(), "tiny policy")
