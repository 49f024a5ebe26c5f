"""Reward models that this project trained: a folder with a record, a head, and what was tuned.

The trunk is named, not copied, and its weights are checked against the record:

- ``reward.json``: schema ``goodhart-reward/1``, the trunk, the pooling, the longest text, what was
  tuned, and how well it does on held-out preferences;
- ``head.safetensors``: ``weight`` of shape (1, hidden size) and ``bias`` of shape (1,);
- ``lora.safetensors``, if the trunk was tuned by updates of low rank: ``NAME.A`` of shape
  (rank, inputs) and ``NAME.B`` of shape (outputs, rank) for linear layers of the trunk, to which
  ``scale`` B A is added;
- ``trunk.safetensors``, if all of the trunk was tuned: its weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gpu_checks.models.fingerprint import weights_fingerprint
from gpu_checks.models.heads import POOLINGS, TrunkWithHead
from gpu_checks.models.loading import load_tokenizer, load_weights
from gpu_checks.models.sources import find_source
from verify.errors import InputError
from verify.files import whole_file, write_text

SCHEMA = "goodhart-reward/1"
RECORD = "reward.json"
HEAD, LORA, TRUNK = "head.safetensors", "lora.safetensors", "trunk.safetensors"
#: The models that the package carries, each in a folder of its name.
TRAINED = Path(__file__).with_name("trained")


@dataclass(frozen=True)
class Saved:
    """What a folder holds, loaded.

    Parameters
    ----------
    network : TrunkWithHead
        The trunk with what was tuned merged in, and the head; in evaluation mode.
    tokenizer : transformers.PreTrainedTokenizerBase
        The trunk's.
    longest : int
        The most tokens of a text that it reads.
    record : dict
        What ``reward.json`` says.
    """

    network: TrunkWithHead
    tokenizer: Any
    longest: int
    record: dict[str, Any]


def load_trunk(
    name: str, device: torch.device, dtype: torch.dtype = torch.float32
) -> tuple[Any, Any]:
    """A model without a head, and its tokenizer.

    Parameters
    ----------
    name : str
        As of :func:`~gpu_checks.models.sources.find_source`.
    device, dtype : torch.device, torch.dtype
        Where it is put, and in which format.
    """
    from transformers import AutoModel

    source = find_source(name)
    return load_weights(source, AutoModel, device, dtype), load_tokenizer(source)


def save_reward(
    folder: Path,
    network: TrunkWithHead,
    trunk: Mapping[str, str],
    longest: int,
    metrics: Mapping[str, Any],
    lora: Mapping[str, torch.Tensor] | None = None,
    lora_scale: float = 1.0,
    whole_trunk: bool = False,
) -> None:
    """Write a trained reward model.

    The record is written last: a folder without one is no reward model.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    network : TrunkWithHead
        Whose head is written.
    trunk : mapping
        ``name`` and ``fingerprint`` of the trunk's weights before it was tuned, in float32.
    longest : int
        The most tokens of a text in training.
    metrics : mapping
        What is known of its quality; JSON can hold it.
    lora : mapping, optional
        The tensors ``NAME.A`` and ``NAME.B``.
    lora_scale : float
        What their products are multiplied by.
    whole_trunk : bool
        Whether the trunk was tuned itself, and its weights are written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).unlink(missing_ok=True)
    head = {"weight": network.head.weight, "bias": network.head.bias}
    _write(folder / HEAD, head)
    if lora is not None:
        _write(folder / LORA, lora)
    if whole_trunk:
        _write(folder / TRUNK, network.trunk.state_dict())
    record = {
        "schema": SCHEMA,
        "trunk": {"name": trunk["name"], "fingerprint": trunk["fingerprint"]},
        "pooling": network.pooling,
        "longest": longest,
        "lora": None if lora is None else {"scale": lora_scale},
        "whole_trunk": whole_trunk,
        "metrics": dict(metrics),
    }
    write_text(str(folder / RECORD), json.dumps(record, indent=2, sort_keys=True) + "\n")


def find_saved(name: str) -> Path | None:
    """The folder of a model that was trained here; None if there is none of this name.

    Parameters
    ----------
    name : str
        A folder, or the name of a model that the package carries.
    """
    folders = (Path(name).expanduser(), TRAINED / name)
    return next((each for each in folders if (each / RECORD).is_file()), None)


def load_saved(folder: Path, device: torch.device, dtype: torch.dtype) -> Saved:
    """Load a reward model that :func:`save_reward` wrote.

    Raises
    ------
    InputError
        If the folder does not hold one, or the trunk here is not the one it was trained on.
    """
    record = _read_record(folder)
    trunk, tokenizer = load_trunk(record["trunk"]["name"], device)
    if weights_fingerprint(trunk) != record["trunk"]["fingerprint"]:
        raise InputError(
            f"{folder}: it was trained on other weights of {record['trunk']['name']} than those "
            "here; train it again"
        )
    if record["whole_trunk"]:
        _load(trunk, _read(folder / TRUNK), folder / TRUNK)
    if record["lora"] is not None:
        merge_lora(trunk, _read(folder / LORA), record["lora"]["scale"], str(folder / LORA))
    network = TrunkWithHead(trunk, record["pooling"])
    _load(network.head, _read(folder / HEAD), folder / HEAD)
    network = network.to(device=device, dtype=dtype).eval().requires_grad_(False)
    return Saved(network, tokenizer, record["longest"], record)


def merge_lora(
    trunk: torch.nn.Module, lora: Mapping[str, torch.Tensor], scale: float, where: str
) -> None:
    """Add ``scale`` times B A to the weights of linear layers.

    Parameters
    ----------
    trunk : torch.nn.Module
        Changed in place.
    lora : mapping
        ``NAME.A`` of shape (rank, inputs) and ``NAME.B`` of shape (outputs, rank) of each layer.
    scale : float
        What the products are multiplied by.
    where : str
        What a message calls the tensors.
    """
    layers = dict(trunk.named_modules())
    for name in sorted({key.rpartition(".")[0] for key in lora}):
        layer, down, up = layers.get(name), lora.get(f"{name}.A"), lora.get(f"{name}.B")
        if not isinstance(layer, torch.nn.Linear) or down is None or up is None:
            raise InputError(f"{where}: no linear layer {name!r:.80} with its A and B")
        if (up.shape[0], down.shape[1]) != layer.weight.shape or up.shape[1] != down.shape[0]:
            raise InputError(f"{where}: the shapes of {name!r:.80} do not fit the trunk's layer")
        with torch.no_grad():
            change = scale * (up.double() @ down.double())
            layer.weight += change.to(layer.weight)


def _read_record(folder: Path) -> dict[str, Any]:
    place = folder / RECORD
    try:
        record = json.loads(place.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{place}: cannot be read: {error!s:.100}") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise InputError(f"{place}: expected a record of schema {SCHEMA}")
    trunk, lora = record.get("trunk"), record.get("lora")
    good = (
        isinstance(trunk, dict)
        and all(isinstance(trunk.get(key), str) for key in ("name", "fingerprint"))
        and record.get("pooling") in POOLINGS
        and type(record.get("longest")) is int
        and record["longest"] > 0
        and type(record.get("whole_trunk")) is bool
        and (lora is None or (isinstance(lora, dict) and type(lora.get("scale")) in {int, float}))
    )
    if not good:
        raise InputError(f"{place}: a key of {SCHEMA} is missing or has no possible value")
    return record


def _read(place: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(place)  # type: ignore[no-any-return]
    except (OSError, SafetensorError) as error:
        raise InputError(f"{place}: cannot be read: {error!s:.100}") from None


def _load(module: torch.nn.Module, tensors: Mapping[str, torch.Tensor], place: Path) -> None:
    try:
        module.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as error:
        said = " ".join(str(error).split())
        raise InputError(f"{place}: does not fit: {said:.150}") from None


def _write(place: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    from safetensors.torch import save

    copies = {name: each.detach().cpu().contiguous().clone() for name, each in tensors.items()}
    with whole_file(str(place)) as file:
        file.write(save(copies))
