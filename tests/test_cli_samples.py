"""``goodhart construct --sample``: draws as the certificate says, the same each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.terminal import Terminal

HEAVY = ("construct", "pareto(alpha=3)", "--mean", "20", "--kl", "0.5")
TILT = ("construct", "normal()", "--mean", "1", "--kl", "1")

THRESHOLDS = {
    "pareto(alpha=3)": ("20", "0.5"),
    "mixture(0.9*normal(), 0.1*pareto(alpha=3))": ("10", "0.5"),
    "zeta(s=4)": ("20", "0.5"),
    'tail(log_sf="-sqrt(x)", lower=0)': ("20", "1"),
    "cauchy()": ("10", "0.1"),
}
"""Laws, with a mean and a budget at which the threshold has much mass."""


def sample_of(terminal: Terminal, *arguments: str, size: int) -> tuple[Any, Any]:
    done = terminal(*arguments, "--sample", "s.npy", "--size", str(size), "--out", "c.json")
    assert done.status == 0, done
    draws = np.load("s.npy", allow_pickle=False)
    assert draws.dtype == np.float64
    assert draws.shape == (size,)
    assert np.isfinite(draws).all()
    return json.loads(Path("c.json").read_text()), draws


@pytest.mark.parametrize("law", THRESHOLDS)
def test_sample_has_the_mass_of_the_certificate(terminal: Terminal, law: str) -> None:
    mean, kl = THRESHOLDS[law]
    size = 20_000
    certificate, draws = sample_of(
        terminal, "construct", law, "--mean", mean, "--kl", kl, size=size
    )
    reweighting = certificate["reweighting"]
    assert reweighting["kind"] == "threshold"
    mass = float(reweighting["mass"])
    share = (draws > float(reweighting["t"])).mean()
    # 4 standard errors of a share: the seed is fixed, so this holds or does not, once and for all.
    assert abs(share - mass) <= 4 * np.sqrt(mass * (1 - mass) / size)


def test_sample_of_a_tilt_has_its_mean(terminal: Terminal) -> None:
    size = 20_000
    certificate, draws = sample_of(terminal, *TILT, size=size)
    mean = float(certificate["enclosures"]["mean"][0])
    assert abs(draws.mean() - mean) <= 4 / np.sqrt(size)  # a tilted normal keeps its variance 1


def test_sample_is_reproducible(terminal: Terminal) -> None:
    arguments = (*HEAVY, "--size", "100", "--sample")
    terminal(*arguments, "a.npy")
    terminal(*arguments, "b.npy")
    terminal(*arguments, "c.npy", "--seed", "1")
    first, second, third = (Path(f"{name}.npy").read_bytes() for name in "abc")
    assert first == second
    assert first != third
    terminal(*arguments, "-")
    assert terminal.raw == first
