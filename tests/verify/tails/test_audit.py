"""The whole audit of odd samples: it ends with an answer that is JSON, or with one line."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from verify.errors import InputError
from verify.tails.audit import Audit, audit_rewards
from verify.tails.report.sections import page_of
from verify.tails.report.terminal import terminal_lines

Floats = NDArray[np.float64]


def normal(count: int) -> Floats:
    return np.random.default_rng(1).standard_normal(count)


def with_one(count: int, other: float, rest: Floats | float = 0.0) -> Floats:
    sample = np.zeros(count) + rest
    sample[5] = other
    return sample


ODD: dict[str, Floats] = {
    "one": normal(1),
    "fifty": normal(50),
    "zeros": np.zeros(600),
    "zeros and one": with_one(600, 1.0),
    "zeros and a few": np.append(np.zeros(2990), normal(10) ** 2),
    "zeros and some": np.append(np.zeros(2000), normal(1000)),
    "a huge one": with_one(1000, 1e60, normal(1000)),
    "far from zero": 1e16 + 10 * normal(1000),
    "of all sizes": np.exp(np.random.default_rng(1).uniform(-150, 100, 1000)),
}


def answer_of(found: Audit) -> dict[str, Any]:
    """Its JSON, which has no numbers that JSON does not have."""
    answer: dict[str, Any] = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    return answer


@pytest.mark.parametrize("name", ODD)
def test_odd_samples_are_answered(name: str) -> None:
    found = audit_rewards(ODD[name], prompts=np.arange(len(ODD[name])) // 2)
    answer = answer_of(found)
    assert answer["n"] == len(ODD[name])
    lines = terminal_lines(found)
    assert len(lines) < 40 and answer["verdict"] in lines[4] + lines[5] + lines[6]
    assert page_of(found).html().startswith("<!doctype html>")


@pytest.mark.parametrize("factor", [1e100, 1e300, 1e-100, 1e-310])
def test_sizes_beyond_float64_squared_are_refused(factor: float) -> None:
    for sample in (factor * normal(600), -np.abs(factor * normal(600))):
        with pytest.raises(InputError, match=r"rewards: the largest in size is .* expected one"):
            audit_rewards(sample)
    with pytest.raises(InputError, match="gold scores: the largest in size"):
        audit_rewards(normal(600), utility=factor * normal(600))
