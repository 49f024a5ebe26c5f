"""Tokenizers that differ from the tiny one in a detail."""

from __future__ import annotations

import copy
from typing import Any

from tests.gpu_checks import tiny


def with_one_more_token() -> Any:
    """The tiny tokenizer, with a token that it lacks."""
    made = copy.deepcopy(tiny.tokenizer())
    made.add_tokens(["<planted>"])
    return made
