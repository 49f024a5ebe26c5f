"""The pages on the audit: they can be found, and tell a program all that the JSON holds."""

from __future__ import annotations

import re

import numpy as np

from docs.generate import ROOT
from verify.tails.audit import audit_rewards


def page(name: str) -> str:
    """The text of a page."""
    return (ROOT / "docs" / name).read_text("utf-8")


def undocumented(keys: list[str], text: str) -> list[str]:
    """The keys that a text does not name as code."""
    return [key for key in keys if f"`{key}`" not in text]


def test_every_key_of_an_audit_is_documented() -> None:
    found = audit_rewards(np.random.default_rng(0).normal(size=300)).to_dict()
    section = page("how_to.md").split("## Read an audit in a program")[1].split("\n## ")[0]
    nested = ("tail_index", "frontier", "cap", "samples_needed")
    keys = [*found, *(key for name in nested for key in found[name])]
    assert undocumented(keys, section) == []
    assert undocumented(["planted"], section) == ["planted"]


def test_the_audit_is_found_from_the_first_page() -> None:
    shown = re.sub(r"```\{toctree\}.*?```", "", page("index.md"), flags=re.DOTALL)
    assert shown.count("](tutorials/audit.md)") >= 2
    assert "](audit.md)" in page("tutorials/your_own_rewards.md")
