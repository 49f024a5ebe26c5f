"""What README.md and the pages of the site show is true: their examples run.

In the order of the page, in one temporary directory a page:

* a ``console`` block: each line that begins with ``$ `` is run by bash (a line after a trailing
  backslash belongs to it), with ``goodhart`` and ``python`` those of this interpreter; the lines
  up to the next ``$ `` are its output, where ``...`` stands for anything. A ``goodhart`` that
  leaves a shell nothing to do runs in this process: a hundred starts of Python take a minute;
* a ``python`` block: run as a doctest where it has ``>>>``, else plainly. Blocks share their names.

Blocks of other kinds are not run.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import goodhart
from docs.generate import ROOT, pages

PAGES = pages()
WITHOUT_EXAMPLES = {
    f"docs/{name}.md"
    for name in (
        "changelog",
        "concepts/real_models",
        "concepts/training",
        "concordance",
        "errata",
        "index",
        "proofs",
    )
}

QUOTED = re.compile(r"""'[^']*'|"[^"$`\\]*\"""")
"""What a shell hands on as it stands."""
LEFT_TO_A_SHELL = re.compile(r"[^\w\s.,:=/+-]")
"""A character that it may act on, where it is not quoted."""

SECONDS = 60
"""One command may take so long: they take about one, on a machine that does nothing else."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its kind, its text, and the number of its first line."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command of a console block, and what it prints."""

    text: str
    output: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    for found in re.finditer(r"^```(\S*)[^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        line = page.count("\n", 0, found.start()) + 2
        yield Block(found[1], found[2], line)


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block.

    Raises
    ------
    ValueError
        If the block does not begin with one.
    """
    lines = block.text.splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    if not starts or starts[0] != 0:
        raise ValueError(f"line {block.line}: a console block begins with '$ '")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        output = start + 1
        while lines[output - 1].endswith("\\\n"):
            output += 1
        text = "".join(lines[start:output])[2:]
        yield Command(text, "".join(lines[output:end]), block.line + start)


def matches(expected: str, printed: str) -> bool:
    """Whether a command printed what the page says; ``...`` stands for anything."""
    expected, printed = (
        "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())
        for text in (expected, printed)
    )
    return doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS)


def shims(folder: Path) -> Path:
    """A folder with ``goodhart`` and ``python``, both with this interpreter and this tree."""
    folder.mkdir()
    start = f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)}"
    for name, rest in {"goodhart": ' -m goodhart "$@"', "python": ' "$@"'}.items():
        (folder / name).write_text(f"{start}{rest}\n")
        (folder / name).chmod(0o755)
    return folder


def goodhart_alone(text: str) -> list[str] | None:
    """The arguments of ``goodhart``, if that is all there is to a command; None if it is not."""
    line = text.replace("\\\n", " ")
    if LEFT_TO_A_SHELL.search(QUOTED.sub("", line)):
        return None
    program, *arguments = shlex.split(line)
    return arguments if program == "goodhart" else None


def printed_here(arguments: list[str], folder: Path) -> str:
    """What ``goodhart`` prints, on standard output and error, in this process."""
    # A file and no StringIO: the command may ask for a buffer of bytes, or a file descriptor.
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as printed:
        with chdir(folder), redirect_stdout(printed), redirect_stderr(printed):
            with suppress(SystemExit):
                goodhart.main(arguments)
            printed.flush()
        printed.seek(0)
        return printed.read()


def printed_by_bash(text: str, folder: Path) -> str:
    """What a command prints, on standard output and error, in a process of its own."""
    return subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    ).stdout


def run_command(command: Command, folder: Path) -> None:
    arguments = goodhart_alone(command.text)
    if arguments is None:
        printed = printed_by_bash(command.text, folder)
    else:
        printed = printed_here(arguments, folder)
    if not matches(command.output, printed):
        raise AssertionError(
            f"line {command.line}: {command.text}shown:\n{command.output}printed:\n{printed}"
        )


def run_python(block: Block, names: dict[str, Any], page: str) -> None:
    if ">>>" not in block.text:
        exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(block.text, names, page, page, block.line - 1)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    failed, _ = runner.run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    assert not failed, "".join(said)


def run_page(text: str, name: str, folder: Path) -> int:
    """Run the examples of a page; return how many there were."""
    names: dict[str, Any] = {"__name__": "example"}
    done = 0
    for block in blocks(text):
        if block.kind == "console":
            for command in commands(block):
                run_command(command, folder)
                done += 1
        elif block.kind == "python":
            run_python(block, names, name)
            done += 1
    return done


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, with the tools on the path."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    tools = shims(tmp_path / "tools")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples(page: Path, scene: Path) -> None:
    text = page.read_text("utf-8")
    done = run_page(text, page.name, scene)
    assert done > 0 or page.relative_to(ROOT).as_posix() in WITHOUT_EXAMPLES


PLANTED = {
    "another output": "```console\n$ echo one\ntwo\n```\n",
    "no output": "```console\n$ true\none\n```\n",
    "too much output": "```console\n$ echo one\n```\n",
    "no such command": "```console\n$ goodhart frobnicate\n```\n",
    "another answer": "```console\n$ goodhart construct 'normal()' --mean 1 --kl 1\nno\n```\n",
    "a doctest": "```python\n>>> 1 + 1\n3\n```\n",
    "an assertion": "```python\nassert 1 + 1 == 3\n```\n",
    "names are not shared": "```python\nassert x == 1\n```\n```python\nx = 1\n```\n",
}


@pytest.mark.parametrize("page", PLANTED.values(), ids=PLANTED.keys())
def test_wrong_example_is_caught(page: str, scene: Path) -> None:
    with pytest.raises((AssertionError, NameError)):
        run_page(page, "planted", scene)


RIGHT = """
```{drawing} name
not run
```
```console
$ echo one two \\
  three; echo four
one ... three
four
$ echo 5 > f
```
```python
from pathlib import Path
x = Path("f").read_text()
```
```python
>>> x
'5...'
```
```text
not run
```
"""


def test_right_examples_pass(scene: Path) -> None:
    assert run_page(RIGHT, "planted", scene) == 4


# ---------------------------------------------------------------- in this process, or by bash

ALONE = {
    "goodhart laws\n": ["laws"],
    'goodhart audit "scores*.csv" \\\n  --csv -\n': ["audit", "scores*.csv", "--csv", "-"],
    "goodhart check 'a;b $HOME.json'\n": ["check", "a;b $HOME.json"],
}
FOR_BASH = [
    "goodhart check c.json; echo $?\n",
    "goodhart laws | head\n",
    "goodhart laws > laws.txt\n",
    "goodhart check *.json\n",
    'goodhart check "$HOME/c.json"\n',
    "goodhart check ~/c.json\n",
    "goodhart check a\\ b.json\n",
    "goodhart check 'a'\\''b.json'\n",
    "NO_COLOR=1 goodhart laws\n",
    "echo goodhart\n",
]


@pytest.mark.parametrize(("text", "arguments"), ALONE.items())
def test_what_leaves_a_shell_nothing_to_do(text: str, arguments: list[str]) -> None:
    assert goodhart_alone(text) == arguments


@pytest.mark.parametrize("text", FOR_BASH)
def test_what_is_for_bash(text: str) -> None:
    assert goodhart_alone(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "goodhart construct 'normal()' --mean 1 --kl 0.01 --json -",
        "goodhart construct 'nrmal()' --mean 1 --kl 1",
    ],
)
def test_both_print_the_same(text: str, scene: Path) -> None:
    arguments = goodhart_alone(text)
    assert arguments is not None
    printed = printed_here(arguments, scene)
    assert printed == printed_by_bash(text, scene) != ""


# ---------------------------------------------------------------- links


def dead_links(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    files = [target.split("#")[0] for target in targets if "://" not in target]
    return [file for file in files if file and not (page.parent / file).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_dead_link_is_caught(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md), [there](gone.md#part), [far](https://example.org/x)\n")
    assert dead_links(page) == ["gone.md"]
