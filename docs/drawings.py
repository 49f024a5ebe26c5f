"""Two directives: ``drawing`` puts a figure of :mod:`docs.figures` into a page, ``animation`` the
animation of :mod:`docs.animation`. Their content is the caption.
"""

from __future__ import annotations

from html import escape
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from docs import animation, figures


class _Captioned(SphinxDirective):  # type: ignore[misc]  # skipped by mypy
    """Something drawn, with its caption below it."""

    has_content = True

    def captioned(self, html: str, kind: str) -> list[nodes.Node]:
        figure = nodes.figure(classes=[kind])
        figure += nodes.raw("", html, format="html")
        caption = nodes.caption()
        (paragraph,) = self.parse_content_to_nodes()
        caption += paragraph.children
        figure += caption
        self.set_source_info(figure)
        return [figure]


class Drawing(_Captioned):
    """A figure by its name."""

    required_arguments = 1
    option_spec: ClassVar = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        (name,) = self.arguments
        if name not in figures.FIGURES:
            raise self.error(f"no figure is called {name!r}")
        if "alt" not in self.options:
            raise self.error(f"the figure {name!r} needs :alt:")
        self.env.note_dependency(figures.source(name))
        return self.captioned(labelled(figures.svg(name), self.options["alt"]), "drawing")


class Animation(_Captioned):
    """The mean that grows while the KL divergence vanishes."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(animation.__file__)
        return self.captioned(animation.html(), "animation")


def labelled(svg: str, alt: str) -> str:
    """An ``svg`` element that a screen reader takes for one image."""
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Make the directives known to Sphinx."""
    app.add_directive("drawing", Drawing)
    app.add_directive("animation", Animation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
