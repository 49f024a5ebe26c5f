"""Signals in tests that interrupt a process of their own."""

from __future__ import annotations

import signal


def interruptible() -> None:
    """Take Ctrl-C as usual, also where the tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
