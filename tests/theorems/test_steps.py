"""Each step of each derivation: it holds, and its falsified version is rejected by both routes."""

from __future__ import annotations

import pytest

from tests.derivations import of_step
from tests.theorems.planted import by_points, falsified
from theorems.catalogue import CLAIMS
from verify.identity import Step, prove, steps_of


def place(step: Step) -> str:
    """The theorem's module, and the step's name in it."""
    return f"{step.build.__module__.split('.')[1]}: {step.name}"


STEPS = {place(step): step for step in steps_of(CLAIMS)}


def test_step_names_say_one_thing() -> None:
    for step in steps_of(CLAIMS):
        assert STEPS[place(step)].build is step.build


@pytest.mark.parametrize("name", STEPS)
def test_step_holds(name: str) -> None:
    finding = of_step(STEPS[name])
    assert (finding.outcome, finding.detail) == ("holds", "")


@pytest.mark.parametrize("name", STEPS)
def test_falsified_step_is_rejected_by_both_routes(name: str) -> None:
    wrong = falsified(STEPS[name].build())
    assert prove(wrong) is not None
    assert by_points(wrong)
