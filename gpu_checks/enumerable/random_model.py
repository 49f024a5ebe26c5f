"""A small transformer with random weights, made on the spot: it has learned nothing."""

from __future__ import annotations

from typing import Any

import torch

#: Standard deviation of the weights: large enough that what was said changes what comes next.
SPREAD = 0.3


def random_transformer(
    seed: int,
    vocabulary_size: int = 8,
    context: int = 16,
    width: int = 32,
    layers: int = 2,
    heads: int = 2,
    dtype: Any = torch.float64,
    spread: float = SPREAD,
) -> Any:
    """A causal transformer (GPT-2's architecture) with random weights from a seed.

    In float64 all of its arithmetic is float64: unlike many others it has no float32 inside.

    Parameters
    ----------
    seed : int
        The same seed gives the same weights; the generators of torch stay as they are.
    vocabulary_size, context : int
        How many tokens there are (token 0 is BOS and EOS), and how many it reads at most.
    width, layers, heads : int
        Its size.
    spread : float
        The standard deviation of the weights.

    Returns
    -------
    transformers.GPT2LMHeadModel
        On the CPU, without dropout.
    """
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=vocabulary_size,
        n_positions=context,
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=spread,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GPT2LMHeadModel(config)
    return model.to(dtype).eval()
