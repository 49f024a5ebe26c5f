"""Coq, from outside: find it, compile files with it, ask what they say, have them checked again.

A theorem is not believed because a file compiles. :meth:`Coq.compile` makes the object files,
:meth:`Coq.ask` has Coq print what stands in them, and :meth:`Coq.recheck` runs ``coqchk``, a second
and smaller checker, over them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from verify.enclosure import Undecided

SECONDS = 600
"""One call may take so long: the longest takes about 15 s on a machine that does nothing else."""

#: Programs of one installation.
PROGRAMS = ("coqc", "coqdep", "coqchk")

#: What ``coqchk`` must have nothing of, as it names them.
FLAWS = (
    "Constants/Inductives relying on type-in-type",
    "Constants/Inductives relying on unsafe (co)fixpoints",
    "Inductives whose positivity is assumed",
)

_OUT_OF_MEMORY = re.compile("out of memory|stack overflow", re.IGNORECASE)


class Unavailable(Exception):
    """Coq is not here, or not the one that is meant; the message is one line."""


class Rejected(Exception):
    """Something is wrong with a proof, or with what it proves; the message is one line."""


@dataclass(frozen=True)
class Coq:
    """An installation of Coq.

    Attributes
    ----------
    version : str
        As ``coqc`` says it, ``8.16.1`` say.
    programs : dict
        Where each of :data:`PROGRAMS` is.
    fingerprint : str
        Changes when Coq or one of its installed libraries does.
    """

    version: str
    programs: Mapping[str, str]
    fingerprint: str

    @classmethod
    def find(cls) -> Coq:
        """The installation on the search path.

        Raises
        ------
        Unavailable
            If one of its programs is missing or does not run.
        """
        found = {name: shutil.which(name) for name in PROGRAMS}
        programs = {name: os.path.abspath(path) for name, path in found.items() if path}
        for name in PROGRAMS:
            if name not in programs:
                raise Unavailable(f"no {name} here")
        said = _called([programs["coqc"], "--version"], Path.cwd())
        version = re.search(r"version (\d+(?:\.\d+)+)", said.stdout)
        where = _called([programs["coqc"], "-where"], Path.cwd())
        if said.returncode or where.returncode or version is None:
            raise Unavailable(f"{programs['coqc']} does not run")
        return cls(version[1], programs, _fingerprint(version[1], Path(where.stdout.strip())))

    def order(self, folder: Path, library: str) -> list[tuple[str, tuple[str, ...]]]:
        """The files of a folder, each after those it needs, with what it needs.

        Raises
        ------
        Rejected
            If files need each other in a circle, or need what is not there.
        """
        files = sorted(path.name for path in folder.glob("*.v"))
        done = self._call("coqdep", ["-Q", ".", library, *files], folder)
        if done.returncode:
            raise Rejected(f"coqdep: {_one_line(done.stderr)}")
        needs: dict[str, tuple[str, ...]] = {}
        for target, sources in re.findall(r"^(\S+)\.vo [^:]*: (.*)$", done.stdout, re.MULTILINE):
            names = [Path(part).stem for part in sources.split() if part.endswith(".vo")]
            needs[target] = tuple(name for name in names if f"{name}.v" in files)
        ordered: list[tuple[str, tuple[str, ...]]] = []
        while needs:
            ready = [name for name in needs if not set(needs[name]) & needs.keys()]
            if not ready:
                raise Rejected(f"files need each other in a circle: {', '.join(sorted(needs))}")
            ordered += [(name, needs.pop(name)) for name in ready]
        return ordered

    def compile(self, folder: Path, library: str, name: str) -> str:
        """Compile one file of a folder, and return what it printed.

        Raises
        ------
        Rejected
            If it does not compile: the place and the reason.
        Undecided
            If it could not be finished: no memory, no time.
        """
        done = self._call("coqc", ["-q", "-w", "none", "-Q", ".", library, f"{name}.v"], folder)
        if done.returncode:
            place = re.search(r'File "[^"]*", line (\d+)', done.stderr)
            line = f" line {place[1]}" if place else ""
            reason = _one_line(done.stderr.split("Error:", 1)[-1])
            raise Rejected(f"{name}.v{line} does not compile: {reason}")
        return done.stdout

    def ask(
        self, folder: Path, library: str, preamble: str, questions: Mapping[str, str]
    ) -> dict[str, str]:
        """What Coq prints in answer to each question, a few commands under a name.

        The compiled files are at hand under their full names and nothing of theirs is imported, so
        that no notation, coercion or short name of theirs has a say in what is printed.
        """
        modules = " ".join(f"{library}.{path.stem}" for path in sorted(folder.glob("*.vo")))
        lines = [
            preamble,
            f"Require {modules}.",
            "Set Printing Width 100. Set Printing Depth 100000.",
        ]
        for name, commands in questions.items():
            lines += [f'Goal True. idtac "{_MARK}{name}". Abort.', commands]
        (folder / f"{_QUERY}.v").write_text("\n".join(lines) + "\n", "utf-8")
        try:
            printed = self.compile(folder, library, _QUERY)
        finally:
            for made in folder.glob(f"{_QUERY}.*"):
                made.unlink()
        answers = (part.partition("\n") for part in printed.split(_MARK)[1:])
        return {name.strip(): answer.strip("\n") for name, _, answer in answers}

    def recheck(self, folder: Path, library: str) -> list[str]:
        """Have ``coqchk`` check the object files, and return the axioms in them.

        Only what is under ``library`` is checked again; installed libraries are taken as they are.

        Raises
        ------
        Rejected
            If the checker refuses a file, or a proof was let off one of its checks.
        """
        files = [f"{library}.{path.stem}" for path in sorted(folder.glob("*.vo"))]
        options = [option for file in files for option in ("-norec", file)]
        done = self._call("coqchk", ["-silent", "-o", "-Q", ".", library, *options], folder)
        if done.returncode:
            raise Rejected(f"coqchk: {_one_line(done.stderr or done.stdout)}")
        parts = re.split(r"^\* ", done.stderr.partition("CONTEXT SUMMARY")[2], flags=re.MULTILINE)
        summary = {title: body for title, _, body in (part.partition(":") for part in parts[1:])}
        if summary.get("Theory", "").strip() != "Set is predicative" or "Axioms" not in summary:
            raise Rejected("coqchk: its summary cannot be read, or Set is not predicative")
        for flaw in FLAWS:
            listed = " ".join(summary.get(flaw, "not listed").split())
            if listed != "<none>":
                raise Rejected(f"coqchk: {flaw.lower()}: {listed}")
        return [name for name in summary["Axioms"].split() if name.startswith(f"{library}.")]

    def _call(
        self, program: str, arguments: Sequence[str], folder: Path
    ) -> subprocess.CompletedProcess[str]:
        done = _called([self.programs[program], *arguments], folder)
        if done.returncode < 0 or (done.returncode and _OUT_OF_MEMORY.search(done.stderr)):
            why = f"signal {-done.returncode}" if done.returncode < 0 else "out of memory"
            raise Undecided(f"{program} was stopped: {why}")
        return done


#: Begins a line that nothing else prints.
_MARK = "==== "
#: A file that comes and goes; no development may have one of this name.
_QUERY = "query_of_the_checker"


def _called(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of Coq to its end. It sees installed libraries only, and dies with us."""
    environment = {name: value for name, value in os.environ.items() if "COQ" not in name}
    # Coq also looks for libraries under these.
    environment |= {"XDG_DATA_HOME": str(folder), "XDG_DATA_DIRS": str(folder), "LC_ALL": "C.UTF-8"}
    # Signals wait until the program is in our hands: else it might run on without us.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        raise
    with process, _ended_with_us(process):
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            printed, complaints = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Undecided(f"{Path(command[0]).name} took more than {SECONDS} s") from None
        except BaseException:  # Ctrl-C above all
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, printed, complaints)


@contextmanager
def _ended_with_us(process: subprocess.Popen[str]) -> Iterator[None]:
    """Where the ledger stops a worker, by SIGTERM, the program that it waits for stops too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        process.kill()
        with suppress(ChildProcessError):
            os.waitpid(process.pid, 0)
        signal.signal(number, before)
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGTERM, end) or signal.SIG_DFL
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _fingerprint(version: str, root: Path) -> str:
    digest = hashlib.sha256(version.encode())
    for path in sorted(root.rglob("*.vo")):
        status = path.stat()
        digest.update(f"{path.relative_to(root)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _one_line(text: str, characters: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= characters else f"{line[:characters]} ..."
