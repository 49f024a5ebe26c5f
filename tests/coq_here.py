"""Whether Coq and its libraries are here, for the tests that need them."""

from __future__ import annotations

import os

import pytest

REQUIRED = bool(os.environ.get("GOODHART_REQUIRE_COQ"))
"""Set where CI runs: there a test that needs Coq fails without it."""


def missing(reason: str) -> None:
    """End a test that cannot run without what is missing: skip it, or fail where CI runs."""
    if REQUIRED:
        pytest.fail(f"GOODHART_REQUIRE_COQ is set: {reason}")
    pytest.skip(reason)
