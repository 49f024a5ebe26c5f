"""Where numbers come from: commit, versions, device, fingerprints of models."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

#: Packages whose versions can change a number.
PACKAGES = ("torch", "transformers", "trl", "accelerate", "numpy", "scipy", "python-flint")


def provenance(device: Any) -> dict[str, Any]:
    """What is known of this machine and this code.

    Parameters
    ----------
    device : torch.device
        That the models are on.

    Returns
    -------
    dict
        ``commit`` is null outside a checkout; ``changed`` says whether files differ from it.
    """
    import torch

    on_gpu = device.type == "cuda"
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "device": torch.cuda.get_device_name(device) if on_gpu else f"CPU, {platform.machine()}",
        "cuda": torch.version.cuda if on_gpu else None,
        "threads": torch.get_num_threads(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """What git says of the folder of this file; None where there is no checkout."""
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
