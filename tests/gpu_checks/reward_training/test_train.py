"""Training end to end on a tiny random trunk: what is learned, saved, resumed and refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu_checks.preferences import Preference, Preferences, split
from tests.gpu_checks.reward_training.trunks import Killer, Stopped, easy, saved_trunk
from verify.errors import InputError

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_trunk(tmp_path_factory.mktemp("trunk"))


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def options(trunk: str, **others: Any) -> Any:
    from gpu_checks.reward_training.options import Options

    usual = {"epochs": 2, "batch": 8, "rate": 0.02, "longest": 64, "rank": 2, "device": "cpu"}
    return Options(trunk, **{**usual, **others})


def rescored(folder: str, data: Preferences) -> np.ndarray:
    """The margins on the pairs held out, by the model as anyone would load it."""
    from gpu_checks.models import reward_model

    reward = reward_model(folder, device="cpu")
    outside = [data.pairs[place] for place in split(data.pairs).held_out]
    prompts = [pair.prompt for pair in outside]
    chosen = reward.score(prompts, [pair.chosen for pair in outside])
    return chosen - reward.score(prompts, [pair.rejected for pair in outside])


@pytest.mark.parametrize("mode", ["head", "lora", "full"])
def test_what_is_easy_is_learned_and_what_is_saved_scores_the_same(
    mode: str, trunk: str, tmp_path: Path
) -> None:
    from gpu_checks.reward_training.train import train_reward

    data, out = easy(80), str(tmp_path / "out")
    trained = train_reward(data, options(trunk, mode=mode), out)
    assert trained.held_out.share > 0.9
    assert trained.shorter.share == 0.5  # all are equally long: the baseline is a coin
    assert trained.gain[0] > 0
    margins = rescored(out, data)
    # float32, merged weights beside separate ones: 1e-7 a product, over two layers of some hundred.
    assert np.abs(margins - trained.kept.margins).max() < 1e-4 * np.abs(margins).max()
    record = json.loads(Path(out, "reward.json").read_text())
    assert record["schema"] == "goodhart-reward/1" and record["pooling"] == "last"
    assert record["metrics"]["held_out"]["accuracy"] == trained.held_out.share
    files = {each.name for each in Path(out).iterdir()} - {"reward.json", "head.safetensors"}
    assert (
        files == {"head": set(), "lora": {"lora.safetensors"}, "full": {"trunk.safetensors"}}[mode]
    )


def test_labels_without_sense_are_not_learned(trunk: str, tmp_path: Path) -> None:
    from gpu_checks.reward_training.train import train_reward

    data = easy(120)
    coin = np.random.default_rng(0).random(len(data.pairs)) < 0.5
    turned = tuple(
        Preference(pair.prompt, pair.rejected, pair.chosen) if heads else pair
        for pair, heads in zip(data.pairs, coin, strict=True)
    )
    trained = train_reward(replace(data, pairs=turned), options(trunk), str(tmp_path / "out"))
    low, high = trained.held_out.interval
    assert low < 0.5 < high and trained.gain[0] < 0 < trained.gain[1]


def test_the_zero_is_at_the_mean_answer(trunk: str, tmp_path: Path) -> None:
    from gpu_checks.models import reward_model
    from gpu_checks.reward_training.train import train_reward

    data = easy(60)
    out = str(tmp_path / "out")
    train_reward(data, options(trunk), out)
    parts = split(data.pairs)
    inside = [data.pairs[place] for place in (*parts.train, *parts.validation)]
    reward = reward_model(out, device="cpu")
    scores = [
        reward.score([pair.prompt for pair in inside], [getattr(pair, side) for pair in inside])
        for side in ("chosen", "rejected")
    ]
    assert abs(np.mean(scores)) < 1e-5 * np.max(np.abs(scores))


@pytest.mark.parametrize(("mode", "at"), [("lora", 9), ("head", 1)])
def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(
    mode: str, at: int, trunk: str, tmp_path: Path
) -> None:
    from gpu_checks.reward_training.train import train_reward

    data, settings = easy(80), options(trunk, mode=mode)
    whole = train_reward(data, settings, str(tmp_path / "whole"))
    work = str(tmp_path / "work")
    with pytest.raises(Stopped):
        train_reward(data, settings, str(tmp_path / "out"), work, Killer(at))
    assert not Path(tmp_path, "out", "reward.json").exists()
    counted = Killer(-1)
    resumed = train_reward(data, settings, str(tmp_path / "out"), work, counted)
    assert np.array_equal(resumed.kept.margins, whole.kept.margins)
    assert resumed.record == whole.record
    if mode == "lora":  # it did go on from a checkpoint
        assert 0 < counted.calls < whole.kept.details["steps"][-1]


def test_a_checkpoint_of_another_run_is_refused(trunk: str, tmp_path: Path) -> None:
    from gpu_checks.reward_training.train import train_reward

    work, out = str(tmp_path / "work"), str(tmp_path / "out")
    data = easy(60)
    train_reward(data, options(trunk, mode="lora", epochs=1), out, work)
    with pytest.raises(InputError, match="another folder or delete it"):
        train_reward(data, options(trunk, mode="lora", epochs=1, rate=0.01), out, work)
    (checkpoint,) = Path(work).rglob("training.pt")
    checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="is no checkpoint"):
        train_reward(data, options(trunk, mode="lora", epochs=1), out, work)


def test_damaged_features_are_made_again(trunk: str, tmp_path: Path) -> None:
    from gpu_checks.reward_training.train import train_reward

    work, out, data = tmp_path / "work", str(tmp_path / "out"), easy(60)
    first = train_reward(data, options(trunk), out, str(work))
    for file in work.glob("features-*.npy"):
        file.write_bytes(file.read_bytes()[:-8])
    again = train_reward(data, options(trunk), out, str(work))
    assert np.array_equal(first.kept.margins, again.kept.margins)


def test_repeats_keep_the_one_that_validates_best(trunk: str, tmp_path: Path) -> None:
    from gpu_checks.reward_training.train import train_reward

    settings = options(trunk, mode="lora", epochs=1, repeats=2, seed=3)
    trained = train_reward(easy(60), settings, str(tmp_path / "out"))
    assert [fit.seed for fit in trained.fits] == [3, 4]
    assert trained.kept.validation_loss == min(fit.validation_loss for fit in trained.fits)
    assert not np.array_equal(trained.fits[0].margins, trained.fits[1].margins)
    # Each is what it would have been alone.
    alone = train_reward(easy(60), replace(settings, seed=3, repeats=1), str(tmp_path / "alone"))
    assert np.array_equal(alone.kept.margins, trained.fits[0].margins)


def descent(trunk: str, rate: float = 0.05, patience: int = 3) -> tuple[Any, Any, list[Any]]:
    """A descent of a head alone, whose validation part holds the opposite of what is learned."""
    import torch

    from gpu_checks.models.heads import TrunkWithHead
    from gpu_checks.models.reward import RewardModel
    from gpu_checks.models.saved import load_trunk
    from gpu_checks.reward_training.gradient import Descent, Settings

    model, tokenizer = load_trunk(trunk, torch.device("cpu"))
    network = TrunkWithHead(model, "last").requires_grad_(False)
    torch.nn.init.zeros_(network.head.weight)
    network.head.requires_grad_(True)
    reward = RewardModel(network, tokenizer, longest=64)
    texts = [
        [reward.encode("p", each) for each in (one.chosen, one.rejected)] for one in easy(40).pairs
    ]
    turned = [(rejected, chosen) for chosen, rejected in texts[:8]]
    settings = Settings(epochs=50, rate=rate, batch=8, evaluations=5, patience=patience)
    made = Descent(reward, [(one[0], one[1]) for one in texts], turned, settings)
    return made, reward, turned


def test_training_stops_early_and_goes_back_to_the_best(trunk: str, tmp_path: Path) -> None:
    from gpu_checks.reward_training.accuracy import log_loss
    from gpu_checks.reward_training.gradient import margins_of

    made, reward, turned = descent(trunk)
    history = made.run(str(tmp_path), "this")
    assert history.best == 0 and history.steps == [1, 2, 3, 4]
    assert log_loss(margins_of(reward, turned)) == history.validation_loss[0]
    # Gone on with, it is still over.
    again, reward, turned = descent(trunk)
    assert again.run(str(tmp_path), "this") == history
    assert log_loss(margins_of(reward, turned)) == history.validation_loss[0]


def test_a_step_is_taken_in_pieces_where_memory_is_too_small(
    trunk: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from gpu_checks.models.heads import TrunkWithHead
    from gpu_checks.reward_training.gradient import margins_of

    made, whole, turned = descent(trunk)
    made.run(None, "")
    forward = TrunkWithHead.forward

    def small(most: int) -> Any:
        def run(self: Any, mask: Any, ids: Any = None, embeddings: Any = None) -> Any:
            if torch.is_grad_enabled() and len(mask) > most:
                raise torch.OutOfMemoryError("planted")
            return forward(self, mask, ids, embeddings)

        return run

    monkeypatch.setattr(TrunkWithHead, "forward", small(4))  # two pairs
    made, pieces, _ = descent(trunk)
    made.run(None, "")
    said = capsys.readouterr().err.splitlines()
    assert [line.split("pairs: ")[1][:1] for line in said] == ["4", "2"]
    # The same sums in another order: 1e-7 of each, and AdamW divides by their size.
    assert np.allclose(margins_of(pieces, turned), margins_of(whole, turned), rtol=1e-4)
    monkeypatch.setattr(TrunkWithHead, "forward", small(1))
    with pytest.raises(InputError, match="out of memory with a single pair"):
        descent(trunk)[0].run(None, "")


def test_a_loss_that_is_no_number_stops_it(trunk: str) -> None:
    import torch

    made, reward, _ = descent(trunk)
    torch.nn.init.constant_(reward.network.head.weight, float("inf"))
    with pytest.raises(InputError, match="lower --learning-rate"):
        made.run(None, "")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mode": "all"}, "mode: expected"),
        ({"held_out": 0.0}, "held out"),
        ({"validation": 1.0}, "validation"),
        ({"repeats": 0}, "repeats"),
        ({"seed": -1}, "seed"),
        ({"rate": float("nan")}, "rate of learning"),
        ({"rank": 0}, "rank"),
        ({"mode": "lora", "dtype": "float16"}, "lora trains in float32 or bfloat16"),
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        options("minilm", **wrong)


def test_too_few_pairs_are_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    from gpu_checks.reward_training.train import train_reward

    with pytest.raises(InputError, match="pairs are left to"):
        train_reward(easy(3), options("no such model at all"), str(tmp_path / "out"))
