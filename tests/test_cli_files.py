"""The command line and files: pictures, and whole files or none."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.signals import interruptible
from tests.terminal import Terminal, listing
from verify.laws import parse

ROOT = Path(__file__).resolve().parent.parent

HEAVY = ("construct", "pareto(alpha=3)", "--mean", "20", "--kl", "0.5")

LIGHT = ("construct", "normal()", "--mean", "1", "--kl", "0.01")

TILT = ("construct", "normal()", "--mean", "1", "--kl", "1")

# ---------------------------------------------------------------- pictures


def is_picture(content: bytes, ending: str) -> bool:
    """Whether the bytes are a picture of some size."""
    if ending == "png":
        image = Image.open(io.BytesIO(content))
        image.load()
        return min(image.size) > 500 and len(image.convert("RGB").getcolors(1 << 24) or []) > 10
    if ending == "svg":
        return (
            len(list(ElementTree.fromstring(content).iter("{http://www.w3.org/2000/svg}path"))) > 9
        )
    return content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_plot(terminal: Terminal, ending: str) -> None:
    assert terminal(*HEAVY, "--plot", f"p.{ending}").status == 0
    assert is_picture(Path(f"p.{ending}").read_bytes(), ending)
    assert listing() == [f"p.{ending}"]


@pytest.mark.parametrize(
    "arguments",
    [
        LIGHT,
        TILT,
        ("construct", "poisson(mu=3)", "--mean", "5", "--kl", "2"),
        ("construct", "zeta(s=2.5)", "--mean", "30", "--kl", "0.2"),
        ("construct", "student_t(df=3)", "--mean", "10", "--kl", "0.01"),
        ("construct", "log_cauchy()", "--mean", "1", "--kl", "1"),
        ("construct", "gamma(shape=0.001)", "--mean", "1", "--kl", "0.01"),
        ("construct", "point(x=1)", "--mean", "2", "--kl", "1"),
        ("construct", 'tail(log_sf="-1 - x", lower=0)', "--mean", "9", "--kl", "0.5"),
        ("construct", "mixture(0.5*bernoulli(p=0.3), 0.5*normal())", "--mean", "1", "--kl", "1"),
    ],
    ids=lambda arguments: arguments[1],
)
def test_plot_to_stdout(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    done = terminal(*arguments, "--plot", "-")
    assert done.err == ""
    assert is_picture(terminal.raw, "png")
    shown = json.loads(Image.open(io.BytesIO(terminal.raw)).info["Description"])
    assert shown["base"] == str(parse(arguments[1]))


def test_plot_of_rewards(terminal: Terminal) -> None:
    np.save("rewards.npy", np.random.default_rng(5).standard_normal(500))
    arguments = ("construct", 'empirical("rewards.npy")', "--mean", "0.5", "--kl", "0.5")
    assert terminal(*arguments, "--plot", "p.png").status == 0
    assert is_picture(Path("p.png").read_bytes(), "png")


# ---------------------------------------------------------------- whole files or none


@contextmanager
def quota(most_bytes: int) -> Iterator[None]:
    """No file may grow beyond this; writing more fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("option", "target", "most_bytes"),
    [("--out", "c.json", 200), ("--plot", "p.png", 20_000), ("--sample", "s.npy", 20_000)],
)
def test_a_full_disk_leaves_what_was_there(
    terminal: Terminal, option: str, target: str, most_bytes: int
) -> None:
    Path(target).write_text("precious")
    with quota(most_bytes):
        line = terminal.refused(*HEAVY, option, target)
    assert line.startswith(f"cannot write {target}: ")
    assert Path(target).read_text() == "precious"
    assert listing() == [target]


def test_a_full_device(terminal: Terminal) -> None:
    line = terminal.refused(*HEAVY, "--out", "/dev/full")
    assert line == "cannot write /dev/full: no space left on device"


def test_a_pipe_is_written_to_and_not_replaced(terminal: Terminal) -> None:
    os.mkfifo("pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()
    assert terminal(*HEAVY, "--out", "pipe").status == 0
    reader.join(10)
    assert json.loads(read[0])["verdict"] == "counterexample"
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


def test_a_link_is_followed(terminal: Terminal) -> None:
    Path("link.json").symlink_to("c.json")
    assert terminal(*HEAVY, "--out", "link.json").status == 0
    assert Path("link.json").is_symlink()
    assert terminal("check", "c.json").status == 0


def in_a_process(code: str, **settings: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,  # noqa: PLW1509 - the tests start no threads
        **settings,
    )


INTERRUPTED = """
import sys, time
import {module}

def wait(*_):
    print("waiting", file=sys.stderr, flush=True)
    time.sleep(60)

{module}.{function} = wait
import goodhart
goodhart.main({arguments!r})
"""


@pytest.mark.parametrize(
    ("module", "function"), [("verify.construction", "construct"), ("os", "fsync")]
)
def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path, module: str, function: str) -> None:
    """While it thinks, and while it writes: then the file is there under another name."""
    (tmp_path / "c.json").write_text("precious")
    code = INTERRUPTED.format(
        module=module, function=function, arguments=[*HEAVY, "--out", "c.json"]
    )
    with in_a_process(code, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "waiting\n"
        assert len(os.listdir(tmp_path)) == (2 if function == "fsync" else 1)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(10) == 130
    assert said == "interrupted; nothing was left half-written\n"
    assert os.listdir(tmp_path) == ["c.json"]
    assert (tmp_path / "c.json").read_text() == "precious"


LAWS = "import goodhart\ngoodhart.main(['laws'])\n"


def test_a_full_standard_output_is_said() -> None:
    with Path("/dev/full").open("w") as full, in_a_process(LAWS, stdout=full) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(10) == 2
    assert said == "goodhart: cannot write standard output: no space left on device\n"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    with in_a_process(LAWS, stdout=write) as process:
        os.close(write)
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(10) == 1
