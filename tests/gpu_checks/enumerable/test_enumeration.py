"""The tree of a causal language model against its plain forward passes; models are random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from verify.errors import InputError

pytestmark = pytest.mark.gpu

BETWEEN_ROUTES = 1e-10
"""Two float64 passes differ in the order of sums of at most 128 terms, 2^-46 of their size, in a
dozen steps whose sizes are below 100; norms may enlarge that by the hundred."""
FLOAT32_INSIDE = 1e-4
"""The same with the unit roundoff of float32, 2^-24, and sums of at most 32 terms."""


def transformer(seed: int = 1, **sizes: Any) -> Any:
    from gpu_checks.enumerable.random_model import random_transformer

    return random_transformer(seed, **{"vocabulary_size": 8, "context": 8, "width": 16, **sizes})


def enumerate_all(*arguments: Any, **options: Any) -> Any:
    from gpu_checks.enumerable.enumeration import enumerated

    return enumerated(*arguments, **options)


def by_forward_passes(model: Any, tree: Any) -> Any:
    """The log-probability of each trajectory, each from one pass over all of it."""
    import torch

    prompt = np.broadcast_to(tree.prompt, (tree.size, len(tree.prompt)))
    texts = torch.tensor(np.hstack([prompt, tree.trajectories]))
    with torch.inference_mode():
        logits = model(input_ids=texts, use_cache=False).logits
    before = logits[:, len(tree.prompt) - 1 : -1, list(tree.symbols)].double()
    found = before.log_softmax(-1).numpy()
    places = np.searchsorted(tree.symbols, tree.trajectories)
    return np.take_along_axis(found, places[..., None], axis=2)[..., 0].sum(axis=1)


def test_the_cache_changes_nothing() -> None:
    model = transformer()
    tree = enumerate_all(model, [1, 3, 4, 6], 4, [0, 5], chunk=20)
    assert tree.size == 256
    assert np.abs(tree.log_probabilities - by_forward_passes(model, tree)).max() < BETWEEN_ROUTES


def test_a_forgotten_prompt_is_seen() -> None:
    """Planted: the tolerance above tells a tree from that after half of the prompt."""
    model = transformer()
    whole = enumerate_all(model, [1, 3, 4, 6], 2, [0, 5])
    half = enumerate_all(model, [1, 3, 4, 6], 2, [5])
    assert np.abs(whole.log_probabilities - half.log_probabilities).max() > 1e-2


def others() -> list[Any]:
    """Grouped heads with rotary positions, and a window of three tokens."""
    from transformers import LlamaConfig, MistralConfig

    shared = {
        "vocab_size": 8,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 16,
        "initializer_range": 0.3,
    }
    return [LlamaConfig(**shared), MistralConfig(**shared, sliding_window=3)]


@pytest.mark.parametrize("kind", ["rotary", "window"])
def test_other_architectures(kind: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    config = others()[kind == "window"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        model = AutoModelForCausalLM.from_config(config).double().eval()
    tree = enumerate_all(model, [1, 3, 4], 4, [0, 5, 2], chunk=9)
    assert np.abs(tree.log_probabilities - by_forward_passes(model, tree)).max() < FLOAT32_INSIDE


def test_chunks_change_nothing_but_rounding() -> None:
    model = transformer()
    fitted, one = (enumerate_all(model, [1, 2, 5], 4, [0], chunk=chunk) for chunk in (None, 1))
    assert np.abs(fitted.log_probabilities - one.log_probabilities).max() < BETWEEN_ROUTES


def test_tokens_that_are_left_out_are_conditioned_away() -> None:
    model = transformer()
    every, some = (enumerate_all(model, symbols, 1, [0]) for symbols in (range(8), [2, 7]))
    chances = np.exp(every.levels[0][0, [2, 7]])
    assert np.exp(some.levels[0][0]) == pytest.approx(chances / chances.sum(), abs=BETWEEN_ROUTES)


def test_a_temperature_raises_probabilities_to_a_power() -> None:
    model = transformer()
    plain, hot = (enumerate_all(model, [1, 2, 5], 3, [0], temperature=t) for t in (1, 2))
    for level, other in zip(plain.levels, hot.levels, strict=True):
        powers = np.exp(level / 2)
        assert np.exp(other) == pytest.approx(
            powers / powers.sum(axis=1, keepdims=True), abs=BETWEEN_ROUTES
        )


def test_one_seed_one_model_and_the_generators_stay() -> None:
    import torch

    before = torch.random.get_rng_state()
    one, two, other = (transformer(seed).transformer.wte.weight for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_model_in_training_is_asked_in_evaluation_and_goes_on_training() -> None:
    model = transformer()
    for part in model.modules():
        if type(part).__name__ == "Dropout":
            part.p = 0.5
    quiet = enumerate_all(model, [1, 2], 3, [0])
    model.train()
    assert (enumerate_all(model, [1, 2], 3, [0]).levels[2] == quiet.levels[2]).all()
    assert model.training


def out_of_memory_above(rows: int, model: Any) -> Any:
    """Planted: memory is out where a batch has more than so many rows."""
    import torch

    def refuse(_: Any, arguments: Any, options: dict[str, Any]) -> None:
        if len(options["input_ids"]) > rows:
            raise torch.OutOfMemoryError("planted")

    model.register_forward_pre_hook(refuse, with_kwargs=True)
    return model


def test_the_chunk_is_halved_where_memory_runs_out() -> None:
    said: list[str] = []
    expected = enumerate_all(transformer(), [1, 2, 5], 4, [0])
    small = out_of_memory_above(6, transformer())
    found = enumerate_all(small, [1, 2, 5], 4, [0], chunk=27, report=said.append)
    assert np.abs(found.log_probabilities - expected.log_probabilities).max() < BETWEEN_ROUTES
    assert said == [f"out of memory: {rows} prefixes at a time from here on" for rows in (12, 6)]


def test_memory_for_less_than_one_prefix_is_refused() -> None:
    with pytest.raises(InputError, match="3 prefixes at a time do not fit"):
        enumerate_all(out_of_memory_above(2, transformer()), [1, 2, 5], 3, [0], chunk=3)


def test_other_errors_are_not_taken_for_memory() -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("planted")

    model = transformer()
    model.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="planted"):
        enumerate_all(model, [1, 2], 2, [0])


def test_progress_counts_each_prefix_once() -> None:
    seen: list[tuple[int, int]] = []
    enumerate_all(
        transformer(), [1, 2, 5], 3, [0], chunk=6, progress=lambda d, n, _: seen.append((d, n))
    )
    assert seen[-1] == (13, 13)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"symbols": [1]}, "at least two token ids, all different"),
        ({"symbols": [1, 1]}, "at least two token ids, all different"),
        ({"symbols": [1, 8]}, "token 8: the model has the tokens 0 to 7"),
        ({"prompt": [-1]}, "token -1: the model has the tokens 0 to 7"),
        ({"prompt": []}, "an empty prompt: expected at least one token, such as BOS"),
        ({"horizon": 0}, "horizon: expected 1 or more tokens, got 0"),
        ({"horizon": 40}, "up to 134217728 are listed"),
        ({"temperature": 0.0}, "temperature: expected a positive number, got 0.0"),
        ({"temperature": float("nan")}, "temperature: expected a positive number, got nan"),
    ],
)
def test_bad_input_gets_one_line(change: dict[str, Any], line: str) -> None:
    given = {"symbols": [1, 2], "horizon": 2, "prompt": [0], **change}
    with pytest.raises(InputError, match=line) as refused:
        enumerate_all(transformer(), **given)
    assert "\n" not in str(refused.value)


def agreement(enumerated_on: Callable[[str], Any]) -> float:
    """The largest difference of a log-probability of a token between a CPU and a GPU."""
    pairs = zip(enumerated_on("cpu").levels, enumerated_on("cuda").levels, strict=True)
    return float(max(np.abs(one - other).max() for one, other in pairs))


def test_devices_agree_in_float64() -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("compares a CPU with a GPU: no CUDA device here")
    assert agreement(lambda on: enumerate_all(transformer().to(on), range(8), 4, [0])) < (
        BETWEEN_ROUTES
    )
