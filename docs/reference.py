"""What the reference needs of Sphinx: where names in signatures lead, and plain docstrings.

Sphinx is told to warn about every name that leads nowhere. A name in a signature is looked up where
Python would look it up: in the module in whose source it stands. If that finds a documented object,
the name becomes a link to it. If it finds something of another library, or a type that is written
out rather than a class, it stays plain. A name that the module does not know is warned about.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import takewhile
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata

PACKAGES = ("verify", "theorems")

COMMON = ("collections.abc", "decimal", "flint", "fractions", "numpy", "numpy.typing", "typing")
"""Libraries whose names a docstring may use though its module does not import them."""

LITERAL = re.compile(r"(``.*?``|:[a-z:]+:`[^`]*`|`[^`]*`_?)")


def resolved(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement
) -> nodes.Element | None:
    """A link, or the plain name, for a name that Sphinx could not place itself."""
    if node.get("refdomain") != "py":
        return None
    target = str(node["reftarget"]).lstrip(".")
    module = _source(str(node.get("py:class") or ""), str(node.get("py:module") or ""))
    objects = env.domains.python_domain.objects
    for full in (*_full_names(target, module), *_nearest(target, module, objects)):
        if full in objects:
            found = objects[full]
            assert app.builder is not None
            return make_refnode(
                app.builder, node["refdoc"], found.docname, found.node_id, text, full
            )
    if node.get("reftype") == "class" and _is_words(target):
        return text
    return text if _known(target, module) else None


def exact(app: Sphinx, doctree: nodes.document) -> None:
    """Look names up where they stand: Sphinx would take the first that ends alike, anywhere."""
    for node in doctree.findall(pending_xref):
        if node.get("refdomain") == "py" and node.hasattr("refspecific"):
            del node["refspecific"]


def _source(within: str, module: str) -> str:
    """The module in whose source a class stands, which a package may only pass on."""
    thing = _looked_up(within, module) if within else None
    return str(getattr(thing, "__module__", module))


def _full_names(target: str, module: str) -> Iterator[str]:
    """What a name may be in full: where it was defined, wherever it is used."""
    package = module if _is_package(module) else module.rpartition(".")[0]
    yield target
    yield f"{module}.{target}"
    yield f"{package}.{target}"
    thing = _looked_up(target, module)
    if getattr(thing, "__qualname__", None):
        yield f"{thing.__module__}.{thing.__qualname__}"


def _nearest(target: str, module: str, objects: Iterable[str]) -> list[str]:
    """The one documented name that ends so, or the one closest to the module.

    For docstrings alone: they may speak of what their module does not import.
    """
    if _looked_up(target, module) is not None:
        return []
    ending = [name for name in objects if name.endswith(f".{target}")]

    def shared(name: str) -> int:
        pairs = zip(name.split("."), module.split("."), strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return sorted(ending, key=shared, reverse=True)[:1]


def _is_package(module: str) -> bool:
    spec = find_spec(module) if module else None
    return spec is not None and spec.submodule_search_locations is not None


def _looked_up(target: str, module: str) -> Any:
    """What the module means by a name; None if it does not know it."""
    first, *rest = target.split(".")
    if first in PACKAGES:
        place = max((m for m in _prefixes(target) if find_spec(m)), key=len)
        return _attribute(import_module(place), target[len(place) + 1 :].split("."))
    if not module:
        return None
    source = import_module(module)
    return _attribute(getattr(source, first, getattr(builtins, first, None)), rest)


def _prefixes(target: str) -> Iterator[str]:
    """Those beginnings of a full name that may be modules."""
    names = target.split(".")
    for length in range(1, len(names)):
        prefix = ".".join(names[:length])
        if find_spec(prefix) is None:
            return
        yield prefix


def _attribute(thing: Any, names: list[str]) -> Any:
    for name in names:
        thing = getattr(thing, name, None)
    return thing


def _known(target: str, module: str) -> bool:
    """Whether a name means something that this reference does not describe."""
    if _looked_up(target, module) is not None or _only_for_types(target, module):
        return True
    root = target.partition(".")[0]
    if "." in target:
        return root not in PACKAGES and find_spec(root) is not None
    return any(hasattr(import_module(library), target) for library in COMMON)


def _is_words(target: str) -> bool:
    """Whether a type is said in words, as "exact number" or "optional" are."""
    return not re.fullmatch(r"[\w.]+", target) or target.islower()


def _only_for_types(target: str, module: str) -> bool:
    """Whether the module imports the name for type checkers alone."""
    if not module:
        return False
    path = import_module(module).__file__
    assert path is not None
    with open(path, encoding="utf-8") as source:
        _, _, block = source.read().partition("\nif TYPE_CHECKING:\n")
    inside = re.match(r"(?:    .*\n|\n)*", block)
    names = re.findall(r"\w+", inside[0]) if inside else []
    return target.partition(".")[0] in names


def plain(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Take bars and stars in a docstring for what they are: signs of mathematics."""
    indent_of_code: int | None = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if indent_of_code is not None and line.strip() and indent <= indent_of_code:
            indent_of_code = None
        if indent_of_code is None:
            lines[number] = _escaped(line)
            if line.rstrip().endswith("::"):
                indent_of_code = indent


def _escaped(line: str) -> str:
    start = re.match(r"\s*(?:\* )?", line)
    assert start is not None
    parts = LITERAL.split(line[start.end() :])
    parts[::2] = [re.sub(r"([|*])", r"\\\1", part) for part in parts[::2]]
    return start[0] + "".join(parts)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Make both known to Sphinx."""
    app.connect("missing-reference", resolved)
    app.connect("doctree-read", exact)
    # Before napoleon (500), which writes markup of its own. It takes what stands before a colon in
    # the docstring of a constant for a type: that is kept from it.
    app.connect("autodoc-process-docstring", plain, priority=100)
    kept: dict[str, list[str]] = {}

    def keep(app: Sphinx, what: str, name: str, _: object, __: object, lines: list[str]) -> None:
        if what in ("data", "attribute"):
            kept[name] = lines[:]
            lines.clear()

    def give_back(
        app: Sphinx, what: str, name: str, _: object, __: object, lines: list[str]
    ) -> None:
        lines[:] = kept.pop(name, lines)

    app.connect("autodoc-process-docstring", keep, priority=200)
    app.connect("autodoc-process-docstring", give_back, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
