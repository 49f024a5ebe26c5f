"""Tiny models with random weights, saved where commands can load them."""

from __future__ import annotations

from pathlib import Path

from tests.gpu_checks import tiny


def save_policy(folder: Path) -> str:
    """A base policy of float64 weights, which answers in a few tokens."""
    tiny.policy().model.save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return str(folder)


def save_reward(folder: Path) -> str:
    """A reward model that shares the policy's vocabulary."""
    tiny.reward().network.model.save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return str(folder)
