"""A small base policy all of whose answers can be listed, saved where TRL can load it.

Its weights are random, made from a seed: it has learned nothing. Every token but the last of the
tokenizer has a probability, so that answers never end early; that last one ends and pads, and the
model does not know it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from gpu_checks.enumerable.random_model import random_transformer
from gpu_checks.models.policy import BasePolicy
from gpu_checks.training.running import save_policy

#: Tokens, and how many of them an answer has: 6^7 = 279,936 answers.
VOCABULARY, LENGTH = 6, 7
#: What answers follow: the first token, which begins a text.
PROMPT = "t0"


def save_enumerable_policy(folder: Path, seed: int = 0) -> BasePolicy:
    """Make the policy, write it to a folder, and give it back.

    Parameters
    ----------
    folder : Path
        Where it is written, as transformers writes models.
    seed : int
        Of its weights.
    """
    model = random_transformer(seed, VOCABULARY, context=1 + LENGTH, dtype=torch.float32)
    model.config.eos_token_id = model.generation_config.eos_token_id = None
    policy = BasePolicy(model, _tokenizer(), "the enumerable policy")
    save_policy(policy, folder)
    return policy


def _tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    end = "<end>"
    words = {f"t{token}": token for token in range(VOCABULARY)} | {end: VOCABULARY}
    fast = Tokenizer(WordLevel(words, unk_token=end))
    fast.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        bos_token=PROMPT,
        eos_token=end,
        pad_token=end,
        padding_side="left",
    )
