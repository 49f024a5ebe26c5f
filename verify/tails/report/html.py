"""A page as one file: its style inside it, its pictures inline, nothing asked of a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files

from verify.tails.report.drawing import Drawing

#: Cells with more characters are sentences: they may be broken into lines.
LONGEST_NUMBER = 44


@dataclass(frozen=True)
class Table:
    """Rows under titles; ``note`` stands below them.

    Attributes
    ----------
    titles : sequence of str
    rows : sequence of sequences of str
        As many cells as titles, each.
    note : str
        How the numbers were obtained, or what they leave out.
    """

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page: a heading, what it says in words, pictures, tables."""

    name: str
    title: str
    paragraphs: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Page:
    """What a report holds, in the order of reading.

    Attributes
    ----------
    title : str
    verdict : str
        One word or two: it colours the page's head.
    headline : str
        The verdict in a sentence.
    facts : sequence of (str, str)
        The few numbers that most readers came for.
    sections : sequence of Section
    """

    title: str
    verdict: str
    headline: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section] = field(default_factory=tuple)

    def html(self) -> str:
        """The whole file."""
        style = files("verify.tails.report").joinpath("report.css").read_text(encoding="utf-8")
        kind = self.verdict.replace(" ", "-")
        contents = "".join(
            f'<li><a href="#{escape(s.name)}">{escape(s.title)}</a></li>' for s in self.sections
        )
        facts = "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
            for name, value in self.facts
        )
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            '<link rel="icon" href="data:,">\n'
            f"<title>{escape(self.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
            f'<main>\n<header class="{escape(kind)}">\n<h1>{escape(self.title)}</h1>\n'
            f'<p class="headline">{escape(self.headline)}</p>\n'
            f"<dl>{facts}</dl>\n</header>\n"
            f'<nav aria-label="Contents"><ul>{contents}</ul></nav>\n'
            + "".join(map(_section, self.sections))
            + "</main>\n</body>\n</html>\n"
        )


def _section(section: Section) -> str:
    return (
        f'<section id="{escape(section.name)}">\n<h2>{escape(section.title)}</h2>\n'
        + "".join(f"<p>{escape(text)}</p>\n" for text in section.paragraphs)
        + _drawings(section.drawings)
        + "".join(map(_table, section.tables))
        + "</section>\n"
    )


def _drawings(drawings: Iterable[Drawing]) -> str:
    shown = "".join(
        f'<figure id="picture-{escape(d.name)}">\n{_labelled(d)}\n'
        f"<figcaption><b>{escape(d.title)}.</b> {escape(d.caption)}</figcaption>\n</figure>\n"
        for d in drawings
    )
    return f'<div class="drawings">\n{shown}</div>\n' if shown else ""


def _labelled(drawing: Drawing) -> str:
    """The picture, with what a screen reader says of it."""
    label = escape(f"{drawing.title}. {drawing.caption}")
    return drawing.svg().replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in table.titles)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>\n" for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>\n' if table.note else ""
    return (
        f'<div class="wide" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n{note}"
    )


def _cell(text: str) -> str:
    """Numbers stay on a line; sentences may take several."""
    kind = ' class="text"' if len(text) > LONGEST_NUMBER else ""
    return f"<td{kind}>{escape(text)}</td>"
