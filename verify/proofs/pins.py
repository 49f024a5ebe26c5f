"""What Coq prints about a development, and what is pinned of it.

A statement is pinned twice. Its text is what a reader sees, under the notations of the installed
libraries and of nothing else. Its explicit form has every implicit argument, coercion and notation
written out; nobody can read that, so it is pinned by its hash. The explicit forms also tell which
definitions a statement speaks of: each must be pinned in its turn.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from verify.files import reason
from verify.proofs.coq import Coq, Rejected

#: The pins of a development, in its folder.
PINS = "pinned.txt"


@dataclass(frozen=True)
class Development:
    """A folder of Coq files that prove theorems.

    Attributes
    ----------
    folder : Path
        Where the files and their pins are.
    library : str
        The name that the files have for each other: ``proof.v`` is ``library.proof``.
    foundation : str
        The file that imports what must be installed. Where it does not compile, nothing is said
        about the rest.
    preamble : str
        The commands under which statements are printed: imports of installed libraries, scopes.
    theorems : tuple of str
        The theorems that are proved, ``file.name`` each.
    version : str
        How the version of Coq must begin.
    install : str
        How to get what must be installed, in one line.
    """

    folder: Path
    library: str
    foundation: str
    preamble: str
    theorems: tuple[str, ...]
    version: str
    install: str

    def sources(self) -> dict[str, str]:
        """The text of each file, by its name without ``.v``."""
        return {path.stem: path.read_text("utf-8") for path in sorted(self.folder.glob("*.v"))}

    def pinned_text(self) -> str:
        """The file of pins.

        Raises
        ------
        Rejected
            If there is none.
        """
        try:
            return (self.folder / PINS).read_text("utf-8")
        except OSError as error:
            raise Rejected(f"{PINS}: {reason(error)}") from None


@dataclass(frozen=True)
class Pins:
    """What Coq prints about a development.

    Attributes
    ----------
    theorems : dict
        Each theorem with its statement, which is a name.
    constants : dict
        Each statement and definition that they speak of, directly or through others.
    explicit : dict
        The hash of the explicit form of each of both.
    axioms : tuple of str
        What all theorems together assume: a name and what it says.
    """

    theorems: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    explicit: dict[str, str] = field(default_factory=dict)
    axioms: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Pins:
        """Read a file of pins.

        Raises
        ------
        Rejected
            If it has a section of no known kind.
        """
        found, axioms = cls(), []
        for section in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
            title, _, body = section.partition("\n")
            kind, _, name = title.partition(" ")
            body = body.strip("\n")
            match kind:
                case "theorem":
                    found.theorems[name] = body
                case "constant":
                    found.constants[name] = body
                case "axiom":
                    axioms.append(body)
                case "explicit":
                    for line in body.splitlines():
                        constant, _, hashed = line.partition(" ")
                        found.explicit[constant] = hashed
                case _:
                    raise Rejected(f"{PINS}: no section is called {kind!r}")
        return cls(found.theorems, found.constants, found.explicit, tuple(axioms))

    def render(self) -> str:
        """The file of pins."""
        hashes = "\n".join(f"{name} {hashed}" for name, hashed in self.explicit.items())
        sections = [
            *(f"== theorem {name}\n{text}" for name, text in self.theorems.items()),
            *(f"== constant {name}\n{text}" for name, text in self.constants.items()),
            *(f"== axiom\n{text}" for text in self.axioms),
            f"== explicit\n{hashes}",
        ]
        return "\n\n".join([_ABOUT, *sections]) + "\n"

    def difference(self, found: Pins) -> str | None:
        """The first difference of what was found, in one line; None if there is none."""
        for axiom in found.axioms:
            if axiom not in self.axioms:
                return f"{axiom.split(' ')[0]} is assumed, not proved: no such axiom is pinned"
        for pinned, printed in (
            (self.theorems, found.theorems),
            (self.constants, found.constants),
        ):
            for name, text in printed.items():
                if name not in pinned:
                    return f"{name}: is not pinned in {PINS}"
                if text != pinned[name]:
                    return f"{name}: {_first_difference(pinned[name], text)}"
            for name in pinned.keys() - printed.keys():
                return f"{name}: is pinned, but is no theorem and no theorem speaks of it"
        for name, hashed in found.explicit.items():
            if hashed != self.explicit.get(name):
                return (
                    f"{name}: reads as pinned, but its explicit form has changed: "
                    "an implicit argument, a notation or a coercion"
                )
        return None


_ABOUT = """\
What Coq prints about the theorems, the statements they prove, and every definition these speak of;
then the axioms, and hashes of all that with nothing left implicit. `make prove` compares. Written
by `python -m theorems.kernel --pin`: read what changed before you commit it."""


def _first_difference(pinned: str, printed: str) -> str:
    was, now = pinned.split(), printed.split()
    pairs = itertools.zip_longest(now, was)
    at = next((i for i, (new, old) in enumerate(pairs) if new != old), len(now))
    new, old = (" ".join(words[max(0, at - 3) : at + 8]) for words in (now, was))
    return f"says `... {new} ...` where `... {old} ...` is pinned"


# ---------------------------------------------------------------- asking Coq


class NotPinned(Rejected):
    """Statements or definitions speak of some that were not asked about."""

    def __init__(self, others: Mapping[str, str]) -> None:
        other, name = next(iter(others.items()))
        super().__init__(f"{name}: speaks of {other}, which is not pinned in {PINS}")
        self.others = tuple(others)


def statements(coq: Coq, development: Development, folder: Path, constants: Sequence[str]) -> Pins:
    """What Coq prints about the theorems and some constants, in a folder of compiled files.

    Raises
    ------
    NotPinned
        If they speak of other constants of the development.
    Rejected
        If one does not exist, or is not all that has its name.
    """
    library, theorems = development.library, development.theorems
    names = (*theorems, *constants)
    questions = {}
    for name in names:
        full = f"{library}.{name}"
        show = f"Check @{full}." if name in theorems else f"Print {full}."
        questions[f"{name} text"] = show
        questions[f"{name} place"] = f"Locate {full}."
        questions[f"{name} explicit"] = f"Set Printing All. {show} Unset Printing All."
    try:
        answers = coq.ask(folder, library, development.preamble, questions)
    except Rejected as error:
        missing = re.search(rf"{library}\.(\S+) (?:was not found|not a defined)", str(error))
        raise (Rejected(f"{missing[1]}: there is none") if missing else error) from None
    for name in names:
        places = re.findall(r"^\w.*", answers[f"{name} place"], re.MULTILINE)
        if len(places) != 1 or places[0].split()[1] != f"{library}.{name}":
            raise Rejected(f"{name}: expected one thing of this name, found {places}")
    text = {name: _tidy(answers[f"{name} text"]) for name in names}
    explicit = {name: " ".join(answers[f"{name} explicit"].split()) for name in names}
    modules = "|".join(sorted(path.stem for path in folder.glob("*.vo")))
    own = re.compile(rf"(?<![\w.'])(?:{library}\.)?((?:{modules})(?:\.[\w']+)+)")
    unasked = {
        other: name
        for name, said in explicit.items()
        for other in own.findall(said)
        if other not in names
    }
    if unasked:
        raise NotPinned(unasked)
    return Pins(
        {name: text[name] for name in theorems},
        {name: text[name] for name in constants},
        {name: hashlib.sha256(said.encode()).hexdigest() for name, said in explicit.items()},
    )


def axioms(
    coq: Coq, development: Development, folder: Path, stated: Mapping[str, str]
) -> tuple[str, ...]:
    """What the theorems assume. The kernel compares each with the statement it is said to prove.

    Raises
    ------
    Rejected
        If a theorem does not prove its statement.
    """
    library = development.library
    proofs = [f"(@{library}.{name} : {library}.{stated[name]})" for name in development.theorems]
    question = f"Definition all := ({', '.join(proofs)}, tt). Print Assumptions all."
    printed = coq.ask(folder, library, development.preamble, {"axioms": question})["axioms"]
    if "Closed under the global context" in printed:
        return ()
    listed = printed.partition("Axioms:")[2].strip("\n")
    return tuple(" ".join(axiom.split()) for axiom in re.split(r"\n(?=\S)", listed))


def _tidy(printed: str) -> str:
    """Of a theorem, its type; of a constant, what is printed without type and arguments."""
    body = re.split(r"^Arguments ", printed, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line.rstrip() for line in body.strip().splitlines()]
    if "=" not in lines[0]:
        return " ".join(body.split()).partition(" : ")[2]
    return "\n".join(itertools.takewhile(lambda line: not line.startswith("     : "), lines))


def in_order(development: Development, constants: Sequence[str]) -> list[str]:
    """Constants in the order in which their files define them."""
    sources = development.sources()

    def place(name: str) -> tuple[str, int]:
        module, _, constant = name.partition(".")
        found = re.search(rf"^\s*\w+ {re.escape(constant)}\b", sources[module], re.MULTILINE)
        return module, found.start() if found else 0

    return sorted(constants, key=place)
