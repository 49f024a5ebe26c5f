"""Models and tokenizers from their sources, with one line for what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from io import StringIO
from typing import Any

import torch

from gpu_checks.devices import is_out_of_memory
from gpu_checks.models.gguf import converted
from gpu_checks.models.sources import Source, is_offline
from verify.errors import InputError

#: So many of the weights that are missing are named.
MOST_NAMED = 3


def load_config(source: Source) -> Any:
    """The configuration of a model."""
    from transformers import AutoConfig

    return _from_pretrained(AutoConfig, source)


def load_tokenizer(source: Source) -> Any:
    """The tokenizer of a model. One without a padding token pads with what ends a text."""
    from transformers import AutoTokenizer

    tokenizer = _from_pretrained(AutoTokenizer, source)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise InputError(f"model {source.name}: its tokenizer has no token to pad or end with")
    return tokenizer


def load_weights(source: Source, kind: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """A model for inference, all of whose weights come from the checkpoint.

    Parameters
    ----------
    source : Source
        Where it is.
    kind : type
        The class of transformers that it is loaded by, such as ``AutoModelForCausalLM``.
    device, dtype : torch.device, torch.dtype
        Where it is put, and in which format.

    Raises
    ------
    InputError
        If the checkpoint lacks weights, such as those of a head: transformers would make them up.
    """
    model, report = _from_pretrained(kind, source, dtype=dtype, output_loading_info=True)
    bad = sorted({*report["missing_keys"], *(key[0] for key in report["mismatched_keys"])})
    if bad:
        named = ", ".join(bad[:MOST_NAMED]) + (", ..." if len(bad) > MOST_NAMED else "")
        raise InputError(
            f"model {source.name}: its checkpoint has no weights for {named}; they would be random"
        )
    try:
        return model.to(device).eval().requires_grad_(False)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(f"model {source.name}: out of memory on {device}") from None


def _from_pretrained(kind: Any, source: Source, **options: Any) -> Any:
    try:
        with _quiet(source):
            place = source.place
            if source.gguf_file is not None:
                place = converted(place, source.gguf_file)
            return kind.from_pretrained(place, **source.options(), **options)
    except Exception as error:  # a damaged file can raise anything in the libraries that read it
        raise InputError(_why(source, error)) from error


def _why(source: Source, error: Exception) -> str:
    if is_out_of_memory(error):
        return f"model {source.name}: out of memory; it is too large for this machine"
    if not source.local and isinstance(error, OSError):
        if is_offline():
            return (
                f"model {source.name}: not in the cache, and HF_HUB_OFFLINE=1 forbids the network"
            )
        return f"model {source.name}: not found on the hub, in its cache or as a folder"
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return f"model {source.name}: cannot be loaded: {said:.200}"


@contextmanager
def _quiet(source: Source) -> Iterator[None]:
    """No reports of loading: what is wrong with a checkpoint is an error here.

    The bars of what is downloaded are shown, those of what is read from a folder are not. They
    obey no switch that all of them share, but all write to stderr.
    """
    from huggingface_hub.utils import logging as of_hub
    from transformers.utils import logging as of_models

    verbosity = [(each, each.get_verbosity()) for each in (of_hub, of_models)]
    for each, _ in verbosity:
        each.set_verbosity_error()
    try:
        with redirect_stderr(StringIO()) if source.local else nullcontext():
            yield
    finally:
        for each, before in verbosity:
            each.set_verbosity(before)
