"""GGUF files, converted once: transformers takes 20 seconds of a core to read the smallest."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

#: The environment variable that names the folder of conversions.
CACHE = "GOODHART_CACHE"


def converted(folder: str, file: str) -> str:
    """A folder with the model of a GGUF file as transformers saves it, made at the first call.

    Its weights are those that transformers reads from the file, in float32. The folder is named
    after the file's sha256 and the version of transformers, and appears only when it is whole.

    Parameters
    ----------
    folder, file : str
        Where the file is, and its name.

    Returns
    -------
    str
        A folder below ``$GOODHART_CACHE``, by default ``~/.cache/goodhart``.

    Raises
    ------
    OSError, ValueError, ...
        As transformers does, if the file cannot be read; and if there is no room for the folder.
    """
    with open(Path(folder, file), "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    name = f"gguf-{digest[:16]}-transformers-{version('transformers')}"
    final = _cache() / name
    if not final.is_dir():
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=final.parent))
        try:
            _convert(folder, file, temporary)
            _appear(temporary, final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return str(final)


def _convert(folder: str, file: str, into: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"gguf_file": file, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(folder, **options)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options)
    # What is saved is no longer quantized.
    del model.config.quantization_config
    model.hf_quantizer = None
    model.is_quantized = False
    model.save_pretrained(into)
    tokenizer.save_pretrained(into)


def _appear(temporary: Path, final: Path) -> None:
    try:
        temporary.rename(final)
    except OSError:
        if not final.is_dir():  # another process was faster
            raise


def _cache() -> Path:
    named = os.environ.get(CACHE)
    if named:
        return Path(named).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "goodhart")
