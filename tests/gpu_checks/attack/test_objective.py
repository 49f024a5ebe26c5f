"""The reward of an answer's tokens: the frame, the gradient, and what is read once for many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.gpu_checks import tiny

pytestmark = pytest.mark.gpu

PROMPT = "what is a fox?"
#: Llama takes its roots in float32 whatever the dtype: two ways to round a reward of size 1 differ
#: by some 2^-24 a layer and token. Rewards of different answers differ by 0.1.
ROUNDING = 1e-5


def objective(kind: str = "classifier", prompt: str = PROMPT, cached: bool = True) -> Any:
    from gpu_checks.attack.objective import RewardObjective
    from gpu_checks.attack.prefix_cache import CausalScorer
    from gpu_checks.attack.vocabulary import Vocabulary

    reward = tiny.reward(kind)
    vocabulary = Vocabulary(reward.tokenizer, len(reward.embedding))
    causal = CausalScorer.of(reward.network) if cached else None
    return RewardObjective(reward, prompt, vocabulary, causal)


def edited(parent: np.ndarray, rng: np.random.Generator, vocabulary: Any) -> np.ndarray:
    from gpu_checks.attack.candidates import uniform

    return np.concatenate([uniform(parent, vocabulary.ids, 9, m, rng) for m in (1, 2, 5)])


@pytest.mark.parametrize("kind", ["classifier", "last", "mean"])
@pytest.mark.parametrize("prompt", [PROMPT, ""])
def test_values_are_the_model_s_own_of_the_texts(
    kind: str, prompt: str, rng: np.random.Generator
) -> None:
    """Of answers that are some text's tokens, the text's reward; with and without the cache."""
    what = objective(kind, prompt)
    assert (what.causal is not None) == (kind != "mean")
    # The template's last space is the answer's first token's: answers begin in one that has it.
    parent = what.vocabulary.encode([" the quick brown fox, the answer is heavy"])[0]
    parent = np.array(parent, dtype=np.int64)
    rows = edited(parent, rng, what.vocabulary)
    rows = np.concatenate([rows[what.vocabulary.is_text(rows)], what.vocabulary.mended(rows)])
    texts = [what.text_of(ids) for ids in rows]
    rows = rows[[text is not None for text in texts]]
    texts = [text for text in texts if text is not None]
    assert len(texts) > 5
    expected = what.reward.score([prompt] * len(texts), texts)
    assert np.ptp(expected) > 0.01
    for values in (what.values(rows, parent), what.values(rows)):
        assert abs(values - expected).max() < ROUNDING


def test_what_a_pair_of_texts_is_framed_by() -> None:
    what = objective()
    before = what.reward.tokenizer.decode(what.frame.before)
    assert before == "<s>user: what is a fox?<e>\n<s>assistant:"
    assert what.reward.tokenizer.decode(what.frame.after) == "<e>\n"


def test_the_cache_is_used_and_only_what_comes_first_is_shared(rng: np.random.Generator) -> None:
    """Planted: a cache cut one token too late has other rewards."""
    from gpu_checks.attack import objective as module

    what = objective("last")
    parent = what.vocabulary.start(12, rng, retokenise=False)
    rows = edited(parent, rng, what.vocabulary)
    right = what.values(rows)
    seen = []
    values = what.causal.values

    def spied(read: Any, shared: int, rest: Any) -> Any:
        seen.append(shared)
        return values(read, shared, rest)

    object.__setattr__(what.causal, "values", spied)
    what.reward.budget.rows = 4
    assert abs(what.values(rows, parent) - right).max() < ROUNDING
    before = len(what.frame.before)
    assert len(seen) == 7 and seen == sorted(seen) and seen[0] >= before and seen[-1] > before + 5

    shared = module._shared
    try:
        module._shared = lambda whole, start: np.minimum(shared(whole, start) + 1, 40)
        assert abs(what.values(rows, parent) - right).max() > 1e-3
    finally:
        module._shared = shared


def test_a_trunk_that_is_not_causal_is_not_read_in_parts() -> None:
    """Planted: a head over the mean, and one whose trunk looks ahead, said to be causal."""
    from gpu_checks.attack.objective import RewardObjective
    from gpu_checks.attack.prefix_cache import CausalScorer

    what = objective("mean")
    trunk, head = what.reward.network.trunk, what.reward.network.head
    planted = CausalScorer(trunk, lambda last: head(last)[:, 0])
    again = RewardObjective(what.reward, PROMPT, what.vocabulary, planted)
    assert again.causal is None
    keeps_nothing = CausalScorer(lambda **_: trunk.norm, lambda last: last)
    assert RewardObjective(what.reward, PROMPT, what.vocabulary, keeps_nothing).causal is None


@pytest.mark.parametrize("kind", ["classifier", "mean"])
def test_the_gradient_is_the_slope_of_the_reward_in_one_hot_space(
    kind: str, rng: np.random.Generator
) -> None:
    """By differences: a little of another token's embedding in place of the token's own."""
    import torch

    what = objective(kind)
    ids = what.vocabulary.start(7, rng, retokenise=False)
    gradient = what.gradient(ids)
    assert gradient.shape == (7, len(what.reward.embedding))
    whole = torch.as_tensor(what.frame.around(ids[None]))
    first, step = len(what.frame.before), 1e-2
    for place, token in ((0, 40), (3, 100), (6, 200)):

        def moved(share: float, place: int = place, token: int = token) -> float:
            matrix = what.reward.embedding
            embedded = matrix[whole].clone()
            embedded[0, first + place] += share * matrix[token]
            return float(what.reward.score_embeddings(embedded, torch.ones_like(whole)))

        slope = (moved(step) - moved(-step)) / (2 * step)
        # A central difference errs by step^2 f'''/6, about 1e-4, and by float32's rounding over
        # the step, 1e-5.
        assert slope == pytest.approx(float(gradient[place, token]), abs=1e-3)
    assert float(gradient.abs().max()) > 0.1


def test_tokens_that_an_answer_may_have(rng: np.random.Generator) -> None:
    from gpu_checks.attack.vocabulary import Vocabulary

    tokenizer = tiny.tokenizer()
    size = len(tokenizer) + 5
    every = Vocabulary(tokenizer, size)
    assert not every.allowed[[0, 1, 2, *range(len(tokenizer), size)]].any()
    assert every.allowed[3 : len(tokenizer)].all()
    plain = Vocabulary(tokenizer, size, ascii_only=True)
    texts = plain.texts(plain.ids[:, None])
    assert 0 < len(texts) < len(every.ids) and all(t.isascii() and t.isprintable() for t in texts)
    start = plain.start(9, rng, retokenise=True)
    assert plain.allowed[start].all() and plain.encode(plain.texts(start[None])) == [start.tolist()]


def test_only_what_a_text_has_is_tried(rng: np.random.Generator) -> None:
    """Planted: tokens that no text has, as their letters are one token together."""
    from gpu_checks.attack.vocabulary import Vocabulary

    tokenizer = tiny.tokenizer()
    vocabulary = Vocabulary(tokenizer, len(tokenizer))
    split = tokenizer.convert_tokens_to_ids(["t", "h", "e"])
    (whole,) = vocabulary.encode(["the"])
    assert len(whole) < 3
    again = np.array([split + whole], dtype=np.int64)
    assert not vocabulary.is_text(again).any()
    assert len(vocabulary.mended(again[:, :3])) == 0  # too short once it is read again
    drawn = vocabulary.ids[rng.integers(0, len(vocabulary.ids), size=(200, 8))]
    good = vocabulary.is_text(drawn)
    assert 0 < good.sum() < 200
    assert vocabulary.encode(vocabulary.texts(drawn[good])) == drawn[good].tolist()
    rows = vocabulary.mended(drawn[~good])
    assert len(rows) and vocabulary.encode(vocabulary.texts(rows)) == rows.tolist()


def test_memory_that_runs_out_halves_the_batch(
    rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    what = objective("last")
    parent = what.vocabulary.start(12, rng, retokenise=False)
    rows = edited(parent, rng, what.vocabulary)
    right, values = what.values(rows), what.causal.values

    def small(read: Any, shared: int, rest: Any) -> Any:
        if len(rest) > 8:
            raise torch.OutOfMemoryError("planted")
        return values(read, shared, rest)

    object.__setattr__(what.causal, "values", small)
    assert abs(what.values(rows, parent) - right).max() < ROUNDING
    assert "goodhart: out of memory with 27 rows" in capsys.readouterr().err
