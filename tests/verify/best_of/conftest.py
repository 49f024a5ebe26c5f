"""The working precision of best-of-n, for tests of its parts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from verify.best_of.pair import BITS
from verify.enclosure import working_precision


@pytest.fixture
def best_of_bits() -> Iterator[None]:
    with working_precision(BITS):
        yield
