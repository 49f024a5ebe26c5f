"""Editing a certificate, and whether it is still confirmed."""

from __future__ import annotations

import json
from typing import Any

from verify.certificate import Certificate, CertificateError
from verify.checker import check


def is_valid(document: dict[str, Any]) -> bool:
    """Whether a JSON object reads as a certificate and is confirmed."""
    try:
        return check(Certificate.from_json(json.dumps(document))).valid
    except CertificateError:
        return False


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path; None if nothing does."""
    for step in path:
        if not isinstance(document, dict | list) or (document := _step(document, step)) is None:
            return None
    return document


def _step(place: Any, step: Any) -> Any:
    return place.get(step) if isinstance(place, dict) else place[step]


def put(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Put a value where a path leads."""
    at(document, path[:-1])[path[-1]] = value
