"""How Sphinx makes the site. Nothing here or in the site asks for anything outside it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from docs.mathjax import MATHJAX, MATHJAX_CONFIG, STATIC  # noqa: E402
from verify import __version__  # noqa: E402

project = "Catastrophic Goodhart"
author = "the Catastrophic Goodhart companion authors"
copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.apidoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "docs.drawings",
    "docs.reference",
]
exclude_patterns = ["_build", "**/__pycache__"]
nitpicky = True

# ---- pages

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
# Every address outside is left as it is; CI cannot reach them.
myst_url_schemes = ["http", "https", "mailto"]

# ---- mathematics: MathJax, from this site

mathjax_path = MATHJAX
mathjax3_config = MATHJAX_CONFIG

# ---- reference

apidoc_modules = [
    {
        "path": f"../{package}",
        "destination": f"reference/api/{package}",
        "separate_modules": True,
        "module_first": True,
        "include_private": False,
        "no_headings": False,
        # Functions of the same name as these modules, which verify.laws describes.
        "exclude_patterns": ["../verify/laws/point.py", "../verify/laws/zeta.py"],
    }
    for package in ("verify", "theorems")
]
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

# ---- looks

html_theme = "furo"
html_title = "Catastrophic Goodhart"
html_static_path = ["_static", str(STATIC)]
html_css_files = ["site.css"]
html_js_files = [("animation.js", {"defer": "defer"})]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {
        "color-brand-primary": "#005a8f",
        "color-brand-content": "#005a8f",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc4f0",
        "color-brand-content": "#7cc4f0",
    },
}
