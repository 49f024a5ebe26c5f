"""MathJax for the site, from a package: one file that draws formulas as SVG, without fonts."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "sphinx-mathjax-offline"
STATIC = Path(__file__).resolve().parent / "_build" / "static"
MATHJAX = "mathjax/tex-svg.js"

MATHJAX_CONFIG = {
    # An unknown command is an error, not red text: the test of the site looks for errors.
    "tex": {"packages": {"[-]": ["noundefined", "require", "autoload"]}},
    # Formulas take the colour of the text, in the dark and in print too.
    "svg": {"fontCache": "global", "scale": 0.95},
    # No menu: its parts would be loaded when it opens. Screen readers get MathML all the same.
    "options": {"enableMenu": False, "enableAssistiveMml": True},
}


def bring() -> None:
    """Put MathJax where Sphinx takes static files from.

    Raises
    ------
    ModuleNotFoundError
        If the package that carries it is not installed.
    """
    package = find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed: pip install '.[docs]'")
    source = Path(package.submodule_search_locations[0]) / "static" / MATHJAX
    target = STATIC / MATHJAX
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


bring()
