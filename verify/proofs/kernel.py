"""Proofs that a proof assistant has checked, as evidence for a claim.

A development is a folder of Coq files, with a file of pins: what Coq printed when somebody last
read it. :func:`check` compiles the files and compares. They pass only if

* every theorem that is named exists under its full name, and proves the statement that is pinned;
* that statement, and every definition that it speaks of, directly or through others, reads as
  pinned, and so does its explicit form, in which nothing is hidden (:mod:`verify.proofs.pins`);
* all theorems together assume no axiom that is not pinned, by ``Print Assumptions``;
* ``coqchk`` accepts the files, finds no axiom of their own in them, and no proof that was let off
  the checks of universes, termination or positivity.

What passed is remembered under a hash of everything it depends on: the files, the pins, Coq, its
libraries, and the modules that check. So are compiled files; nothing rests on them, since all of
the above is asked of them anew.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from verify.claim import Case, Evidence
from verify.enclosure import Undecided
from verify.files import reason
from verify.proofs import coq
from verify.proofs import pins as pins_module
from verify.proofs.cache import cache_folder, digest, locked, put, workshop
from verify.proofs.coq import Coq, Rejected, Unavailable
from verify.proofs.pins import Development, NotPinned, Pins

#: Words that reach beyond the files that are read here: refused anywhere, comments included.
REACHING_OUT = re.compile(r"\b(Declare\s+ML|Load|LoadPath|ML\s+Path|Redirect|Cd|Extraction)\b")

#: Called with a line on what was done.
Say = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """What passed.

    Attributes
    ----------
    version : str
        The version of Coq.
    theorems : tuple of str
        What is proved.
    axioms : tuple of str
        What is assumed.
    """

    version: str
    theorems: tuple[str, ...]
    axioms: tuple[str, ...]


def check(
    development: Development, cache: Path | None = None, say: Say = lambda line: None
) -> Report:
    """Check that the theorems of a development are proved, and are those that are pinned.

    Processes that check at the same time wait for each other: the work is done once. One that is
    stopped leaves nothing that another would take for finished.

    Parameters
    ----------
    development : Development
        What to check.
    cache : Path, optional
        Where to remember what passed; by default :func:`verify.proofs.cache.cache_folder`.
    say : callable, optional
        Told of each step.

    Raises
    ------
    Unavailable
        If Coq or a library is not installed, or not the one meant; the message says how to get it.
    Rejected
        If something is wrong.
    Undecided
        If memory, time or disk did not suffice.
    """
    with _installed(development) as here, locked(cache or cache_folder()) as folder:
        sources, pinned = development.sources(), development.pinned_text()  # read once
        passed = folder / f"{_key(development, here, sources, pinned)}.json"
        report = _remembered(passed)
        if report is None:
            pins = Pins.parse(pinned)
            with workshop(folder) as work:
                _build(here, development, sources, work, folder, say)
                found = pins_module.statements(here, development, work, tuple(pins.constants))
                _must_agree(pins, found)
                say("statements: as pinned")
                axioms = pins_module.axioms(here, development, work, pins.theorems)
                _must_agree(Pins(axioms=pins.axioms), Pins(axioms=axioms))
                say("axioms: none but those pinned")
                own = here.recheck(work, development.library)
                if own:
                    raise Rejected(f"{own[0]} is an axiom: the files may have none of their own")
                say("coqchk: nothing to object")
            report = Report(here.version, development.theorems, axioms)
            put(passed, json.dumps(vars(report)).encode())
        return report


def pin(development: Development, cache: Path | None = None, say: Say = lambda line: None) -> Pins:
    """What would be pinned now, for somebody to read. Raises as :func:`check`."""
    with (
        _installed(development) as here,
        locked(cache or cache_folder()) as folder,
        workshop(folder) as work,
    ):
        _build(here, development, development.sources(), work, folder, say)
        constants: list[str] = []
        while True:
            try:
                found = pins_module.statements(here, development, work, constants)
            except NotPinned as missing:
                constants = pins_module.in_order(development, [*constants, *missing.others])
            else:
                axioms = pins_module.axioms(here, development, work, found.theorems)
                return Pins(found.theorems, found.constants, found.explicit, axioms)


@contextmanager
def _installed(development: Development) -> Iterator[Coq]:
    """Coq; where it or a library is missing, the message says how to get it."""
    try:
        here = Coq.find()
        if not f"{here.version}.".startswith(f"{development.version}."):
            raise Unavailable(f"Coq {here.version} is here, and {development.version} is meant")
        yield here
    except Unavailable as missing:
        raise Unavailable(f"{missing}; {development.install}") from None
    except OSError as error:
        raise Undecided(f"{error.filename or 'Coq'}: {reason(error)}") from None


def _build(
    here: Coq,
    development: Development,
    sources: Mapping[str, str],
    work: Path,
    cache: Path,
    say: Say,
) -> None:
    """Compile the files in a folder that holds nothing else, or take what was compiled before."""
    for name, text in sources.items():
        found = REACHING_OUT.search(text)
        if found:
            raise Rejected(f"{name}.v: `{found[0]}` reaches beyond the files that are checked")
        (work / f"{name}.v").write_text(text, "utf-8")
    hashes: dict[str, str] = {}
    for name, needed in here.order(work, development.library):
        parts = (here.fingerprint, development.library, name, sources[name])
        kept = cache / f"{digest(*parts, *(hashes[other] for other in needed))}.vo"
        made = work / f"{name}.vo"
        if kept.exists():
            shutil.copyfile(kept, made)
        else:
            started = perf_counter()
            try:
                here.compile(work, development.library, name)
            except Rejected as error:
                if name == development.foundation:
                    raise Unavailable(f"not the libraries that are meant ({error})") from None
                raise
            say(f"{name}.v: compiled in {perf_counter() - started:.1f} s")
            put(kept, made.read_bytes())
        hashes[name] = hashlib.sha256(made.read_bytes()).hexdigest()


def _must_agree(pins: Pins, found: Pins) -> None:
    difference = pins.difference(found)
    if difference is not None:
        raise Rejected(difference)


def _key(development: Development, here: Coq, sources: Mapping[str, str], pinned: str) -> str:
    """The hash of everything that the outcome depends on."""
    own = [
        Path(module).read_text("utf-8") for module in (__file__, coq.__file__, pins_module.__file__)
    ]
    settings = [
        development.library,
        development.foundation,
        development.preamble,
        development.version,
        *development.theorems,
    ]
    texts = [part for pair in sources.items() for part in pair]
    return digest(here.fingerprint, *own, *settings, pinned, *texts)


def _remembered(passed: Path) -> Report | None:
    try:
        found = json.loads(passed.read_text("utf-8"))
        return Report(str(found["version"]), tuple(found["theorems"]), tuple(found["axioms"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


# ---------------------------------------------------------------- evidence


@dataclass(frozen=True)
class Kernel(Evidence):
    """A proof that Coq's kernel has checked. Unknown where Coq is not installed.

    Attributes
    ----------
    theorem : str
        The theorem, ``file.name``.
    development : Development
        Where it is proved. All theorems of a development are checked together, once.
    """

    theorem: str
    development: Development = field(repr=False)

    def cases(self) -> Iterator[Case]:
        yield Case(self.theorem, self._verdict)

    def _verdict(self) -> str | None:
        try:
            report = check(self.development)
        except Unavailable as missing:
            raise Undecided(str(missing)) from None
        except Rejected as error:
            return str(error)
        return None if self.theorem in report.theorems else "is not among the theorems checked"
