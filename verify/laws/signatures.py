"""The catalogue as a table: how each law is written, and the rates that decide it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from verify.decimals import decimal_text
from verify.enclosure import exact


def catalogue_rows(catalogue: Mapping[str, Any]) -> list[dict[str, str]]:
    """One row a law: ``name``, ``signature`` and ``meaning`` (its docstring's first sentence)."""
    return [
        {"name": name, "signature": signature(name, law), "meaning": meaning(law)}
        for name, law in catalogue.items()
    ]


def signature(name: str, law: Any) -> str:
    """``pareto(alpha, scale=1)``."""
    parameters = []
    for spec in fields(law):
        default = spec.default
        known = "" if default is MISSING else f"={decimal_text(exact(default))}"
        parameters.append(spec.name + known)
    return f"{name}({', '.join(parameters)})"


def meaning(law: Any) -> str:
    """The first line of the law's docstring."""
    first = str(law.__doc__).strip().splitlines()[0].replace("``", "")
    return first if first.endswith("...") else first.removesuffix(".")
