"""The optional extra ``gpu``: said in one line where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from verify.errors import InputError

#: What the extra installs, by the names that it is imported by.
PACKAGES = ("torch", "transformers", "accelerate", "gguf", "datasets", "peft", "trl")
INSTALL = "pip install 'catastrophic-goodhart[gpu]'"


def require_extra(command: str) -> None:
    """Refuse a command that needs the extra where it is not installed.

    Parameters
    ----------
    command : str
        What needs it, as the message calls it, such as ``goodhart sample``.

    Raises
    ------
    InputError
        If a package of the extra is missing; the message says what to install.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(f"{command} needs {', '.join(missing)}, not installed here: {INSTALL}")
