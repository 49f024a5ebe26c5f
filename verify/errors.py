"""Bad input: what a user can mend. Everything else that goes wrong is a bug and shows itself."""

from __future__ import annotations


class InputError(ValueError):
    """Input that is refused; the message is one line: what, where, what would be accepted."""
