"""Which model made a number: sha256 over its weights, its configuration and its tokenizer."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

#: What a configuration says of where it was loaded from, not of what it computes.
VOLATILE = ("_name_or_path", "transformers_version", "quantization_config", "dtype", "torch_dtype")


def weights_fingerprint(model: torch.nn.Module) -> str:
    """Sha256 over the names, shapes, formats and numbers of all weights, 64 hexadecimal digits.

    The weights are those in use: a model that was loaded in another dtype has other numbers.
    """
    state = sorted(model.state_dict().items())
    with ThreadPoolExecutor() as pool:  # hashing leaves the other threads running
        digests = list(pool.map(lambda item: _digest(*item), state))
    return hashlib.sha256(b"".join(digests)).hexdigest()


def fingerprint(model: torch.nn.Module, tokenizer: Any, extra: dict[str, Any]) -> str:
    """Sha256 over a model's weights, configuration and tokenizer, 64 hexadecimal digits.

    Parameters
    ----------
    model : torch.nn.Module
        The model, head among its weights.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its tokenizer.
    extra : dict
        What else decides the numbers, such as the pooling; JSON can hold it.
    """
    parts = [weights_fingerprint(model), _settings(model), _tokenizer(tokenizer), _json(extra)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def vocabulary_fingerprint(tokenizer: Any) -> str:
    """Sha256 over which text is which token: where it is the same, token ids can be shared."""
    return hashlib.sha256(_json(tokenizer.get_vocab()).encode()).hexdigest()


def _digest(name: str, tensor: torch.Tensor) -> bytes:
    flat = tensor.detach().cpu().contiguous().view(-1)
    found = hashlib.sha256(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
    found.update(memoryview(flat.view(torch.uint8).numpy()))
    return found.digest()


def _settings(model: torch.nn.Module) -> str:
    """The configurations of all models inside, such as a trunk below a head."""
    found = {
        name: {key: value for key, value in part.config.to_dict().items() if key not in VOLATILE}
        for name, part in model.named_modules()
        if hasattr(part, "config") and hasattr(part.config, "to_dict") and _is_whole(part)
    }
    return _json(found)


def _is_whole(part: torch.nn.Module) -> bool:
    from transformers import PreTrainedModel

    return isinstance(part, PreTrainedModel)


def _tokenizer(tokenizer: Any) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return _json(
        {
            "vocabulary": tokenizer.get_vocab() if backend is None else backend.to_str(),
            "special": tokenizer.special_tokens_map,
            "chat_template": tokenizer.chat_template,
        }
    )


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
