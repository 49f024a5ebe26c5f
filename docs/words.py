"""Plain text of the code as pages write it."""

from __future__ import annotations

import re

SIGNS = (
    (r"<=", "≤"),
    (r">=", "≥"),
    (r"->", "→"),
    (r"\|\|", "‖"),
    (r"\balpha\b(?!=)", "α"),
    (r"\bmu\b", "μ"),
    (r"\beps\b", "ε"),
    (r"\bsigma\b", "σ"),
    (r"\btheta\b", "θ"),
    (r"\brho\b", "ρ"),
    (r"\bpi(?=0?\b)", "π"),
    (r"\boo\b", "∞"),
    (r"\bl\b|(?<=_)l\b", "ℓ"),
    (r"\^2\b", "²"),
    # A hyphen that joins no word is a minus.
    (r"(?<![\w)])-(?=[\w(])|(?<= )-(?= )", "−"),
    (r"\bsqrt ?(?=\w|\()", "√"),
    # Primes, not quotes; "P's" is a genitive.
    (r"(?<=\b[A-Z])''", "″"),
    (r"(?<=\b[A-Z])'(?!s)", "′"),
)
"""Signs that the code spells out."""


def readable(text: str) -> str:
    """Plain text with its signs, such that Markdown takes none of it for markup."""
    for pattern, sign in SIGNS:
        text = re.sub(pattern, sign, text)
    return re.sub(r"([\\*_`<>\[\]$])", r"\\\1", text)


def titled(name: str) -> str:
    """A short name as a title: its first letter large, unless that is a symbol."""
    symbol = len(name) > 1 and not name[1].isalpha()
    return readable(name if symbol else name[0].upper() + name[1:])
