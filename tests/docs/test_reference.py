"""Names in docstrings lead somewhere, or the site is not built; signs are no markup."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import ROOT
from tests.docs.browser import required

if not required():
    pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install '.[docs]'")

MODULE = '''
"""A module of |x| * |y|, of :class:`Thing` and of :func:`Thing.act`{more}."""
from __future__ import annotations
from decimal import Decimal
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from fractions import Fraction

NUMBER = 1
"""What it is: a number, *not* a type."""


class Thing:
    """Something."""

    def act(self, other: Thing, x: Decimal, y: Fraction) -> {result}:
        """Act on it.

        Parameters
        ----------
        x : exact number, optional
            A sum |a| + |b|.
        """
'''


def warnings(folder: Path, more: str = "", result: str = "Thing") -> str:
    """What Sphinx complains about when it makes the reference of a module."""
    source = folder / "source"
    source.mkdir()
    (folder / "planted.py").write_text(MODULE.format(more=more, result=result))
    (source / "index.rst").write_text("T\n=\n\n.. automodule:: planted\n   :members:\n")
    (source / "conf.py").write_text(
        f"import sys\nsys.path[:0] = [{str(folder)!r}, {str(ROOT)!r}]\n"
        "extensions = ['sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'docs.reference']\n"
        "napoleon_use_ivar = True\n"
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-b", "html", "source", "build"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stderr


def test_names_and_signs_are_understood(tmp_path: Path) -> None:
    assert warnings(tmp_path) == ""
    page = (tmp_path / "build" / "index.html").read_text()
    assert "|x| * |y|" in page
    assert "What it is: a number, *not* a type." in page


@pytest.mark.parametrize(
    ("more", "result"), [(" and :func:`nowhere`", "Thing"), ("", "Nowhere"), ("", "verify.Nowhere")]
)
def test_name_that_leads_nowhere_is_caught(tmp_path: Path, more: str, result: str) -> None:
    assert "reference target not found" in warnings(tmp_path, more, result)
